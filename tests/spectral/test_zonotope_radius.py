"""Radii of zonotopes against the radii of their listed vertices, and the norms that bound them."""

import dataclasses
import time
from fractions import Fraction
from itertools import count, product

import flint
import numpy as np
import pytest
import sympy as sp
from hypothesis import Phase
from hypothesis import strategies as st
from strategies.stages import drawn

import conservative as cj
from conservative._core.exact.linear_algebra import is_positive_semidefinite, to_flint
from conservative._core.families.as_family import as_family
from conservative.spectral.radius.zonotope_radius import ZonotopeStatus, zonotope_radius
from conservative.spectral.semidefinite.pencil import symmetric_basis
from conservative.spectral.words.products import make_product
from conservative.spectral.zonotopes import as_square_zonotope, zonotope_norm
from conservative.spectral.zonotopes.interior_point import Inequality, _derivatives

UNSHRUNK = (Phase.explicit, Phase.generate)


def random_zonotope(seed, n, k, *, size=0.5):
    rng = np.random.default_rng(seed)
    base, U, V = rng.standard_normal((n, n)), rng.standard_normal((k, n)), rng.standard_normal((k, n))
    return cj.MatrixZonotope.from_rank_one(size * base / n, U / k**0.5, size * V / n)


@drawn(2, 20, st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(7, 9), phases=UNSHRUNK)
def test_the_bracket_agrees_with_the_vertices(seed, n, k):
    Z = random_zonotope(seed, n, k)
    found = zonotope_radius(Z, time_limit=None)
    vertices = cj.joint_spectral_radius(Z.extreme, time_limit=1.0)
    rounded = 1 + 1e-12  # vertices are rounded to doubles, which moves their radius
    assert found.lower <= vertices.upper * rounded
    assert vertices.lower <= found.upper * rounded
    assert found.upper <= 1.5 * vertices.upper


@drawn(4, 40, st.integers(0, 2**32 - 1), phases=UNSHRUNK)
def test_the_word_of_vertices_attains_the_lower_bound(seed):
    Z = random_zonotope(seed, 3, 8)
    found = zonotope_radius(Z, time_limit=None)
    letters = Z.center + np.einsum("lk,kp,kq->lpq", found.signs, *Z.factors)
    word = make_product(as_family(letters, call="test"), tuple(range(len(letters))))
    assert word.spectral_radius ** (1 / len(letters)) == pytest.approx(found.lower, rel=1e-9)
    assert set(np.unique(found.signs)) <= {-1.0, 1.0}


@drawn(8, 80, st.integers(0, 2**32 - 1), st.booleans(), phases=UNSHRUNK)
def test_every_vertex_has_the_proved_norm(seed, dense):
    Z = random_zonotope(seed, 2, 5)
    if dense:
        Z = cj.MatrixZonotope(Z.center, np.random.default_rng(seed).integers(-2, 3, (3, 2, 2)) / 8)
    norm = zonotope_norm(as_square_zonotope(Z))
    P, gamma = to_flint(norm.exact_weight), flint.fmpq(norm.exact_gamma.numerator, norm.exact_gamma.denominator)
    assert is_positive_semidefinite(P, strict=True)
    generators = Z.generators
    for signs in product((-1, 1), repeat=len(generators)):
        exact = [
            [
                Fraction(float(Z.center[i, j]))
                + sum(s * Fraction(float(G[i, j])) for s, G in zip(signs, generators, strict=True))
                for j in range(2)
            ]
            for i in range(2)
        ]
        A = to_flint(exact)
        assert is_positive_semidefinite(P * gamma**2 - A.transpose() * P * A)


@pytest.mark.slow
@pytest.mark.slow
def test_two_hundred_ties_on_twenty_states():
    rng = np.random.default_rng(3)
    n, k = 20, 200
    base = rng.standard_normal((n, n)) / n**0.5 / 2
    Z = cj.MatrixZonotope.from_rank_one(
        base, rng.standard_normal((k, n)) / (n * k) ** 0.5, rng.standard_normal((k, n)) / n**0.5 / 2
    )
    found = zonotope_radius(Z, time_limit=None)
    assert 0 < found.lower < found.upper < 1.6
    assert found.proof == "a quadratic norm"


@pytest.mark.slow
def test_a_thousand_ties_on_a_thousand_states_fall_back_to_norms():
    rng = np.random.default_rng(4)
    n = 1000
    base = np.diag(rng.random(n)) / 4
    Z = cj.MatrixZonotope.from_rank_one(base, np.eye(n), np.roll(np.eye(n), 1, axis=0) / 4)
    found = zonotope_radius(Z, time_limit=None)
    assert found.status is ZonotopeStatus.NORMS
    assert np.trace(base) / n * 0.99 < found.lower <= found.upper <= 0.51


def test_scaled_diagonals_have_the_radius_of_their_largest_vertex():
    """A = diag(t) M, 0 <= t <= 1, with M orthogonal: every member is a contraction, and t = 1 has radius one."""
    turn = np.array([[0.6, 0.8], [-0.8, 0.6]])
    M = np.kron(np.eye(4), turn)
    found = zonotope_radius(cj.MatrixZonotope.from_rank_one(np.zeros((8, 8)), np.eye(8), M), time_limit=None)
    assert found.lower <= 1 + 1e-12
    assert found.upper == pytest.approx(1.0, rel=1e-9)
    assert found.lower == pytest.approx(1.0, rel=1e-9)


