"""Contraction verdicts: one known family for each way, Sinkhorn's quotient, and their proofs."""

import dataclasses
import time
from fractions import Fraction
from itertools import count

import numpy as np
import pytest
import sympy as sp
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from strategies.spectral import families
from strategies.stages import drawn

import conservative as cj
from conservative._core.exact.linear_algebra import from_flint, to_flint
from conservative._core.families.as_family import as_family
from conservative.spectral.semidefinite.quadratic_norm import common_quadratic_norm
from conservative.spectral.verdict.contraction import Contraction
from conservative.spectral.verdict.contraction_verdict import contraction_verdict
from conservative.spectral.verdict.near_quotient import bound_nearby, departure, near_quotients
from conservative.spectral.verdict.quotient import Side, quotients
from conservative.spectral.words.products import make_product

HEAVY_BALL = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]
UNSHRUNK = (Phase.explicit, Phase.generate)


@pytest.mark.parametrize(
    ("family", "how"),
    [
        ([[["1/2", 0], [0, "1/2"]]], Contraction.EUCLIDEAN),
        ([[["1/2", 4], [0, "1/2"]]], Contraction.QUADRATIC),
        ([[["1/2", "1/2"], ["1/4", "3/4"]]], Contraction.QUOTIENT),
        ([[["1/2", "1/4"], ["1/2", "3/4"]], [["1/3", "1/3"], ["2/3", "2/3"]]], Contraction.QUOTIENT),
        ([[["1/2", 0], [0, 1]], [["1/3", 0], [1, 1]]], Contraction.QUOTIENT),
        ([[[-1, 5], [0, "1/2"]], [[1, 3], [0, "1/3"]]], Contraction.QUOTIENT),
        ([[[-1, 0], [5, "1/2"]], [[1, 0], [3, "1/3"]]], Contraction.SUBSPACE),
        ([[[1, 1, 0], [0, 1, 0], [0, 0, "1/2"]]], Contraction.QUOTIENT),
        ([[["1/2", 1], [0, 1]], [["1/4", 2], [0, 1]]], Contraction.SUBSPACE),
        (HEAVY_BALL, Contraction.REFUTED),
        ([[[1, 0], [0, 1]]], Contraction.REFUTED),
        ([[[0, 1], [-1, 0]]], Contraction.REFUTED),
    ],
)
def test_each_way_to_contract_or_not(family, how):
    verdict = contraction_verdict(family)
    assert verdict.how is how
    assert verdict.contracts == (how in {Contraction.EUCLIDEAN, Contraction.QUADRATIC, Contraction.POLYTOPE})
    if verdict.certificate is not None:
        assert cj.check(verdict.certificate)
    if verdict.contracts:
        assert verdict.radius.upper < 1
        assert verdict.certificate.claim.bound < 1
    if verdict.quotient is not None:
        assert verdict.radius.upper < 1
        assert verdict.part.contracts
        assert cj.check(verdict.part.certificate)


def test_a_quadratic_verdict_is_below_one_in_its_norm():
    verdict = contraction_verdict([[["1/2", 4], [0, "1/2"]], [["1/2", 0], ["1/100", "1/2"]]])
    assert verdict.how is Contraction.QUADRATIC
    factor = np.linalg.cholesky(verdict.P).T
    for A in ([[0.5, 4], [0, 0.5]], [[0.5, 0], [0.01, 0.5]]):
        assert np.linalg.norm(factor @ A @ np.linalg.inv(factor), 2) <= verdict.radius.upper * (1 + 1e-9)


def test_no_quadratic_norm_but_a_radius_below_one():
    """Common quadratic norms give sqrt(2) times the radius for these (cases.md), so 0.8 of them contract otherwise."""
    family = [[["4/5", 0], ["4/5", 0]], [[0, "4/5"], [0, "-4/5"]]]
    verdict = contraction_verdict(family)
    assert verdict.how is Contraction.POLYTOPE
    assert 0.8 <= verdict.radius.upper < 1


