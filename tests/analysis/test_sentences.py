"""What a report says about a certificate, about the norm in which matrices contract, and about the word of a radius."""

import pytest

from conservative import analyze, joint_spectral_radius
from conservative.analysis.conclusion import certificate_text, unit_ball
from conservative.analysis.sentences import radius_lines
from conservative.certificates import QuadraticProof, equality_certificate, expansion_certificate
from conservative.spectral import RadiusStatus

HALF = [[["1/2", 0], [0, "1/3"]]]
DISC = QuadraticProof([[1, 0], [0, 1]])


@pytest.mark.parametrize(
    ("upper", "end"),
    [
        ("1/2", "is exactly 1/2."),
        ("3/4", "lies in [1/2, 3/4]."),
    ],
)
def test_brackets(upper: str, end: str) -> None:
    text = certificate_text(equality_certificate(HALF, word=[0], lower="1/2", upper=upper, proof=DISC))
    assert text.startswith("certificate (equality): The joint spectral radius of the 1 given 2 x 2 matrices ")
    assert text.endswith(end)


def test_a_bound() -> None:
    text = certificate_text(expansion_certificate([[[2]]], [0], bound=2))
    assert text == "certificate (expansion): The joint spectral radius of the 1 given 1 x 1 matrices is >= 2."


def lines_of(family: object, heading: str) -> tuple[str, ...]:
    return next(f.lines for f in analyze(family).findings if f.heading.startswith(heading))


SHEAR = [[["1/2", 2], [0, "1/2"]], [["1/2", 0], ["1/16", "1/3"]]]
GROWING = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]
STOCHASTIC = [[["1/2", "1/2"], ["1/4", "3/4"]], [["2/3", "1/3"], ["1/2", "1/2"]]]


def test_contraction_names_the_euclidean_norm_when_that_is_enough() -> None:
    assert lines_of(HALF, "Contraction")[1] == "Assumption A holds in the Euclidean norm, with ρ ≤ 0.500000000001"


def test_contraction_names_the_unit_ball_of_the_adapted_norm() -> None:
    text = "\n".join(lines_of(SHEAR, "Contraction"))
    assert "Assumption A holds in an adapted norm, with ρ ≤ 0.6706915" in text
    assert "the unit ball is the polytope of" in text


def test_a_common_direction_is_taken_out() -> None:
    lines = lines_of(STOCHASTIC, "Contraction")
    assert lines[0].startswith("refuted")
    assert "contracts on the quotient by it: dimension 1, joint spectral radius = 0.25" in lines[1]


def test_an_exact_radius_names_its_word() -> None:
    radius = joint_spectral_radius(GROWING)
    assert radius.status is RadiusStatus.EXACT
    assert radius_lines(radius)[1] == "attained by the word 11211221122 (length 11): it equals ρ(A_11211221122)^(1/11)"
    text = certificate_text(radius.certificate)
    assert "equals rho(A_11211221122)^(1/11), and lies in [1.03214353442002" in text
    assert len(text) < 200


def test_unit_balls_of_blocks_are_listed() -> None:
    blocks = [[[1, 5, 0], [0, "1/2", 1], [0, "1/3", "1/4"]], [["1/2", 0, 0], [0, "1/3", 0], [0, 1, "1/2"]]]
    assert unit_ball(joint_spectral_radius(blocks).certificate).startswith("made of those of 2 diagonal blocks: ")
    assert unit_ball(expansion_certificate([[[2]]], [0], bound=2)) == ""
