"""Stochastic gradient descent: w ← prox_{αg}(w − α∇f_ξ(w)), with rows ξ drawn for each step."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from conservative._core.checks import as_count, as_generator
from conservative._core.errors import ArgumentError
from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.conditions import Range, setting
from conservative.algorithms.parts import joined
from conservative.problems import Problem
from conservative.problems.logistic import Logistic
from conservative.problems.problem import check_problem
from conservative.problems.quadratic import Quadratic

_SOURCE = "H. Robbins, S. Monro, A stochastic approximation method, Ann. Math. Statist. 22, 1951"
_MOVING = (
    "each step of `sgd` draws its own rows, so that its map depends on the number of the step: `derivative_moments` "
    "says what its derivatives are in mean"
)


def sgd(
    problem: Problem,
    *,
    step: Any = None,
    decay: Any = 0,
    batch: int = 1,
    rng: Any = None,
    order: Sequence[int] | None = None,
) -> Algorithm:
    """A step on the loss of a few rows, w ← prox_{αg}(w − α∇f_ξ(w)); piggyback along it is the random recursion.

    f_ξ is n/b times the loss of the b rows ξ, whose mean is f. The k-th step is α_k = α/(1 + decay · k). With α
    constant, w_k and its derivative keep moving about in the limit, unless one w solves all rows; with decay > 0 the
    sum of α_k is infinite, that of α_k² is finite, and both converge. Derivatives have the mean and the variance
    that `cj.differentiation.derivative_moments` computes.

    Parameters
    ----------
    problem : Problem
        With data X and y: lasso, elastic_net, ridge, nonnegative_least_squares, logistic, group_lasso.
    step : number, optional
        α; 1/max L_i when left out, L_i = nκ‖x_i‖² the curvature of the i-th row's loss.
    decay : number
        At least 0.
    batch : int
        b rows a step, drawn with replacement.
    rng : int or numpy.random.Generator, optional
        From which the rows of all steps follow: the same step draws the same rows, forward, reverse and again.
    order : sequence of int, optional
        Rows that are taken in turn instead of drawn: [0, ..., n − 1] is the incremental method, [i] the map of row i.

    Returns
    -------
    Algorithm
        Its state is (w, k), k the number of the step, from 0.

    Raises
    ------
    ArgumentTypeError, ArgumentError

    Warns
    -----
    RangeWarning
        When α is not below 2/max L_i, where a step may expand.

    References
    ----------
    [robbinsmonro1951]_

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.ridge([[2, 1], [1, 2], [0, 1]], [4, 3, -1])
    >>> algorithm = cj.algorithms.sgd(problem, decay=0.1, rng=0)
    >>> run = cj.piggyback(algorithm, [0, 0, 0], [1], steps=50)
    >>> run.output_derivatives.shape, run.points[-1, -1].item()
    ((51, 2, 1), 50.0)
    """
    call = "sgd"
    P = check_problem(problem, call=call)
    X = P.parameters.values.get("X") if isinstance(P.smooth, (Quadratic, Logistic)) else None
    if X is None or P.parameters.values.get("y") is None or "c" in P.parameters.chosen:
        raise ArgumentError(
            f"`{call}(problem=...)` needs a loss of rows of X and y, not of a Gram matrix or c; {P.name} has none."
        )
    n = X.shape[0]
    most = _steepest(P.floats, n)
    if not most > 0:
        raise ArgumentError(f"`{call}(problem=...)` needs data that are not zero, which give the step its scale.")
    steps = Range(0.0, 2 / most, "0 < step < 2/max L_i")
    settings = [
        setting(1 / most if step is None else step, "step", steps, call=call),
        setting(decay, "decay", Range(0.0, float("inf"), "0 <= decay"), call=call, zero=True),
    ]
    rows = _rows(n, as_count(batch, call=call, argument="batch", least=1), rng, order)
    return build(
        lambda P: _rules(P, rows), P, settings, name=call, metric="mean square", source=_SOURCE,
        no_fixed_point=_MOVING,
    )  # fmt: skip


def _steepest(P: Problem, n: int) -> float:
    """max L_i, that of n times the loss of row i."""
    v = P.parameters.values
    squares = v["X"].multiply(v["X"]).sum(axis=1) if hasattr(v["X"], "multiply") else (v["X"] ** 2).sum(axis=1)
    loss = float(P.smooth.curvatures({**v, "X": np.ones((1, 1)), "y": np.ones(1), "gram": None, "ridge": 0.0})[1])
    return n * loss * float(np.max(squares)) + float(v.get("ridge", 0.0))


def _rows(n: int, batch: int, rng: Any, order: Sequence[int] | None) -> Callable[[int], Any]:
    """From the number of a step to its rows."""
    if order is not None:
        listed = [as_count(i, call="sgd", argument="order", most=n - 1) for i in order]
        if not listed:
            raise ArgumentError("`sgd(order=...)` needs at least one row; got none. Leave it out to draw rows.")
        return lambda k: [listed[k % len(listed)]]
    seed = int(as_generator(rng, call="sgd").integers(2**63))
    return lambda k: np.random.default_rng([seed, k]).integers(n, size=batch)


def _rules(P: Problem, rows: Callable[[int], Any]) -> Rules:
    n = P.parameters.values["X"].shape[0]

    def update(z: Any, v: Any) -> Any:
        w, k = z[:-1], z[-1:]
        drawn = rows(max(0, round(float(getattr(k, "v", k)[0]))))
        step = v["step"] / (1 + v["decay"] * k)
        slope = P.smooth.gradient(w, _of_rows(v, drawn, n))
        if "factor" not in v:
            slope = slope * n / len(drawn)
        return joined(P.penalty.prox(w - step * slope, step, v), k + 1)

    def lift(w: Any, v: Any) -> Any:
        return joined(w, w[:1] * 0)

    return Rules(update, {"w": P.size, "k": 1}, lift=lift, clock=1, batched=False)


def _of_rows(v: Any, rows: Any, n: int) -> Any:
    """The numbers of the loss of some rows; n/b times it where the loss has a factor."""
    factor = {"factor": v["factor"] * n / len(rows)} if "factor" in v else {}
    return {**v, "X": v["X"][rows], "y": v["y"][rows], "gram": None, "c": None, **factor}
