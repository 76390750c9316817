"""Sum-of-squares, path-complete and conic bounds: known answers, order among them, invariances, bad input."""

from fractions import Fraction
from functools import partial
from itertools import pairwise

import flint
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from strategies.spectral import families, unimodular_pairs
from strategies.stages import drawn

import conservative as cj
from conservative._core.exact.linear_algebra import is_positive_semidefinite
from conservative.spectral import common_quadratic_norm
from conservative.spectral.semidefinite.lift import monomials, product_pairs, symmetric_lift, vanishing_matrix
from conservative.spectral.semidefinite.positivity import is_proved_semidefinite

U, L = [[1, 1], [0, 1]], [[1, 0], [1, 1]]
HEAVY_BALL = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]
PROJECTIONS = [[[1, 0], [1, 0]], [[0, 1], [0, -1]]]
UNSHRUNK = (Phase.explicit, Phase.generate)
"""Examples that take a second each are not shrunk."""

BOUNDS = (
    lambda m: cj.spectral.path_complete_bound(m, memory=0),
    lambda m: cj.spectral.path_complete_bound(m, memory=1),
    lambda m: cj.spectral.sum_of_squares_bound(m, degree=4),
)


def holds(bound):
    """The certificate checks and claims the bound that is returned."""
    claim = bound.certificate.claim
    return bool(cj.check(bound.certificate)) and claim.relation == "<=" and claim.bound == bound.exact_gamma


@pytest.mark.parametrize("seed", range(3))
def test_a_common_quadratic_norm_proves_what_memory_zero_does_in_a_rounder_norm(seed):
    family = np.random.default_rng(seed).normal(size=(2, 5, 5)) / 2
    norm, bound = common_quadratic_norm(family), cj.spectral.path_complete_bound(family, memory=0)
    assert norm.gamma == pytest.approx(bound.gamma, rel=2e-6)
    assert np.linalg.cond(norm.P) < 16


def test_where_a_common_quadratic_norm_gives_only_root_two():
    """cases.md: the radius of these two is 1, a common quadratic norm gives sqrt(2)."""
    assert cj.spectral.path_complete_bound(PROJECTIONS, memory=0).gamma == pytest.approx(2**0.5, rel=1e-9)
    for bound in (cj.spectral.path_complete_bound(PROJECTIONS), cj.spectral.sum_of_squares_bound(PROJECTIONS)):
        assert 1 <= bound.gamma < 1.001
        assert holds(bound)


@pytest.mark.parametrize("bound", BOUNDS)
def test_bounds_contain_the_golden_mean(bound):
    found = bound([U, L])
    assert found.gamma * (1 + 1e-15) >= (1 + 5**0.5) / 2
    assert found.gamma < 1.618034
    assert holds(found)


def test_more_memory_and_higher_degree_are_never_worse():
    path = [cj.spectral.path_complete_bound(HEAVY_BALL, memory=m).gamma for m in range(4)]
    squares = [cj.spectral.sum_of_squares_bound(HEAVY_BALL, degree=2 * d).gamma for d in range(1, 5)]
    assert path[0] == pytest.approx(squares[0], rel=1e-6)
    assert path[0] == pytest.approx(common_quadratic_norm(HEAVY_BALL).gamma, rel=1e-5)
    for gammas in (path, squares):
        assert all(b <= a * (1 + 1e-6) for a, b in pairwise(gammas))
        assert min(gammas) >= 1.0321435344


@drawn(4, 40, families(max_size=2, max_count=2), phases=UNSHRUNK)
def test_bounds_are_above_every_product(family):
    radius = cj.joint_spectral_radius(family, time_limit=0.5)
    for bound in BOUNDS:
        found = bound(family)
        assert found.gamma >= radius.lower
        assert found.certificate is None or holds(found)


@drawn(2, 10, st.integers(0, 2**32 - 1), phases=UNSHRUNK)
def test_bounds_agree_with_the_bracket_on_random_families(seed):
    rng = np.random.default_rng(seed)
    family = rng.standard_normal((2, 3, 3))
    radius = cj.joint_spectral_radius(family, time_limit=0.5)
    for bound, factor in (
        (cj.spectral.path_complete_bound(family, memory=2), 2**0.5),
        (cj.spectral.sum_of_squares_bound(family), 2**0.5),
    ):
        assert radius.lower <= bound.gamma <= radius.upper * factor * (1 + 1e-6)


