"""Radii that elementary means decide are claimed exactly, and what is printed is what the certificate proves."""

from dataclasses import replace
from fractions import Fraction

import pytest

import conservative as cj
from conservative import check, joint_spectral_radius
from conservative._core.families.as_family import as_family
from conservative.analysis.conclusion import certificate_lines
from conservative.analysis.sentences import radius_lines
from conservative.spectral import RadiusStatus, contraction_verdict
from conservative.spectral.words.products import exact_rate

# No common quadratic norm contracts these, though their radius is 0.967.
NO_ELLIPSOID = [[[-0.61, 0.74], [0.65, 0.38]], [[0.13, -0.15], [0.71, 0.95]]]


@pytest.mark.parametrize(
    ("family", "radius"),
    [
        ([[["3/4"]]], "3/4"),
        ([[["3/5"]], [["-2/3"]]], "2/3"),
        ([[[0, 0], ["1/4", 1]], [["1/2", 1], [0, "1/3"]]], "1"),
        ([[["1/3", "1/3"], ["2/3", 0]], [["1/5", "2/5"], [0, "1/3"]]], "2/3"),
        ([[["1/3", "2/3"], ["1/3", 0]], [["1/5", 0], ["2/5", "1/3"]]], "2/3"),
        ([[["1/3", "1/3"], ["1/3", "1/3"]], [["1/5", 0], [0, "1/2"]]], "2/3"),
        ([[["1/2", 7], [0, "1/3"]], [["1/4", 9], [0, "-3/5"]]], "3/5"),
        ([[["3/7", "-4/7"], ["4/7", "3/7"]]], "5/7"),
        ([[[0, "9/4"], [1, 0]]], "3/2"),
    ],
)
def test_rational_radii_are_claimed_and_printed_exactly(family: list, radius: str) -> None:
    found = joint_spectral_radius(family)
    assert found.status is RadiusStatus.EXACT
    assert found.exact == Fraction(radius)
    assert check(found.certificate)
    assert Fraction(found.lower) <= Fraction(radius) <= Fraction(found.upper)
    assert radius_lines(found)[0].startswith(f"joint spectral radius = {number(Fraction(radius))}")
    assert certificate_lines(found)[0].endswith(f"is exactly {radius}.")


def number(value: Fraction) -> str:
    short = f"{float(value):g}"
    return short if Fraction(short) == value else str(value)


def test_the_maximum_of_two_kinks_is_exactly_one() -> None:
    F = [
        "Max(x/2 - 3*y/4 + b, 0)/2 - Max(y, 0)/3",
        "Max(3*x/4 + y/2, 0) - Max(x - y, 0)/2",
    ]
    result = cj.analyze(cj.from_sympy(F, state="x y", parameters="b"), at=[0, 0, 0], steps=1, time_limit=None)
    assert result.radius.exact == 1
    text = str(result)
    assert "joint spectral radius = 1, proved" in text
    assert "attained by the word 13 (length 1): it equals ρ(A_13)" in text
    assert "equals rho(A_13), and is exactly 1." in text


@pytest.mark.parametrize(
    "family",
    [
        [[[1, -1], [1, 1]]],
        [[["1/2", "-1/3"], ["1/4", "1/5"]]],
        [[[2, 1, 0], [1, 3, 1], [0, 1, 4]]],
        [[[0, -1, 2], [1, 0, 0], [0, "1/2", 0]]],
        [[[1, 1], [1, 0]]],
    ],
)
def test_irrational_radii_of_one_matrix_are_certified_to_the_digits_that_are_printed(family: list) -> None:
    found = joint_spectral_radius(family)
    claim = found.certificate.claim
    assert claim.upper - claim.lower <= claim.upper / 10**14
    assert len(certificate_lines(found)) == 1
    label = "exact" if found.status is RadiusStatus.EXACT else "bracket"
    assert certificate_lines(found)[0].startswith(f"certificate ({label}): ")


def test_rates_of_words_are_recognised_as_rationals() -> None:
    family = as_family([[["3/5", "-4/5"], ["4/5", "3/5"]], [[1, -1], [1, 1]], [[0, 1], [0, 0]]], call="test")
    assert exact_rate(family, (0,)) == exact_rate(family, (0, 0)) == 1
    assert exact_rate(family, (1,)) is None
    assert exact_rate(family, (2,)) == 0
    assert exact_rate(family, ()) is None
    doubles = as_family([[[0.3, 1], [0, 0.1]]], call="test")
    assert exact_rate(doubles, (0,)) == Fraction(0.3)


def test_a_proved_contraction_without_an_ellipsoid_is_proved_by_words() -> None:
    radius = replace(joint_spectral_radius(NO_ELLIPSOID), certificate=None)
    verdict = contraction_verdict(NO_ELLIPSOID, radius=radius)
    assert verdict.how.name == "POLYTOPE"
    assert verdict.certificate.kind == "products"
    assert verdict.certificate.claim.contracts
    assert check(verdict.certificate)


def test_an_ellipsoid_proves_the_contraction_where_the_radius_has_no_certificate() -> None:
    family = [[["1/2", 4], [0, "1/2"]]]
    radius = replace(joint_spectral_radius(family), certificate=None)
    verdict = contraction_verdict(family, radius=radius)
    assert verdict.certificate.kind == "contraction"
    assert verdict.certificate.claim.contracts
    assert check(verdict.certificate)


def test_numbers_beyond_the_checker_are_proved_without_a_certificate_and_said_to_be() -> None:
    result = cj.analyze([[[Fraction(1, 10**700 + 1)]]], time_limit=None)
    assert result.contraction is cj.analysis.ContractionOutcome.PROVED
    assert result.certificate is None
    assert "the bracket is proved, but has no certificate" in str(result)
