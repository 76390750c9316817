"""Solutions of f(w) + g(Dw), f a weighted distance and g polyhedral: on a face of g everything is linear.

A face says of every row of D whether Dw is fixed there, or free with the slope of g. With multipliers u of all rows the
optimality conditions are ∇f(w) + Dᵀu = 0 and Dw = prox(Dw + u); the first holds by construction, the second is checked,
exactly where the data are exact.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import isotonic_regression, linprog
from scipy.sparse.linalg import spsolve

from conservative._core.errors import ArgumentError, BudgetError
from conservative._core.exact.linear_algebra import from_flint, to_flint
from conservative.problems.faces import of_kind
from conservative.problems.guess import by_cvxpy
from conservative.problems.parameters import Parameters, Values, as_floats, flat_theta
from conservative.problems.paths import PathPiece, follow
from conservative.problems.quadratic import back, times

_MOST_FACES = 20_000
_THRESHOLDS = (1e-6, 1e-5, 1e-4, 1e-7, 1e-8, 1e-3)
_TOLERANCE = 1e-9
_ROUNDS = 20


class Solved(NamedTuple):
    """A solution w (n,), multipliers u (r,) and what the rows of D are in (r,)."""

    w: Any
    u: Any
    states: Any


def solve_linked(problem: Any, v: Values) -> NDArray[Any]:
    """The minimiser; shape (n,), of `Fraction` where all values are."""
    return np.asarray(solved(problem, v).w)


def solved(problem: Any, v: Values, near: Any = None) -> Solved:
    """The minimiser with its multipliers; `near`: states to begin with."""
    least = np.inf
    exact = Parameters((), v).exact
    for states in _candidates(problem, v, near):
        found = _on_face(problem, states, v)
        error = np.inf if found is None else _error(problem, found, v)
        if found is not None and error <= (0 if exact else _TOLERANCE * _size(found)):
            return found
        least = min(least, error)
    raise BudgetError(
        f"no face of {problem.name} was found that is optimal to {_TOLERANCE:g}; the nearest misses by {least:.1e}. "
        + ("Pass θ or the data as floats." if exact else "Scale the data, so that y and the weights are near one.")
    )


def slopes_linked(problem: Any, w: NDArray[Any], v: Values) -> NDArray[Any]:
    """∂w/∂θ on a face with strict complementarity; shape (n, m).

    ∇f(w) + Dᵀu and Dw are affine in each number of θ: their central differences of step one are their derivatives.
    """
    found = solved(problem, v)
    kinks = np.abs(problem.penalty.gaps(times(v["D"], found.w) + found.u, v))
    if kinks.size and kinks.min() <= (0 if kinks.dtype == object else _TOLERANCE * _size(found)):
        raise ArgumentError(
            f"the solution of {problem.name} has a kink here: no derivative. Its set of derivatives is that of an "
            "algorithm, `conservative_jacobian(algorithm, [*state, *theta])`; `kinks` lists such parameters."
        )
    theta, parameters = flat_theta(problem.parameters, v), of_kind(problem.parameters, v)
    slopes = []
    for k in range(len(theta)):
        unit = np.array([int(i == k) for i in range(len(theta))], dtype=theta.dtype)
        ends = []
        for sign in (1, -1):
            moved = parameters.read(theta + sign * unit)
            face = problem.penalty.face(found.states, moved)
            u = np.where(face.free, face.tilt, found.u)
            ends.append((problem.smooth.gradient(found.w, moved) + back(moved["D"], u), times(moved["D"], found.w)))
        first, second = ((up - down) / 2 for up, down in zip(*ends, strict=True))
        fixed = ~problem.penalty.face(found.states, v).free
        slopes.append(_stationary(problem, fixed, -first, -second[fixed], v)[0])
    return np.array(slopes, dtype=theta.dtype).T.reshape(len(w), len(theta))


def path_linked(problem: Any, v: Values, lower: float, upper: float) -> NDArray[np.float64]:
    """The λ in between at which the slope of the solution jumps."""
    if _dependent(v["D"]):
        raise ArgumentError(
            f"`kinks` of {problem.name} needs a D with independent rows: with a cycle of edges multipliers are not "
            "unique."
        )

    def piece(at: float, near: Any) -> PathPiece:
        values = {**v, "lambda": at}
        now = solved(problem, values, near)
        face = problem.penalty.face(now.states, {**v, "lambda": 1.0})
        slope, du = _stationary(problem, ~face.free, -back(v["D"], face.tilt), np.zeros((~face.free).sum()), values)
        here = times(v["D"], now.w) + now.u
        gaps = problem.penalty.gaps(here, values)
        moved = here + times(v["D"], slope) + du + face.tilt
        return PathPiece(slope, gaps, problem.penalty.gaps(moved, {**v, "lambda": at + 1}) - gaps, now.states)

    return follow(piece, lower, upper)


def _candidates(problem: Any, v: Values, near: Any) -> Iterator[Any]:
    """States given, those of y, and those of a guess at several thresholds, each improved by its multipliers; all."""
    floats = Parameters((), v).floats.values
    if near is not None:
        yield from _improved(problem, near, floats)
    first = problem.penalty.prox(times(floats["D"], floats["y"]), 1, floats)
    yield from _improved(problem, problem.penalty.classify(first, floats, 0), floats)
    near_w = _approximate(problem, floats)
    guess, room = times(floats["D"], near_w), np.ptp(floats["y"])
    for threshold in _THRESHOLDS:
        rounded = np.where(np.abs(guess) <= threshold * room, 0, guess)
        yield from _improved(problem, problem.penalty.classify(rounded, floats, 0), floats)
    if len(problem.penalty.states) ** len(guess) <= _MOST_FACES:
        yield from map(np.array, product(problem.penalty.states, repeat=len(guess)))


def _improved(problem: Any, states: Any, v: Values) -> Iterator[Any]:
    seen: set[bytes] = set()
    while len(seen) < _ROUNDS and states.tobytes() not in seen:
        seen.add(states.tobytes())
        yield states
        found = _on_face(problem, states, v)
        if found is None:
            return
        states = problem.penalty.classify(problem.penalty.prox(times(v["D"], found.w) + found.u, 1, v), v, 0)


def _on_face(problem: Any, states: Any, v: Values) -> Solved | None:
    """The stationary point on a face, with multipliers."""
    face = problem.penalty.face(states, v)
    right = problem.smooth.linear(v) - back(v["D"], face.tilt)
    w, u = _stationary(problem, ~face.free, right, face.fixed[~face.free], v)
    if w.dtype == object or face.free.all() or not _dependent(v["D"]):
        return Solved(w, u + face.tilt, states)
    z = times(v["D"], w)  # rows that others fix at zero belong to the face
    states = problem.penalty.classify(np.where(np.abs(z) <= 1e-12 * (1 + np.abs(w).max()), 0, z), v, 0)
    inner = _innermost(problem, w, states, v)
    return None if inner is None else Solved(w, inner, states)


def _stationary(problem: Any, fixed: Any, right: Any, level: Any, v: Values) -> tuple[Any, Any]:
    """w, u with diag(κω) w + D_Zᵀ u_Z = right, D_Z w = level and u = 0 in the other rows Z̄."""
    D, weights = v["D"], problem.smooth.diagonal(v)
    scaled = right / weights
    u = np.zeros(len(fixed), dtype=right.dtype)
    if fixed.any():
        rows = D[np.flatnonzero(fixed)]
        S = (rows.multiply(1 / weights) if sparse.issparse(rows) else rows / weights) @ rows.T
        u[fixed] = _solve(S, times(rows, scaled) - level)
    return scaled - back(D, u) / weights, u


def _solve(S: Any, right: Any) -> Any:
    """A solution of S u = right, which has one; S is positive semidefinite."""
    if sparse.issparse(S):
        return spsolve(S.tocsc(), right)
    if S.dtype != object:
        try:
            found = np.linalg.solve(S, right)
            if np.abs(S @ found - right).max() <= 1e-10 * (1 + np.abs(right).max()):
                return found
        except np.linalg.LinAlgError:
            pass
        return np.linalg.lstsq(S, right, rcond=None)[0]
    reduced, rank = to_flint(np.column_stack([S, right]).tolist()).rref()
    solution = np.zeros(len(S), dtype=object)
    for row in from_flint(reduced)[:rank]:
        solution[next(j for j, entry in enumerate(row) if entry)] = row[-1]
    return solution


def _error(problem: Any, found: Solved, v: Values) -> float:
    """‖Dw − prox(Dw + u)‖, zero exactly at a minimiser."""
    z = times(v["D"], found.w)
    return float(np.abs(z - problem.penalty.prox(z + found.u, 1, v)).max())


def _dependent(D: Any) -> bool:
    """Whether the rows of D are; of sparse ones by their number, as a graph with a cycle has it."""
    rows, n = D.shape
    return bool(rows >= n) if sparse.issparse(D) or rows >= n else bool(np.linalg.matrix_rank(as_floats(D)) < rows)


def _innermost(problem: Any, w: Any, states: Any, v: Values) -> Any:
    """Of all u with ∇f(w) + Dᵀu = 0 on a face, one farthest from the ends that g allows; None if there is none."""
    face = problem.penalty.face(states, v)
    fixed = np.flatnonzero(~face.free)
    lower, upper = (ends[fixed] for ends in problem.penalty.multipliers(states, v))
    right = -problem.smooth.gradient(w, v) - back(v["D"], face.tilt)
    one, eye = np.ones((len(fixed), 1)), sparse.eye_array(len(fixed))
    room = sparse.block_array([[eye, one], [-eye, one]])
    ends = np.concatenate([upper, -lower])
    kept = np.flatnonzero(np.isfinite(ends))
    matrix = sparse.hstack([sparse.csr_array(v["D"])[fixed].T, np.zeros((len(w), 1))])
    cost = np.append(np.zeros(len(fixed)), -1.0)
    free = [(None, None)] * len(fixed) + [(None, 1.0)]
    found = linprog(cost, A_ub=sparse.csr_array(room)[kept], b_ub=ends[kept], A_eq=matrix, b_eq=right, bounds=free)
    if found.x is None:
        return None
    u = np.array(face.tilt, dtype=np.float64)
    u[fixed] = found.x[:-1]
    return u


def _size(found: Solved) -> float:
    return 1 + max(float(np.abs(found.w).max()), float(np.abs(found.u).max()))


def _approximate(problem: Any, v: Values) -> NDArray[np.float64]:
    """By scipy for isotonic regression on a chain, else by cvxpy."""
    count = np.arange(problem.size, dtype=np.float64)
    steps, squares = (times(v["D"], power) for power in (count, count**2))
    chain = len(steps) == len(count) - 1 and (steps == 1).all() and (squares == 2 * count[1:] - 1).all()
    if problem.name == "isotonic" and chain and problem.parameters.fixed("D"):
        return np.asarray(isotonic_regression(v["y"], weights=v["weights"]).x)
    return by_cvxpy(problem, v)
