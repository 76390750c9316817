"""Numeric arrays from MATLAB files of versions 5 to 7.2.

scipy's reader can crash the interpreter on a damaged file, so this one reads the little that a
family of matrices needs, in Python: real numeric arrays, and cell arrays of them.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import FileFormatError
from conservative._core.files import MAX_FILE_BYTES

_HEADER_BYTES = 128
_MATRIX, _COMPRESSED = 14, 15
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_CELL, _NUMERIC = 1, range(6, 16)
_OTHER = {2: "a structure", 3: "an object", 4: "text", 5: "a sparse array", 16: "a function", 17: "an object"}
_COMPLEX = 0x0800

_Element = tuple[int, bytes]


def arrays_of_mat(data: bytes, *, name: str) -> dict[str, NDArray[Any]]:
    """The numeric arrays of a MATLAB file of version 5 to 7.2, cell arrays of them included.

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
        For a damaged file, a file of another version, structures, text, sparse or complex arrays.
    """
    mark = data[_HEADER_BYTES - 4 : _HEADER_BYTES]
    if data.startswith(b"MATLAB 7.3"):
        raise FileFormatError(f"{name}: a MATLAB file of version 7.3; save it with `-v7`.")
    if mark not in (b"\x00\x01IM", b"\x01\x00MI"):
        raise FileFormatError(f"{name}: not a MATLAB file of version 5 to 7.2; save it with `-v7`.")
    order = "<" if mark.endswith(b"IM") else ">"
    found: dict[str, NDArray[Any]] = {}
    try:
        for kind, content in _unpacked(_elements(data[_HEADER_BYTES:], order), order):
            if kind == _MATRIX:
                found |= _variable(content, order)
    except (_DamagedError, zlib.error, struct.error) as error:
        raise FileFormatError(f"{name}: a damaged or unsuitable MATLAB file ({error}).") from error
    return found


class _DamagedError(Exception):
    """The bytes are not what the format promises, or not a real numeric array."""


def _elements(data: bytes, order: str) -> Iterator[_Element]:
    """The data elements that follow each other: an 8-byte tag (kind, size) and the content, padded to 8 bytes."""
    position = 0
    while position < len(data):
        kind, size = struct.unpack_from(f"{order}II", data, position)
        start = position + 8
        if kind >> 16:  # a small element: size and kind in one word, the content in the other
            kind, size, start = kind & 0xFFFF, kind >> 16, position + 4
        content = data[start : start + size]
        if len(content) < size or (start == position + 4 and size > 4):
            raise _DamagedError("truncated")
        yield kind, content
        padding = 0 if kind == _COMPRESSED else -(start + size) % 8
        position = start + size + padding


def _unpacked(elements: Iterator[_Element], order: str) -> Iterator[_Element]:
    budget = MAX_FILE_BYTES
    for kind, content in elements:
        if kind != _COMPRESSED:
            yield kind, content
            continue
        plain = zlib.decompressobj().decompress(content, budget + 1)
        budget -= len(plain)
        if budget < 0:
            raise _DamagedError(f"it unpacks to more than {MAX_FILE_BYTES:,} bytes")
        yield from _elements(plain, order)


def _variable(content: bytes, order: str) -> dict[str, NDArray[Any]]:
    """The array of one variable, or those of its cells."""
    parts = list(_elements(content, order))
    flags, shape, label = _head(parts, order)
    if not label:  # what MATLAB stores beside the variables of the user
        return {}
    if flags & 0xFF != _CELL:
        return {label: _array(parts, order)}
    cells = parts[3:]
    if len(cells) != math.prod(shape) or any(kind != _MATRIX for kind, _ in cells):
        raise _DamagedError(f"the cell array {label[:40]!r} does not hold {math.prod(shape)} arrays")
    return {f"{label} {i}": _array(list(_elements(cell, order)), order) for i, (_, cell) in enumerate(cells)}


def _head(parts: list[_Element], order: str) -> tuple[int, tuple[int, ...], str]:
    """Flags, shape and name of an array."""
    if len(parts) < 3 or len(parts[0][1]) != 8 or len(parts[1][1]) % 4:
        raise _DamagedError("an array without flags, shape and name")
    shape = struct.unpack(f"{order}{len(parts[1][1]) // 4}i", parts[1][1])
    if min(shape, default=-1) < 0:
        raise _DamagedError(f"the shape {shape}")
    return struct.unpack_from(f"{order}I", parts[0][1])[0], shape, parts[2][1].decode("latin-1")


def _array(parts: list[_Element], order: str) -> NDArray[Any]:
    flags, shape, label = _head(parts, order)
    kind = flags & 0xFF
    if kind not in _NUMERIC or flags & _COMPLEX:
        what = "complex" if kind in _NUMERIC else _OTHER.get(kind, "a nested cell array")
        raise _DamagedError(f"{label[:40] or 'a cell'!r} is {what}; arrays of real numbers are wanted")
    if len(parts) != 4 or parts[3][0] not in _STORED:
        raise _DamagedError(f"{label[:40] or 'a cell'!r} without its numbers")
    dtype = np.dtype(order + _STORED[parts[3][0]])
    if len(parts[3][1]) != math.prod(shape) * dtype.itemsize:
        raise _DamagedError(f"{label[:40] or 'a cell'!r} of shape {shape} with {len(parts[3][1])} bytes of numbers")
    return np.frombuffer(parts[3][1], dtype=dtype).reshape(shape, order="F")
