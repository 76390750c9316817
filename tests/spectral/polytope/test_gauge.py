"""Gauges by the batched simplex method against HiGHS and second-order cones, on good and on degenerate input."""

import numpy as np
import pytest
from hypothesis import strategies as st
from strategies.gauges import columns_of, first_basis, gauge
from strategies.stages import drawn

from conservative.spectral.polytope.columns import HullKind
from conservative.spectral.polytope.gauge import improve, refresh, start_points
from conservative.spectral.polytope.recheck import basis_columns

EXACT = {HullKind.SYMMETRIC: 1e-8, HullKind.MONOTONE: 1e-8, HullKind.ELLIPTIC: 1e-6}
KINDS = list(HullKind)


def random_vertices(kind, rng, *, count, n):
    if kind is HullKind.MONOTONE:
        return rng.random((count, n)) * (rng.random((count, n)) < 0.8) + 0.01
    real = rng.standard_normal((count, n))
    return real + 1j * rng.standard_normal((count, n)) if kind is HullKind.ELLIPTIC else real


def random_points(columns, rng, *, count):
    x = rng.standard_normal((count, columns.dimension))
    return np.abs(x) if columns.kind is HullKind.MONOTONE else x


def begun(columns, x, pool=None):
    image = np.zeros((len(x), 2), dtype=np.int64)
    return start_points(x, image, first_basis(columns) if pool is None else pool, columns)


def settled(columns, x, *, inside=-np.inf, outside=np.inf, pool=None):
    points = begun(columns, x, pool)
    improve(points, columns, inside=inside, outside=outside, steps=60, deadline=np.inf)
    return points


def assert_consistent(points, columns):
    """What every basis claims holds: its columns combine to the point, and its bounds are in order."""
    combined = np.einsum("mij,mj->mi", basis_columns(points, columns), points.coefficients)
    size = 1 + np.abs(points.x).max()
    np.testing.assert_allclose(combined, points.x, atol=1e-7 * size)
    assert (points.coefficients >= 0).all()
    assert (points.lower <= points.value + 1e-8 * size).all()
    np.testing.assert_allclose(np.abs(points.factor), 1, atol=1e-9)


def assert_gauges(columns, points, *, tol=None):
    wanted = np.array([gauge(columns, x) for x in points.x])
    np.testing.assert_allclose(points.value, wanted, rtol=tol or EXACT[columns.kind], atol=tol or EXACT[columns.kind])
    assert (points.lower <= wanted * (1 + 1e-6) + 1e-6).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("count", "n"), [(3, 2), (8, 3), (30, 4)])
def test_gauges_are_those_of_the_solvers(kind, count, n):
    rng = np.random.default_rng([count, n])
    columns = columns_of(kind, random_vertices(kind, rng, count=count, n=n))
    points = settled(columns, random_points(columns, rng, count=6))
    assert_consistent(points, columns)
    assert_gauges(columns, points)


@pytest.mark.parametrize("kind", KINDS)
def test_zero_is_inside_and_vertices_are_on_the_boundary_or_inside(kind):
    rng = np.random.default_rng(3)
    vertices = random_vertices(kind, rng, count=7, n=3)
    columns = columns_of(kind, vertices)
    stacked = np.concatenate([vertices.real, vertices.imag], axis=1)[:, : columns.dimension]
    points = settled(columns, np.concatenate([np.zeros((1, columns.dimension)), stacked]))
    assert points.value[0] == pytest.approx(0, abs=1e-12)
    assert_gauges(columns, points)
    assert (points.value[1:] <= 1 + 1e-9).all()


@pytest.mark.parametrize("kind", KINDS)
def test_repeated_vertices_and_zero_vertices_change_nothing(kind):
    rng = np.random.default_rng(4)
    vertices = random_vertices(kind, rng, count=6, n=3)
    x = random_points(columns_of(kind, vertices), rng, count=5)
    plain = settled(columns_of(kind, vertices), x).value
    zeros = np.zeros((2, 3), dtype=vertices.dtype)
    crowded = np.concatenate([vertices, vertices[::-1], zeros, vertices[:2]])
    np.testing.assert_allclose(settled(columns_of(kind, crowded), x).value, plain, rtol=1e-6)


@pytest.mark.parametrize("kind", [HullKind.SYMMETRIC, HullKind.MONOTONE])
def test_points_on_faces_of_every_dimension_have_gauge_one(kind):
    # Facets of the cross-polytope and of the simplex: every face is the hull of some unit vectors.
    columns = columns_of(kind, np.eye(5))
    x = np.array([[1.0] * k + [0.0] * (5 - k) for k in range(1, 6)]) / np.arange(1, 6)[:, None]
    points = settled(columns, x)
    np.testing.assert_allclose(points.value, 1, atol=1e-12)
    np.testing.assert_allclose(points.lower, 1, atol=1e-9)


def test_a_cube_has_the_maximum_norm_although_every_vertex_is_degenerate():
    corners = np.array([[(-1.0) ** (c >> i & 1) for i in range(6)] for c in range(32)])
    columns = columns_of(HullKind.SYMMETRIC, corners)
    x = np.concatenate([np.eye(6), corners[:3], np.random.default_rng(0).standard_normal((20, 6))])
    np.testing.assert_allclose(settled(columns, x).value, np.abs(x).max(axis=1), rtol=1e-10)


