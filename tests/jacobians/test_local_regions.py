"""Clarke's Jacobian where first-order cones miss it: all open regions next to the point, exactly."""

import numpy as np
import pytest

import conservative as cj
from conservative.jacobians.formula_ties import AtPoint

KNOWN = [
    ("Min(x**2, Abs(y))", {(0, 0), (0, 1), (0, -1)}),
    ("Max(Min(y, x**2), 0)", {(0, 0), (0, 1)}),
    ("Max(Min(y - 2*x**2, x**2 - y), 0)", {(0, 0)}),
    ("Max(Min(y - x**2, 2*x**2 - y), 0)", {(0, 0), (0, 1), (0, -1)}),
    ("Max(Min(y, x**2 - y), 0)", {(0, 0), (0, 1), (0, -1)}),
    ("Piecewise((x, exp(x) > 1 + x), (5*x, True))", {(1, 0)}),
    ("Piecewise((x, x**2 > 0), (5*x, True))", {(1, 0)}),
    ("Piecewise((x, cos(x) < 1), (5*x, True))", {(1, 0)}),
    ("Piecewise((y, sin(x) < x), (y + x**2*7, True)) + Abs(x)", {(1, 1), (-1, 1)}),
    ("Max(exp(x) - 1 - x, 0) + 3*x", {(3, 0)}),
    ("Max(x - sin(x), 2*x)", {(0, 0), (2, 0)}),
    ("Max(Abs(x)**3 - x**2, y)", {(0, 1), (0, 0)}),
    ("Abs(Abs(x) - x**2) + y", {(1, 1), (-1, 1)}),
    ("Max(x**3, y**2) + Min(x**3, y**2)", {(0, 0)}),
    ("Max(x, x + y**2)", {(1, 0)}),
    ("Max(x, x + y**3, x - y**3)", {(1, 0)}),
]


def hull(J):
    return {tuple(row) for row in J.vertices[:, 0].tolist()}


@pytest.mark.parametrize("zero", [0, 0.0])
@pytest.mark.parametrize(("text", "wanted"), KNOWN)
def test_cells_of_higher_order_are_seen(text, wanted, zero):
    F = cj.from_sympy(text, state="x y")
    J = cj.jacobians.jacobian_sandwich(F, [zero, zero]).clarke
    assert hull(J) <= wanted
    assert cj.MatrixPolytope(J.vertices).contains(np.array(sorted(wanted), dtype=float)[:, None]).all()
    for kind in ("program", "conical"):
        other = cj.conservative_jacobian(F, [zero, zero], kind=kind)
        inner, outer = (J, other) if kind == "program" else (other, J)
        assert cj.MatrixPolytope(outer.vertices).contains(inner.vertices).all()
        equal = cj.MatrixPolytope(inner.vertices).contains(outer.vertices).all()
        assert (other.exactness.name == "EXACT") == bool(equal)


def test_near_ties_are_not_told_apart_by_exact_series():
    """Within the tolerance both sides are tied: nothing is claimed from the sign of the double."""
    F = cj.from_sympy("Max(x**3 + x**2, x**2)", state="x")
    J = cj.conservative_jacobian(F, [1e-5])
    assert len(J.vertices) == 2


def test_sides_that_are_one_polynomial_are_equal_on_every_region():
    """The second condition holds nowhere; taken to hold where some other difference is positive, (0, -1) comes in."""
    never = "(x + y)**2 > x**2 + 2*x*y + y**2"
    F = cj.from_sympy(f"Piecewise((Max(Min(y, x**2 - y), 0), (y < 0) | ({never})), (2*y, True))", state="x y")
    regions = AtPoint(F, [0, 0], tolerance=None, limit=100).regions
    assert {tuple(row) for row in regions[:, 0].tolist()} == {(0, 0), (0, 2)}


