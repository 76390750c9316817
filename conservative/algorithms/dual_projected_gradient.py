"""Projected gradient on the dual of f(w) + g(Dw): u ← prox_{αg*}(u + αDw(u)), w(u) = y − Dᵀu."""

from typing import Any

import numpy as np

from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.conditions import Range, setting
from conservative.algorithms.linked import conjugate_prox, dual_curvatures, linked_problem, multiplier, primal
from conservative.algorithms.rates import enclosed_rate, forward
from conservative.problems import Problem
from conservative.problems.quadratic import times

_SOURCE = "A. Chambolle, An algorithm for total variation minimization and applications, J. Math. Imaging Vis. 20, 2004"


def dual_projected_gradient(problem: Problem, *, step: Any = None) -> Algorithm:
    """A gradient step on the multipliers u, then the projection onto those that g allows; its answer is w = y − Dᵀu.

    u ← Π(u + αD(y − Dᵀu)), Π onto [−λ, λ] for an ℓ₁ norm and onto u ≤ 0 for Dw ≥ 0; weights divide Dᵀu. Converges for
    0 < α < 2/L, L the largest eigenvalue of DDᵀ. Where D has independent rows it contracts by max(|1 − αμ|, |1 − αL|).

    Parameters
    ----------
    problem : Problem
        total_variation, trend_filtering or isotonic.
    step : number, optional
        α, exact where it is given so; 1/L when left out.

    Returns
    -------
    Algorithm
        Its state is u; `lift` of w solves Dᵀu = y − w.

    Raises
    ------
    ArgumentTypeError, ArgumentError

    Warns
    -----
    RangeWarning
        When α is not below 2/L.

    Examples
    --------
    Three pieces fuse at λ = 3: two ties.

    >>> import conservative as cj
    >>> problem = cj.problems.total_variation([0, 3, 6])
    >>> algorithm = cj.algorithms.dual_projected_gradient(problem, step="1/4")
    >>> len(cj.conservative_jacobian(algorithm, [3, 3, 3]).vertices)
    4
    >>> algorithm.output(["3", "3"], ["3"]).tolist()
    [Fraction(3, 1), Fraction(3, 1), Fraction(3, 1)]
    """
    call = "dual_projected_gradient"
    P = linked_problem(problem, call=call)
    _, L = dual_curvatures(P)
    steps = Range(0.0, 2 / L, "0 < step < 2/L")
    alpha = setting(1 / L if step is None else step, "step", steps, call=call)
    rate = enclosed_rate(_dual_hessian(P), forward(alpha.value))
    return build(_rules, P, [alpha], name=call, rate=rate, metric="Euclidean", source=_SOURCE)


def _rules(P: Problem) -> Rules:
    def update(u: Any, v: Any) -> Any:
        return conjugate_prox(P, u + v["step"] * times(v["D"], primal(P, u, v)), v["step"], v)

    rows = P.parameters.values["D"].shape[0]
    return Rules(update, {"u": rows}, output=lambda u, v: primal(P, u, v), lift=multiplier(P))


def _dual_hessian(P: Problem) -> Any:
    """D diag(κω)⁻¹ Dᵀ as it was given, where it is small; None else."""
    v = P.parameters.values
    return (v["D"] / P.smooth.diagonal(v)) @ v["D"].T if isinstance(v["D"], np.ndarray) else None
