"""Momentum on a C^{1,1} function: what happens along trajectories, and what may happen at the tie, told apart."""

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from conservative.experiments.experiment import Experiment, MeasuredClaim, Progress, at_least, at_most, column, within
from conservative.spectral import joint_spectral_radius
from conservative.spectral.growth.lyapunov import estimate_lyapunov_exponent

Floats = NDArray[np.float64]
_TALK = np.array([[[0.75, -0.75], [1.0, 0.0]], [[1.5, -0.75], [1.0, 0.0]]])
"""Heavy ball, α = 1, β = 3/4, on curvatures 1 and 1/4: the talk's matrices."""


def _nesterov(kappa: float) -> Floats:
    """Tuned for curvatures 1 and κ: α = 1/κ, β = (√κ − 1)/(√κ + 1)."""
    beta = (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)
    return np.array([[[(1 - c / kappa) * (1 + beta), -(1 - c / kappa) * beta], [1.0, 0.0]] for c in (1.0, kappa)])


def _polyak(kappa: float) -> Floats:
    """Tuned for curvatures 1 and κ: α = 4/(√κ + 1)², β = ((√κ − 1)/(√κ + 1))²."""
    root = np.sqrt(kappa)
    alpha, beta = 4 / (root + 1) ** 2, ((root - 1) / (root + 1)) ** 2
    return np.array([[[1 + beta - alpha * c, -beta], [1.0, 0.0]] for c in (1.0, kappa)])


def momentum(*, rng: Generator | int | None = None, full: bool = False, progress: Progress | None = None) -> Experiment:
    """Momentum on a C^{1,1} function: trajectories, the worst choice at the tie, and a fair one.

    Heavy ball on x²/2 (x ≥ 0), x²/8 (x < 0); Nesterov and Polyak tuned for 1 and κ, their radii against closed forms.

    Parameters
    ----------
    rng : Generator or int, optional
        Of starts, and of fair choices.
    full : bool
        2,000 trajectories in place of 200, and more κ.
    progress : callable, optional

    Returns
    -------
    Experiment

    Examples
    --------
    >>> import conservative as cj
    >>> cj.experiments.momentum(rng=0).held
    True
    """
    draws, steps = np.random.default_rng(rng), 400
    along = _along(draws.standard_normal((2000 if full else 200, 2)), steps)
    word = np.array([0, 0, 1, 1])
    at_tie = _products(word[np.arange(steps) % 4][None])[0]
    fair = _products(draws.integers(0, 2, (64, steps)))
    if progress is not None:
        progress("the fair choice's Lyapunov exponent")
    exponent = estimate_lyapunov_exponent(_TALK, length=1000, samples=64, rng=draws)
    block = _TALK[0] @ _TALK[0] @ _TALK[1] @ _TALK[1]
    kappas = (4.0, 9.0, 16.0, 17.0, 18.0, 25.0, 100.0) if full else (4.0, 16.0, 18.0, 100.0)
    radii = []
    for kappa in kappas:
        if progress is not None:
            progress(f"joint spectral radii at κ = {kappa:g}")
        radii.append([joint_spectral_radius(make(kappa), tol=1e-9) for make in (_nesterov, _polyak)])
    claims: list[MeasuredClaim] = [
        at_most("along trajectories from off the kink derivatives vanish", along[-1].max(), 1e-6),
        within(
            "at the tie the word 1122 has spectral radius 9/8", np.abs(np.linalg.eigvals(block)).max(), 9 / 8, 1e-12
        ),
        at_least(
            "with it, derivatives grow as (9/8)^(t/4)", np.log(at_tie[-1] / at_tie[0]) / steps, np.log(9 / 8) / 4 - 0.01
        ),
        at_most("with fair choices they vanish almost surely: the Lyapunov exponent is negative", exponent.upper, 0.0),
    ]
    for kappa, (nesterov, polyak) in zip(kappas, radii, strict=True):
        wanted = 4**0.2 * (1 - kappa**-0.5), (1 + 2**0.5) * (kappa**0.5 - 1) / (kappa**0.5 + 1)
        claims += [
            within(f"Nesterov at κ = {kappa:g}: 4^(1/5)(1 − κ^(−1/2)), proved", nesterov.upper, wanted[0], 1e-8),
            within(f"Polyak at κ = {kappa:g}: (1 + √2)(√κ − 1)/(√κ + 1), proved", polyak.upper, wanted[1], 1e-8),
        ]

    def draw(ax: Any) -> None:
        t = np.arange(steps + 1)
        ax.semilogy(t, np.maximum(np.quantile(along, 0.9, axis=1), 1e-17), label="along trajectories, 90 % quantile")
        ax.semilogy(t, at_tie, label="at the tie, word 1122")
        ax.semilogy(t, np.maximum(np.median(fair, axis=0), 1e-17), label="at the tie, fair choices (median)")
        ax.set(xlabel="step t", ylabel="norm of the product of Jacobians", ylim=(1e-17, None))
        ax.legend(frameon=False, loc="lower left")

    return Experiment(
        name="momentum",
        title="Momentum: three statements at a kink of the gradient, told apart",
        statement="heavy ball converges, and its derivatives along trajectories vanish; at the tie a selection exists "
        "that grows; fair random selections do not",
        assumption="Assumption A fails: the joint spectral radius of the two Jacobians exceeds 1",
        columns=(
            column("step", np.arange(steps + 1)),
            column("along trajectories, median", np.median(along, axis=1)),
            column("along trajectories, largest", along.max(axis=1)),
            column("at the tie, 1122", at_tie),
            column("at the tie, fair, median", np.median(fair, axis=0)),
        ),
        claims=tuple(claims),
        draw=draw,
    )


def _along(starts: Floats, steps: int) -> Floats:
    """Norms of products of Jacobians along trajectories of the piecewise linear map, shape (steps + 1, starts)."""
    z, J = starts.copy(), np.broadcast_to(np.eye(2), (len(starts), 2, 2)).copy()
    norms = [np.linalg.norm(J, 2, axis=(1, 2))]
    for _ in range(steps):
        A = _TALK[(z[:, 0] < 0).astype(int)]  # curvature 1 to the right, 1/4 to the left
        z, J = np.einsum("nij,nj->ni", A, z), A @ J
        norms.append(np.linalg.norm(J, 2, axis=(1, 2)))
    return np.array(norms)


def _products(letters: NDArray[np.int64]) -> Floats:
    """Norms of products along words, a row each, later letters to the left as derivatives multiply."""
    J = np.broadcast_to(np.eye(2), (len(letters), 2, 2))
    norms = [np.linalg.norm(J, 2, axis=(1, 2))]
    for t in range(letters.shape[1]):
        J = _TALK[letters[:, t]] @ J
        norms.append(np.linalg.norm(J, 2, axis=(1, 2)))
    return np.array(norms).T
