"""Planar sets of every type with their exact cells, and distances to these in fractions."""

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import shapely

from conservative._core.exactness import Exactness
from conservative.matrix_sets import (
    CellUnion,
    FiniteSet,
    MatrixPolytope,
    MatrixSet,
    MatrixZonotope,
    PlanarRegion,
    TemplateHull,
)

Point = tuple[Fraction, Fraction]
Cell = list[Point]

KITE = [(0, 0), (4, 1), (5, 5), (1, 4)]
BOX = [(-2, -1), (3, -1), (3, 2), (-2, 2)]
ELL = [[(0, 0), (4, 0), (4, 1), (0, 1)], [(0, 1), (1, 1), (1, 5), (0, 5)]]
APART = [[(0, 0), (2, 0), (0, 2)], [(5, 5), (6, 3), (6, 6)]]
HEXAGON = [(-2, -3), (2, -3), (4, -1), (2, 3), (-2, 3), (-4, 1)]
SCATTERED = [(0, 0), (3, 1), (-2, 4), (6, 6)]

KINDS = ["polytope", "finite", "zonotope", "cells", "region", "template"]


def cells_of(kind: str) -> list[Cell]:
    given: Any = {
        "polytope": [KITE],
        "finite": [[point] for point in SCATTERED],
        "zonotope": [HEXAGON],
        "cells": APART,
        "region": ELL,
        "template": [BOX],
    }[kind]
    return [[(Fraction(x), Fraction(y)) for x, y in cell] for cell in given]


def make(kind: str, shape: tuple[int, int], **told: Any) -> MatrixSet:
    """The set of the exact cells, as 2 × 1 or 1 × 2 matrices."""

    def matrices(points: Any) -> np.ndarray:
        return np.asarray(points, dtype=float).reshape(-1, *shape)

    if kind == "polytope":
        return MatrixPolytope(matrices(KITE), **told)
    if kind == "finite":
        return FiniteSet(matrices(SCATTERED), **told)
    if kind == "zonotope":
        return MatrixZonotope(np.zeros(shape), matrices([(2, 0), (1, 1), (-1, 2)]), **told)
    if kind == "cells":
        return CellUnion(np.stack([matrices(cell) for cell in APART]), **told)
    if kind == "region":
        return PlanarRegion(shapely.union_all([shapely.Polygon(cell) for cell in ELL]), shape, **told)
    directions = matrices([(1, 0), (-1, 0), (0, 1), (0, -1)])
    return TemplateHull(directions, [3.0, 2.0, 2.0, 1.0], **{"exactness": Exactness.EXACT, "e_extra": 0.0, **told})


def dot(a: Point, b: Point) -> Fraction:
    return a[0] * b[0] + a[1] * b[1]


def less(a: Point, b: Point) -> Point:
    return a[0] - b[0], a[1] - b[1]


def to_segment(x: Point, a: Point, b: Point) -> Fraction:
    """Squared distance."""
    edge = less(b, a)
    length = dot(edge, edge)
    share = min(max(dot(less(x, a), edge) / length, Fraction(0)), Fraction(1)) if length else Fraction(0)
    away = less(x, (a[0] + share * edge[0], a[1] + share * edge[1]))
    return dot(away, away)


def within(x: Point, cell: Cell) -> bool:
    """Whether x is on the left of every edge."""
    if len(cell) < 3:
        return False
    turns = []
    for a, b in itertools.pairwise([*cell, cell[0]]):
        (ex, ey), (px, py) = less(b, a), less(x, a)
        turns.append(ex * py - ey * px)
    return min(turns) >= 0 or max(turns) <= 0


def square_distance(x: Point, cells: list[Cell]) -> Fraction:
    return min(
        Fraction(0) if within(x, cell) else min(to_segment(x, a, b) for a, b in itertools.pairwise([*cell, cell[0]]))
        for cell in cells
    )


def samples(cells: list[Cell], *, steps: int) -> list[Point]:
    """Points of fans of triangles, on a grid of weights."""
    found = []
    for cell in cells:
        for a, b in itertools.pairwise(cell if len(cell) > 1 else [cell[0]] * 2):
            for i, j in itertools.product(range(steps + 1), repeat=2):
                if i + j <= steps:
                    s, t = Fraction(i, steps), Fraction(j, steps)
                    found.append(tuple(cell[0][c] + s * (a[c] - cell[0][c]) + t * (b[c] - cell[0][c]) for c in (0, 1)))
    return found


def area(cells: list[Cell]) -> Fraction:
    return sum(
        abs(sum(a[0] * b[1] - a[1] * b[0] for a, b in itertools.pairwise([*cell, cell[0]]))) / 2 for cell in cells
    ) * Fraction(1)


def holds(lower: float, upper: float, square: Fraction, *, slack: float = 0.0) -> bool:
    """Whether √square is in the interval, decided in fractions."""
    low, high = max(Fraction(0), Fraction(lower) - Fraction(slack)), Fraction(upper) + Fraction(slack)
    return low * low <= square <= high * high


PROBES = [(0, 0), (2, 3), (-1, 5), (7, 7), (1, 1), (3, 0), (5, 4), (-4, 1)]