IN_SPACE = [
    ("Abs(Min(y + z, x*y))", {(0, 1, 1), (0, -1, -1)}),
    ("Max(Min(y - 2*x**2 + z**2, x**2 - y), 0)", {(0, 0, 0), (0, 1, 0), (0, -1, 0)}),
    ("Max(Min(z, -z - x**2 - y**2), 0) + x", {(1, 0, 0)}),
    ("Max(Min(z, -z - x**2 - y**2 + x**3), 0) + Abs(y)", {(0, 1, 0), (0, -1, 0)}),
    ("Max(Min(z, -z + x**2 - y**2), 0)", {(0, 0, 0), (0, 0, 1), (0, 0, -1)}),
    ("Max(Min(x, y, -x*y), 0)", {(0, 0, 0)}),
    ("Piecewise((4*z, 5*z >= 3*sqrt(x**2 + z**2)), (3*Abs(x), True))", {(0, 0, 4), (3, 0, 0), (-3, 0, 0)}),
    ("Piecewise((4*z, 3*sqrt(x**2 + z**2) < 5*z), (Max(3*Abs(x), 4*z), True))", {(0, 0, 4), (3, 0, 0), (-3, 0, 0)}),
]


@pytest.mark.parametrize(("text", "wanted"), IN_SPACE)
def test_regions_between_three_variables_are_seen_or_proved_to_be_empty(text, wanted):
    F = cj.from_sympy(text, state="x y z")
    program, conical = (cj.conservative_jacobian(F, [0, 0, 0], kind=kind) for kind in ("program", "conical"))
    exact = next(J for J in (program, conical) if J.exactness.name == "EXACT")
    assert hull(exact) <= wanted | {(0, 0, 0)}
    assert cj.MatrixPolytope(exact.vertices).contains(np.array(sorted(wanted), dtype=float)[:, None]).all()


@pytest.mark.parametrize("second", ["x + y", "x + 4*y - 3*x", "x + 4*y + 3*x"])
def test_jumps_across_a_guard_with_a_root_are_seen_where_it_changes_its_truth_value(second):
    """3*sqrt(x**2 + y**2) > 5*y ends at y = 3 |x| / 4: two of these are continuous at one half of it."""
    F = cj.from_sympy(f"Piecewise((x, 3*sqrt(x**2 + y**2) > 5*y), ({second}, True))", state="x y")
    with pytest.raises(cj.DiscontinuityError, match=r"jump|limits"):
        cj.conservative_jacobian(F, [0, 0])
    below = "Piecewise((x, 3*sqrt(x**2 + y**2) > 5*y), (x + (9*x**2 - 16*y**2)*(y + 1), True))"
    assert hull(cj.conservative_jacobian(cj.from_sympy(below, state="x y"), [0, 0])) == {(1, 0)}


def test_what_is_undecided_between_three_variables_stays_so():
    """Motzkin's form is never negative, but no sum of squares: its sign stays open, and with it one Jacobian."""
    form = "z**6 + x**2*y**2*(x**2 + y**2 - 3*z**2)"
    F = cj.from_sympy(f"Max(Min(x, -x - ({form})), 0) + y", state="x y z")
    assert cj.conservative_jacobian(F, [0, 0, 0]).exactness.name == "OUTER"


LEAVES = ["x", "y", "x**2", "y**2", "x*y", "-x", "2*y", "x**2 - y", "y + x**3", "x - y**2", "0"]


def formula(rng, depth):
    if depth == 0:
        return LEAVES[rng.integers(len(LEAVES))]
    a, b = formula(rng, depth - 1), formula(rng, int(rng.integers(depth)))
    return [f"Max({a}, {b})", f"Min({a}, {b})", f"Abs({a})", f"({a} + {b})"][rng.integers(4)]


@pytest.mark.parametrize("seed", [*range(12), *(pytest.param(s, marks=pytest.mark.slow) for s in range(12, 60))])
def test_gradients_at_points_nearby_lie_in_an_exact_set(seed):
    """Points on curves y = c x^k and x = c y^k, tied nowhere, against the hull."""
    rng = np.random.default_rng(seed)
    F = cj.from_sympy(formula(rng, 3), state="x y")
    J = cj.conservative_jacobian(F, [0, 0], kind="conical")
    if J.exactness.name != "EXACT":
        return
    t = 10.0 ** rng.uniform(-6, -4, size=300) * rng.choice([-1, 1], size=300)
    s = rng.normal(size=300) * np.abs(t) ** rng.integers(1, 4, size=300)
    points = np.concatenate([np.stack([t, s], axis=1), np.stack([s, t], axis=1)])
    near = cj.jacobians.conservative_jacobians(F, points, tolerance=0.0)
    assert cj.MatrixPolytope(J.vertices).contains(near.vertices, tol=1e-3).all()
