"""Solutions of quadratic problems with polyhedral g: on a face everything is linear.

A face says of every entry whether it is free, with a tilt from g, or fixed. The face is guessed by cvxpy and the
solution on it is held against the optimality condition w = prox(w − ∇f(w)), exactly where the data are; where no guess
holds, small problems go through all faces.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError, BudgetError
from conservative.problems.guess import by_cvxpy
from conservative.problems.parameters import Parameters, Values, as_floats, flat_theta
from conservative.problems.quadratic import inverse_of

_MOST_FACES = 20_000
_THRESHOLDS = (1e-6, 1e-5, 1e-4, 1e-7, 1e-8, 1e-3)
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """Free entries with the slope of g on them; the others with their fixed values; a prescribed sum, or none.

    Shapes: `free` (p,), `fixed` (p,), `tilt` (p,). `weight`: g is weight/2 ‖w‖² beside.
    """

    free: NDArray[np.bool_]
    fixed: Any
    tilt: Any
    weight: Any = 0
    total: Any = None


def solve_by_faces(problem: Any, v: Values) -> NDArray[Any]:
    """The minimiser; shape (p,), of `Fraction` where all values are."""
    guess = by_cvxpy(problem, {name: as_floats(value) for name, value in v.items()})
    best, least = guess, np.inf
    for states in _candidates(problem, guess, v):
        w = _on_face(problem, problem.penalty.face(states, v), v)
        if w is None:
            continue
        error = _optimality(problem, w, v)
        if error == 0 or (w.dtype != object and error <= _TOLERANCE * (1 + np.abs(w).max())):
            return w
        if error < least:
            best, least = as_floats(w), error
    if Parameters((), v).exact:
        raise BudgetError(f"no face of {problem.name} was found that is exactly optimal; pass θ or the data as floats.")
    return best


def slopes_on_face(problem: Any, w: NDArray[Any], v: Values) -> NDArray[Any]:
    """∂w/∂θ on the face of a solution with strict complementarity; shape (p, m).

    ∇f + tilt has degree two at most in each number of θ: its central differences of step one are its derivatives.
    """
    z = w - problem.smooth.gradient(w, v)
    if np.min(problem.penalty.slack(z, v)) <= (0 if w.dtype == object else _TOLERANCE * (1 + np.abs(z).max())):
        raise ArgumentError(
            f"the solution of {problem.name} has a kink here: no derivative. Its set of derivatives is that of an "
            "algorithm, `conservative_jacobian(algorithm, [*state, *theta])`; `kinks` lists such parameters."
        )
    states = problem.penalty.classify(w, v, 0 if w.dtype == object else _TOLERANCE)
    theta = flat_theta(problem.parameters, v)
    rest = []
    for k in range(len(theta)):
        unit = np.array([int(i == k) for i in range(len(theta))], dtype=theta.dtype)
        ends = []
        for sign in (1, -1):
            moved = problem.parameters.read(theta + sign * unit)
            face = problem.penalty.face(states, moved)
            point = np.where(face.free, w, face.fixed)
            ends.append((problem.smooth.gradient(point, moved) + face.tilt + face.weight * point, face.fixed))
        rest.append([(up - down) / 2 for up, down in zip(*ends, strict=True)])
    face = problem.penalty.face(states, v)
    moved_rows = np.array([slope for slope, _ in rest]).T
    fixed_rows = np.array([slope for _, slope in rest]).T
    solved = _linear(problem, face, -moved_rows, np.zeros_like(moved_rows[:1]), v)
    if solved is None:
        raise ArgumentError(f"the solution of {problem.name} is not unique here: no derivative.")
    return np.where(face.free[:, None], solved, fixed_rows)


def _candidates(problem: Any, guess: NDArray[np.float64], v: Values) -> Iterator[Any]:
    floats = {name: as_floats(value) for name, value in v.items()}
    for threshold in _THRESHOLDS:
        yield problem.penalty.classify(guess, floats, threshold)
    if len(problem.penalty.states) ** problem.size <= _MOST_FACES:
        yield from map(np.array, product(problem.penalty.states, repeat=problem.size))


def _on_face(problem: Any, face: Face, v: Values) -> NDArray[Any] | None:
    """The stationary point on a face; None where there is none or more than one."""
    start = np.where(face.free, 0, face.fixed)
    right = -(problem.smooth.gradient(start, v) + face.tilt)[:, None]
    total = None if face.total is None else np.array([[face.total - start.sum()]])
    solved = _linear(problem, face, right, total, v)
    return None if solved is None else np.where(face.free, solved[:, 0], face.fixed)


def _linear(problem: Any, face: Face, right: Any, total: Any, v: Values) -> NDArray[Any] | None:
    """H_ff⁻¹ r_f in the free rows; with a prescribed sum, bordered by ones. Shapes: `right` (p, c), result (p, c)."""
    solved: NDArray[Any] = np.zeros_like(right)
    free = np.flatnonzero(face.free)
    if not len(free):
        return None if face.total is not None else solved
    matrix = problem.smooth.hessian(v)[np.ix_(free, free)] + face.weight * np.eye(len(free), dtype=int)
    rows = right[free]
    if face.total is not None:
        one = np.ones((len(free), 1), dtype=int)
        matrix = np.block([[matrix, one], [one.T, np.zeros((1, 1), dtype=int)]])
        rows = np.concatenate([rows, total])
    try:
        found = inverse_of(matrix) @ rows if matrix.dtype == object else np.linalg.solve(matrix, rows)
    except (ZeroDivisionError, np.linalg.LinAlgError):
        return None
    solved[free] = found[: len(free)]
    return np.asarray(solved)


def _optimality(problem: Any, w: NDArray[Any], v: Values) -> float:
    """‖w − prox(w − ∇f(w))‖, zero exactly at a minimiser."""
    return float(np.abs(w - problem.penalty.prox(w - problem.smooth.gradient(w, v), 1, v)).max())
