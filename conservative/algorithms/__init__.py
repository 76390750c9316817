"""A problem comes in; one step of an algorithm goes out, as a map of state and θ with its output and its lift.

An algorithm a file, which is its formula: `build` makes the map of it. There is no loop here.
"""

from conservative.algorithms.admm import admm as admm
from conservative.algorithms.algorithm import Algorithm as Algorithm
from conservative.algorithms.chambolle_pock import chambolle_pock as chambolle_pock
from conservative.algorithms.conditions import Range as Range
from conservative.algorithms.conditions import RangeWarning as RangeWarning
from conservative.algorithms.coordinate_descent import coordinate_descent as coordinate_descent
from conservative.algorithms.douglas_rachford import douglas_rachford as douglas_rachford
from conservative.algorithms.dual_projected_gradient import dual_projected_gradient as dual_projected_gradient
from conservative.algorithms.fista import fista as fista
from conservative.algorithms.forward_backward import forward_backward as forward_backward
from conservative.algorithms.gradient_descent import gradient_descent as gradient_descent
from conservative.algorithms.heavy_ball import heavy_ball as heavy_ball
from conservative.algorithms.hypergradient_descent import hypergradient_descent as hypergradient_descent
from conservative.algorithms.nesterov import nesterov as nesterov
from conservative.algorithms.newton import newton as newton
from conservative.algorithms.projected_gradient import projected_gradient as projected_gradient
from conservative.algorithms.relu_equilibrium import relu_equilibrium as relu_equilibrium
from conservative.algorithms.sgd import sgd as sgd
from conservative.algorithms.sinkhorn import sinkhorn as sinkhorn

__all__ = [
    "Algorithm",
    "Range",
    "RangeWarning",
    "admm",
    "chambolle_pock",
    "coordinate_descent",
    "douglas_rachford",
    "dual_projected_gradient",
    "fista",
    "forward_backward",
    "gradient_descent",
    "heavy_ball",
    "hypergradient_descent",
    "nesterov",
    "newton",
    "projected_gradient",
    "relu_equilibrium",
    "sgd",
    "sinkhorn",
]


def __dir__() -> list[str]:
    return __all__
