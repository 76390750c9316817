"""The tables of conservative Jacobians and of implicit sets once more, through the vocabulary, in other dimensions.

Sources: as in `test_function_table` and `test_strictness`. Clarke's sets are written down from the geometry of each
function (active sets, permutations, signs), independently of any expression.
"""

from fractions import Fraction
from itertools import chain, combinations, pairwise, permutations, product

import numpy as np
import pytest
import sympy

import conservative as cj
from conservative import vocabulary as V
from conservative.functions.vocabulary import by_name

NAMES = [f"v{i}" for i in range(9)]
SYMBOLS = sympy.symbols(NAMES)


def matrices(found):
    return {tuple(np.round(np.asarray(m, dtype=float) + 0.0, 12).ravel().tolist()) for m in found}


def jacobians(expressions, n, at):
    F = cj.from_sympy(expressions, state=SYMBOLS[:n])
    return tuple(cj.conservative_jacobian(F, at, kind=kind) for kind in ("selection", "conical"))


def check_clarke(expressions, at, clarke, *, exact=True):
    """`clarke` is Clarke's set by matrices that are limits of Jacobians; the program reading may be larger."""
    J, cells = jacobians(expressions, len(at), at)
    assert matrices(cells.vertices) == matrices(clarke)
    assert matrices(clarke) <= matrices(J.vertices)
    assert (J.exactness is cj.Exactness.EXACT) == exact
    return J


def subsets(items):
    return chain.from_iterable(combinations(items, k) for k in range(len(items) + 1))


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("zeros", [0, 1, 2])
def test_one_norm(n, zeros):
    at = [0 if i < zeros else (-1) ** i * (i + 1) for i in range(n)]
    signs = [[np.sign(a)] if a else [-1, 1] for a in at]
    check_clarke(V.norm1(SYMBOLS[:n]), at, [[s] for s in product(*signs)])


@pytest.mark.parametrize(("at", "reached"), [((1, -1), (0, 1)), ((1, -2, 2, 0, 2), (1, 2, 4)), ((-3, 1, 1), (0,))])
def test_maximum_norm(at, reached):
    check_clarke(V.norm_inf(SYMBOLS[: len(at)]), at, [[np.sign(at[i]) * np.eye(len(at))[i]] for i in reached])


def test_norm_difference_at_the_origin():
    norms = (V.norm1(SYMBOLS[:2]), V.norm_inf(SYMBOLS[:2]))
    J = check_clarke(norms[0] - norms[1], [0, 0], [[s * np.eye(2)[i]] for s in (1, -1) for i in (0, 1)])
    # one absolute value used twice shares its choice: |x| + |y| - max(|x|, |y|) = min(|x|, |y|)
    assert len(J.vertices) == 4
    apart = V.norm1(SYMBOLS[:2]) - sympy.Max(*SYMBOLS[:2], *(-s for s in SYMBOLS[:2]), evaluate=False)
    assert len(jacobians(apart, 2, [0, 0])[0].vertices) == 12


@pytest.mark.parametrize("at", [(3, 3), (1, 0, 1), (2, 1, 2, 2), (0, 0, 1, 1, 5), (7, 7, 7, 7, 7)])
def test_sorting_at_ties(at):
    n = len(at)
    sorting = {p for p in permutations(range(n)) if all(at[a] <= at[b] for a, b in pairwise(p))}
    J = check_clarke(V.sort(SYMBOLS[:n]), at, [np.eye(n)[list(p)] for p in sorting])
    assert len(J.vertices) == len(sorting)


