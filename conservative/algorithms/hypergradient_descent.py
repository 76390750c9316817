"""Hypergradient descent on a weight: λ ← λ − η h'(λ), h(λ) = ½‖D w(λ) − t‖²."""

from typing import Any

import numpy as np

from conservative._core.errors import ArgumentError
from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.conditions import Range, setting
from conservative.problems import Problem
from conservative.problems.problem import check_problem
from conservative.problems.tuning import FLAT, Tuning, largest_weight, plain, tuning

_SOURCE = "F. Pedregosa, Hyperparameter optimization with approximate gradient, ICML 2016"


def hypergradient_descent(problem: Problem, *, target: Any = None, design: Any = None, step: Any = None) -> Algorithm:
    """A gradient step on the weight λ of a lasso or ridge problem, λ ← λ − η h'(λ), h(λ) = ½‖D w(λ) − t‖².

    h' = ⟨D w − t, D w'⟩ is that of the solution's own derivative. On the path of the lasso it is affine between
    breakpoints, where F contracts by |1 − ηh''|, and jumps at them: F is discontinuous there, outside of the theory,
    and refuses to be differentiated or evaluated. Every λ >= λ_max is a fixed point, for h is flat.

    Parameters
    ----------
    problem : Problem
        lasso, elastic_net or ridge with θ = ("lambda",), from whose λ the step is scaled; or `cj.problems.tuning`.
    target : array_like, shape (q,), optional
        t; needed unless the problem has it.
    design : array_like, shape (q, p), optional
        D; the identity when left out.
    step : number, optional
        η; 1/h'' at the problem's own λ when left out, 1 where h is not convex there.

    Returns
    -------
    Algorithm
        Its state and its answer are λ; θ is the target, or what `cj.problems.tuning` was told.

    Raises
    ------
    ArgumentTypeError, ArgumentError, ShapeError
    DiscontinuityError
        Where F is asked for at a breakpoint.

    Warns
    -----
    RangeWarning
        When η is not below 2/h'' at the problem's own λ.

    References
    ----------
    [pedregosa2016]_
    [bertrand2022]_

    Examples
    --------
    >>> from fractions import Fraction
    >>> import conservative as cj
    >>> lasso = cj.problems.lasso([[2, 1], [1, 2], [0, 1]], [4, 3, -1], weight=5)
    >>> descent = cj.algorithms.hypergradient_descent(lasso, target=[1, 0], step=1)
    >>> descent.evaluate([5.0]).round(6).tolist()
    [5.04]
    >>> print(descent.switched([5, 1, 0]).dense_base()[0, 0])
    24/25
    """
    call = "hypergradient_descent"
    P = check_problem(problem, call=call)
    if not isinstance(P.smooth, Tuning):
        if target is None:
            raise ArgumentError(f"`{call}(target=...)` needs the t that the solution is to come near; got None.")
        P = tuning(P, target=target, design=design)
    v = P.floats.parameters.values
    bend = P.smooth.curvature(np.array([float(v["lambda"])]), v)
    steps = Range(0.0, 2 / bend if bend > 0 else float("inf"), "0 < step < 2/h'' at the problem's λ")
    eta = setting(step if step is not None else 1 / bend if bend > 0 else 1.0, "step", steps, call=call)
    metric = "|λ|, between breakpoints"
    return build(_rules, P, [eta], name=call, metric=metric, source=_SOURCE)


def _rules(P: Problem) -> Rules:
    most = largest_weight(P)

    def update(z: Any, v: Any) -> Any:
        if float(plain(z)[0]) > most and hasattr(z, "run"):
            z.run.warnings.append(FLAT.format(most=most))
        return z - v["step"] * P.smooth.gradient(z, v)

    start = np.array([P.parameters.values["lambda"]])
    return Rules(update, {"lambda": 1}, batched=False, start=start)
