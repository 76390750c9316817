"""Numeric arrays from MATLAB files of versions 5 to 7.2.

scipy's reader can crash the interpreter on a damaged file, so this one reads the little that a
family of matrices needs, in Python: numeric arrays, full or sparse, and cell arrays of them.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import FileFormatError
from conservative._core.families.variables import Variable
from conservative._core.safe_files import MAX_FILE_BYTES

_HEADER_BYTES = 128
_MATRIX, _COMPRESSED = 14, 15
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_CELL, _SPARSE, _OPAQUE, _NUMERIC = 1, 5, 17, range(6, 16)
_OTHER = {2: "a structure", 3: "an object", 4: "text", 16: "a function", _OPAQUE: "an object"}
_COMPLEX = 0x0800
_MAX_ELEMENTS, _MAX_FILLED, _MAX_DIMENSIONS = 100_000, MAX_FILE_BYTES // 8, 32

_Element = tuple[int, bytes]


def variables_of_mat(data: bytes, *, name: str) -> dict[str, Variable]:
    """The variables of a MATLAB file of version 5 to 7.2.

    Raises FileFormatError for a damaged file, or a file of another version.
    """
    mark = data[_HEADER_BYTES - 4 : _HEADER_BYTES]
    if data.startswith(b"MATLAB 7.3"):
        raise FileFormatError(f"{name}: a MATLAB file of version 7.3; save it with `-v7`.")
    if mark not in (b"\x00\x01IM", b"\x01\x00MI"):
        raise FileFormatError(f"{name}: not a MATLAB file of version 5 to 7.2; save it with `-v7`.")
    order = "<" if mark.endswith(b"IM") else ">"
    found: dict[str, Variable] = {}
    room = [_MAX_FILLED]
    try:
        for kind, content in _unpacked(_elements(data[_HEADER_BYTES:], order), order):
            if kind != _MATRIX:
                continue
            for label, variable in _variable(content, order, room).items():
                if label in found:
                    raise _DamagedError(f"it holds two variables of the name {label[:40]!r}")
                found[label] = variable
    except (_DamagedError, zlib.error, struct.error) as error:
        raise FileFormatError(f"{name}: a damaged or unsuitable MATLAB file ({error}).") from error
    return found


class _DamagedError(Exception):
    """The bytes are not what the format promises."""


class _OtherError(Exception):
    """A variable that is no numeric array; the message says what it is."""


def _elements(data: bytes, order: str) -> Iterator[_Element]:
    """The data elements that follow each other: an 8-byte tag (kind, size) and the content, padded to 8 bytes."""
    position = count = 0
    while position < len(data):
        count += 1
        if count > _MAX_ELEMENTS:
            raise _DamagedError(f"more than {_MAX_ELEMENTS:,} parts")
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


def _variable(content: bytes, order: str, room: list[int]) -> dict[str, Variable]:
    """The array of one variable, the arrays of its cells, or what it is instead; `room` is left for sparse arrays."""
    parts = list(_elements(content, order))
    if _flags(parts, order) & 0xFF == _OPAQUE:  # it has no shape
        return {parts[1][1].decode("latin-1"): _OTHER[_OPAQUE]} if len(parts) > 1 and parts[1][1] else {}
    flags, shape, label = _head(parts, order)
    if not label:  # what MATLAB stores beside the variables of the user
        return {}
    try:
        if flags & 0xFF != _CELL:
            return {label: _array(parts, order, room)}
        cells = parts[3:]
        if len(cells) != math.prod(shape) or any(kind != _MATRIX for kind, _ in cells):
            raise _DamagedError(f"the cell array {label[:40]!r} does not hold {math.prod(shape)} arrays")
        return {label: tuple(_array(list(_elements(cell, order)), order, room) for _, cell in cells)}
    except _OtherError as error:
        return {label: f"a cell array with {error} in it" if flags & 0xFF == _CELL else str(error)}


def _flags(parts: list[_Element], order: str) -> int:
    if not parts or len(parts[0][1]) != 8:
        raise _DamagedError("an array without flags")
    return int(struct.unpack_from(f"{order}I", parts[0][1])[0])


def _head(parts: list[_Element], order: str) -> tuple[int, tuple[int, ...], str]:
    """Flags, shape and name of an array."""
    flags = _flags(parts, order)
    if len(parts) < 3 or len(parts[1][1]) % 4 or len(parts[1][1]) > 4 * _MAX_DIMENSIONS:
        raise _DamagedError("an array without flags, shape and name")
    shape = struct.unpack(f"{order}{len(parts[1][1]) // 4}i", parts[1][1])
    if min(shape, default=-1) < 0:
        raise _DamagedError(f"the shape {shape}")
    return flags, shape, parts[2][1].decode("latin-1")


def _array(parts: list[_Element], order: str, room: list[int]) -> NDArray[Any]:
    flags, shape, label = _head(parts, order)
    kind, name = flags & 0xFF, repr(label[:40] or "a cell")
    if kind != _SPARSE and kind not in _NUMERIC:
        raise _OtherError(_OTHER.get(kind, "a nested cell array"))
    numbers = 5 if kind == _SPARSE else 3
    if len(parts) != numbers + 1 + bool(flags & _COMPLEX):
        raise _DamagedError(f"{name} without its numbers")
    values = [_numbers(part, order, name) for part in parts[numbers:]]
    if len(values) == 2 and len(values[0]) != len(values[1]):
        raise _DamagedError(f"{name} with {len(values[0])} real and {len(values[1])} imaginary parts")
    with np.errstate(all="ignore"):  # what is not finite is refused where the family is read
        value = values[0] if len(values) == 1 else values[0] + 1j * values[1]
    if kind == _SPARSE:
        room[0] -= math.prod(shape)
        if room[0] < 0 or len(shape) != 2:
            raise _OtherError("a sparse array that is too large")
        return _full(value, _numbers(parts[3], order, name), _numbers(parts[4], order, name), shape, name)
    if len(value) != math.prod(shape):
        raise _DamagedError(f"{name} of shape {shape} with {len(value)} numbers")
    return value.reshape(shape, order="F")


def _numbers(part: _Element, order: str, name: str) -> NDArray[Any]:
    kind, content = part
    if kind not in _STORED or len(content) % np.dtype(_STORED[kind]).itemsize:
        raise _DamagedError(f"{name} without its numbers")
    return np.frombuffer(content, dtype=np.dtype(order + _STORED[kind]))


def _full(
    values: NDArray[Any], rows: NDArray[Any], starts: NDArray[Any], shape: tuple[int, ...], name: str
) -> NDArray[Any]:
    """A sparse array, stored column by column, with its zeros."""
    height, width = shape
    if rows.dtype.kind not in "iu" or starts.dtype.kind not in "iu":
        raise _DamagedError(f"the sparse array {name} with indices that are no integers")
    ends = np.asarray(starts, dtype=np.int64)
    count = int(ends[-1]) if len(ends) else 0
    sound = len(ends) == width + 1 and ends[0] == 0 and (np.diff(ends) >= 0).all() and count <= len(values)
    if not sound or count > len(rows) or not ((rows[:count] >= 0) & (rows[:count] < height)).all():
        raise _DamagedError(f"the sparse array {name} has entries outside its shape {shape}")
    full = np.zeros(shape, dtype=values.dtype)
    full[rows[:count], np.repeat(np.arange(width), np.diff(ends))] = values[:count]
    return full