def test_a_radius_from_elsewhere_is_used():
    family = [[["4/5", 0], ["4/5", 0]], [[0, "4/5"], [0, "-4/5"]]]
    radius = cj.joint_spectral_radius(family, time_limit=4.0)
    verdict = contraction_verdict(family, radius=radius)
    assert verdict.radius == radius.bracket
    refuted = contraction_verdict(HEAVY_BALL, radius=cj.joint_spectral_radius(HEAVY_BALL))
    assert refuted.how is Contraction.REFUTED


def test_the_word_of_a_refutation_does_not_shrink():
    verdict = contraction_verdict(HEAVY_BALL)
    assert make_product(as_family(HEAVY_BALL, call="test"), verdict.word).radius.lower > 1
    assert verdict.certificate.claim.relation == ">"
    assert verdict.certificate.claim.bound == 1


def sinkhorn_matrix(coupling):
    """diag(1/a) P diag(1/b) P^T of a coupling P with marginals a and b, exactly."""
    a = [sum(row) for row in coupling]
    b = [sum(column) for column in zip(*coupling, strict=True)]
    n = range(len(a))
    return [[sum(coupling[i][k] * coupling[j][k] / b[k] for k in range(len(b))) / a[i] for j in n] for i in n], a, b


@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.integers(2, 4))
@settings(max_examples=10, deadline=None, phases=UNSHRUNK)
def test_sinkhorn_contracts_on_the_quotient_by_constants(seed, rows, columns):
    """theory.md, section 6: lambda_2 = sigma_2^2 of diag(a)^(-1/2) P diag(b)^(-1/2)."""
    rng = np.random.default_rng(seed)
    coupling = [[Fraction(int(x)) for x in row] for row in rng.integers(1, 9, (rows, columns))]
    matrix, a, b = sinkhorn_matrix(coupling)
    verdict = contraction_verdict([matrix])
    assert verdict.how is Contraction.QUOTIENT
    assert verdict.quotient.spanning == ((Fraction(1),) * rows,)
    scaled = np.array(coupling, float) / np.sqrt(np.outer(np.array(a, float), np.array(b, float)))
    second = np.linalg.svd(scaled)[1][1] ** 2
    assert verdict.radius.midpoint == pytest.approx(second, rel=1e-9, abs=1e-12)


def test_the_derivative_of_sinkhorn_is_that_matrix():
    """F(x) = log a - log(K (b / K^T e^x)) at its fixed point, differentiated by central differences."""
    rng = np.random.default_rng(2)
    K, a, b = rng.random((4, 5)) + 0.2, rng.random(4) + 0.5, rng.random(5) + 0.5
    b *= a.sum() / b.sum()

    def step(x):
        return np.log(a) - np.log(K @ (b / (K.T @ np.exp(x))))

    x = np.zeros(4)
    for _ in range(2000):
        x = step(x)
    P = np.exp(x)[:, None] * K * (b / (K.T @ np.exp(x)))
    matrix = np.array(sinkhorn_matrix([[Fraction(float(v)) for v in row] for row in P])[0], float)
    h, units = 1e-6, np.eye(4)
    slopes = np.stack([(step(x + h * e) - step(x - h * e)) / (2 * h) for e in units], axis=1)
    assert slopes == pytest.approx(matrix, abs=1e-8)
    ordered = np.sort(np.abs(np.linalg.eigvals(matrix)))
    assert ordered[-1] == pytest.approx(1.0, abs=1e-9)
    scaled = P / np.sqrt(np.outer(P.sum(axis=1), P.sum(axis=0)))
    assert ordered[-2] == pytest.approx(np.linalg.svd(scaled)[1][1] ** 2, abs=1e-9)


def test_rows_that_sum_to_one_only_in_doubles_name_the_remedy():
    verdict = contraction_verdict(np.array([[[0.1, 0.2, 0.7], [0.3, 0.3, 0.4], [0.6, 0.3, 0.1]]]))
    assert verdict.how is Contraction.NEAR_QUOTIENT
    assert verdict.quotient.spanning == ((1, 1, 1),)
    assert "exact rationals" in verdict.remedy


