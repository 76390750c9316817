"""What a report says about a certificate, about the norm in which matrices contract, and about the word of a radius."""

import re
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

import conservative as cj
from conservative import analyze, joint_spectral_radius
from conservative.analysis import ContractionOutcome
from conservative.analysis.conclusion import certificate_lines, certificate_text, unit_ball
from conservative.analysis.sentences import radius_lines
from conservative.certificates import QuadraticProof, equality_certificate, expansion_certificate
from conservative.spectral import RadiusStatus

HALF = [[["1/2", 0], [0, "1/3"]]]
DISC = QuadraticProof([[1, 0], [0, 1]])


@pytest.mark.parametrize(
    ("upper", "label", "end"),
    [
        ("1/2", "equality", "is exactly 1/2."),
        ("3/4", "bracket", "lies in [1/2, 3/4]."),
    ],
)
def test_brackets(upper: str, label: str, end: str) -> None:
    text = certificate_text(equality_certificate(HALF, word=[0], lower="1/2", upper=upper, proof=DISC))
    assert text.startswith(f"certificate ({label}): The joint spectral radius of the given 2 x 2 matrix ")
    assert text.endswith(end)


def test_a_bound() -> None:
    text = certificate_text(expansion_certificate([[[2]]], [0], bound=2))
    assert text == "certificate (expansion): The joint spectral radius of the given 1 x 1 matrix is >= 2."


def lines_of(family: object, heading: str) -> tuple[str, ...]:
    return next(f.lines for f in analyze(family, time_limit=None).findings if f.heading.startswith(heading))


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
    assert lines[0].startswith("proved on a quotient")
    assert "contracts on the quotient by it: dimension 1, spanned by (1, 1), joint spectral radius = 0.25" in lines[1]
    assert "no norm makes all of them contractions" in lines[2]
    assert not any("kink" in line for line in lines)


def test_a_smooth_map_that_only_moves_the_constants_is_not_called_refuted() -> None:
    """Sinkhorn in log variables: row-stochastic up to rounding, with the second eigenvalue of the coupling."""
    K, a, b = np.array([[1.0, 0.3], [0.2, 0.7], [0.5, 0.4]]), np.array([0.3, 0.3, 0.4]), np.array([0.55, 0.45])
    x = sp.symbols("x1:4")
    columns = [b[j] / sum(K[i, j] * sp.exp(x[i]) for i in range(3)) for j in range(2)]
    F = cj.from_sympy([sp.log(a[i]) - sp.log(sum(K[i, j] * columns[j] for j in range(2))) for i in range(3)], state=x)
    point = np.zeros(3)
    for _ in range(400):
        point = F.evaluate(point)
    result = analyze(F, at=point.tolist(), time_limit=None)
    P = np.exp(point)[:, None] * K * (b / (K.T @ np.exp(point)))
    second = np.linalg.svd(P / np.sqrt(np.outer(P.sum(axis=1), P.sum(axis=0))))[1][1] ** 2
    if result.contraction is ContractionOutcome.PROVED:  # with another exp the rows of doubles sum to less than one
        assert 1 - 1e-12 < result.radius.upper < 1
        return
    assert result.contraction is ContractionOutcome.QUOTIENT
    assert second <= result.adapted.radius.upper < second + 1e-3
    text = str(result)
    assert "refuted" not in text
    assert "kink" not in text
    assert "spanned by (1, 1, 1)" in text
    assert "remedy: The matrices given are doubles." in text


@pytest.mark.parametrize(
    ("family", "said"),
    [
        ([[[2, 1], [0, 2]]], "there is one matrix, and no choice between several: its powers do not tend to 0"),
        (GROWING, "derivatives along a trajectory that avoids it may converge"),
    ],
)
def test_what_a_refutation_is_about(family: object, said: str) -> None:
    assert any(line.endswith(said) for line in lines_of(family, "Contraction"))


def test_a_certificate_that_proves_less_than_the_bracket_is_said_to() -> None:
    radius = joint_spectral_radius(SHEAR)
    assert len(certificate_lines(radius)) == 1
    narrow = replace(radius, lower=0.6, upper=0.6706915)
    said = "the certificate proves ≤ 0.670691519932 only: the upper end 0.6706915 is proved"
    assert certificate_lines(narrow)[1].startswith(said)
    lower = replace(radius, certificate=expansion_certificate(SHEAR, [0], bound="1/4"))
    assert "proves the lower end only" in certificate_lines(lower)[1]
    assert "proves ≥ 0.25 only: the lower end 0.670691519931 is" in certificate_lines(lower)[2]


def test_no_time_leaves_a_report() -> None:
    result = analyze("strictness", time_limit=0)
    assert result.radius is not None
    assert result.radius.lower <= 0.75 <= result.radius.upper
    assert result.contraction is ContractionOutcome.PROVED
    assert str(result)


def test_what_there_is_no_time_for_is_said() -> None:
    result = analyze(np.random.default_rng(0).standard_normal((2, 30, 30)), time_limit=0)
    assert result.searched_length == 0
    assert result.expanding is None
    assert "products were not tried one by one" in str(result)
    assert (result.certificate is None) == ("has no certificate: none was found" in str(result))


def test_what_is_close_to_one_is_printed_on_its_side_of_one() -> None:
    assert "with ρ ≤ 0.9999999999999999" in str(analyze([[[1 - 2.0**-53]]], time_limit=None))
    text = str(analyze([[[0.6, -0.8], [0.8, 0.6]]], time_limit=None))
    assert "A_1 has spectral radius 1 and more, by at most 2.3e-16" in text


def test_long_rationals_are_not_spelled() -> None:
    line = lines_of([[[1e-300]]], "Contraction")[-1]
    match = re.search(r"is exactly a rational of 332 digits, at least (\S+)\.$", line)
    assert match
    assert 1e-300 * (1 - 1e-15) <= float(match[1]) <= 1e-300


def test_ends_are_printed_with_the_digits_that_are_known() -> None:
    text = str(analyze("half-absolute", time_limit=None))
    assert "conv fix(𝒥) = [0, 2]" in text
    assert "J_imp = [2/3, 2] ≈ [0.666666667, 2]" in text
    assert "known within `tol`" not in text


def test_norms_of_nilpotent_families_are_not_said_to_be_zero() -> None:
    lines = lines_of([[[0, 1], [0, 0]], [[0, 3], [0, 0]]], "Contraction")
    assert lines[1] == "Assumption A holds in an adapted norm, for every ρ above 0"


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
