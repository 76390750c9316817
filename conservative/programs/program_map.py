"""`ProgramMap`: a function of the user's, in NumPy, JAX or PyTorch, as a map with set-valued derivatives."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.errors import ArgumentError
from conservative._core.result_lines import count, result_line
from conservative.functions.leading_axes import read_batch
from conservative.functions.named_columns import NamedColumns
from conservative.functions.points import DEFAULT_TOLERANCE, Point, as_tolerance, read_point
from conservative.functions.residual import Residual
from conservative.functions.switched_jacobian import SwitchedJacobian
from conservative.programs.engine import Engine


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class ProgramMap(NamedColumns):
    """F(x, θ) as a program, run at a point with every decision recorded.

    Made by `from_numpy`, `from_jax` and `from_torch`.

    Parameters
    ----------
    engine : Engine
        Runs and opens the program.
    at : tuple
        The p + m numbers that the program was built at: floats, or `Fraction` where all were given exactly.
    state_names, parameter_names : tuple of str
        Of the leaves' entries, in order.
    size : int
        The number q of components of F.
    title : str
        The program's own name.
    """

    engine: Engine
    at: tuple[Any, ...]
    state_names: tuple[str, ...]
    parameter_names: tuple[str, ...]
    size: int
    title: str

    def __repr__(self) -> str:
        p, m = self.state_size, self.parameter_size
        return result_line(
            self,
            f"{self.engine.library} program {self.title}",
            f"{count(p, 'state')}",
            f"{count(m, 'parameter')}",
            count(self.size, "component"),
        )

    def point(self, at: Any = None, *, tolerance: float | None = None, call: str = "point") -> Point:
        """Read a point of (state, parameters).

        Parameters
        ----------
        at : mapping of name to number, or sequence of p + m numbers, optional
            The point that the program was built at when left out.
        tolerance : float, optional
            For ties at float points.
        call : str
            Named in error messages.

        Returns
        -------
        Point
        """
        return read_point(self.at if at is None else at, names=self.names, tolerance=tolerance, call=call)

    def evaluate(self, x: ArrayLike, theta: ArrayLike | None = None) -> NDArray[np.float64]:
        """Values of F, over leading axes one by one: a program need not be vectorised.

        Parameters
        ----------
        x : array_like, shape (..., p)
        theta : array_like, shape (..., m), optional
            Needed when there are parameters.

        Returns
        -------
        ndarray, shape (..., q)

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentTypeError
        """
        batch = read_batch(x, theta, names=self.names, state_size=self.state_size)
        values = [self.engine.evaluate(*pair) for pair in zip(*batch.rows(), strict=True)]
        return np.array(values, dtype=np.float64).reshape(*batch.shape, self.size)

    def residual(self, at: Any = None, *, tolerance: float | None = None) -> Residual:
        """F(x, θ) − x: whether a claimed fixed point is one.

        Parameters
        ----------
        at : mapping of name to number, or sequence of p + m numbers, optional
        tolerance : float, optional
            Used at float points (default 1e-9).

        Returns
        -------
        Residual

        Raises
        ------
        ArgumentError
            When F does not map the state to itself.
        """
        if self.size != self.state_size:
            raise ArgumentError(
                f"`residual` needs a map of the state to itself; {self.title} returns {self.size} numbers for "
                f"{self.state_size} states."
            )
        point = self.point(at, tolerance=tolerance, call="residual")
        image = self.engine.exact_value(point.values) if point.exact else None
        if image is not None:
            difference = image - np.array(point.values[: self.state_size], dtype=object)
            return Residual(difference.astype(np.float64), True, not difference.any(), 0.0)
        values = np.array(point.floats())
        state = values[: self.state_size]
        used = self.point(point.floats(), tolerance=tolerance).tolerance
        return Residual.of_floats(self.engine.evaluate(state, values[self.state_size :]), state, used)

    def switched(self, at: Any = None, *, tolerance: float | None = None) -> SwitchedJacobian:
        """All Jacobians that the program may return at a point, in abs-normal form.

        Parameters
        ----------
        at : mapping of name to number, or sequence of p + m numbers, optional
            The point that the program was built at when left out. Rationals stay exact where the library is NumPy.
        tolerance : float, optional
            At float points, values within `tolerance * max(1, |a|, |b|)` are tied (default 1e-9).

        Returns
        -------
        SwitchedJacobian

        Raises
        ------
        FunctionError, DiscontinuityError
            Where the program has no finite derivative, or jumps; the message names its line.
        ArgumentError, ArgumentTypeError, ShapeError
        """
        point = self.point(at, tolerance=tolerance, call="switched")
        return self.engine.switched(point.values, exact=point.exact, tolerance=point.tolerance)

    def linearized(self, at: Any = None, *, tolerance: float | None = None) -> SwitchedJacobian:
        """As `switched`, in floats, with the base as an operator where the library has one: for products with vectors.

        Parameters
        ----------
        at : mapping of name to number, or sequence of p + m numbers, optional
        tolerance : float, optional
            Values within `tolerance * max(1, |a|, |b|)` are tied (default 1e-9).

        Returns
        -------
        SwitchedJacobian
        """
        if isinstance(at, np.ndarray) and at.dtype == np.float64 and at.shape == (len(self.names),):
            used = as_tolerance(tolerance, default=DEFAULT_TOLERANCE, call="linearized")
            values: Any = at
        else:
            point = self.point(at, tolerance=tolerance, call="linearized")
            used, values = point.tolerance if not point.exact else tolerance or 0.0, point.floats()
        if hasattr(self.engine, "linearized"):
            return self.engine.linearized(values, tolerance=used)  # type: ignore[no-any-return]
        return self.engine.switched(list(values), exact=False, tolerance=used)

    def own_jacobian(self, at: Any = None) -> NDArray[np.float64] | None:
        """What the library's own differentiation returns at a point; None for NumPy, which has none.

        Parameters
        ----------
        at : mapping of name to number, or sequence of p + m numbers, optional

        Returns
        -------
        ndarray, shape (q, p + m), or None
        """
        return self.engine.own_jacobian(self.point(at, call="own_jacobian").floats())
