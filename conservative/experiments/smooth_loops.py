"""Smooth algorithms on ridge regression: derivatives of the iterates converge to that of the solution."""

from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from conservative import algorithms, problems
from conservative.algorithms import Algorithm
from conservative.differentiation import implicit_jacobian, piggyback
from conservative.experiments.experiment import Experiment, MeasuredClaim, Progress, at_least, at_most, column
from conservative.jacobians import conservative_jacobian
from conservative.problems import Problem

Floats = NDArray[np.float64]
_FLOOR = 1e-13
"""Errors below this part of the first are rounding."""


class LoopRun(NamedTuple):
    """A loop on a problem: errors of the points and of their derivatives, and the rates that A says they have."""

    name: str
    points: Floats
    derivatives: Floats
    radius: float
    norm: float


def _ridge(draws: Generator, full: bool) -> Problem:
    n, p = (200, 50) if full else (30, 6)
    X = draws.standard_normal((n, p)) / np.sqrt(n)
    return problems.ridge(X, draws.standard_normal(n), weight=0.5)


def _run(algorithm: Algorithm, steps: int) -> LoopRun:
    problem, theta = algorithm.problem, np.asarray(algorithm.problem.theta, dtype=np.float64)
    w, slope = np.asarray(problem.solve(theta), dtype=np.float64), np.asarray(problem.derivative(theta))
    start = np.zeros(algorithm.state_size)
    loop = piggyback(algorithm, start, theta, steps=steps)
    A = _blocks(algorithm, algorithm.lift(w, theta))[:, : algorithm.state_size]
    return LoopRun(
        algorithm.name.replace("_", " "),
        np.linalg.norm(loop.outputs - w, axis=-1),
        np.linalg.norm(loop.output_derivatives - slope, axis=(-2, -1)),
        float(np.abs(np.linalg.eigvals(A)).max()),
        float(np.linalg.norm(A, 2)),
    )


def _blocks(algorithm: Algorithm, z: Any) -> Floats:
    """[A B] at a point without ties; of gradient descent A is the same everywhere."""
    theta = np.asarray(algorithm.problem.theta, dtype=np.float64)
    return np.asarray(conservative_jacobian(algorithm, [*map(float, z), *theta]).vertices[0], dtype=np.float64)


def _rate(errors: Floats) -> float:
    """The factor a step, over the second half of what lies above rounding."""
    last = int(np.argmax(errors <= _FLOOR * errors.max())) or len(errors)
    first = last // 2
    if last - first < 2:
        return 0.0
    return float((errors[last - 1] / errors[first]) ** (1.0 / (last - 1 - first)))


def _loops(draws: Generator, full: bool, tell: Progress | None) -> list[LoopRun]:
    P = _ridge(draws, full)
    made = (algorithms.gradient_descent, algorithms.newton, algorithms.heavy_ball, algorithms.nesterov)
    runs = []
    for make in made:
        if tell is not None:
            tell(f"{make.__name__.replace('_', ' ')} on ridge regression")
        runs.append(_run(make(P), 400 if full else 150))
    return runs


def piggyback_smooth(
    *, rng: Generator | int | None = None, full: bool = False, progress: Progress | None = None
) -> Experiment:
    """Derivatives of smooth iterations converge with the iterates, at the same rate up to a factor t.

    Gradient descent, Newton, heavy ball and Nesterov on a random ridge regression; ‖A‖₂ < 1 is not necessary.

    Parameters
    ----------
    rng : Generator or int, optional
    full : bool
        n = 200, p = 50 and 400 steps in place of n = 30, p = 6 and 150.
    progress : callable, optional

    Returns
    -------
    Experiment

    Examples
    --------
    >>> import conservative as cj
    >>> cj.experiments.piggyback_smooth(rng=0).held
    True
    """
    runs = _loops(np.random.default_rng(rng), full, progress)
    claims: list[MeasuredClaim] = []
    for run in runs:
        claims.append(
            at_most(
                f"{run.name}: the derivative of the last iterate is that of the solution", run.derivatives[-1], 1e-8
            )
        )
        bound = run.radius**0.5 if run.radius < 1e-6 else run.radius * 1.1
        claims.append(at_most(f"{run.name}: it shrinks by ρ(A), up to a tenth, a step", _rate(run.derivatives), bound))
    momentum = next(run for run in runs if run.name == "heavy ball")
    claims.append(at_least("heavy ball: ‖A‖₂ ≥ 1, and derivatives converge all the same", momentum.norm, 1.0))

    def draw(ax: Any) -> None:
        for run in runs:
            (line,) = ax.semilogy(np.maximum(run.derivatives, 1e-17), label=run.name)
            ax.semilogy(np.maximum(run.points, 1e-17), ls=":", color=line.get_color())
        ax.set(xlabel="step t", ylabel="error of the derivative (solid), of the point (dotted)")
        ax.legend(frameon=False)

    return Experiment(
        name="piggyback-smooth",
        title="Smooth iterations: derivatives converge with the iterates",
        statement="if x_t tends to x̄ and ρ(∂₁F(x̄, θ)) < 1, then Jac x_t(θ) tends to Jac x̄(θ) (Gilbert 1992)",
        assumption="F is C¹ with ρ(∂₁F) < 1 at the fixed point",
        columns=(
            column("step", np.arange(len(runs[0].points))),
            *(column(f"{run.name}: point", run.points) for run in runs),
            *(column(f"{run.name}: derivative", run.derivatives) for run in runs),
        ),
        claims=tuple(claims),
        draw=draw,
    )