def projected(matrices, vectors):
    """The nearest matrices that fix the vectors exactly, but for rounding."""
    V = np.array(vectors, float).T
    return matrices - (matrices @ V - V) @ np.linalg.pinv(V)


def exact_sums(matrices):
    return [[sum(map(Fraction, row)) for row in matrix] for matrix in matrices.tolist()]


@drawn(
    10,
    60,
    st.integers(0, 2**32 - 1),
    st.integers(2, 5),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
    phases=UNSHRUNK,
)
def test_families_near_stochastic_doubles_contract_on_the_quotient(seed, n, count, two_classes, transposed):
    """Whatever fixes the same vectors within the distance has eigenvalues beyond them below the bound.

    The rows of each of a few families of 2 × 2 matrices have exactly one sum; then it is they that contract.
    """
    rng = np.random.default_rng(seed)
    doubles = rng.random((count, n, n)) + 0.05
    if two_classes and n > 3:
        doubles[:, :2, 2:] = doubles[:, 2:, :2] = 0
    doubles /= doubles.sum(axis=2, keepdims=True)
    verdict = contraction_verdict(doubles.transpose(0, 2, 1) if transposed else doubles)
    sums = exact_sums(doubles)
    if all(len(set(rows)) == 1 for rows in sums):
        sides = {Contraction.SUBSPACE if transposed else Contraction.QUOTIENT}
        if count == 1:  # one matrix fixes a vector on either side
            sides = {Contraction.SUBSPACE, Contraction.QUOTIENT}
        assert max(max(sums)) != 1 or verdict.how in sides
        return
    split = verdict.quotient
    assert verdict.how is (Contraction.NEAR_SUBSPACE if transposed else Contraction.NEAR_QUOTIENT)
    assert split.distance >= Fraction(1, 10**12)
    assert cj.check(verdict.part.certificate)
    assert verdict.part.radius.upper <= verdict.radius.upper < 1
    fixed = np.eye(2).repeat([2, n - 2], axis=1) if two_classes and n > 3 else np.ones((1, n))
    for _ in range(5):
        near = projected(doubles + rng.standard_normal((count, n, n)), fixed) - projected(doubles, fixed)
        near = projected(doubles, fixed) + near * float(split.distance) / np.linalg.norm(near, axis=(1, 2)).max() / 2
        product = np.linalg.multi_dot([*near, *near]) if count > 1 else near[0]
        sizes = np.sort(np.abs(np.linalg.eigvals(product)))[: -len(fixed)]
        steps = 2 * count if count > 1 else 1
        assert (sizes <= verdict.radius.upper**steps + 1e-12).all()


@pytest.mark.parametrize("transposed", [False, True])
def test_a_verdict_without_a_limit_looks_at_no_clock(transposed, monkeypatch):
    """Hours pass between any two looks at it."""
    doubles = np.random.default_rng(3).random((2, 4, 4)) + 0.05
    doubles /= doubles.sum(axis=2, keepdims=True)
    family, hours = doubles.transpose(0, 2, 1) if transposed else doubles, count(0, 3600)
    calm = contraction_verdict(family)
    with monkeypatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: float(next(hours)))
        slow = contraction_verdict(family)
    assert (slow.how, slow.radius, slow.part.radius) == (calm.how, calm.radius, calm.part.radius)


def test_large_stochastic_doubles_need_no_solver():
    doubles = np.random.default_rng(4).random((2, 30, 30))
    doubles /= doubles.sum(axis=2, keepdims=True)
    verdict = contraction_verdict(doubles, time_limit=0)
    assert verdict.how is Contraction.NEAR_QUOTIENT
    product = projected(doubles, np.ones((1, 30)))
    assert np.sort(np.abs(np.linalg.eigvals(product[0] @ product[1])))[-2] <= verdict.radius.upper**2
    assert verdict.radius.upper < 0.6
    split = verdict.quotient
    factor = np.linalg.cholesky(verdict.part.P).T
    norms = np.linalg.norm(factor @ split.kept.floats @ np.linalg.inv(factor), 2, axis=(1, 2))
    assert norms.max() <= verdict.radius.upper


