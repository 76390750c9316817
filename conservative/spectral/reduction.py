"""Families taken apart before any search: diagonal blocks by permutation, and radius zero decided exactly."""

import flint
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from conservative._core.exact_linalg import to_flint
from conservative._core.families import MatrixFamily


def diagonal_blocks(family: MatrixFamily) -> tuple[MatrixFamily, ...]:
    """The irreducible diagonal blocks of a family that a permutation makes block triangular.

    The joint spectral radius is the largest over the blocks, and the spectral radius of every product the largest
    over its blocks.

    Parameters
    ----------
    family : MatrixFamily

    Returns
    -------
    tuple of MatrixFamily
        The strongly connected components of the graph with an edge r -> c where some matrix has an entry.

    Examples
    --------
    >>> from conservative._core.families import as_family
    >>> [b.size for b in diagonal_blocks(as_family([[[1, 5], [0, 2]]], call="example"))]
    [1, 1]
    """
    n = family.size
    pattern = np.array([[any(m[r][c] != 0 for m in family.exact) for c in range(n)] for r in range(n)])
    count, label = connected_components(csr_array(pattern), directed=True, connection="strong")
    if count == 1:
        return (family,)
    return tuple(_block(family, np.flatnonzero(label == component)) for component in range(count))


def _block(family: MatrixFamily, index: np.ndarray) -> MatrixFamily:
    exact = tuple(tuple(tuple(m[r][c] for c in index) for r in index) for m in family.exact)
    return MatrixFamily(np.ascontiguousarray(family.floats[:, index][:, :, index]), exact)


def is_nilpotent_family(family: MatrixFamily) -> bool:
    """Whether the joint spectral radius is zero: every product of n matrices vanishes.

    Parameters
    ----------
    family : MatrixFamily
        n x n matrices.

    Returns
    -------
    bool

    Notes
    -----
    V_0 = R^n, V_{j+1} = sum of A_i V_j. The dimension falls strictly until it stays, so V_n = 0 exactly for these
    families. Ranks are exact; each step is one reduction of an n x k n rational matrix.

    Examples
    --------
    >>> from conservative._core.families import as_family
    >>> is_nilpotent_family(as_family([[[0, 1], [0, 0]]], call="example"))
    True
    """
    n = family.size
    if any(np.trace(m) != 0 for m in family.floats):
        return False
    matrices = [to_flint(m) for m in family.exact]
    basis = [[flint.fmpq(int(i == j)) for j in range(n)] for i in range(n)]
    dimension = n
    while basis:
        columns = flint.fmpq_mat(basis).transpose()
        images = [row for a in matrices for row in (a * columns).transpose().tolist()]
        reduced, rank = flint.fmpq_mat(images).rref()
        if rank == dimension:
            return False
        dimension, basis = rank, reduced.tolist()[:rank]
    return True
