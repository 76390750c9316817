"""From a point where a function is tied to its set of Jacobians [A B]."""

from conservative.jacobians.at_point import conservative_jacobian as conservative_jacobian
from conservative.jacobians.jacobian_set import JacobianSet as JacobianSet
from conservative.jacobians.jacobian_set import NearTie as NearTie
from conservative.jacobians.many_points import JacobianSets as JacobianSets
from conservative.jacobians.many_points import conservative_jacobians as conservative_jacobians
from conservative.jacobians.sandwich import JacobianSandwich as JacobianSandwich
from conservative.jacobians.sandwich import jacobian_sandwich as jacobian_sandwich
