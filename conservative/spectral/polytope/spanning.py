"""The start of a polytope: cycles, with images added until they span the space."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy.linalg

from conservative.spectral.polytope.columns import FloatArray, HullKind
from conservative.spectral.polytope.gauge import start_points
from conservative.spectral.polytope.roots import Cycle, as_points, balanced, hull_kind
from conservative.spectral.polytope.shape import (
    ROOT,
    Polytope,
    Vectors,
    extended,
    first_pool,
    images,
    no_points,
    vectors,
    with_roots,
)

_RANK = 1e-9

_SMALL = 0.05
"""Size of the vectors that are added where the images of the cycles leave directions out."""

_MEAN, _SMALL = 64, 1e-3
"""Vertices in the mean of a monotone hull at most, where every entry of it is at least this part of the largest."""


def start(matrices: FloatArray, cycles: Sequence[Cycle], *, monotone: bool = True) -> Polytope:
    """The hull of some cycles, with images added until they span the space, and small vectors where they never do.

    Shapes: `matrices` (k, n, n). `matrices`: the family divided by the radius to be proved. `cycles`: without any, the
    unit vectors are the start.
    """
    polytope = _started(matrices, balanced(cycles, matrices), monotone)
    fresh = images(polytope, np.arange(polytope.count))
    return replace(polytope, pending=start_points(*fresh, first_pool(polytope), polytope.columns))


def _started(matrices: FloatArray, cycles: list[Cycle], monotone: bool) -> Polytope:
    """The cycles, with images added until they span the space (and, for monotone hulls, fill the orthant)."""
    kind, n = hull_kind(matrices, cycles), matrices.shape[1]
    if kind is HullKind.MONOTONE and not monotone:
        kind = HullKind.SYMMETRIC
    vertices = np.concatenate([c.vertices for c in cycles]) if cycles else np.eye(n, dtype=complex)
    parent = np.full(vertices.shape[0], ROOT, dtype=np.int64)
    letter = np.full(vertices.shape[0], ROOT, dtype=np.int64)
    position = 0
    for cycle in cycles:
        length = len(cycle.word)
        parent[position + 1 : position + length] = np.arange(position, position + length - 1)
        letter[position + 1 : position + length] = cycle.word[:0:-1]
        position += length
    stored = vertices if kind is HullKind.ELLIPTIC else np.ascontiguousarray(vertices.real)
    polytope = Polytope(kind, matrices, stored, parent, letter, tuple(cycles), (), no_points(kind, n), 0)
    while not _fills(polytope):
        wider = _with_new_directions(polytope)
        polytope = wider if wider.count > polytope.count else _with_small_roots(polytope)
    # Of a long cycle a few vertices are enough for a positive mean, which proofs write out vertex by vertex.
    first = polytope.vertices[:_MEAN].real
    whole = bool((first.sum(axis=0) > _MEAN * _SMALL * polytope.vertices.real.max(axis=0)).all())
    return replace(polytope, mean_count=min(polytope.count, _MEAN) if whole else polytope.count)


def _with_small_roots(polytope: Polytope) -> Polytope:
    """Small vectors in the directions that no image reaches; they are no images themselves."""
    if polytope.kind is HullKind.MONOTONE:
        missing = np.diag((polytope.vertices.max(axis=0) <= 0).astype(float))
        roots = missing[missing.any(axis=1)]
    else:
        spanned = scipy.linalg.orth(_spanning(polytope.vertices, polytope.kind).T, rcond=_RANK)
        roots = scipy.linalg.null_space(spanned.T).T
    size = _SMALL * float(np.abs(polytope.vertices).max())
    return with_roots(polytope, as_points(np.asarray(size * roots), polytope.kind))


def _fills(polytope: Polytope) -> bool:
    if polytope.kind is HullKind.MONOTONE:
        return bool((polytope.vertices.real.max(axis=0) > 0).all())
    return _rank(polytope.vertices, polytope.kind) == int(polytope.matrices.shape[1])


def _spanning(vertices: Vectors, kind: HullKind) -> FloatArray:
    return np.concatenate([vertices.real, vertices.imag]) if kind is HullKind.ELLIPTIC else vertices.real


def _rank(vertices: Vectors, kind: HullKind) -> int:
    size = np.linalg.svd(_spanning(vertices, kind), compute_uv=False)
    return int((size > _RANK * size[0]).sum())


def _with_new_directions(polytope: Polytope) -> Polytope:
    """The images of the vertices that raise the rank (or fill new coordinates), one by one."""
    x, image = images(polytope, np.arange(polytope.count))
    if polytope.kind is HullKind.MONOTONE:
        empty = polytope.vertices.max(axis=0) <= 0
        useful = np.flatnonzero((x[:, empty] > 0).any(axis=1))[:4]
        return extended(polytope, x[useful], image[useful])
    found = vectors(x, polytope.kind)
    basis = scipy.linalg.orth(_spanning(polytope.vertices, polytope.kind).T, rcond=_RANK)
    outside = found - (found @ basis) @ basis.T
    size = np.abs(outside).max(axis=1)
    best = int(size.argmax()) if size.size else 0
    if not size.size or size[best] <= _RANK * max(1.0, float(np.abs(polytope.vertices).max())):
        return polytope
    return extended(polytope, x[[best]], image[[best]])
