"""One-step differentiation: its bias against ρ‖B‖/(1 − ρ), and Newton's method, for which one step is enough."""

from typing import Any

import numpy as np
from numpy.random import Generator

from conservative import algorithms, problems
from conservative.differentiation import one_step_jacobian, piggyback
from conservative.experiments.experiment import Experiment, Progress, at_most, column


def one_step(*, rng: Generator | int | None = None, full: bool = False, progress: Progress | None = None) -> Experiment:
    """Differentiating the last K steps only: the bias of gradient descent, and none for Newton's method.

    Parameters
    ----------
    rng : Generator or int, optional
        Of the ridge regression.
    full : bool
        n = 200, p = 50 in place of n = 30, p = 6.
    progress : callable, optional

    Returns
    -------
    Experiment

    Examples
    --------
    >>> import conservative as cj
    >>> cj.experiments.one_step(rng=0).held
    True
    """
    draws = np.random.default_rng(rng)
    n, p = (200, 50) if full else (30, 6)
    P = problems.ridge(draws.standard_normal((n, p)) / np.sqrt(n), draws.standard_normal(n), weight=0.5)
    theta = np.asarray(P.theta, dtype=np.float64)
    w, slope = np.asarray(P.solve(theta), dtype=np.float64), np.asarray(P.derivative(theta))
    descent, newton = algorithms.gradient_descent(P), algorithms.newton(P)
    lengths = np.arange(1, 31)
    if progress is not None:
        progress("the last 1 to 30 steps")
    found = [one_step_jacobian(descent, [*w, *theta], steps=int(K)) for K in lengths]
    errors = np.array([np.linalg.norm(one.value - slope) for one in found])
    bounds = np.array([one.bound for one in found])
    whole = one_step_jacobian(newton, [*w, *theta])
    # Warm start: unrolled from the solution for K steps, whatever came before.
    warm = piggyback(descent, w, theta, steps=30).derivatives[1:]
    same = max(float(np.abs(a - one.value).max()) for a, one in zip(warm, found, strict=True))
    # Newton's x ↦ (x + θ/x)/2 at θ = 2: one step at x_t is off by O(|x_t − √2|²) of the next point.
    x, roots = 1.0, []
    for _ in range(6):
        x = (x + 2.0 / x) / 2
        roots.append((abs(x - np.sqrt(2)), abs(1 / (2 * x) - 1 / (2 * np.sqrt(2)))))
    claims = (
        at_most("gradient descent: the bias is within the bound, for every K", (errors / bounds).max(), 1.0),
        at_most("gradient descent: 30 steps are closer than one", errors[-1] / errors[0], 0.5),
        at_most("Newton's method: one step is all of the derivative", np.abs(whole.value - slope).max(), 1e-9),
        at_most("a loop unrolled from its solution for K steps returns the K-step value", same, 1e-12),
        at_most(
            "Newton's root: the one-step value is off by less than the iterate", max(b / a for a, b in roots[:4]), 1.0
        ),
    )

    def draw(ax: Any) -> None:
        ax.semilogy(lengths, errors, "o-", ms=3, label="error of the last K steps")
        ax.semilogy(lengths, bounds, ls=":", label="ρᴷ‖B‖/(1 − ρ)")
        ax.set(xlabel="K", ylabel="distance to the derivative of the solution")
        ax.legend(frameon=False)

    return Experiment(
        name="one-step",
        title="One-step differentiation: its bias, and Newton's method",
        statement="differentiating the last K steps is off by at most ρᴷ‖B‖/(1 − ρ); for superlinear methods K = 1 is "
        "enough (Bolte, Pauwels, Vaiter 2023)",
        assumption="‖∂₁F‖₂ ≤ ρ < 1 near the fixed point",
        columns=(column("K", lengths), column("error", errors), column("bound", bounds)),
        claims=claims,
        draw=draw,
    )
