"""Upper bounds and brackets that are true by construction are accepted, with the claim that was asked for."""

from fractions import Fraction

from strategies.proofs import proved
from strategies.stages import drawn

from conservative.certificates import Certificate, check


@drawn(40, 500, proved)
def test_what_is_true_by_construction_is_accepted(certificate: Certificate) -> None:
    claim = certificate.claim
    assert check(certificate).reason == str(claim)
    assert claim.upper is not None
    assert (claim.bound is None) == (claim.relation == "in")
    assert (claim.lower is None) == (certificate.kind != "equality")
    assert claim.upper >= (claim.lower or Fraction(0))
