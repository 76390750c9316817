"""Every algorithm against exact tables: [A B] of all vertices, radii, solves, and sets of derivatives.

`truth.json` was made by independent scripts that share no code with the package: rational duals with a weight for each
tie, solutions by enumeration of signs or active sets. A row is a case and an algorithm with the fixed point; for each
vertex A, B and (I - A)^-1 B; a bracket of the joint spectral radius; and for each entry, row by row, the interval of
the hull of all derivatives that selections along the loop may have.
"""

import json
from collections.abc import Callable
from fractions import Fraction as Q
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import conservative as cj
from conservative import algorithms, problems
from conservative.algorithms import Algorithm

X, Y = [[2, 1], [1, 2], [0, 1]], [4, 3, -1]
TRUTH = json.loads((Path(__file__).parent / "truth.json").read_text(encoding="utf-8"))
CASES: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "L1": (lambda **named: problems.lasso(X, Y, **named), [1]),
    "L1s": (lambda **named: problems.lasso(X, Y, **named), [5]),
    "E1": (lambda **named: problems.elastic_net(X, Y, ridge=1, **named), [5]),
    "R1": (lambda **named: problems.ridge(X, Y, **named), [1]),
    "N1": (lambda **named: problems.nonnegative_least_squares(gram=[[2, 3], [3, 6]], **named), [2, 3]),
    "B1": (lambda **named: problems.box_qp([[3, 1], [1, 2]], **named), [3, 1]),
    "T1": (lambda **named: problems.total_variation([0, 3, 6], **named), [0, 3, 6, 1]),
    "T2": (lambda **named: problems.total_variation([0, 3, 6], **named), [0, 3, 6, 3]),
    "T3": (lambda **named: problems.total_variation([0, 4, 2, 7], **named), [0, 4, 2, 7, 1]),
    "T4": (lambda **named: problems.total_variation([0, 3, 6], **named), [0, 3, 6, 3]),
    "F1": (lambda **named: problems.trend_filtering([0, 2, 1, 3], **named), [0, 2, 1, 3, "1/10"]),
    "F2": (lambda **named: problems.trend_filtering([0, 2, 1, 3], **named), [0, 2, 1, 3, "3/10"]),
    "F3": (lambda **named: problems.trend_filtering([0, 2, 1, 3], **named), [0, 2, 1, 3, "3/10"]),
    "F4": (lambda **named: problems.trend_filtering([0, 2, 1, 3], **named), [0, 2, 1, 3, "1/5"]),
    "I1": (lambda **named: problems.isotonic([1, 3, 2, 4], **named), [1, 3, 2, 4]),
    "I2": (lambda **named: problems.isotonic([1, 2, 2, 3], **named), [1, 2, 2, 3]),
    "I3": (lambda **named: problems.isotonic([3, 1, 2], **named), [3, 1, 2]),
    "S1": (lambda **named: problems.simplex_qp([[2, 1, 0], [1, 2, 1], [0, 1, 3]], **named), [2, 2, 1]),
}
FAMILIES: dict[str, Callable[[Any], Algorithm]] = {
    "forward–backward α=1/10": lambda P: algorithms.forward_backward(P, step="1/10"),
    "forward–backward α=1/6": lambda P: algorithms.forward_backward(P, step="1/6"),
    "forward–backward α=1/10 (prox of the ridge term)": lambda P: algorithms.forward_backward(P, step="1/10"),
    "coordinate descent": algorithms.coordinate_descent,
    "coordinate descent (cyclic)": algorithms.coordinate_descent,
    "FISTA, constant β=1/2, α=1/10": lambda P: algorithms.fista(P, step="1/10", momentum="1/2"),
    "Douglas–Rachford γ=1/4 (state z; w = soft(z, γλ))": lambda P: algorithms.douglas_rachford(P, step="1/4"),
    "Douglas–Rachford γ=1/4 (z, w = z/(1+γθ))": lambda P: algorithms.douglas_rachford(P, step="1/4"),
    "ADMM ρ=4 (state z, u scaled)": lambda P: algorithms.admm(P, penalty=4),
    "Chambolle–Pock τ=1/4, σ=1/4 (state w, w̄, y)": lambda P: algorithms.chambolle_pock(P, step="1/4", dual_step="1/4"),
    "projected gradient α=1/5": lambda P: algorithms.projected_gradient(P, step="1/5"),
    "projected gradient α=1/4": lambda P: algorithms.projected_gradient(P, step="1/4"),
    "gradient descent α=1/10": lambda P: algorithms.gradient_descent(P, step="1/10"),
    "gradient descent, θ=(ridge, step α=1/10)": lambda P: algorithms.gradient_descent(P, step="1/10"),
    "heavy ball α=1/5, β=1/4": lambda P: algorithms.heavy_ball(P, step="1/5", momentum="1/4"),
    "Nesterov α=1/10, β=1/4": lambda P: algorithms.nesterov(P, step="1/10", momentum="1/4"),
    "Newton": algorithms.newton,
    "dual projected gradient α=1/4 (state u ≤ 0, x = y − Dᵀu)": lambda P: algorithms.dual_projected_gradient(
        P, step="1/4"
    ),
    "dual projected gradient α=1/4 (state u, θ = (y, λ)); x = y − Dᵀu": lambda P: algorithms.dual_projected_gradient(
        P, step="1/4"
    ),
    "dual projected gradient α=1/20 (state u, θ = (y, λ)); x = y − Dᵀu": lambda P: algorithms.dual_projected_gradient(
        P, step="1/20"
    ),
    "ADMM ρ=1 (state z, u = dual/ρ; θ = (y, λ); x = (I+ρDᵀD)⁻¹(y+ρDᵀ(z−u)))": lambda P: algorithms.admm(P, penalty=1),
}
ROWS = [pytest.param(row, id=f"{row['case']}: {row['algorithm']}") for row in TRUTH]


