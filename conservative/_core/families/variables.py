"""Which of the variables in a file are the family: the only one that can be, or those that the caller names."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import FileFormatError
from conservative._core.families.numpy_files import natural_order

Variable = NDArray[Any] | tuple[NDArray[Any], ...] | str
"""An array; the cells of a cell array; or in words what it is instead, such as "a structure"."""

MAX_ENTRIES = 1_000_000
"""Most matrix entries that are read: all of them become exact rationals."""

_SHOWN = 12
"""Variables that a message lists."""


def chosen_matrices(variables: Mapping[str, Variable], names: Sequence[str], *, where: str) -> list[NDArray[Any]]:
    """The matrices of the family in a file.

    `names`: what the caller asks for; when empty, the only stack or cell array of square matrices, or all square
    matrices of a file that holds no stack, in the order of their names. A 1 x 1 array beside larger matrices is a
    number. Raises FileFormatError when nothing in the file can be the family, when several can, and for names that it
    does not hold.
    """
    for name in names:
        if name not in variables:
            raise FileFormatError(f"{where}: holds no variable {name[:40]!r}. It holds {_listed(variables)}.")
    if names:
        return [matrix for name in names for matrix in _required(name, variables[name], where)]
    found = {name: matrices for name, value in variables.items() if (matrices := _square_matrices(value))}
    largest = max((m.shape[0] for matrices in found.values() for m in matrices), default=0)
    found = {name: matrices for name, matrices in found.items() if matrices[0].shape[0] > 1 or largest == 1}
    single = {name: matrices for name, matrices in found.items() if _is_one_matrix(variables[name])}
    if len(found) == 1 or (found and found == single and len({m.shape for (m,) in single.values()}) == 1):
        return [matrix for name in sorted(found, key=natural_order) for matrix in found[name]]
    if not found:
        raise FileFormatError(
            f"{where}: one array of shape (k, n, n) or several of shape (n, n) are wanted; found {_listed(variables)}."
        )
    raise FileFormatError(
        f"{where}: several variables can be the family: {_listed({name: variables[name] for name in found})}. "
        "Name one, or the matrices one by one, with `--variable NAME`."
    )


def _is_one_matrix(value: Variable) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 2


def _square_matrices(value: Variable) -> list[NDArray[Any]]:
    """The square matrices that a variable holds, all of one order; none if it is anything else."""
    if isinstance(value, str):
        return []
    if isinstance(value, tuple):
        matrices = list(value)
    else:
        matrices = list(stacked(value)) if value.ndim == 3 and value.size <= MAX_ENTRIES else [value]
    square = all(m.ndim == 2 and m.shape[0] == m.shape[1] > 0 for m in matrices)
    return matrices if square and len({m.shape for m in matrices}) == 1 else []


def stacked(array: NDArray[Any]) -> NDArray[Any]:
    """The matrices of one array along its first axis: moved there where only the last one fits.

    Shapes: `array` (k, n, n), result (k, n, n).
    """
    rows, columns, last = array.shape
    return np.moveaxis(array, -1, 0) if rows == columns != last else array


def _required(name: str, value: Variable, where: str) -> list[NDArray[Any]]:
    matrices = _square_matrices(value)
    if not matrices:
        raise FileFormatError(f"{where}: square matrices are wanted; {_listed({name: value})}.")
    return matrices


def _listed(variables: Mapping[str, Variable]) -> str:
    shown = [f"{name[:40] or 'an array'} ({_in_words(value)})" for name, value in list(variables.items())[:_SHOWN]]
    more = [f"{len(variables) - _SHOWN} more"] if len(variables) > _SHOWN else []
    return ", ".join([*shown, *more]) or "no array"


def _in_words(value: Variable) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return f"{len(value)} cells"
    size = " x ".join(map(str, value.shape)) or "one number"
    return size if value.size <= MAX_ENTRIES else f"{size}, more than the {MAX_ENTRIES:,} entries that are read"
