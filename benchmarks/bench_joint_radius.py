"""Joint spectral radii: random pairs of growing order, and growth with the number of matrices.

Times of the MATLAB toolboxes are those given for a like machine (in Octave); they are printed beside ours.
"""

import time

import numpy as np
import pytest

from conservative import check, joint_spectral_radius

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
