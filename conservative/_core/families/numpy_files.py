"""Arrays from NumPy's binary files (.npy, .npz), within bounds and without unpickling."""

import io
import math
import re
import tokenize
import warnings
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import FileFormatError
from conservative._core.safe_files import MAX_FILE_BYTES

_MAX_MEMBERS = 10_000
_MAX_DIMENSIONS = 32
_BROKEN_HEADER = (
    ValueError, TypeError, SyntaxError, KeyError, EOFError, OverflowError, MemoryError, RecursionError,
    tokenize.TokenError,
)  # fmt: skip
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError)


def arrays_of_npy(data: bytes, *, name: str) -> dict[str, NDArray[Any]]:
    """The one array of a .npy file.

    Raises FileFormatError for pickled objects, anything but numbers, and a header that promises more than the file
    holds.
    """
    stream = io.BytesIO(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            version = np.lib.format.read_magic(stream)
            if version == (1, 0):
                shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
            elif version == (2, 0):
                shape, fortran, dtype = np.lib.format.read_array_header_2_0(stream)
            else:
                raise FileFormatError(f"{name}: a .npy file of version {version}; save it as version (1, 0).")
    except FileFormatError:
        raise
    except _BROKEN_HEADER as error:
        raise FileFormatError(f"{name}: not a .npy file, or a damaged one ({_short(error)}).") from error
    _require_numbers(dtype, name)
    if len(shape) > _MAX_DIMENSIONS or any(type(n) is not int or n > MAX_FILE_BYTES for n in shape):
        raise FileFormatError(f"{name}: a .npy file of the unusable shape {str(shape)[:60]}.")
    count, held = math.prod(shape), len(data) - stream.tell()
    if min(shape, default=0) < 0 or count * dtype.itemsize > held:
        raise FileFormatError(f"{name}: truncated; the header promises shape {shape} of {dtype}, {held} bytes follow.")
    array = np.frombuffer(data[stream.tell() :], dtype=dtype, count=count) if count else np.empty(0, dtype)
    return {"": array.reshape(shape, order="F" if fortran else "C")}


def arrays_of_npz(data: bytes, *, name: str) -> dict[str, NDArray[Any]]:
    """The arrays of a .npz archive.

    Raises FileFormatError as `arrays_of_npy`; also for an archive that is damaged or unpacks to more than
    `MAX_FILE_BYTES`.
    """
    found: dict[str, NDArray[Any]] = {}
    budget = MAX_FILE_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > _MAX_MEMBERS or sum(m.file_size for m in members) > budget:
                raise FileFormatError(
                    f"{name}: unpacks to more than {MAX_FILE_BYTES:,} bytes or {_MAX_MEMBERS} arrays."
                )
            for member in members:
                with archive.open(member) as stream:
                    content = stream.read(budget + 1)  # the sizes in the directory may be lies
                budget -= len(content)
                if budget < 0:
                    raise FileFormatError(f"{name}: unpacks to more than {MAX_FILE_BYTES:,} bytes.")
                key = member.filename.removesuffix(".npy")
                if key in found:
                    raise FileFormatError(f"{name}: holds two arrays of the name {key[:40]!r}.")
                found[key] = arrays_of_npy(content, name=f"{name}, array {key[:40]!r}")[""]
    except FileFormatError:
        raise
    except _BROKEN_ZIP as error:
        raise FileFormatError(f"{name}: not a .npz archive, or a damaged one ({_short(error)}).") from error
    return found


def natural_order(key: str) -> list[tuple[int, str]]:
    """A sort key that puts ``M2`` before ``M10``."""
    parts = re.split(r"([0-9]{1,9})", key)
    return [(int(part), "") if i % 2 else (-1, part) for i, part in enumerate(parts)]


def _require_numbers(dtype: np.dtype[Any], name: str) -> None:
    if dtype.hasobject:
        raise FileFormatError(
            f"{name}: holds pickled Python objects, which are never loaded. Save an array of numbers."
        )
    if dtype.kind not in "fiuc" or dtype.itemsize > (16 if dtype.kind == "c" else 8):
        raise FileFormatError(f"{name}: holds entries of type {dtype}; numbers of at most 64 bits are wanted.")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
