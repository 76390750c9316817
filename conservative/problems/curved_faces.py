"""Solutions where f or g is curved: the support by cvxpy, then Newton's method on it to the last digits."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError, BudgetError
from conservative.problems.faces import solved_or_least
from conservative.problems.guess import by_cvxpy
from conservative.problems.parameters import Parameters, Values

_THRESHOLDS = (1e-5, 1e-4, 1e-6, 1e-3)
_GOAL, _ENOUGH = 1e-12, 1e-7
_ROUNDS, _STEPS = 12, 8


def solve_by_newton(problem: Any, v: Values) -> NDArray[np.float64]:
    """The minimiser, shape (p,), in floats."""
    v = Parameters((), v).floats.values
    best, least = np.zeros(problem.size), np.inf
    with np.errstate(all="ignore"):
        at_zero = float(problem.smooth.value(best, v) + problem.penalty.value(best, v))
    for w in _candidates(problem, v):
        with np.errstate(all="ignore"):
            worse = float(problem.smooth.value(w, v) + problem.penalty.value(w, v)) > at_zero + 1e-9 * abs(at_zero)
        if worse:  # a step of a singular system has led away
            continue
        error = float(np.abs(w - problem.penalty.prox(w - problem.smooth.gradient(w, v), 1, v)).max())
        if error < least:  # false for what is not a number
            best, least = w, error
        if least <= _GOAL * (1 + np.abs(best).max()):
            return best
    if not least <= _ENOUGH * (1 + np.abs(best).max()):
        raise BudgetError(
            f"no solution of {problem.name} was found: the best misses its optimality condition by {least:.1e}. Scale "
            "the data: columns of one size, weights near one."
        )
    return best


def _candidates(problem: Any, v: Values) -> Iterator[NDArray[np.float64]]:
    """Stationary points: of supports found from 0, as a proximal step changes them; then of those of a guess."""
    yield from _from_zero(problem, v)
    guess = problem.penalty.within(by_cvxpy(problem, v))
    for threshold in _THRESHOLDS:
        yield _polished(problem, guess, problem.penalty.classify(guess, v, threshold), v)
    yield guess  # to the digits of cvxpy, where Newton's system is singular


def _from_zero(problem: Any, v: Values) -> Iterator[NDArray[np.float64]]:
    try:
        step = 1 / (problem.smooth.curvatures(v)[1] or 1.0)
    except ArgumentError:  # no step is known
        return
    w, seen = np.zeros(problem.size), set[bytes]()
    while len(seen) < _ROUNDS and np.isfinite(w).all():
        moved = problem.penalty.prox(w - step * problem.smooth.gradient(w, v), step, v)
        states = problem.penalty.classify(moved, v, 0)
        if states.tobytes() in seen:
            return
        seen.add(states.tobytes())
        w = _polished(problem, np.where(states == problem.penalty.classify(w, v, 0), w, moved), states, v)
        yield w


def slopes_on_support(problem: Any, w: NDArray[Any], v: Values) -> NDArray[np.float64]:
    """∂w/∂θ where the support stays; shape (p, m). The gradient is differentiated by θ with a complex step."""
    v = Parameters((), v).floats.values
    w = np.asarray(w, dtype=np.float64)
    z = w - problem.smooth.gradient(w, v)
    if np.min(problem.penalty.slack(z, v)) <= 1e-9 * (1 + np.abs(z).max()):
        raise ArgumentError(f"the solution of {problem.name} has a kink here: no derivative.")
    states = problem.penalty.classify(w, v, 1e-9)
    free = np.flatnonzero(states)
    slopes = np.zeros((len(w), len(problem.parameters.names)))
    theta = np.concatenate([np.ravel(v[name]) for name in problem.parameters.chosen])
    for k, unit in enumerate(np.eye(len(theta))):
        slopes[free, k] = -_slope(problem, w, states, problem.parameters.floats.read(theta + 1e-200j * unit))[free].imag
    slopes *= 1e200
    H = _curvature(problem, w, states, v)[np.ix_(free, free)]
    if len(free) and np.linalg.matrix_rank(H, hermitian=True) < len(free):
        raise ArgumentError(f"the solution of {problem.name} is not unique here: no derivative.")
    slopes[free] = np.linalg.solve(H, slopes[free])
    return slopes


def _slope(problem: Any, w: Any, states: Any, v: Values) -> Any:
    return problem.smooth.gradient(w, v) + problem.penalty.tilt(w, states, v)


def _curvature(problem: Any, w: Any, states: Any, v: Values) -> Any:
    return problem.smooth.hessian_at(w, v) + problem.penalty.bend(w, states, v)


def _polished(problem: Any, guess: Any, states: Any, v: Values) -> NDArray[np.float64]:
    w = np.where(states != 0, guess, 0.0)
    free = np.flatnonzero(states)
    for _ in range(_STEPS if len(free) else 0):
        H = _curvature(problem, w, states, v)[np.ix_(free, free)]
        slope = _slope(problem, w, states, v)[free]
        if not (np.isfinite(H).all() and np.isfinite(slope).all()):
            break
        step = solved_or_least(H, slope)
        w[free] -= step
        if np.abs(step).max() <= 1e-15 * np.abs(w).max():
            break
    return w
