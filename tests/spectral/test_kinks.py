"""What real trajectories do off a kink: proofs by cones against trajectories followed one by one."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import conservative as cj
from conservative._core.families import as_family
from conservative.spectral.counterexamples import KinkStatus, follow_kink
from conservative.spectral.counterexamples._cones import Cone, advance, apply
from conservative.spectral.counterexamples.observed import observe_function


def exact_pair(first, second, beta):
    return as_family([[[first, -beta], [1, 0]], [[second, -beta], [1, 0]]], call="test")


@given(st.lists(st.lists(st.integers(-8, 8), min_size=4, max_size=4), min_size=2, max_size=2), st.integers(1, 3))
@settings(deadline=None, max_examples=60)
def test_decay_off_the_kink_holds_for_sampled_trajectories(entries, direction):
    """Exact trajectories from many points against the proof by cones."""
    A = [[Fraction(x, 8) for x in entries[0][:2]], [Fraction(x, 8) for x in entries[0][2:]]]
    v, u = ((1, 0), (1, 1), (1, -2))[direction - 1], [Fraction(x, 8) for x in entries[1][:2]]
    B = [[A[i][j] - u[i] * v[j] for j in range(2)] for i in range(2)]
    family = as_family([A, B], call="test")
    report = follow_kink(family, max_steps=40)
    if not any(u):
        assert report.status is KinkStatus.NO_FUNCTION
        return
    assert report.status is not KinkStatus.NO_FUNCTION
    if report.status is KinkStatus.DIVERGES:
        angles = np.linspace(0, 2 * math.pi, 20_001)
        x = np.stack([np.cos(angles), np.sin(angles)])
        for _ in range(300):
            sides = v[0] * x[0] + v[1] * x[1] >= 0
            x = np.where(sides, np.array(A, dtype=float) @ x, np.array(B, dtype=float) @ x)
        assert np.abs(x).max() > 1
        return
    if report.status is not KinkStatus.DECAYS:
        return
    (p, q), (_, r) = report.weight
    assert p > 0 < p * r - q * q
    for turn in range(1, 30):
        start = [Fraction(1000 - turn * 67), Fraction(311 + 17 * turn)]
        state, product = start, np.array([[Fraction(1), Fraction(0)], [Fraction(0), Fraction(1)]], dtype=object)
        met = small = False
        for _ in range(report.steps):
            side = state[0] * v[0] + state[1] * v[1]
            met |= side == 0
            piece = np.array(A if side >= 0 else B, dtype=object)
            state, product = piece @ np.array(state, dtype=object), piece @ product
            weight = np.array(report.weight, dtype=object)
            rest = weight - product.T @ weight @ product
            small |= rest[0, 0] > 0 and rest[0, 0] * rest[1, 1] > rest[0, 1] ** 2
        assert met or small


def test_trajectories_that_diverge_although_both_pieces_are_stable():
    """Found by the search: momentum near 1, curvatures 1 and 9.7."""
    alpha, beta, kappa = Fraction(105, 256), Fraction(63, 64), Fraction(2477, 256)
    family = exact_pair(1 + beta - alpha, 1 + beta - alpha * kappa, beta)
    report = follow_kink(family)
    assert (report.status, report.converges) == (KinkStatus.DIVERGES, False)
    seen = []
    for turn in range(40):
        x = np.array([math.cos(turn), math.sin(turn)])
        for _ in range(2000):
            x = family.floats[0 if x[0] >= 0 else 1] @ x
        seen.append(np.linalg.norm(x))
    assert max(seen) > 1e6


def test_trajectories_of_an_unstable_pair_are_not_said_to_decay():
    report = follow_kink(exact_pair(Fraction(5, 2), Fraction(9, 4), Fraction(3, 4)), max_steps=20)
    assert (report.status, report.converges) == (KinkStatus.DIVERGES, False)
    turns = as_family([[[0, -1], [1, 0]], [[1, -1], [1, 0]]], call="test")
    assert follow_kink(turns, max_steps=20).status is KinkStatus.UNDECIDED


def test_the_kink_of_the_talk_is_met_again_after_six_steps():
    report = follow_kink(exact_pair(Fraction(3, 4), Fraction(3, 2), Fraction(3, 4)))
    assert report.status is KinkStatus.DECAYS
    assert report.returns == 6
    x = [Fraction(0), Fraction(1)]
    for _ in range(6):
        x = [(Fraction(3, 4) if x[0] >= 0 else Fraction(3, 2)) * x[0] - Fraction(3, 4) * x[1], x[0]]
    assert x[0] == 0


def test_larger_matrices_are_followed_from_points():
    A = sp.diag(sp.Matrix([[sp.Rational(3, 4), -sp.Rational(3, 4)], [1, 0]]), sp.Rational(1, 2))
    B = A.copy()
    B[0, 0] = sp.Rational(3, 2)
    report = follow_kink(as_family([A, B], call="test"))
    assert report.status is KinkStatus.OBSERVED
    far = as_family([sp.eye(3) / 2, sp.diag(1, 2, 3) / 4], call="test")
    assert follow_kink(far).status is KinkStatus.NO_FUNCTION


@pytest.mark.parametrize(
    ("expression", "centre", "status"),
    [
        ("Max(2*x, -a*x)", 0, KinkStatus.UNDECIDED),
        ("1 + Max((x - 1)/2, -a*(x - 1)/4)", 1, KinkStatus.OBSERVED),
        ("Abs(x)", 0, KinkStatus.UNDECIDED),
    ],
)
def test_trajectories_of_a_function_in_doubles(expression, centre, status):
    F = cj.from_sympy(expression, state=["x"], parameters=["a"])
    report = observe_function(F, {"x": centre}, {"a": Fraction(1)})
    assert (report.status, report.converges) == (status, False)


@given(st.integers(-8, 8), st.integers(-8, 8), st.integers(-8, 8), st.integers(-8, 8), st.integers(-8, 8))
@settings(deadline=None, max_examples=60)
def test_every_point_of_a_cone_reads_its_word(a, b, c, d, e):
    """The product of a cone is the product of the pieces that its interior points meet."""
    pieces, v = (((a, b), (c, d)), ((e, b), (a, d))), (1, 0)
    cones = [Cone(((0, 1), v), ((1, 0), (0, 1)), False), Cone((v, (0, -1)), ((1, 0), (0, 1)), False)]
    for _ in range(6):
        cones = [child for cone in cones for child in advance(cone, pieces, v)]
    for cone in cones[:200]:
        x = start = tuple(3 * p + 2 * q for p, q in zip(*cone.rays, strict=True))
        met = False
        for _ in range(6):
            met |= x[0] == 0
            x = apply(pieces[0 if x[0] >= 0 else 1], x)
        assert met or x == apply(cone.product, start)
