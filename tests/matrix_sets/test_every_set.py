"""Every type of set with every operation, against unions of convex cells in exact fractions."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from strategies.planar_sets import KINDS, PROBES, area, cells_of, dot, holds, make, samples, square_distance

from conservative._core.errors import ArgumentTypeError
from conservative._core.exactness import Exactness
from conservative.matrix_sets import (
    CellUnion,
    affine_image,
    gap,
    hausdorff_distance,
    hull,
    project_onto,
)

DIRECTIONS = [(1, 0), (0, 1), (-1, 2), (3, -1), (-2, -5)]


@pytest.mark.parametrize("shape", [(2, 1), (1, 2)])
@pytest.mark.parametrize("kind", KINDS)
def test_support_and_hull(kind: str, shape: tuple[int, int]) -> None:
    S, corners = make(kind, shape), [point for cell in cells_of(kind) for point in cell]
    around = hull(S)
    for direction in DIRECTIONS:
        truth = max(dot((Fraction(direction[0]), Fraction(direction[1])), point) for point in corners)
        matrix = np.array(direction, dtype=float).reshape(shape)
        assert float(S.support(matrix)) == pytest.approx(float(truth), abs=1e-12)
        slack = 8.0 * (around.e_missing + around.e_extra) + 1e-12
        assert float(around.support(matrix)) == pytest.approx(float(truth), abs=slack)
    assert around.exactness is S.exactness


@pytest.mark.parametrize("shape", [(2, 1), (1, 2)])
@pytest.mark.parametrize("kind", KINDS)
def test_projection_and_membership(kind: str, shape: tuple[int, int]) -> None:
    S, cells = make(kind, shape), cells_of(kind)
    points = np.array(PROBES, dtype=float).reshape(-1, *shape)
    found, inside = S.project(points), S.contains(points)
    for i, probe in enumerate(PROBES):
        square = square_distance((Fraction(probe[0]), Fraction(probe[1])), cells)
        assert holds(float(found.lower[i]), float(found.upper[i]), square)
        assert bool(inside[i]) is (square == 0)
        assert found.upper[i] - found.lower[i] <= 1e-8


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_gaps_in_both_directions(kind: str, other: str) -> None:
    """Sampling the exact cells of X gives the gap up to the distance of the samples."""
    X, Y = make(kind, (2, 1)), make(other, (2, 1))
    theirs, steps = cells_of(other), 6
    found = gap(X, Y, tol=1e-3)
    square = max(square_distance(x, theirs) for x in samples(cells_of(kind), steps=steps))
    mesh = 0.0 if kind == "finite" else 8.0 / steps
    assert Fraction(found.upper) ** 2 >= square
    assert holds(0.0, mesh, Fraction(max(0.0, found.lower - float(square) ** 0.5)) ** 2)
    assert found.width <= 1.1e-3
    both = hausdorff_distance(X, Y, tol=1e-3)
    back = gap(Y, X, tol=1e-3)
    assert both.lower == max(found.lower, back.lower)
    assert both.upper == max(found.upper, back.upper)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_gaps_to_convex_sets_are_those_of_vertices_exactly(kind: str, other: str) -> None:
    X, Y, theirs = make(kind, (2, 1)), make(other, (2, 1)), cells_of(other)
    if len(theirs) > 1:
        square = max(square_distance(x, theirs) for x in samples(cells_of(kind), steps=2))
        assert Fraction(gap(X, Y, tol=1e-3).upper) ** 2 >= square
    else:
        square = max(square_distance(x, theirs) for cell in cells_of(kind) for x in cell)
        found = gap(X, Y)
        assert holds(found.lower, found.upper, square)
        assert found.width <= 4e-9


MAPS = {
    "shear": [[2, 1], [0, 1]],
    "projection to a line": [[1, 2], [2, 4]],
    "row": [[1, -1]],
    "tall": [[1, 0], [0, 2], [1, 1]],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MAPS)
def test_affine_images(kind: str, name: str) -> None:
    A = np.array(MAPS[name], dtype=float)
    B = np.arange(len(A), dtype=float)[:, None]
    told = {"e_missing": 0.125, "e_extra": 0.25}
    S = make(kind, (2, 1), **told)
    image = affine_image(S, A, B)
    corners = [point for cell in cells_of(kind) for point in cell]
    slack = 1e-9 if kind in {"template", "region"} else 1e-13
    for direction in itertools.product([-1.0, 0.0, 2.0], repeat=len(A)):
        D = np.array(direction)[:, None]
        truth = max(float((D * (A @ np.array([[float(x)], [float(y)]]) + B)).sum()) for x, y in corners)
        assert float(image.support(D)) == pytest.approx(truth, abs=40.0 * slack)
    norm = float(np.linalg.norm(A, 2))
    assert norm * 0.125 * (1 - 1e-12) <= image.e_missing <= norm * 0.125 + 1e-8
    if kind != "template":
        assert norm * 0.25 * (1 - 1e-12) <= image.e_extra <= norm * 0.25 + 1e-8
        assert image.exactness is Exactness.EXACT
    moved = A @ np.array([[float(x), float(y)] for x, y in samples(cells_of(kind), steps=3)]).T + B
    assert image.project(moved.T[:, :, None]).lower.max() <= 40.0 * slack


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("exactness", list(Exactness))
def test_tags_and_errors_go_along(kind: str, exactness: Exactness) -> None:
    S = make(kind, (2, 1), exactness=exactness, e_missing=0.5, e_extra=0.125)
    around = hull(S)
    shadow = project_onto(S, np.array([[[3.0], [4.0]]]))
    assert (around.exactness, shadow.exactness) == (exactness, exactness)
    assert 0.5 <= around.e_missing <= 0.5 + 1e-8
    assert 0.125 <= around.e_extra <= 0.125 + 1e-8
    assert 2.5 <= shadow.e_missing <= 2.5 + 1e-7
    assert 0.625 <= shadow.e_extra <= 0.625 + 1e-7
    if kind == "template":
        if exactness is Exactness.INNER:
            with pytest.raises(ArgumentTypeError, match="inner"):
                affine_image(S, np.eye(2), np.zeros((2, 1)))
            return
        assert affine_image(S, np.eye(2), np.zeros((2, 1))).exactness is Exactness.OUTER
        return
    assert affine_image(S, np.eye(2), np.zeros((2, 1))).exactness is exactness


@pytest.mark.parametrize("kind", KINDS)
def test_shadows_and_geometries(kind: str) -> None:
    S, cells = make(kind, (2, 1)), cells_of(kind)
    assert S.to_shapely().area == pytest.approx(float(area(cells)), abs=1e-8)
    shadow = project_onto(S, np.array([[[1.0], [2.0]]]))
    values = np.array([[[float(x + 2 * y)]] for x, y in samples(cells, steps=4)])
    assert shadow.project(values).lower.max() <= 1e-8
    assert float(shadow.support([[1.0]])) == pytest.approx(values.max(), abs=1e-8)
    assert float(shadow.support([[-1.0]])) == pytest.approx(-values.min(), abs=1e-8)


def test_margins_become_larger_or_smaller_balls() -> None:
    """The image of a disc of radius 1 under diag(3, 1/2) lies between the discs of radius 1/2 and 3."""
    A, B = np.diag([3.0, 0.5]), np.zeros((2, 1))
    disc = np.zeros((1, 1, 2, 1))
    outer = affine_image(CellUnion(disc, 1.0), A, B)
    inner = affine_image(CellUnion(disc, 1.0, exactness=Exactness.INNER), A, B)
    assert isinstance(outer, CellUnion)
    assert isinstance(inner, CellUnion)
    assert (outer.exactness, inner.exactness) == (Exactness.OUTER, Exactness.INNER)
    assert outer.margin == pytest.approx(3.0)
    assert inner.margin == pytest.approx(0.5)
    assert 2.5 <= outer.e_extra <= 2.5 + 1e-9
    assert 2.5 <= inner.e_missing <= 2.5 + 1e-9
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    assert affine_image(CellUnion(disc, 1.0), turn, B).exactness is Exactness.EXACT
