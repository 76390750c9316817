"""Sinkhorn's algorithm: derivatives of the plan along the iterations, though the update has the eigenvalue 1."""

from typing import Any

import numpy as np
from numpy.random import Generator

from conservative import algorithms, problems
from conservative.differentiation import implicit_jacobian, piggyback
from conservative.experiments.experiment import Experiment, Progress, at_most, column, within
from conservative.jacobians import conservative_jacobian

_COST = [[0.0, 1.0, 4.0], [1.0, 0.0, 1.0], [4.0, 1.0, 0.0]]


def sinkhorn(*, rng: Generator | int | None = None, full: bool = False, progress: Progress | None = None) -> Experiment:
    """Derivatives of transport plans converge along Sinkhorn's iterations, at the rate λ₂, though λ₁ = 1.

    Parameters
    ----------
    rng : Generator or int, optional
        Of the histograms of the larger case.
    full : bool
        Histograms of 64 bins in place of 12.
    progress : callable, optional

    Returns
    -------
    Experiment

    Examples
    --------
    >>> import conservative as cj
    >>> cj.experiments.sinkhorn(rng=0).held
    True
    """
    draws, bins = np.random.default_rng(rng), 64 if full else 12
    small = problems.optimal_transport(_COST, a=[0.2, 0.3, 0.5], b=[0.4, 0.4, 0.2])
    x = np.linspace(0, 1, bins)
    a, b = (np.exp(-((x - centre) ** 2) / 0.02) + 0.02 * draws.random(bins) for centre in (0.3, 0.65))
    large = problems.optimal_transport((x[:, None] - x) ** 2, a=a / a.sum(), b=b / b.sum())
    steps, curves, rows, claims = 60, {}, [], []
    for name, problem, epsilon in (("3 bins", small, 1.0), (f"{bins} bins", large, 0.05)):
        if progress is not None:
            progress(f"the plan of {name}")
        F = algorithms.sinkhorn(problem)
        z = F.lift(problem.solve([epsilon]), [epsilon])
        slope = implicit_jacobian(F, [*z, epsilon]).output_vertices[0]
        values = np.sort(np.abs(np.linalg.eigvals(conservative_jacobian(F, [*z, epsilon]).vertices[0][:, : len(z)])))
        run = piggyback(F, np.zeros(len(z)), [epsilon], steps=steps if name == "3 bins" else 4 * steps)
        error = np.linalg.norm(run.output_derivatives - slope, axis=(-2, -1))
        curves[name] = (error, float(values[-2]))
        end = int(np.argmax(error < 1e-12 * error.max())) or len(error) - 1
        half = end // 2
        measured = float((error[end] / error[half]) ** (1 / (end - half)))
        rows.append((name, epsilon, float(values[-1]), float(values[-2]), measured))
        claims += [
            within(f"{name}: the largest eigenvalue of the update is 1", rows[-1][2], 1.0, 1e-9),
            at_most(f"{name}: the plan's derivative converges along the loop", error[-1] / error.max(), 1e-8),
            at_most(f"{name}: by λ₂ a step, up to 0.05 (the factor t)", abs(measured - rows[-1][3]), 0.05),
            at_most(f"{name}: dP/dε sums to 0 in rows and columns", _sums(slope, problem.size), 1e-9),
        ]
    error, second = curves["3 bins"]
    claims += [
        within("3 bins: λ₂ = 0.466502902493", second, 0.466502902493, 1e-9),
        within("3 bins: dP₁₁/dε = −0.0384088108478", _first(small), -0.0384088108478, 1e-10),
    ]

    def draw(ax: Any) -> None:
        for name, (errors, rate) in curves.items():
            (line,) = ax.semilogy(np.maximum(errors, 1e-17), label=f"{name}, λ₂ = {rate:.3f}")
            t = np.arange(1, len(errors))
            ax.semilogy(t, np.maximum(errors[1] * t * rate ** (t - 1), 1e-17), ls=":", color=line.get_color())
        ax.set(xlabel="iteration t", ylabel="|dP_t/dε − dP̄/dε|, and t λ₂ᵗ (dotted)", ylim=(1e-16, None))
        ax.legend(frameon=False)

    return Experiment(
        name="sinkhorn",
        title="Sinkhorn: derivatives of the plan converge, on the quotient",
        statement="dP_t/dθ → dP̄/dθ linearly (Pauwels, Vaiter 2023); the update fixes constants, unseen by the plan",
        assumption="ε > 0, positive marginals; λ₂ < 1 of the update modulo constants",
        columns=tuple(
            column(name, [row[i] for row in rows]) for i, name in enumerate(("case", "ε", "λ₁", "λ₂", "measured rate"))
        ),
        claims=tuple(claims),
        draw=draw,
    )


def _sums(slope: Any, size: int) -> float:
    n = int(np.sqrt(size))
    plan = slope.reshape(n, n)
    return float(max(np.abs(plan.sum(axis=0)).max(), np.abs(plan.sum(axis=1)).max()))


def _first(problem: Any) -> float:
    F = algorithms.sinkhorn(problem)
    z = F.lift(problem.solve([1.0]), [1.0])
    return float(implicit_jacobian(F, [*z, 1.0]).output_vertices[0][0, 0])
