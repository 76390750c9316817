"""Cyclic coordinate descent, exact in each coordinate."""

from typing import Any

from conservative._core.errors import ArgumentError
from conservative._core.numbers import Bracket
from conservative.algorithms.algorithm import Algorithm
from conservative.algorithms.build import Rules, build
from conservative.algorithms.rates import contracting, exact_hessian, row_factor, sweep_factor
from conservative.problems import Problem
from conservative.problems.problem import check_problem
from conservative.problems.quadratic import Quadratic

_MOST = 2_000
_SOURCE = "P. Tseng, Convergence of a block coordinate descent method, J. Optim. Theory Appl. 109, 2001"


def coordinate_descent(problem: Problem) -> Algorithm:
    """One sweep over all coordinates in order, each minimised exactly: w_j ← prox_{g/H_jj}(w_j − ∇_j f(w)/H_jj).

    Converges for every convex quadratic f with positive H_jj and separable g. Where g is smooth it contracts in the
    norm of the energy, √(wᵀHw), by √(1 − c), c the least eigenvalue of H against (D + L)D⁻¹(D + Lᵀ). Kinks take that
    norm away: a coordinate that is set to 0 may add energy to a difference of two states. What is left is the norm of
    the largest entry, in which every element of its Jacobians contracts where Sassenfeld's numbers
    β_j = (Σ_{k<j}|H_jk|β_k + Σ_{k>j}|H_jk|)/H_jj are below one, and the spectral radius after the support is found.

    Parameters
    ----------
    problem : Problem
        With quadratic f and separable g: lasso, elastic_net, ridge, nonnegative_least_squares, box_qp.

    Returns
    -------
    Algorithm
        Its state is w itself.

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [sassenfeld1951]_
    [xuzikatanov2002]_

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.lasso([[2, 1], [1, 2], [0, 1]], [4, 3, -1])
    >>> algorithm = cj.algorithms.coordinate_descent(problem)
    >>> algorithm.residual().vanishes
    True
    """
    call = "coordinate_descent"
    check_problem(problem, call=call)
    if not (problem.penalty.separable and isinstance(problem.smooth, Quadratic)):
        raise ArgumentError(f"`{call}(problem=...)` needs quadratic f and separable g; {problem.name} has not both.")
    if problem.size > _MOST:
        raise ArgumentError(
            f"`{call}(problem=...)` reads the Hessian whole, coordinate by coordinate: at most {_MOST:,} unknowns; got "
            f"{problem.size:,}. Use `forward_backward` or `fista`."
        )
    if (problem.smooth.hessian(problem.floats.parameters.values).diagonal() <= 0).any():
        raise ArgumentError(
            f"`{call}(problem=...)` needs positive curvature in each coordinate: a column of X is zero."
        )
    metric, rate = _contraction(problem)
    return build(_rules, problem, name=call, rate=rate, metric=metric, source=_SOURCE)


def _contraction(problem: Problem) -> tuple[str, Bracket | None]:
    smooth = problem.penalty.smooth
    H = exact_hessian(problem, whole=smooth)
    rate = None if H is None else contracting(sweep_factor(H) if smooth else row_factor(H))
    return ("none that is known" if rate is None else "energy" if smooth else "maximum"), rate


def _rules(P: Problem) -> Rules:
    fixed = P.parameters.fixed("X", "gram", "ridge")
    formed = P.smooth.hessian(P.parameters.values) if fixed else None

    def update(w: Any, v: Any) -> Any:
        H, c = P.smooth.hessian(v) if formed is None else formed, P.smooth.linear(v)
        w = w.copy()
        for j in range(P.size):
            row, one = H[..., j, :], H[..., j, j : j + 1]
            rest = c[..., j : j + 1] - (w * row).sum(axis=-1, keepdims=True)
            w[..., j : j + 1] = P.penalty.prox(w[..., j : j + 1] + rest / one, 1 / one, P.penalty.at(j, v))
        return w

    return Rules(update)
