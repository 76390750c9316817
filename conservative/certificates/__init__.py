"""Proofs come in; documents go out that the checker proves again, with the standard library alone.

A new kind: a file of `checker/`, its row in `checker/kinds` or `checker/blocks`, and its data in `proofs`.
"""

from conservative.certificates.build import contraction_certificate as contraction_certificate
from conservative.certificates.build import equality_certificate as equality_certificate
from conservative.certificates.build import exact_certificate as exact_certificate
from conservative.certificates.build import expansion_certificate as expansion_certificate
from conservative.certificates.build import slowest_certificate as slowest_certificate
from conservative.certificates.build import upper_certificate as upper_certificate
from conservative.certificates.exact_from_floats import exact_proof as exact_proof
from conservative.certificates.lower_parts import AlonePart as AlonePart
from conservative.certificates.lower_parts import BlockPart as BlockPart
from conservative.certificates.lower_parts import ConePart as ConePart
from conservative.certificates.lower_parts import DeterminantsPart as DeterminantsPart
from conservative.certificates.lower_parts import InversesPart as InversesPart
from conservative.certificates.lower_parts import LowerPart as LowerPart
from conservative.certificates.proofs import BlocksProof as BlocksProof
from conservative.certificates.proofs import ExactProof as ExactProof
from conservative.certificates.proofs import PathCompleteProof as PathCompleteProof
from conservative.certificates.proofs import PolytopeProof as PolytopeProof
from conservative.certificates.proofs import ProductsProof as ProductsProof
from conservative.certificates.proofs import Proof as Proof
from conservative.certificates.proofs import QuadraticProof as QuadraticProof
from conservative.certificates.proofs import SumOfSquaresProof as SumOfSquaresProof
from conservative.certificates.published import schema as schema
from conservative.certificates.records import Certificate as Certificate
from conservative.certificates.records import Claim as Claim
from conservative.certificates.records import Verdict as Verdict
from conservative.certificates.records import check as check
from conservative.certificates.records import check_text as check_text
from conservative.certificates.records import load_certificate as load_certificate
from conservative.certificates.words import word_bound as word_bound

__all__ = [
    "Certificate",
    "Claim",
    "Verdict",
    "check",
    "check_text",
    "load_certificate",
    "schema",
]


def __dir__() -> list[str]:
    return __all__
