"""Exact decisions against roots that are known by construction, and against floats away from the circle."""

from fractions import Fraction

import flint
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.spectral import families, square_matrices
from strategies.stages import drawn

from conservative._core.exact.linear_algebra import (
    ball_bracket,
    characteristic_polynomial,
    exact_product,
    from_flint,
    is_positive_semidefinite,
    radius_against_one,
    radius_ball,
    to_flint,
)


def companion(coefficients):
    """The companion matrix of a polynomial, lowest degree first."""
    n = len(coefficients) - 1
    rows = [[Fraction(int(i == j + 1)) for j in range(n)] for i in range(n)]
    for i in range(n):
        rows[i][n - 1] = -Fraction(coefficients[i]) / Fraction(coefficients[-1])
    return to_flint(rows)


@pytest.mark.parametrize(
    ("coefficients", "sign"),
    [
        ([1, 0, 0, 1], 0),
        ([1, 1, 1, 1, 1], 0),
        ([-1, 3, -3, 1], 0),
        ([0, 0, 1, Fraction(-5, 2), 1], 1),
        ([0, 0, 0, 1], -1),
        ([1, 1, 0, -1, -1, -1, -1, -1, 0, 1, 1], 1),
        ([1, -1, -1, -1, 1], 1),
        ([Fraction(1, 4), -1, 1], -1),
        ([1, 0, 2, 0, 1], 0),
        ([-1, Fraction(1, 2), 0, -Fraction(1, 2), 1], 0),
    ],
    ids=[
        "z3+1",
        "fifth-roots",
        "triple-one",
        "two-and-half",
        "nilpotent",
        "lehmer-salem",
        "salem-pair",
        "double",
        "+-i-twice",
        "mixed",
    ],
)
def test_sign_of_radius_minus_one(coefficients, sign):
    assert radius_against_one(companion(coefficients)) == sign


@drawn(40, 500, st.lists(st.sampled_from([-1, 0, 1]), min_size=3, max_size=7))
def test_products_of_cyclotomic_factors_lie_on_the_circle(choice):
    polynomial = flint.fmpz_poly([1])
    for i, pick in enumerate(choice):
        polynomial *= flint.fmpz_poly.cyclotomic(i + 1 if pick else 2 * i + 3)
    assert radius_against_one(companion([int(c) for c in polynomial.coeffs()])) == 0


@given(square_matrices(3))
@settings(deadline=None)
def test_sign_agrees_with_floats_away_from_one(rows):
    radius = np.abs(np.linalg.eigvals(np.array(rows, dtype=float))).max()
    sign = radius_against_one(to_flint(rows))
    assert abs(radius - 1) < 1e-4 or sign == np.sign(radius - 1)


@given(square_matrices(3))
@settings(deadline=None)
def test_balls_contain_the_radius(rows):
    bracket = ball_bracket(radius_ball(to_flint(rows), bits=128))
    radius = np.abs(np.linalg.eigvals(np.array(rows, dtype=float))).max()
    assert bracket.upper - bracket.lower <= 1e-15 * max(1.0, bracket.upper)
    assert abs(bracket.lower - radius) <= 1e-4 * max(1.0, radius)


@given(families(max_count=2), st.lists(st.integers(0, 1), min_size=1, max_size=6))
@settings(deadline=None)
def test_products_multiply_as_fractions(family, word):
    word = [i % len(family) for i in word]
    product = family[word[0]]
    for letter in word[1:]:
        product = [
            [sum(a * b for a, b in zip(row, col, strict=True)) for col in zip(*family[letter], strict=True)]
            for row in product
        ]
    assert exact_product([tuple(map(tuple, m)) for m in family], word) == tuple(map(tuple, product))


def test_round_trip_and_characteristic_polynomial():
    rows = ((Fraction(1, 3), Fraction(2)), (Fraction(-1), Fraction(5, 7)))
    assert from_flint(to_flint(rows)) == rows
    trace, determinant = Fraction(1, 3) + Fraction(5, 7), Fraction(5, 21) + 2
    assert characteristic_polynomial(rows) == (determinant, -trace, Fraction(1))


@given(square_matrices(3), st.integers(1, 3))
@settings(deadline=None)
def test_gram_matrices_are_semidefinite_and_their_negatives_are_not(rows, rank):
    kept = [row if i < rank else [Fraction(0)] * 3 for i, row in enumerate(rows)]
    a = to_flint(kept)
    gram = a.transpose() * a
    assert is_positive_semidefinite(gram)
    assert is_positive_semidefinite(gram, strict=True) == (gram.det() > 0)
    assert is_positive_semidefinite(gram * -1) == all(x == 0 for x in gram.entries())


def test_a_zero_pivot_with_a_row_is_indefinite():
    assert not is_positive_semidefinite(flint.fmpq_mat([[0, 1], [1, 5]]))
