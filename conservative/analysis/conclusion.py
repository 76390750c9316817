"""The end of an analysis in sentences: the verdict, the norm in which it holds, and the claim of the certificate."""

from collections.abc import Callable
from typing import Any

from conservative._core.numbers import Bracket, float_above
from conservative._core.result_lines import count
from conservative.analysis.layout import LARGEST_SHOWN, SHORT, claim_text, down_text, up_text, value_text
from conservative.analysis.sentences import Finding
from conservative.analysis.verdict import ContractionOutcome
from conservative.certificates import Certificate
from conservative.spectral import Contraction, ContractionVerdict, JointSpectralRadius, Quotient

_PARTS = {Contraction.QUOTIENT, Contraction.SUBSPACE, Contraction.NEAR_QUOTIENT, Contraction.NEAR_SUBSPACE}

_SAME = 1e-14
"""Relative difference up to which an end of a bracket and that of a certificate differ by rounding only."""

_LISTED_BLOCKS = 3


def about_verdict(
    contraction: ContractionOutcome,
    radius: JointSpectralRadius | None,
    adapted: ContractionVerdict | None = None,
    of_function: bool = False,
    certificate: bool = True,
) -> Finding:
    """The verdict, the norm in which it holds, and what the certificate says."""
    near = adapted is not None and adapted.quotient is not None and adapted.quotient.distance > 0
    lines = [f"{contraction.value} (up to rounding)" if near else contraction.value]
    if adapted is not None:
        lines += _part_lines(adapted) if adapted.how in _PARTS else _norm_lines(adapted, radius)
        lines += [f"remedy: {adapted.remedy}"] if adapted.remedy and not _is_one(adapted.radius) else []
    if contraction is ContractionOutcome.REFUTED:
        lines.append(_what_is_refuted(2 if radius is None else len(radius.vertex_radii), of_function))
    if certificate:
        lines += _certificate_lines(radius, adapted)
    return Finding("Contraction of derivatives" if of_function else "Contraction", tuple(lines))


def _certificate_lines(radius: JointSpectralRadius | None, adapted: ContractionVerdict | None) -> list[str]:
    """What the certificate of the verdict, or else of the bracket, says."""
    own = None if adapted is None or not adapted.contracts else adapted.certificate
    if own is not None and (radius is None or own is not radius.certificate):
        more = "the certificate proves the contraction: the bracket above is proved, but not by this certificate"
        return [certificate_text(own), more]
    return [] if radius is None else certificate_lines(radius)


def _is_one(radius: Bracket) -> bool:
    """Whether a radius is one exactly: then nothing was lost to rounding."""
    return radius.lower == radius.upper == 1


def _what_is_refuted(count: int, of_function: bool) -> str:
    if count == 1:
        return "there is one matrix, and no choice between several: its powers do not tend to 0"
    if of_function:
        return "this is a statement about sets: derivatives along a trajectory that avoids the kink may converge"
    return (
        "this is a statement about all products: where the matrices are Jacobians at a kink, derivatives along a "
        "trajectory that avoids it may converge"
    )


def _norm_lines(adapted: ContractionVerdict, radius: JointSpectralRadius | None) -> list[str]:
    """In which norm the matrices contract."""
    upper = _factor(adapted.radius.upper)
    if adapted.how is Contraction.EUCLIDEAN:
        return [f"Assumption A holds in the Euclidean norm, with ρ ≤ {upper}"]
    if adapted.how is Contraction.QUADRATIC:
        return [f"Assumption A holds in one quadratic norm, with ρ ≤ {upper}"]
    if adapted.how is Contraction.POLYTOPE:
        certificate = None if radius is None else radius.certificate
        ball = None if certificate is None else unit_ball(certificate)
        if not ball or certificate is None or certificate.claim.upper is None or adapted.radius.upper == 0:
            return [f"Assumption A holds in an adapted norm, for every ρ above {upper}"]
        if ball.startswith("made of"):
            # One norm for all blocks needs them scaled against each other: the radius itself is not always reached.
            return [f"Assumption A holds in an adapted norm, for every ρ above {upper}: the unit ball is {ball}"]
        return [
            f"Assumption A holds in an adapted norm, with ρ ≤ {_factor(float_above(certificate.claim.upper))}: "
            f"the unit ball is {ball}"
        ]
    # Of a family the radius has been said before; of a zonotope not.
    return [f"joint spectral radius {value_text(adapted.radius)}, proved"] if radius is None else []


