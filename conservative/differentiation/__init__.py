"""Derivatives of fixed points: Jacobians come in; the implicit Jacobian and its gaps to program derivatives go out."""

from conservative.differentiation.compare import DerivativeComparison as DerivativeComparison
from conservative.differentiation.compare import OneSidedGaps as OneSidedGaps
from conservative.differentiation.compare import compare_derivatives as compare_derivatives
from conservative.differentiation.forward import Piggyback as Piggyback
from conservative.differentiation.forward import Pushed as Pushed
from conservative.differentiation.forward import jvp as jvp
from conservative.differentiation.forward import piggyback as piggyback
from conservative.differentiation.implicit import ImplicitJacobian as ImplicitJacobian
from conservative.differentiation.implicit import implicit_jacobian as implicit_jacobian
from conservative.differentiation.implicit_ties import ImplicitSupport as ImplicitSupport
from conservative.differentiation.implicit_ties import implicit_support as implicit_support
from conservative.differentiation.loops import LoopStatus as LoopStatus
from conservative.differentiation.reverse import Pulled as Pulled
from conservative.differentiation.reverse import vjp as vjp

__all__ = [
    "DerivativeComparison",
    "ImplicitJacobian",
    "ImplicitSupport",
    "LoopStatus",
    "OneSidedGaps",
    "Piggyback",
    "Pulled",
    "Pushed",
    "compare_derivatives",
    "implicit_jacobian",
    "implicit_support",
    "jvp",
    "piggyback",
    "vjp",
]


def __dir__() -> list[str]:
    return __all__
