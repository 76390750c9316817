"""Lower radii, Lyapunov exponents and planar norms against closed forms, published numbers and each other."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st
from strategies.spectral import families, square_matrices
from strategies.stages import drawn

from conservative import ConservativeError, check, joint_spectral_radius
from conservative._core.families.as_family import as_family
from conservative.spectral import (
    Automaton,
    LowerRadiusStatus,
    barabanov_norm,
    estimate_lyapunov_exponent,
    lower_spectral_radius,
    planar_norm,
)
from conservative.spectral.growth.antinorm import WeightedGraph, proved_antinorm_rates
from conservative.spectral.reduction.modular import PRIMES

UL = [[[1, 1], [0, 1]], [[1, 0], [1, 1]]]
GOLDEN = (1 + 5**0.5) / 2


def near(a, b, relative=1e-9):
    return abs(a - b) <= relative * max(abs(a), abs(b))


def floats_of(rows):
    return np.array([[[float(x) for x in row] for row in m] for m in rows])


def slowest_rate(rows, length):
    """min rho(M_w)^(1/n) over all words up to a length, in floats."""
    family, best = floats_of(rows), np.inf
    for n in range(1, length + 1):
        for word in itertools.product(range(len(family)), repeat=n):
            m = np.linalg.multi_dot([np.eye(len(family[0])), *family[list(word)], np.eye(len(family[0]))])
            best = min(best, np.abs(np.linalg.eigvals(m)).max() ** (1 / n))
    return best


def test_the_published_lower_spectral_radius_of_guglielmi_and_protasov():
    """Guglielmi and Protasov, Found. Comput. Math. 13 (2013): the product A1 A2 (A1 A1 A2)^2, 6.009313489..."""
    found = lower_spectral_radius([[[7, 0], [2, 3]], [[2, 4], [0, 8]]])
    assert found.word == (0, 0, 1, 0, 0, 1, 0, 1) or found.word == (0, 0, 1, 0, 1, 0, 0, 1)
    assert found.lower <= 6.0093134895301 <= found.upper
    assert found.status is LowerRadiusStatus.CLOSED


@pytest.mark.parametrize(
    ("rows", "value"),
    [
        (UL, 1.0),
        ([[["1/2"]], [[-3]]], 0.5),
        ([[[2, 0], [0, "1/2"]], [["1/2", 0], [0, 2]]], 1.0),
        ([[[0, -1], [1, 0]], [["3/5", "-4/5"], ["4/5", "3/5"]]], 1.0),
        ([[[1, 2], [3, 1]]], 1 + 6**0.5),
        ([[[0, 1], [0, 0]], [[1, 0], [2, 1]]], 0.0),
        ([[[0, 0], [0, 0]], [[1, 0], [0, 1]]], 0.0),
        ([[[1, 1], [1, 1]], [[2, 1], [1, 2]]], 2.0),
    ],
)
def test_lower_radii_in_closed_form(rows, value):
    found = lower_spectral_radius(rows)
    assert found.lower <= value <= found.upper
    assert found.upper <= value * (1 + 1e-6)
    assert found.lower >= value * (1 - 1e-6)
    assert found.status is (LowerRadiusStatus.ZERO if value == 0 else LowerRadiusStatus.CLOSED)


@drawn(5, 50, families(max_size=3, max_count=3))
def test_lower_radii_stay_below_every_product_and_below_the_joint_radius(rows):
    found = lower_spectral_radius(rows, max_length=8)
    slowest = slowest_rate(rows, 4)
    assert found.lower <= slowest * (1 + 1e-6) + 1e-4
    assert found.upper <= slowest * (1 + 1e-6) + 1e-3
    assert found.lower <= joint_spectral_radius(rows, tol=0.05).upper


@drawn(8, 40, st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_positive_families_close(n, seed):
    rows = np.random.default_rng(seed).random((2, n, n)) + 0.1
    found = lower_spectral_radius(rows)
    assert found.upper <= found.lower * 1.02
    assert found.lower <= slowest_rate(rows, 5) * (1 + 1e-9)


def test_an_antinorm_rate_is_proved_from_any_word():
    graph = WeightedGraph(as_family(UL, call="test"), [(0, 0, 0), (0, 0, 1)], 1)
    for word, rate in (((0, 1), GOLDEN), ((0,), 1.0)):
        proved = [rate for rate, _ in itertools.islice(proved_antinorm_rates(graph, word, rate, side="rows"), 2)]
        assert max(proved) == 1


@pytest.mark.parametrize(
    ("rows", "part"),
    [
        ([[[1, 1], [0, 1]], [[1, 0], [1, 1]]], "determinants"),
        # Stochastic, and singular: on the constants, or modulo the vectors of sum zero, the matrices are 1.
        ([[["1/2", "1/3", "1/2"], ["1/2", "1/3", "1/2"], [0, "1/3", 0]], [[1, 1, 0], [0, 0, 1], [0, 0, 0]]], "block"),
        ([[["1/2", "1/2", 0], ["1/3", "1/3", "1/3"], ["1/2", "1/2", 0]], [[1, 0, 0], [1, 0, 0], [0, 1, 0]]], "block"),
        # No column adds up to less than 1, no row to less than 1/2.
        ([[[1, 1, 1], [0, 1, 0], [1, 0, 0]], [[0, "1/2", 0], [1, 0, 2], [0, 1, 1]]], "cone"),
        ([[[7, 0], [2, 3]], [[2, 4], [0, 8]]], "cone"),
        ([[[0, -2], [2, 0]], [["3/5", "-4/5"], ["4/5", "3/5"]]], "determinants"),
        ([[[2, 5], [0, 0]], [[3, 1], [0, 0]]], "block"),
        ([[[3, 0], [0, "1/2"]], [[2, 0], [0, "1/4"]]], "block"),
        ([[[1, 2], [3, 1]]], "alone"),
    ],
)
def test_lower_radii_carry_certificates_of_their_bracket(rows, part):
    found = lower_spectral_radius(rows)
    claim = found.certificate.claim
    assert check(found.certificate)
    assert (float(claim.lower), float(claim.upper)) == (found.lower, found.upper)
    assert claim.quantity == "lower spectral radius"
    assert found.lower >= found.upper * (1 - 1e-6)
    assert found.certificate.document["proof"]["lower"]["kind"] == part
    transposed = lower_spectral_radius([[list(row) for row in zip(*m, strict=True)] for m in rows])
    assert near(transposed.lower, found.lower, 2e-6)


def test_the_bracket_of_zero_and_of_an_open_search_is_certified_too():
    for rows in ([[[0, 1], [0, 0]], [[1, 0], [2, 1]]], [[[1, -1], [0, 0]], [[1, 0], [2, 0]]]):
        found = lower_spectral_radius(rows)
        assert check(found.certificate)
        assert (found.lower, float(found.certificate.claim.upper)) == (0.0, found.upper)


@pytest.mark.parametrize(
    ("rows", "edges", "value"),
    [
        (UL, [(0, 1, 0), (1, 0, 1)], GOLDEN),  # strict alternation: one word
        ([[[2]], [[3]]], [(0, 0, 0), (0, 1, 1), (1, 0, 0)], 2.0),
        ([[[3]], [[2]]], [(0, 0, 0), (0, 1, 1), (1, 0, 0)], 6**0.5),  # 2 never twice in a row
        ([[[0, -2], [2, 0]], [["3/5", "-4/5"], ["4/5", "3/5"]]], [(0, 0, 0), (0, 1, 1), (1, 0, 0)], 2**0.5),
        ([[[7, 0], [2, 3]], [[2, 4], [0, 8]]], [(0, 0, 0), (0, 0, 1)], 6.0093134895301),
    ],
)
def test_lower_radii_of_allowed_words(rows, edges, value):
    automaton = Automaton(1 + max(max(u, v) for u, v, _ in edges), edges, len(rows))
    found = lower_spectral_radius(rows, automaton=automaton)
    assert found.lower <= value * (1 + 1e-13)
    assert found.upper >= value * (1 - 1e-13)
    assert found.upper <= found.lower * (1 + 1e-6)
    assert automaton.closed_path(found.word) is not None
    assert check(found.certificate)
    assert found.certificate.document["problem"]["automaton"]["nodes"] == automaton.nodes
    if min(x if isinstance(x, int) else 0 for m in rows for row in m for x in row) < 0:
        assert found.certificate.document["proof"]["lower"]["kind"] == "inverses"


def test_a_long_way_round_is_found_and_no_way_round_is_refused():
    ring = Automaton(30, [(i, (i + 1) % 30, i % 2) for i in range(30)])
    found = lower_spectral_radius(UL, automaton=ring, max_length=2)
    assert near(found.lower, GOLDEN, 1e-6)
    with pytest.raises(ConservativeError, match="closed path"):
        lower_spectral_radius(UL, automaton=Automaton(2, [(0, 1, 0)]))


def test_extreme_scales_and_limits_of_the_lower_radius():
    rows = np.array([[[3.0, 1.0], [1.0, 2.0]], [[1.0, 2.0], [0.5, 1.0]]])
    base = lower_spectral_radius(rows)
    for factor in (1e300, 1e-300):
        scaled = lower_spectral_radius(rows * factor)
        assert near(scaled.lower / factor, base.lower, 1e-6)
        assert near(scaled.upper / factor, base.upper, 1e-6)
    stopped = lower_spectral_radius(np.random.default_rng(0).normal(size=(2, 3, 3)), time_limit=0.0)
    assert stopped.status is LowerRadiusStatus.TIME_LIMIT
    assert stopped.lower <= stopped.upper
    mixed = lower_spectral_radius([[[1, -1], [0, 0]], [[1, 0], [2, 0]]])
    assert (mixed.lower, mixed.status) == (0.0, LowerRadiusStatus.OPEN)
    with pytest.raises(ConservativeError, match="tol"):
        lower_spectral_radius(UL, tol=-1)


def test_random_fibonacci_grows_like_viswanaths_constant():
    """Viswanath, Math. Comp. 69 (2000): 1.13198824..."""
    found = estimate_lyapunov_exponent([[[0, 1], [1, 1]], [[0, 1], [1, -1]]], length=4000, samples=128, rng=7)
    assert abs(found.value - math.log(1.13198824)) < 4 * found.standard_error
    assert found.standard_error < 1e-3
    assert found.lower < found.value < found.upper
    assert float(found) == found.value


def test_the_interval_covers_about_as_often_as_it_says():
    rows, weights = [[[2.0]], [[0.5]]], [0.75, 0.25]
    exact = 0.5 * math.log(2)
    runs = [
        estimate_lyapunov_exponent(rows, probabilities=weights, length=50, samples=8, rng=seed) for seed in range(300)
    ]
    inside = sum(run.lower <= exact <= run.upper for run in runs)
    assert 270 <= inside <= 298


def test_lyapunov_exponents_in_closed_form():
    turn = [[[0.6, -0.8], [0.8, 0.6]], [[0.0, -1.0], [1.0, 0.0]]]
    assert abs(estimate_lyapunov_exponent(turn, rng=0).value) < 1e-13
    triangular = [[[2, 5], [0, "1/2"]], [["1/2", -1], [0, 1]]]
    exact = max(0.0, -0.5 * math.log(2))
    assert abs(estimate_lyapunov_exponent(triangular, length=20000, samples=32, rng=0).value - exact) < 0.02
    single = estimate_lyapunov_exponent([[[1, 2], [3, 1]]], rng=1)
    assert near(single.value, math.log(1 + 6**0.5))
    assert single.upper - single.lower < 1e-9
    extreme = estimate_lyapunov_exponent([[[1e-300, 0], [0, 1e-300]]], rng=1)
    assert near(extreme.value, math.log(1e-300))


@pytest.mark.parametrize("rows", [[[[0, 1], [0, 0]], [[1, 0], [0, 1]]], [[[0, 0], [0, 0]]], [[[0]], [[1]]]])
def test_products_that_vanish_have_exponent_minus_infinity(rows):
    found = estimate_lyapunov_exponent(rows, rng=0)
    assert (found.value, found.lower, found.upper) == (-math.inf,) * 3


def test_entries_of_very_different_size_do_not_pass_for_zero():
    triangular = [[[1e-300, 1e300], [0, 1e-300]], [[1, 0], [1e-300, 1]]]
    assert -200 < estimate_lyapunov_exponent(triangular, rng=0).value < -150
    rank_one = [[[1e300, 1e300], [1e300, 1e300]], [[1e-300, 1e-300], [0, 0]]]
    assert abs(estimate_lyapunov_exponent(rank_one, rng=0).value) < 10
    with pytest.raises(ConservativeError, match="orders of magnitude"):
        estimate_lyapunov_exponent(
            [[[0, 1, 0], [0, 0, 1e-200], [1e-200, 0, 1e300]], [[0, 0, 1e-200], [1, 0, 0], [0, 1e-200, 0]]], rng=0
        )


def test_a_chain_that_underflows_is_not_zero_because_a_prime_divides_it():
    """D shrinks the second coordinate until it is lost beside the first, which E then kills; E D .. D is not zero."""
    D, E = np.diag([1.0, 2.0**-600]), np.diag([0.0, 1.0])
    for factor in (1, *PRIMES[:2]):
        rows = [[[Fraction(x) * factor for x in row] for row in m.tolist()] for m in (D, E)]
        with pytest.raises(ConservativeError, match="underflowed"):
            estimate_lyapunov_exponent(rows, rng=0, length=200, samples=4)
    nilpotent = [[[0, PRIMES[0]], [0, 0]], [[1, 0], [0, 2]]]
    assert estimate_lyapunov_exponent(nilpotent, rng=0).value == -math.inf


def test_ranges_beyond_doubles_still_give_brackets():
    wide = lower_spectral_radius([[[1e300, 1], [0, 1e-300]], [[1e-300, 0], [1e300, 1]]])
    assert 0 < wide.lower <= 1 <= wide.upper <= 1 + 1e-12
    assert barabanov_norm(np.array(UL) * 1.7e308).upper == math.inf


@pytest.mark.parametrize(
    "arguments",
    [{"length": 5}, {"samples": 1}, {"confidence": 1.0}, {"probabilities": [1.0]}, {"probabilities": [0.7, 0.7]}],
)
def test_wrong_lyapunov_arguments_are_named(arguments):
    with pytest.raises(ConservativeError, match=next(iter(arguments))):
        estimate_lyapunov_exponent(UL, **arguments)


@pytest.mark.parametrize(
    ("rows", "value"),
    [
        (UL, GOLDEN),
        ([[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]], 1.0321435344),
        ([[[1, 0], [1, 0]], [[0, 1], [0, -1]]], 1.0),
        ([[[0, -1], [1, 0]]], 1.0),
        ([[[0, 0], [0, 0]]], 0.0),
        (np.array(UL) * 1e300, GOLDEN * 1e300),
    ],
    ids=["free", "heavy ball", "no quadratic", "rotation", "zero", "huge"],
)
def test_barabanov_norms_bound_the_known_radius(rows, value):
    norm = barabanov_norm(rows)
    assert value * (1 - 1e-10) <= norm.upper <= value * (1 + 2e-4)
    assert norm.least <= norm.greatest * (1 + 1e-12)
    assert norm.least * (1 - 1e-3) <= value <= norm.greatest * (1 + 1e-3)


def test_the_barabanov_identity_holds_in_every_direction():
    family = floats_of(UL)
    norm = barabanov_norm(UL)
    angles = np.linspace(0, 2 * np.pi, 1000)
    x = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    quotients = np.max([norm(x @ m.T) for m in family], axis=0) / norm(x)
    assert np.abs(quotients / GOLDEN - 1).max() < 1e-3


@drawn(4, 15, st.lists(square_matrices(2), min_size=1, max_size=3))
def test_the_bound_of_a_planar_norm_is_never_below_the_radius(rows):
    norm = barabanov_norm(rows, directions=60, steps=200)
    assert norm.upper >= joint_spectral_radius(rows, tol=0.05).lower
    images = np.concatenate([norm(norm.vertices @ m.T) for m in floats_of(rows)])
    assert images.max() <= norm.upper * (1 + 1e-6) + 1e-6


def test_the_norm_of_given_vertices():
    square = planar_norm(as_family(UL, call="test"), np.array([[1.0, 1.0], [1.0, -1.0]]))
    assert square.upper == 2.0
    assert square(np.array([[3.0, 1.0], [0.0, -2.0]])).tolist() == [3.0, 2.0]
    with pytest.raises(ConservativeError, match="line"):
        planar_norm(as_family(UL, call="test"), np.array([[1.0, 1.0], [2.0, 2.0]]))
    with pytest.raises(ConservativeError, match="plane"):
        barabanov_norm(np.eye(3)[None])
    with pytest.raises(ConservativeError, match="directions"):
        barabanov_norm(UL, directions=2)
