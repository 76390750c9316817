"""The one interface of every compact set of matrices."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_distance, as_real_array
from conservative._core.errors import ShapeError
from conservative._core.exactness import Exactness
from conservative.matrix_sets.nearest.proved_projection import outward

Floats = NDArray[np.float64]

_LARGE = 500
"""Exponent of two from which factors are made smaller before they are multiplied."""

_UNDERFLOW = 1e-300
"""More than what underflow adds to distances of sets of size one."""


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Points of a set that nearly attain the distance of given points, with proved distances.

    Parameters
    ----------
    nearest : ndarray, shape (..., p, q)
        Points of the set, up to rounding.
    lower, upper : ndarray, shape (...)
        Proved bounds of the Frobenius distance of each given point to the set, rounding included.
    """

    nearest: Floats
    lower: Floats
    upper: Floats


class MatrixSet(ABC):
    """A nonempty compact set of p × q matrices.

    A subclass states its shape, its support function, the projection onto it, and finitely many extreme points.
    The rest (membership, `gap`, `hausdorff_distance`) is written once, for all of them.

    `exactness`, `e_missing` and `e_extra` relate the stored set S̃ to the true set S it stands for: gap(S, S̃) ≤
    e_missing and gap(S̃, S) ≤ e_extra. `exactness` is the mathematical relation; rounding is in the two numbers.
    """

    __slots__ = ()

    exactness: Exactness
    e_missing: float
    e_extra: float

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """(p, q), the shape of one matrix of the set."""

    @property
    @abstractmethod
    def convex(self) -> bool:
        """Whether the set is known to be convex."""

    @property
    @abstractmethod
    def extreme(self) -> Floats:
        """Finitely many matrices of the set, shape (k, p, q), with the same convex hull as the set."""

    @abstractmethod
    def project(self, points: ArrayLike, *, stop_below: float = 0.0) -> Projection:
        """Nearest matrices of the set, with proved distances.

        Parameters
        ----------
        points : array_like, shape (..., p, q)
        stop_below : float
            Points known to be at most this far may keep a wide (valid) bracket.

        Returns
        -------
        Projection

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentTypeError
        """

    @abstractmethod
    def to_shapely(self) -> Any:
        """The set as a shapely geometry of the plane, for p·q = 2.

        Returns
        -------
        shapely geometry

        Raises
        ------
        ShapeError
            If p·q is not 2.
        """

    def support(self, direction: ArrayLike) -> Floats:
        """Support function h(U) = max ⟨U, X⟩ over the set (Frobenius inner product), in floating point.

        Parameters
        ----------
        direction : array_like, shape (..., p, q)

        Returns
        -------
        ndarray, shape (...)

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentTypeError
        """
        flat, batch = self._flatten(direction, call="support", argument="direction")
        corners = self.extreme.reshape(-1, flat.shape[1])
        return largest_products(flat, corners).reshape(batch)

    def contains(self, points: ArrayLike, *, tol: float | None = None) -> NDArray[np.bool_]:
        """Whether each matrix is in the set, or within `tol` of it.

        Parameters
        ----------
        points : array_like, shape (..., p, q)
        tol : float, optional
            Absolute: largest Frobenius distance that counts as inside; the answer True is then proved. By default
            1e-9 times `radius`.

        Returns
        -------
        ndarray of bool, shape (...)

        Raises
        ------
        ArgumentError
            If `tol` is negative or NaN.
        ShapeError, NonFiniteError, ArgumentTypeError
        """
        allowed = 1e-9 * self.radius if tol is None else as_distance(tol, call="contains", argument="tol")
        return np.asarray(self.project(points).upper <= allowed)

    @property
    def radius(self) -> float:
        """An upper bound of the Frobenius norm over the set, rounded up."""
        flat = self.extreme.reshape(self.extreme.shape[0], -1)
        largest = float(np.abs(flat).max())
        if largest == 0.0:
            return 0.0
        ratio = flat / largest
        size = largest * float(np.sqrt(np.einsum("kd,kd->k", ratio, ratio).max()))
        return float(np.nextafter(size * (1.0 + flat.shape[1] * 2.0**-50), np.inf))

    def _flatten(self, value: ArrayLike, *, call: str, argument: str) -> tuple[Floats, tuple[int, ...]]:
        """Rows of length p·q, and the shape of the batch they came in."""
        p, q = self.shape
        name = f"{type(self).__name__}.{call}"
        array = as_real_array(value, call=name, argument=argument, wanted=f"shape (..., {p}, {q})")
        if array.ndim < 2 or array.shape[-2:] != (p, q):
            raise ShapeError(
                f"`{name}({argument}=...)` needs shape (..., {p}, {q}), matrices of the set's shape; "
                f"got {array.shape}. Reshape them to (..., {p}, {q})."
            )
        return array.reshape(-1, p * q), array.shape[:-2]


def keep(target: MatrixSet, **fields: Any) -> None:
    """Give a frozen set under construction its fields."""
    for name, value in fields.items():
        object.__setattr__(target, name, value)


def check_errors(target: MatrixSet) -> None:
    """Check the error fields of a set under construction. Raises ArgumentError for errors that are negative or NaN."""
    name = type(target).__name__
    for field in ("e_missing", "e_extra"):
        as_distance(getattr(target, field), call=name, argument=field)


def largest_products(directions: Floats, corners: Floats) -> Floats:
    """The largest inner product of each direction with a corner; infinite only where it is beyond the doubles.

    Shapes: `directions` (n, d), `corners` (k, d), result (n,).
    """
    one, two = (max(0, int(np.frexp(np.abs(x).max(initial=0.0))[1]) - _LARGE) for x in (directions, corners))
    with np.errstate(over="ignore", under="ignore"):
        found = np.ldexp(directions, -one) @ np.ldexp(corners, -two).T
        return np.asarray(np.ldexp(found.max(axis=1), one + two))


def moved_back(near: Projection, exponent: int) -> Projection:
    """Projections onto a set that was divided by a power of two, with room for what underflowed."""
    lower, upper = np.maximum(near.lower - _UNDERFLOW, 0.0), near.upper + _UNDERFLOW * (near.upper > 0.0)
    with np.errstate(over="ignore", under="ignore"):
        nearest = np.ldexp(near.nearest, exponent)
    lower = np.maximum(outward(lower, exponent, up=False), 0.0)
    return Projection(nearest, lower, outward(upper, exponent, up=True))
