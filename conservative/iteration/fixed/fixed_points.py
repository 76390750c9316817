"""Points that certainly belong to fix(𝒥), up to rounding: fixed points of words, and of finite graphs of maps."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from conservative.iteration.jacobian_blocks import Blocks

Floats = NDArray[np.float64]

_WORDS = 400
"""Largest number of words of one length whose fixed points are taken."""

_DOUBLINGS = 60


def word_points(blocks: Blocks, *, most: int = _WORDS) -> Floats:
    """Fixed points (Id − A_w)⁻¹B_w of all words up to the length at which there are too many.

    Shapes: result (n, p, m). `blocks`: every product of state parts must have spectral radius below 1.
    """
    k, p, m = blocks.B.shape
    A, B = blocks.A, blocks.B
    found = [np.linalg.solve(np.eye(p) - A, B)]
    while len(A) * k <= most and len(found) < 6:
        B = (np.einsum("wij,kjm->wkim", A, blocks.B) + B[:, None]).reshape(-1, p, m)
        A = np.einsum("wij,kjl->wkil", A, blocks.A).reshape(-1, p, p)
        found.append(np.linalg.solve(np.eye(p) - A, B))
    return np.concatenate(found)


def graph_points(blocks: Blocks, vertices: Floats) -> Floats:
    """The points that repeat the vertices' own construction for ever.

    Each vertex is (nearly) the image A_i v + B_i of some vertex v. Following parents closes into cycles, so the
    equations x_j = A_{i(j)} x_{π(j)} + B_{i(j)} have one solution; its points lie in fix(𝒥). If the hull is a
    polytope, they are its vertices as soon as all parents are right. The equations are solved by composing the graph
    with itself until the state parts vanish.

    Shapes: `vertices` (n, p, m), result (n, p, m).
    """
    n = len(vertices)
    images = np.einsum("kij,njm->knim", blocks.A, vertices) + blocks.B[:, None]
    size = max(float(np.abs(vertices).max()), 1e-300)
    parents = cKDTree(images.reshape(len(blocks.A) * n, -1) / size).query(vertices.reshape(n, -1) / size)[1]
    letter, parent = np.divmod(parents, n)
    A, B = blocks.A[letter], blocks.B[letter]
    with np.errstate(under="ignore"):
        for _ in range(_DOUBLINGS):
            B = A @ B[parent] + B
            A = A @ A[parent]
            parent = parent[parent]
            if np.abs(A).max() < 1e-18:
                break
    return np.asarray(B)
