"""Diagonal blocks by permutation: the strongly connected components of where a family has entries."""

from graphlib import TopologicalSorter

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from conservative._core.families.as_family import MatrixFamily


def diagonal_blocks(family: MatrixFamily) -> tuple[MatrixFamily, ...]:
    """The irreducible diagonal blocks of a family that a permutation makes block triangular.

    The joint spectral radius is the largest over the blocks, and the spectral radius of every product the largest
    over its blocks.

    Returns: the strongly connected components of the graph with an edge r -> c where some matrix has an entry.

    >>> from conservative._core.families.as_family import as_family
    >>> [b.size for b in diagonal_blocks(as_family([[[1, 5], [0, 2]]], call="example"))]
    [1, 1]
    """
    parts = components(pattern(family))
    if len(parts) == 1:
        return (family,)
    return tuple(restricted(family, index) for index in parts)


def pattern(family: MatrixFamily) -> NDArray[np.bool_]:
    """Where some matrix of the family has an entry that is not zero, exactly. Shapes: result (n, n)."""
    seen: NDArray[np.bool_] = np.array(family.floats.any(axis=0))
    for r, c in np.argwhere(~seen):
        seen[r, c] = any(m[r][c] != 0 for m in family.exact)
    return seen


def components(seen: NDArray[np.bool_]) -> tuple[tuple[int, ...], ...]:
    """Strongly connected components, in an order in which entries lie on or above the diagonal blocks.

    Shapes: `seen` (n, n).

    >>> components(np.array([[1, 0], [1, 1]], dtype=bool))
    ((1,), (0,))
    """
    count, label = connected_components(csr_array(seen), directed=True, connection="strong")
    if count == 1:
        return (tuple(range(seen.shape[0])),)
    sorter: TopologicalSorter[int] = TopologicalSorter(dict.fromkeys(range(count), ()))
    for r, c in np.argwhere(seen):
        if label[r] != label[c]:
            sorter.add(int(label[c]), int(label[r]))
    return tuple(tuple(np.flatnonzero(label == part).tolist()) for part in sorter.static_order())


def restricted(family: MatrixFamily, index: tuple[int, ...]) -> MatrixFamily:
    """The principal submatrices of a family."""
    exact = tuple(tuple(tuple(m[r][c] for c in index) for r in index) for m in family.exact)
    rows = np.array(index)
    return MatrixFamily(np.ascontiguousarray(family.floats[:, rows][:, :, rows]), exact)
