"""Norms and total variation."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, final

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_real_array
from conservative._core.errors import ShapeError
from conservative.functions.vocabulary._terms import absolute, maximum, terms


def norm1(values: Any) -> Any:
    """The sum of the absolute values.

    Conservative Jacobian, equal to Clarke's: entry i is the sign of v_i, or [-1, 1] where v_i = 0.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [beck2017]_

    Examples
    --------
    >>> import sympy
    >>> norm1(sympy.symbols("x y"))
    Abs(x) + Abs(y)
    """
    return sympy.Add(*(absolute(v) for v in terms(values, call="norm1")))


def norm_inf(values: Any) -> Any:
    """The largest absolute value.

    Conservative Jacobian: the hull of sign(v_i) e_i over the largest |v_i|; at 0 of all e_i and -e_i.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [beck2017]_

    Examples
    --------
    >>> import sympy
    >>> norm_inf(sympy.symbols("x y"))
    Max(Abs(x), Abs(y))
    """
    return maximum(*(absolute(v) for v in terms(values, call="norm_inf")))


def norm2(values: Any) -> Any:
    """The Euclidean norm, smooth away from 0.

    At 0 no finite selection of smooth pieces exists, and `conservative_jacobian` refuses with that reason; Clarke's
    set there is the unit ball, which `norm2_subdifferential` returns.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers
        Not all zero where derivatives are asked for.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [beck2017]_

    Examples
    --------
    >>> norm2([3, 4])
    5
    """
    entries = terms(values, call="norm2")
    return absolute(entries[0]) if len(entries) == 1 else sympy.sqrt(sympy.Add(*(v**2 for v in entries)))


def total_variation(values: Any) -> Any:
    """The sum of |v_{i+1} - v_i|.

    Conservative Jacobian, equal to Clarke's: the hull of the signed sums of the differences, one sign for each.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [rudinosherfatemi1992]_

    Examples
    --------
    >>> import sympy
    >>> from conservative import conservative_jacobian, from_sympy
    >>> v = sympy.symbols("x y z")
    >>> J = conservative_jacobian(from_sympy(total_variation(v), state=v), [1, 1, 1])
    >>> sorted(J.vertices.astype(int).tolist())
    [[[-1, 0, 1]], [[-1, 2, -1]], [[1, -2, 1]], [[1, 0, -1]]]
    """
    entries = terms(values, call="total_variation")
    return sympy.Add(*(absolute(b - a) for a, b in pairwise(entries)))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Ball:
    """A closed Euclidean ball of gradients.

    Parameters
    ----------
    center : ndarray, shape (n,)
    radius : float
        At least 0; 0 is one point.
    """

    center: NDArray[np.float64]
    radius: float

    def support(self, direction: ArrayLike) -> NDArray[np.float64]:
        """max <direction, g> over the ball: <direction, center> + radius * |direction|.

        Parameters
        ----------
        direction : array_like, shape (..., n)

        Returns
        -------
        ndarray, shape (...)

        Raises
        ------
        ShapeError, NonFiniteError
        """
        given = self._vectors(direction, "support", "direction")
        return np.asarray(given @ self.center + self.radius * np.linalg.norm(given, axis=-1))

    def contains(self, points: ArrayLike, *, tol: float = 1e-9) -> NDArray[np.bool_]:
        """Whether points are within `tol` of the ball.

        Parameters
        ----------
        points : array_like, shape (..., n)
        tol : float
            Absolute: largest distance from the ball that counts as inside.

        Returns
        -------
        ndarray of bool, shape (...)

        Raises
        ------
        ShapeError, NonFiniteError
        """
        given = self._vectors(points, "contains", "points")
        return np.asarray(np.linalg.norm(given - self.center, axis=-1) <= self.radius + tol)

    def _vectors(self, value: ArrayLike, call: str, argument: str) -> NDArray[np.float64]:
        wanted = f"shape (..., {len(self.center)})"
        array = as_real_array(value, call=call, argument=argument, wanted=wanted)
        if array.ndim == 0 or array.shape[-1] != len(self.center):
            raise ShapeError(f"`{call}({argument}=...)` needs {wanted}; got {array.shape}.")
        return array


def norm2_subdifferential(at: ArrayLike) -> Ball:
    """Clarke's subdifferential of the Euclidean norm: {v/|v|}, and the whole unit ball at v = 0.

    Parameters
    ----------
    at : array_like, shape (n,)
        The point v, taken as given: only an exact 0 is 0.

    Returns
    -------
    Ball

    Raises
    ------
    ShapeError, NonFiniteError

    References
    ----------
    [beck2017]_

    Examples
    --------
    >>> float(norm2_subdifferential([0, 0]).support([3, 4]))
    5.0
    """
    point = as_real_array(at, call="norm2_subdifferential", argument="at", wanted="shape (n,)")
    if point.ndim != 1 or len(point) == 0:
        raise ShapeError(f"`norm2_subdifferential(at=...)` needs shape (n,), n >= 1; got {point.shape}.")
    scale = float(np.abs(point).max())
    if scale == 0:
        return Ball(point, 1.0)
    unit = point / scale
    center = unit / np.linalg.norm(unit)
    center.setflags(write=False)
    return Ball(center, 0.0)
