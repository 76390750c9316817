"""What is solved: objective, data and parameters θ, with a solution that no algorithm of this package computes."""

from conservative.problems.lasso import lasso as lasso
from conservative.problems.problem import Problem as Problem

__all__ = ["Problem", "lasso"]


def __dir__() -> list[str]:
    return __all__
