"""Cycles of tied words: their weights leave room for the images of each inside the vertices of the others."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conservative import gallery
from conservative.spectral.polytope import roots
from conservative.spectral.polytope.growth import Growth, grow
from conservative.spectral.polytope.roots import balanced, leading_cycles
from conservative.spectral.polytope.spanning import start


def brute_force_mean(weights):
    n = len(weights)
    means = [-np.inf]
    for length in range(1, n + 1):
        for cycle in itertools.permutations(range(n), length):
            means.append(sum(weights[a][b] for a, b in zip(cycle, cycle[1:] + cycle[:1], strict=True)) / length)
    return max(means)


@given(st.integers(1, 5), st.integers(0, 2**32 - 1), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_the_largest_mean_of_a_cycle_is_that_of_all_cycles_listed(n, seed, density):
    rng = np.random.default_rng(seed)
    weights = np.where(rng.random((n, n)) < density, rng.normal(size=(n, n)), -np.inf)
    found, wanted = roots._largest_mean(weights), brute_force_mean(weights.tolist())
    assert found == wanted or found == pytest.approx(wanted, abs=1e-12)


def tied(n):
    matrices = gallery.daubechies(n).floats
    rate = np.abs(np.linalg.eigvals(matrices[0])).max()
    unit = matrices / rate
    return unit, [*leading_cycles(unit, (0,)), *leading_cycles(unit, (1,))]


def test_images_of_tied_words_are_kept_away_from_each_others_vertices():
    unit, cycles = tied(13)
    a, b = balanced(cycles, unit)
    across = np.exp(roots._reach(a, b, unit, 6, 400)), np.exp(roots._reach(b, a, unit, 6, 400))
    assert max(across) < 0.95
    assert max(across) == pytest.approx(min(across), rel=1e-6), "the room is shared equally"


def test_images_that_only_creep_towards_a_vertex_do_not_keep_a_polytope_open():
    unit, cycles = tied(13)
    grown = grow(start(unit, cycles), accept=5e-11, max_vertices=2000, deadline=np.inf)
    assert grown.state is Growth.CLOSED
    assert grown.count < 300
