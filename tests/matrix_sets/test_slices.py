"""Slices against Fractions: no point of the slice is lost, and none is farther from the set than was allowed."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st
from strategies.matrix_sets import clouds
from strategies.planar_sets import KINDS, cells_of, make, square_distance
from strategies.stages import drawn

from conservative._core.errors import ArgumentError, ArgumentTypeError, BudgetError, EmptySetError, ShapeError
from conservative._core.exactness import Exactness
from conservative.iteration import fixed_set
from conservative.matrix_sets import (
    CellUnion,
    FiniteSet,
    MatrixPolytope,
    MatrixZonotope,
    TemplateHull,
    gap,
    product,
    slice_through,
)
from conservative.matrix_sets.sets.intervals import intervals

LINES = [((0, 1), (1, 1)), ((1, 0), (0, 1)), ((-2, 4), (5, -4)), ((6, 6), (1, 0))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("line", LINES)
def test_lines_through_planar_sets(kind: str, line: tuple[tuple[int, int], tuple[int, int]]) -> None:
    (px, py), (ux, uy) = line
    S, cells, tol = make(kind, (2, 1)), cells_of(kind), Fraction(1, 64)
    steps = [Fraction(i, 64) for i in range(-640, 641, 1 if line == LINES[2] else 4)]
    squares = [square_distance((px + t * ux, py + t * uy), cells) for t in steps]
    if min(squares) > tol**2:
        with pytest.raises(EmptySetError, match="point"):
            slice_through(S, [[px], [py]], [[[ux], [uy]]], tol=float(tol))
        return
    found = slice_through(S, [[px], [py]], [[[ux], [uy]]], tol=float(tol))
    assert (found.shape, found.exactness) == ((1, 1), Exactness.OUTER)
    inside = found.project(np.array([[[float(t)]] for t in steps])).lower == 0.0
    for square, held in zip(squares, inside, strict=True):
        assert held or square > 0
        assert not held or square <= (tol + Fraction(1, 10**9)) ** 2


def test_fixing_one_factor_gives_the_other() -> None:
    """A slice of a product is a set itself: [0, 2] × the bow tie of cases.md, at 1."""
    tie = fixed_set([[[0, 0, -1], [-1, 0, 0]], [[0, 0, 1], [1, 0, 0]]], tol=0.4, time_limit=None).outer
    S = product(tie, MatrixPolytope([[[0.0]], [[2.0]]]), axis=0)
    unit = np.eye(3)[:2, :, None]
    found = slice_through(S, [[0.0], [0.0], [1.0]], unit, tol=tie.e_missing + 0.1)
    assert gap(tie, found, tol=1e-3).upper <= 2e-3
    assert gap(found, tie, tol=1e-3).upper <= tie.e_missing + 0.102


def test_planes_through_a_cube() -> None:
    """x + y + z = 3/2 cuts [0, 1]³ in a hexagon of side 1/√2, and no sum is above 3."""
    cube = MatrixPolytope([[[x], [y], [z]] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
    plane = np.array([[1.0, -1.0, 0.0], [1.0, 1.0, -2.0]]) / np.sqrt([[2.0], [6.0]])
    found = slice_through(cube, np.full((3, 1), 0.5), plane[:, :, None], tol=0.01)
    assert math.sqrt(0.5) <= found.project(np.zeros((2, 1))).upper + found.radius
    assert 0.0 <= found.to_shapely().area - 0.75 * math.sqrt(3.0) <= 0.05
    zonotope = slice_through(
        MatrixZonotope(np.full((3, 1), 0.5), 0.5 * np.eye(3)[:, :, None]),
        np.full((3, 1), 0.5),
        plane[:, :, None],
        tol=0.01,
    )
    assert zonotope.to_shapely().area == pytest.approx(found.to_shapely().area, abs=1e-3)
    with pytest.raises(EmptySetError):
        slice_through(cube, np.full((3, 1), 1.1), plane[:, :, None], tol=0.01)


def test_half_spaces_are_cut_exactly() -> None:
    axes = np.concatenate([np.eye(4), -np.eye(4)]).reshape(-1, 2, 2)
    box = TemplateHull(axes, np.ones(8))
    rotated = np.array([[[1.0, 1.0], [0.0, 0.0]], [[0.0, 0.0], [1.0, -1.0]]])
    found = slice_through(box, [[0.5, 0.0], [0.25, 0.0]], rotated)
    assert isinstance(found, TemplateHull)
    for direction, truth in (([1, 0], 0.5), ([-1, 0], 1.0), ([0, 1], 0.75), ([0, -1], 1.0)):
        assert float(found.support(np.reshape(direction, (2, 1)))) == pytest.approx(truth, abs=1e-13)
    with pytest.raises(EmptySetError):
        slice_through(box, [[2.0, 0.0], [0.0, 0.0]], rotated[1:])


@drawn(4, 15, clouds(shape=(2, 2)), st.integers(0, 10**6))
def test_slices_through_a_point_hold_it(cloud: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    S = MatrixPolytope(cloud)
    share = rng.dirichlet(np.ones(len(cloud)))
    point, directions = np.tensordot(share, cloud, 1), rng.normal(size=(1, 2, 2))
    size = S.radius + 1e-3
    found = slice_through(S, point, directions, tol=1e-6 * size)
    assert found.project([[0.0]]).lower == 0.0
    ends = intervals(found).ravel()
    assert S.project(point + ends[:, None, None] * directions).upper.max() <= 1.01e-6 * size


def test_what_an_inner_set_lacks_is_allowed_for() -> None:
    """A point known to within 1/4 stands for sets that the line x = 1/8 may meet."""
    S = FiniteSet([[[0.0], [0.0]]], Exactness.INNER, e_missing=0.25)
    found = slice_through(S, [[0.125], [0.0]], [[[0.0], [1.0]]], tol=0.26)
    half = math.sqrt(0.25**2 - 0.125**2)
    assert found.project([[[half]], [[-half]]]).lower.max() == 0.0
    assert intervals(found).max() <= math.sqrt(0.26**2 - 0.125**2) + 1e-9
    with pytest.raises(ArgumentError, match="e_missing"):
        slice_through(S, [[0.125], [0.0]], [[[0.0], [1.0]]], tol=0.25)
    unknown = FiniteSet([[[0.0], [0.0]]], Exactness.INNER, e_missing=math.inf)
    with pytest.raises(ArgumentError, match="outer"):
        slice_through(unknown, [[0.0], [0.0]], [[[0.0], [1.0]]])


def test_refusals() -> None:
    S = CellUnion(np.zeros((1, 1, 2, 2)), 1.0)
    zero, unit = np.zeros((2, 2)), np.eye(4).reshape(-1, 2, 2)
    with pytest.raises(ArgumentTypeError):
        slice_through(zero, zero, unit)  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="matrices of the set's shape"):
        slice_through(S, [[0.0]], unit)
    with pytest.raises(ShapeError, match="matrices of the set's shape"):
        slice_through(S, zero, [[[1.0]]])
    with pytest.raises(ArgumentError, match="independent"):
        slice_through(S, zero, [unit[0], unit[0]])
    with pytest.raises(ArgumentError, match="tol"):
        slice_through(S, zero, unit[:1], tol=0.0)
    with pytest.raises(BudgetError, match="boxes"):
        slice_through(S, zero, unit, tol=1e-3)
    with pytest.raises(BudgetError, match="rounding"):
        slice_through(S, zero, unit[:1], tol=1e-18)
