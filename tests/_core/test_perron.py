"""Radii of nonnegative products from vectors agree with those from exact characteristic polynomials."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st
from strategies.stages import drawn

from conservative._core.exact.linear_algebra import flint_product, to_flint
from conservative._core.exact.perron import BITS, is_nonnegative, perron_classes
from conservative._core.families.as_family import as_family
from conservative._core.numbers import Bracket
from conservative.spectral.words.products import LARGE, proved_rate
from conservative.spectral.words.spectral_radius import _simple_double, nonnegative_rate, radius_of

entries = st.one_of(st.just(Fraction(0)), st.builds(Fraction, st.integers(0, 9), st.integers(1, 4)))


@st.composite
def nonnegative_families(draw: st.DrawFn) -> list[list[list[Fraction]]]:
    """One or two matrices of order one to five, with many zeros: mostly reducible."""
    n = draw(st.integers(1, 5))
    row = st.lists(entries, min_size=n, max_size=n)
    return draw(st.lists(st.lists(row, min_size=n, max_size=n), min_size=1, max_size=2))


@drawn(60, 1000, nonnegative_families(), st.lists(st.integers(0, 1), min_size=1, max_size=4))
def test_the_classes_enclose_the_radius(matrices: list[list[list[Fraction]]], letters: list[int]) -> None:
    family = as_family(matrices, call="test")
    word = tuple(i % family.count for i in letters)
    product = flint_product([to_flint(m) for m in family.exact], word)
    classes = perron_classes(family, word)
    assert classes is not None
    exact = radius_of(product)[0]
    lower, upper = max((c.lower for c in classes), default=0), max((c.upper for c in classes), default=0)
    assert lower <= exact.upper
    assert upper >= exact.lower
    assert upper - lower <= upper * Fraction(1, 2**40)
    M = np.linalg.multi_dot([np.eye(family.size, dtype=object), *np.array(family.exact, dtype=object)[list(word)]])
    for c in classes:
        v = np.zeros(family.size, dtype=object)
        v[c.indices] = c.vector
        assert min(c.vector) > 0
        assert (c.lower * v <= M @ v).all()
        assert (M @ v <= c.upper * v)[c.indices].all()


def test_a_matrix_that_turns_round_has_one_class() -> None:
    """The permutation of three letters with weights 1, 2, 4: the radius is the cube root of 8."""
    [only] = perron_classes(as_family([[[0, 1, 0], [0, 0, 2], [4, 0, 0]]], call="test"), (0,)) or []
    assert only.lower <= 2 <= only.upper
    assert only.upper - only.lower < Fraction(1, 2 ** (BITS - 20))


def test_a_nilpotent_product_has_no_class() -> None:
    family = as_family([[[0, 1], [0, 0]]], call="test")
    assert perron_classes(family, (0,)) == []
    assert nonnegative_rate(family, (0,)) is not None
    assert nonnegative_rate(family, (0,)).upper == 0


@pytest.mark.parametrize("scale", [Fraction(10) ** 200, Fraction(1, 10**200)])
def test_any_scale(scale: Fraction) -> None:
    family = as_family([[[scale * x for x in row] for row in ((2, 1), (1, 1))]], call="test")
    [only] = perron_classes(family, (0, 0)) or []
    assert only.lower <= scale**2 * Fraction(6854101966249685, 10**15) <= only.upper * (1 + Fraction(1, 10**14))
    assert only.upper <= only.lower * (1 + Fraction(1, 2**100))


def test_entries_beyond_the_doubles_are_left_to_the_polynomial() -> None:
    """A Perron vector with the entries 1 and 10^-60: the second is not positive in units of 2^-128."""
    family = as_family([[[1, 1], [Fraction(1, 10**60), Fraction(1, 2)]]], call="test")
    assert perron_classes(family, (0,)) is None
    assert nonnegative_rate(family, (0,)) is None


def test_rates_of_large_matrices_agree_with_the_polynomial() -> None:
    rng = np.random.default_rng(1)
    matrices = rng.random((2, LARGE + 4, LARGE + 4)) * (rng.random((2, LARGE + 4, LARGE + 4)) < 0.2)
    family = as_family(matrices, call="test")
    for word in ((0,), (0, 1), (0, 1, 1)):
        exact, _ = radius_of(flint_product([to_flint(m) for m in family.exact], word), root=len(word))
        quick = nonnegative_rate(family, word)
        assert quick is not None
        assert quick.lower <= exact.upper
        assert exact.lower <= quick.upper
        assert quick.upper <= quick.lower * (1 + 2.0**-50)
        assert proved_rate(family, word) == quick


def test_a_stochastic_matrix_has_exactly_the_radius_one() -> None:
    """The vector gives two doubles around 1; the polynomial then decides that it is 1."""
    rows = [[Fraction(int(j in (i, (3 * i + 1) % 16)), 2) for j in range(16)] for i in range(16)]
    rows = [[x / sum(row) for x in row] for row in rows]
    rate = proved_rate(as_family([rows], call="test"), (0,))
    assert rate.lower == rate.upper == 1


@pytest.mark.parametrize("ends", [(1.0, 1.0 + 2.0**-52), (1.0 - 2.0**-53, 1.0), (1.0 - 2.0**-53, 1.0 + 2.0**-52)])
def test_a_radius_of_few_digits_is_seen_wherever_it_is(ends: tuple[float, float]) -> None:
    """How the vector rounds depends on the machine: 1 may be an end of the bracket or between its ends."""
    assert _simple_double(Bracket(*ends)) == 1
    assert _simple_double(Bracket(1.0, 1.0)) is None


def test_signs_are_read_exactly() -> None:
    family = as_family([[[Fraction(1), Fraction(-1, 10**400)], [0, 1]], [[1, 0], [0, 1]]], call="test")
    assert not is_nonnegative(family, (0,))
    assert is_nonnegative(family, (1, 1))
