"""Brackets of joint spectral radii: invariances, budgets, degenerate and extreme families."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st
from strategies.spectral import families, unimodular_pairs
from strategies.stages import drawn

from conservative import ConservativeError, MatrixZonotope, check, joint_spectral_radius
from conservative.spectral import RadiusStatus
from conservative.spectral.polytope import growth
from conservative.spectral.radius import block_search, family_radius

HEAVY_BALL = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]
LOOSE = {"tol": 0.02}


def times(a, b):
    return [[sum(x * y for x, y in zip(row, col, strict=True)) for col in zip(*b, strict=True)] for row in a]


def overlap(a, b, factor=1.0):
    """Whether two brackets of numbers with a known ratio can both hold."""
    return a.lower * factor <= b.upper * (1 + 1e-15) and b.lower <= a.upper * factor * (1 + 1e-15)


def brute_force_bounds(family, length):
    """max rho^(1/n) and max ||.||^(1/n) over all words up to a length, in floats."""
    floats = np.array([[[float(x) for x in row] for row in m] for m in family])
    lower, upper = 0.0, np.inf
    for n in range(1, length + 1):
        products = [
            np.linalg.multi_dot([np.eye(floats.shape[1]), *floats[list(w)], np.eye(floats.shape[1])])
            for w in itertools.product(range(len(family)), repeat=n)
        ]
        lower = max(lower, max(np.abs(np.linalg.eigvals(p)).max() for p in products) ** (1 / n))
        upper = min(upper, max(np.linalg.norm(p, 2) for p in products) ** (1 / n))
    return lower, upper


@drawn(10, 100, families(max_size=3, max_count=2))
def test_brackets_meet_brute_force(family):
    found = joint_spectral_radius(family, **LOOSE)
    lower, upper = brute_force_bounds(family, 4)
    assert found.lower <= upper * (1 + 1e-9)
    assert found.upper >= lower * (1 - 1e-4)
    assert found.lower >= lower * (1 - 1e-4)


@drawn(4, 40, st.data())
def test_similar_transposed_and_permuted_families_have_one_radius(data):
    family = data.draw(families(max_size=3, max_count=2))
    left, right = data.draw(unimodular_pairs(len(family[0])))
    bracket = joint_spectral_radius(family, **LOOSE)
    similar = [times(times(left, m), right) for m in family]
    assert overlap(bracket, joint_spectral_radius(similar, **LOOSE))
    assert overlap(bracket, joint_spectral_radius([list(zip(*m, strict=True)) for m in family], **LOOSE))
    assert overlap(bracket, joint_spectral_radius(family[::-1], **LOOSE))


@drawn(
    8,
    80,
    families(max_size=2, max_count=2),
    st.sampled_from([Fraction(1, 7), Fraction(-3), Fraction(2) ** 600, Fraction(2) ** -600]),
)
def test_scaling_scales(family, factor):
    scaled = [[[x * factor for x in row] for row in m] for m in family]
    assert overlap(joint_spectral_radius(family, **LOOSE), joint_spectral_radius(scaled, **LOOSE), float(abs(factor)))


@drawn(4, 40, families(max_size=2, max_count=3))
def test_more_matrices_never_lower_the_radius(family):
    assume(len(family) > 1)
    assert joint_spectral_radius(family[:-1], **LOOSE).lower <= joint_spectral_radius(family, **LOOSE).upper


@drawn(8, 40, families(max_size=3, max_count=2))
def test_certificates_prove_the_side_of_one(family):
    found = joint_spectral_radius(family, **LOOSE)
    if found.certificate is not None:
        assert check(found.certificate).valid
        claim = found.certificate.claim
        assert claim.upper is None or claim.upper >= Fraction(found.lower)
        assert found.lower <= 1 or claim.lower >= 1 - Fraction(1, 10**12)
    assert found.lower <= 1 or found.certificate is not None


def test_heavy_ball():
    found = joint_spectral_radius(HEAVY_BALL)
    assert found.word == (0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 1)
    assert found.status is RadiusStatus.EXACT
    assert 1.0321435344 < found.lower <= found.upper < 1.0321435345
    assert found.lower in found.bracket
    assert [r.lower <= 0.75**0.5 <= r.upper for r in found.vertex_radii] == [True, True]
    assert check(found.certificate).valid


def test_contracting_family_carries_a_contraction_certificate():
    found = joint_spectral_radius([[["1/2", 1], [0, "1/3"]], [["1/3", 0], ["1/9", "1/2"]]])
    assert found.upper < 1
    assert found.certificate.claim.upper < 1
    assert check(found.certificate).valid


@pytest.mark.parametrize(
    ("family", "value"),
    [
        ([[[0, 0], [0, 0]]], 0),
        ([[[0, 1], [0, 0]], [[0, 5], [0, 0]]], 0),
        ([[[0, 0], [-1, 0]], [[0, 0], [1, 0]]], 0),
        ([[[2, -4], [1, -2]], [[4, -8], [2, -4]]], 0),
        ([[[1, 1], [0, 1]]], 1),
        ([[[-3]], [[2]]], 3),
        ([[[2, 1, 5], [0, 2, 1], [0, 0, 1]]], 2),
        ([[[0, 1e300], [1e-300, 0]], [[0, 0], [0, 0]]], 1),
        ([[[1e300, 0], [0, 1e-300]], [[0, 1e300], [0, 0]]], 1e300),
        ([[[1e-300, 0], [0, 1e-308]]], 1e-300),
        ([[["3/5", "4/5"], ["-4/5", "3/5"]], [["5/13", "12/13"], ["-12/13", "5/13"]]], 1),
    ],
    ids=[
        "zero",
        "nilpotent",
        "tie-table-T1",
        "nilpotent-skew",
        "defective",
        "scalars",
        "triangular",
        "extreme-pair",
        "huge",
        "tiny",
        "turns",
    ],
)
def test_degenerate_and_extreme_families_close(family, value):
    found = joint_spectral_radius(family)
    assert found.lower <= value * (1 + 1e-15)
    assert found.upper >= value * (1 - 1e-15)
    assert found.upper <= value * (1 + 1e-8)
    assert found.status in {RadiusStatus.CLOSED, RadiusStatus.ZERO, RadiusStatus.EXACT}


def test_no_time_still_gives_a_bracket():
    found = joint_spectral_radius(HEAVY_BALL, time_limit=0)
    assert found.lower <= 1.03214353442003 <= found.upper < np.inf
    assert found.status is RadiusStatus.TIME_LIMIT
    assert "time_limit" in found.status.value


def test_an_interrupt_returns_the_best_bracket(monkeypatch):
    calls = []

    def grow_once(polytope, **limits):
        if calls:
            raise KeyboardInterrupt
        calls.append(polytope.count)
        return growth.grow(polytope, **{**limits, "max_vertices": 0})

    monkeypatch.setattr(block_search, "grow", grow_once)
    monkeypatch.setattr(family_radius, "_GRACE", 60.0)  # so that no clock decides how much is still proved
    found = joint_spectral_radius(HEAVY_BALL)
    assert found.status is RadiusStatus.INTERRUPTED
    assert 1.0321435 < found.lower < found.upper < 1.2
    assert check(found.certificate).valid


@pytest.mark.slow
def test_an_open_polytope_is_not_the_last_word_above(monkeypatch):
    monkeypatch.setattr(block_search, "MOST_VERTICES", 50)
    family = np.random.default_rng(5).standard_normal((2, 20, 20))
    found = joint_spectral_radius(family)
    assert found.status is RadiusStatus.WORK_LIMIT
    assert found.lower < found.upper < 0.72 * np.linalg.norm(family, 2, axis=(1, 2)).max()
    assert check(found.certificate).valid
    assert found.certificate.claim.upper < 0.8 * np.linalg.norm(family, 2, axis=(1, 2)).max()


@pytest.mark.parametrize("tol", [0.0, 1e-15, 1e-12, 1e-6, 1e-2, 10.0])
def test_every_tolerance_ends_with_a_status_that_is_true(tol):
    tied = [np.eye(3)[[1, 2, 0]].tolist(), [[0, 1, 0], [0, 0, 1], ["1/2", "1/2", 0]]]
    for family in (HEAVY_BALL, tied, [[[0, -1, 1, 1], [1, 0, 0, 0], [0, -1, 0, 0], [1, -1, -1, 0]]] * 2):
        found = joint_spectral_radius(family, tol=tol)
        is_narrow = found.upper <= found.lower * (1 + tol)
        assert (found.status is RadiusStatus.CLOSED) <= is_narrow
        assert found.status in {RadiusStatus.EXACT, RadiusStatus.CLOSED, RadiusStatus.ROUNDING}
        assert check(found.certificate).valid


def test_a_zonotope_of_few_generators_is_its_vertices():
    center, generators = [["1/2", "1/4"], [0, "1/4"]], [[[0, "1/4"], [0, 0]], [[0, 0], ["1/2", 0]]]
    doubles = [np.array([[float(Fraction(x)) for x in row] for row in m]) for m in (center, *generators)]
    vertices = [doubles[0] + s * doubles[1] + t * doubles[2] for s in (-1, 1) for t in (-1, 1)]
    expected = joint_spectral_radius(np.array(vertices))
    found = joint_spectral_radius(MatrixZonotope(doubles[0], doubles[1:]))
    assert found.bracket == expected.bracket
    assert check(found.certificate).valid


def test_a_zonotope_of_many_generators_gets_a_bracket():
    rng = np.random.default_rng(7)
    zonotope = MatrixZonotope(rng.standard_normal((3, 3)) / 4, rng.standard_normal((9, 3, 3)) / 60)
    found = joint_spectral_radius(zonotope, time_limit=None)
    signs = rng.choice([-1.0, 1.0], size=(64, 9))
    members = zonotope.center + np.tensordot(signs, zonotope.generators, axes=1)
    assert np.abs(np.linalg.eigvals(members)).max() <= found.upper
    assert found.lower <= found.upper <= np.linalg.norm(members, 2, axis=(1, 2)).max() * 1.3
    assert found.status is RadiusStatus.ZONOTOPE
    assert found.word == ()


@pytest.mark.parametrize(
    "arguments", [{"tol": -1.0}, {"tol": float("nan")}, {"time_limit": -1}, {"time_limit": float("nan")}]
)
def test_refuses_bad_limits(arguments):
    with pytest.raises(ConservativeError, match=next(iter(arguments))):
        joint_spectral_radius(HEAVY_BALL, **arguments)


@pytest.mark.parametrize("matrices", [[], [[[1, 2]]], [[[1, float("inf")], [0, 1]]], np.eye(2)])
def test_refuses_what_is_not_a_family(matrices):
    with pytest.raises(ConservativeError, match="joint_spectral_radius"):
        joint_spectral_radius(matrices)


def test_repr_names_the_word():
    assert "word 12" in repr(joint_spectral_radius([[[1, 1], [0, 1]], [[1, 0], [1, 1]]]))


def test_both_ends_of_large_sparse_families_are_certified() -> None:
    """Zeros make the family of order 60 reducible; its word is proved by a vector, without a polynomial."""
    rng = np.random.default_rng(1)
    matrices = rng.random((2, 60, 60)) * (rng.random((2, 60, 60)) < 0.1)
    matrices[:, :, -1] = 0
    found = joint_spectral_radius(matrices)
    assert found.status is RadiusStatus.CLOSED
    assert found.certificate is not None
    assert found.certificate.kind == "equality"
    assert set(found.certificate.document["proof"]) == {"word", "vector", "upper"}
    assert check(found.certificate)
