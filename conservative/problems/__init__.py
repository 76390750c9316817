"""What is solved: objective, data and parameters θ, with a solution that no algorithm of this package computes."""

from conservative.problems.equilibrium import equilibrium as equilibrium
from conservative.problems.lasso import lasso as lasso
from conservative.problems.optimal_transport import optimal_transport as optimal_transport
from conservative.problems.problem import Problem as Problem

__all__ = ["Problem", "equilibrium", "lasso", "optimal_transport"]


def __dir__() -> list[str]:
    return __all__
