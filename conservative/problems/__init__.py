"""Data come in; what is solved goes out: objective, θ, proximal maps, and a solution without any algorithm.

A problem a file; its nonsmooth part g is in `penalties`.
"""

from conservative.problems.box_qp import box_qp as box_qp
from conservative.problems.elastic_net import elastic_net as elastic_net
from conservative.problems.equilibrium import equilibrium as equilibrium
from conservative.problems.group_lasso import group_lasso as group_lasso
from conservative.problems.inverse_covariance import inverse_covariance as inverse_covariance
from conservative.problems.isotonic import isotonic as isotonic
from conservative.problems.lasso import lasso as lasso
from conservative.problems.logistic import logistic as logistic
from conservative.problems.nonnegative_least_squares import nonnegative_least_squares as nonnegative_least_squares
from conservative.problems.optimal_transport import optimal_transport as optimal_transport
from conservative.problems.problem import Problem as Problem
from conservative.problems.ridge import ridge as ridge
from conservative.problems.simplex import project_l1_ball as project_l1_ball
from conservative.problems.simplex import project_simplex as project_simplex
from conservative.problems.simplex_qp import simplex_qp as simplex_qp
from conservative.problems.svm_dual import svm_dual as svm_dual
from conservative.problems.total_variation import total_variation as total_variation
from conservative.problems.trend_filtering import trend_filtering as trend_filtering
from conservative.problems.tuning import tuning as tuning

__all__ = [
    "Problem",
    "box_qp",
    "elastic_net",
    "equilibrium",
    "group_lasso",
    "inverse_covariance",
    "isotonic",
    "lasso",
    "logistic",
    "nonnegative_least_squares",
    "optimal_transport",
    "project_l1_ball",
    "project_simplex",
    "ridge",
    "simplex_qp",
    "svm_dual",
    "total_variation",
    "trend_filtering",
    "tuning",
]


def __dir__() -> list[str]:
    return __all__
