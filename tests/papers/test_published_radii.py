"""Twenty-three more families whose radius is published or has a closed form; `radii.json` names the source of each."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from conservative import check, joint_spectral_radius

FAMILIES = json.loads((Path(__file__).parent / "radii.json").read_text(encoding="utf-8"))
OPEN = {"long_word_c=1/100", "long_word_c=1/100000"}
"""Their search does not end by itself: only that the bracket holds is asked, at whatever moment it ends."""

PRINTED = Fraction(1, 10**11)
"""Relative rounding of the values as they are printed."""


def ends(name):
    value = FAMILIES[name]["value"]
    low, high = value if isinstance(value, list) else (value, value)
    return Fraction(low) * (1 - PRINTED), Fraction(high) * (1 + PRINTED)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_bracket_meets_the_published_value(name):
    low, high = ends(name)
    found = joint_spectral_radius(FAMILIES[name]["matrices"], time_limit=0.1 if name in OPEN else None)
    assert found.lower <= high
    assert low <= found.upper
    if found.certificate is not None:
        assert check(found.certificate)
    if name not in OPEN:
        assert found.upper <= found.lower * (1 + 2e-9)
        assert found.certificate is not None or found.upper == 0


@pytest.mark.parametrize("c", [100, 100_000])
def test_the_closed_form_of_long_words(c):
    """A^k B has the eigenvalues k/c and 0: the radius is the largest (k/c)^(1/(k+1)), k near c e."""
    rates = [(k / c) ** (1 / (k + 1)) for k in range(1, 5 * c)]
    assert max(rates) == pytest.approx(FAMILIES[f"long_word_c=1/{c}"]["value"], rel=1e-12)
