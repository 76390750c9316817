"""Polytopes, semidefinite programs and plain enumeration agree on random families, within what theory allows.

With n the order of the matrices, the best quadratic bound is at most sqrt(n) times the radius, that of a form of degree
2d at most binom(n + d - 1, d)^(1/2d) times (Parrilo and Jadbabaie, Approximation of the joint spectral radius using
sum of squares, 2008), and De Bruijn graphs of memory m at most n^(1/(2(m+1))) times (Ahmadi, Jungers, Parrilo and
Roozbehani, Joint spectral radius and path-complete graph Lyapunov functions, 2014).
"""

import math

import numpy as np
import pytest

from conservative import check, joint_spectral_radius
from conservative.spectral import common_quadratic_norm, conic_bound, path_complete_bound, sum_of_squares_bound

ROOM = 1e-5
"""Relative slack that rounding the solvers' answers to proofs may cost."""


def family(seed):
    """Gaussian, integer, nonnegative, sparse and nearly equal matrices, in turn."""
    rng = np.random.default_rng([seed, 2026])
    n, k = int(rng.integers(2, 5)), int(rng.integers(2, 4))
    drawn = {
        0: lambda: rng.standard_normal((k, n, n)),
        1: lambda: rng.integers(-3, 4, (k, n, n)).astype(float),
        2: lambda: rng.random((k, n, n)),
        3: lambda: rng.standard_normal((k, n, n)) * (rng.random((k, n, n)) < 0.5),
        4: lambda: rng.standard_normal((n, n)) + 0.1 * rng.standard_normal((k, n, n)),
    }
    return drawn[seed % 5]()


def best_word_rate(matrices, length):
    products, best = np.eye(matrices.shape[1])[None], 0.0
    for n in range(1, length + 1):
        products = (products[:, None] @ matrices[None]).reshape(-1, *matrices.shape[1:])
        best = max(best, np.abs(np.linalg.eigvals(products)).max() ** (1 / n))
    return best


def assert_agree(seed):
    matrices = family(seed)
    n = matrices.shape[1]
    found = joint_spectral_radius(matrices)
    assert found.lower <= found.upper <= found.lower * (1 + 1e-2) or found.lower == 0
    assert best_word_rate(matrices, 6 if len(matrices) < 3 else 4) <= found.upper * (1 + 1e-7)
    if found.certificate is not None:
        assert check(found.certificate).valid
    above = {
        "quadratic": (common_quadratic_norm(matrices).gamma, n**0.5),
        "sum of squares": (sum_of_squares_bound(matrices, degree=4).gamma, math.comb(n + 1, 2) ** 0.25),
        "path-complete": (path_complete_bound(matrices, memory=1).gamma, n**0.25),
    }
    for name, (upper, factor) in above.items():
        assert upper >= found.lower, name
        assert upper <= found.upper * factor * (1 + ROOM) or found.upper < 1e-6, name
    if (matrices >= 0).all():
        # With the Perron vector v of the sum, A_i v <= rho(sum) v, and rho(sum) is at most k times the radius.
        cone = conic_bound(matrices).gamma
        assert found.lower <= cone <= len(matrices) * found.upper * (1 + ROOM) + 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_random_families_of_each_kind_agree(seed):
    assert_agree(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5, 105))
def test_a_hundred_random_families_agree(seed):
    assert_agree(seed)
