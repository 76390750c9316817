"""Signs that polynomials of three variables take together near 0: seen along arcs, or excluded by sums of squares."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import strategies as st
from strategies.stages import drawn

from conservative.functions.continuity.space_patterns import space_patterns

X, Y, Z = (1, 0, 0), (0, 1, 0), (0, 0, 1)
XX, XY, YY = (2, 0, 0), (1, 1, 0), (0, 2, 0)


def polynomial(terms):
    return {exponents: Fraction(c) for exponents, c in terms.items()}


@pytest.mark.parametrize(
    ("polynomials", "never"),
    [
        ([{Z: 1}, {Z: -1, XX: -1, YY: -1}], {(1, 1)}),
        ([{Z: 1}, {Z: -1, XX: -1, YY: -1, (3, 0, 0): 5, (0, 0, 5): 1}], {(1, 1)}),  # what squares outweigh near 0
        ([{Z: 1}, {Z: -1, XX: 1, YY: -1}], set()),  # both are positive in a layer beside z = 0
        ([{Y: 1, Z: 1}, {XY: 1}, {Y: 1, Z: 1, XY: -1}], {(1, -1, -1), (-1, 1, 1)}),
        ([{X: 1}, {Y: 1}, {XY: -1}], {(1, 1, 1), (-1, -1, 1), (1, -1, -1), (-1, 1, -1)}),  # by products
        ([{Y: 1, XX: -1, (0, 0, 2): -1}, {Y: -1, XX: 2, (0, 0, 2): 1}], {(-1, -1)}),
        ([{X: 1}, {X: 1, Y: 10**20}, {X: 1, Y: 10**20, (0, 0, 3): 1}], set()),
    ],
)
def test_signs_are_decided(polynomials, never):
    met, undecided = space_patterns([polynomial(p) for p in polynomials])
    assert undecided == set()
    assert set(product((1, -1), repeat=len(polynomials))) - met == never


@drawn(4, 60, seed=st.integers(0, 2**31))
def test_signs_at_points_beside_0_are_met_or_undecided(seed):
    rng = np.random.default_rng(seed)
    exponents = [e for e in product(range(4), repeat=3) if 1 <= sum(e) <= 3]
    polynomials = []
    for _ in range(rng.integers(2, 5)):
        chosen = rng.choice(len(exponents), rng.integers(1, 4), replace=False)
        terms = {exponents[i]: Fraction(int(rng.integers(1, 4) * rng.choice([-1, 1]))) for i in chosen}
        polynomials.append(terms)
    found = space_patterns(polynomials)
    if found is None:
        return
    directions = rng.integers(-9, 10, (40, 3, 3)).tolist()
    t = Fraction(1, 10**9)
    for first, second, third in directions:
        point = [a * t + b * t**2 + c * t**3 for a, b, c in zip(first, second, third, strict=True)]
        values = [
            sum(c * point[0] ** i * point[1] ** j * point[2] ** k for (i, j, k), c in p.items()) for p in polynomials
        ]
        if all(values):
            assert tuple(1 if v > 0 else -1 for v in values) in found[0] | found[1]


def test_many_polynomials_are_left_alone():
    assert space_patterns([polynomial({X: 1, Y: i, (0, 0, 2): 1}) for i in range(9)]) is None
