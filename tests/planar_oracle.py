"""Planar sets with slivers and maps of any rank, and their distances by brute force: shares no code with the kernels.

A set is a list of arrays of points, each standing for its hull. By Carathéodory's theorem a planar hull is the union of
the triangles of its points, so that distances are least values over segments, and zero in a triangle.
"""

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Cells = Sequence[Floats]


def distances(points: Floats, cells: Cells) -> Floats:
    """Distances of points to a union of hulls, to about 1e-15 of the size."""
    return np.min([_to_hull(points, cell) for cell in cells], axis=0)


def _to_hull(points: Floats, cell: Floats) -> Floats:
    """Of each point to the hull of one cell, or to its own: cells of shape (k, n, 2) for n points."""
    found = np.hypot(*(points - cell[0]).T)
    for a, b in combinations(cell, 2):
        edge = b - a
        square = (edge * edge).sum(axis=-1)
        share = np.clip(((points - a) * edge).sum(axis=1) / np.where(square > 0.0, square, np.inf), 0.0, 1.0)
        found = np.minimum(found, np.hypot(*(points - a - share[:, None] * edge).T))
    for a, b, c in combinations(cell, 3):
        turns = np.stack([_cross(q - p, points - p) for p, q in ((a, b), (b, c), (c, a))])
        found = np.where((turns > 0.0).all(axis=0) | (turns < 0.0).all(axis=0), 0.0, found)
    return found


def _cross(u: Floats, v: Floats) -> Floats:
    return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]


def samples(rng: np.random.Generator, cells: Cells, *, count: int = 200) -> Floats:
    """Vertices, points of edges and points inside of every hull."""
    found = []
    for cell in cells:
        weights = rng.dirichlet(np.full(len(cell), 0.5), size=count)
        found += [cell, weights @ cell]
        for a, b in combinations(cell, 2):
            found.append(a + np.linspace(0.0, 1.0, 21)[:, None] * (b - a))
    return np.concatenate(found)


def mesh(cells: Cells, *, steps: int = 40) -> tuple[Floats, float]:
    """Points of the hulls, and how far from them a point of the hulls can be."""
    found, step = [], 0.0
    for cell in cells:
        step = max(step, max(float(np.hypot(*(a - b))) for a in cell for b in cell) / steps)
        corners = list(combinations(cell, 3)) if len(cell) > 2 else [(cell[0], cell[-1], cell[-1])]
        i, j = np.meshgrid(np.arange(steps + 1), np.arange(steps + 1))
        i, j = i[i + j <= steps] / steps, j[i + j <= steps] / steps
        found += [a + i[:, None] * (b - a) + j[:, None] * (c - a) for a, b, c in map(tuple, corners)]
    return np.concatenate(found), 2.0 * step


def sliver_cells(rng: np.random.Generator) -> list[Floats]:
    """Hulls that give overlays trouble: collinear up to rounding, crossing, touching, repeated, of mixed widths."""
    kind = rng.integers(8)
    if kind == 0:  # mirrored slivers through three points of a line
        a, b = np.round(rng.uniform(0.05, 0.5, size=2), int(rng.integers(1, 4)))
        k = float(rng.choice([2.0, 3.0, 3.3, 1.7]))
        return [np.array([(0, 0), (a, b), (k * a, k * b)]), np.array([(1, 0), (1 - a, b), (1 - k * a, k * b)])]
    if kind == 1:  # collinear points of one line, and a triangle on it
        u, t = rng.normal(size=2), rng.normal(size=(2, 3, 1))
        return [t[0] * u, t[1] * u, np.stack([0 * u, u, rng.normal(size=2)])]
    if kind == 2:  # triangles that share parts of an edge
        a, b = rng.normal(size=(2, 2))
        t = np.sort(rng.random(2))
        side = np.array([b[1] - a[1], a[0] - b[0]])
        return [
            np.stack([a, b, a + side]),
            np.stack([a + t[0] * (b - a), a + t[1] * (b - a), a - 0.3 * side]),
        ]
    if kind == 3:  # thin triangles through one point
        ends, width = rng.normal(size=(3, 2)), 10.0 ** rng.integers(-18, -2)
        return [np.stack([e, -e, -e + width * rng.normal(size=2)]) for e in ends]
    if kind == 4:  # segments and repeated points
        p = rng.normal(size=(4, 2))
        return [p[[0, 1, 1]], p[[2, 3, 2]], p[[0, 0, 0]], np.stack([p[0], 0.5 * (p[0] + p[1]), p[3]])]
    if kind == 5:  # images of a square under maps of rank one and two
        square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=float)
        maps = [np.outer(*np.round(rng.normal(size=(2, 2)), 1)), rng.normal(size=(2, 2))]
        return [square @ A.T + np.round(rng.normal(size=2), 1) for A in maps]
    if kind == 6:  # a grid of triangles on few coordinates
        return [np.array(c) / 10.0 for c in rng.integers(0, 11, size=(int(rng.integers(2, 6)), 3, 2))]
    return list(rng.normal(size=(int(rng.integers(2, 5)), 3, 2)) * [1.0, 10.0 ** rng.integers(-15, 1)])


