"""Forward and reverse mode of one loop: the talk's two recursions, their limits, and that they agree."""

from typing import Any

import numpy as np
from numpy.random import Generator

from conservative import algorithms, problems
from conservative.differentiation import jvp, vjp
from conservative.experiments.experiment import Experiment, Progress, at_most, column


def jvp_vjp(*, rng: Generator | int | None = None, full: bool = False, progress: Progress | None = None) -> Experiment:
    """Forward and reverse mode along a lasso by forward–backward: both converge, and agree at every length.

    Parameters
    ----------
    rng : Generator or int, optional
        Of the data, the tangent and the cotangent.
    full : bool
        n = 200, p = 100 in place of n = 40, p = 10.
    progress : callable, optional

    Returns
    -------
    Experiment

    Examples
    --------
    >>> import conservative as cj
    >>> cj.experiments.jvp_vjp(rng=0).held
    True
    """
    draws = np.random.default_rng(rng)
    n, p = (200, 100) if full else (40, 10)
    X = draws.standard_normal((n, p)) / np.sqrt(n)
    y = X[:, :3] @ np.array([2.0, -1.0, 1.5]) + 0.1 * draws.standard_normal(n)
    P = problems.lasso(X, y, theta=("lambda", "y"), weight=0.05)
    F = algorithms.forward_backward(P)
    theta = np.asarray(P.theta, dtype=np.float64)
    tangent, cotangent = draws.standard_normal(len(theta)), draws.standard_normal(p)
    slope = np.asarray(P.derivative(theta), dtype=np.float64)
    limit = float(cotangent @ slope @ tangent)
    lengths = np.unique(np.geomspace(1, 1000 if full else 200, 10).astype(int))
    start = np.zeros(p)
    forward = jvp(F, start, theta, tangent, steps=int(lengths[-1])).tangents @ cotangent
    rows = []
    for length in lengths.tolist():
        if progress is not None:
            progress(f"{length} steps backward")
        pulled = vjp(F, start, theta, cotangent, steps=length)
        # w̄_t → w̄: a cotangent that comes to rest only at the end has the same limit.
        late = vjp(F, start, theta, cotangent * (1 + 0.5**length), steps=length)
        rows.append((float(pulled.value @ tangent), float(late.value @ tangent)))
    backward, moving = np.array(rows).T
    kept = vjp(F, start, theta, cotangent, steps=int(lengths[-1]), checkpoints=0).value @ tangent
    size = max(1.0, abs(limit))
    claims = (
        at_most("forward and reverse agree at every length", np.abs(forward[lengths] - backward).max() / size, 1e-10),
        at_most("both tend to ⟨w̄, Jac x̄ θ̇⟩", abs(backward[-1] - limit) / size, 1e-6),
        at_most("a cotangent w̄_t → w̄ leads to the same limit", abs(moving[-1] - limit) / size, 1e-6),
        at_most("checkpoints change nothing", abs(kept - backward[-1]) / size, 1e-12),
    )

    def draw(ax: Any) -> None:
        steps = np.arange(len(forward))
        ax.semilogy(steps[1:], np.maximum(np.abs(forward - limit)[1:], 1e-17), label="forward")
        ax.semilogy(lengths, np.maximum(np.abs(backward - limit), 1e-17), "o", ms=4, mfc="none", label="reverse")
        ax.semilogy(lengths, np.maximum(np.abs(moving - limit), 1e-17), "x", ms=4, label="reverse, w̄_t → w̄")
        ax.set(xlabel="steps T", ylabel="|⟨w̄, Jac x_T θ̇⟩ − limit|")
        ax.legend(frameon=False)

    return Experiment(
        name="jvp-vjp",
        title="Forward and reverse mode: two recursions, one limit",
        statement="ẋ_{t+1} = A_tẋ_t + B_tθ̇ and θ̄ += B_tᵀw̄_{t+1}, w̄_t = A_tᵀw̄_{t+1} give ⟨w̄, Jac x_T θ̇⟩, and converge",
        assumption="A contracts, and θ is at no kink of the solution",
        columns=(
            column("steps", lengths),
            column("forward", forward[lengths]),
            column("reverse", backward),
            column("reverse, moving cotangent", moving),
        ),
        claims=claims,
        draw=draw,
    )
