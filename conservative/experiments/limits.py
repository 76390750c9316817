"""The theorem on a lasso at a kink: sets of derivatives tend to J_pb; at almost every θ there is one element."""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from conservative import algorithms, problems
from conservative.algorithms import Algorithm
from conservative.differentiation import derivative_range, implicit_jacobian, piggyback
from conservative.differentiation.tie_policies import constant, periodic
from conservative.experiments.experiment import Experiment, Progress, at_least, at_most, column
from conservative.iteration import iterate_driven

_X, _Y = [[2, 1], [1, 2], [0, 1]], [4, 3, -1]
_KINK = 1.0
"""λ at which the second coordinate enters the path of this lasso."""


def _lasso() -> Algorithm:
    return algorithms.forward_backward(problems.lasso(_X, _Y), step=Fraction(1, 10))


def limit_derivative_exchange(
    *, rng: Generator | int | None = None, full: bool = False, progress: Progress | None = None
) -> Experiment:
    """Limits and derivatives may be exchanged: gap(J_{x_t}, J_pb) tends to 0, also at a kink.

    Forward–backward on a lasso at a breakpoint of its path; and how long derivatives wander as λ comes near it.

    Parameters
    ----------
    rng : Generator or int, optional
        Of the start, and of random λ.
    full : bool
        1,000 random λ in place of 100.
    progress : callable, optional

    Returns
    -------
    Experiment

    Examples
    --------
    >>> import conservative as cj
    >>> cj.experiments.limit_derivative_exchange(rng=0).held
    True
    """
    draws, F = np.random.default_rng(rng), _lasso()
    steps = 60
    start = np.array([2.0, 0.0]) + draws.uniform(-0.5, 0.5, 2)
    if progress is not None:
        progress("sets along a loop that tends to the kink")
    run = iterate_driven(F, start, [_KINK], steps=steps, fixed_point=[2.0, 0.0])
    gaps = np.array([gap.upper for gap in run.to_limit])
    t, rho = np.arange(steps + 1), 0.8531128874149275  # ‖A‖₂ of the vertex with the coordinate in, and its radius
    curves = {"ρᵗ": rho**t, "t ρᵗ": t * rho**t, "ρ^(t/2)": rho ** (t / 2)}
    near = [10.0**-k for k in range(1, 9)]
    if progress is not None:
        progress("the transient as λ comes near the kink")
    waits = _transients(F, _KINK - np.array(near))
    others = draws.uniform(0.05, 10.0, 1000 if full else 100)
    tied = int((piggyback(F, np.zeros(2), others[:, None], steps=60).ties > 0).sum())
    per_decade = float(np.diff(waits).mean())
    claims = (
        at_most("gap(J_{x_t}, J_pb) falls below 1e-3 of its beginning", gaps[-1] / gaps[0], 1e-3),
        at_most(
            "it stays below its value at 0 times ρ^(t/2)", (gaps[1:] / (gaps[0] * curves["ρ^(t/2)"][1:])).max(), 1.0
        ),
        at_most(
            "the proved bounds hold",
            max(gap.lower - bound for gap, bound in zip(run.to_limit, run.bounds, strict=True)),
            1e-12,
        ),
        at_most("of random λ, loops that end at a tie", tied, 0),
        at_least("λ nearer by a factor 10 lets derivatives wander longer", float(np.diff(waits).min()), 1),
        at_most("by no more steps a decade than log 10/log(1/ρ), and two", per_decade, np.log(10) / -np.log(rho) + 2),
    )

    def draw(ax: Any) -> None:
        ax.semilogy(t, np.maximum(gaps, 1e-17), label="gap(J_{x_t}, J_pb)")
        for name, curve in curves.items():
            ax.semilogy(t[1:], gaps[0] * curve[1:], ls=":", label=name)
        ax.set(xlabel="step t", ylabel="gap to J_pb (Frobenius norm)")
        ax.legend(frameon=False)

    return Experiment(
        name="limit-derivative-exchange",
        title="Limits and derivatives may be exchanged, as sets",
        statement="gap(J_{x_t}(θ), J_pb(θ)) → 0, with J_pb the fixed set of 𝒥; for almost every θ both are one matrix",
        assumption="Assumption A: ‖A‖₂ ≤ ρ < 1 for every [A B] in J_F",
        columns=(
            column("step", t),
            column("gap to J_pb", gaps),
            column("proved bound", run.bounds),
            *(column(name, gaps[0] * curve) for name, curve in curves.items()),
        ),
        claims=claims,
        draw=draw,
    )


