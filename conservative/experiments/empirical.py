"""The talk's figure: errors of iterates and of their derivatives, for four algorithms on random instances."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from conservative import algorithms, problems
from conservative.algorithms import Algorithm
from conservative.differentiation import implicit_jacobian, piggyback
from conservative.experiments.experiment import (
    Experiment,
    MeasuredClaim,
    Progress,
    at_most,
    column,
    until_interrupted,
)
from conservative.jacobians import conservative_jacobian

Floats = NDArray[np.float64]


class _Setting(NamedTuple):
    name: str
    make: Callable[[Generator, bool], Algorithm]
    steps: int


class _Instance(NamedTuple):
    points: Floats
    derivatives: Floats
    identified: int
    rate: float


def _ridge(draws: Generator, full: bool) -> Algorithm:
    n, p = (200, 50) if full else (30, 8)
    P = problems.ridge(draws.standard_normal((n, p)) / np.sqrt(n), draws.standard_normal(n), weight=0.1)
    return algorithms.gradient_descent(P)


def _lasso(draws: Generator, full: bool) -> Algorithm:
    n, p = (200, 80) if full else (40, 12)
    X = draws.standard_normal((n, p)) / np.sqrt(n)
    y = X[:, :4] @ np.array([3.0, -2.0, 1.0, 2.0]) + 0.1 * draws.standard_normal(n)
    return algorithms.forward_backward(problems.lasso(X, y, weight=0.2))


def _covariance(draws: Generator, full: bool) -> Algorithm:
    p = 8 if full else 4
    data = draws.standard_normal((10 * p, p))
    return algorithms.douglas_rachford(problems.inverse_covariance(data.T @ data / len(data), weight=0.1), step=1.0)


def _trend(draws: Generator, full: bool) -> Algorithm:
    n = 60 if full else 16
    y = np.abs(np.linspace(-1, 1, n)) + 0.1 * draws.standard_normal(n)
    return algorithms.admm(problems.trend_filtering(y, order=2, weight=0.3), penalty=0.5)


_SETTINGS = (
    _Setting("gradient descent on ridge", _ridge, 200),
    _Setting("forward–backward on lasso", _lasso, 200),
    _Setting("Douglas–Rachford on inverse covariance", _covariance, 150),
    _Setting("ADMM on trend filtering", _trend, 600),
)


def _run(algorithm: Algorithm, steps: int) -> _Instance:
    theta = np.asarray(algorithm.problem.theta, dtype=np.float64)
    w = np.asarray(algorithm.problem.solve(theta), dtype=np.float64)
    z = np.asarray(algorithm.lift(w, theta), dtype=np.float64)
    slope = implicit_jacobian(algorithm, [*z, *theta]).output_vertices[0]
    A = conservative_jacobian(algorithm, [*z, *theta]).vertices[0][:, : algorithm.state_size]
    loop = piggyback(
        algorithm, np.zeros(algorithm.state_size) + (algorithm.name == "douglas_rachford"), theta, steps=steps
    )
    moving = np.abs(loop.output_derivatives).max(axis=-1) > 1e-9
    wrong = (moving != (np.abs(slope).max(axis=-1) > 1e-9)).any(axis=1)
    return _Instance(
        np.linalg.norm(loop.outputs - w, axis=-1),
        np.linalg.norm(loop.output_derivatives - slope, axis=(-2, -1)),
        int(np.nonzero(wrong)[0].max()) + 1 if wrong.any() else 0,
        float(np.abs(np.linalg.eigvals(A)).max()),
    )


def empirical(
    *, rng: Generator | int | None = None, full: bool = False, progress: Progress | None = None
) -> Experiment:
    """The talk's figure: iterates and their derivatives converge together, for four algorithms on random instances.

    Gradient descent on ridge, forward–backward on lasso, Douglas–Rachford on sparse inverse covariance, ADMM on trend
    filtering; medians and quantiles of the errors, the time from which the support stays, and the rate ρ(A(x̄)).

    Parameters
    ----------
    rng : Generator or int, optional
        Of the instances.
    full : bool
        50 large instances each, in place of 4 small ones.
    progress : callable, optional

    Returns
    -------
    Experiment

    Examples
    --------
    Half a minute: ``cj.experiments.empirical(rng=0).plot(save="talk.pdf")``.
    """
    draws = np.random.default_rng(rng)
    tasks = [setting for setting in _SETTINGS for _ in range(50 if full else 4)]
    found: dict[str, list[_Instance]] = {}
    partial = False
    results = until_interrupted(tasks, lambda s: (s.name, _run(s.make(draws, full), s.steps)), progress)
    for result in results:
        if result is None:
            partial = True
        else:
            found.setdefault(result[0], []).append(result[1])
    claims: list[MeasuredClaim] = []
    for name, runs in found.items():
        last = np.median([run.derivatives[-1] / run.derivatives[0] for run in runs])
        claims.append(
            at_most(f"{name}: the median error of the derivative falls below 1e-4 of its beginning", last, 1e-4)
        )
        slowest = max(_settled_rate(run) - run.rate for run in runs)
        claims.append(at_most(f"{name}: once the support stays it falls by ρ(A(x̄)) a step, up to 0.02", slowest, 0.02))

    def draw(ax: Any) -> None:
        for name, runs in found.items():
            errors = np.maximum([run.derivatives for run in runs], 1e-17)
            (line,) = ax.semilogy(np.median(errors, axis=0), label=name)
            colour = line.get_color()
            t = np.arange(errors.shape[1])
            ax.fill_between(t, *np.quantile(errors, [0.1, 0.9], axis=0), color=colour, alpha=0.15, lw=0)
            ax.semilogy(np.median(np.maximum([run.points for run in runs], 1e-17), axis=0), ls=":", color=colour)
            settled = int(np.median([run.identified for run in runs]))
            ax.plot(settled, np.median(errors, axis=0)[settled], "o", ms=4, color=colour)
        ax.set(xlabel="step t", ylabel="error: derivative (solid), iterate (dotted)", xlim=(0, 300))
        ax.legend(frameon=False, fontsize="small", loc="upper right")

    width = max((len(run.points) for runs in found.values() for run in runs), default=0)
    table = [column("step", np.arange(width))]
    for name, runs in found.items():
        for label, part in (("iterate", "points"), ("derivative", "derivatives")):
            middle = np.median([getattr(run, part) for run in runs], axis=0)
            table.append(column(f"{name}: {label}", np.concatenate([middle, np.full(width - len(middle), np.nan)])))
    return Experiment(
        name="empirical",
        title="Four algorithms: iterates and their derivatives converge together",
        statement="Jac x_t(θ) → Jac x̄(θ) linearly, at the rate ρ(A(x̄)) once the active set stays, for almost every θ",
        assumption="the solution is at no kink in θ, and ρ(A(x̄)) < 1",
        columns=tuple(table),
        claims=tuple(claims),
        draw=draw,
        partial=partial,
    )


def _settled_rate(run: _Instance) -> float:
    """The factor a step between the time from which the support stays and the floor of rounding."""
    errors = run.derivatives
    floor = np.nonzero(errors < 1e-12 * errors.max())[0]
    end = int(floor[0]) if len(floor) else len(errors) - 1
    begin = run.identified + (end - run.identified) // 2
    return float((errors[end] / errors[begin]) ** (1.0 / (end - begin))) if end - begin >= 5 else 0.0