def test_rounding_is_not_blamed_for_what_exact_matrices_do():
    """Rationals that miss one by a hair are taken as they are, and a part that expands is not called contracting."""
    hair = Fraction(1, 10**17)
    off = [[["1/2", "1/2"], [Fraction(1, 3), Fraction(2, 3) + hair]]]
    assert contraction_verdict(off).how is Contraction.REFUTED
    assert contraction_verdict(np.array([[[0.1, 0.9, 0], [0.7, 0.3, 0], [0.2, 0.3, 1.5]]])).how is Contraction.REFUTED


@given(families(max_size=3, max_count=2))
@settings(max_examples=30, deadline=None, phases=UNSHRUNK)
def test_quotients_are_invariant_subspaces(family):
    value = as_family(family, call="test")
    for split in quotients(value):
        T, S = to_flint(split.basis), to_flint(split.inverse)
        assert (S * T).tolist() == np.eye(value.size, dtype=int).tolist()
        r = split.dimension
        for matrix, kept in zip(value.exact, split.kept.exact, strict=True):
            moved = from_flint(S * to_flint(matrix) * T)
            assert all(x == 0 for row in moved[r:] for x in row[:r])
            corner = [row[r:] for row in moved[r:]] if split.side is Side.QUOTIENT else [row[:r] for row in moved[:r]]
            assert [list(row) for row in kept] == [list(row) for row in corner]


@drawn(10, 150, families(max_size=2, max_count=2), phases=UNSHRUNK)
def test_verdicts_agree_with_the_bracket(family):
    verdict = contraction_verdict(family, time_limit=2.0)
    radius = cj.joint_spectral_radius(family, time_limit=1.0)
    if verdict.contracts:
        assert radius.lower < 1
        assert radius.lower <= verdict.radius.upper
    if verdict.how is Contraction.REFUTED:
        assert radius.upper >= 1
    if verdict.quotient is not None:
        assert radius.lower <= 1 <= radius.upper


def test_zonotopes_of_jacobians():
    x = sp.symbols("x:9")
    ring = [sp.Abs(x[i] + x[(i + 1) % 9]) for i in range(9)]
    at = dict.fromkeys(x, 0)
    small = cj.jacobians.jacobian_zonotope(cj.from_sympy([v / 3 for v in ring], state=x), at)
    assert contraction_verdict(small).how is Contraction.EUCLIDEAN
    large = cj.jacobians.jacobian_zonotope(cj.from_sympy([2 * v / 3 for v in ring], state=x), at)
    refuted = contraction_verdict(large)
    assert refuted.how is Contraction.REFUTED
    assert refuted.signs.shape[1] == 9
    assert contraction_verdict(cj.conservative_jacobian(cj.from_sympy([sp.Abs(x[0]) / 2], state=x[:1]), [0])).contracts
    assert contraction_verdict(cj.MatrixZonotope([[0.5]], [[[0.25]]])).contracts


def test_an_upper_triangular_zonotope_needs_another_norm():
    base = np.diag(np.full(8, 0.5)) + np.diag(np.full(7, 3.0), 1)
    Z = cj.MatrixZonotope.from_rank_one(base - 0.125 * np.eye(8), np.eye(8) / 4, np.eye(8))
    assert contraction_verdict(Z).how in {Contraction.QUADRATIC, Contraction.POLYTOPE}


def test_verdicts_about_allowed_words():
    """No two letters 2 in a row: the heavy ball contracts. The cycle 1122 alone has rate (9/8)^(1/4)."""
    golden = cj.spectral.Automaton.from_forbidden([(1, 1)], letters=2)
    allowed = contraction_verdict(HEAVY_BALL, automaton=golden)
    assert allowed.contracts
    assert cj.spectral.path_complete_bound(HEAVY_BALL, memory=2, automaton=golden).gamma < 1
    word = (0, 0, 1, 1)
    cycle = cj.spectral.Automaton(4, tuple((i, (i + 1) % 4, letter) for i, letter in enumerate(word)))
    refuted = contraction_verdict(HEAVY_BALL, automaton=cycle)
    assert refuted.how is Contraction.REFUTED
    assert len(refuted.word) % 4 == 0
    assert cycle.closed_path(refuted.word) is not None


