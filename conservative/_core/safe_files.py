"""Files: read with limits on size, as they may be hostile, and written whole or not at all."""

import os
import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conservative._core.errors import ArgumentTypeError, FileFormatError
from conservative._core.printable import shown

MAX_FILE_BYTES = 64 * 2**20
"""Largest file that is read, in bytes."""


def as_path(path: Any) -> Path:
    """A path, from text or a path object. Raises ArgumentTypeError for anything else."""
    try:
        return Path(path)
    except TypeError as error:
        raise ArgumentTypeError(f"the name of a file is wanted; got {shown(path)}.") from error


def read_bytes(path: str | os.PathLike[str], *, limit: int = MAX_FILE_BYTES) -> bytes:
    """The content of a regular file of bounded size.

    Raises FileFormatError when the file is missing, not a regular file, unreadable, or larger than `limit`.
    """
    where = as_path(path)
    try:
        if where.is_dir():
            raise FileFormatError(f"{where}: this is a directory; name a file.")
        if not where.exists():
            raise FileFormatError(f"{where}: no such file. Check the path.")
        if not where.is_file():
            raise FileFormatError(f"{where}: not a regular file.")
        with where.open("rb") as stream:
            data = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, FileFormatError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise FileFormatError(f"{where}: cannot be read ({reason}).") from error
    if len(data) > limit:
        raise FileFormatError(f"{where}: larger than the {limit:,} bytes that are read from such a file.")
    return data


def read_text(path: str | os.PathLike[str], *, limit: int = MAX_FILE_BYTES) -> str:
    """The content of a bounded UTF-8 text file.

    Raises FileFormatError as `read_bytes`, and when the bytes are not UTF-8.
    """
    data = read_bytes(path, limit=limit)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileFormatError(
            f"{path}: not UTF-8 text (byte {error.start} is {data[error.start]:#04x}). Save the file as UTF-8."
        ) from error


def check_writable(
    path: str | os.PathLike[str] | None, *, endings: tuple[str, ...] = (), inputs: tuple[Any, ...] = ()
) -> None:
    """Refuse a target that cannot be written, before long work is done for it.

    `inputs`: what is read, or written too: the target must be none of them. Raises FileFormatError when the folder is
    missing or not writable, the target is not a regular file or an input, or the ending is unknown.
    """
    if path is None:
        return
    where = as_path(path)
    if str(path) in ("", "-"):
        raise FileFormatError(
            "the name of a file is wanted; got an empty one."
            if str(path) == ""
            else "-: standard output holds the result only. Name a file, or `./-` for one of that name."
        )
    if endings and where.suffix.lower() not in endings:
        raise FileFormatError(f"{where}: its name must end in {', '.join(endings)}.")
    try:
        target = _regular_target(where)
        if any(_same(target, Path(other)) for other in inputs if other is not None):
            raise FileFormatError(f"{where}: this is also an input, or another output. Name another file.")
    except _BAD_PATH as error:
        raise _unwritable(where, error) from error
    if not _takes_files(target.parent):
        raise FileFormatError(f"{where}: cannot be written there. Name a file in a folder that exists and is writable.")


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a whole file, or leave what was there: a temporary file beside it, then a rename.

    A symbolic link stays, and the file that it names is written. A file that is there keeps its permissions. What
    would end the process (Ctrl-C, SIGTERM, SIGHUP) waits until the temporary file is gone.

    Raises FileFormatError when the folder is missing or not writable, or the path leads to a device, a pipe, a
    directory or a write-protected file.
    """
    where = as_path(path)
    try:
        target = _regular_target(where)
        with _signals_wait():
            _replace(target, data)
    except _BAD_PATH as error:
        raise _unwritable(where, error) from error


_BAD_PATH = (
    OSError,
    ValueError,
    RuntimeError,
)  # a null byte in a path is a ValueError, before Python 3.13 a loop of links a RuntimeError


def _regular_target(where: Path) -> Path:
    """What a path leads to, links followed: a regular file, or nothing yet."""
    target = where.resolve()
    if target.is_symlink():
        raise FileFormatError(f"{where}: its links lead in a circle. Name a file.")
    if target.is_dir():
        raise FileFormatError(f"{where}: this is a directory; name a file.")
    # A pipe of the shell resolves to a name that does not exist, so the path itself is asked too.
    if any(p.exists() and not p.is_file() for p in (where, target)):
        raise FileFormatError(f"{where}: not a regular file; a device or a pipe is never replaced. Name a file.")
    if target.exists() and not os.access(target, os.W_OK):
        raise FileFormatError(f"{where}: this file is write-protected. Name another, or change its permissions.")
    return target


def _takes_files(folder: Path) -> bool:
    """Whether a file can be made in a folder: some say that they are writable, and are not (/proc)."""
    trial = folder / f".{secrets.token_hex(8)}.part"
    try:
        with _signals_wait():
            os.close(os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            trial.unlink()
    except OSError:
        return False
    return True


def _same(one: Path, other: Path) -> bool:
    """Whether two paths name one file, which need not exist yet."""
    if one.exists() and other.exists():
        return one.samefile(other)
    return one == other.resolve()


def _replace(target: Path, data: bytes) -> None:
    temporary = target.parent / f".{secrets.token_hex(8)}.part"
    try:
        # The system subtracts its mask from 0o666, as for every new file.
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o777)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _unwritable(where: Path, error: Exception) -> FileFormatError:
    if isinstance(error, FileFormatError):
        return error
    return FileFormatError(f"{where}: cannot be written ({getattr(error, 'strerror', None) or error}).")


_ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Deliver signals that end the process after the block; only the main thread can hold them back."""
    held: list[int] = []
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in _ENDING}
    # None was not set from Python and could not be restored.
    before = {number: handler for number, handler in before.items() if handler is not None}
    try:
        for number in before:
            signal.signal(number, lambda number, _: held.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in held[:1]:
            signal.raise_signal(number)
