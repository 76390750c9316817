"""Maps of counterexamples: every verdict against an independent decision at its point."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import strategies as st
from strategies.stages import drawn

import conservative as cj
from conservative._core.exact.linear_algebra import flint_product, radius_against_one, to_flint
from conservative.functions.parametrised import parametrised_family
from conservative.spectral.counterexamples import RegionVerdict, regions
from conservative.spectral.counterexamples.batch_contraction import (
    identity,
    quadratic_weights,
    short_weight,
    shrinks_exactly,
)

a, b, k = sp.symbols("alpha beta kappa", positive=True)
FAMILY = [sp.Matrix([[1 + b - a * curvature, -b], [1, 0]]) for curvature in (1, k)]
CONTRACTS = {RegionVerdict.EUCLIDEAN, RegionVerdict.QUADRATIC, RegionVerdict.PRODUCTS}


def test_every_verdict_of_a_small_map_is_true():
    ranges = {a: (0, "3/2"), b: (0, 1), k: 4}
    plane = cj.spectral.counterexample_map(FAMILY, ranges=ranges, resolution=(9, 7), max_length=5)
    assert plane.complete
    assert plane.codes.shape == (7, 9)
    family = parametrised_family(FAMILY, ranges=ranges, call="test")
    met = set()
    for row, column in np.ndindex(7, 9):
        point = plane.point(row, column)
        assert float(point["alpha"]) == pytest.approx(plane.x[column])
        assert float(point["beta"]) == pytest.approx(plane.y[row])
        factors = [to_flint(m) for m in family.at([point[name] for name in family.names]).exact]
        verdict = plane.verdict(row, column)
        met.add(verdict)
        is_stable = all(radius_against_one(m) < 0 for m in factors)
        assert (verdict is RegionVerdict.VERTEX_UNSTABLE) == (not is_stable)
        lengths = range(1, 6)
        words = itertools.chain(*[itertools.product((0, 1), repeat=n) for n in lengths]) if is_stable else ()
        first = next((w for w in words if radius_against_one(flint_product(factors, w)) > 0), None)
        assert (verdict is RegionVerdict.EXPANDS) == (first is not None)
        if first is not None:
            word = plane.word(row, column)
            assert len(word) == len(first) == plane.lengths[row, column]
            assert radius_against_one(flint_product(factors, word)) > 0
        else:
            assert plane.word(row, column) is None
    assert met >= {RegionVerdict.VERTEX_UNSTABLE, RegionVerdict.QUADRATIC, RegionVerdict.EXPANDS}
    assert sum(plane.shares().values()) == pytest.approx(1)
    assert "kappa = 4" in str(plane)


def test_contraction_never_contradicts_the_joint_spectral_radius():
    ranges = {k: (0, 1), b: ("1/2", 1), a: 1}
    plane = cj.spectral.counterexample_map(FAMILY, ranges=ranges, resolution=4, max_length=6)
    family = parametrised_family(FAMILY, ranges=ranges, call="test")
    for row, column in np.ndindex(4, 4):
        point = plane.point(row, column)
        exact = family.at([point[name] for name in family.names])
        if plane.verdict(row, column) in CONTRACTS:
            assert cj.joint_spectral_radius(exact, tol=1e-3).lower < 1
            assert cj.expanding_product(exact, max_length=10) is None


def test_a_euclidean_contraction_is_named_first():
    s, t = sp.symbols("s t")
    plane = cj.spectral.counterexample_map([[[s, 0], [0, t]]], ranges={s: (-2, 2), t: (-2, 2)}, resolution=4)
    inside = [[plane.verdict(i, j) is RegionVerdict.EUCLIDEAN for j in range(4)] for i in range(4)]
    assert inside == [[i in (1, 2) and j in (1, 2) for j in range(4)] for i in range(4)]


def test_irrational_entries_are_marked():
    s, t = sp.symbols("s t")
    plane = cj.spectral.counterexample_map([[[sp.sqrt(s), t], [0, 0]]], ranges={s: (0, 1), t: (0, 1)}, resolution=2)
    assert [plane.verdict(i, 0) for i in range(2)] == [RegionVerdict.EUCLIDEAN] * 2
    assert [plane.verdict(i, 1) for i in range(2)] == [RegionVerdict.UNDEFINED] * 2


@drawn(6, 25, st.integers(2, 3), st.integers(2, 3), st.integers(0, 2**32 - 1))
def test_quadratic_rates_bound_the_matrices_in_their_norms(n, count, seed):
    matrices = np.random.default_rng(seed).standard_normal((5, count, n, n))
    weights, rates = quadratic_weights(matrices)
    for weight, rate, family in zip(weights, rates, matrices, strict=True):
        factor = np.linalg.cholesky(weight).T
        norms = [np.linalg.norm(factor @ m @ np.linalg.inv(factor), 2) for m in family]
        assert max(norms) == pytest.approx(rate, rel=1e-5)
        assert rate >= np.abs(np.linalg.eigvals(family)).max() * (1 - 1e-6)


def test_shrinking_is_decided_exactly():
    from conservative._core.families.as_family import as_family

    just = as_family([[[Fraction(10**9 - 1, 10**9), 0], [0, 1]]], call="test")
    assert not shrinks_exactly(just, identity(2))
    below = as_family([[[Fraction(10**9 - 1, 10**9), 0], [0, Fraction(10**12 - 1, 10**12)]]], call="test")
    assert shrinks_exactly(below, identity(2))
    shear = as_family([[[0, 2], [0, 0]], [[0, 3], [0, 0]]], call="test")
    assert not shrinks_exactly(shear, identity(2))
    assert shrinks_exactly(shear, identity(2), length=2)
    assert shrinks_exactly(shear, short_weight(np.array([[1.0, 0.0], [0.0, 16.0]])))


def test_time_and_interruption_leave_the_rest_unmarked(monkeypatch):
    ranges = {a: (0, "3/2"), b: (0, 1), k: 4}
    late = cj.spectral.counterexample_map(FAMILY, ranges=ranges, resolution=8, time_limit=1e-9)
    assert not late.complete
    assert {late.verdict(i, j) for i in range(8) for j in range(8)} == {RegionVerdict.NOT_REACHED}

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(regions, "_decide", interrupted)
    assert not cj.spectral.counterexample_map(FAMILY, ranges=ranges, resolution=8).complete


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ranges": {a: (0, 1), b: (0, 1), k: (1, 2)}}, "exactly two parameters"),
        ({"ranges": {a: (0, 1), b: "1/2", k: 2}}, "exactly two parameters"),
        ({"resolution": 0}, "resolution"),
        ({"resolution": (2, 3, 4)}, "resolution"),
        ({"max_length": 0}, "max_length"),
        ({"max_length": 13}, "max_length"),
        ({"time_limit": -1}, "time_limit"),
    ],
)
def test_refusals(options, message):
    given_ranges = {"ranges": {a: (0, "3/2"), b: (0, 1), k: 4}} | options
    with pytest.raises(cj.ConservativeError, match=message):
        cj.spectral.counterexample_map(FAMILY, **given_ranges)
