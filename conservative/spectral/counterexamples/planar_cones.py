"""Cones of the plane that a two-piece linear map reads as one word: cut at the kink, and compared, in integers."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

Vector = tuple[int, ...]
Rows = tuple[tuple[int, ...], ...]

_OPENINGS = (4, 8, 12, 16, 20)
"""A cone around an eigenvector is tried with half-angles of about 2^-4, 2^-8, ..."""


@dataclass(frozen=True, slots=True)
class Cone:
    """A cone of starting points that read one word: its rays, the product, and whether it has shrunk."""

    rays: tuple[Vector, Vector]
    product: Rows
    shrunk: bool

    @property
    def images(self) -> tuple[Vector, Vector]:
        """The rays times the product."""
        return apply(self.product, self.rays[0]), apply(self.product, self.rays[1])


def advance(cone: Cone, pieces: Sequence[Rows], v: Vector) -> list[Cone]:
    """The cones of the next step: the image is cut where it crosses the kink."""
    sides = tuple(dot(v, image) for image in cone.images)
    if sides[0] * sides[1] < 0:
        # The images are those of the rays themselves, not rescaled, so the same weights cut both.
        ray = _combined((abs(sides[1]), abs(sides[0])), cone.rays)
        halves = replace(cone, rays=(cone.rays[0], ray)), replace(cone, rays=(ray, cone.rays[1]))
        return [_followed(half, pieces[_piece(half, v)]) for half in halves]
    if sides == (0, 0) and any(map(any, cone.images)):
        # An image inside the kink meets ties from an open set of starting points: both pieces are followed.
        return [_followed(cone, piece) for piece in pieces]
    return [_followed(cone, pieces[_piece(cone, v)])]


def _piece(cone: Cone, v: Vector) -> int:
    return 1 if min(dot(v, image) for image in cone.images) < 0 else 0


def _followed(cone: Cone, piece: Rows) -> Cone:
    return replace(cone, product=times(piece, cone.product))


def return_time(pieces: Sequence[Rows], v: Vector, max_steps: int) -> int | None:
    """When the kink's own rays come back to it, away from 0."""
    x: Vector = (-v[1], v[0])
    for step in range(1, max_steps + 1):
        x = reduced(apply(pieces[0 if dot(v, x) >= 0 else 1], x))
        if not any(x):
            return None
        if dot(v, x) == 0:
            return step
    return None


def below_one(matrix: Rows, square: int | Fraction, weight: Rows) -> bool:
    """Whether the 2 x 2 matrix, over the root of `square`, has norm below one: P - M'PM is positive definite."""
    image = times(tuple(zip(*matrix, strict=True)), times(weight, matrix))
    a, b, c = (square * weight[i][j] - image[i][j] for i, j in ((0, 0), (0, 1), (1, 1)))
    return a > 0 and a * c > b * b


def runs_away(cone: Cone, scale: int) -> bool:
    """Whether trajectories diverge that start in some open cone C inside, which the word maps into itself.

    C is a narrow cone around the leading eigenvector, rounded. If M C is in C and rho(M) > 1, then rho is an eigenvalue
    with an eigenvector u in C (Krein–Rutman), and an interior point x has x - e u in C for some e > 0, hence
    M^k x - e rho^k u in C.
    """
    (a, b), (c, d) = cone.product
    determinant = a * d - b * c
    if abs(determinant) <= scale * scale and abs(a + d) * scale <= scale * scale + determinant:
        return False
    return any(
        _inside(cone.rays, rays) and _inside(rays, tuple(apply(cone.product, x) for x in rays))
        for rays in _around_leader(cone.product)
    )


def _around_leader(product: Rows) -> Iterator[tuple[Vector, ...]]:
    """Pairs of rays close to the leading eigenvector, on either end of it."""
    size = max(abs(x) for row in product for x in row)
    matrix = np.array([[x / size for x in row] for row in product])
    values, vectors = np.linalg.eig(matrix)
    leader = int(np.abs(values).argmax())
    if values[leader].imag != 0 or values[leader].real <= 0:
        return
    for end in (1.0, -1.0):
        x, y = (end * vectors[:, leader].real).tolist()
        for opening in _OPENINGS:
            half = 2.0**-opening
            rays = [(x + sign * half * y, y - sign * half * x) for sign in (-1.0, 1.0)]
            yield tuple(tuple(round(math.ldexp(t, 40)) for t in ray) for ray in rays)


def _inside(rays: Sequence[Vector], others: Sequence[Vector]) -> bool:
    """Whether vectors other than 0 lie in the cone between two rays."""
    turn = _cross(rays[0], rays[1])
    return all(turn * _cross(rays[0], x) >= 0 and turn * _cross(x, rays[1]) >= 0 and any(x) for x in others)


def shrinks(cone: Cone, square: int, weight: Rows) -> bool:
    """Whether |M x| < |x| on the cone: the form x'(P - M'PM)x at x = s p + t q is positive for s, t >= 0."""
    images = [apply(cone.product, ray) for ray in cone.rays]
    weighted = [apply(weight, x) for x in (*cone.rays, *images)]
    first, second = (
        square * dot(x, weighted[i]) - dot(y, weighted[i + 2])
        for i, (x, y) in enumerate(zip(cone.rays, images, strict=True))
    )
    mixed = square * dot(cone.rays[0], weighted[1]) - dot(images[0], weighted[3])
    return first > 0 and second > 0 and (mixed >= 0 or mixed * mixed < first * second)


def dot(a: Vector, b: Vector) -> int:
    """The inner product of two vectors."""
    return sum(x * y for x, y in zip(a, b, strict=True))


def _cross(a: Vector, b: Vector) -> int:
    return a[0] * b[1] - a[1] * b[0]


def apply(matrix: Rows, x: Vector) -> Vector:
    """A matrix times a vector."""
    return tuple(dot(row, x) for row in matrix)


def times(left: Rows, right: Rows) -> Rows:
    """A matrix times a matrix."""
    columns = list(zip(*right, strict=True))
    return tuple(tuple(dot(row, column) for column in columns) for row in left)


def _combined(weights: tuple[int, int], vectors: tuple[Vector, Vector]) -> Vector:
    return reduced(tuple(weights[0] * a + weights[1] * b for a, b in zip(*vectors, strict=True)))


def reduced(x: Vector) -> Vector:
    """The same direction with coprime entries."""
    common = math.gcd(*x)
    return tuple(a // common for a in x) if common > 1 else x


def frobenius(matrix: Rows) -> int:
    """The squared Frobenius norm."""
    return sum(x * x for row in matrix for x in row)
