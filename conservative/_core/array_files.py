"""Arrays from binary files of other programs (.npy, .npz, .mat), within bounds and without unpickling."""

import io
import math
import re
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import FileFormatError
from conservative._core.files import MAX_FILE_BYTES

_MAX_MEMBERS = 10_000
_MAT_NUMERIC = {"double", "single"} | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
_BROKEN_HEADER = (
    ValueError, TypeError, SyntaxError, KeyError, EOFError, OverflowError, MemoryError, RecursionError,
    tokenize.TokenError,
)  # fmt: skip
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError)
_BROKEN_MAT = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError, OSError, OverflowError, MemoryError,
    RecursionError, zlib.error, struct.error,
)  # fmt: skip


def arrays_of_npy(data: bytes, *, name: str) -> dict[str, NDArray[Any]]:
    """The one array of a .npy file.

    Parameters
    ----------
    data : bytes
        The content of the file.
    name : str
        Named in error messages.

    Returns
    -------
    dict of str to ndarray
        One real numeric array, under the name ``""``.

    Raises
    ------
    FileFormatError
        For pickled objects, anything but real numbers, and a header that promises more than the file holds.
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
    _require_real(dtype, name)
    count, held = math.prod(shape), len(data) - stream.tell()
    if min(shape, default=0) < 0 or count * dtype.itemsize > held:
        raise FileFormatError(f"{name}: truncated; the header promises shape {shape} of {dtype}, {held} bytes follow.")
    array = np.frombuffer(data, dtype=dtype, count=count, offset=stream.tell())
    return {"": array.reshape(shape, order="F" if fortran else "C")}


def arrays_of_npz(data: bytes, *, name: str) -> dict[str, NDArray[Any]]:
    """The arrays of a .npz archive.

    Parameters
    ----------
    data : bytes
        The content of the file.
    name : str
        Named in error messages.

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    FileFormatError
        As `arrays_of_npy`; also for an archive that is damaged or unpacks to more than `MAX_FILE_BYTES`.
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
                found[key] = arrays_of_npy(content, name=f"{name}, array {key[:40]!r}")[""]
    except FileFormatError:
        raise
    except _BROKEN_ZIP as error:
        raise FileFormatError(f"{name}: not a .npz archive, or a damaged one ({_short(error)}).") from error
    return found


def arrays_of_mat(data: bytes, *, name: str) -> dict[str, NDArray[Any]]:
    """The numeric arrays of a MATLAB file (version 7 or earlier), cell arrays of them included.

    Parameters
    ----------
    data : bytes
        The content of the file.
    name : str
        Named in error messages.

    Returns
    -------
    dict of str to ndarray
        The cells of a cell array ``M`` come as ``M 0``, ``M 1``, ...

    Raises
    ------
    FileFormatError
        For a damaged file, a version 7.3 file, structures, text, sparse or complex arrays.
    """
    from scipy.io import loadmat, whosmat

    _bound_mat(data, name)
    found: dict[str, NDArray[Any]] = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for variable, shape, kind in whosmat(_stream(data)):
                if kind not in _MAT_NUMERIC | {"cell"}:
                    raise FileFormatError(
                        f"{name}: the variable {variable[:40]!r} is a {kind} array; numbers are wanted."
                    )
                if math.prod(shape) > MAX_FILE_BYTES // 8:
                    raise FileFormatError(f"{name}: the variable {variable[:40]!r} of shape {shape} is too large.")
            loaded: Mapping[str, Any] = loadmat(_stream(data))
    except FileFormatError:
        raise
    except NotImplementedError as error:
        raise FileFormatError(f"{name}: a MATLAB file of version 7.3; save it with `-v7`.") from error
    except _BROKEN_MAT as error:
        raise FileFormatError(f"{name}: not a MATLAB file, or a damaged one ({_short(error)}).") from error
    for variable, value in loaded.items():
        if variable.startswith("__"):
            continue
        is_cell = value.dtype == object
        parts = {f"{variable} {i}": cell for i, cell in enumerate(value.ravel())} if is_cell else {variable: value}
        for key, part in parts.items():
            if not isinstance(part, np.ndarray):
                raise FileFormatError(f"{name}: the variable {key[:40]!r} is not a numeric array.")
            _require_real(part.dtype, f"{name}, variable {key[:40]!r}")
            found[key] = part
    return found


def natural_order(key: str) -> list[tuple[int, str]]:
    """A sort key that puts ``M2`` before ``M10``.

    Parameters
    ----------
    key : str

    Returns
    -------
    list of tuple
    """
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]{1,9})", key)]


def _bound_mat(data: bytes, name: str) -> None:
    """Refuse a version 5 file whose compressed elements unpack to too much."""
    if len(data) < 128 or data[126:128] not in (b"IM", b"MI"):
        return
    order = "<" if data[126:128] == b"IM" else ">"
    position, budget = 128, MAX_FILE_BYTES
    while position + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, position)
        if kind == 15:
            try:
                content = zlib.decompressobj().decompress(data[position + 8 : position + 8 + size], budget + 1)
            except zlib.error as error:
                raise FileFormatError(f"{name}: a damaged MATLAB file ({_short(error)}).") from error
            budget -= len(content)
            if budget < 0:
                raise FileFormatError(f"{name}: unpacks to more than {MAX_FILE_BYTES:,} bytes.")
        position += 8 + size


def _stream(data: bytes) -> Any:
    """A binary stream; `Any` because the stubs of scipy know paths only."""
    return io.BytesIO(data)


def _require_real(dtype: np.dtype[Any], name: str) -> None:
    if dtype.hasobject:
        raise FileFormatError(
            f"{name}: holds pickled Python objects, which are never loaded. Save an array of numbers."
        )
    if dtype.kind not in "fiu" or dtype.itemsize > 8:
        raise FileFormatError(f"{name}: holds entries of type {dtype}; real numbers of at most 64 bits are wanted.")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
