"""The fixed-point iteration of a ReLU layer: x ← (1 − γ) x + γ max(W x + θ, 0)."""

from fractions import Fraction
from typing import Any

import numpy as np

from conservative._core.matrix_norms import spectral_norm_bounds
from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.conditions import Range, setting
from conservative.algorithms.rates import contracting
from conservative.problems import Problem
from conservative.problems.equilibrium import equilibrium

_SOURCE = "S. Bai, J. Z. Kolter, V. Koltun, Deep equilibrium models, NeurIPS 2019"


def relu_equilibrium(W: Any, *, damping: Any = 1, bias: Any = None) -> Algorithm:
    """Picard's iteration for x = max(W x + θ, 0), damped by γ; θ is the bias.

    Every Jacobian is A = (1 − γ) Id + γ D W with D diagonal, entries in [0, 1], so that ‖A‖₂ ≤ 1 − γ + γ‖W‖₂ for
    0 < γ ≤ 1: it contracts where ‖W‖₂ < 1, which is sufficient and far from necessary.

    Parameters
    ----------
    W : array_like, shape (p, p)
    damping : number
        γ, exact where it is given so.
    bias : array_like, shape (p,), optional
        The default of θ; 0 unless given.

    Returns
    -------
    Algorithm

    Raises
    ------
    ShapeError, NonFiniteError, ArgumentError, ArgumentTypeError

    Warns
    -----
    RangeWarning
        When γ is above 1, or ‖W‖₂ is not proved below 1.

    References
    ----------
    [bai2019]_

    Examples
    --------
    >>> import conservative as cj
    >>> layer = cj.algorithms.relu_equilibrium([[0, "1/2"], ["-1/2", "1/4"]])
    >>> len(cj.conservative_jacobian(layer, [1, 0, 1, "1/2"]).vertices)
    2
    """
    call = "relu_equilibrium"
    problem = equilibrium(W, bias=bias)
    least, norm = (float(end[0]) for end in spectral_norm_bounds(problem.floats.parameters.values["W"][None]))
    within = Range(0.0, 1.0 + 1e-12 if norm < 1 else 0.0, "0 < damping <= 1 and ‖W‖₂ < 1")
    gamma = setting(damping, "damping", within, call=call)
    rate = None
    if norm < 1 and gamma.value in within:
        part = Fraction(gamma.value)
        rate = contracting((1 - part + part * Fraction(least), 1 - part + part * Fraction(norm)))
    return build(_rules, problem, [gamma], name=call, rate=rate, metric="Euclidean", source=_SOURCE)


def _rules(P: Problem) -> Rules:
    def update(x: Any, v: Any) -> Any:
        after = np.maximum(x @ v["W"].T + v["bias"], 0)
        return (1 - v["damping"]) * x + v["damping"] * after

    return Rules(update, {"x": P.size})
