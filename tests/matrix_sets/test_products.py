"""Products against Fractions: supports add, pairs of points belong, and nothing else does."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from strategies.planar_sets import KINDS, PROBES, cells_of, holds, make, samples, square_distance

from conservative._core.errors import ArgumentError, ArgumentTypeError, BudgetError, ShapeError
from conservative._core.exactness import Exactness
from conservative.iteration import fixed_set
from conservative.matrix_sets import (
    CellUnion,
    FiniteSet,
    MatrixPolytope,
    MatrixSet,
    MatrixZonotope,
    TemplateHull,
    gap,
    product,
)


def beside(points: object, others: object, axis: int) -> np.ndarray:
    """All pairs of a 2 × 1 (1 × 2) matrix and another, put together."""
    shape = (2, 1) if axis == 1 else (1, 2)
    first, second = (np.asarray(x, dtype=float).reshape(-1, *shape) for x in (points, others))
    return np.array([np.concatenate([x, y], axis=axis) for x in first for y in second])


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_every_pair_of_kinds(kind: str, other: str, axis: int) -> None:
    shape = (2, 1) if axis == 1 else (1, 2)
    X, Y = make(kind, shape), make(other, shape)
    S = product(X, Y, axis=axis)
    assert S.shape == (2, 2)
    assert S.exactness is Exactness.EXACT
    assert S.convex == (X.convex and Y.convex)
    for u, v in itertools.product([(1, 0), (-1, 2), (-2, -5)], [(0, 1), (3, -1)]):
        direction = beside(u, v, axis)[0]
        apart = X.support(np.reshape(u, shape)) + Y.support(np.reshape(v, shape))
        assert float(S.support(direction)) == pytest.approx(float(apart), abs=1e-8)
    inside = beside(samples(cells_of(kind), steps=2)[::5], samples(cells_of(other), steps=2)[::5], axis)
    assert S.project(inside).lower.max() == 0.0
    found = S.project(beside(PROBES[:4], PROBES[3:], axis))
    slack = 1e-8 if "template" in (kind, other) else 1e-13
    for i, (x, y) in enumerate(itertools.product(PROBES[:4], PROBES[3:])):
        square = sum(
            square_distance((Fraction(at[0]), Fraction(at[1])), cells_of(name)) for at, name in ((x, kind), (y, other))
        )
        assert holds(float(found.lower[i]), float(found.upper[i]), square, slack=slack)


@pytest.mark.parametrize(
    ("X", "kind"),
    [
        (FiniteSet([[[0.0]], [[1.0]]]), FiniteSet),
        (MatrixZonotope([[0.0]], [[[1.0]]]), MatrixZonotope),
        (TemplateHull([[[1.0]], [[-1.0]]], [1.0, 0.0]), TemplateHull),
        (MatrixPolytope([[[0.0]], [[1.0]]]), MatrixPolytope),
        (CellUnion([[[[0.0]], [[1.0]]], [[[3.0]], [[4.0]]]]), CellUnion),
    ],
)
def test_the_kind_is_kept(X: MatrixSet, kind: type[MatrixSet]) -> None:
    square = product(X, X)
    assert type(square) is kind
    assert square.shape == (1, 2)
    assert type(product(square, square, axis=0)) is kind


def test_factors_stay_factors() -> None:
    X = MatrixZonotope.from_rank_one(np.zeros((3, 2)), U=[[1.0, 2.0, 0.0]], V=[[1.0, -1.0]])
    for axis, shape in ((0, (6, 2)), (1, (3, 4))):
        both = product(X, X, axis=axis)
        assert isinstance(both, MatrixZonotope)
        assert both.factors is not None
        assert both.shape == shape
        assert (
            both.generators[0].sum(axis=1 - axis).tolist()
            == np.pad(X.generators[0].sum(axis=1 - axis), (0, shape[axis] - X.shape[axis])).tolist()
        )


def test_errors_add_like_the_sides_of_a_right_angle() -> None:
    X = FiniteSet([[[0.0]]], Exactness.INNER, e_missing=3.0)
    Y = MatrixPolytope([[[0.0]], [[1.0]]], Exactness.INNER, e_missing=4.0, e_extra=1.0)
    S = product(X, Y)
    assert S.exactness is Exactness.INNER
    assert 5.0 <= S.e_missing <= 5.0 + 1e-14
    assert S.e_extra == 1.0


def test_two_balls_become_a_larger_or_a_smaller_one() -> None:
    disc = np.zeros((1, 1, 2, 1))
    outer = product(CellUnion(disc, 3.0), CellUnion(disc, 4.0))
    inner = product(CellUnion(disc, 3.0, Exactness.INNER), CellUnion(disc, 4.0, Exactness.INNER))
    assert isinstance(outer, CellUnion)
    assert isinstance(inner, CellUnion)
    assert (outer.exactness, inner.exactness) == (Exactness.OUTER, Exactness.INNER)
    assert 5.0 <= outer.margin <= 5.0 + 1e-14
    assert inner.margin == 3.0
    assert 2.0 <= outer.e_extra <= 2.0 + 1e-14
    assert 2.0 <= inner.e_missing <= 2.0 + 1e-14
    corner = FiniteSet([[[3.0, 0.0], [0.0, 4.0]]])
    assert gap(corner, outer).upper <= 1e-14
    assert gap(corner, inner).upper <= 2.0 + 1e-14


def test_independent_slopes_have_a_larger_fixed_set() -> None:
    """cases.md: a in [-1/2, 0], b in [0, 1] independent: fix = [-2/3, 4/3]; as a hull of two pairs it is [-1, 2]."""
    J = product(MatrixPolytope([[[-0.5]], [[0.0]]]), MatrixPolytope([[[0.0]], [[1.0]]]))
    same = product(MatrixZonotope([[-0.25]], [[[0.25]]]), MatrixZonotope([[0.5]], [[[0.5]]]))
    for blocks in (J, same):
        found = fixed_set(blocks, tol=1e-9, time_limit=None)
        assert found.inner.extreme.min() == pytest.approx(-2 / 3, abs=1e-8)
        assert found.outer.extreme.max() == pytest.approx(4 / 3, abs=1e-8)
    pairs = fixed_set([[[-0.5, 0.0]], [[0.5, 1.0]]], tol=1e-9, time_limit=None)
    assert pairs.outer.extreme.max() == pytest.approx(2.0, abs=1e-8)


def test_refusals() -> None:
    row, column = FiniteSet(np.zeros((1, 1, 2))), FiniteSet(np.zeros((1, 2, 1)))
    with pytest.raises(ShapeError, match="as many rows"):
        product(row, column)
    with pytest.raises(ShapeError, match="fit with axis=0"):
        product(row, FiniteSet(np.zeros((1, 3, 2))))
    with pytest.raises(ArgumentError, match="axis"):
        product(row, row, axis=2)
    with pytest.raises(ArgumentTypeError, match="MatrixPolytope"):
        product(np.zeros((1, 1, 2)), row)  # type: ignore[arg-type]
    with pytest.raises(ArgumentTypeError, match="inner"):
        product(FiniteSet([[[0.0]]], Exactness.INNER), FiniteSet([[[0.0]]], Exactness.OUTER))
    many = MatrixPolytope(np.random.default_rng(0).normal(size=(3000, 2, 1)))
    with pytest.raises(BudgetError, match="zonotopes"):
        product(many, many)
