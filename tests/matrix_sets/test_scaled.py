"""Gaps of sets of very large and very small size, of every kind: those of sets of size one, scaled."""

import itertools
from functools import cache

import numpy as np
import pytest
import shapely

from conservative import Bracket
from conservative.matrix_sets import (
    CellUnion,
    FiniteSet,
    MatrixPolytope,
    MatrixSet,
    MatrixZonotope,
    PlanarRegion,
    TemplateHull,
    gap,
    hausdorff_distance,
)

SHAPE = (2, 1)


def every_kind(exponent: int) -> list[MatrixSet]:
    rng = np.random.default_rng(0)
    points, cells = rng.normal(size=(5, *SHAPE)), rng.normal(size=(3, 4, *SHAPE))
    region = shapely.transform(MatrixPolytope(cells[0]).to_shapely(), lambda x: np.ldexp(x, exponent))
    directions = np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [1, 1], [-1, -1]])[:, :, None]
    return [
        FiniteSet(np.ldexp(points, exponent)),
        MatrixPolytope(np.ldexp(points[1:], exponent)),
        CellUnion(np.ldexp(cells, exponent)),
        CellUnion(np.ldexp(cells[1:], exponent), float(np.ldexp(0.1, exponent))),
        MatrixZonotope(np.ldexp(points[0], exponent), np.ldexp(points[1:3], exponent)),
        PlanarRegion(region, SHAPE),
        TemplateHull(directions, np.ldexp([1.0, 1.0, 1.0, 1.0, 1.5, 1.5], exponent)),
    ]


@cache
def gaps_of_size_one() -> list[Bracket]:
    return [gap(X, Y, tol=0.01) for X, Y in itertools.product(every_kind(0), repeat=2)]


@pytest.mark.parametrize("exponent", [-900, *(pytest.param(e, marks=pytest.mark.slow) for e in (-700, 500, 700)), 1000])
def test_pairs_of_every_kind(exponent: int) -> None:
    for (X, Y), near in zip(itertools.product(every_kind(exponent), repeat=2), gaps_of_size_one(), strict=True):
        far = gap(X, Y, tol=float(np.ldexp(0.01, exponent)))
        lower, upper = np.ldexp([far.lower, far.upper], -exponent).tolist()
        assert lower <= upper <= lower + 0.0101
        assert max(lower, near.lower) <= min(upper, near.upper) + 1e-12


def test_sizes_far_apart() -> None:
    tiny, large = FiniteSet([[[1e-300]]]), MatrixPolytope([[[-1e300]], [[1e300]]])
    assert gap(tiny, large).upper <= 1e286
    found = hausdorff_distance(large, tiny)
    assert 1e300 in found
    assert found.width <= 1e286
    smallest = gap(FiniteSet([[[5e-324]]]), MatrixPolytope([[[0.0]], [[1e-323]]]))
    assert 0.0 in smallest
    assert smallest.upper <= 1e-322
