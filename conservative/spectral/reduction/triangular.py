"""Block triangular form of a family under an exact change of basis: the radius is the largest over the blocks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import flint
import numpy as np

from conservative._core.exact.linear_algebra import from_flint, to_flint
from conservative._core.families.as_family import ExactMatrix, MatrixFamily
from conservative.spectral.reduction.permutation import components, pattern, restricted
from conservative.spectral.reduction.subspaces import Subspace, columns, invariant_subspace


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BlockTriangular:
    """S A_i T is block upper triangular for every matrix A_i of a family, with S T = Id exactly.

    The joint spectral radius is the largest over the diagonal blocks.

    Parameters
    ----------
    basis : ExactMatrix, shape (n, n)
        T. Its first columns span the common invariant subspaces.
    inverse : ExactMatrix, shape (n, n)
        S = T^-1.
    sizes : tuple of int
        Orders of the diagonal blocks, from the upper left on.
    blocks : tuple of MatrixFamily
        The diagonal blocks; each keeps the letters of the family.
    irreducible : tuple of bool
        Which blocks are proved to have no common invariant subspace over the rationals.
    """

    basis: ExactMatrix
    inverse: ExactMatrix
    sizes: tuple[int, ...]
    blocks: tuple[MatrixFamily, ...]
    irreducible: tuple[bool, ...]

    @property
    def is_trivial(self) -> bool:
        """Whether the family stays whole."""
        return len(self.sizes) == 1

    def __repr__(self) -> str:
        return f"BlockTriangular(sizes={self.sizes!r}, irreducible={self.irreducible!r})"


@dataclass(frozen=True, slots=True)
class _Split:
    """A change of basis over the rationals, its inverse, and the diagonal blocks it leaves."""

    basis: flint.fmpq_mat
    inverse: flint.fmpq_mat
    sizes: tuple[int, ...]
    irreducible: tuple[bool, ...]


def triangularise(family: MatrixFamily) -> BlockTriangular:
    """Block triangular form of a family by permutation and by common invariant subspaces, in exact arithmetic.

    Strongly connected components first; then in each of them the search of `invariant_subspace`, and again in
    the two halves it leaves. Only rational subspaces are found: a family of doubles that is triangular up to
    rounding stays whole. A typical irreducible family costs a few products of n x n matrices modulo a prime.
    A form whose blocks overflow doubles is dropped for the one by permutation alone.

    [holt1994]_

    The vector (1, 1) is common to both matrices.

    >>> from conservative._core.families.as_family import as_family
    >>> form = triangularise(as_family([[[3, -1], [2, 0]], [["1/2", "1/2"], [0, 1]]], call="example"))
    >>> form, form.blocks[0].floats.ravel().tolist()
    (BlockTriangular(sizes=(1, 1), irreducible=(True, True)), [2.0, 1.0])
    """
    parts = components(pattern(family))
    pieces = tuple(restricted(family, part) for part in parts) if len(parts) > 1 else (family,)
    matrices = [[to_flint(m) for m in piece.exact] if piece.size > 1 else [] for piece in pieces]
    splits = [_split(group) if group else _whole(1, irreducible=True) for group in matrices]
    blocks: list[MatrixFamily] = []
    for position, (piece, group) in enumerate(zip(pieces, matrices, strict=True)):
        try:
            blocks += _diagonal(piece, group, splits[position])
        except OverflowError:
            splits[position] = _whole(piece.size, irreducible=False)
            blocks.append(piece)
    order = tuple(i for part in parts for i in part)
    basis, inverse = _joined(splits, order)
    sizes = tuple(size for split in splits for size in split.sizes)
    irreducible = tuple(flag for split in splits for flag in split.irreducible)
    return BlockTriangular(basis, inverse, sizes, tuple(blocks), irreducible)


def _split(matrices: Sequence[flint.fmpq_mat]) -> _Split:
    """Block triangular form of matrices over the rationals, by one subspace and then by halves."""
    n = matrices[0].nrows()
    if n == 1:
        return _whole(1, irreducible=True)
    search = invariant_subspace(matrices)
    if search.subspace is None:
        return _whole(n, irreducible=search.irreducible)
    basis, inverse = _completed(search.subspace)
    d = len(search.subspace.pivots)
    triangular = [inverse * m * basis for m in matrices]
    first = _split([_corner(m, range(d)) for m in triangular])
    second = _split([_corner(m, range(d, n)) for m in triangular])
    return _Split(
        basis * _direct_sum([first.basis, second.basis]),
        _direct_sum([first.inverse, second.inverse]) * inverse,
        first.sizes + second.sizes,
        first.irreducible + second.irreducible,
    )


def _whole(n: int, *, irreducible: bool) -> _Split:
    identity = flint.fmpq_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])
    return _Split(identity, identity, (n,), (irreducible,))


def _completed(subspace: Subspace) -> tuple[flint.fmpq_mat, flint.fmpq_mat]:
    """A basis T whose first columns span a subspace, the others unit vectors, and its inverse.

    With x = (a, b) in the coordinates (pivots, rest), T (a, b) = (a, slope a + b), so T^-1 (a, b) = (a, b - slope a).
    """
    order = subspace.pivots + subspace.rest
    n, d = len(order), len(subspace.pivots)
    slope = subspace.slope.tolist()
    basis = [[flint.fmpq(0)] * n for _ in range(n)]
    inverse = [[flint.fmpq(0)] * n for _ in range(n)]
    for j, i in enumerate(order):
        basis[i][j] = inverse[j][i] = flint.fmpq(1)
    for r, i in enumerate(subspace.rest):
        for c, p in enumerate(subspace.pivots):
            basis[i][c] = slope[r][c]
            inverse[d + r][p] = -slope[r][c]
    return flint.fmpq_mat(basis), flint.fmpq_mat(inverse)


def _corner(matrix: flint.fmpq_mat, index: range) -> flint.fmpq_mat:
    rows = matrix.tolist()
    return columns(flint.fmpq_mat([rows[i] for i in index]), index)


def _direct_sum(parts: Sequence[flint.fmpq_mat]) -> flint.fmpq_mat:
    n = sum(part.nrows() for part in parts)
    entries = [[flint.fmpq(0)] * n for _ in range(n)]
    start = 0
    for part in parts:
        end = start + part.nrows()
        for r, row in enumerate(part.tolist()):
            entries[start + r][start:end] = row
        start = end
    return flint.fmpq_mat(entries)


def _joined(splits: Sequence[_Split], order: Sequence[int]) -> tuple[ExactMatrix, ExactMatrix]:
    """T = P diag(T_b) and its inverse, where P puts the coordinates of the blocks one after another."""
    basis = from_flint(_direct_sum([split.basis for split in splits]))
    inverse = from_flint(_direct_sum([split.inverse for split in splits]))
    place = {i: position for position, i in enumerate(order)}
    n = len(order)
    return tuple(basis[place[i]] for i in range(n)), tuple(tuple(row[place[i]] for i in range(n)) for row in inverse)


def _diagonal(piece: MatrixFamily, matrices: Sequence[flint.fmpq_mat], split: _Split) -> Iterator[MatrixFamily]:
    """The diagonal blocks of a split; the family itself when it stays whole."""
    if len(split.sizes) == 1:
        return iter((piece,))
    changed = [split.inverse * m * split.basis for m in matrices]
    ends = np.cumsum(split.sizes).tolist()
    return iter(
        [
            _as_family([_corner(m, range(end - size, end)) for m in changed])
            for size, end in zip(split.sizes, ends, strict=True)
        ]
    )


def _as_family(matrices: Sequence[flint.fmpq_mat]) -> MatrixFamily:
    exact = tuple(from_flint(m) for m in matrices)
    floats = np.array([[[float(x) for x in row] for row in m] for m in exact])
    floats.setflags(write=False)
    return MatrixFamily(floats, exact)
