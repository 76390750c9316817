"""More ties than can be listed, and maps of arrays: every call returns the zonotope, or says why not."""

import numpy as np
import pytest
import sympy as sp

import conservative as cj
from conservative._core.errors import ArgumentError, BudgetError
from conservative._core.exactness import Exactness
from conservative.jacobians.conservative_jacobian import jacobian_zonotope

NAMES = [f"x{i}" for i in range(20)]
MANY = cj.from_sympy([f"Max({name}, 0)" for name in NAMES], state=NAMES)
SMALL = cj.functions.structured(
    cj.functions.ScalarPiece.relu(), [[1, 2], [2, 1], [1, 1]], outer=[[1, -1, 0], [0, 1, 1]]
)


def test_many_points_keep_the_zonotope_of_a_point_beyond_the_budget() -> None:
    points = np.zeros((3, 20))
    points[1] = 1.0
    J = cj.jacobians.conservative_jacobians(MANY, points)
    assert J.counts.tolist() == [0, 1, 0]
    assert sorted(J.zonotopes) == [0, 2]
    for i in (0, 2):
        single = cj.conservative_jacobian(MANY, points[i].tolist())
        np.testing.assert_array_equal(J[i].U, single.U)
        np.testing.assert_array_equal(J[i].base, single.base)
    low, high = J.extreme_rates(np.full((3, 20), -2.0))
    assert low.tolist() == [[-2.0] * 20] * 3
    assert high.tolist() == [[0.0] * 20, [-2.0] * 20, [0.0] * 20]


def test_a_small_budget_gives_the_zonotope_too() -> None:
    F = cj.from_sympy("Abs(x) + Abs(y)", state=["x", "y"])
    J = cj.jacobians.conservative_jacobians(F, [[0.0, 0.0], [0.0, 1.0]], max_pieces=2)
    assert J.counts.tolist() == [0, 2]
    assert J[0].tie_count == 2
    with pytest.raises(cj.ShapeError, match=r"needs shape \(2, 2\)"):
        J.extreme_rates([[1.0, 0.0]])


@pytest.mark.parametrize("kind", ["selection", "conical"])
def test_both_readings_are_one_zonotope_where_ties_are_independent(kind: str) -> None:
    J = cj.conservative_jacobian(MANY, [0] * 20, kind=kind)
    assert (J.kind, J.exactness, J.tie_count) == (kind, Exactness.EXACT, 20)


def test_cells_beyond_the_budget_are_refused_where_they_may_be_fewer() -> None:
    lines = " + ".join(f"Max(x + {i}*y, 0)" for i in range(20))
    F = cj.from_sympy(lines, state=["x", "y"])
    assert len(cj.conservative_jacobian(F, [0, 0], kind="conical").vertices) == 40
    with pytest.raises(BudgetError, match="more than 10 cells"):
        cj.conservative_jacobian(F, [0, 0], kind="conical", max_pieces=10)


def test_a_sandwich_of_many_ties() -> None:
    exact = cj.jacobians.jacobian_sandwich(MANY, [0] * 20)
    assert exact.exact
    assert (exact.gap.lower, exact.gap.upper) == (0.0, 0.0)
    assert exact.clarke is exact.conical
    lines = cj.from_sympy(" + ".join(f"Max(x + {i}*y, 0)" for i in range(20)), state=["x", "y"])
    between = cj.jacobians.jacobian_sandwich(lines, [0, 0])
    assert not between.exact
    assert between.selection.tie_count == 20
    assert between.clarke is between.conical
    # the farthest member of the zonotope from a cell, found by the support function in many directions
    angles = np.linspace(0.0, 2 * np.pi, 200)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)[:, None, :]
    cells = (between.conical.vertices[None] * directions[:, None]).sum(axis=(2, 3)).max(axis=1)
    assert (between.selection.support(directions) - cells).max() <= between.gap.upper


def test_structured_maps_are_taken_everywhere() -> None:
    point = [0, 0]
    written = SMALL.to_selection()
    sandwich, wanted = cj.jacobians.jacobian_sandwich(SMALL, point), cj.jacobians.jacobian_sandwich(written, point)
    assert len(sandwich.conical.vertices) == len(wanted.conical.vertices) == 6
    assert wanted.gap.lower - 1e-12 <= sandwich.gap.upper
    assert sandwich.gap.lower <= wanted.gap.upper + 1e-12
    explained = cj.explain(SMALL, point)
    assert [str(tie.expression) for tie in explained.ties] == [
        str(t.expression) for t in cj.explain(written, point).ties
    ]
    assert cj.check_conservativity(SMALL, rng=0, curves=12).passed
    wrong = cj.check_conservativity(SMALL, lambda at: np.zeros((1, 2, 2)), rng=0, curves=12)
    assert not wrong.passed
    assert all(c.upper == 0.0 for c in cj.jacobians.lipschitz_constants(SMALL, (-1.0, 1.0)))
    J = cj.jacobians.conservative_jacobians(SMALL, [[0.0, 0.0], [1.0, 2.0]])
    assert J.counts.tolist() == [8, 1]
    assert J[0].tie_count == 3
    assert J[1].state.shape == (2, 2)