@pytest.mark.parametrize("at", [(1, 1, 1), (2, 1, 1, 0, 1), (4, 4, 1, 2, 9, 4, 4), (5, 1, 2), (1,)])
def test_order_statistics_at_ties(at):
    n = len(at)
    for k in range(1, n + 1):
        tied = [i for i in range(n) if at[i] == sorted(at)[k - 1]]
        J = check_clarke(V.order_statistic(SYMBOLS[:n], k=k), at, [[np.eye(n)[i]] for i in tied])
        assert len(J.vertices) == len(tied)
    middle = [i for i in range(n) if at[i] == sorted(at)[n // 2]]
    check_clarke(V.median(SYMBOLS[:n]), at, [[np.eye(n)[i]] for i in middle])


def test_median_of_an_even_number_moves_two_values():
    J = check_clarke(
        V.median(SYMBOLS[:4]), [1, 1, 1, 1], [[(np.eye(4)[a] + np.eye(4)[b]) / 2] for a, b in combinations(range(4), 2)]
    )
    assert len(J.vertices) == 6


@pytest.mark.parametrize("at", [(1, 1, 1, 1), (2, 2, 1, 1, 1), (3, 3, 3, 1), (0, 4, 4, 0, 4, 4)])
def test_sums_of_largest_at_ties(at):
    n = len(at)
    for k in range(1, n + 1):
        best = sum(sorted(at)[-k:])
        sets = [s for s in combinations(range(n), k) if sum(at[i] for i in s) == best]
        J = check_clarke(V.sum_largest(SYMBOLS[:n], k=k), at, [[np.isin(range(n), s)] for s in sets])
        assert len(J.vertices) == len(sets)


@pytest.mark.parametrize("n", [3, 4, 6])
def test_total_variation_of_equal_values(n):
    differences = np.eye(n)[1:] - np.eye(n)[:-1]
    check_clarke(V.total_variation(SYMBOLS[:n]), [1] * n, [[s @ differences] for s in product([-1, 1], repeat=n - 1)])


@pytest.mark.parametrize(
    ("at", "radius", "count"),
    [
        (["1/2", "1/2", 0], 1, 4),
        ([0, "1/3", "1/3", "1/3", -1], 1, 4),
        ([1, 0, 1, -3, -1], 2, 4),
        (["1/2", 0, "1/2", 0], 1, None),
        ([3, 3, -2, 3, 2, 0, 1, 3], 4, 4),
    ],
)
def test_simplex_projection(at, radius, count):
    n = len(at)
    values = [Fraction(v) for v in at]
    shift = max((sum(sorted(values)[-k:]) - radius) / k for k in range(1, n + 1))
    positive, edge = ([i for i in range(n) if np.sign(values[i] - shift) == s] for s in (1, 0))
    expected = [active_block(n, [*positive, *extra]) for extra in subsets(edge)]
    assert len(edge) >= 1
    J = check_clarke(V.project_simplex(SYMBOLS[:n], radius=radius), at, expected, exact=False)
    if count is not None:
        assert len(J.vertices) == count


def active_block(n, active):
    mask = np.isin(range(n), active).astype(float)
    return np.diag(mask) - np.outer(mask, mask) / mask.sum()


def test_simplex_projection_inside_a_face_has_one_piece():
    J, _ = jacobians(V.project_simplex(SYMBOLS), 9, [1, 1, 1, 0, 0, 0, -1, -1, -1])
    assert matrices(J.vertices) == matrices([active_block(9, [0, 1, 2])])


@pytest.mark.parametrize(
    "at",
    [
        ("1/2", "1/2"),
        ("-1/3", "1/6", "1/2"),
        ("1/4",) * 4,
        ("-2/3", "-1/3"),
        pytest.param(("1/8",) * 8, marks=pytest.mark.slow),
    ],
)
def test_l1_ball_projection_on_its_faces(at):
    n, signs = len(at), np.sign([float(Fraction(a)) for a in at])
    check_clarke(V.project_l1_ball(SYMBOLS[:n]), at, [np.eye(n), np.eye(n) - np.outer(signs, signs) / n])


@pytest.mark.parametrize("at", [(0, 0), (0, "1/4"), (0, 0, "-1/2")])
def test_l1_ball_projection_is_the_identity_inside(at):
    check_clarke(V.project_l1_ball(SYMBOLS[: len(at)]), at, [np.eye(len(at))])


def test_l1_ball_projection_at_a_corner():
    J, cells = jacobians(V.project_l1_ball(SYMBOLS[:2]), 2, [1, 0])
    half = [[0.5, 0.5], [0.5, 0.5]], [[0.5, -0.5], [-0.5, 0.5]]
    assert matrices(cells.vertices) == matrices([np.eye(2), np.zeros((2, 2)), *half])
    assert matrices(cells.vertices) <= matrices(J.vertices)


@pytest.mark.parametrize("at", [(0, 1), (0, "1/2", 1, 2), (-1, 0, 0)])
def test_box_projection(at):
    values = [Fraction(a) for a in at]
    slopes = [[0, 1] if v in (0, 1) else [1] if 0 < v < 1 else [0] for v in values]
    check_clarke(V.project_box(SYMBOLS[: len(at)]), at, [np.diag(d) for d in product(*slopes)])


def test_halfspace_projection_on_the_boundary():
    for normal, at, offset in (([1, 1], [1, 1], 2), ([2, -1, 0], [1, 1, 9], 1)):
        a = np.array(normal, dtype=float)
        expected = [np.eye(len(a)), np.eye(len(a)) - np.outer(a, a) / (a @ a)]
        check_clarke(V.project_halfspace(SYMBOLS[: len(a)], normal=normal, offset=offset), at, expected)


def test_euclidean_ball_and_group_prox_on_the_sphere():
    v = np.array([3.0, -4.0, 0.0])
    radial = np.outer(v, v) / 25
    check_clarke(V.project_l2_ball(SYMBOLS[:3], radius=5), [3, -4, 0], [np.eye(3), np.eye(3) - radial])
    check_clarke(V.prox_group(SYMBOLS[:3], weight=5), [3, -4, 0], [np.zeros((3, 3)), radial])
    check_clarke(V.prox_group(SYMBOLS[:3], weight=5), [0, 0, 0], [np.zeros((3, 3))])


x, t = SYMBOLS[:2]
SCALARS = [
    ("relu", V.relu(x), [0], [[[0]], [[1]]]),
    ("relu(-x) + x", V.relu(-x) + x, [0], [[[0]], [[1]]]),
    ("leaky relu", V.leaky_relu(x), [0], [[[0.01]], [[1]]]),
    ("steep leaky relu", V.leaky_relu(x, slope=3), [0], [[[3]], [[1]]]),
    ("parametric relu", V.leaky_relu(x, slope=t), [0, 7], [[[7, 0]], [[1, 0]]]),
    ("clip below", V.clip(x, lower=0, upper=10), [0], [[[0]], [[1]]]),
    ("clip above", V.clip(x, lower=-2, upper=t), [3, 3], [[[0, 1]], [[1, 0]]]),
    ("hard tanh", V.hard_tanh(x), [-1], [[[0]], [[1]]]),
    ("soft tanh", V.soft_tanh(x), [0], [[[1]]]),
    ("huber", V.huber(x), [1], [[[1]]]),
    ("hinge", V.hinge(x * t), [1, 1], [[[0, 0]], [[-1, -1]]]),
    ("insensitive", V.insensitive(x, width=2), [-2], [[[0]], [[-1]]]),
    ("soft threshold", V.soft_threshold(x, threshold=t), [1, 1], [[[0, 0]], [[1, -1]]]),
    ("soft threshold below", V.soft_threshold(x, threshold=t), ["-5/2", "5/2"], [[[0, 0]], [[1, 1]]]),
    ("elastic net", V.prox_elastic_net([x], weight=1, ridge=sympy.Rational(1, 2)), [-1], [[[0]], [["2/3"]]]),
    ("nonnegative l1", V.prox_nonnegative_l1([x], weight=t), [2, 2], [[[0, 0]], [[1, -1]]]),
    ("prox of the hinge", V.prox_hinge(x, weight=1), [0], [[[0]], [[1]]]),
]


@pytest.mark.parametrize(("expression", "at", "clarke"), [row[1:] for row in SCALARS], ids=[row[0] for row in SCALARS])
def test_scalar_functions_at_their_kinks(expression, at, clarke):
    check_clarke(expression, at, [[[float(Fraction(e)) for e in row] for row in m] for m in clarke])


@pytest.mark.parametrize(
    ("expression", "program"),
    [
        (V.relu(-x) + x - V.relu(x), {-1, 0, 1}),
        ((V.relu(x) + V.relu(-x) + x) / 2, {0, 0.5, 1}),
        (V.norm1([x]) - V.norm1([-x]), {-2, 0, 2}),
        (V.norm1([x]) - V.norm1([x]), {0}),
        (V.norm_inf([x]) - V.norm1([x]), {0}),
        (V.soft_threshold(x, threshold=0), {0, 1, 2}),
    ],
)
def test_programs_that_may_return_more(expression, program):
    J, _ = jacobians(expression, 1, [0])
    assert set(J.vertices.ravel().tolist()) == program


@pytest.mark.parametrize("call", ["relu(v0)", "clip(v0, 0, 10)", "norm_inf(v0, v1)", "median(v0, v1, v2)"])
def test_text_and_sympy_are_one_function(call):
    name, arguments = call.rstrip(")").split("(")
    parsed = [
        sympy.Integer(a) if a.isdigit() else dict(zip(NAMES, SYMBOLS, strict=True))[a] for a in arguments.split(", ")
    ]
    F = cj.from_sympy(call, state=SYMBOLS[:3])
    assert F.expressions == (by_name.apply(name, parsed),)


@pytest.mark.parametrize("alpha", ["1/2", "1", "3/2", "7/4"])
def test_implicit_and_unrolled_sets_of_the_scalar_lasso(alpha):
    step = sympy.Rational(alpha)
    inner = x - step * (x - 1)
    F = cj.from_sympy(V.soft_threshold(inner, threshold=step * t), state=[x], parameters=[t])
    check_intervals(F, [0, 1], (-1, 0), (-max(1, float(step)), 0))


@pytest.mark.parametrize(
    ("F", "implicit", "unrolled"),
    [
        (t + V.leaky_relu(x, slope=3) * sympy.Rational(-1, 4), (4 / 7, 4 / 5), (4 / 13, 12 / 13)),
        (t - V.norm1([x]) / 2, (2 / 3, 2), (0, 2)),
    ],
)
def test_implicit_and_unrolled_sets_at_a_kink(F, implicit, unrolled):
    check_intervals(cj.from_sympy(F, state=[x], parameters=[t]), [0, 0], implicit, unrolled)


def check_intervals(F, at, implicit, unrolled):
    J = cj.conservative_jacobian(F, at)
    solved = cj.implicit_jacobian(J).vertices.ravel()
    assert (solved.min(), solved.max()) == pytest.approx(implicit)
    truth = cj.MatrixPolytope([[[v]] for v in unrolled])
    assert cj.hausdorff_distance(cj.fixed_set(J, tol=1e-9, time_limit=None).hull, truth).upper <= 1e-8
