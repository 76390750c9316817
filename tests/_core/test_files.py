"""Files are read within bounds and written whole or not at all."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from conservative._core.errors import FileFormatError
from conservative._core.safe_files import check_writable, read_bytes, read_text, write_atomically


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_file_reads_back_what_was_written(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.txt", "ρ < 1".encode())
    assert read_text(tmp_path / "a.txt") == "ρ < 1"
    assert names(tmp_path) == ["a.txt"]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.txt"
    target.write_text("before")

    def refuse(self: Path, other: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(FileFormatError, match="No space left"):
        write_atomically(target, b"after")
    assert target.read_text() == "before"
    assert names(tmp_path) == ["a.txt"]


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


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (".", "directory"),
        ("missing/a.txt", "cannot be written"),
        ("bad\0name", "cannot be written"),
        ("n" * 300, "cannot be written"),
        ("a.txt/b.txt", "cannot be written"),
    ],
)
def test_unwritable_targets_are_named(tmp_path: Path, target: str, message: str) -> None:
    (tmp_path / "a.txt").write_text("")
    for refuse in (check_writable, lambda path: write_atomically(path, b"")):
        with pytest.raises(FileFormatError, match=message):
            refuse(tmp_path / target)
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.skipif(os.name != "posix", reason="needs devices, pipes and links")
def test_devices_and_pipes_are_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    read, write = os.pipe()
    for target in ("/dev/null", tmp_path / "link", tmp_path / "pipe", f"/dev/fd/{write}"):
        for refuse in (check_writable, lambda path: write_atomically(path, b"")):
            with pytest.raises(FileFormatError, match="not a regular file"):
                refuse(target)
    os.close(read)
    os.close(write)
    assert Path("/dev/null").is_char_device()
    assert names(tmp_path) == ["link", "pipe"]


@pytest.mark.skipif(os.name != "posix", reason="needs links")
@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_and_its_target_is_written(tmp_path: Path, exists: bool) -> None:
    (tmp_path / "folder").mkdir()
    target = tmp_path / "folder" / "target"
    if exists:
        target.write_text("before")
    (tmp_path / "link").symlink_to("folder/target")
    check_writable(tmp_path / "link")
    write_atomically(tmp_path / "link", b"after")
    assert (tmp_path / "link").is_symlink()
    assert target.read_text() == "after"
    assert names(tmp_path / "folder") == ["target"]


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(FileFormatError):
        write_atomically(tmp_path / "a", b"")
    assert names(tmp_path) == ["a", "b"]


@pytest.mark.skipif(os.name != "posix", reason="needs permissions")
def test_permissions_are_kept_and_new_files_get_the_usual_ones(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    (tmp_path / "private").write_text("")
    (tmp_path / "private").chmod(0o640)
    for name in ("new", "private"):
        write_atomically(tmp_path / name, b"x")
    modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in ("plain", "new", "private")}
    assert modes["private"] == 0o640
    assert modes["new"] == modes["plain"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write every file")
def test_a_write_protected_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("before")
    (tmp_path / "a").chmod(0o444)
    with pytest.raises(FileFormatError, match="write-protected"):
        write_atomically(tmp_path / "a", b"after")


def test_an_output_that_is_an_input_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "a.json"
    source.write_text("[[[1]]]")
    (tmp_path / "link.json").symlink_to(source)
    for target in (source, tmp_path / "link.json", f"{tmp_path}/../{tmp_path.name}/a.json"):
        with pytest.raises(FileFormatError, match="input"):
            check_writable(target, inputs=(None, source))
    with pytest.raises(FileFormatError, match="another output"):
        check_writable(tmp_path / "new", inputs=(str(tmp_path / "new"),))
    check_writable(tmp_path / "b.json", inputs=(source,))
    check_writable(None, inputs=(source,))


def test_a_signal_waits_until_the_file_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    before = signal.signal(signal.SIGTERM, lambda *_: seen.append(names(tmp_path)))
    monkeypatch.setattr(os, "fsync", lambda _: signal.raise_signal(signal.SIGTERM))
    try:
        write_atomically(tmp_path / "a", b"x")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == [["a"]]


def test_an_interrupt_waits_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a", b"x")
    assert names(tmp_path) == ["a"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


TERMINATED = """
import os, signal, sys
from conservative._core.safe_files import write_atomically
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGTERM)
write_atomically(sys.argv[1], b"x")
print("still here")
"""


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_sigterm_ends_the_process_and_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", TERMINATED, str(tmp_path / "a")], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGTERM, b"", b"")
    assert names(tmp_path) == ["a"]


def test_other_threads_write_too(tmp_path: Path) -> None:
    thread = threading.Thread(target=write_atomically, args=(tmp_path / "a", b"x"))
    thread.start()
    thread.join()
    assert (tmp_path / "a").read_bytes() == b"x"