def test_the_verdict_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        contraction_verdict([[[0]]]).how = Contraction.REFUTED


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: contraction_verdict([[[1, 2]]]), "shape"),
        (lambda: contraction_verdict([[[float("inf")]]]), "finite"),
        (lambda: contraction_verdict([[[1]]], time_limit=float("nan")), "seconds"),
        (lambda: contraction_verdict([[[1]]], radius=1.0), "JointSpectralRadius"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(cj.ConservativeError, match=message):
        call()


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_huge_and_tiny_entries_are_decided(scale):
    verdict = contraction_verdict(np.array([[[1, 1], [0, 1]], [[1, 0], [1, 1]]]) * scale)
    assert verdict.how is (Contraction.REFUTED if scale > 1 else Contraction.EUCLIDEAN)


def test_the_quadratic_norm_of_a_zonotope_is_as_small_as_is_said():
    """Absolute values bound the radius of nonnegative matrices below what the norm proves."""
    rng = np.random.default_rng(0)
    U = rng.random((7, 4)) * rng.integers(0, 2, (7, 4)) / 4
    V = rng.random((7, 4)) * rng.integers(0, 2, (7, 4)) / 4
    zonotope = cj.MatrixZonotope.from_rank_one(np.triu(rng.random((4, 4)), 1) * 0.6, U, V)
    verdict, found = contraction_verdict(zonotope), cj.spectral.zonotope_radius(zonotope, time_limit=None)
    assert verdict.how is Contraction.QUADRATIC
    assert found.upper < found.quadratic.gamma == verdict.radius.upper
    factor = np.linalg.cholesky(verdict.P).T
    largest = zonotope.center + np.abs(zonotope.generators).sum(axis=0)
    assert np.linalg.norm(factor @ largest @ np.linalg.inv(factor), 2) <= verdict.radius.upper


@pytest.mark.parametrize("transposed", [False, True])
def test_families_close_by_include_one_that_leaves_the_subspace_as_it_is(transposed):
    """Two rows that sum to 1 + 2^-20 are sqrt(2) times that from matrices whose rows sum to one; one column, once."""
    given = np.array([[[0.125, 0.875], [0.75, 0.25]]])
    turned = given.transpose(0, 2, 1) if transposed else given
    side = Side.SUBSPACE if transposed else Side.QUOTIENT
    split = next(s for s in near_quotients(as_family(turned, call="test")) if s.side is side)
    change = np.array([[1.0, 0.0], [0.0 if transposed else 1.0, 0.0]]) * 2.0**-20
    beside = as_family(turned + change, call="test")
    off = departure(beside, split)
    assert departure(as_family(turned, call="test"), split) == 0
    assert off == pytest.approx(2.0**-20 * (1 if transposed else 2**0.5))
    norm = common_quadratic_norm(split.kept)
    assert bound_nearby(split, norm, scale=1.0, off=0.0)[0] == Fraction(1, 10**9)
    assert bound_nearby(split, norm, scale=1.0, off=off) is None


@pytest.mark.parametrize(("seed", "sums"), [(3596184326, {1, 1 - Fraction(1, 2**54)}), (1774794238, {1})])
@pytest.mark.parametrize("transposed", [False, True])
def test_doubles_whose_rows_have_one_sum_need_no_room(seed, sums, transposed):
    rows = np.random.default_rng(seed).random((2, 2, 2)) + 0.05
    rows /= rows.sum(axis=2, keepdims=True)
    assert {rows_sum for matrix in exact_sums(rows) for rows_sum in matrix} == sums
    verdict = contraction_verdict(rows.transpose(0, 2, 1) if transposed else rows)
    assert verdict.how is (Contraction.SUBSPACE if transposed else Contraction.QUOTIENT)
    assert verdict.radius.upper < 1