def test_the_disc_is_an_elliptic_hull_of_one_vertex():
    # u = (1, i): all points Re e^{-it} u make the unit circle; an ellipse c u + d conj(u) has gauge |c| + |d|.
    columns = columns_of(HullKind.ELLIPTIC, np.array([[1, 1j]]))
    rng = np.random.default_rng(1)
    c, d = rng.standard_normal((2, 12))
    turn = np.exp(1j * rng.uniform(0, 7, (2, 12)))
    u = np.outer(c * turn[0], [1, 1j]) + np.outer(d * turn[1], [1, -1j])
    points = settled(columns, np.concatenate([u.real, u.imag], axis=1))
    np.testing.assert_allclose(points.value, np.abs(c) + np.abs(d), rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("thin", [1e-3, 1e-6])
def test_nearly_flat_hulls(kind, thin):
    rng = np.random.default_rng(6)
    vertices = random_vertices(kind, rng, count=9, n=3) * np.array([1, 1, thin])
    columns = columns_of(kind, vertices)
    scale = np.tile([1, 1, thin], columns.dimension // 3)
    x = random_points(columns, rng, count=5) * scale
    round_columns = columns_of(kind, vertices / np.array([1, 1, thin]))
    np.testing.assert_allclose(settled(columns, x).value, settled(round_columns, x / scale).value, rtol=1e-5)


def test_a_coordinate_that_few_vertices_fill_is_covered():
    vertices = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1e-4]])
    points = settled(columns_of(HullKind.MONOTONE, vertices), np.array([[0.25, 0.25, 2e-5], [0, 0, 1e-3], [1, 0, 0]]))
    np.testing.assert_allclose(points.value, [0.7, 10, 1], rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_a_point_that_is_decided_is_left_alone(kind):
    rng = np.random.default_rng(8)
    columns = columns_of(kind, random_vertices(kind, rng, count=20, n=3))
    x = random_points(columns, rng, count=40)
    true = settled(columns, x).value
    points = settled(columns, x, inside=0.9, outside=1.1)
    assert_consistent(points, columns)
    decided = (points.value <= 0.9) | (points.lower > 1.1)
    between = (true > 0.9 + 1e-6) & (true < 1.1 - 1e-6)
    assert not (decided & between).any()
    assert (decided | between).all()
    assert (points.value >= true * (1 - 1e-6)).all()
    assert (points.lower <= true * (1 + 1e-6)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_warm_starts_after_new_vertices_end_where_cold_ones_do(kind):
    rng = np.random.default_rng(9)
    vertices = random_vertices(kind, rng, count=25, n=4)
    old, mean = columns_of(kind, vertices[:12]), vertices[:12].real.mean(axis=0)
    x = random_points(old, rng, count=15)
    points = settled(old, x)
    whole = type(old)(kind, vertices, mean)
    warm = refresh(points, type(old)(kind, vertices[12:], mean))
    cold = settled(whole, x)
    assert (warm.lower <= cold.value * (1 + 1e-6)).all()  # valid before any step is taken
    improve(warm, whole, inside=-np.inf, outside=np.inf, steps=60, deadline=np.inf)
    assert_consistent(warm, whole)
    np.testing.assert_allclose(warm.value, cold.value, rtol=EXACT[kind])
    pooled = settled(whole, x[::-1] * 0.5, pool=warm)
    np.testing.assert_allclose(pooled.value, cold.value[::-1] / 2, rtol=EXACT[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_no_time_and_no_steps_leave_valid_bounds(kind):
    rng = np.random.default_rng(10)
    columns = columns_of(kind, random_vertices(kind, rng, count=20, n=4))
    x = random_points(columns, rng, count=10)
    true = settled(columns, x).value
    for limits in ({"steps": 60, "deadline": -np.inf}, {"steps": 0, "deadline": np.inf}):
        points = begun(columns, x)
        assert improve(points, columns, inside=-np.inf, outside=np.inf, **limits) == 0
        assert (points.value >= true * (1 - 1e-6)).all()
        assert (points.lower <= true * (1 + 1e-6)).all()


entries = st.integers(-4, 4).map(float)


@drawn(25, 150, st.data())
def test_symmetric_and_monotone_hulls_of_small_integers(data):
    """Small integers are full of ties: repeated, opposite, zero and collinear vertices, points on faces."""
    kind = data.draw(st.sampled_from([HullKind.SYMMETRIC, HullKind.MONOTONE]))
    n = data.draw(st.integers(1, 4))
    rows = st.lists(st.lists(entries, min_size=n, max_size=n), min_size=1, max_size=6)
    vertices = np.concatenate([np.array(data.draw(rows)), np.eye(n)])
    x = np.array(data.draw(rows))
    if kind is HullKind.MONOTONE:
        vertices, x = np.abs(vertices), np.abs(x)
    columns = columns_of(kind, vertices)
    points = settled(columns, x)
    assert_consistent(points, columns)
    assert_gauges(columns, points)


@drawn(8, 80, st.data())
def test_elliptic_hulls_of_small_integers(data):
    n = data.draw(st.integers(1, 2))
    rows = st.lists(st.lists(entries, min_size=2 * n, max_size=2 * n), min_size=1, max_size=4)
    parts = np.array(data.draw(rows))
    vertices = np.concatenate([parts[:, :n] + 1j * parts[:, n:], np.eye(n)])
    columns = columns_of(HullKind.ELLIPTIC, vertices)
    points = settled(columns, np.array(data.draw(rows)))
    assert_consistent(points, columns)
    assert_gauges(columns, points, tol=1e-5)