@drawn(2, 10, st.integers(0, 2**32 - 1).flatmap(lambda s: st.tuples(st.just(s), unimodular_pairs(2))), phases=UNSHRUNK)
def test_bounds_do_not_depend_on_the_basis(drawn):
    seed, (T, S) = drawn
    rng = np.random.default_rng(seed)
    family = rng.integers(-4, 5, (2, 2, 2))
    moved = np.array(T, dtype=int) @ family @ np.array(S, dtype=int)
    for bound in BOUNDS:
        assert bound(moved).gamma == pytest.approx(bound(family).gamma, rel=2e-3, abs=1e-2)


@pytest.mark.parametrize("scale", [1e300, 1e-300])
@pytest.mark.parametrize("bound", BOUNDS)
def test_huge_and_tiny_entries_are_scaled_first(bound, scale):
    plain, scaled = bound(np.array(PROJECTIONS)), bound(np.array(PROJECTIONS) * scale)
    assert scaled.gamma == pytest.approx(plain.gamma * scale, rel=1e-3)
    assert scaled.gamma >= scale


def test_graded_entries_are_balanced_first():
    bound = cj.spectral.sum_of_squares_bound([[[0, 1e300], [1e-300, 0]]])
    assert 1 <= bound.gamma < 1 + 1e-6


def test_the_zero_family_is_proved_zero():
    for bound in BOUNDS:
        assert bound([[[0, 0], [0, 0]]]).gamma == 0
    assert cj.spectral.conic_bound([[[0, 0], [0, 0]]]).gamma == 0


def test_no_time_leaves_a_proved_bound():
    bound = cj.spectral.path_complete_bound(HEAVY_BALL, memory=2, time_limit=0.0)
    assert 1.0321435344 <= bound.gamma < 3
    assert holds(bound)


def test_the_first_order_solver_is_proved_like_the_other():
    bound = cj.spectral.path_complete_bound(HEAVY_BALL, solver="SCS")
    assert bound.gamma == pytest.approx(cj.spectral.path_complete_bound(HEAVY_BALL).gamma, rel=1e-3)
    assert holds(bound)


def test_constrained_bounds_hold_for_allowed_words_only():
    golden = cj.spectral.Automaton.from_forbidden([(1, 1)], letters=2)
    plain = cj.spectral.path_complete_bound(HEAVY_BALL).gamma
    gammas = [cj.spectral.path_complete_bound(HEAVY_BALL, memory=m, automaton=golden) for m in range(4)]
    squares = cj.spectral.sum_of_squares_bound(HEAVY_BALL, degree=6, automaton=golden)
    assert all(holds(bound) for bound in [*gammas, squares])
    assert all(b.gamma <= a.gamma * (1 + 1e-6) for a, b in pairwise(gammas))
    assert gammas[-1].gamma < 1 < 1.03 < plain
    assert squares.gamma < 1
    assert "automaton" in squares.certificate.document["problem"]


@pytest.mark.parametrize(
    "bounded",
    [
        partial(cj.spectral.path_complete_bound, memory=0),
        pytest.param(partial(cj.spectral.path_complete_bound, memory=2), marks=pytest.mark.slow),
        cj.spectral.sum_of_squares_bound,
    ],
)
def test_one_cycle_is_bounded_by_the_rate_of_its_word(bounded):
    word = (0, 0, 1, 1)
    cycle = cj.spectral.Automaton(4, tuple((i, (i + 1) % 4, letter) for i, letter in enumerate(word)))
    bound = bounded(HEAVY_BALL, automaton=cycle)
    assert bound.gamma == pytest.approx(1.125**0.25, rel=1e-6)
    assert holds(bound)


def test_edges_that_lead_nowhere_do_not_spoil_the_certificate():
    dead = cj.spectral.Automaton(3, ((0, 0, 0), (0, 1, 1), (1, 2, 1)))
    bound = cj.spectral.path_complete_bound(HEAVY_BALL, memory=2, automaton=dead)
    assert bound.gamma == pytest.approx(3**0.5 / 2, rel=1e-6)
    assert holds(bound)


