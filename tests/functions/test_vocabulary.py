"""The vocabulary against definitions: argmins, sorted arrays, optimality, sampled gradients; and bad input."""

import functools
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.stages import drawn

import conservative as cj
from conservative import vocabulary as V

SYMBOLS = sympy.symbols("a b c d e f g h")
VECTORS = st.integers(2, 5).flatmap(lambda n: st.lists(st.integers(-6, 6), min_size=n, max_size=n))
PARAMETER = sympy.Symbol("t")


@functools.cache
def built(function, n):
    return cj.from_sympy(function(SYMBOLS[:n]), state=SYMBOLS[:n])


@functools.cache
def of_order(function, n, k):
    return cj.from_sympy(function(SYMBOLS[:n], k=k), state=SYMBOLS[:n])


@given(VECTORS)
@settings(deadline=None, max_examples=60)
def test_order_statistics_are_those_of_a_sorted_array(values):
    n, array = len(values), np.array(values, dtype=float)
    ordered = np.sort(array)
    assert (built(V.sort, n).evaluate(array) == ordered).all()
    assert built(V.median, n).evaluate(array).item() == np.median(array)
    for k in range(1, n + 1):
        assert (of_order(V.top_k, n, k).evaluate(array) == ordered[::-1][:k]).all()
        assert of_order(V.order_statistic, n, k).evaluate(array).item() == ordered[k - 1]
        assert of_order(V.sum_largest, n, k).evaluate(array).item() == ordered[-k:].sum()


