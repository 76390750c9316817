"""What the semidefinite bounds share: checks of arguments, and certificates within the checker's limits."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from conservative._core.checks import as_count, as_distance
from conservative._core.errors import ArgumentError, CertificateError
from conservative._core.printable import shown
from conservative._core.rationals import as_fraction
from conservative.certificates import Certificate

SOLVERS = ("CLARABEL", "SCS")


def half_degree_of(degree: Any, *, call: str) -> int:
    """Half of an even degree."""
    number = as_count(degree, call=call, argument="degree", least=2, most=24)
    if number % 2:
        raise ArgumentError(f"`{call}(degree=...)` needs an even number; got {shown(degree)}.")
    return number // 2


def check_solver(scale: float | None, solver: str | None, *, call: str) -> Fraction:
    """The lower bound at which to stop, as a rational, when both arguments are usable."""
    known = 0.0 if scale is None else as_distance(scale, call=call, argument="scale", wanted="a lower bound >= 0")
    if known == float("inf"):
        raise ArgumentError(f"`{call}(scale=...)` needs a finite lower bound >= 0, or None; got {shown(scale)}.")
    if solver is not None and (not isinstance(solver, str) or solver not in SOLVERS):
        raise ArgumentError(f"`{call}(solver=...)` needs one of {', '.join(SOLVERS)}, or None; got {shown(solver)}.")
    return Fraction(0) if scale is None else as_fraction(scale)


def certificate_or_none(build: Callable[[], Certificate | None]) -> Certificate | None:
    """What a builder of certificates makes, or None when the numbers are beyond the checker's limits."""
    try:
        return build()
    except CertificateError:
        return None
