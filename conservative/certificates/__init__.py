"""Records of proofs, and the checker that proves them again with the standard library alone."""

from conservative.certificates.build import contraction_certificate as contraction_certificate
from conservative.certificates.build import expansion_certificate as expansion_certificate
from conservative.certificates.build import word_bound as word_bound
from conservative.certificates.published import schema as schema
from conservative.certificates.records import Certificate as Certificate
from conservative.certificates.records import Claim as Claim
from conservative.certificates.records import Verdict as Verdict
from conservative.certificates.records import check as check
from conservative.certificates.records import check_text as check_text
from conservative.certificates.records import load_certificate as load_certificate
