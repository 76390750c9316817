"""MathJax is taken from an archive by name only, and its absence is one clear sentence."""

import importlib.util
import io
import subprocess
import tarfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "fetch_mathjax.py"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("fetch_mathjax", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def archive(folder, members):
    path = folder / "mathjax-3.2.2.tgz"
    with tarfile.open(path, "w:gz") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(data, str):
                info.type, info.linkname = tarfile.SYMTYPE, data
                tar.addfile(info)
            else:
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return path


GOOD = {"package/es5/tex-svg-full.js": b"code", "package/LICENSE": b"terms"}


def test_wanted_files_are_written_and_nothing_else(script, tmp_path, monkeypatch):
    members = {**GOOD, "package/../../escape": b"x", "/absolute": b"x"}
    monkeypatch.setattr(script, "pack", lambda scratch: archive(scratch, members))
    static = tmp_path / "static"
    folder = script.fetch(static)
    written = {str(p.relative_to(tmp_path)): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert written == {"static/mathjax/tex-svg-full.js": b"code", "static/mathjax/LICENSE": b"terms"}
    assert folder == static / "mathjax"
    assert (static / script.MATHJAX_FILE).is_file()


def test_second_fetch_asks_for_nothing(script, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "pack", lambda scratch: archive(scratch, GOOD))
    script.fetch(tmp_path)
    monkeypatch.setattr(script, "pack", lambda scratch: pytest.fail("fetched again"))
    assert script.fetch(tmp_path).is_dir()


@pytest.mark.parametrize(
    "members",
    [
        {"package/LICENSE": b"terms"},
        {**GOOD, "package/es5/tex-svg-full.js": "/etc/hostname"},
        {**GOOD, "package/es5/tex-svg-full.js": bytes(10_000_001)},
    ],
    ids=["missing", "link", "too large"],
)
def test_archive_without_the_file_is_refused(script, tmp_path, members):
    with pytest.raises(script.MathJaxUnavailableError, match=r"does not hold tex-svg-full\.js"):
        script.read_members(archive(tmp_path, members))


def test_truncated_archive_is_refused(script, tmp_path):
    path = archive(tmp_path, {**GOOD, "package/es5/tex-svg-full.js": bytes(range(256)) * 4000})
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(script.MathJaxUnavailableError, match="not a readable npm archive"):
        script.read_members(path)


def test_without_npm_the_message_names_the_remedy(script, tmp_path, monkeypatch):
    monkeypatch.setattr(script.shutil, "which", lambda name: None)
    with pytest.raises(script.MathJaxUnavailableError, match=r"npm.*Install Node\.js"):
        script.fetch(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_failing_npm_is_quoted(script, tmp_path, monkeypatch):
    def fail(command, **_):
        raise subprocess.CalledProcessError(1, command, stderr="no route\n")

    monkeypatch.setattr(script.shutil, "which", lambda name: "npm")
    monkeypatch.setattr(script.subprocess, "run", fail)
    with pytest.raises(script.MathJaxUnavailableError, match="failed: no route"):
        script.fetch(tmp_path)
