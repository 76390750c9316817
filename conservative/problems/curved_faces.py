"""Solutions where f or g is curved: the support by cvxpy, then Newton's method on it to the last digits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError
from conservative.problems.guess import by_cvxpy
from conservative.problems.parameters import Parameters, Values

_THRESHOLDS = (1e-5, 1e-4, 1e-6, 1e-3)


def solve_by_newton(problem: Any, v: Values) -> NDArray[np.float64]:
    """The minimiser, shape (p,), in floats."""
    v = Parameters((), v).floats.values
    guess: NDArray[np.float64] = problem.penalty.within(by_cvxpy(problem, v))
    best, least = guess, np.inf
    for threshold in _THRESHOLDS:
        w = _polished(problem, guess, problem.penalty.classify(guess, v, threshold), v)
        error = float(np.abs(w - problem.penalty.prox(w - problem.smooth.gradient(w, v), 1, v)).max())
        if error < least:
            best, least = w, error
    return best


def slopes_on_support(problem: Any, w: NDArray[Any], v: Values) -> NDArray[np.float64]:
    """∂w/∂θ where the support stays; shape (p, m). Central differences of the gradient are exact: see `faces`."""
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
        up, down = (_slope(problem, w, states, problem.parameters.read(theta + sign * unit)) for sign in (1, -1))
        slopes[free, k] = -((up - down) / 2)[free]
    slopes[free] = np.linalg.solve(_curvature(problem, w, states, v)[np.ix_(free, free)], slopes[free])
    return slopes


def _slope(problem: Any, w: Any, states: Any, v: Values) -> Any:
    return problem.smooth.gradient(w, v) + problem.penalty.tilt(w, states, v)


def _curvature(problem: Any, w: Any, states: Any, v: Values) -> Any:
    return problem.smooth.hessian_at(w, v) + problem.penalty.bend(w, states, v)


def _polished(problem: Any, guess: Any, states: Any, v: Values) -> NDArray[np.float64]:
    w = np.where(states != 0, guess, 0.0)
    free = np.flatnonzero(states)
    for _ in range(8 if len(free) else 0):
        H = _curvature(problem, w, states, v)[np.ix_(free, free)]
        w[free] -= np.linalg.lstsq(H, _slope(problem, w, states, v)[free], rcond=None)[0]
    return w
