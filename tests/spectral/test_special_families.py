"""Families whose best words are long powers, in closed form; long rationals; cheap norms that are attained."""

import math
import random
from fractions import Fraction

import numpy as np
import pytest

import conservative as cj
from conservative._core.families.as_family import as_family
from conservative.spectral import Automaton
from conservative.spectral.norms.ellipsoids import folded_norm
from conservative.spectral.norms.weighted_norms import weighted_norm
from conservative.spectral.radius import block_search, family_radius
from conservative.spectral.radius.long_powers import word_through_powers
from conservative.spectral.radius.search import RadiusStatus
from conservative.spectral.reduction.approximate_blocks import hidden_transform
from conservative.spectral.words.long_rationals import ball_rate, is_long
from conservative.spectral.words.products import proved_rate


def largest_loop(c):
    """The radius of [[1, 1], [0, 1]] and [[0, 0], [c, 0]]: the largest (m c)^(1/(m + 1)), of m ones and a two."""
    return max((m * c) ** (1 / (m + 1)) for m in range(1, 20_000))


@pytest.mark.parametrize("c", [Fraction(1, 4), Fraction(1, 30)])
def test_a_rank_one_matrix_beside_a_shear(c):
    found = cj.joint_spectral_radius([[[1, 1], [0, 1]], [[0, 0], [c, 0]]])
    assert found.status in {RadiusStatus.CLOSED, RadiusStatus.EXACT}
    assert found.lower * (1 - 1e-14) <= largest_loop(c) <= found.upper * (1 + 1e-14)
    assert cj.check(found.certificate)


@pytest.mark.slow
def test_the_best_word_may_have_thousands_of_letters():
    found = cj.joint_spectral_radius([[[1, 1], [0, 1]], [[0, 0], ["1/1000", 0]]])
    assert (found.status, len(found.word)) == (RadiusStatus.CLOSED, 2720)
    assert found.lower <= 1.000367811804728 <= found.upper < 1.0003678129
    assert cj.check(found.certificate)


def test_cycles_through_several_rank_one_matrices():
    shear = np.array([[0.5, 1.0], [0.0, 0.5]])
    thin = np.array([np.outer([1, 0], [0, 1]), np.outer([0, 1], [1, 0])])
    found = word_through_powers(np.array([shear, *thin]))
    assert (found.word, found.rate) == ((1, 2), 1.0)
    assert word_through_powers(thin) is None
    assert word_through_powers(np.array([shear, shear.T, thin[0]])) is None


def test_the_vertex_limit_is_no_time_limit(monkeypatch):
    monkeypatch.setattr(block_search, "most_vertices", lambda block, limited=True: 1)
    monkeypatch.setattr(block_search, "_search_again", lambda state, part, deadline: [state.best])
    family = np.random.default_rng(1).standard_normal((2, 10, 10))
    monkeypatch.setattr(family_radius, "branch", lambda *given, **options: iter(()))
    found = cj.joint_spectral_radius(family, time_limit=10**9)
    assert found.status is RadiusStatus.VERTEX_LIMIT
    assert "time_limit" not in found.status.value


def stochastic(rng, k, n):
    rows = [[[Fraction(int(x)) for x in row] for row in m] for m in rng.integers(1, 9, (k, n, n))]
    return [[[x / sum(row) for x in row] for row in m] for m in rows]


@pytest.mark.parametrize("signs", [False, True])
def test_rows_whose_moduli_sum_to_one(signs):
    rng = np.random.default_rng(5)
    family = stochastic(rng, 6, 5)
    if signs:
        family[1:] = [[[x * int(rng.choice([-1, 1])) for x in row] for row in m] for m in family[1:]]
    for matrices, norm in ((family, "rows"), ([list(zip(*m, strict=True)) for m in family], "columns")):
        found = cj.joint_spectral_radius(matrices)
        assert (found.lower, found.upper, found.status) == (1.0, 1.0, RadiusStatus.EXACT)
        assert found.certificate.claim.bound == 1
        assert found.certificate.document["proof"]["upper"]["proof"]["norm"] == norm
        assert cj.check(found.certificate)


def test_weights_of_a_norm_are_found():
    family = as_family([[[0, 100], ["1/100", 0]], [["1/2", 0], [0, "1/3"]]], call="test")
    found = weighted_norm(family)
    assert 1 <= found.bound < 1.01
    assert weighted_norm(as_family([[[1e300, 1e300], [1e300, 1e300]]], call="test")) is None