def test_few_ties_are_decided_from_the_vertices():
    U, L = np.array([[1.0, 1], [0, 1]]), np.array([[1.0, 0], [1, 1]])
    Z = cj.MatrixZonotope((U + L) / 2, [(U - L) / 2])
    found = zonotope_radius(Z, time_limit=None)
    assert found.lower <= (1 + 5**0.5) / 2 <= found.upper
    assert found.upper - found.lower < 1e-8
    assert sorted(found.signs.ravel().tolist()) == [-1.0, 1.0]


def test_the_hull_of_a_polytope_has_the_radius_of_its_vertices():
    heavy_ball = [[[0.75, -0.75], [1, 0]], [[1.5, -0.75], [1, 0]]]
    hull = cj.joint_spectral_radius(cj.MatrixPolytope(heavy_ball))
    middle = np.vstack([heavy_ball, [np.mean(heavy_ball, axis=0)]])
    assert hull.bracket == cj.joint_spectral_radius(heavy_ball).bracket
    assert cj.joint_spectral_radius(middle, time_limit=5.0).lower <= hull.upper * (1 + 1e-9)


def test_exact_ties_of_a_jacobian_stay_exact():
    x = sp.symbols("x:8")
    F = cj.from_sympy([sp.Abs(v) / 3 for v in x], state=x)
    J = cj.jacobians.jacobian_zonotope(F, dict.fromkeys(x, 0))
    assert J.exact_factors is not None
    found = zonotope_radius(J, time_limit=None)
    assert found.lower <= 1 / 3 <= found.upper
    assert found.upper - found.lower < 1e-8
    assert abs(as_square_zonotope(J).rational_member(np.ones(8))[0, 0]) == flint.fmpq(1, 3)


@pytest.mark.parametrize("scale", [1e250, 1e-250])
def test_huge_and_tiny_entries_are_scaled(scale):
    Z = random_zonotope(5, 2, 8)
    U, V = Z.factors
    plain = zonotope_radius(cj.MatrixZonotope.from_rank_one(Z.center, U, V), time_limit=None)
    scaled = zonotope_radius(cj.MatrixZonotope.from_rank_one(Z.center * scale, U * scale, V), time_limit=None)
    assert scaled.upper == pytest.approx(plain.upper * scale, rel=1e-3)
    assert scaled.lower == pytest.approx(plain.lower * scale, rel=1e-6)


def test_no_time_leaves_a_proved_bracket():
    found = zonotope_radius(random_zonotope(6, 3, 9), time_limit=0.0)
    assert 0 <= found.lower <= found.upper < np.inf
    assert found.status in {ZonotopeStatus.TIME_LIMIT, ZonotopeStatus.CLOSED}
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.lower = 0.0


def test_a_point_is_one_matrix():
    found = zonotope_radius(cj.MatrixZonotope([[0.5, 1], [0, 0.25]], np.zeros((0, 2, 2))), time_limit=None)
    assert found.lower <= 0.5 <= found.upper
    assert found.upper - found.lower < 1e-12


def test_derivatives_of_the_barrier_match_differences():
    rng = np.random.default_rng(0)
    n, m = 3, 4
    inequality = Inequality(0.3 * rng.standard_normal((n, n + m)), 0.3 * rng.standard_normal((m, n)))
    square, P, d = inequality.start()
    basis = symmetric_basis(n)
    W = np.linalg.inv(inequality.value(square, P, d))
    gradient, hessian = _derivatives(inequality, square, W, basis)

    def barrier(z):
        return -np.linalg.slogdet(inequality.value(square, (basis @ z[:6]).reshape(n, n), z[6:]))[1]

    z, h, steps = np.concatenate([P[np.triu_indices(n)], d]), 1e-5, np.eye(10)
    slopes = [(barrier(z + h * e) - barrier(z - h * e)) / (2 * h) for e in steps]
    assert gradient == pytest.approx(np.array(slopes), abs=1e-6)
    bends = [
        [
            (barrier(z + h * (e + f)) - barrier(z + h * (e - f)) - barrier(z - h * (e - f)) + barrier(z - h * (e + f)))
            / (4 * h * h)
            for e in steps
        ]
        for f in steps
    ]
    assert hessian == pytest.approx(np.array(bends), abs=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: zonotope_radius(np.eye(2)), "use `joint_spectral_radius`"),
        (lambda: zonotope_radius(cj.MatrixZonotope([[1, 2]], [[[1, 0]]])), "square"),
        (lambda: zonotope_radius(random_zonotope(0, 2, 2), time_limit=-1), "seconds"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(cj.ConservativeError, match=message):
        call()


def test_subnormal_entries_and_zero_factors_are_harmless():
    tiny = 5e-324
    U = np.vstack([np.zeros((1, 2)), np.eye(2)[np.arange(8) % 2]])
    found = zonotope_radius(
        cj.MatrixZonotope.from_rank_one(np.diag([tiny, 0.0]), U, np.full((9, 2), tiny)), time_limit=2.0
    )
    assert 0 <= found.lower <= found.upper < 1e-300


def test_without_a_limit_no_clock_ends_the_search_for_words(monkeypatch):
    """Hours pass between any two looks at the clock."""
    rng = np.random.default_rng(4)
    center, U, V = 0.5 * rng.normal(size=(3, 3)), 0.4 * rng.normal(size=(8, 3)), 0.4 * rng.normal(size=(8, 3))
    Z, hours = cj.MatrixZonotope.from_rank_one(center, U, V), count(0, 3600)
    calm = zonotope_radius(Z, time_limit=None)
    with monkeypatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: float(next(hours)))
        slow = zonotope_radius(Z, time_limit=None)
    assert (slow.lower, slow.upper) == (calm.lower, calm.upper)
    assert len(slow.signs) == 3
