from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from strategies.functions import PIECEWISE_LINEAR

from conservative._core.errors import (
    ArgumentError,
    ArgumentTypeError,
    BudgetError,
    DiscontinuityError,
    EmptySetError,
    FunctionError,
)
from conservative._core.exactness import Exactness
from conservative.functions import from_sympy
from conservative.functions.ties import first_order_cells
from conservative.jacobians import JacobianZonotope, conservative_jacobian, formula_ties, jacobian_readings

x, y, t = sp.symbols("x y t")
ANGLES = np.linspace(0, 2 * np.pi, 4001)[:-1] + 1e-4


def sampled_gradients(tree):
    """Derivatives of a positively homogeneous tree at many directions that are off its kinks."""
    d, h = np.stack([np.cos(ANGLES), np.sin(ANGLES)]), 1e-5
    columns = []
    smooth = np.ones(len(ANGLES), dtype=bool)
    for e in np.eye(2):
        ahead, here, behind = (tree(*(d + s * h * e[:, None])) for s in (1, 0, -1))
        ahead, here, behind = (np.broadcast_to(v, ANGLES.shape) for v in (ahead, here, behind))
        smooth &= np.abs(ahead - 2 * here + behind) < 1e-9
        columns.append((ahead - behind) / (2 * h))
    return np.unique(np.stack(columns, axis=1)[smooth].round(5), axis=0) + 0.0


def cells_are_sampled_and_samples_are_pieces(tree):
    F = from_sympy(tree.text, state=["x", "y"])
    pieces = conservative_jacobian(F, [0, 0])
    cells = conservative_jacobian(F, [0, 0], kind="conical")
    samples = {tuple(g) for g in sampled_gradients(tree).tolist()}
    listed = {tuple(v[0]) for v in pieces.vertices.tolist()}
    conical = {tuple(v[0]) for v in cells.vertices.tolist()}
    assert conical <= listed
    assert samples <= conical
    assert conical == samples
    if len(listed) == 1:
        assert pieces.exactness is Exactness.EXACT


TREES = given(tree=PIECEWISE_LINEAR)
test_cells_are_sampled_and_samples_are_pieces = settings(max_examples=40)(
    TREES(cells_are_sampled_and_samples_are_pieces)
)
test_cells_and_samples_at_length = pytest.mark.slow(
    settings(max_examples=400)(TREES(cells_are_sampled_and_samples_are_pieces))
)


@settings(deadline=None, max_examples=25)
@given(tree=PIECEWISE_LINEAR)
def test_float_and_exact_points_agree(tree):
    F = from_sympy(tree.text, state=["x", "y"])
    for kind in ("selection", "conical"):
        exact, floats = (conservative_jacobian(F, at, kind=kind) for at in ([0, 0], [0.0, 0.0]))
        assert exact.exactness is floats.exactness
        assert floats.exact_vertices is None
        assert {v.tobytes() for v in exact.vertices + 0.0} == {v.tobytes() for v in floats.vertices + 0.0}


def test_smooth_point_against_sympy():
    expressions = [
        sp.exp(x * y) + sp.sin(t) ** 3 / (1 + x**2),
        sp.sqrt(1 + x**2) * sp.atan(y * t),
        (2 + x**2) ** (y * t),
    ]
    F = from_sympy(expressions, state=[x, y], parameters=[t])
    at = {x: sp.Rational(1, 2), y: sp.Rational(-2, 3), t: 2}
    J = conservative_jacobian(F, at)
    wanted = sp.Matrix(expressions).jacobian([x, y, t]).subs(at)
    np.testing.assert_allclose(J.vertices[0], np.array(wanted.evalf(), dtype=float), rtol=1e-13)
    assert all(abs((e - w).evalf(40)) < 1e-30 for e, w in zip(J.exact_vertices[0], wanted, strict=True))
    rounded = conservative_jacobian(F, {k: float(v) for k, v in at.items()})
    np.testing.assert_allclose(rounded.vertices, J.vertices, rtol=1e-13)


@pytest.mark.parametrize(
    "name",
    ["exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"],
)
def test_every_elementary_slope_by_finite_differences(name):
    at = 1.7 if name == "acosh" else 0.6
    F = from_sympy(f"{name}(x)", state="x")
    h = 1e-5
    ahead, behind = F.evaluate([[at + h], [at - h]])[:, 0]
    assert conservative_jacobian(F, [at]).vertices[0, 0, 0] == pytest.approx((ahead - behind) / (2 * h), rel=1e-8)
    exact = conservative_jacobian(F, [Fraction(at)])
    assert exact.vertices[0, 0, 0] == pytest.approx(conservative_jacobian(F, [at]).vertices[0, 0, 0], rel=1e-14)


def test_the_strictness_example():
    F = from_sympy(sp.Piecewise((t - x / 4, x >= 0), (t - 3 * x / 4, True)), state=[x], parameters=[t])
    J = conservative_jacobian(F, [0, 0])
    assert J.exact_blocks == (((Fraction(-1, 4), Fraction(1)),), ((Fraction(-3, 4), Fraction(1)),))
    assert J.state_family().exact == (((Fraction(-1, 4),),), ((Fraction(-3, 4),),))


def test_near_ties_are_listed():
    F = from_sympy([sp.Abs(x), sp.Max(y, 0)], state=[x, y])
    J = conservative_jacobian(F, [5e-8, 1.0])
    assert [n.expression for n in J.near_ties] == ["Abs(x)"]
    assert J.near_ties[0].distance == pytest.approx(5e-8)
    assert J.tolerance == 1e-9
    assert conservative_jacobian(F, [5e-8, 1.0], tolerance=1e-7).near_ties == ()
    assert conservative_jacobian(F, [5e-8, 1.0], tolerance=1e-12).near_ties == ()
    assert conservative_jacobian(F, [0, 1]).tolerance == 0


