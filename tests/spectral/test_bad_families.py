"""Families that are degenerate, extreme or full of ties: a valid bracket, a fitting status, a certificate that checks.

Every known radius is derived where it stands; the others are held against words and norms of products, in floats.
"""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from conservative import check, joint_spectral_radius
from conservative.spectral import RadiusStatus

U, L = np.array([[1, 1], [0, 1]]), np.array([[1, 0], [1, 1]])
GOLDEN = (1 + 5**0.5) / 2
TINY, BEYOND = Fraction(1, 10**400), 1.7e308
CLOSED = {RadiusStatus.CLOSED, RadiusStatus.EXACT}


def turn(degrees, scale=1.0):
    t = np.radians(degrees)
    return scale * np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])


def diagonal(*blocks):
    n = sum(len(b) for b in blocks)
    whole, at = np.zeros((n, n)), 0
    for b in blocks:
        whole[at : at + len(b), at : at + len(b)] = b
        at += len(b)
    return whole


def gauss(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def signed_permutations(n):
    signs = itertools.product((1, -1), repeat=n)
    return np.array([np.diag(s)[:, list(p)] for s in signs for p in itertools.permutations(range(n))])


def over_root_two(a, b):
    """A + sqrt(2) B as a rational matrix of twice the order: reducible over Q(sqrt 2), not over Q."""
    return np.kron(np.eye(2, dtype=int), a) + np.kron(np.array([[0, 2], [1, 0]]), b)


def digits(seed):
    return int("".join(map(str, np.random.default_rng(seed).integers(1, 10, 100))))


SHEAR = np.array([[1.0, 2, 0], [0, 1, 3], [0, 0, 1]])
UNSHEAR = np.array([[1.0, -2, 6], [0, 1, -3], [0, 0, 1]])
A = gauss(0, 3, 3)

KNOWN = {
    # All products are bounded: triangular with diagonals of modulus at most 1, the off-diagonals of one sign apart.
    "defective and its negative": ([U, [[-1, 1], [0, -1]]], 1.0),
    "one defective": ([[[2, 1, 0], [0, 2, 1], [0, 0, 2]]], 2.0),
    "all signed permutations of 2": (signed_permutations(2), 1.0),
    "three signed permutations of 4": (signed_permutations(4)[[17, 200, 333]], 1.0),
    # Isometries of one quadratic norm: their polytopes do not close, the norm does.
    "signed permutations in a skew basis": ([SHEAR @ m @ UNSHEAR for m in signed_permutations(3)[[5, 17, 33]]], 1.0),
    "orthogonal up to rounding": (np.linalg.qr(gauss(9, 3, 4, 4))[0], 1.0),
    "an orthogonal matrix and a shorter one": (
        np.linalg.qr(gauss(9, 2, 4, 4))[0] * np.array([1, 0.99])[:, None, None],
        1.0,
    ),
    "reflections in a skew basis": (
        [
            SHEAR @ (np.eye(3) - 2 * np.outer(v, v) / (v @ v)) @ UNSHEAR
            for v in np.array([[1, 2, 3], [1, -1, 1], [0, 1, 1]])
        ],
        1.0,
    ),
    "A, -A": ([A, -A], float(np.abs(np.linalg.eigvals(A)).max())),
    # rho(A A^T)^(1/2) is the norm of A, which both have.
    "A, A^T": ([A, A.T], float(np.linalg.norm(A, 2))),
    "projections": ([[[1, 0], [0, 0]], [["1/2", "1/2"], ["1/2", "1/2"]]], 1.0),
    # rho(P Q) = <v, y><w, x> for P = x w^T and Q = y v^T, by Karp's formula.
    "oblique projections": ([[[1, 3], [0, 0]], [[0, 0], [2, 1]]], 6**0.5),
    "tiny": (1e-300 * np.array([U, L]), 1e-300 * GOLDEN),
    "huge": (1e300 * np.array([U, L]), 1e300 * GOLDEN),
    "huge and tiny matrices": ([1e300 * U, 1e-300 * L], 1e300),
    # Similar by diag(1, 1e300) to [[1, 1], [1, 1]] and [[1, 0], [1, 1]]: the all-ones matrix dominates the other.
    "huge and tiny entries": (
        [[[1, Fraction(10**300)], [Fraction(1, 10**300), 1]], [[1, 0], [Fraction(1, 10**300), 1]]],
        2.0,
    ),
    "beyond the doubles, normal": ([[[BEYOND]], [[-BEYOND]]], BEYOND),
    "no product but of matrix units": (
        [[[1, 0], [0, 0]], [[0, 1], [0, 0]], [[0, 0], [1, 0]], [[0, 0], [0, 1]]],
        1.0,
    ),
    "zero and a shear": ([np.zeros((2, 2)), U], 1.0),
    "order one": ([[[0.3]], [[-0.7]], [[0.1]]], 0.7),
    "one number": ([[[Fraction(1, 3)]]], 1 / 3),
    "one word repeated": ([U, L, U, L, U], GOLDEN),
    "several maximizing products": ([U, L, [[1, 1], [1, 0]]], GOLDEN),
    "quarter turns": ([[[0, -1], [1, 0]], [[0, Fraction(-1, 2)], [Fraction(3, 4), 0]]], 1.0),
    "quarter turn and a contraction": ([[[0, -1], [1, 0]], [["1/3", "1/4"], ["-1/5", "1/2"]]], 1.0),
    "two equal blocks": ([diagonal(U, U), diagonal(L, L)], GOLDEN),
    "two equal blocks, swapped": ([diagonal(U, L), diagonal(L, U)], GOLDEN),
    "two equal blocks, coupled": ([diagonal(U, U) + np.eye(4, k=2), diagonal(L, L)], GOLDEN),
    "two equal blocks, one negative": ([diagonal(U, -U), diagonal(L, -L)], GOLDEN),
    "equal radii of different blocks": ([diagonal([[1, 1], [0, 0]], [[1]]), diagonal([[1, 0], [1, 0]], [[2]])], 2.0),
    "a negative off-diagonal pair": ([[[1, -1], [0, 1]], [[1, 0], [-1, 1]]], GOLDEN),
    "row-stochastic": ([[["1/2", "1/2"], ["1/3", "2/3"]], [[1, 0], ["1/5", "4/5"]]], 1.0),
    "commuting": ([np.diag([1, 0.5, 0.2]), np.diag([0.3, 1, 0.9])], 1.0),
    "exact reflections": (
        [[["3/5", "4/5"], ["4/5", "-3/5"]], [[1, 0], [0, -1]], [["5/13", "12/13"], ["12/13", "-5/13"]]],
        1.0,
    ),
    # Numbers 1 + sqrt 2 and 2 - sqrt 2 with their conjugates: a commuting family.
    "numbers of Q(sqrt 2)": ([[[1, 2], [1, 1]], [[2, -2], [-1, 2]]], 2 + 2**0.5),
    "radius zero in a hidden basis": (
        [SHEAR @ np.array([[0, a, b], [0, 0, c], [0, 0, 0]]) @ UNSHEAR for a, b, c in ((1, 2, 3), (-1, 0, 2))],
        0.0,
    ),
}

UNKNOWN = {
    "defective with others": [U, [[0.5, 0], [0.25, 0.5]]],
    "defective of order three with others": [
        [[1, 1, 0], [0, 1, 1], [0, 0, 1]],
        [[0.5, 0, 0], [0.1, 0.2, 0], [0.01, 0, 0.3]],
    ],
    "defective and negative": [[[-1, 1], [0, -1]], [[0.1, 0], [0.05, 0.1]]],
    "complex and defective": [
        np.block([[turn(51), np.eye(2)], [np.zeros((2, 2)), turn(51)]]),
        0.3 * gauss(1, 4, 4),
    ],
    "A, -A, B, -B": [A, -A, SHEAR, -SHEAR],
    "projections on planes": [v @ np.linalg.pinv(v) for v in gauss(2, 3, 4, 2)],
    "hundred digits": [
        [[Fraction(digits(4 * k + 2 * i + j), digits(50 + 4 * k + 2 * i + j)) for j in (0, 1)] for i in (0, 1)]
        for k in (0, 1)
    ],
    "turns of a fifth": [turn(72) @ np.diag([1, 0.9]), turn(-72) @ np.diag([1, 0.9]), np.diag([0.9, 1]) @ turn(72)],
    "a sixth of a turn": [[[0, -1], [1, 1]], [[1, Fraction(1, 3)], [Fraction(-1, 5), Fraction(1, 7)]]],
    "a sixth and a quarter of a turn": [[[0, -1], [1, 0]], [[0, -1], [1, 1]]],
    "coupled by 1e-12": [[[1, 1e-12], [0, 0.9]], [[0.8, 0], [1e-12, 1]]],
    "blocks coupled by 1e-12": [
        diagonal(g, g) + 1e-12 * h for g, h in zip(gauss(3, 2, 2, 2), gauss(4, 2, 4, 4), strict=True)
    ],
    "triangular but for 1e-12": [np.triu(g) + 1e-12 * np.tril(g, -1) for g in gauss(5, 2, 3, 3)],
    "triangular but for 1e-100": [np.triu(g) + 1e-100 * np.tril(g, -1) for g in gauss(6, 2, 3, 3)],
    "reducible over Q(sqrt 2)": [
        over_root_two(np.array([[1, 1], [0, 2]]), np.array([[0, 1], [1, 1]])),
        over_root_two(np.array([[1, 0], [-1, 2]]), np.array([[1, 0], [1, 0]])),
    ],
    "rank one": [np.outer(u, v) for u, v in gauss(7, 4, 2, 5)],
    "tied integers": [
        [[1, 1, 0], [0, 1, 0], [0, 0, 0]],
        [[0, 0, 0], [1, 1, 0], [0, 0, 1]],
        [[0, 1, 1], [0, 0, 0], [1, 0, 1]],
    ],
    "U, -L": [U, -L],
    "forty matrices": gauss(8, 40, 2, 2),
}


def float_bounds(family, length):
    """max rho^(1/n) and min over n of max ||.||^(1/n) over all words up to a length, in floats."""
    floats = np.array([[[float(x) for x in row] for row in m] for m in family])
    lower, upper, products = 0.0, np.inf, np.eye(floats.shape[1])[None]
    for n in range(1, length + 1):
        products = (products[:, None] @ floats[None]).reshape(-1, *floats.shape[1:])
        lower = max(lower, np.abs(np.linalg.eigvals(products)).max() ** (1 / n))
        upper = min(upper, np.linalg.norm(products, 2, axis=(1, 2)).max() ** (1 / n))
    return lower, upper


def assert_checks(found):
    if found.certificate is not None:
        assert check(found.certificate).valid
        claim = found.certificate.claim
        assert claim.upper is None or claim.upper >= Fraction(found.lower)
        assert claim.lower is None or found.upper == np.inf or claim.lower <= Fraction(found.upper)


@pytest.mark.parametrize("name", KNOWN)
def test_known_radii(name):
    family, value = KNOWN[name]
    found = joint_spectral_radius(family)
    assert found.lower <= value * (1 + 1e-13)
    assert found.upper >= value * (1 - 1e-13)
    assert found.upper <= found.lower * (1 + 1e-9)
    assert found.status in (CLOSED if value else {RadiusStatus.ZERO})
    assert found.certificate is not None or value == 0
    assert_checks(found)


@pytest.mark.parametrize("name", UNKNOWN)
def test_brackets_meet_words_and_norms(name):
    family = UNKNOWN[name]
    found = joint_spectral_radius(family)
    lower, upper = float_bounds(family, 8 if len(family) < 4 else 3)
    assert lower * (1 - 1e-9) <= found.lower <= upper * (1 + 1e-9)
    assert lower * (1 - 1e-9) <= found.upper <= found.lower * (1 + 2e-3)
    assert found.status in CLOSED or found.upper > found.lower * (1 + 1e-9)
    assert found.certificate is not None
    assert_checks(found)


def test_a_radius_beyond_the_doubles_is_bounded_by_infinity():
    found = joint_spectral_radius([[[BEYOND, BEYOND], [0, BEYOND]], [[BEYOND, 0], [BEYOND, BEYOND]]])
    assert found.lower == np.finfo(float).max
    assert found.upper == np.inf
    assert found.status not in CLOSED
    assert_checks(found)
    normal = joint_spectral_radius([[[BEYOND, BEYOND], [BEYOND, BEYOND]]])
    assert (normal.lower, normal.upper) == (np.finfo(float).max, np.inf)


@pytest.mark.parametrize("second", [[[TINY, 0], [TINY, TINY]], [[0, 0], [0, 0]]])
def test_rationals_below_the_doubles_are_not_zero(second):
    found = joint_spectral_radius([[[TINY, TINY], [0, TINY]], second])
    assert found.lower == 0
    assert 0 < found.upper < 1e-300
    assert found.status is not RadiusStatus.ZERO
    assert_checks(found)


def test_the_least_doubles():
    found = joint_spectral_radius(5e-324 * np.array([U, L]))
    assert Fraction(found.lower) <= Fraction(5e-324) * Fraction(GOLDEN) <= Fraction(found.upper)
    assert found.upper < 2e-323
    assert found.word == (0, 1) or found.status is not RadiusStatus.EXACT
    assert_checks(found)