@pytest.mark.parametrize("n", [7, 8, 16, 33])
def test_long_lists_are_sorted(n):
    symbols = sympy.symbols(f"v:{n}")
    F = cj.from_sympy([*V.sort(symbols), V.sum_largest(symbols, k=n // 2)], state=symbols)
    array = np.random.default_rng(n).integers(0, 9, (300, n)).astype(float)
    values = F.evaluate(array)
    assert (values[:, :n] == np.sort(array)).all()
    assert (values[:, n] == np.sort(array)[:, -(n // 2) :].sum(axis=1)).all()


PROJECTIONS = [
    ("box", lambda v: V.project_box(v, lower=-1, upper=2), lambda w: (w >= -1).all() and (w <= 2).all()),
    ("nonnegative", V.project_nonnegative, lambda w: (w >= 0).all()),
    ("halfspace", lambda v: V.project_halfspace(v, normal=range(1, len(v) + 1), offset=1), None),
    ("simplex", V.project_simplex, lambda w: (w >= 0).all() and abs(w.sum() - 1) < 1e-9),
    ("l1", lambda v: V.project_l1_ball(v, radius=3), lambda w: np.abs(w).sum() <= 3 + 1e-9),
    ("l2", lambda v: V.project_l2_ball(v, radius=2), lambda w: np.linalg.norm(w) <= 2 + 1e-9),
]


@pytest.mark.parametrize(("project", "inside"), [p[1:] for p in PROJECTIONS], ids=[p[0] for p in PROJECTIONS])
def test_projections_satisfy_the_variational_inequality(project, inside):
    rng = np.random.default_rng(5)
    for n in (2, 3, 7):
        weights = np.arange(1, n + 1)
        member = inside or (lambda w, a=weights: w @ a <= 1 + 1e-9)
        F = built(project, n)
        points = rng.normal(scale=3, size=(60, n))
        images = F.evaluate(points)
        assert all(member(w) for w in images)
        # <v - Pv, w - Pv> <= 0 for the members w that the projections of other points are
        products = np.einsum("in,ijn->ij", points - images, images[None, :] - images[:, None])
        assert products.max() <= 1e-9


def l2(w):
    return np.linalg.norm(w, axis=-1)


PROXES = [
    (lambda v: V.prox_l1(v, weight=2), lambda w: 2 * np.abs(w).sum(-1)),
    (
        lambda v: V.prox_elastic_net(v, weight=1, ridge=3),
        lambda w: np.abs(w).sum(-1) + 1.5 * (w**2).sum(-1),
    ),
    (
        lambda v: V.prox_nonnegative_l1(v, weight=1),
        lambda w: np.where((w >= 0).all(-1), w.sum(-1), np.inf),
    ),
    (lambda v: V.prox_group(v, weight=2), lambda w: 2 * l2(w)),
    (lambda v: V.prox_norm_inf(v, weight=2), lambda w: 2 * np.abs(w).max(-1)),
    (lambda v: [V.prox_hinge(z, weight=2) for z in v], lambda w: 2 * np.maximum(0, 1 - w).sum(-1)),
]


@pytest.mark.parametrize(("prox", "penalty"), PROXES)
def test_proximal_operators_minimise(prox, penalty):
    rng = np.random.default_rng(1)
    F = built(prox, 3)
    for v in (*rng.normal(scale=3, size=(30, 3)), np.zeros(3), np.array([2.0, -2.0, 1.0])):
        w = F.evaluate(v)
        steps = rng.normal(size=(400, 3)) * np.exp(rng.uniform(-7, 1, (400, 1)))
        nearby = w + np.concatenate([steps, steps * [1, 0, 0]])
        values = penalty(nearby) + ((nearby - v) ** 2).sum(-1) / 2
        assert (values >= penalty(w) + ((w - v) ** 2).sum() / 2 - 1e-12).all()


def test_scalar_functions_are_those_of_numpy():
    x = SYMBOLS[0]
    z = np.linspace(-4, 4, 65)
    soft = np.sign(z) * np.maximum(np.abs(z) - 0.5, 0)
    huber = np.where(np.abs(z) <= 2, z**2 / 2, 2 * np.abs(z) - 2)
    for expression, expected in (
        (V.relu(x), np.maximum(z, 0)),
        (V.leaky_relu(x, slope=Fraction(1, 4)), np.where(z > 0, z, z / 4)),
        (V.clip(x, lower=-1, upper=2), np.clip(z, -1, 2)),
        (V.hard_tanh(x), np.clip(z, -1, 1)),
        (V.soft_tanh(x), z / (1 + np.abs(z))),
        (V.hinge(x), np.maximum(0, 1 - z)),
        (V.insensitive(x, width=1), np.maximum(np.abs(z) - 1, 0)),
        (V.huber(x, width=2), huber),
        (V.soft_threshold(x, threshold=0.5), soft),
    ):
        values = cj.from_sympy(expression, state=[x]).evaluate(z[:, None])[:, 0]
        assert np.abs(values - expected).max() <= 1e-15


def test_norms_are_those_of_numpy():
    points = np.random.default_rng(0).normal(size=(50, 4))
    for function, order in ((V.norm1, 1), (V.norm2, 2), (V.norm_inf, np.inf)):
        assert np.allclose(built(function, 4).evaluate(points)[:, 0], np.linalg.norm(points, order, axis=1))
    assert np.allclose(built(V.total_variation, 4).evaluate(points)[:, 0], np.abs(np.diff(points)).sum(1))


FAMILIES = [
    V.sort,
    V.project_simplex,
    lambda v: V.project_l1_ball(v, radius=2),
    lambda v: V.prox_norm_inf(v, weight=2),
    lambda v: V.prox_l1(v, weight=1),
    lambda v: V.total_variation(v),
    lambda v: V.sum_largest(v, k=2),
    lambda v: V.project_halfspace(v, normal=[1] * len(v), offset=1),
]


@drawn(8, 80, st.sampled_from(FAMILIES), st.lists(st.integers(-2, 2), min_size=3, max_size=3), st.integers(0, 10**6))
def test_cells_lie_in_sampled_gradients_and_these_in_the_selection(family, at, seed):
    """At lattice points, where ties abound; piecewise affine, so that gradients near the point are limits at it."""
    F = built(family, 3)
    J, cells = (cj.conservative_jacobian(F, at, kind=kind) for kind in ("selection", "conical"))
    steps = np.random.default_rng(seed).uniform(-1, 1, (40, 3)) * 1e-3
    near = at + steps
    slopes = [(F.evaluate(near + 1e-7 * e) - F.evaluate(near - 1e-7 * e)) / 2e-7 for e in np.eye(3)]
    gradients = np.stack(slopes, axis=-1)
    program = cj.MatrixPolytope(J.vertices)
    assert np.asarray(program.contains(gradients, tol=1e-6)).all()
    assert np.asarray(program.contains(cells.vertices, tol=1e-9)).all()
    assert all(np.abs(gradients - c).max(axis=(1, 2)).min() < 1e-6 for c in cells.vertices) or len(cells.vertices) > 6


def test_the_infinity_norm_prox_is_constant_around_zero():
    J = cj.conservative_jacobian(built(lambda v: V.prox_norm_inf(v, weight=1), 3), [0, 0, 0])
    assert len(J.vertices) == 1
    assert not J.vertices.any()


@pytest.mark.parametrize("kind", ["selection", "conical"])
@pytest.mark.parametrize("at", [[0, 0, 0], [0.0, 0.0, 0.0]])
def test_the_euclidean_norm_at_zero_is_refused_with_its_reason(at, kind):
    F = built(V.norm2, 3)
    with pytest.raises(cj.ConservativeError, match=r"no finite selection.*unit ball"):
        cj.conservative_jacobian(F, at, kind=kind)
    assert np.allclose(cj.conservative_jacobian(F, [0, 3, 4], kind=kind).vertices, [[[0, 0.6, 0.8]]])


def test_weighted_norms_are_recognised_and_other_roots_are_not():
    a, b = SYMBOLS[:2]
    for expression, reason in (
        (sympy.sqrt(2 * (a - 1) ** 2 + 3 * b**2), "unit ball"),
        (sympy.sqrt(a - 1), "no finite selection of smooth pieces"),
        (sympy.sqrt(sympy.expand((a - 1 - b) ** 2)), "write Abs"),
    ):
        with pytest.raises(cj.ConservativeError, match=reason):
            cj.conservative_jacobian(cj.from_sympy(expression, state=[a, b]), [1, 0])


def test_the_set_of_the_euclidean_norm():
    ball = V.norm2_subdifferential([0, 0, 0])
    assert (ball.radius, ball.center.tolist()) == (1.0, [0, 0, 0])
    directions = np.random.default_rng(0).normal(size=(20, 3))
    assert np.allclose(ball.support(directions), np.linalg.norm(directions, axis=1))
    # the support function of Clarke's set is the directional derivative
    for v in (np.array([1.0, -2.0, 2.0]), np.array([3e-200, 0, 4e-200])):
        scale = np.linalg.norm(v / np.abs(v).max()) * np.abs(v).max()
        point = V.norm2_subdifferential(v)
        assert np.allclose(point.support(directions), directions @ (v / scale))
        assert point.contains(v / scale)
    assert ball.contains([[0, 0, 1], [0.6, 0.9, 0]]).tolist() == [True, False]


def test_networks_are_shown_by_name():
    F = cj.from_sympy(["project_simplex(1, a, b, c, d)", "median(a, b, c, d, e)"], state=SYMBOLS[:5])
    text = str(F.expressions)
    assert "LargestSum(2, a, b, c, d)" in text
    assert "SortedValue(3, a, b, c, d, e)" in text
    symbols = sympy.symbols("v:30")
    G = cj.from_sympy(V.project_simplex(symbols), state=symbols)
    J = cj.conservative_jacobian(G, [0.5, 0.5, 1e-8] + [-1.0] * 27)
    assert J.near_ties
    assert max(len(tie.expression) for tie in J.near_ties) < 10_000


def test_known_numbers_are_evaluated():
    assert V.SortedValue(2, 5, 1, 4) == 4
    assert V.LargestSum(2, 5, 1, sympy.Rational(9, 2)) == sympy.Rational(19, 2)
    assert V.SortedValue(2, *SYMBOLS[:3]).subs(dict(zip(SYMBOLS, (3, 9, 4), strict=False))) == 4


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: V.relu("a"), "sympy expression"),
        (lambda: V.relu(float("nan")), "finite real number"),
        (lambda: V.relu(sympy.I), "finite real number"),
        (lambda: V.relu(True), "sympy expression"),
        (lambda: V.relu([SYMBOLS[0]]), "sympy expression"),
        (lambda: V.relu(sympy.MatrixSymbol("A", 2, 2)), "entry by entry"),
        (lambda: V.sort(SYMBOLS[0]), "list of length one"),
        (lambda: V.sort([]), "at least one entry"),
        (lambda: V.sort(SYMBOLS[:1] * 1001), "at most 1,000"),
        (lambda: V.clip(SYMBOLS[0], lower=2, upper=1), "lower <= upper"),
        (lambda: V.project_box(SYMBOLS[:2], lower=[0, 0, 0]), "each of the 2"),
        (lambda: V.project_box(SYMBOLS[:2], lower=[0, 3], upper=[1, 2]), "lower <= upper"),
        (lambda: V.project_simplex(SYMBOLS[:2], radius=0), "> 0"),
        (lambda: V.project_l1_ball(SYMBOLS[:2], radius=-1), "> 0"),
        (lambda: V.project_halfspace(SYMBOLS[:2], normal=[0, 0]), "not zero"),
        (lambda: V.project_halfspace(SYMBOLS[:2], normal=[1]), "each of the 2"),
        (lambda: V.prox_l1(SYMBOLS[:2], weight=-1), ">= 0"),
        (lambda: V.order_statistic(SYMBOLS[:3], k=0), "from 1 to 3"),
        (lambda: V.top_k(SYMBOLS[:3], k=4), "from 1 to 3"),
        (lambda: V.sum_largest(SYMBOLS[:3], k=1.5), "from 1 to 3"),
        (lambda: V.norm2_subdifferential([[1, 2]]), "shape"),
        (lambda: V.norm2_subdifferential([1, np.inf]), "finite"),
        (lambda: V.norm2_subdifferential([0, 0]).support([1, 2, 3]), "shape"),
        (lambda: cj.from_sympy(V.SortedValue(PARAMETER, *SYMBOLS[:2]), state=[*SYMBOLS[:2], PARAMETER]), "rank"),
        (lambda: cj.from_sympy(V.LargestSum(3, *SYMBOLS[:2]), state=SYMBOLS[:2]), "rank"),
        (lambda: cj.from_sympy("clip(a, 0)", state=["a"]), "clip is written clip"),
        (lambda: cj.from_sympy("clip(a, 2, 1)", state=["a"]), "column 1.*lower <= upper"),
        (lambda: cj.from_sympy("1 + order_statistic(a, a, a)", state=["a"]), "column 5.*whole number"),
        (lambda: cj.from_sympy("project_simplex(3, a, a)", state=["a"]), "from 1 to 2"),
        (lambda: cj.from_sympy("relu(z=a)", state=["a"]), "plain arguments"),
        (lambda: cj.from_sympy("median(a < 1)", state=["a"]), "number is wanted"),
    ],
)
def test_bad_input(call, reason):
    with pytest.raises(cj.ConservativeError, match=f"(?s){reason}"):
        call()


def test_a_variable_may_share_the_name_of_a_function():
    F = cj.from_sympy("relu(median) + clip", state=["median", "clip"])
    assert F.evaluate([-3.0, 2.0]).tolist() == [2.0]


def test_long_ties_say_how_many():
    F = built(V.sort, 8)
    J = cj.conservative_jacobian(F, [1] * 8)
    assert "19 switches are tied" in J.reason
    assert J.exactness is cj.Exactness.OUTER
    swapped = [1, 0, *range(2, 8)]
    assert J.contains(np.stack([np.eye(8), np.eye(8)[swapped], np.eye(8)[::-1]])).all()
