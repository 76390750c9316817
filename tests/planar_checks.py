"""Checks of planar sets and maps against `planar_oracle`, for the slow test and for `benchmarks/hunt_gaps.py`."""

import numpy as np
from numpy.typing import NDArray

from conservative.iteration import fixed_set, iterate_true, set_image
from conservative.matrix_sets import (
    CellUnion,
    FiniteSet,
    MatrixPolytope,
    MatrixSet,
    PlanarRegion,
    affine_image,
    gap,
    hausdorff_distance,
)
from tests.planar_oracle import (
    Cells,
    beyond_mixtures,
    distances,
    family,
    images,
    mesh,
    ring,
    samples,
    sliver_cells,
    to_geometry,
)

Floats = NDArray[np.float64]

_ROOM = 2e-11
"""What unions and brackets may be off, as a share of the size; the oracle itself is good to 1e-14."""


def one(rng: np.random.Generator) -> str:
    """One check of a random kind; its name."""
    checks = [check_gaps, check_gaps, check_exports, check_images, check_images, check_hull_images, check_fixed_sets]
    chosen = checks[int(rng.integers(len(checks)))]
    chosen(rng)
    return chosen.__name__


def union_of(cells: Cells) -> CellUnion:
    """The cells, padded by repeating a corner, as 2 × 1 matrices."""
    most = max(len(c) for c in cells)
    return CellUnion(np.stack([c[np.minimum(np.arange(most), len(c) - 1)] for c in cells])[..., None])


def size_of(*sets: Cells) -> float:
    return max(float(np.abs(c).max()) for cells in sets for c in cells) * 2.0 + 1e-300


def check_gaps(rng: np.random.Generator) -> None:
    X, Y = sliver_cells(rng), sliver_cells(rng)
    kind = rng.integers(4)
    if kind == 0:  # a part of the union itself: the gap is 0
        X = [Y[int(rng.integers(len(Y)))]]
    if kind == 1:
        Y = [*X, *Y]
    scale = 2.0 ** float(rng.choice([0, 0, 0, -900, 900, 40, -40]))
    ours, theirs = (union_of([scale * c for c in cells]) for cells in (X, Y))
    if rng.random() < 0.3:
        theirs = PlanarRegion(theirs.to_shapely())
    found = gap(ours, theirs, tol=1e-6 * scale * size_of(X, Y)) if rng.random() < 0.7 else gap(ours, theirs)
    lower, upper = found.lower / scale, found.upper / scale
    room = _ROOM * size_of(X, Y)
    seen = float(distances(samples(rng, X), Y).max())
    assert seen <= upper + room, f"a point at {seen}, bracket {lower} to {upper}: {X} {Y}"
    points, step = mesh(X)
    most = float(distances(points, Y).max()) + step
    assert lower <= most + room, f"nothing beyond {most}, bracket {lower} to {upper}: {X} {Y}"
    if kind <= 1:
        assert lower <= room, f"a part of the union, bracket {lower} to {upper}: {X} {Y}"
        assert upper <= 1e-5 * size_of(X, Y), f"a part of the union, bracket {lower} to {upper}: {X} {Y}"
    both = hausdorff_distance(ours, theirs, tol=1e-3 * scale * size_of(X, Y))
    assert both.lower <= both.upper
    assert both.upper / scale >= seen - room
    assert np.all(theirs.contains(ours.cells[0]) == (distances(X[0], Y) <= 1e-9 * size_of(Y))[: len(X[0])]) or kind > 1


def check_exports(rng: np.random.Generator) -> None:
    cells = sliver_cells(rng)
    shape = union_of(cells).to_shapely()
    assert shape.is_valid
    room = _ROOM * size_of(cells)
    away = to_geometry(samples(rng, cells), shape)
    assert away.max() <= room, f"lost by {away.max()}: {cells} {shape}"
    assert distances(np.array(_coordinates(shape)), cells).max() <= room, f"added: {cells} {shape}"
    inside = np.array([[part.representative_point().x, part.representative_point().y] for part in _parts(shape)])
    assert distances(inside, cells).max() <= room, f"added: {cells} {shape}"


def _parts(shape: object) -> list[object]:
    return [q for part in shape.geoms for q in _parts(part)] if hasattr(shape, "geoms") else [shape]


def _coordinates(shape: object) -> list[tuple[float, float]]:
    import shapely

    return [tuple(row) for row in shapely.get_coordinates(shape).tolist()]


def _blocks(A: Floats, b: Floats) -> Floats:
    return np.concatenate([A, b[:, :, None]], axis=2)


def check_images(rng: np.random.Generator) -> None:
    """True iterates of finite families, `set_image` and affine images, against hulls of images."""
    A, b = family(rng)
    X = sliver_cells(rng) if rng.random() < 0.5 else [np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=float)]
    start: MatrixSet = union_of(X)
    steps = int(rng.integers(1, 4))
    how = str(rng.choice(["auto", "region", "cells"]))
    run = iterate_true(FiniteSet(_blocks(A, b)), start, steps=steps, representation=how)
    truth, before = X, X
    for t, found in enumerate(run.sets[1:]):
        before, truth = truth, images(A, b, truth)
        _compare(rng, found, truth, where=f"step {t + 1}, {how}, A = {A.tolist()}, b = {b.tolist()}, X = {X}")
        seen = float(distances(samples(rng, before, count=20), truth).max())
        back = float(distances(samples(rng, truth, count=20), before).max())
        room = _ROOM * size_of(before, truth)
        assert max(seen, back) <= run.gaps[t].upper + room, f"gaps[{t}] {run.gaps[t]}, seen {seen}, {back}"
    _compare(rng, set_image(FiniteSet(_blocks(A, b)), start, tol=1e-3), images(A, b, X), where="set_image")
    region = PlanarRegion(start.to_shapely())
    where = f"affine_image of {X} under {A[0].tolist()}"
    _compare(rng, affine_image(region, A[0], b[0][:, None]), images(A[:1], b[:1], X), where=where)