def test_irrational_entries_have_no_rational_blocks():
    F = from_sympy(sp.Max(sp.sqrt(2) * x, 0), state=[x])
    J = conservative_jacobian(F, [0])
    assert set(J.exact_vertices) == {sp.ImmutableMatrix([[sp.sqrt(2)]]), sp.ImmutableMatrix([[0]])}
    assert J.exact_blocks is None
    assert J.exactness is Exactness.EXACT
    np.testing.assert_allclose(sorted(J.state_family().floats.ravel()), [0, 2**0.5])


def test_pieces_that_meet_with_equal_gradients_are_one():
    F = from_sympy("Piecewise((x, x >= 0), (x + x**2, True))", state="x")
    for kind in ("selection", "conical"):
        J = conservative_jacobian(F, [0], kind=kind)
        assert J.vertices.tolist() == [[[1.0]]]
        assert J.exactness is Exactness.EXACT
    assert conservative_jacobian(from_sympy("Max(x, x + x**2)", state="x"), [0], kind="conical").vertices.tolist() == [
        [[1.0]]
    ]


def test_an_equality_guard_is_never_an_open_cell():
    F = from_sympy("Piecewise((0, Eq(x, 0)), (x, True))", state="x")
    assert sorted(conservative_jacobian(F, [0]).vertices.ravel()) == [0, 1]
    assert conservative_jacobian(F, [0], kind="conical").vertices.ravel().tolist() == [1]


def test_no_open_cell_at_all():
    known = from_sympy("Piecewise((x, x**3 + x**5 >= 0), (2*x, True))", state="x")
    assert conservative_jacobian(known, [0], kind="conical").vertices.ravel().tolist() == [1, 2]
    F = from_sympy("Piecewise((x, x**3*(1 + Max(y, z)) >= 0), (2*x, True))", state=["x", "y", "z"])
    assert conservative_jacobian(F, [0, 0, 0], kind="conical").vertices[:, 0, 0].tolist() in ([1, 2], [2, 1])
    F = from_sympy("Piecewise((x, x**3*(1 + Max(sin(y), z)) >= 0), (2*x, True))", state=["x", "y", "z"])
    assert conservative_jacobian(F, [0, 0, 0]).exactness is Exactness.OUTER
    with pytest.raises(EmptySetError, match="first order"):
        conservative_jacobian(F, [0, 0, 0], kind="conical")


def test_infinite_derivatives_are_refused_with_the_reason():
    norm = from_sympy(sp.sqrt(x**2 + y**2), state=[x, y])
    with pytest.raises(FunctionError, match="no finite selection"):
        conservative_jacobian(norm, [0, 0])
    with pytest.raises(FunctionError, match="no finite selection"):
        conservative_jacobian(norm, [0.0, 0.0])
    np.testing.assert_allclose(conservative_jacobian(norm, [3, 4]).vertices, [[[0.6, 0.8]]])


@pytest.mark.parametrize("k", [4, 9, 16])
def test_lines_through_the_origin_cost_their_cells(k):
    F = from_sympy(" + ".join(f"Abs({i}*x + {i * i + 1}*y)" for i in range(k)), state=["x", "y"])
    assert conservative_jacobian(F, [0, 0], kind="conical").vertices.shape[0] == 2 * k


def test_budgets():
    F = from_sympy(" + ".join(f"Abs({i}*x + {i * i + 1}*y)" for i in range(14)), state=["x", "y"])
    outer = conservative_jacobian(F, [0, 0], max_pieces=1000)
    assert isinstance(outer, JacobianZonotope)
    assert "14 switches" in outer.reason
    with pytest.raises(BudgetError, match="max_pieces"):
        conservative_jacobian(F, [0, 0], kind="conical", max_pieces=20)
    cells = conservative_jacobian(F, [0, 0], kind="conical", max_pieces=100)
    assert (cells.vertices.shape[0], cells.exactness) == (28, Exactness.EXACT)


def test_bad_calls():
    F = from_sympy(sp.Abs(x), state=[x])
    with pytest.raises(ArgumentTypeError, match="from_sympy"):
        conservative_jacobian(sp.Abs(x), [0])
    with pytest.raises(ArgumentError, match="kind"):
        conservative_jacobian(F, [0], kind="clarke")
    jumping = from_sympy(sp.sign(x) * sp.Max(sp.Abs(x) - t, 0), state=[x], parameters=[t])
    with pytest.raises(DiscontinuityError, match="conservative_jacobian"):
        conservative_jacobian(jumping, [0, -1])


def test_the_search_of_cells_ends_with_its_time(monkeypatch):
    """Nearly parallel ties have no short search: after ten looks at the clock it is over."""
    F = from_sympy("Max(x, y) + Min(x + y/3, y/5) + Abs(x - y/7) + Abs(y)", state=["x", "y"])
    whole = jacobian_readings(F, [0, 0])
    looks = iter(range(1000))
    monkeypatch.setattr(first_order_cells, "is_over", lambda deadline: next(looks) >= 10)
    monkeypatch.setattr(formula_ties, "is_over", lambda deadline: True)
    found = jacobian_readings(F, [0, 0], deadline=1.0)
    assert next(looks) == 12
    assert whole.conical is not None
    assert found.conical is None
    assert found.asked.exactness is Exactness.OUTER
    with pytest.raises(BudgetError, match="the time limit ended the search"):
        jacobian_readings(F, [0, 0], kind="conical", deadline=1.0)