def test_the_trivial_automaton_changes_nothing():
    everything = cj.spectral.Automaton.de_bruijn(2, 0)
    for memory in (0, 1, 2):
        constrained = cj.spectral.path_complete_bound(HEAVY_BALL, memory=memory, automaton=everything)
        assert constrained.gamma == pytest.approx(
            cj.spectral.path_complete_bound(HEAVY_BALL, memory=memory).gamma, rel=1e-6
        )
        assert holds(constrained)


@given(st.integers(1, 3), st.integers(1, 3), st.data())
@settings(deadline=None)
def test_the_lift_acts_on_monomials(n, degree, data):
    numbers = st.integers(-3, 3)
    matrix = np.array(data.draw(st.lists(st.lists(numbers, min_size=n, max_size=n), min_size=n, max_size=n)), object)
    x = np.array(data.draw(st.lists(numbers, min_size=n, max_size=n)), object)

    def values(point):
        return np.array([np.prod([point[i] for i in m]) for m in monomials(n, degree)], object)

    assert (symmetric_lift(matrix.reshape(n, n), degree) @ values(x) == values(matrix.reshape(n, n) @ x)).all()


@given(st.integers(1, 3), st.integers(1, 3), st.data())
@settings(deadline=None)
def test_vanishing_matrices_vanish_exactly(n, degree, data):
    count = sum(len(group) - 1 for group in product_pairs(n, degree))
    coordinates = [Fraction(data.draw(st.integers(-5, 5)), 7) for _ in range(count)]
    matrix = vanishing_matrix(n, degree, coordinates)
    x = [Fraction(data.draw(st.integers(-4, 4))) for _ in range(n)]
    values = [np.prod([x[i] for i in m]) for m in monomials(n, degree)]
    assert sum(a * row[j] * values[j] for a, row in zip(values, matrix, strict=True) for j in range(len(row))) == 0


@drawn(15, 60, st.integers(2, 18), st.integers(0, 2**32 - 1), st.sampled_from([-1, 0, 1]))
def test_quick_proofs_of_positivity_agree_with_elimination(n, seed, shift):
    rng = np.random.default_rng(seed)
    factor = rng.integers(-3, 4, (n, int(rng.integers(1, n + 2))))
    matrix = flint.fmpq_mat((factor @ factor.T + shift * np.eye(n, dtype=int)).tolist())
    for strict in (False, True):
        assert is_proved_semidefinite(matrix, strict=strict) == is_positive_semidefinite(matrix, strict=strict)


def test_large_positive_matrices_are_proved_without_elimination():
    rng = np.random.default_rng(1)
    factor = rng.integers(-9, 10, (80, 80))
    gram = factor @ factor.T
    whole = flint.fmpq_mat((gram + np.eye(80, dtype=int)).tolist())
    assert is_proved_semidefinite(whole, strict=True)
    least = int(np.floor(np.linalg.eigvalsh(gram)[-1]))
    assert not is_proved_semidefinite(flint.fmpq_mat((gram - least * np.eye(80, dtype=int)).tolist()))


@pytest.mark.parametrize(
    ("family", "gamma"),
    [
        ([U, L], 2.0),
        ([[[1, 1], [0, 0]], [[1, 0], [1, 0]]], (1 + 5**0.5) / 2),
        ([[[2, 2], [0, 0]], [[1, 1], [1, 1]]], 2.0),
        ([[[1, 2], [3, 4]]], (5 + 33**0.5) / 2),
    ],
)
def test_conic_bounds(family, gamma):
    """The first three by hand: v = (1, 1); v2 / v1 = golden mean - 1; the transposes. The last by Collatz-Wielandt."""
    bound = cj.spectral.conic_bound(family)
    assert bound.gamma == pytest.approx(gamma, rel=1e-9)
    assert bound.gamma >= gamma * (1 - 1e-15)
    assert holds(bound)


