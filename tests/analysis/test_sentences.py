"""What a report says about a certificate: its claim, and its numbers as decimals."""

import pytest

from conservative.analysis.sentences import certificate_text
from conservative.certificates import QuadraticProof, equality_certificate, expansion_certificate

HALF = [[["1/2", 0], [0, "1/3"]]]
DISC = QuadraticProof([[1, 0], [0, 1]])


@pytest.mark.parametrize(
    ("upper", "end"),
    [
        ("1/2", "is exactly 1/2. The bound is about 0.5."),
        ("3/4", "lies in [1/2, 3/4]. The ends are about 0.5 and 0.75."),
    ],
)
def test_brackets(upper: str, end: str) -> None:
    text = certificate_text(equality_certificate(HALF, word=[0], lower="1/2", upper=upper, proof=DISC))
    assert text.startswith("certificate (equality): The joint spectral radius of the 1 given 2 x 2 matrices ")
    assert text.endswith(end)


def test_a_whole_bound_needs_no_decimal() -> None:
    text = certificate_text(expansion_certificate([[[2]]], [0], bound=2))
    assert text == "certificate (expansion): The joint spectral radius of the 1 given 1 x 1 matrices is >= 2."