def test_large_structured_maps_are_looked_at_point_by_point() -> None:
    matrix = np.random.default_rng(0).normal(size=(70, 70))
    F = cj.functions.structured(cj.functions.ScalarPiece.relu(), matrix)
    points = np.stack([np.zeros(70), np.ones(70)])
    J = cj.jacobians.conservative_jacobians(F, points)
    assert J.counts.tolist() == [0, 1]
    assert J[0].tie_count == 70
    np.testing.assert_array_equal(J[1].vertices[0], np.where(matrix.sum(axis=1)[:, None] > 0, matrix, 0.0))
    with pytest.raises(ArgumentError, match="to_selection"):
        cj.explain(F, [0] * 70)
    with pytest.raises(cj.ShapeError, match=r"x0, x1, ..., x69"):
        cj.jacobians.conservative_jacobians(F, [[1.0]])


@pytest.mark.parametrize("convert", [int, float])
@pytest.mark.parametrize("count", [7, 9])
def test_sorting_many_equal_numbers_gives_a_superset(count: int, convert: type) -> None:
    """Clarke's set of sorting equal numbers is the hull of the permutation matrices."""
    symbols = sp.symbols(f"x:{count}")
    F = cj.from_sympy(cj.vocabulary.sort(symbols), state=symbols)
    J = cj.conservative_jacobian(F, [convert(2)] * count)
    assert (J.exactness, J.tight, J.tie_count) == (Exactness.OUTER, False, count**2)
    assert "more than the 4,096 allowed" in J.reason
    assert "a superset" in repr(J)
    rng = np.random.default_rng(0)
    permutations = np.stack([np.eye(count)[rng.permutation(count)] for _ in range(20)])
    assert J.contains(permutations).all()
    assert J.support(np.ones((count, count))) == pytest.approx(count**2)


def test_ties_that_act_on_each_other_lie_in_the_box_of_their_entries() -> None:
    """Two layers of rectifiers: every listed piece of a smaller budget's function is a member."""
    hidden = [f"Max({a}*x + {b}*y, 0)" for a, b in [(1, 2), (-1, 1), (2, -1), (1, 1), (-1, -1), (3, 1), (1, -3)]]
    top = [" + ".join(f"({w})*{h}" for w, h in zip(row, hidden, strict=True)) for row in [(1, -1, 2, 1, 1, -2, 1)] * 2]
    F = cj.from_sympy([f"Abs({top[0]})", f"Max({top[1]}, x)"], state=["x", "y"])
    listed = cj.conservative_jacobian(F, [0, 0])
    cover = cj.jacobians.jacobian_zonotope(F, [0, 0])
    assert not cover.tight
    assert len(listed.vertices) > 100
    assert cover.contains(listed.vertices).all()


@pytest.mark.parametrize(
    ("count", "zero"),
    [
        (200, 0),
        (200, 0.0),
        pytest.param(300, 0, marks=pytest.mark.slow),
        pytest.param(400, 0.0, marks=pytest.mark.slow),
    ],
)
def test_hundreds_of_absolute_values(count: int, zero: float) -> None:
    """conv of all signs: the cube [-1, 1]^n of weights, whose support is the sum of moduli."""
    names = [f"x{i}" for i in range(count)]
    F = cj.from_sympy(" + ".join(f"{i + 1}*Abs({name})" for i, name in enumerate(names)), state=names)
    J = cj.conservative_jacobian(F, [zero] * count)
    assert (J.exactness, J.tie_count) == (Exactness.EXACT, count)
    direction = np.where(np.arange(count) % 2, 1.0, -2.0)
    assert float(J.support(direction[None])) == pytest.approx(np.arange(1, count + 1) @ np.abs(direction))


def test_changes_behind_a_branch_that_is_not_the_default() -> None:
    """Ties inside one branch of a tie, which enter a sum and a product: all pieces, by hand."""
    F = cj.from_sympy(["Max(0, Max(x, 2*x) + Abs(y)) + 3*Abs(y)", "y + Max(x, 2*x)*(z + 2)"], state=["x", "y", "z"])
    J = jacobian_zonotope(F, [0, 0, 5])
    rows = [[a, b, 0] for a in (1, 2) for b in (-1, 1)]
    pieces = [[[a, b + 3 * b, 0], [7 * a, 1, 0]] for a, b, _ in rows] + [
        [[0, 3 * b, 0], [7 * a, 1, 0]] for a, b, _ in rows
    ]
    assert J.contains(np.array(pieces, dtype=float)).all()


def test_rounding_of_rational_factors_is_enclosed() -> None:
    names = [f"x{i}" for i in range(14)]
    for slope, rounded in (("1/2", False), ("1/3", True)):
        F = cj.from_sympy(" + ".join(f"({slope})*Abs({name})" for name in names), state=names)
        J = cj.conservative_jacobian(F, [0] * 14)
        assert (J.rounding > 0) is rounded
        assert J.rounding < 1e-14
