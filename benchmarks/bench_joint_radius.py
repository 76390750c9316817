"""Joint spectral radii: random pairs of growing order, and growth with the number of matrices.

Times of the MATLAB toolboxes are those given for a like machine (in Octave); they are printed beside ours.
"""

import time
from functools import cache

import numpy as np
import pytest

from conservative import MatrixZonotope, check, contraction_verdict, joint_spectral_radius
from conservative.iteration import iterate_templates
from conservative.spectral import sum_of_squares_bound, zonotope_radius

TOOLBOX = {4: 0.9, 6: 3.0, 8: 2.0, 10: 2.5}
"""Seconds of the invariant-polytope toolbox for one random Gaussian pair of order d."""


def solved(family, *, time_limit=30.0):
    start = time.perf_counter()
    found = joint_spectral_radius(family, time_limit=time_limit)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    valid = found.certificate is not None and bool(check(found.certificate))
    return found, seconds, time.perf_counter() - start, valid


def is_closed(found):
    return found.upper <= found.lower * (1 + 1e-9)


def print_table(title, families):
    rows = []
    for family in families:
        found, seconds, checking, valid = solved(family)
        rows.append((is_closed(found) and valid, seconds, checking, len(found.word)))
    closed, seconds, checking, lengths = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    print(
        f"{title}: closed {closed.mean():.0%}, median {np.median(seconds):.3f} s, "
        f"95 % {np.quantile(seconds, 0.95):.2f} s, worst {seconds.max():.1f} s, "
        f"check {np.median(checking / seconds):.0%} of the search, longest word {int(lengths.max())}"
    )
    return np.median(seconds)


@pytest.mark.parametrize(("d", "seeds"), [(2, 100), (4, 100), (6, 100), (8, 100), (10, 100), (20, 100)])
def test_random_gaussian_pairs(d, seeds):
    median = print_table(
        f"Gaussian pairs d = {d}", (np.random.default_rng(s).standard_normal((2, d, d)) for s in range(seeds))
    )
    if d in TOOLBOX:
        print(f"  the toolbox takes {TOOLBOX[d]} s: {TOOLBOX[d] / median:.0f} times the median")


@pytest.mark.parametrize("density", [1.0, 0.2, 0.05])
def test_nonnegative_pairs_of_order_100(density):
    def pair(seed):
        rng = np.random.default_rng(seed)
        return rng.random((2, 100, 100)) * (rng.random((2, 100, 100)) < density)

    print_table(f"nonnegative pairs d = 100, density {density}", (pair(s) for s in range(5)))


@pytest.mark.parametrize("count", [2, 4, 8, 16])
def test_growth_with_the_number_of_matrices(count):
    families = (np.random.default_rng(s).standard_normal((count, 4, 4)) for s in range(10))
    print_table(f"{count} Gaussian matrices d = 4", families)


@cache
def pair(order):
    family = np.random.default_rng(order).standard_normal((2, order, order))
    return family / np.abs(np.linalg.eigvals(family)).max()


@cache
def dense_zonotope(order, count):
    rng = np.random.default_rng(order)
    generators = rng.standard_normal((count, order, order)) / (order * count)
    return MatrixZonotope(rng.standard_normal((order, order)) / order, generators)


@cache
def maps(order):
    rng = np.random.default_rng(order)
    blocks = 0.6 * pair(order)
    return np.concatenate([blocks, rng.standard_normal((2, order, 1))], axis=2)


LIMITED = {
    "joint_spectral_radius 2 x 150": (lambda s: joint_spectral_radius(pair(150), time_limit=s), 1.0),
    "joint_spectral_radius 2 x 100": (lambda s: joint_spectral_radius(pair(100), time_limit=s), 0.0),
    "contraction_verdict 2 x 60": (lambda s: contraction_verdict(0.9 * pair(60), time_limit=s), 1.0),
    "sum_of_squares_bound 2 x 12, degree 4": (lambda s: sum_of_squares_bound(pair(12), time_limit=s), 1.0),
    "sum_of_squares_bound 2 x 60, degree 2": (lambda s: sum_of_squares_bound(pair(60), degree=2, time_limit=s), 1.0),
    "zonotope_radius 40 x 40, 60 ties": (lambda s: zonotope_radius(dense_zonotope(40, 60), time_limit=s), 1.0),
    "iterate_templates 2 x 30": (
        lambda s: iterate_templates(maps(30), np.zeros((1, 30, 1)), tol=1e-12, max_words=10**7, time_limit=s),
        1.0,
    ),
}


@pytest.mark.parametrize("name", LIMITED)
def test_limits_of_time_are_kept(name):
    call, asked = LIMITED[name]
    call(0.0)  # imports
    start = time.process_time()
    call(asked)
    used = time.process_time() - start
    allowed = max(asked + 0.5, 1.2 * asked)
    print(f"{name}: asked {asked} s, used {used:.2f} CPU s, {used / allowed:.2f} of what is allowed")