def _compare(rng: np.random.Generator, found: MatrixSet, truth: Cells, *, where: str) -> None:
    room = _ROOM * size_of(truth)
    away = found.project(samples(rng, truth, count=30)[..., None]).lower
    assert away.max() <= found.e_missing + room, f"missing {away.max()}, {found.e_missing} said: {where}"
    extra = distances(found.extreme.reshape(-1, 2), truth) if not getattr(found, "margin", 0.0) else np.zeros(1)
    assert extra.max() <= found.e_extra + room, f"extra {extra.max()}, {found.e_extra} said: {where}"


def check_hull_images(rng: np.random.Generator) -> None:
    """True iterates of hulls of families, against images of points under mixtures."""
    A, b = family(rng)
    X = sliver_cells(rng)
    if rng.random() < 0.2:  # the images of a ring under maps near each other have a hole, which is not to be filled
        X, A = ring(), rng.normal(size=(2, 2)) + 0.1 * rng.normal(size=A.shape)
        A, b = A * (0.9 / np.linalg.norm(A, 2, axis=(1, 2)).max()), b[:1] + 0.1 * rng.normal(size=b.shape)
    how = str(rng.choice(["region", "cells"]))
    # At the default, a thousandth, images have ten thousand pieces, and the gap between the two sets takes long.
    run = iterate_true(_blocks(A, b), union_of(X), steps=1, representation=how, step_tol=0.02 * size_of(X, [b]))
    if len(run.sets) == 1:
        return
    weights = rng.dirichlet(np.full(len(A), 0.5), size=200)
    points = samples(rng, X)
    points = points[rng.integers(len(points), size=200)]
    made = np.einsum("nk,kij,nj->ni", weights, A, points) + weights @ b
    made = made[:: 1 if isinstance(run.sets[1], PlanarRegion) else 40]
    away = run.sets[1].project(made[..., None]).lower
    room = _ROOM * size_of(X, [made])
    assert away.max() <= run.sets[1].e_missing + room, f"missing {away.max()}: A = {A.tolist()}, b = {b.tolist()}, {X}"
    extra = beyond_mixtures(points_of(rng, run.sets[1]), A, b, X, reach=run.sets[1].e_extra + room)
    assert not len(extra), f"extra {extra[0]}, {run.sets[1].e_extra}: {how}, A = {A.tolist()}, b = {b.tolist()}, {X}"


def points_of(rng: np.random.Generator, S: PlanarRegion | CellUnion, *, count: int = 300) -> Floats:
    """Points of a set: of its boundary and inside, at the ends of the balls of a margin."""
    if isinstance(S, CellUnion):
        cells = S.cells[rng.integers(len(S.cells), size=count)].reshape(count, -1, 2)
        turns = rng.uniform(0.0, 2.0 * np.pi, size=(2 * count, 1))
        points = np.concatenate(
            [cells[:, 0], np.einsum("nk,nki->ni", rng.dirichlet(np.ones(cells.shape[1]), size=count), cells)]
        )
        return points + S.margin * np.concatenate([np.cos(turns), np.sin(turns)], axis=1)
    import shapely

    shape = S.to_shapely()
    corners = shapely.get_coordinates(shape)
    left, low, right, high = shape.bounds
    inside = rng.uniform((left, low), (right, high), (count, 2))
    some = corners[rng.integers(len(corners), size=count)]
    return np.concatenate([some, inside[shapely.intersects_xy(shape, *inside.T)]])


def check_fixed_sets(rng: np.random.Generator) -> None:
    """Random orbits end in the outer set, and the inner set is in it."""
    A, b = family(rng)
    convex = bool(rng.random() < 0.5)
    blocks = _blocks(A, b)
    found = fixed_set(blocks if convex else FiniteSet(blocks), tol=0.05, time_limit=0.7)
    point = np.zeros((100, 2))
    for _ in range(400):
        weights = rng.dirichlet(np.full(len(A), 0.3), size=100)
        weights = weights if convex else np.eye(len(A))[rng.integers(len(A), size=100)]
        point = np.einsum("nk,kij,nj->ni", weights, A, point) + weights @ b
    room = 1e-9 * (1.0 + float(np.abs(point).max()))
    where = f"A = {A.tolist()}, b = {b.tolist()}, convex {convex}"
    assert found.outer.project(point[..., None]).lower.max() <= room, f"an orbit leaves the outer set: {where}"
    inner = found.inner.extreme
    assert found.outer.project(inner).lower.max() <= found.inner.e_extra + room, f"inner leaves outer: {where}"
    assert found.distance.lower <= found.distance.upper
    assert isinstance(found.hull, MatrixPolytope)
    assert found.hull.project(point[..., None]).lower.max() <= found.hull.e_missing + room, f"hull: {where}"
