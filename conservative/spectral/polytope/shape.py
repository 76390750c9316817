"""A polytope that grows: its vertices, where they come from, and what is known of their images."""

from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from conservative.spectral.polytope.columns import Columns, ComplexArray, FloatArray, HullKind, IntArray
from conservative.spectral.polytope.gauge import Points
from conservative.spectral.polytope.roots import Cycle, as_points

Vectors = NDArray[np.float64] | ComplexArray

ROOT = -1
"""Parent of the vertices that are not images."""


class Growth(Enum):
    """How the growth of a polytope ended."""

    CLOSED = "every image lies in the polytope"
    OPEN = "the time or the number of vertices ran out before every image was inside"


@dataclass(frozen=True, slots=True, eq=False)
class Polytope:
    """Vertices with the images that made them, and what is known of all other images.

    Parameters
    ----------
    kind : HullKind
    matrices : ndarray, shape (k, n, n)
        The family divided by the radius to be proved.
    vertices : ndarray, shape (N, n)
        Real, or complex for an elliptic hull.
    parent, letter : ndarray of int, shape (N,)
        Vertex i is ``matrices[letter[i]] @ vertices[parent[i]]``, unless ``parent[i] == ROOT``.
    cycles : tuple of Cycle
        Whose vertices come first, in this order.
    settled : tuple of Points
        Images inside the hull, each with its combination of vertices.
    pending : Points
        Images not settled.
    mean_count : int
        Number of first vertices of which `Columns.mean` is the mean.
    state : Growth
    """

    kind: HullKind
    matrices: FloatArray
    vertices: NDArray[np.float64] | ComplexArray
    parent: IntArray
    letter: IntArray
    cycles: tuple[Cycle, ...]
    settled: tuple[Points, ...]
    pending: Points
    mean_count: int
    state: Growth = field(default=Growth.OPEN)

    @property
    def columns(self) -> Columns:
        """The vertices as columns of the gauge's linear program."""
        return Columns(self.kind, self.vertices, self.vertices[: self.mean_count].real.mean(axis=0))

    @property
    def count(self) -> int:
        """Number N of vertices."""
        return int(self.vertices.shape[0])


def vectors(x: FloatArray, kind: HullKind) -> Vectors:
    """Points of a hull as vectors, complex for an elliptic one: the inverse of `as_points`.

    Shapes: `x` (m, D), result (m, n).
    """
    if kind is HullKind.ELLIPTIC:
        n = x.shape[1] // 2
        return x[:, :n] + 1j * x[:, n:]
    return x


def images(polytope: Polytope, which: IntArray) -> tuple[FloatArray, IntArray]:
    """Images of some vertices that are neither vertices of the tree nor the closing image of a cycle.

    Shapes: result (m, D), result (m, 2). `which`: vertices. Returns: the letter and the vertex of each.
    """
    k = polytope.matrices.shape[0]
    known = np.zeros((k, polytope.count), dtype=bool)
    child = np.flatnonzero(polytope.parent != ROOT)
    known[polytope.letter[child], polytope.parent[child]] = True
    end = 0
    for cycle in polytope.cycles:
        end += len(cycle.word)
        known[cycle.word[0], end - 1] = cycle.closes or known[cycle.word[0], end - 1]
    letters, vertex = np.nonzero(~known[:, which])
    source = polytope.vertices[which]
    images = np.concatenate([source @ m.T for m in polytope.matrices])
    images = images[letters * which.size + vertex]
    return as_points(images, polytope.kind), np.stack([letters, which[vertex]], axis=1)


def extended(polytope: Polytope, x: FloatArray, image: IntArray) -> Polytope:
    """The polytope with images as new vertices. Shapes: `x` (m, D), `image` (m, 2)."""
    vertices = np.concatenate([polytope.vertices, vectors(x, polytope.kind)])
    parent = np.concatenate([polytope.parent, image[:, 1]])
    letter = np.concatenate([polytope.letter, image[:, 0]])
    return replace(polytope, vertices=vertices, parent=parent, letter=letter)


def with_roots(polytope: Polytope, x: FloatArray) -> Polytope:
    """The polytope with more vertices that are no images. Shapes: `x` (m, D)."""
    orphans = np.full(x.shape[0], ROOT, dtype=np.int64)
    return replace(
        polytope,
        vertices=np.concatenate([polytope.vertices, vectors(x, polytope.kind)]),
        parent=np.concatenate([polytope.parent, orphans]),
        letter=np.concatenate([polytope.letter, orphans]),
    )


def no_points(kind: HullKind, n: int) -> Points:
    """An empty batch."""
    d = 2 * n if kind is HullKind.ELLIPTIC else n
    return Points(
        np.zeros((0, d)),
        np.zeros((0, d, d)),
        np.zeros((0, d), dtype=np.int64),
        np.zeros((0, d), dtype=complex),
        np.zeros((0, d)),
        np.zeros((0, d)),
        np.zeros((0, d)),
        np.zeros(0),
        np.zeros((0, 2), dtype=np.int64),
    )


def first_pool(polytope: Polytope) -> Points:
    """One basis, of the vertices that are most independent; none for a monotone hull, which starts from slacks."""
    n = polytope.matrices.shape[1]
    if polytope.kind is HullKind.MONOTONE:
        return no_points(polytope.kind, n)
    candidates = as_points(polytope.vertices, polytope.kind)
    code = 2 * np.arange(polytope.count)
    factor = np.ones(polytope.count, dtype=complex)
    if polytope.kind is HullKind.ELLIPTIC:
        plain = polytope.vertices.astype(np.complex128)
        turns = [np.asarray(v, dtype=np.complex128) for v in (1j * plain, plain.conj(), 1j * plain.conj())]
        candidates = np.concatenate([candidates, *(as_points(v, polytope.kind) for v in turns)])
        code = np.concatenate([code, code, code + 1, code + 1])
        factor = np.concatenate([factor, 1j * factor, factor, 1j * factor])
    _, _, order = scipy.linalg.qr(candidates.T, mode="economic", pivoting=True)
    chosen = order[: candidates.shape[1]]
    d = candidates.shape[1]
    return Points(
        np.zeros((1, d)),
        np.linalg.inv(candidates[chosen].T)[None],
        code[chosen][None],
        factor[chosen][None],
        np.ones((1, d)),
        np.zeros((1, d)),
        np.zeros((1, d)),
        np.zeros(1),
        np.zeros((1, 2), dtype=np.int64),
    )
