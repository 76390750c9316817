"""Norm and radius brackets against exact rational facts."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.spectral import families, square_matrices
from strategies.stages import drawn

from conservative._core.exact.linear_algebra import is_positive_semidefinite, to_flint
from conservative._core.families.as_family import as_family
from conservative.spectral import assumption_a, common_quadratic_norm, spectral_norm_bound, spectral_radius
from conservative.spectral.norms.scaling import diagonal_balance, scale_family
from conservative.spectral.norms.weighted_norms import weighted_norm
from conservative.spectral.reduction import diagonal_blocks, is_nilpotent_family


def has_norm_at_most(rows, bound):
    a = to_flint(rows)
    n = len(rows)
    weight = to_flint([[Fraction(bound) ** 2 if i == j else Fraction(0) for j in range(n)] for i in range(n)])
    return is_positive_semidefinite(weight - a.transpose() * a)


@given(st.sampled_from([1, 2, 3]).flatmap(square_matrices))
@settings(deadline=None)
def test_norm_bounds_are_proved_and_sharp(rows):
    bound = float(spectral_norm_bound(np.array(rows, dtype=float)))
    exact = [[Fraction(float(x)) for x in row] for row in rows]
    assert has_norm_at_most(exact, bound)
    assert bound < 1e-140 or not has_norm_at_most(exact, bound * (1 - 1e-13))


@drawn(12, 150, families())
def test_assumption_a_brackets_the_largest_norm(family):
    verdict = assumption_a(family)
    assert all(has_norm_at_most(m, verdict.norm.upper) for m in family)
    attained = family[verdict.index]
    assert verdict.norm.lower == 0 or not has_norm_at_most(attained, verdict.norm.lower * (1 - 1e-13))
    assert verdict.holds == all(has_norm_at_most(m, 1) and strictly(m) for m in family)


def strictly(rows):
    a = to_flint(rows)
    n = len(rows)
    identity = to_flint([[Fraction(int(i == j)) for j in range(n)] for i in range(n)])
    return is_positive_semidefinite(identity - a.transpose() * a, strict=True)


@pytest.mark.parametrize(
    ("step", "holds"), [(Fraction(1, 10**30), False), (Fraction(0), False), (-Fraction(1, 10**30), True)]
)
def test_norms_within_rounding_of_one_are_decided(step, holds):
    turn = [[Fraction(3, 5) * (1 + step), Fraction(4, 5) * (1 + step)], [Fraction(-4, 5), Fraction(3, 5)]]
    verdict = assumption_a(
        [[[0, 0], [0, 0]], turn] if not holds else [[[Fraction(3, 5) * (1 + step), 0], [0, 1 + step]]]
    )
    assert verdict.holds is holds
    assert verdict.norm.lower <= 1 <= verdict.norm.upper


def test_heavy_ball_fails_assumption_a_at_the_second_matrix():
    verdict = assumption_a([[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]])
    assert (verdict.holds, verdict.index) == (False, 1)
    assert 1.912 < verdict.norm.lower < verdict.norm.upper < 1.913


@pytest.mark.parametrize("scale", [1e300, 1e-300, 1e-310])
def test_norms_of_extreme_scale(scale):
    verdict = assumption_a([[[3 * scale, 0], [4 * scale, 0]]])
    assert verdict.norm.lower <= 5 * scale * (1 + 1e-12)
    assert verdict.norm.upper >= 5 * scale * (1 - 1e-12)
    assert verdict.norm.upper <= 5.1 * scale


@given(st.sampled_from([1, 2, 3]).flatmap(square_matrices))
@settings(deadline=None)
def test_spectral_radius_brackets_are_two_doubles_at_most(rows):
    bracket = spectral_radius(rows)
    float_radius = np.abs(np.linalg.eigvals(np.array(rows, dtype=float))).max()
    assert abs(bracket.lower - float_radius) <= 1e-4 * max(1, float_radius)
    assert np.nextafter(bracket.lower, np.inf) >= bracket.upper


def test_rational_radii_are_exact_and_defective_ones_cost_nothing():
    assert spectral_radius([[2, 1], [0, 2]]) == spectral_radius([[2, 0], [0, -2]])
    assert (spectral_radius([["9/8"]]).lower, spectral_radius([["9/8"]]).upper) == (1.125, 1.125)
    assert spectral_radius(np.zeros((3, 3))).upper == 0.0
    sixth_turn = spectral_radius([[0, -1], [1, 1]])
    assert (sixth_turn.lower, sixth_turn.upper) == (1.0, 1.0)
    jordan = [[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1]]
    assert (spectral_radius(jordan).lower, spectral_radius(jordan).upper) == (1.0, 1.0)


@drawn(4, 15, families(max_count=2))
def test_quadratic_norms_are_proved(family):
    norm = common_quadratic_norm(family)
    weight = to_flint(norm.exact_weight)
    assert is_positive_semidefinite(weight, strict=True)
    for m in family:
        a = to_flint(m)
        slack = weight * to_flint([[norm.exact_gamma**2]])[0, 0] - a.transpose() * weight * a
        assert is_positive_semidefinite(slack)
    assert norm.exact_gamma <= Fraction(norm.gamma)
    assert [[Fraction(float(x)) for x in row] for row in norm.P] == [list(row) for row in norm.exact_weight]


def test_quadratic_norm_of_one_matrix_comes_close_to_its_radius():
    assert common_quadratic_norm([[["1/2", 100], [0, "1/2"]]]).gamma < 0.51


@given(families(max_count=2))
@settings(deadline=None, max_examples=30)
def test_changed_bases_enclose_their_rounding(rows):
    family = as_family(rows, call="test")
    n = family.size
    transform = np.triu(np.random.default_rng(n).standard_normal((n, n))) + 2 * np.eye(n)
    scaled = scale_family(family, transform=transform)
    left = to_flint([[Fraction(float(x)) for x in row] for row in transform])
    for exact, floats, error in zip(family.exact, scaled.floats, scaled.error, strict=True):
        image = left * to_flint(exact) * left.inv()
        distance = sum(
            (Fraction(int(image[i, j].p), int(image[i, j].q)) / scaled.scale - Fraction(float(floats[i, j]))) ** 2
            for i in range(n)
            for j in range(n)
        )
        assert distance <= Fraction(float(error)) ** 2


def test_balancing_evens_out_extreme_entries():
    family = as_family([[[0, 1e300], [1e-300, 0]]], call="test")
    scaled = scale_family(family, transform=diagonal_balance(family))
    assert np.abs(scaled.floats).max() < 4


def test_blocks_and_nilpotent_families():
    family = as_family([[[1, 2, 3], [0, 4, 5], [0, 6, 7]], [[1, 0, 0], [0, 0, 1], [0, 1, 0]]], call="test")
    assert sorted(b.size for b in diagonal_blocks(family)) == [1, 2]
    assert is_nilpotent_family(as_family([[[0, 1, 2], [0, 0, 3], [0, 0, 0]]], call="test"))
    assert not is_nilpotent_family(as_family([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], call="test"))
    assert is_nilpotent_family(as_family([[[1, -1], [1, -1]], [[2, -2], [2, -2]]], call="test"))


def test_a_radius_beyond_the_doubles_has_no_upper_end():
    largest = 1.7e308
    bracket = spectral_radius([[largest, largest], [largest, largest]])
    assert bracket.lower >= 1.79e308
    assert bracket.upper == float("inf")
    irrational = spectral_radius([[largest, largest], [largest / 2, largest]])
    assert irrational.upper == float("inf")


@pytest.mark.parametrize(("more", "plain"), [(3e-9, True), (1e-6, False)])
def test_weights_that_gain_next_to_nothing_are_left_out(more, plain):
    found = weighted_norm(as_family([[[1, 1], [1, 1 + more]]], call="test"))
    assert (list(found.proof.weight) == [1, 1]) is plain
    assert (found.bound == 2 + Fraction(1 + more) - 1) is plain
