"""Norms of the plane near a Barabanov norm: max_i |A_i x| = jsr |x| for every x, with a proved bound of the radius."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from conservative._core.checks import as_count, as_distance
from conservative._core.errors import ArgumentError, ShapeError
from conservative._core.exact.linear_algebra import as_python_fraction, to_flint
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative._core.numbers import float_above
from conservative._core.result_lines import count, result_line

FloatArray = NDArray[np.float64]

_LARGEST_QUOTIENT = 1e8
"""Quotient of the largest and the smallest value of a norm at which a reducible family shows."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PlanarNorm:
    """The norm of the plane whose unit ball is a symmetric polygon.

    Parameters
    ----------
    vertices : ndarray, shape (m, 2)
        Anticlockwise, symmetric under x -> -x.
    upper : float
        A proved bound of max_i ||A_i|| in this norm, hence of the joint spectral radius.
    least, greatest : float
        Of max_i |A_i x| / |x| over the directions of the grid, in doubles. For a Barabanov norm both are
        the joint spectral radius; their distance says how near this one is.
    """

    vertices: FloatArray
    upper: float
    least: float
    greatest: float

    def __call__(self, points: FloatArray) -> FloatArray:
        """The norm of points, in doubles. Shapes: `points` (..., 2), result (...)."""
        edges = np.roll(self.vertices, -1, axis=0) - self.vertices
        normals = np.stack([edges[:, 1], -edges[:, 0]], axis=1)
        normals /= (normals * self.vertices).sum(axis=1)[:, None]
        return np.asarray((np.asarray(points, dtype=np.float64) @ normals.T).max(axis=-1))

    def __repr__(self) -> str:
        return result_line(self, count(len(self.vertices), "vertex"), f"upper={self.upper!r}")


def barabanov_norm(matrices: Any, *, directions: int = 360, steps: int = 1000, tol: float = 1e-4) -> PlanarNorm:
    """A polygon near the unit ball of a Barabanov norm of a family of 2 x 2 matrices.

    Parameters
    ----------
    matrices : array_like, shape (k, 2, 2), or anything `as_family` reads
    directions : int
        Of the half plane, at least 8.
    steps : int
        Iterations at most.
    tol : float
        Relative: the iteration ends when ``greatest <= least (1 + tol)``.

    Returns
    -------
    PlanarNorm

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentError, ArgumentTypeError

    Notes
    -----
    Max-relaxation on a grid of directions e_j: N <- max(N, max_i N(A_i x) / g), g between the smallest and the
    largest max_i N(A_i x) / N(x), and N read between directions as the gauge of the polygon of the e_j / N(e_j). It
    converges for irreducible families; for others the polygon is thin, and `upper` above the radius. `upper` is
    proved whatever the polygon: with A_i v_j = a v + b w for two vertices v, w, found in exact arithmetic, the norm
    of the image is at most |a| + |b|.

    References
    ----------
    [kozyakin2010]_

    Examples
    --------
    >>> norm = barabanov_norm([[[1, 1], [0, 1]], [[1, 0], [1, 1]]])
    >>> (1 + 5**0.5) / 2 <= norm.upper < 1.6183, round(norm.least, 2)
    (True, 1.62)
    """
    family = as_family(matrices, call="barabanov_norm")
    if family.size != 2:
        raise ShapeError(
            f"`barabanov_norm(matrices=...)` needs shape (k, 2, 2): its unit ball is drawn in the plane; got "
            f"{family.floats.shape}."
        )
    directions = as_count(directions, call="barabanov_norm", argument="directions", least=8, most=10**6)
    steps = as_count(steps, call="barabanov_norm", argument="steps", least=1)
    tol = as_distance(tol, call="barabanov_norm", argument="tol", wanted="a tolerance of at least 0")
    exponent = int(np.frexp(np.abs(family.floats).max())[1])
    unit = np.ldexp(family.floats, -exponent)
    angles = np.arange(directions) * (np.pi / directions)
    grid = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    values, least, greatest = _relaxed(unit, grid, steps=steps, tol=tol)
    with np.errstate(over="ignore", under="ignore"):
        spread = np.ldexp(least, exponent), np.ldexp(greatest, exponent)
    return planar_norm(family, grid / values[:, None], spread=spread)