def built(row: dict[str, Any]) -> tuple[Algorithm, list[Q]]:
    make, theta = CASES[row["case"]]
    with_step = "step α" in row["algorithm"]
    named = {"R1": ("lambda", "step")} if with_step else {case: ("y", "lambda") for case in CASES if case[0] in "TF"}
    problem = make(theta=named[row["case"]]) if row["case"] in named else make()
    return FAMILIES[row["algorithm"]](problem), [Q(x) for x in theta] + [Q(1, 10)] * with_step


def matrix(text: str) -> tuple[tuple[Q, ...], ...]:
    return tuple(tuple(Q(entry) for entry in line.split()) for line in text.split(";"))


def exact(blocks: Any) -> set[Any]:
    return {tuple(tuple(Q(str(x)) for x in row) for row in np.array(block, dtype=object).tolist()) for block in blocks}


@pytest.mark.parametrize("row", ROWS)
def test_the_vertices_and_their_solves_are_exact(row: dict[str, Any]) -> None:
    algorithm, theta = built(row)
    state = [Q(x) for x in row["state"].split(",")]
    wanted = {
        tuple(a + b for a, b in zip(matrix(v["A"]), matrix(v["B"]), strict=True)): matrix(v["implicit"])
        for v in row["vertices"]
    }
    J = cj.conservative_jacobian(algorithm, [*state, *theta])
    assert exact(J.exact_vertices) == set(wanted)
    assert exact(cj.implicit_jacobian(J).exact_vertices) == set(wanted.values())


@pytest.mark.parametrize("row", ROWS)
def test_the_lifted_solution_is_the_fixed_point_and_has_the_solution_as_output(row: dict[str, Any]) -> None:
    algorithm, theta = built(row)
    w = algorithm.problem.solve(theta)
    state = algorithm.lift(w, theta)
    assert [str(x) for x in state] == row["state"].split(",")
    assert algorithm.residual([*state, *theta]).vanishes
    assert algorithm.output(state, theta).tolist() == w.tolist()
    floats = [float(x) for x in theta]
    moved = algorithm.evaluate(algorithm.lift(algorithm.problem.solve(floats), floats), floats)
    assert np.allclose(moved, state.astype(float), atol=1e-12)


@pytest.mark.parametrize("row", ROWS)
def test_the_bracket_of_the_radius_meets_the_true_one(row: dict[str, Any]) -> None:
    algorithm, theta = built(row)
    A = cj.conservative_jacobian(algorithm, [*(Q(x) for x in row["state"].split(",")), *theta]).state.vertices
    found = cj.joint_spectral_radius(A, tol=1e-3)
    lower, upper = row["radius"]
    assert found.lower <= upper + 1e-9
    assert found.upper >= lower - 1e-9


BOXED = [row for row in ROWS if row.values[0]["box"] and len(row.values[0]["box"]) <= 2]  # type: ignore[index]


@pytest.mark.parametrize("row", BOXED)
def test_the_hull_of_all_derivatives_has_the_known_box(row: dict[str, Any]) -> None:
    algorithm, theta = built(row)
    at = [*(Q(x) for x in row["state"].split(",")), *theta]
    fixed = cj.fixed_set(algorithm, at=at, tol=5e-3)
    points = fixed.outer.vertices if hasattr(fixed.outer, "vertices") else fixed.hull.vertices
    for i, (lower, upper) in enumerate(row["box"]):
        entry = points.reshape(len(points), -1)[:, i]
        assert entry.min() == pytest.approx(lower, abs=1e-2)
        assert entry.max() == pytest.approx(upper, abs=1e-2)


SEVERAL_TIES_FEED_BACK = {"F2": 1e-5, "F3": 0.1}
"""Cases that take longer, and by how much the replayed ends may fall short of the box."""
RANGES = [
    pytest.param(
        row,
        id=f"{row['case']}: {row['algorithm']}",
        marks=[pytest.mark.slow] * (row["case"] in SEVERAL_TIES_FEED_BACK),
    )
    for row in TRUTH
    if row["box"]
]


@pytest.mark.parametrize("row", RANGES)
def test_the_range_of_derivatives_holds_the_known_box_and_attains_it(row: dict[str, Any]) -> None:
    # The boxes are support points, inner to about 1e-6: the outer range holds them, what is attained is in them.
    algorithm, theta = built(row)
    found = cj.derivative_range(algorithm, [Q(x) for x in row["state"].split(",")], theta)
    inner, outer = (np.reshape(side, (-1, 2)) for side in (found.inner, found.outer))
    lower, upper = np.transpose(row["box"])
    assert (outer[:, 0] <= lower + 1e-7).all()
    assert (outer[:, 1] >= upper - 1e-7).all()
    assert (inner[:, 0] >= lower - 1e-5).all()
    assert (inner[:, 1] <= upper + 1e-5).all()
    short = SEVERAL_TIES_FEED_BACK.get(row["case"], 1e-7)
    assert np.maximum(inner[:, 0] - lower, upper - inner[:, 1]).max() <= short