def _transients(F: Algorithm, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Steps until derivatives along loops are, for good, within a tenth of what parts the sides of the last ones."""
    found = piggyback(F, [2.5, 0.0], weights[:, None], steps=200).derivatives[..., 1, 0]
    away = np.abs(found - found[-1]) > 0.1 * abs(-1 / 14)
    return np.asarray(np.where(away.any(axis=0), len(away) - np.argmax(away[::-1], axis=0), 0))


def implicit_strictly_inside(
    *, rng: Generator | int | None = None, full: bool = False, progress: Progress | None = None
) -> Experiment:
    """J_imp belongs to the solution, J_pb to the algorithm: it is larger, and only choices that change reach beyond.

    One lasso at a breakpoint by five algorithms: every entry of J_pb between bounds, beside that of J_imp.

    Parameters
    ----------
    rng : Generator or int, optional
        Of constant weights at the tie.
    full : bool
        Longer periodic words are tried.
    progress : callable, optional

    Returns
    -------
    Experiment

    Examples
    --------
    >>> import conservative as cj
    >>> cj.experiments.implicit_strictly_inside(rng=0).held
    True
    """
    draws, P = np.random.default_rng(rng), problems.lasso(_X, _Y)
    made: list[Algorithm] = [
        algorithms.forward_backward(P, step=Fraction(1, 10)),
        algorithms.coordinate_descent(P),
        algorithms.fista(P, step=Fraction(1, 10), momentum=Fraction(1, 2)),
        algorithms.admm(P, penalty=4),
        algorithms.chambolle_pock(P, step=Fraction(1, 4), dual_step=Fraction(1, 4)),
    ]
    one, names, rows, beyond, inside = Fraction(1), [], [], [], []
    for F in made:
        if progress is not None:
            progress(F.title)
        z = F.lift(np.array([Fraction(2), one - 1]), np.array([one]))
        span = derivative_range(F, z, [one], cotangent=[1] + [0] * (F.state_size - 1), tangent=[1])
        solves = implicit_jacobian(F, [*z, one]).output_vertices[:, 0, 0]
        names.append(F.name.replace("_", " "))
        rows.append(
            (span.outer.lower, span.inner.lower, span.inner.upper, span.outer.upper, solves.min(), solves.max())
        )
        start = np.array([float(x) for x in z])
        for weight in draws.random(1):
            loop = piggyback(F, start, [1.0], steps=150, ties=constant(float(weight)))
            inside.append(_outside_segment(loop.output_derivatives[-1]))
        words = [(0, 1), (0, 0, 1, 1)] + [(0, 0, 0, 1, 1, 1), (0, 1, 0, 0, 1, 1)] * full
        loops = [piggyback(F, start, [1.0], steps=150, ties=periodic(word)) for word in words]
        beyond.append(max(_outside_segment(X) for loop in loops for X in loop.output_derivatives[-12:]))
    table = np.array(rows)
    claims = (
        at_most("J_imp is the same segment for all, from −1/5", np.abs(table[:, 4] + 1 / 5).max(), 1e-12),
        at_most("to −1/7", np.abs(table[:, 5] + 1 / 7).max(), 1e-12),
        at_most(
            "every end of J_pb is known to 1e-3",
            max(np.ptp(table[:, :2], axis=1).max(), np.ptp(table[:, 2:4], axis=1).max()),
            1e-3,
        ),
        at_least(
            "ADMM, FISTA and Chambolle–Pock reach beyond J_imp, by at least", (table[2:, 4] - table[2:, 1]).min(), 2e-3
        ),
        at_most("a constant weight stays in the segment J_imp", max(inside), 1e-6),
        at_least("a periodic choice leaves it, by every algorithm", min(beyond), 1e-4),
    )

    def draw(ax: Any) -> None:
        y = np.arange(len(names))
        ax.hlines(y, table[:, 1], table[:, 2], lw=6, alpha=0.4, label="J_pb, attained")
        ax.hlines(y, table[:, 4], table[:, 5], lw=2, color="k", label="J_imp")
        ax.plot(table[:, [0, 3]].ravel(), np.repeat(y, 2), "|", ms=14, color="k", label="proved ends")
        ax.set(yticks=y, yticklabels=names, xlabel="dw₁/dλ", ylabel="algorithm")
        ax.set_ylim(-0.6, len(names) - 0.4)
        ax.legend(frameon=False, fontsize="small", loc="center right")

    return Experiment(
        name="implicit-strictly-inside",
        title="J_imp lies inside J_pb, which depends on the algorithm",
        statement="J_imp = {(Id − A)⁻¹B} ⊆ J_pb; choices at ties that do not change lead into J_imp, others out of it",
        assumption="the same lasso, at a breakpoint of its path",
        columns=(
            column("algorithm", names),
            *(
                column(name, table[:, i])
                for i, name in enumerate(
                    ("J_pb, outer low", "inner low", "inner high", "outer high", "J_imp low", "J_imp high")
                )
            ),
            column("periodic choices leave the segment by", beyond),
        ),
        claims=claims,
        draw=draw,
    )


def _outside_segment(X: NDArray[np.float64]) -> float:
    """How far a derivative of w is from the segment between (−1/5, 0) and (−1/7, −1/14)."""
    a, b = np.array([-1 / 5, 0.0]), np.array([-1 / 7, -1 / 14])
    d = b - a
    share = np.clip((X[:2, 0] - a) @ d / (d @ d), 0, 1)
    return float(np.linalg.norm(X[:2, 0] - a - share * d))
