"""Solutions of quadratic problems with polyhedral g: on a face everything is linear.

A face says of every entry whether it is free, with a tilt from g, or fixed. The face is guessed by cvxpy and the
solution on it is held against the optimality condition w = prox(w − ∇f(w)), exactly where the data are; where no guess
holds, small problems go through all faces.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.optimize import linprog

from conservative._core.errors import ArgumentError, BudgetError
from conservative.problems.guess import by_cvxpy
from conservative.problems.parameters import Parameters, Values, as_floats, flat_theta
from conservative.problems.quadratic import inverse_of

_MOST_FACES = 20_000
_THRESHOLDS = (1e-6, 1e-5, 1e-4, 1e-7, 1e-8, 1e-3)
_TOLERANCE = 1e-9
_ROUNDS, _MOST_FREE = 12, 500
_MOST_TIES = 6


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """Free entries with the slope of g on them; the others with their fixed values; a prescribed nᵀw, or none.

    Shapes: `free` (p,), `fixed` (p,), `tilt` (p,), `normal` (p,). `weight`: g is weight/2 ‖w‖² beside.
    """

    free: NDArray[np.bool_]
    fixed: Any
    tilt: Any
    weight: Any = 0
    total: Any = None
    normal: Any = None


def solve_by_faces(problem: Any, v: Values, near: Any = None) -> NDArray[Any]:
    """The minimiser; shape (p,), of `Fraction` where all values are. `near`: states to begin with."""
    exact, least = Parameters((), v).exact, np.inf
    step = 1 if exact else _step(problem, v)
    for states in _candidates(problem, v, near):
        w = _on_face(problem, problem.penalty.face(states, v), v)
        error = np.inf if w is None else _optimality(problem, w, step, v)
        if w is not None and error <= (0 if exact else _room(w, w - step * problem.smooth.gradient(w, v))):
            return w
        least = min(least, error)
    raise BudgetError(
        f"no face of {problem.name} was found on which the solution is optimal; the nearest misses by {least:.1e}. "
        + ("Pass θ or the data as floats." if exact else "Scale the data: columns of one size, weights near one.")
    )


def _step(problem: Any, v: Values) -> float:
    """1/L, or 1 where f is flat."""
    return 1 / (problem.smooth.curvatures(v)[1] or 1.0)


def _room(w: Any, z: Any) -> float:
    """By how much rounding may move w − prox(z)."""
    return float(_TOLERANCE * np.abs(w).max() + 1e-12 * np.abs(z).max())


def slopes_on_face(problem: Any, w: NDArray[Any], v: Values) -> NDArray[Any]:
    """∂w/∂θ, (p, m), where the face of a solution is strict, or, for one θ, where one face serves on both sides."""
    z = w - problem.smooth.gradient(w, v)
    room = 0 if w.dtype == object else _TOLERANCE * np.abs(z).max()
    states = problem.penalty.classify(w, v, 0 if w.dtype == object else _TOLERANCE)
    tied = np.flatnonzero(problem.penalty.slack(z, v) <= room)
    if not len(tied):
        return face_slopes(problem, w, states, v)
    if not _unique(problem, problem.penalty.face(states, v), v, also=tied):
        raise ArgumentError(f"the solution of {problem.name} is not unique here, or has a kink: no derivative.")
    if len(tied) <= _MOST_TIES and len(problem.parameters.names) == 1:
        for some in product(problem.penalty.states, repeat=len(tied)):
            states[tied] = some
            slopes = face_slopes(problem, w, states, v)
            if _serves_both_sides(problem, w, slopes[:, 0], v):
                return slopes
    raise ArgumentError(
        f"the solution of {problem.name} has a kink here: no derivative. Its set of derivatives is that of an "
        "algorithm, `conservative_jacobian(algorithm, [*state, *theta])`; `kinks` lists such parameters."
    )


def of_kind(parameters: Parameters, v: Values) -> Parameters:
    """In floats where the values are."""
    return parameters if Parameters((), v).exact else parameters.floats


def _serves_both_sides(problem: Any, w: NDArray[Any], slope: NDArray[Any], v: Values) -> bool:
    """Whether w ± h slope solve the problem at θ ± h."""
    theta, parameters = flat_theta(problem.parameters, v), of_kind(problem.parameters, v)
    h = Fraction(1, 10**9) if w.dtype == object else 1e-4 * float(np.abs(theta).max() or 1)
    for shift in (h, -h):
        moved = parameters.read(theta + shift)
        there = w + shift * slope
        step = 1 if w.dtype == object else _step(problem, moved)
        if _optimality(problem, there, step, moved) > (0 if w.dtype == object else _TOLERANCE * np.abs(w).max()):
            return False
    return True


def face_slopes(problem: Any, w: NDArray[Any], states: Any, v: Values) -> NDArray[Any]:
    """∂w/∂θ on the face of these states.

    ∇f + tilt has degree two at most in each number of θ: its central differences of step one are its derivatives.
    """
    theta, parameters = flat_theta(problem.parameters, v), of_kind(problem.parameters, v)
    rest = []
    for k in range(len(theta)):
        unit = np.array([int(i == k) for i in range(len(theta))], dtype=theta.dtype)
        ends = []
        for sign in (1, -1):
            moved = parameters.read(theta + sign * unit)
            face = problem.penalty.face(states, moved)
            point = np.where(face.free, w, face.fixed)
            ends.append((problem.smooth.gradient(point, moved) + face.tilt + face.weight * point, face.fixed))
        rest.append([(up - down) / 2 for up, down in zip(*ends, strict=True)])
    face = problem.penalty.face(states, v)
    moved_rows = np.array([slope for slope, _ in rest]).T
    fixed_rows = np.array([slope for _, slope in rest]).T
    normal = np.ones(len(w), dtype=int) if face.normal is None else face.normal
    balance = -(normal[~face.free] @ fixed_rows[~face.free])[None]
    solved = _linear(problem, face, -moved_rows, balance, v)
    if solved is None or not _unique(problem, face, v):
        raise ArgumentError(f"the solution of {problem.name} is not unique here: no derivative.")
    return np.where(face.free[:, None], solved, fixed_rows)


def _candidates(problem: Any, v: Values, near: Any) -> Iterator[Any]:
    """States near others; those found from 0; those of a guess at several thresholds; all where they are few."""
    floats = Parameters((), v).floats.values
    step = _step(problem, floats)

    def after(w: NDArray[np.float64]) -> Any:
        moved = problem.penalty.prox(w - step * problem.smooth.gradient(w, floats), step, floats)
        return problem.penalty.classify(moved, floats, 0)

    if near is not None:
        yield from _improved(problem, near, step, floats)
    rank = problem.size if floats.get("X") is None else min(floats["X"].shape)
    most = None if problem.penalty.smooth else min(rank, _MOST_FREE)
    yield from _improved(problem, after(np.zeros(problem.size)), step, floats, most)
    guess = by_cvxpy(problem, floats)
    yield from _improved(problem, after(guess), step, floats)
    for threshold in _THRESHOLDS:
        yield from _improved(problem, problem.penalty.classify(guess, floats, threshold), step, floats)
    yield from _vertices(problem, guess, step, floats)
    if len(problem.penalty.states) ** problem.size <= _MOST_FACES:
        yield from map(np.array, product(problem.penalty.states, repeat=problem.size))


def _vertices(problem: Any, guess: NDArray[np.float64], step: float, v: Values) -> Iterator[Any]:
    """Of many solutions one with few free entries: a vertex of all w on a face with the same gradient and g."""
    states = problem.penalty.classify(guess, v, 1e-6)
    face = problem.penalty.face(states, v)
    free = np.flatnonzero(face.free)
    if not len(free):
        return
    lower, upper = (np.broadcast_to(end, guess.shape)[free] for end in problem.penalty.ends(states, v))
    rows = [problem.smooth.block(free, v), np.broadcast_to(face.tilt, guess.shape)[free][None]]
    if face.total is not None:
        rows.append((np.ones(len(free)) if face.normal is None else face.normal[free])[None])
    matrix = np.concatenate(rows)
    cost = np.where(np.isfinite(lower), 1.0, -1.0) * (1 + np.arange(len(free)) / len(free))
    bounds = np.stack([lower, upper], axis=1)
    found = linprog(
        cost, A_eq=matrix, b_eq=matrix @ np.clip(guess[free], lower, upper), bounds=bounds, method="highs-ds"
    )
    if found.x is not None:
        w = np.where(face.free, 0.0, face.fixed)
        w[free] = found.x
        yield from _improved(problem, problem.penalty.classify(w, v, 1e-9), step, v)


def _improved(problem: Any, states: Any, step: float, v: Values, most: int | None = None) -> Iterator[Any]:
    """States, then those of the proximal step from their point, until they stay, or more than so many are free."""
    seen: set[bytes] = set()
    while len(seen) < _ROUNDS and states.tobytes() not in seen:
        face = problem.penalty.face(states, v)
        if most is not None and face.free.sum() > most:
            return
        seen.add(states.tobytes())
        yield states
        w = _on_face(problem, face, v)
        if w is None:
            return
        states = problem.penalty.classify(problem.penalty.prox(w - step * problem.smooth.gradient(w, v), step, v), v, 0)


def _on_face(problem: Any, face: Face, v: Values) -> NDArray[Any] | None:
    """The stationary point on a face; None where there is none or more than one."""
    start = np.where(face.free, 0, face.fixed)
    right = -(problem.smooth.gradient(start, v) + face.tilt)[:, None]
    normal = 1 if face.normal is None else face.normal
    total = None if face.total is None else np.array([[face.total - (normal * start).sum()]])
    solved = _linear(problem, face, right, total, v)
    return None if solved is None else np.where(face.free, solved[:, 0], face.fixed)


def _linear(problem: Any, face: Face, right: Any, total: Any, v: Values) -> NDArray[Any] | None:
    """H_ff⁻¹ r_f in the free rows, bordered where nᵀw is prescribed; of floats some solution where there are many.

    Shapes: `right` (p, c), result (p, c).
    """
    solved: NDArray[Any] = np.zeros_like(right)
    free = np.flatnonzero(face.free)
    if not len(free):
        return solved
    matrix = problem.smooth.block(free, v) + face.weight * np.eye(len(free), dtype=int)
    rows = right[free]
    if face.total is not None:
        one = np.ones((len(free), 1), dtype=int) if face.normal is None else face.normal[free][:, None]
        matrix = np.block([[matrix, one], [one.T, np.zeros((1, 1), dtype=int)]])
        rows = np.concatenate([rows, total])
    try:
        found = inverse_of(matrix) @ rows if matrix.dtype == object else solved_or_least(matrix, rows)
    except ZeroDivisionError:
        return None
    solved[free] = found[: len(free)]
    return np.asarray(solved)


def solved_or_least(M: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """M⁻¹ r, or the least solution where M is singular to rounding."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", linalg.LinAlgWarning)
            return np.asarray(linalg.solve(M, right, check_finite=False, assume_a="sym"))
    except (np.linalg.LinAlgError, linalg.LinAlgWarning):
        return np.asarray(np.linalg.lstsq(M, right, rcond=None)[0])


def _unique(problem: Any, face: Face, v: Values, *, also: Any = ()) -> bool:
    """Whether the stationary point on a face is the only one, where entries at a kink are let free too."""
    free = np.union1d(np.flatnonzero(face.free), np.asarray(also, dtype=np.intp))
    if not len(free):
        return True
    matrix = as_floats(problem.smooth.block(free, v) + face.weight * np.eye(len(free), dtype=int))
    if face.total is not None:
        one = np.ones(len(free)) if face.normal is None else as_floats(face.normal[free])
        matrix = matrix + np.abs(matrix).max() * np.outer(one, one)
    return bool(np.linalg.matrix_rank(matrix, hermitian=True) == len(free))


def _optimality(problem: Any, w: NDArray[Any], step: Any, v: Values) -> float:
    """‖w − prox(w − α∇f(w))‖, zero exactly at a minimiser."""
    return float(np.abs(w - problem.penalty.prox(w - step * problem.smooth.gradient(w, v), step, v)).max())
