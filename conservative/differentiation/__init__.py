"""A map and a start or a fixed point come in; what differentiation returns, should and may return goes out.

Loops go forward in `forward`, backward in `reverse`; what is chosen at their ties is in `tie_policies`.
Implicit derivatives are solved in `implicit_vertices`, singular Id − A too, and for many ties in `resolvents`.
"""

from conservative.differentiation.compare import DerivativeComparison as DerivativeComparison
from conservative.differentiation.compare import OneSidedGaps as OneSidedGaps
from conservative.differentiation.compare import compare_derivatives as compare_derivatives
from conservative.differentiation.contraction_of_maps import ContractionCheck as ContractionCheck
from conservative.differentiation.contraction_of_maps import verify_contraction as verify_contraction
from conservative.differentiation.derivative_range import DerivativeRange as DerivativeRange
from conservative.differentiation.derivative_range import Interval as Interval
from conservative.differentiation.derivative_range import derivative_range as derivative_range
from conservative.differentiation.finite_differences import FiniteDifference as FiniteDifference
from conservative.differentiation.finite_differences import finite_difference as finite_difference
from conservative.differentiation.forward import Piggyback as Piggyback
from conservative.differentiation.forward import Pushed as Pushed
from conservative.differentiation.forward import jvp as jvp
from conservative.differentiation.forward import piggyback as piggyback
from conservative.differentiation.implicit import implicit_jacobian as implicit_jacobian
from conservative.differentiation.implicit_result import ImplicitJacobian as ImplicitJacobian
from conservative.differentiation.implicit_ties import ImplicitSupport as ImplicitSupport
from conservative.differentiation.implicit_ties import implicit_support as implicit_support
from conservative.differentiation.loops import LoopStatus as LoopStatus
from conservative.differentiation.one_step import OneStepJacobian as OneStepJacobian
from conservative.differentiation.one_step import one_step_jacobian as one_step_jacobian
from conservative.differentiation.random_maps import DerivativeMoments as DerivativeMoments
from conservative.differentiation.random_maps import derivative_moments as derivative_moments
from conservative.differentiation.reverse import Pulled as Pulled
from conservative.differentiation.reverse import vjp as vjp

__all__ = [
    "ContractionCheck",
    "DerivativeComparison",
    "DerivativeMoments",
    "DerivativeRange",
    "FiniteDifference",
    "ImplicitJacobian",
    "ImplicitSupport",
    "Interval",
    "LoopStatus",
    "OneSidedGaps",
    "OneStepJacobian",
    "Piggyback",
    "Pulled",
    "Pushed",
    "compare_derivatives",
    "derivative_moments",
    "derivative_range",
    "finite_difference",
    "implicit_jacobian",
    "implicit_support",
    "jvp",
    "one_step_jacobian",
    "piggyback",
    "verify_contraction",
    "vjp",
]


def __dir__() -> list[str]:
    return __all__
