"""Whether derivatives contract in some norm: the outcome, and the norm, quotient or subspace that shows it."""

from enum import Enum

import numpy as np

from conservative._core.families.as_family import MatrixFamily
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket
from conservative.spectral import (
    AssumptionA,
    Contraction,
    ContractionVerdict,
    JointSpectralRadius,
    Side,
    contraction_verdict,
    euclidean_certificate,
)
from conservative.spectral.verdict.contraction_verdict import nearby_verdict

_ROUNDINGS = 64
"""Roundings of an entry, times the order, that a Jacobian at a point of doubles may be off."""

_NEAR_ONE = 1e-9
"""Radii of at most one plus this may be those of a common direction that a quotient removes."""


class ContractionOutcome(Enum):
    """Whether derivatives contract in some norm; the value is the sentence that a report prints."""

    PROVED = "proved: the matrices contract, so the set recursion has one compact fixed set and converges to it"
    QUOTIENT = (
        "proved on a quotient: the matrices contract once a common subspace, on which their radius is one, is taken out"
    )
    SUBSPACE = (
        "proved on a subspace: the matrices contract on a common invariant subspace, beyond which their radius is one"
    )
    REFUTED = "refuted: a product of the matrices does not shrink, so no norm makes all of them contractions"
    ROUNDED = (
        "undecided: the matrices are below one by no more than their entries are rounded; give the point in fractions, "
        "or analyse what the common direction does not move"
    )
    UNDECIDED = "undecided within the budget; raise `time_limit`"
    NOT_ASKED = "not applicable: the Jacobian has no square state part, so it cannot be iterated"


def is_within_rounding(family: MatrixFamily, radius: JointSpectralRadius) -> bool:
    """Whether a radius, of Jacobians in doubles, is as close to one as the rounding of their entries."""
    largest = max(1.0, float(np.abs(family.floats).sum(axis=2).max()))
    return abs(radius.upper - 1) <= _ROUNDINGS * family.size * UNIT_ROUNDOFF * largest


def outcome_of(
    assumption: AssumptionA, radius: JointSpectralRadius, adapted: ContractionVerdict | None, *, rounded: bool = False
) -> ContractionOutcome:
    """Proved by Assumption A or the radius, or beside a subspace; refuted where the radius is at least one.

    `rounded`: the radius is one up to the rounding of the matrices, which then prove nothing about the function.
    """
    if rounded and (adapted is None or adapted.quotient is None):
        return ContractionOutcome.ROUNDED
    if not rounded and (assumption.holds or radius.upper < 1):
        return ContractionOutcome.PROVED
    if adapted is not None and adapted.quotient is not None:
        return ContractionOutcome.QUOTIENT if adapted.quotient.side is Side.QUOTIENT else ContractionOutcome.SUBSPACE
    return ContractionOutcome.REFUTED if radius.lower >= 1 else ContractionOutcome.UNDECIDED


def adapted_verdict(
    family: MatrixFamily,
    assumption: AssumptionA,
    radius: JointSpectralRadius,
    *,
    time_limit: float | None,
    rounded: bool = False,
) -> ContractionVerdict | None:
    """In which norm the family contracts; near radius one, whether it does on a quotient or a subspace."""
    if rounded:
        return nearby_verdict(family, time_limit=time_limit)
    if assumption.holds:
        certificate = None if _shows(radius) else euclidean_certificate(family, assumption.norm.upper)
        return ContractionVerdict(Contraction.EUCLIDEAN, Bracket(0.0, assumption.norm.upper), certificate=certificate)
    if radius.upper < 1 and not _shows(radius):
        return contraction_verdict(family, radius=radius, time_limit=time_limit)
    if radius.upper < 1:
        return ContractionVerdict(Contraction.POLYTOPE, radius.bracket, certificate=radius.certificate)
    if radius.lower <= 1 + _NEAR_ONE and radius.upper >= 1 and family.size > 1:
        return contraction_verdict(family, radius=radius, time_limit=time_limit)
    return None


def _shows(radius: JointSpectralRadius) -> bool:
    """Whether the certificate of a radius proves that it is below one."""
    return radius.certificate is not None and radius.certificate.claim.contracts