def implicit_equals_autodiff(
    *, rng: Generator | int | None = None, full: bool = False, progress: Progress | None = None
) -> Experiment:
    """The limit of automatic differentiation is the implicit derivative (Id − ∂₁F)⁻¹∂₂F.

    Along the iterates of a random ridge regression: X_t, the implicit formula at x_t, and the a-posteriori bound.

    Parameters
    ----------
    rng : Generator or int, optional
    full : bool
    progress : callable, optional

    Returns
    -------
    Experiment

    Examples
    --------
    >>> import conservative as cj
    >>> cj.experiments.implicit_equals_autodiff(rng=0).held
    True
    """
    P = _ridge(np.random.default_rng(rng), full)
    algorithm = algorithms.gradient_descent(P)
    theta = np.asarray(P.theta, dtype=np.float64)
    w, slope = np.asarray(P.solve(theta), dtype=np.float64), np.asarray(P.derivative(theta))
    if progress is not None:
        progress("gradient descent on ridge regression")
    loop = piggyback(algorithm, np.zeros(P.size), theta, steps=120)
    A = _blocks(algorithm, w)[:, : P.size]
    rho = float(np.linalg.norm(A, 2))
    moved = np.linalg.norm(np.diff(loop.derivatives, axis=0), axis=(-2, -1))
    errors = np.linalg.norm(loop.derivatives - slope, axis=(-2, -1))[1:]
    implicit = implicit_jacobian(algorithm, [*w, *theta]).vertices[0]
    blocks = [_blocks(algorithm, x) for x in loop.points[:-1]]
    off = np.array([np.linalg.norm(b - _blocks(algorithm, w)) for b in blocks])
    bounds = (rho * moved + off) / (1 - rho)
    at_x = [np.linalg.solve(np.eye(P.size) - b[:, : P.size], b[:, P.size :]) for b in blocks]
    by_formula = np.linalg.norm(np.asarray(at_x) - slope, axis=(-2, -1))
    residuals = np.linalg.norm(np.diff(loop.points, axis=0), axis=1)
    above = np.minimum(errors, by_formula) > 1e-11 * errors[0]  # the others are rounding
    claims = (
        at_most("the implicit derivative is the solution's", np.abs(implicit - slope).max(), 1e-10),
        at_most("the limit of X_t is the implicit derivative", errors[-1], 1e-8),
        at_most(
            "the formula at x_t is off by at most ‖[A B] − [Ā B̄]‖/(1 − ρ)",
            (by_formula / off)[above].max(),
            1 / (1 - rho),
        ),
        at_most("X_t is off by at most (ρ|X_t − X_{t−1}| + ‖B − B̄‖)/(1 − ρ)", (errors / bounds)[above].max(), 1.0),
    )

    def draw(ax: Any) -> None:
        for values, label in ((errors, "X_t"), (by_formula, "implicit formula at x_t"), (bounds, "bound of X_t")):
            ax.semilogy(np.maximum(values, 1e-17), label=label, ls=":" if label == "bound of X_t" else "-")
        ax.set(xlabel="step t", ylabel="distance to the derivative of the solution")
        ax.legend(frameon=False)

    return Experiment(
        name="implicit-equals-autodiff",
        title="The limit of automatic differentiation is the implicit derivative",
        statement="Jac x̄(θ) = (Id − ∂₁F)⁻¹∂₂F at (x̄, θ) is the limit of Jac x_t(θ)",
        assumption="F is C¹ and ‖∂₁F‖₂ ≤ ρ < 1",
        columns=(
            column("step", np.arange(1, len(errors) + 1)),
            column("error of X_t", errors),
            column("error of the formula at x_t", by_formula),
            column("bound of X_t", bounds),
            column("residual", residuals),
        ),
        claims=claims,
        draw=draw,
    )
