"""Zonotopes of Jacobians against enumerated pieces, in exact arithmetic."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies.functions import PIECEWISE_LINEAR, Tree
from strategies.stages import drawn
from strategies.structured import tied_maps

import conservative as cj
from conservative._core.errors import BudgetError, FunctionError, ShapeError
from conservative._core.exact.hull_membership import hull_contains
from conservative.functions import StructuredMap
from conservative.jacobians import JacobianSet, JacobianZonotope, conservative_jacobian, jacobian_zonotope
from conservative.jacobians.independence import independent_rows


def exact_array(J: JacobianSet) -> Any:
    return np.array([[list(row) for row in block] for block in J.exact_entries or ()], dtype=object)


def same_hull(one: JacobianSet, other: JacobianSet) -> bool:
    a, b = exact_array(one), exact_array(other)
    return hull_contains(a, b, exact=True) and hull_contains(b, a, exact=True)


def shared(J: JacobianZonotope) -> bool:
    """Whether two ties compare the same numbers: in the expressions these are one switch, with one choice."""
    rows = J.exact_factors[2] if J.exact_factors else np.zeros((0, 1))
    return any(not independent_rows(rows[[i, j]]) for i in range(len(rows)) for j in range(i))


@drawn(12, 120, case=tied_maps())
def test_structured_zonotope_is_the_hull_of_the_pieces_of_its_expressions(
    case: tuple[StructuredMap, list[Fraction]],
) -> None:
    F, at = case
    found = conservative_jacobian(F, at)
    assert isinstance(found, JacobianZonotope)
    listed = conservative_jacobian(F.to_selection(), at)
    zonotope = found.listed()
    assert hull_contains(exact_array(zonotope), exact_array(listed), exact=True)
    if found.tight and not shared(found):
        assert same_hull(zonotope, listed)
    if found.exactness.name == "EXACT":
        conical = conservative_jacobian(F.to_selection(), at, kind="conical")
        assert same_hull(zonotope, conical)


@drawn(8, 100, trees=st.lists(PIECEWISE_LINEAR, min_size=1, max_size=3))
def test_graph_zonotope_holds_the_selection_and_is_it_when_tight(trees: list[Tree]) -> None:
    F = cj.from_sympy([tree.text for tree in trees], state=["x", "y"])
    listed = conservative_jacobian(F, [0, 0])
    assert isinstance(listed, JacobianSet)
    try:
        zonotope = jacobian_zonotope(F, [0, 0])
    except FunctionError:
        assume(False)
    assume(zonotope.tie_count <= 10)
    assert hull_contains(exact_array(zonotope.listed()), exact_array(listed), exact=True)
    if zonotope.tight:
        assert same_hull(zonotope.listed(), listed)
    if zonotope.exactness.name == "EXACT":
        assert listed.exactness.name == "EXACT"


@settings(deadline=None, max_examples=30)
@given(case=tied_maps(), data=st.data())
def test_support_and_membership_are_those_of_the_vertices(
    case: tuple[StructuredMap, list[Fraction]], data: Any
) -> None:
    F, at = case
    J = conservative_jacobian(F, at)
    D = np.array(data.draw(st.lists(st.integers(-3, 3), min_size=J.base.size, max_size=J.base.size))).reshape(J.shape)
    exact = exact_array(J.listed())
    largest = max(
        sum((Fraction(int(d)) * e for d, e in zip(D.ravel(), b.ravel(), strict=True)), Fraction(0)) for b in exact
    )
    assert float(J.support(D)) == pytest.approx(float(largest), rel=1e-12, abs=1e-12)
    weights = data.draw(st.lists(st.floats(0, 1), min_size=J.tie_count, max_size=J.tie_count))
    assert J.contains(J.block(weights), tol=1e-9 * max(1.0, J.blocks.radius))
    if D.any():
        outside = J.base + D * (1.0 + 2.0 * J.blocks.radius)
        inside = float((D * outside).sum()) <= float(largest) + 1e-9
        assert inside or not J.contains(outside, tol=1e-12)


def test_forty_ties_give_the_exact_zonotope_and_say_how_many() -> None:
    names = [f"x{i}" for i in range(40)]
    F = cj.from_sympy([f"Max({n} - l, 0) - Max(-{n} - l, 0)" for n in names], state=names, parameters=["l"])
    J = cj.conservative_jacobian(F, [1] * 40 + [1])
    assert isinstance(J, cj.JacobianZonotope)
    assert J.tie_count == 40
    assert J.exactness is cj.Exactness.EXACT
    assert J.tight
    assert "40 switches" in J.reason
    assert "2^40" in repr(J)
    assert float(J.support(np.eye(40, 41))) == 40.0
    assert float(J.support(-np.ones((40, 41)))) == 0.0
    assert J.largest_norm().bounds.upper == pytest.approx(1.0, rel=1e-12)
    assert len(J.tie_names) == 40
    with pytest.raises(BudgetError, match="40 independent ties"):
        _ = J.vertices


def test_nested_ties_are_covered_and_the_superset_is_said() -> None:
    names = [f"x{i}" for i in range(14)]
    F = cj.from_sympy([f"Max(Abs({n}), 2*{n})" for n in names], state=names)
    J = cj.conservative_jacobian(F, [0] * 14)
    assert isinstance(J, cj.JacobianZonotope)
    assert J.tight
    assert J.exactness is cj.Exactness.OUTER
    assert float(J.support(np.eye(14))) == 28.0
    assert float(J.support(-np.eye(14))) == 14.0
    three = cj.from_sympy([f"Max(x{i}, y{i}, 0)" for i in range(9)], state=[f"{a}{i}" for a in "xy" for i in range(9)])
    outer = cj.conservative_jacobian(three, [0] * 18)
    assert isinstance(outer, cj.JacobianZonotope)
    assert not outer.tight
    assert "9 switches" in outer.reason
    D = np.zeros((9, 18))
    D[np.arange(9), three.names.index("x0") + np.arange(9)] = 1.0
    assert float(outer.support(D)) >= 9.0
    assert outer.contains(np.stack([np.eye(9, 18), np.zeros((9, 18))])).all()


def test_ties_that_all_interact_are_covered_entry_by_entry_and_counted() -> None:
    text, reach = "x", 1
    for i in range(14):
        text = f"Abs({text} + {i + 2}*Abs(x))"
        reach += i + 2
    found = cj.conservative_jacobian(cj.from_sympy(text, state="x"), [0])
    assert "15 switches are tied at the point: up to 32,768 active pieces" in found.reason
    # a slope of the k-th value is at most that of the one before plus k + 1, and each is attained by a program
    assert (float(found.support([[1.0]])), float(found.support([[-1.0]]))) == (reach, reach)
    jumping = cj.from_sympy(text.replace("Abs(x)", "sign(x)*x"), state="x")
    with pytest.raises(BudgetError, match=r"14 switches are tied.*The ties jump"):
        cj.conservative_jacobian(jumping, [0])


def test_a_thousand_ties_of_a_structured_map() -> None:
    rng = np.random.default_rng(1)
    p = m = 300
    M, N = rng.normal(size=(p, p)) / 60, rng.normal(size=(p, m))
    F = cj.functions.structured(cj.functions.ScalarPiece.soft_threshold(1.0), M, N=N, c=rng.choice([-1.0, 1.0], size=p))
    J = cj.conservative_jacobian(F, np.zeros(p + m))
    assert J.tie_count == p
    assert J.exactness is cj.Exactness.EXACT
    D = rng.normal(size=(p, p + m))
    expected = np.maximum(np.einsum("ij,ij->i", D, np.hstack([M, N])), 0).sum()
    assert float(J.support(D)) == pytest.approx(expected, rel=1e-12)
    t = rng.random(p)
    assert J.contains(J.block(t))
    assert not J.contains(J.block(t) + 0.1 * np.eye(p, p + m))
    norm = J.largest_norm()
    assert norm.bounds.upper == pytest.approx(np.linalg.norm(M, 2), rel=1e-9)
    assert norm.bounds.width < 1e-8
    assert J.state.shape == (p, p)
    assert J.parameter.shape == (p, m)


def test_dependent_rows_are_outer_and_their_cells_are_few() -> None:
    F = cj.functions.structured(cj.functions.ScalarPiece.relu(), [[1], [-1]])
    J = cj.conservative_jacobian(F, [0])
    assert J.exactness is cj.Exactness.OUTER
    for form in (F, F.to_selection()):
        conical = cj.conservative_jacobian(form, [0], kind="conical")
        assert conical.exactness is cj.Exactness.EXACT
        assert sorted(conical.vertices[:, :, 0].tolist()) == [[-0.0, -1.0], [1.0, 0.0]]
    independent = cj.functions.structured(cj.functions.ScalarPiece.relu(), [[1, 0], [-1, 1]])
    assert cj.conservative_jacobian(independent, [0, 0], kind="conical").exactness is cj.Exactness.EXACT
    with pytest.raises(cj.ConservativeError, match="conical"):
        cj.conservative_jacobian(F, [0], kind="other")


def test_two_breakpoints_within_the_tolerance_are_both_tied() -> None:
    F = cj.functions.structured(cj.functions.ScalarPiece.clip(0.0, 1e-12), [[1.0]])
    J = cj.conservative_jacobian(F, [0.0])
    assert J.tie_count == 2
    assert not J.tight
    assert J.exactness is cj.Exactness.OUTER
    exact = cj.conservative_jacobian(F, [0])
    assert exact.tie_count == 1
    assert exact.tight


def test_rounding_of_an_outer_map_is_enclosed() -> None:
    rng = np.random.default_rng(5)
    W, M = rng.normal(size=(3, 40)), rng.normal(size=(40, 3))
    F = cj.functions.structured(cj.functions.ScalarPiece.relu(), M, outer=W, c=np.ones(40))
    J = cj.conservative_jacobian(F, [0.0, 0.0, 0.0])
    exact = [[sum(Fraction(W[i, k]) * Fraction(M[k, j]) for k in range(40)) for j in range(3)] for i in range(3)]
    error = sum(float(Fraction(float(J.base[i, j])) - exact[i][j]) ** 2 for i in range(3) for j in range(3)) ** 0.5
    assert error <= J.rounding <= 1e-12
    assert J.state.e_extra >= J.rounding


def test_blocks_are_checked() -> None:
    J = cj.conservative_jacobian(cj.functions.structured(cj.functions.ScalarPiece.relu(), [[1.0]]), [0.0])
    with pytest.raises(ShapeError, match="one weight a tie"):
        J.block([0.0, 1.0])
    with pytest.raises(ShapeError, match="parameter"):
        _ = J.parameter
    assert J.state_family().count == 2
    assert J.exact_vertices is None


@settings(deadline=None)
@given(data=st.data(), k=st.integers(0, 4), n=st.integers(1, 4))
def test_independence_of_doubles_is_never_claimed_wrongly(data: Any, k: int, n: int) -> None:
    rows = np.array(
        data.draw(st.lists(st.lists(st.integers(-3, 3), min_size=n, max_size=n), min_size=k, max_size=k)), dtype=float
    ).reshape(k, n)
    exact = independent_rows(
        np.array([[Fraction(x) for x in row] for row in rows.tolist()], dtype=object).reshape(k, n)
    )
    assert exact == (np.linalg.matrix_rank(rows) == k if k else True)
    assert not independent_rows(rows) or exact
