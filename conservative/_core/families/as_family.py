"""A finite family of square matrices, kept both as exact rationals and as doubles."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.checks import as_square_matrices
from conservative._core.errors import ArgumentError, ArgumentTypeError, ShapeError
from conservative._core.families.realified import has_complex, realified
from conservative._core.families.variables import stacked
from conservative._core.numbers import UNIT_ROUNDOFF
from conservative._core.rationals import as_fraction
from conservative._core.result_lines import count, result_line, shape

ExactMatrix = tuple[tuple[Fraction, ...], ...]
"""A matrix as a tuple of rows of `Fraction`."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MatrixFamily:
    """Square matrices A_1..A_k, exactly and rounded to double.

    Searches run on `floats`; proofs are about `exact`. The two differ by at most half a unit
    in the last place of every entry, and not at all when every entry is a double.

    Parameters
    ----------
    floats : ndarray, shape (k, n, n)
        Correctly rounded entries.
    exact : tuple of ExactMatrix
        The entries as rationals.
    """

    floats: NDArray[np.float64]
    exact: tuple[ExactMatrix, ...]

    def __repr__(self) -> str:
        return result_line(self, count(self.count, "matrix"), shape((self.size, self.size)))

    @property
    def count(self) -> int:
        """Number k of matrices."""
        return int(self.floats.shape[0])

    @property
    def size(self) -> int:
        """Order n of the matrices."""
        return int(self.floats.shape[1])

    @property
    def rounding(self) -> float:
        """Largest relative error of one float entry: 0 when the doubles are the exact entries."""
        same = all(
            Fraction(float(self.floats[i, r, c])) == entry
            for i, matrix in enumerate(self.exact)
            for r, row in enumerate(matrix)
            for c, entry in enumerate(row)
        )
        return 0.0 if same else UNIT_ROUNDOFF


def as_family(value: Any, *, call: str, argument: str = "matrices") -> MatrixFamily:
    """Read a family of square matrices from anything a user holds one in.

    Shapes: `value` (k, n, n). `value`: arrays of doubles are taken as the exact values of those doubles; entries that
    are `Fraction`, sympy rationals, integers or rational strings (``"3/4"``) stay exact. Sequences may hold sparse
    matrices of scipy. A NumPy array of shape (n, n, k), as MATLAB stacks matrices, is read where only that fits, that
    is where n and k differ. Complex matrices A + iB are taken as the real matrices [[A, -B], [B, A]] of twice the
    order, whose products have the same norms and spectral radii (see `realified`).
    """
    if isinstance(value, MatrixFamily):
        return value
    if hasattr(value, "state_family"):
        family = value.state_family()
        if isinstance(family, MatrixFamily):
            return family
    if hasattr(value, "toarray"):
        value = value.toarray()
        if value.ndim != 3:
            raise _wrong_depth(call, argument)
    if hasattr(value, "vertices") and not isinstance(value, np.ndarray):
        value = value.vertices
    elif isinstance(value, np.ndarray) and value.ndim == 3:
        value = stacked(value) if 0 not in value.shape else value
    if isinstance(value, np.ndarray) and value.dtype.kind in "iu":
        value = value.tolist()
    if not isinstance(value, np.ndarray):
        value = [_rows(m) for m in _items(value, call, argument)]
        if any(isinstance(row, str) for m in value for row in (m if isinstance(m, (list, tuple)) else (m,))):
            raise _wrong_depth(call, argument)
    value = _real(value, call, argument)
    numeric = value.dtype.kind == "f" if isinstance(value, np.ndarray) else _all_doubles(value)
    if numeric:
        floats = as_square_matrices(value, call=call, argument=argument)
        return MatrixFamily(floats, tuple(_exact_rows(m.tolist()) for m in floats))
    nested = value.tolist() if isinstance(value, np.ndarray) else value
    try:
        exact = tuple(_exact_rows(m) for m in nested)
        floats = as_square_matrices(
            [[[float(x) for x in row] for row in m] for m in exact], call=call, argument=argument
        )
    except ShapeError:
        raise
    except OverflowError as error:
        raise ArgumentError(
            f"`{call}({argument}=...)`: an entry is too large for a double. Rescale the family."
        ) from error
    except (ArgumentError, ArgumentTypeError) as error:
        raise type(error)(f"`{call}({argument}=...)`: {error}") from error
    except TypeError as error:
        raise _wrong_depth(call, argument) from error
    return MatrixFamily(floats, exact)


def _wrong_depth(call: str, argument: str) -> ShapeError:
    return ShapeError(
        f"`{call}({argument}=...)` needs shape (k, n, n), a stack of square matrices; got "
        "nested sequences of another depth. For one matrix A pass `[A]`."
    )


def _items(value: Any, call: str, argument: str) -> list[Any]:
    try:
        return list(value)
    except TypeError as error:
        raise ArgumentTypeError(
            f"`{call}({argument}=...)` needs a stack of square matrices, shape (k, n, n); got {type(value).__name__}."
        ) from error


def _rows(matrix: Any) -> Any:
    """Rows of a nested list, an array, a sympy matrix (anything with `tolist`) or a sparse matrix of scipy."""
    matrix = matrix.toarray() if hasattr(matrix, "toarray") else matrix
    return matrix.tolist() if hasattr(matrix, "tolist") else matrix


def _real(value: Any, call: str, argument: str) -> Any:
    """Matrices with complex entries as real ones, all others as they are."""
    if not has_complex(value):
        return value
    try:
        return realified(value)
    except (ArgumentError, ArgumentTypeError) as error:
        raise type(error)(f"`{call}({argument}=...)`: {error}") from error
    except TypeError as error:
        raise _wrong_depth(call, argument) from error


def _all_doubles(nested: Any) -> bool:
    if isinstance(nested, (list, tuple)):
        return all(_all_doubles(x) for x in nested)
    return isinstance(nested, (float, np.floating)) or (
        isinstance(nested, int) and abs(nested) <= 2**53 and not isinstance(nested, bool)
    )


def _exact_rows(matrix: Any) -> ExactMatrix:
    return tuple(tuple(as_fraction(x) for x in row) for row in matrix)
