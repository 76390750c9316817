"""What real trajectories do off a kink: proofs by cones against trajectories followed one by one."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.stages import drawn

import conservative as cj
from conservative._core.families.as_family import as_family
from conservative.spectral.counterexamples import FunctionScope, KinkStatus, follow_kink
from conservative.spectral.counterexamples.observed import observe_function
from conservative.spectral.counterexamples.planar_cones import Cone, advance, apply


def exact_pair(first, second, beta):
    return as_family([[[first, -beta], [1, 0]], [[second, -beta], [1, 0]]], call="test")


@drawn(6, 60, st.lists(st.lists(st.integers(-8, 8), min_size=4, max_size=4), min_size=2, max_size=2), st.integers(1, 3))
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
    report = observe_function(F, {"x": Fraction(centre), "a": Fraction(1)})
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


x, y, k = sp.symbols("x y k", real=True)
TWO_PIECES = sp.Piecewise((x, x >= 0), (k * x, True))


def momentum_step(gradient):
    """Heavy ball with momentum 3/4; the counterexample in k at its fixed point 0, and the function there."""
    F = cj.from_sympy([x - gradient + sp.Rational(3, 4) * (x - y), x], state=[x, y], parameters=[k])
    found = cj.counterexample(F, ranges={k: ("1/5", "1/4")}, at={x: 0, y: 0}, converges=True, samples=256)
    return F.bind(found.parameters), found


def iterated(F, starts, steps):
    points = np.array(starts, dtype=float)
    reached = [points]
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            points = F.evaluate(points)
            reached.append(points)
    return np.array(reached)


SQUARE = [[a, b] for a in (-1, -0.6, 0, 0.3, 1) for b in (-1, -0.2, 0, 0.7, 1)]


@pytest.mark.parametrize(
    ("gradient", "scope"),
    [
        (TWO_PIECES, FunctionScope.EVERYWHERE),
        (k * x + (1 - k) * sp.Max(x, 0), FunctionScope.EVERYWHERE),
        (k * x + (1 - k) * (x + sp.Abs(x)) / 2, FunctionScope.EVERYWHERE),
        # A second kink at -1, and another fixed point beyond.
        (sp.Piecewise((x, x >= 0), (k * x, x >= -1), (5 * x + 5 - k, True)), FunctionScope.BOX),
        (TWO_PIECES + sp.Max(x - 10, 0) - sp.Max(x - 11, 0), FunctionScope.BOX),
        # Far away, and only in the second state.
        (TWO_PIECES + sp.Max(y - 100, 0), FunctionScope.BOX),
        (TWO_PIECES - x**3, FunctionScope.NEAR),
        (TWO_PIECES + sp.sin(x) ** 2 / 8, FunctionScope.NEAR),
        (k * x + (1 - k) * sp.Max(x + x**2 * y, 0), FunctionScope.NEAR),
        (TWO_PIECES + sp.exp(x) - 1 - x, FunctionScope.NEAR),
    ],
)
def test_a_function_is_said_to_be_its_two_piece_map_only_where_it_is(gradient, scope):
    F, found = momentum_step(gradient)
    claim = found.kink.function
    assert (found.kink.status, claim.scope) == (KinkStatus.DECAYS, scope)
    assert found.kink.converges == (scope is FunctionScope.EVERYWHERE)
    assert found.kink.map_converges
    assert "of the two-piece linear map of its Jacobians" in str(found)
    assert str(claim) in str(found)
    if scope in (FunctionScope.BOX, FunctionScope.NEAR):
        assert 0 < claim.radius < claim.box
        reached = iterated(F, np.array(SQUARE) * float(claim.radius), 300)
        assert np.abs(reached).max() <= claim.box
        assert np.abs(reached[-1]).max() < 1e-9 * float(claim.radius)
    if scope is FunctionScope.EVERYWHERE:
        assert np.abs(iterated(F, np.array(SQUARE) * 1e6, 400)[-1]).max() < 1e-3


def test_the_cubic_term_has_trajectories_that_run_away():
    """What is not claimed above: (-1/2, -1/2) is a fixed point near k = 1/4, and (2, 0) leaves for infinity."""
    F, found = momentum_step(TWO_PIECES - x**3)
    assert found.kink.function.radius < Fraction(1, 2)
    assert np.abs(F.evaluate([[-0.5, -0.5]]) - [[-0.5, -0.5]]).max() < 1e-12
    assert np.abs(iterated(F, [[2, 0]], 3)[-1]).max() > 1e8


def test_at_an_irrational_fixed_point_nothing_is_claimed_of_the_function():
    z = [s - sp.sqrt(2) for s in (x, y)]
    step = z[0] - TWO_PIECES.subs(x, z[0]) + sp.Rational(3, 4) * (z[0] - z[1])
    F = cj.from_sympy([step + sp.sqrt(2), x], state=[x, y], parameters=[k])
    found = cj.counterexample(F, ranges={k: ("1/5", "1/4")}, at={x: sp.sqrt(2), y: sp.sqrt(2)}, samples=256)
    assert found.kink.function.scope is FunctionScope.NOT_PROVED
    assert (found.kink.map_converges, found.kink.converges) == (True, False)


def test_the_sides_of_the_kink_are_those_of_the_function():
    """Whichever matrix comes first, `normal` points to the side on which the function has it."""
    _, found = momentum_step(sp.Piecewise((k * x, x <= 0), (x, True)))
    first = found.family.exact[0][0][0]
    expected = 1 if first == Fraction(3, 4) else -1
    assert found.kink.normal == (expected, 0)


def test_a_hole_of_the_function_is_outside_its_box():
    hole = sp.Piecewise((x, (x >= 0) & (x <= 4)), (k * x, (x < 0) & (x >= -4)))
    _, found = momentum_step(hole)
    assert found.kink.function.scope is FunctionScope.BOX
    assert found.kink.function.box <= 4


def random_gradient(rng):
    """A gradient with the kink of the two pieces at 0, perhaps bent, and other terms that vanish at 0."""
    half = lambda low, high: sp.Rational(int(rng.integers(2 * low, 2 * high + 1)), 2)  # noqa: E731
    kink = [x, x + half(-1, 1) * x**2, x + half(-1, 1) * y**2, sp.sin(x)][rng.integers(4)]
    gradient = [TWO_PIECES, k * x + (1 - k) * sp.Max(kink, 0), x + (k - 1) * sp.Min(kink, 0)][rng.integers(3)]
    others = [
        half(-2, 2) * x * y,
        half(-2, 2) * x**3,
        half(-2, 2) * sp.sin(y) ** 2,
        half(-3, 3) * sp.Max(x - half(1, 3), 0),
        half(-3, 3) * sp.Max(y + x - half(1, 4), 0),
        half(-1, 1) * (sp.exp(x * y) - 1),
        half(-2, 2) * (sp.Abs(y - 3) - 3 + y),
    ]
    return gradient + sum(rng.choice(others, size=rng.integers(3)), sp.Integer(0))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_claims_about_random_functions_hold_on_samples(seed):
    rng = np.random.default_rng(seed)
    try:
        F, found = momentum_step(random_gradient(rng))
    except cj.ConservativeError:  # no counterexample with these terms
        return
    claim, v = found.kink.function, np.array(found.kink.normal, dtype=float)
    A, B = found.family.floats
    half = 1e3 if claim.scope is FunctionScope.EVERYWHERE else float(claim.box or 0)
    if claim.scope in (FunctionScope.EVERYWHERE, FunctionScope.BOX):
        points = rng.uniform(-half, half, (300, 2))
        images = np.where((points @ v >= 0)[:, None], points @ A.T, points @ B.T)
        assert np.abs(F.evaluate(points) - images).max() <= 1e-9 * half
    if claim.radius is not None:
        starts = rng.uniform(-1, 1, (200, 2)) * float(claim.radius)
        starts[:50] = np.sign(starts[:50]) * float(claim.radius)
        reached = iterated(F, starts, 1000)
        assert np.abs(reached).max() <= half
        assert np.abs(reached[-1]).max() <= 1e-6 * float(claim.radius)
