"""Stochastic gradient descent: the derivative that piggyback carries is random; its mean, variance and growth."""

from typing import Any

import numpy as np
from numpy.random import Generator

from conservative.differentiation import derivative_moments
from conservative.experiments.experiment import Experiment, Progress, at_most, column, within
from conservative.functions import from_sympy
from conservative.spectral.growth.lyapunov import estimate_lyapunov_exponent

_A, _C = (1, 2), (0, 3)
"""Losses a_i (x − c_i θ)²/2: Jacobians 1 − α a_i and α a_i c_i."""


def stochastic(
    *, rng: Generator | int | None = None, full: bool = False, progress: Progress | None = None
) -> Experiment:
    """Derivatives along stochastic gradient descent: exact mean and variance, the noise ball, and its end.

    Constant steps leave a variance that shrinks with α; steps α/k let it go to 0; interpolation has none.

    Parameters
    ----------
    rng : Generator or int, optional
    full : bool
        100,000 paths in place of 20,000.
    progress : callable, optional

    Returns
    -------
    Experiment

    Examples
    --------
    >>> import conservative as cj
    >>> cj.experiments.stochastic(rng=0).held
    True
    """
    draws, paths = np.random.default_rng(rng), 100_000 if full else 20_000
    steps = (0.25, 0.1, 0.05)
    means, variances, exact = [], [], []
    for alpha in steps:
        if progress is not None:
            progress(f"steps of {alpha:g}")
        found = _paths(draws, paths, np.full(int(12 / alpha), alpha))
        means.append(found.mean())
        variances.append(found.var())
        maps = [
            from_sympy(f"x - {a}*(x - {c}*t)*{_text(alpha)}", state="x", parameters="t")
            for a, c in zip(_A, _C, strict=True)
        ]
        moments = derivative_moments(maps, [0, 0])
        exact.append((float(np.ravel(moments.mean)[0]), float(np.ravel(moments.covariance)[0])))
    lengths = (100, 1000) if not full else (100, 1000, 10_000)
    vanishing = [_paths(draws, 2000, 1.0 / (1.0 + np.arange(k))).var() for k in lengths]
    exponent = estimate_lyapunov_exponent([[[1 - 0.25 * a]] for a in _A], length=2000, samples=64, rng=draws)
    interpolated = _paths(draws, 2000, np.full(60, 0.25), c=(3, 3))
    wanted, noise = np.array(exact).T
    off = np.abs(np.array(means) - wanted) / np.sqrt(noise / paths)
    claims = (
        within("α = 1/4: the exact mean is 2", wanted[0], 2.0, 1e-12),
        within("α = 1/4: the exact variance is 8/19", noise[0], 8 / 19, 1e-12),
        within("α = 1/10: the exact variance is 8/55", noise[1], 8 / 55, 1e-12),
        at_most("means of the paths, in their standard errors", off.max(), 5.0),
        at_most("their variances are off by at most", np.abs(np.array(variances) / noise - 1).max(), 0.08),
        at_most("steps 1/k: the variance falls like log²k/k", vanishing[-1] / vanishing[0], 0.4),
        at_most("a common minimiser leaves no variance", float(interpolated.var()), 1e-12),
        at_most(
            "the Lyapunov exponent at α = 1/4 is (log(3/4) + log(1/2))/2, within its interval",
            abs(exponent.value - (np.log(0.75) + np.log(0.5)) / 2), exponent.upper - exponent.lower,
        ),
    )  # fmt: skip

    def draw(ax: Any) -> None:
        ax.loglog(steps, noise, "k-", label="exact variance")
        ax.loglog(steps, variances, "o", label=f"{paths} paths")
        ax.set(xlabel="step α", ylabel="variance of the derivative in the limit")
        ax.legend(frameon=False)

    return Experiment(
        name="stochastic",
        title="Derivatives along stochastic gradient descent: mean, variance, and their limits",
        statement="X ← A_ξX + B_ξ has one stationary law, of mean (Id − E A)⁻¹E B; its variance is O(α), and goes to 0 "
        "with vanishing steps like O(log²k/k)",
        assumption="E‖A_ξ‖² < 1",
        columns=(
            column("step", steps), column("mean of the paths", means), column("exact mean", wanted),
            column("variance of the paths", variances), column("exact variance", noise),
        ),
        claims=claims,
        draw=draw,
    )  # fmt: skip


def _text(alpha: float) -> str:
    return f"1/{round(1 / alpha)}"


def _paths(draws: Generator, paths: int, steps: Any, c: tuple[int, int] = _C) -> Any:
    """Derivatives after random steps, from 0."""
    J = np.zeros(paths)
    a, target = np.array(_A, dtype=float), np.array(c, dtype=float)
    for alpha in steps:
        i = draws.integers(0, 2, paths)
        J = (1 - alpha * a[i]) * J + alpha * a[i] * target[i]
    return J
