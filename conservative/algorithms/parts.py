"""What the families share: the whole gradient and Hessian of smooth problems, and which problems they serve."""

from collections.abc import Callable
from typing import Any

import numpy as np

from conservative._core.errors import ArgumentError
from conservative.algorithms.build import Rules
from conservative.problems import Problem
from conservative.problems.parameters import Values
from conservative.problems.problem import check_problem
from conservative.problems.quadratic import Quadratic, over_matrices


def smooth_problem(problem: Any, *, call: str, remedy: str) -> Problem:
    """A problem whose f and g both have gradients."""
    read = check_problem(problem, call=call)
    if not read.penalty.smooth:
        raise ArgumentError(
            f"`{call}(problem=...)` needs an objective with a gradient; that of {read.name} has kinks. {remedy}"
        )
    return read


def gradient(P: Problem, w: Any, v: Values) -> Any:
    """∇f + ∇g."""
    return P.smooth.gradient(w, v) + P.penalty.gradient(w, v)


def hessian(P: Problem, w: Any, v: Values) -> Any:
    """∇²f + ∇²g, a matrix."""
    return P.smooth.hessian_at(w, v) + over_matrices(P.penalty.curvature(v)) * np.eye(P.size, dtype=int)


def gradient_step(P: Problem, w: Any, v: Values) -> Any:
    """w − α(∇f(w) + ∇g(w))."""
    return w - v["step"] * gradient(P, w, v)


def proximal_step(P: Problem, w: Any, v: Values) -> Any:
    """prox_{αg}(w − α∇f(w))."""
    return P.penalty.prox(w - v["step"] * P.smooth.gradient(w, v), v["step"], v)


def damping(problem: Problem) -> Any:
    """λ where g is λ/2 ‖w‖², and else 0."""
    return problem.penalty.curvature(problem.parameters.values) if problem.penalty.smooth else 0


def curvatures(problem: Problem) -> tuple[float, float]:
    """μ ≤ L of f at the problem's own θ, in floats."""
    floats = problem.floats
    if not hasattr(floats.smooth, "curvatures"):
        raise ArgumentError(
            f"{problem.name} has no smooth part with a bound of its curvature, which gradient steps need. It has an "
            "algorithm of its own: `sinkhorn`, `relu_equilibrium` or `hypergradient_descent`."
        )
    mu, L = floats.smooth.curvatures(floats.parameters.values)
    if not L > 0:
        raise ArgumentError(
            f"the smooth part of {problem.name} is flat, so that no step has a scale: are its data zero?"
        )
    return mu, L


def total_curvatures(problem: Problem) -> tuple[float, float]:
    """μ ≤ L of f + g, g smooth."""
    mu, L = curvatures(problem)
    more = float(problem.penalty.curvature(problem.parameters.values))
    return mu + more, L + more


def quadratic_part(problem: Any, *, call: str) -> float:
    """L of a problem with quadratic f, whose proximal map is a linear solve."""
    read = check_problem(problem, call=call)
    if not isinstance(read.smooth, Quadratic):
        raise ArgumentError(f"`{call}(problem=...)` needs quadratic f; that of {read.name} is none. Use `fista`.")
    return curvatures(read)[1]


def resolvent_step(problem: Any, *, call: str) -> float:
    """1/L, or 1 where f has no L: a step for the proximal map of f, which must be known."""
    read = check_problem(problem, call=call)
    if not hasattr(read.smooth, "resolvent"):
        raise ArgumentError(
            f"`{call}(problem=...)` needs f with a proximal map in closed form, quadratic or −log det; that of "
            f"{read.name} has none. Use `fista`."
        )
    return 1 / curvatures(read)[1] if isinstance(read.smooth, Quadratic) else 1.0


def joined(*parts: Any) -> Any:
    """Parts of a state, one after the other."""
    return np.concatenate(parts, axis=-1)


def halves(z: Any) -> tuple[Any, Any]:
    """Two parts of a state of one size."""
    p = z.shape[-1] // 2
    return z[..., :p], z[..., p:]


def with_memory(P: Problem, update: Callable[[Any, Any, Values], Any]) -> Rules:
    """The state (w, w₋) of a method with momentum, whose next w is update(w, w − w₋, v)."""

    def step(z: Any, v: Values) -> Any:
        w, before = halves(z)
        return joined(update(w, w - before, v), w)

    return Rules(step, {"w": P.size, "w_": P.size}, lift=lambda w, v: joined(w, w))
