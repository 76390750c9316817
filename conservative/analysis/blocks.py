"""The blocks [A B] that a source holds or has at its point, and the square matrices among them."""

from typing import Any

import numpy as np

from conservative._core.deadlines import NEVER
from conservative._core.errors import ArgumentError
from conservative._core.families.as_family import MatrixFamily
from conservative.analysis.subject import Subject, as_subject
from conservative.functions import Residual
from conservative.jacobians import JacobianSet, JacobianZonotope, jacobian_readings
from conservative.jacobians.jacobian_zonotope import MAX_LISTED_TIES


def fixed_point_residual(subject: Subject) -> Residual | None:
    """F(x̄, θ) − x̄ at the point of a subject.

    Raises ArgumentError when the point is not a fixed point: exactly at an exact point, else to within the tolerance.
    """
    F = subject.function
    if F is None or F.size != F.state_size:
        return None
    residual = F.residual(subject.at, tolerance=subject.tolerance)
    if not residual.vanishes:
        worst = int(np.abs(residual.values).argmax())
        raise ArgumentError(
            f"`analyze(at=...)` needs a fixed point, F(x, θ) = x; the residual F(x, θ) − x is "
            f"{residual.values[worst]:.6g} in {F.names[worst]}. Solve for the fixed point first, or use "
            "`conservative_jacobian` for derivatives at another point."
        )
    return residual


def state_matrices(source: Any, *, kind: str = "program") -> MatrixFamily:
    """The square matrices whose products decide contraction, from any source.

    Raises ArgumentError when the Jacobian has no square state part.
    """
    subject = as_subject(source)
    family = state_family(subject, jacobians_of(subject, kind)[0])
    if family is None:
        raise ArgumentError("`state_matrices(source=...)` needs as many components of F as states.")
    return family


def jacobians_of(
    subject: Subject, kind: str = "program", deadline: float = NEVER
) -> tuple[JacobianSet | JacobianZonotope | None, JacobianSet | None]:
    """The reading asked for and the conical one, from one search of cells; a zonotope stays one only when its ties are
    too many to list, and then has no second reading.
    """
    if subject.function is None:
        return subject.jacobian, None
    found = jacobian_readings(subject.function, subject.at, kind=kind, tolerance=subject.tolerance, deadline=deadline)
    if isinstance(found.asked, JacobianZonotope) and found.asked.tie_count > MAX_LISTED_TIES:
        return found.asked, None
    asked = found.asked.listed() if isinstance(found.asked, JacobianZonotope) else found.asked
    conical = found.conical
    return asked, conical.listed() if isinstance(conical, JacobianZonotope) else conical


def state_family(subject: Subject, jacobian: JacobianSet | JacobianZonotope | None) -> MatrixFamily | None:
    """The square state parts of the blocks; None where F has not as many components as states."""
    if jacobian is None:
        return subject.family
    q, n = jacobian.vertices.shape[1:]
    square = n >= q and (subject.function is None or subject.function.state_size == q)
    return jacobian.state_family() if square else None


def parameter_count(jacobian: JacobianSet) -> int:
    """The columns of B."""
    q, n = jacobian.vertices.shape[1:]
    return int(n - q)