def test_folded_norms_are_smaller_than_the_euclidean_one():
    family = np.random.default_rng(1).standard_normal((128, 4, 4))
    rate, P = folded_norm(family)
    factor = np.linalg.cholesky(P).T
    assert rate == pytest.approx(np.linalg.norm(factor @ family @ np.linalg.inv(factor), 2, axis=(1, 2)).max())
    assert np.abs(np.linalg.eigvals(family)).max() < rate < 0.93 * np.linalg.norm(family, 2, axis=(1, 2)).max()


def test_large_families_have_norms_of_products_above():
    """Norms of products of length 9 give 9.54 here, the Euclidean norm 15.06."""
    family = np.random.default_rng(1).standard_normal((2, 60, 60))
    found = cj.joint_spectral_radius(family, time_limit=0)
    assert 8 < found.lower < found.upper < 15.1
    assert found.certificate is None or cj.check(found.certificate)


def test_balls_around_eigenvalues_hold_the_radius():
    family = as_family(np.random.default_rng(2).standard_normal((2, 6, 6)), call="test")
    for word in ((0,), (0, 1), (0, 1, 1)):
        exact, balls = proved_rate(family, word), ball_rate(family, word)
        assert max(exact.lower, balls.lower) <= min(exact.upper, balls.upper)
        assert balls.upper <= balls.lower * (1 + 1e-15)


def test_long_rationals_end():
    digits = random.Random(1)

    def entry():
        return Fraction(digits.randrange(-(10**4000), 10**4000), digits.randrange(10**3999, 10**4000))

    matrices = [[[entry() for _ in range(4)] for _ in range(4)] for _ in range(2)]
    assert is_long(as_family(matrices, call="test"))
    found = cj.joint_spectral_radius(matrices, time_limit=0.5)
    near = cj.joint_spectral_radius([[[Fraction(float(x)) for x in row] for row in m] for m in matrices], tol=1e-6)
    assert found.lower <= near.upper * (1 + 1e-9)
    assert near.lower * (1 - 1e-9) <= found.upper < math.inf


def test_one_matrix_under_an_automaton_is_its_radius():
    cycle = Automaton(2, ((0, 1, 0), (1, 0, 0)))
    found = cj.joint_spectral_radius([[[2]]], automaton=cycle)
    assert (found.lower, found.upper, found.word) == (2.0, 2.0, (0, 0))
    matrix = [[[1, 2], [3, "1/2"]], [[5, 5], [5, 5]]]
    alone = cj.joint_spectral_radius(matrix[:1])
    found = cj.joint_spectral_radius(matrix, automaton=Automaton(3, ((0, 1, 0), (1, 2, 0), (2, 0, 0), (0, 2, 1)), 2))
    assert cycle.closed_path(found.word) is None or len(found.word) % 2 == 0
    assert found.lower > 0
    only = cj.joint_spectral_radius(matrix, automaton=Automaton(3, ((0, 1, 0), (1, 0, 0), (1, 2, 1)), 2))
    assert (only.lower, only.upper, only.word) == (alone.lower, alone.upper, (0, 0))
    assert cj.check(only.certificate)


def test_an_automaton_without_cycles_allows_no_long_word():
    found = cj.joint_spectral_radius([[[2]]], automaton=Automaton(2, ((0, 1, 0),)))
    assert (found.lower, found.upper, found.word, found.status) == (0.0, 0.0, (), RadiusStatus.ZERO)


def turn(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


@pytest.mark.parametrize("seed", range(4))
def test_rotations_hidden_in_rounded_blocks(seed):
    """The radius of the exact family is 1; that of the doubles differs by the root of their rounding."""
    rng = np.random.default_rng(seed)
    basis, family = rng.standard_normal((4, 4)), []
    for first, second in rng.uniform(0, 6, (2, 2)):
        block = np.zeros((4, 4))
        block[:2, :2], block[2:, 2:], block[:2, 2:] = turn(first), turn(second), rng.standard_normal((2, 2))
        family.append(basis @ block @ np.linalg.inv(basis))
    found = cj.joint_spectral_radius(family)
    assert 1 - 1e-12 < found.lower < found.upper < 1 + 1e-5
    assert found.status in {RadiusStatus.ROUNDING, RadiusStatus.CLOSED}
    assert cj.check(found.certificate)
    assert found.certificate.claim.upper == pytest.approx(found.upper, rel=1e-12)


def test_no_blocks_are_seen_where_there_are_none():
    assert hidden_transform(np.random.default_rng(1).standard_normal((2, 6, 6))) is None
    rate, F = hidden_transform(np.array([[[1.0, 5.0], [0.0, 0.5]], [[0.5, 1.0], [0.0, 1.0]]]))
    assert rate == pytest.approx(1, abs=1e-12)
    assert np.linalg.cond(F) > 1e6
