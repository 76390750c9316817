"""Put MathJax, from its npm package, where the built pages find it without a network.

Usage: ``python docs/fetch_mathjax.py``. Building the documentation calls it too.
Nothing is downloaded when the file is already there.
"""

import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VERSION = "3.2.2"
MATHJAX_FILE = "mathjax/tex-svg-full.js"
"""One self-contained file, fonts included; the path is relative to ``_static``."""

STATIC = Path(__file__).resolve().parent / "_static"
TIMEOUT_SECONDS = 120
MAX_MEMBER_BYTES = 10_000_000
MEMBERS = {"package/es5/tex-svg-full.js": "tex-svg-full.js", "package/LICENSE": "LICENSE"}


class MathJaxUnavailableError(Exception):
    """MathJax could not be fetched; the message says why and what to do."""


def fetch(static=STATIC):
    """Fetch MathJax once; return the folder that holds it."""
    folder = Path(static) / "mathjax"
    if all((folder / name).is_file() for name in MEMBERS.values()):
        return folder
    with tempfile.TemporaryDirectory() as scratch:
        contents = read_members(pack(Path(scratch)))
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in contents.items():
        partial = folder / (name + ".part")
        partial.write_bytes(data)
        partial.replace(folder / name)
    return folder


def pack(scratch):
    """Have npm download the package as one archive into an empty folder; return the archive."""
    npm = shutil.which("npm")
    if npm is None:
        raise MathJaxUnavailableError("`npm` was not found. Install Node.js, then run `python docs/fetch_mathjax.py`.")
    command = [npm, "pack", "--silent", f"mathjax@{VERSION}"]
    try:
        subprocess.run(command, cwd=scratch, check=True, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise MathJaxUnavailableError(f"`npm pack` took more than {TIMEOUT_SECONDS} s. Try again later.") from error
    except subprocess.CalledProcessError as error:
        raise MathJaxUnavailableError(f"`npm pack mathjax@{VERSION}` failed: {error.stderr.strip()[-300:]}") from error
    archives = list(scratch.glob("*.tgz"))
    if len(archives) != 1:
        raise MathJaxUnavailableError(f"`npm pack` left {len(archives)} archives where one was expected.")
    return archives[0]


def read_members(archive):
    """The wanted files of an npm archive, by their own names.

    Members are read as bytes and written under names fixed in this file, so no
    path, link or permission from the archive reaches the disk.
    """
    found = {}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                if member.name in MEMBERS and member.isreg() and member.size <= MAX_MEMBER_BYTES:
                    found[MEMBERS[member.name]] = tar.extractfile(member).read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise MathJaxUnavailableError(f"{archive.name} is not a readable npm archive: {error}") from error
    missing = sorted(set(MEMBERS.values()) - set(found))
    if missing:
        raise MathJaxUnavailableError(f"{archive.name} does not hold {', '.join(missing)}.")
    return found


if __name__ == "__main__":
    try:
        print(fetch())
    except MathJaxUnavailableError as why:
        sys.exit(f"fetch_mathjax: {why}")