@drawn(4, 15, st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 3), phases=UNSHRUNK)
def test_conic_bounds_are_proved_and_at_most_k_times_the_radius(seed, n, k):
    """The radius of the sum of the matrices is at most k times theirs, and what the bound is at most."""
    rng = np.random.default_rng(seed)
    family = rng.integers(0, 4, (k, n, n)) * (rng.random((k, n, n)) < rng.choice([0.3, 1.0]))
    bound = cj.spectral.conic_bound(family)
    total = cj.joint_spectral_radius(family.sum(axis=0)[None])
    assert max(radius.lower for radius in total.vertex_radii) / k <= bound.gamma
    assert bound.gamma <= total.upper * (1 + 1e-9) + 1e-9
    if bound.gamma > 0:
        assert holds(bound)
    side = [list(zip(*m, strict=True)) for m in family.tolist()] if bound.transposed else family.tolist()
    for matrix in side:
        for row, own in zip(matrix, bound.vector, strict=True):
            assert sum(a * x for a, x in zip(row, bound.vector, strict=True)) <= bound.exact_gamma * own


@pytest.mark.parametrize(
    ("family", "gamma"),
    [
        ([[[0, 0, 0, 1], [0, 0, 0, 0], [0, 2, 2, 0], [1, 0, 0, 2]]], 1 + 2**0.5),
        ([np.eye(4, dtype=int) + np.eye(4, k=1, dtype=int)], 1.0),
        ([np.triu(np.ones((8, 8), dtype=int))], 1.0),
        ([[[0, 1, 0], [0, 0, 1], [0, 0, 0]]], 0.0),
        ([[[1, 2**40], [0, 1]], [[1, 0], [0, "1/2"]]], 1.0),
    ],
)
def test_conic_bounds_of_families_that_fall_into_parts(family, gamma):
    """Triangular: the largest of the diagonal blocks, whose vectors are far apart in size."""
    bound = cj.spectral.conic_bound(family)
    assert gamma <= bound.gamma * (1 + 1e-15)
    assert bound.gamma <= gamma + 2.0**-39 * max(float(Fraction(x)) for m in family for row in m for x in row)
    assert holds(bound)


def test_conic_bounds_under_an_automaton():
    golden = cj.spectral.Automaton.from_forbidden([(1, 1)], letters=2)
    bound = cj.spectral.conic_bound([[[1]], [[2]]], automaton=golden)
    assert bound.gamma == pytest.approx(2**0.5, rel=1e-9)
    assert holds(bound)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cj.spectral.sum_of_squares_bound([[[1, 2]]]), "shape"),
        (lambda: cj.spectral.sum_of_squares_bound([[[float("nan")]]]), "finite"),
        (lambda: cj.spectral.sum_of_squares_bound([U], degree=3), "even"),
        (lambda: cj.spectral.sum_of_squares_bound([U], degree=0), "from 2"),
        (lambda: cj.spectral.sum_of_squares_bound(np.ones((1, 30, 30)), degree=4), "monomials"),
        (lambda: cj.spectral.path_complete_bound([U, L], memory=-1), "from 0"),
        (lambda: cj.spectral.path_complete_bound([U, L], memory=12), "less memory"),
        (lambda: cj.spectral.path_complete_bound([U, L], solver="MOSEK"), "CLARABEL"),
        (lambda: cj.spectral.path_complete_bound([U, L], time_limit=-1.0), "seconds"),
        (lambda: cj.spectral.path_complete_bound([U, L], scale=float("nan")), "scale"),
        (lambda: cj.spectral.path_complete_bound([]), "at least one matrix"),
        (lambda: cj.spectral.conic_bound([[[-1]]]), "nonnegative"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(cj.ConservativeError, match=message):
        call()


def test_conic_bounds_of_badly_graded_families():
    graded = [[[7714.748318106263, 15492.3961004903], [1.1740293868144093e100, 1.3935801789255748e-141]]]
    cycle = cj.spectral.Automaton(2, ((0, 1, 0), (1, 0, 0)))
    exact = cj.joint_spectral_radius(graded)
    for bound in (cj.spectral.conic_bound(graded), cj.spectral.conic_bound(graded, automaton=cycle)):
        assert exact.lower <= bound.gamma <= exact.upper * (1 + 1e-6)
