"""Finite differences: the V of truncation and rounding, and what a gradient costs by them and in reverse."""

from typing import Any

import numpy as np
from numpy.random import Generator

from conservative.differentiation import finite_difference, vjp
from conservative.experiments.experiment import Experiment, MeasuredClaim, Progress, at_most, column
from conservative.programs import from_numpy


def finite_differences(
    *, rng: Generator | int | None = None, full: bool = False, progress: Progress | None = None
) -> Experiment:
    """Finite differences: truncation against rounding, and what a gradient costs by them and backward.

    The error of difference quotients of exp at 1 against their step; 2n evaluations against one pass backward.

    Parameters
    ----------
    rng : Generator or int, optional
        Of the loop whose gradient is taken in n directions.
    full : bool
        More parameters: n = 200 in place of 20.
    progress : callable, optional
        Called with a line as work goes on.

    Returns
    -------
    Experiment

    Examples
    --------
    >>> import conservative as cj
    >>> cj.experiments.finite_differences(rng=0).held
    True
    """
    draws = np.random.default_rng(rng)
    forward = finite_difference(np.exp, 1.0, derivative=np.e)
    central = finite_difference(np.exp, 1.0, scheme="central", derivative=np.e)
    claims = [_near("forward", forward), _near("central", central)]
    n = 200 if full else 20
    # h(θ) = ½|x_T(θ)|² of T steps x ↦ x/2 + tanh(θ): in every coordinate the same, known, derivative.
    steps, theta = 30, draws.standard_normal(n)
    F = from_numpy(lambda x, t: x / 2 + np.tanh(t), np.zeros(n), theta)
    if progress is not None:
        progress(f"a gradient in {n} parameters")
    points, evaluations = F.evaluate, [0]

    def value(t: Any) -> Any:
        evaluations[0] += 1
        x = np.zeros(n)
        for _ in range(steps):
            x = points(x, t)
        return 0.5 * x @ x

    quotient = finite_difference(value, theta, step=6e-6, scheme="central").value
    x_T = vjp(F, np.zeros(n), theta, np.zeros(n), steps=steps).points[-1]
    reverse = vjp(F, np.zeros(n), theta, x_T, steps=steps).value
    exact = (2 - 2.0 ** (1 - steps)) ** 2 * np.tanh(theta) / np.cosh(theta) ** 2
    error = np.abs(reverse - exact).max() / np.abs(exact).max()
    claims += [
        at_most("one pass backward gives the gradient to rounding", error, 1e-12),
        at_most(
            f"central differences of {evaluations[0]} loops are off by more, but by no more than 1e-8",
            np.abs(quotient - exact).max() / np.abs(exact).max(),
            1e-8,
        ),
        MeasuredClaim(
            f"central differences run the loop {2 * n} times and once more; backward differentiation once",
            float(evaluations[0]), float(2 * n + 3), 2 * n <= evaluations[0] <= 2 * n + 3,
        ),
    ]  # fmt: skip

    def draw(ax: Any) -> None:
        for found, style in ((forward, "o-"), (central, "s-")):
            ax.loglog(found.steps, found.errors, style, ms=3, label=found.scheme)
            ax.axvline(float(found.predicted), ls=":", lw=1, color=ax.lines[-1].get_color())
        ax.set(xlabel="step h", ylabel="|error| of the derivative of exp at 1")
        ax.legend(loc="lower left", frameon=False)

    return Experiment(
        name="finite-differences",
        title="Finite differences: truncation against rounding",
        statement="the error is h|f″|/2 + 2u|f|/h forward and h²|f‴|/6 + u|f|/h central, least at h = 2√(u|f|/|f″|) "
        "and (3u|f|/|f‴|)^(1/3); a gradient in n directions takes 2n evaluations, or one pass backward",
        assumption="f is smooth; u = 2⁻⁵³",
        columns=(
            column("step", forward.steps),
            column("error forward", forward.errors),
            column("error central", central.errors),
        ),
        claims=tuple(claims),
        draw=draw,
    )


def _near(name: str, found: Any) -> MeasuredClaim:
    ratio = max(found.optimum / float(found.predicted), float(found.predicted) / found.optimum)
    return at_most(f"the best step of {name} differences is within a factor of 10 of the predicted one", ratio, 10.0)