def _factor(value: float) -> str:
    """An upper bound of a contraction factor, which does not become one by rounding."""
    text = up_text(value)
    return repr(value) if value < 1 <= float(text) else text


def _part_lines(adapted: ContractionVerdict) -> list[str]:
    """On which part of the space the matrices contract, and for which families that is proved."""
    split = adapted.quotient
    assert split is not None
    where = f"{adapted.how.value}: dimension {split.dimension}{_spanned(split)}"
    if not split.distance:
        beyond = "on the whole space the joint spectral radius is 1, so no norm makes all of them contractions"
        return [f"{where}, joint spectral radius {value_text(adapted.radius)}", beyond]
    assert adapted.part is not None
    return [
        where,
        f"joint spectral radius there ≤ {up_text(adapted.radius.upper)} for every such family within "
        f"{down_text(float(split.distance), 2)} of these doubles (Frobenius, proved); of these doubles themselves "
        f"{value_text(adapted.part.radius)}",
        "on the whole space the joint spectral radius of such a family is 1, so no norm makes all of them contractions",
    ]


def _spanned(split: Quotient) -> str:
    """A spanning vector of a line, where it is short to write."""
    vector = split.spanning[0]
    if split.dimension > 1 or len(vector) < 2:
        return ""
    if len(vector) <= LARGEST_SHOWN:
        return f", spanned by ({', '.join(map(str, vector))})"
    return ", spanned by (1, ..., 1)" if set(vector) == {1} else ""


def certificate_lines(radius: JointSpectralRadius) -> list[str]:
    """The claim of the certificate of a radius, and what of the printed bracket it does not prove."""
    if radius.certificate is None:
        return ["the bracket is proved, but has no certificate: none was found in time, within the checker's limits"]
    claim, proved = radius.certificate.claim, radius.certified
    assert proved is not None
    lines = [certificate_text(radius.certificate)]
    if claim.upper is None:
        lines.append("the certificate proves the lower end only: the upper one is proved, but has no certificate")
    elif proved.upper > radius.upper and _differ(Bracket(radius.lower, proved.upper), radius.bracket):
        wide, narrow = _told_apart(proved.upper, radius.upper, up_text)
        lines.append(f"the certificate proves ≤ {wide} only: the upper end {narrow} is proved, but has no certificate")
    if radius.lower > 0 and claim.lower is None:
        lines.append("the certificate proves nothing of the lower end, which is proved, but has no certificate")
    elif proved.lower < radius.lower and _differ(Bracket(proved.lower, radius.upper), radius.bracket):
        wide, narrow = _told_apart(proved.lower, radius.lower, down_text)
        lines.append(f"the certificate proves ≥ {wide} only: the lower end {narrow} is proved, but has no certificate")
    return lines


def _differ(proved: Bracket, shown: Bracket) -> bool:
    """Whether the end that a certificate proves is another number, or a bracket with it would be printed otherwise."""
    apart = max(shown.lower - proved.lower, proved.upper - shown.upper)
    return apart > _SAME * proved.upper or value_text(proved) != value_text(shown)


def _told_apart(proved: float, shown: float, text: Callable[[float, int], str]) -> tuple[str, str]:
    """Two different ends with as many digits as show that they differ."""
    pairs = ((text(proved, digits), text(shown, digits)) for digits in range(SHORT, 18))
    return next((pair for pair in pairs if pair[0] != pair[1]), (repr(proved), repr(shown)))


def unit_ball(certificate: Certificate) -> str:
    """What the unit ball of the norm in a certificate of an upper bound is, in words; empty when it has none."""
    document = certificate.document
    return _ball(document["kind"], document["proof"])


def _ball(kind: str, proof: dict[str, Any]) -> str:
    if kind == "equality":
        return _ball(proof["upper"]["kind"], proof["upper"]["proof"])
    if kind == "contraction":
        return "the ellipsoid"
    if kind in {"polytope", "exact"}:
        return f"the polytope of {count(len(proof['vertices']), 'vertex')}"
    if kind == "blocks":
        parts = [_ball(part["kind"], part["proof"]) for part in proof["proofs"]]
        if not all(parts):
            return ""
        shown = f": {', '.join(parts)}" if len(parts) <= _LISTED_BLOCKS and len(set(parts)) > 1 else ""
        return parts[0] if len(parts) == 1 else f"made of those of {len(parts)} diagonal blocks{shown}"
    return ""


def certificate_text(certificate: Certificate) -> str:
    """The claim of a certificate, long rationals as decimals rounded outward."""
    return f"certificate ({certificate.label}): {claim_text(str(certificate.claim))}"
