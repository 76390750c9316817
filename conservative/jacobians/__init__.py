"""A function and a point come in; its set of Jacobians [A B], exact or enclosed, goes out.

At a tie it is made in `formula_ties`, of arrays in `structured_ties`, of programs in `switched_ties`.
"""

from conservative.jacobians.calculus import add_jacobians as add_jacobians
from conservative.jacobians.calculus import chain_rule as chain_rule
from conservative.jacobians.calculus import compose_jacobians as compose_jacobians
from conservative.jacobians.calculus import multiply_jacobians as multiply_jacobians
from conservative.jacobians.calculus import stack_jacobians as stack_jacobians
from conservative.jacobians.conservative_jacobian import conservative_jacobian as conservative_jacobian
from conservative.jacobians.conservative_jacobian import jacobian_readings as jacobian_readings
from conservative.jacobians.conservative_jacobian import jacobian_zonotope as jacobian_zonotope
from conservative.jacobians.conservativity.check import ConservativityTest as ConservativityTest
from conservative.jacobians.conservativity.check import check_conservativity as check_conservativity
from conservative.jacobians.explanation.explain import explain as explain
from conservative.jacobians.explanation.explanation import Explanation as Explanation
from conservative.jacobians.explanation.of_programs import ProgramExplanation as ProgramExplanation
from conservative.jacobians.jacobian_set import JacobianSet as JacobianSet
from conservative.jacobians.jacobian_set import NearTie as NearTie
from conservative.jacobians.jacobian_zonotope import JacobianZonotope as JacobianZonotope
from conservative.jacobians.lipschitz import LipschitzConstants as LipschitzConstants
from conservative.jacobians.lipschitz import lipschitz_constants as lipschitz_constants
from conservative.jacobians.many_points import JacobianSets as JacobianSets
from conservative.jacobians.many_points import conservative_jacobians as conservative_jacobians
from conservative.jacobians.sandwich import JacobianSandwich as JacobianSandwich
from conservative.jacobians.sandwich import jacobian_sandwich as jacobian_sandwich

__all__ = [
    "ConservativityTest",
    "Explanation",
    "JacobianSandwich",
    "JacobianSet",
    "JacobianSets",
    "JacobianZonotope",
    "LipschitzConstants",
    "NearTie",
    "ProgramExplanation",
    "add_jacobians",
    "chain_rule",
    "check_conservativity",
    "compose_jacobians",
    "conservative_jacobian",
    "conservative_jacobians",
    "explain",
    "jacobian_sandwich",
    "jacobian_zonotope",
    "lipschitz_constants",
    "multiply_jacobians",
    "stack_jacobians",
]


def __dir__() -> list[str]:
    return __all__
