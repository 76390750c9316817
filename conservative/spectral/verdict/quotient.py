"""Common invariant subspaces on which a family has radius one, and what is left when they are taken out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from conservative._core.exact.linear_algebra import from_flint, is_positive_semidefinite, radius_against_one, to_flint
from conservative._core.families.as_family import ExactMatrix, MatrixFamily, as_family
from conservative._core.result_lines import result_line
from conservative.spectral.reduction import triangularise


class Side(Enum):
    """Which of the two parts that an invariant subspace makes is kept."""

    QUOTIENT = "the quotient by the subspace"
    SUBSPACE = "the subspace itself"


@dataclass(frozen=True, slots=True, eq=False)
class Quotient:
    """A common invariant subspace W, in a basis T in which every S A_i T is block upper triangular.

    Parameters
    ----------
    side : Side
        QUOTIENT: the family has radius one on W, and `kept` is the family on R^n / W. SUBSPACE: it has radius one on
        R^n / W, and `kept` is the family on W.
    dimension : int
        Of W.
    basis : ExactMatrix, shape (n, n)
        T; its first columns span W.
    inverse : ExactMatrix, shape (n, n)
        S = T^-1.
    kept : MatrixFamily
    distance : Fraction
        0 where W is invariant. Otherwise what is said holds for all families within this distance, in the Frobenius
        norm of each matrix, that leave W (or, for SUBSPACE, the quotient by it) exactly as it is.
    """

    side: Side
    dimension: int
    basis: ExactMatrix = field(repr=False)
    inverse: ExactMatrix = field(repr=False)
    kept: MatrixFamily = field(repr=False)
    distance: Fraction = Fraction(0)

    def __repr__(self) -> str:
        return result_line(self, f"dimension={self.dimension}", f"distance={self.distance}", self.side.name)

    @property
    def spanning(self) -> tuple[tuple[Fraction, ...], ...]:
        """Vectors that span W."""
        return tuple(tuple(row[j] for row in self.basis) for j in range(self.dimension))


def quotients(family: Any) -> Iterator[Quotient]:
    """Ways to take out a part of radius one, the simplest first; none for a family that shows none.

    Parameters
    ----------
    family : MatrixFamily or array_like of shape (k, n, n)

    Yields
    ------
    Quotient
        By the vectors with A_i v = v for all i, and those fixed modulo these, and so on; to the vectors on which all
        w with A_i^T w = w vanish; and where a block triangular form has leading or trailing blocks that do not expand
        in the Euclidean, sum or maximum norm, one of them with a matrix of spectral radius one.

    Notes
    -----
    All in rational arithmetic: of a family of doubles whose rows sum to one only up to rounding nothing is found; see
    `near_quotients`.

    Examples
    --------
    >>> found = next(quotients([[["1/2", "1/2"], ["1/4", "3/4"]]]))
    >>> found.side.name, [str(x) for x in found.spanning[0]], found.kept.floats.tolist()
    ('QUOTIENT', ['1', '1'], [[[0.25]]])
    """
    family = as_family(family, call="quotients", argument="family")
    matrices = [to_flint(m) for m in family.exact]
    fixed = _fixed(matrices)
    if 0 < len(fixed) < family.size:
        yield split_off(matrices, fixed, Side.QUOTIENT)
    covectors = _fixed([m.transpose() for m in matrices])
    if 0 < len(covectors) < family.size:
        yield split_off(matrices, covectors, Side.SUBSPACE)
    if not fixed and not covectors:
        yield from _leading_blocks(family, matrices)


def _fixed(matrices: Sequence[flint.fmpq_mat]) -> list[list[flint.fmpq]]:
    """Vectors fixed by all matrices, then those fixed modulo the ones before, until there are no more."""
    n = matrices[0].nrows()
    found: list[list[flint.fmpq]] = []
    while len(found) < n:
        basis = _completed(found, n)
        inverse = basis.inv()
        r = len(found)
        corners = [_corner(inverse * m * basis, r, n) for m in matrices]
        rows = [row for corner in corners for row in (corner - _identity(n - r)).tolist()]
        fresh = _null_space(flint.fmpq_mat(rows))
        if not fresh:
            break
        padded = flint.fmpq_mat([[flint.fmpq(0)] * r + row for row in fresh])
        found += (padded * basis.transpose()).tolist()
    return found


def _null_space(matrix: flint.fmpq_mat) -> list[list[flint.fmpq]]:
    """A basis of {x : M x = 0}, one vector for each column without a pivot."""
    reduced, rank = matrix.rref()
    rows, n = reduced.tolist()[:rank], matrix.ncols()
    pivots = [next(c for c in range(n) if row[c] != 0) for row in rows]
    basis = []
    for free in (c for c in range(n) if c not in pivots):
        vector = [flint.fmpq(int(c == free)) for c in range(n)]
        for row, pivot in zip(rows, pivots, strict=True):
            vector[pivot] = -row[free]
        basis.append(vector)
    return basis


def _completed(vectors: Sequence[Sequence[flint.fmpq]], n: int) -> flint.fmpq_mat:
    """A basis that begins with the vectors, as columns, and goes on with unit vectors."""
    if not vectors:
        return _identity(n)
    reduced, rank = flint.fmpq_mat([list(v) for v in vectors]).rref()
    pivots = {next(c for c in range(n) if row[c] != 0) for row in reduced.tolist()[:rank]}
    units = [[flint.fmpq(int(c == j)) for c in range(n)] for j in range(n) if j not in pivots]
    return flint.fmpq_mat([list(v) for v in vectors] + units).transpose()


def split_off(matrices: Sequence[flint.fmpq_mat], subspace: Sequence[Sequence[flint.fmpq]], side: Side) -> Quotient:
    """The family taken apart by a subspace: `split_off` itself does not ask whether it is invariant."""
    if side is Side.SUBSPACE:
        subspace = _null_space(flint.fmpq_mat([list(v) for v in subspace]))
    n, r = matrices[0].nrows(), len(subspace)
    basis = _completed(subspace, n)
    inverse = basis.inv()
    moved = [inverse * m * basis for m in matrices]
    kept = [_corner(m, r, n) if side is Side.QUOTIENT else _corner(m, 0, r) for m in moved]
    return Quotient(side, r, from_flint(basis), from_flint(inverse), _as_family(kept))


def _leading_blocks(family: MatrixFamily, matrices: Sequence[flint.fmpq_mat]) -> Iterator[Quotient]:
    """Splits of a triangular form with one part of radius exactly one, proved by a norm and by one matrix."""
    form = triangularise(family)
    if len(form.blocks) < 2:
        return
    blocks = [[to_flint(m) for m in block.exact] for block in form.blocks]
    bounded = [_is_nonexpansive(block) for block in blocks]
    reaching = [any(radius_against_one(m) == 0 for m in block) for block in blocks]
    basis, inverse, n = to_flint(form.basis), to_flint(form.inverse), family.size
    for cut in range(1, len(blocks)):
        start = sum(form.sizes[:cut])
        for side, part in ((Side.QUOTIENT, slice(0, cut)), (Side.SUBSPACE, slice(cut, None))):
            if all(bounded[part]) and any(reaching[part]):
                ends = (start, n) if side is Side.QUOTIENT else (0, start)
                kept = _as_family([_corner(inverse * m * basis, *ends) for m in matrices])
                yield Quotient(side, start, form.basis, form.inverse, kept)


def _is_nonexpansive(matrices: Sequence[flint.fmpq_mat]) -> bool:
    """Whether one of the Euclidean, maximum and sum norms is at most one for all matrices."""
    n = matrices[0].nrows()
    rows = all(sum(abs(x) for x in row) <= 1 for m in matrices for row in m.tolist())
    columns = all(sum(abs(x) for x in row) <= 1 for m in matrices for row in m.transpose().tolist())
    return rows or columns or all(is_positive_semidefinite(_identity(n) - m.transpose() * m) for m in matrices)


def _corner(matrix: flint.fmpq_mat, start: int, stop: int) -> flint.fmpq_mat:
    return flint.fmpq_mat([row[start:stop] for row in matrix.tolist()[start:stop]])


def _identity(n: int) -> flint.fmpq_mat:
    return flint.fmpq_mat([[int(i == j) for j in range(n)] for i in range(n)])


def _as_family(matrices: Sequence[flint.fmpq_mat]) -> MatrixFamily:
    exact = tuple(from_flint(m) for m in matrices)
    return MatrixFamily(np.array([[[float(x) for x in row] for row in m] for m in exact]), exact)
