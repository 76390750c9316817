"""The invariant polytope algorithm: images of the vertices are added until every image lies in the hull."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from conservative.spectral.polytope.columns import Columns, ComplexArray, FloatArray, HullKind, IntArray
from conservative.spectral.polytope.gauge import Points, improve, refresh, start_points
from conservative.spectral.polytope.roots import Cycle, as_points, balanced, hull_kind

Vectors = NDArray[np.float64] | ComplexArray

ROOT = -1
"""Parent of the vertices that are not images."""

_INSIDE = 1 - 1e-9
_RANK = 1e-9
_POOL = 40

_FEW_STEPS, _MANY_STEPS = 4, 60
"""Simplex steps in multiples of the dimension: a few stragglers are not waited for while others are outside."""

_SMALL = 0.05
"""Size of the vectors that are added where the images of the cycles leave directions out."""


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


def start(matrices: FloatArray, cycles: Sequence[Cycle]) -> Polytope:
    """The hull of some cycles, with images added until they span the space, and small vectors where they never do.

    Parameters
    ----------
    matrices : ndarray, shape (k, n, n)
        The family divided by the radius to be proved.
    cycles : sequence of Cycle
        Without any, the unit vectors are the start.

    Returns
    -------
    Polytope
        Open, with all other images pending.
    """
    polytope = _started(matrices, balanced(cycles, matrices))
    fresh = _images(polytope, np.arange(polytope.count))
    return replace(polytope, pending=start_points(*fresh, _first_pool(polytope), polytope.columns))


def grow(polytope: Polytope, *, accept: float, max_vertices: int, deadline: float, writing: float = 0.0) -> Polytope:
    """Add images that lie outside until none does, or a budget ends.

    Parameters
    ----------
    polytope : Polytope
        From `start`, or from this function: growth goes on where it stopped.
    accept : float
        Images of gauge at most 1 + accept count as inside.
    max_vertices : int
    deadline : float
        `time.monotonic()` after which the polytope is returned as it is.
    writing : float
        Seconds per vertex that must be left before the deadline, for the proof.

    Returns
    -------
    Polytope
    """
    settled, pending = list(polytope.settled), polytope.pending.copy()
    while True:
        pending = _sorted_out(pending, settled, polytope, accept, steps=_FEW_STEPS, deadline=deadline)
        if pending.count and not (pending.lower > 1 + accept).any():
            pending = _sorted_out(pending, settled, polytope, accept, steps=_MANY_STEPS, deadline=deadline)
        done = not pending.count
        late = time.monotonic() + writing * polytope.count > deadline
        if done or late or polytope.count >= max_vertices:
            state = Growth.CLOSED if done else Growth.OPEN
            return replace(polytope, settled=tuple(settled), pending=pending, state=state)
        order = np.argsort(-pending.lower, kind="stable")
        outside = max(int((pending.lower > 1 + accept).sum()), 1)
        chosen = order[: max(min(outside, 4), (outside + 1) // 2)]
        before = polytope.count
        polytope = _extended(polytope, pending.x[chosen], pending.image[chosen])
        added = replace(polytope.columns, vertices=polytope.vertices[before:])
        pending = refresh(pending, added)
        pool = _pool(pending, settled, added)
        fresh = _images(polytope, np.arange(before, polytope.count))
        rest = pending.take(np.sort(order[chosen.size :]))
        pending = rest.joined(start_points(*fresh, pool, polytope.columns))


def _sorted_out(
    pending: Points, settled: list[Points], polytope: Polytope, accept: float, *, steps: int, deadline: float
) -> Points:
    """Simplex steps on the pending points; those inside go to the settled ones, the others come back."""
    improve(pending, polytope.columns, inside=_INSIDE, outside=1 + accept, steps=steps, deadline=deadline)
    confirmed = _confirmed(pending, polytope, accept)
    if confirmed.any():
        settled.append(pending.take(confirmed))
    return pending.take(~confirmed)


def _started(matrices: FloatArray, cycles: list[Cycle]) -> Polytope:
    """The cycles, with images added until they span the space (and, for monotone hulls, fill the orthant)."""
    kind, n = hull_kind(matrices, cycles), matrices.shape[1]
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
    polytope = Polytope(kind, matrices, stored, parent, letter, tuple(cycles), (), _no_points(kind, n), 0)
    while not _fills(polytope):
        wider = _with_new_directions(polytope)
        polytope = wider if wider.count > polytope.count else _with_small_roots(polytope)
    return replace(polytope, mean_count=polytope.count)


def _with_small_roots(polytope: Polytope) -> Polytope:
    """Small vectors in the directions that no image reaches; they are no images themselves."""
    if polytope.kind is HullKind.MONOTONE:
        missing = np.diag((polytope.vertices.max(axis=0) <= 0).astype(float))
        roots = missing[missing.any(axis=1)]
    else:
        spanned = scipy.linalg.orth(_spanning(polytope.vertices, polytope.kind).T, rcond=_RANK)
        roots = scipy.linalg.null_space(spanned.T).T
    vertices = np.concatenate([polytope.vertices, _SMALL * float(np.abs(polytope.vertices).max()) * roots])
    orphans = np.full(roots.shape[0], ROOT, dtype=np.int64)
    parent, letter = (np.concatenate([old, orphans]) for old in (polytope.parent, polytope.letter))
    return replace(polytope, vertices=vertices, parent=parent, letter=letter)


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
    x, image = _images(polytope, np.arange(polytope.count))
    if polytope.kind is HullKind.MONOTONE:
        empty = polytope.vertices.max(axis=0) <= 0
        useful = np.flatnonzero((x[:, empty] > 0).any(axis=1))[:4]
        return _extended(polytope, x[useful], image[useful])
    vectors = _vectors(x, polytope.kind)
    basis = scipy.linalg.orth(_spanning(polytope.vertices, polytope.kind).T, rcond=_RANK)
    outside = vectors - (vectors @ basis) @ basis.T
    size = np.abs(outside).max(axis=1)
    best = int(size.argmax())
    if size[best] <= _RANK * max(1.0, float(np.abs(polytope.vertices).max())):
        return polytope
    return _extended(polytope, x[[best]], image[[best]])


def _vectors(x: FloatArray, kind: HullKind) -> Vectors:
    if kind is HullKind.ELLIPTIC:
        n = x.shape[1] // 2
        return x[:, :n] + 1j * x[:, n:]
    return x


def _images(polytope: Polytope, which: IntArray) -> tuple[FloatArray, IntArray]:
    """Images of some vertices that are neither vertices of the tree nor the closing image of a cycle."""
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


def _extended(polytope: Polytope, x: FloatArray, image: IntArray) -> Polytope:
    vertices = np.concatenate([polytope.vertices, _vectors(x, polytope.kind)])
    parent = np.concatenate([polytope.parent, image[:, 1]])
    letter = np.concatenate([polytope.letter, image[:, 0]])
    return replace(polytope, vertices=vertices, parent=parent, letter=letter)


def _no_points(kind: HullKind, n: int) -> Points:
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


def _first_pool(polytope: Polytope) -> Points:
    """One basis, of the vertices that are most independent."""
    n = polytope.matrices.shape[1]
    if polytope.kind is HullKind.MONOTONE:
        return _no_points(polytope.kind, n)
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


def _pool(pending: Points, settled: list[Points], added: Columns) -> Points:
    """Bases and dual vectors to start from: a sample of those in use."""
    source = pending if pending.count >= _POOL or not settled else pending.joined(refresh(settled[-1], added))
    step = max(1, source.count // _POOL)
    return source.take(np.arange(0, source.count, step)[:_POOL])


def basis_columns(points: Points, columns: Columns) -> FloatArray:
    """The columns of every basis, from the vertices.

    Parameters
    ----------
    points : Points
    columns : Columns

    Returns
    -------
    ndarray, shape (m, D, D)
        Column j of basis i in ``[i, :, j]``.
    """
    n = columns.vertices.shape[1]
    vertex, conj = np.divmod(np.maximum(points.code, 0), 2)
    chosen = columns.vertices[vertex]
    if columns.kind is HullKind.ELLIPTIC:
        turned = points.factor[:, :, None] * np.where(conj[:, :, None] == 1, chosen.conj(), chosen)
        chosen = np.concatenate([turned.real, turned.imag], axis=2)
    else:
        chosen = chosen * points.factor.real[:, :, None]
        chosen = np.where(points.code[:, :, None] == -1, columns.mean, chosen)
        slack = points.code <= -2
        units = -np.eye(n)[np.where(slack, -2 - points.code, 0)]
        chosen = np.where(slack[:, :, None], units, chosen)
    return np.ascontiguousarray(chosen.transpose(0, 2, 1))


def _confirmed(points: Points, polytope: Polytope, accept: float) -> NDArray[np.bool_]:
    """Which points are inside when their coefficients are computed anew; spoiled bases start again."""
    spoiled = _is_spoiled(points)
    inside = (points.value <= 1 + accept) & ~spoiled
    which = np.flatnonzero(inside)
    if which.size:
        fresh = _solved(points.take(which), polytope.columns)
        # A coefficient that is negative by rounding costs what its modulus costs.
        good = (fresh >= -1e-11).all(axis=1)
        good &= (points.cost[which] * np.abs(fresh)).sum(axis=1) <= 1 + accept
        points.coefficients[which[good]] = np.maximum(fresh[good], 0)
        spoiled[which[~good]] = True
        inside[which[~good]] = False
    bad = np.flatnonzero(spoiled)
    if bad.size:
        again = start_points(points.x[bad], points.image[bad], _first_pool(polytope), polytope.columns)
        for name in ("inverse", "code", "factor", "cost", "coefficients"):
            getattr(points, name)[bad] = getattr(again, name)
    return inside


def _is_spoiled(points: Points) -> NDArray[np.bool_]:
    """Which bases have drifted: their inverses no longer give the coefficients."""
    expected = np.einsum("mij,mj->mi", points.inverse, points.x)
    size = 1 + np.abs(points.coefficients).max(axis=1, initial=0)
    drift = np.abs(expected - points.coefficients).max(axis=1, initial=0)
    return np.asarray(~(drift <= 1e-8 * size))


def _solved(points: Points, columns: Columns) -> FloatArray:
    """Coefficients from bases that are put together anew; not a number where one is singular."""
    bases = basis_columns(points, columns)
    try:
        return np.asarray(np.linalg.solve(bases, points.x[:, :, None])[:, :, 0])
    except np.linalg.LinAlgError:
        return np.full(points.x.shape, np.nan)


def reach(polytope: Polytope) -> float:
    """Estimate the largest gauge of an image: the family divided by it maps the polytope into itself.

    Parameters
    ----------
    polytope : Polytope

    Returns
    -------
    float
        At least 1.
    """
    return max([1.0] + [float(p.value.max()) for p in (*polytope.settled, polytope.pending) if p.count])


def optimised(polytope: Polytope, *, deadline: float) -> Polytope:
    """The same polytope with the gauges of all pending images as small as the simplex method finds them.

    Parameters
    ----------
    polytope : Polytope
    deadline : float

    Returns
    -------
    Polytope
    """
    pending = polytope.pending.copy()
    improve(pending, polytope.columns, inside=_INSIDE, outside=np.inf, steps=_MANY_STEPS, deadline=deadline)
    return replace(polytope, pending=pending)


def with_letters(polytope: Polytope, matrices: FloatArray, letters: Sequence[int], *, deadline: float) -> Polytope:
    """A polytope of some matrices as one of the whole family: the images of the other matrices are settled too.

    Parameters
    ----------
    polytope : Polytope
    matrices : ndarray, shape (k, n, n)
        The whole family in the coordinates and the scale of the polytope.
    letters : sequence of int
        letters[i] is the place of the polytope's i-th matrix.
    deadline : float

    Returns
    -------
    Polytope
    """
    place = np.asarray(letters, dtype=np.int64)
    others = np.setdiff1d(np.arange(matrices.shape[0]), place)

    def moved(points: Points) -> Points:
        return replace(points, image=np.stack([place[points.image[:, 0]], points.image[:, 1]], axis=1))

    whole = replace(
        polytope,
        matrices=matrices,
        letter=np.where(polytope.parent == ROOT, ROOT, place[polytope.letter]),
        cycles=tuple(replace(c, word=tuple(int(place[i]) for i in c.word)) for c in polytope.cycles),
        settled=tuple(moved(p) for p in polytope.settled),
        pending=moved(polytope.pending),
    )
    if not others.size:
        return whole
    images = np.concatenate([polytope.vertices @ matrices[i].T for i in others])
    source = np.stack([np.repeat(others, polytope.count), np.tile(np.arange(polytope.count), others.size)], axis=1)
    pool = polytope.settled[-1] if polytope.settled else _first_pool(polytope)
    fresh = start_points(
        as_points(images, polytope.kind), source, pool.take(np.arange(min(_POOL, pool.count))), polytope.columns
    )
    improve(fresh, polytope.columns, inside=_INSIDE, outside=np.inf, steps=_MANY_STEPS, deadline=deadline)
    return replace(whole, pending=whole.pending.joined(fresh))
