"""Derivatives of iterative algorithms: what a program returns, and what it should."""

from conservative.differentiation.implicit import ImplicitJacobian as ImplicitJacobian
from conservative.differentiation.implicit import implicit_jacobian as implicit_jacobian
