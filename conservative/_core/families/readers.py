"""Families of matrices from files: .json, .npy, .npz, .mat and .csv, bounded and never executed."""

import io
import json
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError, ArgumentTypeError, FileFormatError
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative._core.families.mat_files import variables_of_mat
from conservative._core.families.numpy_files import arrays_of_npy, arrays_of_npz
from conservative._core.families.variables import MAX_ENTRIES, Variable, chosen_matrices
from conservative._core.rationals import as_fraction
from conservative._core.safe_files import read_bytes, read_text

SUFFIXES = (".json", ".npz", ".npy", ".mat", ".csv")
"""File types that `read_family` reads."""
_MAX_DIGITS = 1000
_MAX_NODES = 4 * MAX_ENTRIES


def read_family(path: str | os.PathLike[str], *, variables: Sequence[str] = ()) -> MatrixFamily:
    """Read a family of square matrices from a file; the suffix says how.

    ========== =====================================================================================
    ``.json``  a list of matrices, each a list of rows (see `parse_family_json`)
    ``.npy``   one array of shape (k, n, n), or (n, n) for one matrix; also (n, n, k) when only that
               fits (for n = k, (k, n, n) is understood); loaded without pickle
    ``.npz``   the same, or two-dimensional ones ordered by name (``M2`` before ``M10``)
    ``.mat``   the same for MATLAB 5 to 7.2 (`-v7`), full or sparse, and a cell array of matrices
    ``.csv``   one matrix per block of lines, blocks separated by blank lines; or one block of k n
               lines with n columns. Separators: comma, semicolon or white space; ``#`` comments
    ========== =====================================================================================

    `path`: A file of at most 64 MiB and a million entries. Returns: complex matrices come as real ones of twice the
    order (see `as_family`). Integers and ratios like ``3/4`` are exact. A decimal number such as ``0.1`` stands for the
    double nearest to it, as in every other program; in JSON the *string* ``"0.1"`` is exactly 1/10. Raises
    FileFormatError when the file is missing, too large, damaged, or does not hold square matrices of finite numbers.
    """
    name = str(path)
    suffix = Path(name).suffix.lower()
    if variables and suffix not in _NAMED:
        raise FileFormatError(f"{name}: only {' and '.join(_NAMED)} files have variables with names. Leave them out.")
    if suffix == ".json":
        return parse_family_json(read_text(path), name=name)
    if suffix == ".csv":
        return _family(_csv_matrices(read_text(path), name), name)
    if suffix in _ARRAYS:
        found = chosen_matrices(_ARRAYS[suffix](read_bytes(path), name=name), variables, where=name)
        if sum(matrix.size for matrix in found) > MAX_ENTRIES:
            raise FileFormatError(f"{name}: at most {MAX_ENTRIES:,} entries are read.")
        return _family([_exactly(matrix) for matrix in found], name)
    raise FileFormatError(f"{name}: a family of matrices is read from {', '.join(SUFFIXES)}, not from {suffix!r}.")


def parse_family_json(text: str, *, name: str = "standard input") -> MatrixFamily:
    """Read a family of square matrices from JSON: a list of matrices, each a list of rows.

    `text`: entries are numbers, or rationals as strings ("3/4", "0.1"). Integers are exact, and so are the strings; a
    bare decimal number such as 0.1 stands for the double nearest to it. Raises FileFormatError when the text is not
    such a list.
    """
    # Every value but the first follows one of these characters: what would fill the memory is not even parsed.
    if sum(map(text.count, "[{,")) > _MAX_NODES:
        raise FileFormatError(f"{name}: more than {_MAX_NODES:,} values; at most {MAX_ENTRIES:,} entries are read.")
    try:
        value = json.loads(text, parse_int=_json_integer, parse_float=_finite_float, parse_constant=_finite_float)
    except FileFormatError as error:
        raise FileFormatError(f"{name}: {error}") from None
    except RecursionError:
        raise FileFormatError(f"{name}: nested too deeply to be a list of matrices.") from None
    except ValueError as error:
        raise FileFormatError(f"{name}: not JSON ({error}).") from error
    _require_three_levels(value, name)
    return _family(value, name)


def _require_three_levels(value: Any, name: str) -> None:
    """Lists of lists of lists of numbers and strings: nothing else may reach the rational reader."""
    shape = "a list of matrices, each a list of rows, each a list of numbers or rational strings"
    rows = [row for matrix in value if isinstance(matrix, list) for row in matrix] if isinstance(value, list) else []
    entries = [x for row in rows if isinstance(row, list) for x in row]
    if len(entries) > MAX_ENTRIES:
        raise FileFormatError(f"{name}: {len(entries)} entries; at most {MAX_ENTRIES:,} are read.")
    lists = isinstance(value, list) and all(isinstance(x, list) for x in [*value, *rows])
    if not lists:
        raise FileFormatError(f"{name}: {shape} is wanted. One matrix is written [[[1, 2], [3, 4]]].")
    for x in entries:
        if isinstance(x, bool) or not isinstance(x, (int, float, str)):
            raise FileFormatError(f"{name}: {shape} is wanted; an entry is {json.dumps(x)[:40]}.")


def _family(matrices: Any, name: str) -> MatrixFamily:
    try:
        return as_family(matrices, call="read_family", argument="path")
    except (ArgumentError, ArgumentTypeError) as error:
        raise FileFormatError(f"{name}: {error}") from error


def _exactly(array: NDArray[Any]) -> Any:
    """Doubles as they are; integers as Python's, since 64 bits do not fit a double."""
    return array.tolist() if array.dtype.kind in "iu" else array.astype(np.result_type(array, np.float64))


def _csv_matrices(text: str, name: str) -> list[list[list[Fraction]]]:
    blocks: list[list[list[Fraction]]] = [[]]
    entries = 0
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        content = line.split("#", 1)[0].strip()
        if not content:
            if blocks[-1] and not line.strip():
                blocks.append([])
            continue
        cells = re.split(r"\s*[,;]\s*|\s+", content, maxsplit=MAX_ENTRIES)
        entries += len(cells)
        if entries > MAX_ENTRIES:
            raise FileFormatError(f"{name}: at most {MAX_ENTRIES:,} entries are read.")
        blocks[-1].append([_csv_entry(cell, f"{name}, line {number}, column {i}") for i, cell in enumerate(cells, 1)])
    matrices = [block for block in blocks if block]
    if len(matrices) != 1:
        return matrices
    rows, size = matrices[0], len(matrices[0][0])
    stacked = len(rows) > size and len(rows) % size == 0
    return [rows[i : i + size] for i in range(0, len(rows), size)] if stacked else matrices


def _csv_entry(cell: str, where: str) -> Fraction:
    try:
        value = as_fraction(cell)
        return value if re.fullmatch(r"[+-]?\d+(/\d+)?", cell, re.ASCII) else as_fraction(float(cell))
    except (ArgumentError, ArgumentTypeError) as error:
        raise FileFormatError(f"{where}: {error}") from error


def _json_integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise FileFormatError(f"an integer has {len(text)} digits; at most {_MAX_DIGITS} are read.")
    return int(text)


def _finite_float(text: str) -> float:
    """A JSON number as the nearest double; `text` may also be NaN or Infinity."""
    value = float(text)
    if not math.isfinite(value):
        raise FileFormatError(f"a finite number is wanted; got {text[:40]}.")
    return value


_ARRAYS: dict[str, Callable[..., Mapping[str, Variable]]] = {
    ".npy": arrays_of_npy,
    ".npz": arrays_of_npz,
    ".mat": variables_of_mat,
}
_NAMED = (".npz", ".mat")