def planar_norm(family: MatrixFamily, points: FloatArray, *, spread: tuple[float, float] = (0.0, np.inf)) -> PlanarNorm:
    """The norm whose unit ball is the symmetric hull of points, with the proved norm of a family.

    Shapes: `points` (m, 2). `family`: of 2 x 2 matrices. `points`: they span the plane; the vertices of an invariant
    polytope, say. `spread`: `least` and `greatest` of the result. Raises ArgumentError when the points lie on a line.
    """
    both = np.concatenate([points, -points])
    try:
        vertices = both[ConvexHull(both).vertices]
    except QhullError as error:
        raise ArgumentError(
            "`planar_norm(points=...)` needs points that span the plane; got points on a line. Add one off it."
        ) from error
    vertices.setflags(write=False)
    return PlanarNorm(vertices, _proved_bound(family, vertices), float(spread[0]), float(spread[1]))


def _relaxed(unit: FloatArray, grid: FloatArray, *, steps: int, tol: float) -> tuple[FloatArray, float, float]:
    """Values of the norm on the grid, and the ends of max_i N(A_i x) / N(x)."""
    images = np.einsum("krc,jc->kjr", unit, grid)
    sector, first, second = _in_sectors(images, len(grid))
    values = np.ones(len(grid))
    for _ in range(steps):
        following = np.roll(values, -1)
        pushed = (first * values[sector] + second * following[sector]).max(axis=0)
        quotient = pushed / values
        least, greatest = float(quotient.min()), float(quotient.max())
        if greatest <= least * (1 + tol) or greatest == 0:
            break
        grown = np.maximum(values, pushed * 2 / (least + greatest))
        grown /= grown.max()
        if grown.min() * _LARGEST_QUOTIENT < 1:
            break
        values = grown
    return values, least, greatest


def _in_sectors(images: FloatArray, count: int) -> tuple[NDArray[np.intp], FloatArray, FloatArray]:
    """Every image up to sign as a e_j + b e_(j+1), a, b >= 0, on a regular grid of the half plane."""
    step = np.pi / count
    angle = np.arctan2(images[..., 1], images[..., 0]) % np.pi
    sector = np.minimum((angle / step).astype(np.intp), count - 1)
    length = np.hypot(images[..., 0], images[..., 1])
    inside = angle - sector * step
    return sector, length * np.sin(step - inside) / np.sin(step), length * np.sin(inside) / np.sin(step)


def _proved_bound(family: MatrixFamily, vertices: FloatArray) -> float:
    """max |a| + |b| over A_i v_j = a v + b w, with neighbouring vertices v and w, in rationals."""
    m = len(vertices)
    angles = np.arctan2(vertices[:, 1], vertices[:, 0])
    order = np.argsort(angles)
    exact = [to_flint([[Fraction(float(x))] for x in v]) for v in vertices]
    scaled = np.ldexp(family.floats, -int(np.frexp(np.abs(family.floats).max())[1]))
    largest = flint.fmpq(0)
    for i, matrix in enumerate(family.exact):
        rational = to_flint(matrix)
        images = vertices @ scaled[i].T
        place = np.searchsorted(angles[order], np.arctan2(images[:, 1], images[:, 0]))
        for j in range(m):
            v, w = exact[order[(place[j] - 1) % m]], exact[order[place[j] % m]]
            frame = flint.fmpq_mat([[v[0, 0], w[0, 0]], [v[1, 0], w[1, 0]]])
            coordinates = frame.inv() * (rational * exact[j])
            largest = max(largest, abs(coordinates[0, 0]) + abs(coordinates[1, 0]))
    return float_above(as_python_fraction(largest)) + 0.0
