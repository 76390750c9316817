"""Which assumption holds where: in the Euclidean norm, in an adapted one, on a quotient, or none."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import Generator

from conservative import algorithms, problems
from conservative.algorithms import Algorithm
from conservative.differentiation import verify_contraction
from conservative.experiments.experiment import (
    Experiment,
    Progress,
    at_least,
    at_most,
    column,
    until_interrupted,
)
from conservative.jacobians import conservative_jacobian
from conservative.spectral import Contraction, contraction_verdict

_X, _Y = [[2, 1], [1, 2], [0, 1]], [4, 3, -1]
_PARTS = {Contraction.QUOTIENT, Contraction.NEAR_QUOTIENT, Contraction.SUBSPACE, Contraction.NEAR_SUBSPACE}


def _pairs() -> list[tuple[str, Callable[[], Algorithm]]]:
    lasso, ridge = problems.lasso(_X, _Y), problems.ridge(_X, _Y)
    box = problems.box_qp([[3, 1], [1, 2]], theta=("c",))
    transport = problems.optimal_transport([[0.0, 1.0], [1.0, 0.0]], a=[0.5, 0.5], b=[0.5, 0.5])
    denoised = problems.total_variation([1, 3, 2, 4], weight=1)
    return [
        ("gradient descent, ridge", lambda: algorithms.gradient_descent(ridge, step="1/10")),
        ("Newton, ridge", lambda: algorithms.newton(ridge)),
        ("heavy ball, ridge", lambda: algorithms.heavy_ball(ridge, step="1/5", momentum="1/4")),
        ("Nesterov, ridge", lambda: algorithms.nesterov(ridge, step="1/10", momentum="1/4")),
        ("forward–backward, lasso", lambda: algorithms.forward_backward(lasso, step="1/10")),
        ("FISTA, lasso", lambda: algorithms.fista(lasso, step="1/10", momentum="1/2")),
        ("coordinate descent, lasso", lambda: algorithms.coordinate_descent(lasso)),
        ("Douglas–Rachford, lasso", lambda: algorithms.douglas_rachford(lasso, step="1/4")),
        ("ADMM, lasso", lambda: algorithms.admm(lasso, penalty=4)),
        ("Chambolle–Pock, lasso", lambda: algorithms.chambolle_pock(lasso, step="1/4", dual_step="1/4")),
        ("projected gradient, box", lambda: algorithms.projected_gradient(box, step="1/4")),
        ("ADMM, total variation", lambda: algorithms.admm(denoised, penalty=1)),
        ("Sinkhorn, transport", lambda: algorithms.sinkhorn(transport)),
    ]


def sigma_max_one(
    *, rng: Generator | int | None = None, full: bool = False, progress: Progress | None = None
) -> Experiment:
    """Where σ_max(A) < 1 fails: contraction in an adapted norm, after k steps, on a quotient, or undecided.

    All algorithms of the talk on small exact problems, at the kink where they have one: which assumption is proved.

    Parameters
    ----------
    rng : Generator or int, optional
        Not used: nothing is drawn.
    full : bool
        Makes no difference.
    progress : callable, optional

    Returns
    -------
    Experiment

    Examples
    --------
    >>> import conservative as cj
    >>> found = cj.experiments.sigma_max_one()
    >>> found.held, found.columns[3].values[[0, 4]].tolist()
    (True, ['EUCLIDEAN', 'EUCLIDEAN'])
    """

    def judged(pair: tuple[str, Callable[[], Algorithm]]) -> tuple[str, float, float, str, int, bool]:
        name, make = pair
        F = make()
        theta = F.problem.theta
        at = [*F.lift(F.problem.solve(theta), theta), *theta]
        norm = float(np.linalg.norm(conservative_jacobian(F, at).vertices[..., : F.state_size], 2, axis=(1, 2)).max())
        found = verify_contraction(F, at=at)
        decided = found.contracts or found.how in _PARTS
        return name, norm, found.factor.upper, found.how.name, found.steps or 0, decided

    results = list(until_interrupted(_pairs(), judged, progress))
    partial = None in results
    rows = [row for row in results if row is not None]
    euclidean = [row for row in rows if row[3] == "EUCLIDEAN"]
    adapted = [row for row in rows if row[3] != "EUCLIDEAN" and row[5]]
    claims = (
        at_least("pairs that contract in the Euclidean norm", len(euclidean), 1),
        at_least("pairs where σ_max(A) ≥ 1, and contraction is proved all the same", len(adapted), 4),
        at_most("pairs that are left undecided or refuted", sum(not row[5] for row in rows), 0),
        at_most("radii, less the norms that bound them", max(row[2] - row[1] for row in rows), 1e-9),
        at_least("σ_max of the pairs that need another norm", min((row[1] for row in adapted), default=1.0), 1 - 1e-9),
    )

    def draw(ax: Any) -> None:
        y = np.arange(len(rows))
        ax.plot([row[1] for row in rows], y, "o", mfc="none", label="σ_max(A)")
        ax.plot([row[2] for row in rows], y, "k|", ms=10, label="proved radius (of the quotient)")
        ax.axvline(1.0, ls=":", lw=1, color="0.5")
        ax.set(
            yticks=y,
            yticklabels=[row[0] for row in rows],
            xlabel="largest over J_F",
            ylabel="algorithm, problem",
            ylim=(-0.6, len(rows) + 1.2),
        )
        ax.legend(frameon=False, fontsize="small", loc="upper right")

    return Experiment(
        name="sigma-max-one",
        title="Where σ_max(A) < 1 fails, and what holds in its place",
        statement="derivatives converge wherever all A ∈ J_F contract in one norm, or on the quotient that outputs see",
        assumption="small exact problems, at a kink of the solution where there is one",
        columns=tuple(
            column(name, [row[i] for row in rows])
            for i, name in enumerate(("pair", "σ_max", "radius, at most", "proved by", "steps"))
        ),
        claims=claims,
        draw=draw,
        partial=partial,
    )


def equilibrium(
    *, rng: Generator | int | None = None, full: bool = False, progress: Progress | None = None
) -> Experiment:
    """ReLU equilibrium layers: how many random ones satisfy Assumption A, how many an adapted norm, how many neither.

    x = relu(Wx + θ) with Gaussian W: the blocks are DW, D any diagonal of zeros and ones.

    Parameters
    ----------
    rng : Generator or int, optional
    full : bool
        200 layers a gain, in place of 12.
    progress : callable, optional

    Returns
    -------
    Experiment

    Examples
    --------
    >>> import conservative as cj
    >>> cj.experiments.equilibrium(rng=0).held
    True
    """
    draws, n, count = np.random.default_rng(rng), 3, 200 if full else 12
    gains = (0.3, 0.6, 0.9, 1.2, 1.8)
    masks = np.array([[(i >> j) & 1 for j in range(n)] for i in range(2**n)], dtype=float)
    shares: list[tuple[float, float, float, float]] = []
    wrong = 0
    for gain in gains:
        if progress is not None:
            progress(f"gain {gain:g}")
        kinds = [0, 0, 0, 0]
        for _ in range(count):
            W = gain * draws.standard_normal((n, n)) / np.sqrt(n)
            found = contraction_verdict(masks[:, :, None] * W)
            euclidean = found.how is Contraction.EUCLIDEAN
            wrong += euclidean != (np.linalg.norm(W, 2) < 1)
            kinds[0 if euclidean else 1 if found.contracts else 2 if found.how is Contraction.REFUTED else 3] += 1
        shares.append(tuple(kind / count for kind in kinds))  # type: ignore[arg-type]
    table = np.array(shares)
    claims = (
        at_most("layers whose verdict differs from ‖W‖₂ < 1", wrong, 0),
        at_least("at a gain of 0.3, layers with Assumption A", table[0, 0], 0.7),
        at_most("at a gain of 1.8, layers with Assumption A", table[-1, 0], 0.1),
        at_least("layers that only an adapted norm proves, over all gains", table[:, 1].max(), 1 / count),
        at_most("layers that are left undecided", table[:, 3].max(), 0.2),
    )

    def draw(ax: Any) -> None:
        floor = np.zeros(len(gains))
        for i, name in enumerate(
            ("Assumption A (‖W‖₂ < 1)", "an adapted norm", "refuted: a product grows", "undecided")
        ):
            ax.bar([f"{gain:g}" for gain in gains], table[:, i], bottom=floor, label=name)
            floor += table[:, i]
        ax.set(xlabel="gain of W", ylabel="share of random layers", ylim=(0, 1.45))
        ax.legend(frameon=False, fontsize="small", loc="upper right", ncols=2)

    return Experiment(
        name="equilibrium",
        title="ReLU equilibrium layers: which assumption random ones satisfy",
        statement="for x = relu(Wx + θ), J_F = {DW}: Assumption A is ‖W‖₂ < 1; a radius below 1 is enough",
        assumption="W Gaussian of order 3, with entries of variance gain²/3",
        columns=(
            column("gain", gains),
            *(
                column(name, table[:, i])
                for i, name in enumerate(("Assumption A", "adapted norm", "refuted", "undecided"))
            ),
        ),
        claims=claims,
        draw=draw,
    )
