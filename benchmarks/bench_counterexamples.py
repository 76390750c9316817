"""Counterexamples: the tree of words on many parameter points at once, against one family at a time.

Run with ``pytest benchmarks/bench_counterexamples.py -s``; every ratio comes from one run on one machine.
"""

import itertools
import time

import numpy as np

import conservative as cj
from conservative.functions.parametrised import parametrised_family
from conservative.spectral.counterexamples import follow_kink
from conservative.spectral.counterexamples.batch_words import largest_radii, point_chunks, word_levels
from conservative.spectral.counterexamples.sampling import spread_points
from conservative.spectral.words.word_tree import extend, spectral_radii, stack_horizontally

CASE = cj.gallery.parametrised("heavy-ball")


def timed(function, *arguments, **options):
    start = time.perf_counter()
    result = function(*arguments, **options)
    return result, time.perf_counter() - start


def at_once(stack, length):
    """The largest rate of a product up to a length, all families in chunks that stay in the cache."""
    levels = word_levels(2, max_length=length)
    rates = []
    for part in point_chunks(len(stack), words=levels[-1].period.size, size=2):
        radii = [radii ** (1 / n) for n, (radii, _) in enumerate(largest_radii(stack[part], levels), 1)]
        rates.append(np.max(radii, axis=0))
    return np.concatenate(rates)


def one_by_one(stack, length):
    """The same, one family after the other, each by its whole tree of words."""
    rates = []
    for family in stack:
        levels, stacked = [np.ascontiguousarray(family.transpose(1, 0, 2))], stack_horizontally(family)
        while len(levels) < length:
            levels.append(extend(levels[-1], stacked))
        rates.append(max(float(spectral_radii(rows).max()) ** (1 / n) for n, rows in enumerate(levels, 1)))
    return rates


def test_points_at_once_against_one_by_one():
    family = parametrised_family(CASE.matrices, ranges=CASE.ranges, call="benchmark")
    print()
    for length in (4, 6, 8, 10):
        stack = family.evaluate(spread_points(*family.box, count=2000))
        batched, fast = timed(at_once, stack, length)
        plain, slow = timed(one_by_one, stack, length)
        np.testing.assert_allclose(batched, plain, rtol=1e-6)
        print(
            f"2000 points, products of up to {length} matrices: {1e3 * fast:6.1f} ms, {slow / fast:5.1f} times faster"
        )


def test_cost_of_a_search_and_of_its_proof():
    print()
    for name in cj.gallery.parametrised_names():
        case = cj.gallery.parametrised(name)
        found, whole = timed(cj.counterexample, case.matrices, ranges=case.ranges)
        _, again = timed(cj.check, found.certificate)
        _, kink = timed(follow_kink, found.family)
        print(f"{name}: {found!r} in {whole:.2f} s; certificate {1e3 * again:.1f} ms, trajectories {1e3 * kink:.1f} ms")


def test_growth_of_a_map_with_its_cells():
    ranges = CASE.ranges | {"alpha": (0, "3/2"), "kappa": 4}
    print()
    for cells in (16, 32, 64):
        plane, seconds = timed(cj.spectral.counterexample_map, CASE.matrices, ranges=ranges, resolution=cells)
        undecided = plane.shares().get("undecided", 0.0)
        assert len(list(itertools.chain(*plane.codes.tolist()))) == cells**2
        print(f"{cells} x {cells} cells: {1e6 * seconds / cells**2:.0f} microseconds each, {undecided:.1%} undecided")
