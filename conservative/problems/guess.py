"""A first guess at a solution, by cvxpy, to about eight digits; what is made of it is checked elsewhere."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError
from conservative.problems.parameters import Values


def by_cvxpy(problem: Any, v: Values) -> NDArray[np.float64]:
    """Nearly the minimiser of f(w) + g(w), or of f(w) + g(Dw); shape (p,)."""
    import cvxpy as cp

    w = cp.Variable(problem.size)
    penalty, constraints = problem.penalty.in_cvxpy(v["D"] @ w if problem.linked else w, v)
    asked = cp.Problem(cp.Minimize(problem.smooth.in_cvxpy(w, v) + penalty), constraints)
    try:
        asked.solve(solver=cp.CLARABEL)
    except cp.SolverError as error:
        raise ArgumentError(
            f"cvxpy finds no solution of {problem.name}: {error} Scale the data, so that they are near one."
        ) from error
    if w.value is None:
        raise ArgumentError(
            f"the problem {problem.name} is {asked.status}, says cvxpy: is it bounded below, and can its "
            "constraints hold?"
        )
    return np.asarray(w.value, dtype=np.float64)