def ring(count: int = 40) -> list[Floats]:
    """Cells around a circle."""
    angle = np.arange(count + 1) * (2.0 * np.pi / count)
    around = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return [np.concatenate([around[i : i + 2], 0.9 * around[i : i + 2]]) for i in range(count)]


def family(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Two or three contracting maps of the plane, most of them singular: A of shape (k, 2, 2), B of shape (k, 2)."""
    maps = []
    for _ in range(int(rng.integers(1, 4))):
        kind = rng.integers(6)
        u, v = np.round(rng.normal(size=(2, 2)), 1)
        if kind <= 1:
            A = np.outer(u, v)
        elif kind == 2:  # the projection onto a line
            A = np.outer(u, u) / max(u @ u, 0.01)
        elif kind == 3:
            A = np.zeros((2, 2))
        elif kind == 4:  # nearly singular
            A = np.outer(u, v) + 10.0 ** rng.integers(-17, -3) * rng.normal(size=(2, 2))
        else:
            A = rng.normal(size=(2, 2))
        maps.append(A * min(1.0, 0.9 / max(np.linalg.norm(A, 2), 1e-9)))
    return np.array(maps), np.round(rng.normal(size=(len(maps), 2)), 1)


def images(A: Floats, b: Floats, cells: Cells) -> list[Floats]:
    """The hulls that are the images under finitely many maps."""
    return [cell @ L.T + c for L, c in zip(A, b, strict=True) for cell in cells]


def beyond_mixtures(points: Floats, A: Floats, b: Floats, cells: Cells, *, reach: float, rounds: int = 9) -> Floats:
    """Those points that are farther than `reach` from all images of the cells under mixtures of the maps, for certain.

    Simplices of weights are split in halves at their longest edges. Weights λ and μ move a point by at most
    |λ − μ|₁/2 times the largest distance of two of its images; whatever is undecided in the end counts as near.
    """
    far = np.ones(len(points), dtype=bool)
    for cell in cells:
        made = np.einsum("kij,nj->kni", A, cell) + b[:, None]
        spread = max(float(np.hypot(*(made[i] - made[j]).T).max()) for i in range(len(A)) for j in range(len(A)))
        which, corners = np.flatnonzero(far), np.broadcast_to(np.eye(len(A)), (int(far.sum()), len(A), len(A)))
        for _ in range(rounds * (len(A) - 1) + 1):
            middle = corners.mean(axis=1)
            away = _to_hull(points[which], np.einsum("nk,kci->cni", middle, made))
            far[which[away <= reach]] = False
            radius = 0.5 * np.abs(corners - middle[:, None]).sum(axis=2).max(axis=1) * spread
            left = far[which] & (away - radius <= reach)
            which, corners = which[left], corners[left]
            if not len(which):
                break
            which, corners = np.repeat(which, 2), _halved(corners)
        far[which] = False
    return points[far]


def _halved(corners: Floats) -> Floats:
    """Simplices of shape (n, k, k) in halves, each followed by its other one."""
    lengths = np.abs(corners[:, :, None] - corners[:, None]).sum(axis=3).reshape(len(corners), -1)
    i, j = np.unravel_index(lengths.argmax(axis=1), 2 * corners.shape[1:2])
    found, rows = np.repeat(corners, 2, axis=0), np.arange(len(corners))
    middle = 0.5 * (corners[rows, i] + corners[rows, j])
    found[2 * rows, i] = middle
    found[2 * rows + 1, j] = middle
    return found


def geometry_cells(geometry: Any) -> tuple[list[Any], list[Floats]]:
    """The polygons of a geometry, and the segments and points of all of its boundary, from its well-known text tree."""
    import shapely

    if hasattr(geometry, "geoms"):
        found = [geometry_cells(part) for part in geometry.geoms]
        return [p for polygons, _ in found for p in polygons], [s for _, segments in found for s in segments]
    if geometry.geom_type == "Polygon":
        rings = [np.array(ring.coords) for ring in (geometry.exterior, *geometry.interiors)]
        return [rings], [np.stack(pair) for ring in rings for pair in pairwise(ring)]
    line = shapely.get_coordinates(geometry)
    return [], [line] if len(line) == 1 else [np.stack(pair) for pair in pairwise(line)]


def to_geometry(points: Floats, geometry: Any) -> Floats:
    """Distances of points to a geometry: zero where a polygon's rings wind around them, by even-odd crossings."""
    polygons, segments = geometry_cells(geometry)
    found = distances(points, segments)
    for rings in polygons:
        crossings = np.zeros(len(points), dtype=int)
        for ring in rings:
            a, b = ring[:-1], ring[1:]
            spans = (a[:, 1] > points[:, None, 1]) != (b[:, 1] > points[:, None, 1])
            rise = np.where(a[:, 1] != b[:, 1], b[:, 1] - a[:, 1], 1.0)
            x = a[:, 0] + (points[:, None, 1] - a[:, 1]) / rise * (b[:, 0] - a[:, 0])
            crossings += (spans & (points[:, None, 0] < x)).sum(axis=1)
        found = np.where(crossings % 2 == 1, 0.0, found)
    return found
