"""The end of an analysis in sentences: the verdict, the norm in which it holds, and the claim of the certificate."""

from typing import Any

from conservative.analysis.layout import claim_text, up_text, value_text
from conservative.analysis.sentences import Finding
from conservative.analysis.verdict import Contraction
from conservative.certificates import Certificate
from conservative.spectral import Contraction as Adapted
from conservative.spectral import ContractionVerdict, JointSpectralRadius


def about_verdict(
    contraction: Contraction, radius: JointSpectralRadius | None, adapted: ContractionVerdict | None = None
) -> Finding:
    """The verdict, the norm in which it holds, and what the certificate says.

    Parameters
    ----------
    contraction : Contraction
    radius : JointSpectralRadius, optional
    adapted : ContractionVerdict, optional
        In which norm the matrices contract, or on which part of the space.

    Returns
    -------
    Finding
    """
    lines = [contraction.value]
    if adapted is not None:
        lines += _norm_lines(adapted, radius)
    if contraction is Contraction.REFUTED:
        lines.append("this is a statement about sets: derivatives along a trajectory that avoids the kink may converge")
    certificate = None if radius is None else radius.certificate
    if certificate is not None:
        lines.append(certificate_text(certificate))
        if contraction is Contraction.PROVED and not _proves_contraction(certificate):
            lines.append("the certificate holds the lower bound only; the upper one is proved, but has no certificate")
    return Finding("Contraction of derivatives", tuple(lines))


def _norm_lines(adapted: ContractionVerdict, radius: JointSpectralRadius | None) -> list[str]:
    """In which norm, or on which part of the space, the matrices contract."""
    if adapted.how is Adapted.EUCLIDEAN:
        return [f"Assumption A holds in the Euclidean norm, with ρ ≤ {up_text(adapted.radius.upper)}"]
    if adapted.how in {Adapted.QUOTIENT, Adapted.SUBSPACE}:
        assert adapted.quotient is not None
        rate = value_text(adapted.radius)
        return [f"{adapted.how.value}: dimension {adapted.quotient.dimension}, joint spectral radius {rate}"]
    if adapted.how is Adapted.POLYTOPE:
        ball = None if radius is None or radius.certificate is None else unit_ball(radius.certificate)
        where = f"the unit ball is {ball} of the certificate" if ball else "such as that of an invariant polytope"
        return [f"Assumption A holds in an adapted norm, with ρ ≤ {up_text(adapted.radius.upper)}: {where}"]
    return []


def _proves_contraction(certificate: Certificate) -> bool:
    claim = certificate.claim
    if claim.upper is not None:
        return claim.upper < 1
    return claim.relation == "<" or (claim.relation == "<=" and claim.bound is not None and claim.bound < 1)


def unit_ball(certificate: Certificate) -> str:
    """What the unit ball of the norm in a certificate of an upper bound is, in words; empty when it has none.

    Parameters
    ----------
    certificate : Certificate

    Returns
    -------
    str
    """
    document = certificate.document
    return _ball(document["kind"], document["proof"])


def _ball(kind: str, proof: dict[str, Any]) -> str:
    if kind == "equality":
        return _ball(proof["upper"]["kind"], proof["upper"]["proof"])
    if kind == "contraction":
        return "the ellipsoid"
    if kind in {"polytope", "exact"}:
        return f"the polytope of {len(proof['vertices'])} vertices"
    if kind == "blocks":
        parts = [_ball(part["kind"], part["proof"]) for part in proof["proofs"]]
        if not all(parts):
            return ""
        return parts[0] if len(parts) == 1 else f"made of those of {len(parts)} diagonal blocks: {', '.join(parts)}"
    return ""


def certificate_text(certificate: Certificate) -> str:
    """The claim of a certificate, long rationals as decimals rounded outward.

    Parameters
    ----------
    certificate : Certificate

    Returns
    -------
    str
    """
    return f"certificate ({certificate.kind}): {claim_text(str(certificate.claim))}"
