"""Reading hostile files within bounds, and writing files whole or not at all."""

import os
import tempfile
from pathlib import Path

from conservative._core.errors import FileFormatError

MAX_FILE_BYTES = 64 * 2**20
"""Largest file that is read, in bytes."""


def read_bytes(path: str | os.PathLike[str], *, limit: int = MAX_FILE_BYTES) -> bytes:
    """The content of a regular file of bounded size.

    Parameters
    ----------
    path : path-like
    limit : int
        Largest size in bytes.

    Returns
    -------
    bytes

    Raises
    ------
    FileFormatError
        When the file is missing, not a regular file, unreadable, or larger than `limit`.
    """
    where = Path(path)
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

    Parameters
    ----------
    path : path-like
    limit : int
        Largest size in bytes.

    Returns
    -------
    str

    Raises
    ------
    FileFormatError
        As `read_bytes`, and when the bytes are not UTF-8.
    """
    data = read_bytes(path, limit=limit)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileFormatError(
            f"{path}: not UTF-8 text (byte {error.start} is {data[error.start]:#04x}). Save the file as UTF-8."
        ) from error


def check_writable(path: str | os.PathLike[str] | None, *, endings: tuple[str, ...] = ()) -> None:
    """Refuse a target that cannot be written, before long work is done for it.

    Parameters
    ----------
    path : path-like, optional
        Nothing is checked when it is left out.
    endings : tuple of str
        Endings that the name may have; any, when empty.

    Raises
    ------
    FileFormatError
        When the folder is missing or not writable, or the ending is unknown.
    """
    if path is None:
        return
    where = Path(path)
    if endings and where.suffix.lower() not in endings:
        raise FileFormatError(f"{where}: its name must end in {', '.join(endings)}.")
    if where.is_dir() or not where.parent.is_dir() or not os.access(where.parent, os.W_OK):
        raise FileFormatError(f"{where}: cannot be written there. Name a file in a folder that exists and is writable.")


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a whole file, or leave what was there: a temporary file beside it, then a rename.

    Parameters
    ----------
    path : path-like
    data : bytes

    Raises
    ------
    FileFormatError
        When the folder is missing or not writable.
    """
    where = Path(path)
    if where.is_dir():
        raise FileFormatError(f"{where}: this is a directory; name a file.")
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=where.parent, prefix=f".{where.name}.", suffix=".part")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(where)
    except OSError as error:
        raise FileFormatError(f"{where}: cannot be written ({error.strerror}).") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
