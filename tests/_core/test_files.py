"""Files are read within bounds and written whole or not at all."""

from pathlib import Path

import pytest

from conservative._core.errors import FileFormatError
from conservative._core.files import read_bytes, read_text, write_atomically


def test_a_file_reads_back_what_was_written(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.txt", "ρ < 1".encode())
    assert read_text(tmp_path / "a.txt") == "ρ < 1"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.txt"
    target.write_text("before")

    def refuse(self: Path, other: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(FileFormatError, match="No space left"):
        write_atomically(target, b"after")
    assert target.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    ("name", "message"), [("missing", "no such file"), (".", "directory"), ("bad\0name", "no such file|cannot be read")]
)
def test_unreadable_paths_give_one_clear_message(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        read_bytes(tmp_path / name)


def test_size_and_encoding_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 11)
    with pytest.raises(FileFormatError, match="larger than the 10 bytes"):
        read_bytes(path, limit=10)
    path.write_bytes(b"caf\xe9")
    with pytest.raises(FileFormatError, match=r"not UTF-8 text \(byte 3 is 0xe9\)"):
        read_text(path)


@pytest.mark.parametrize("target", [".", "missing/a.txt"])
def test_unwritable_targets_are_named(tmp_path: Path, target: str) -> None:
    with pytest.raises(FileFormatError):
        write_atomically(tmp_path / target, b"")
