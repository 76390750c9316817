"""Print what CHANGELOG.md says of one version: `release_notes.py 0.1.0`."""

import re
import sys
from pathlib import Path


def notes(changelog: str, version: str) -> str:
    """Return the section headed by the version, without its heading."""
    sections = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    for section in sections:
        heading, _, body = section.partition("\n")
        if heading.strip("[] ").split(" ")[0].rstrip("]") == version:
            return body.strip()
    raise SystemExit(f"CHANGELOG.md has no section for {version}: {', '.join(s.split(chr(10))[0] for s in sections)}")


if __name__ == "__main__":
    changelog = Path(__file__).parents[1] / "CHANGELOG.md"
    print(notes(changelog.read_text(encoding="utf-8"), sys.argv[1]))
