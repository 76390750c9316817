"""`StructuredMap`: W φ(M x + N θ + c) + P x + Q θ + d as arrays, without symbolic algebra."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.errors import ArgumentError, FunctionError
from conservative._core.result_lines import count, result_line
from conservative.functions.arrays.number_arrays import Numbers, as_floats, as_fractions
from conservative.functions.arrays.scalar_piece import ScalarPiece, piece_arrays
from conservative.functions.arrays.structured_symbolic import written_out
from conservative.functions.arrays.structured_values import (
    Linearization,
    Segments,
    linearize,
    locate,
    values_at,
)
from conservative.functions.leading_axes import read_batch
from conservative.functions.points import Point, read_point
from conservative.functions.residual import Residual
from conservative.functions.selection import PiecewiseSelection
from conservative.functions.switched_jacobian import SwitchedJacobian, SwitchedTie

LARGEST_SELECTION = 4096
"""Most scalar pieces that are written out symbolically."""


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StructuredMap:
    """F(x, θ) = W φ(M x + N θ + c) + [P Q](x, θ) + d, φ acting on components. Made by `structured`.

    Parameters
    ----------
    piece : ScalarPiece
        φ, with one row for all h components or one for each.
    inner : ndarray, shape (h, p + m)
        [M N].
    shift : ndarray, shape (h,)
        c.
    outer : ndarray, shape (q, h), or None
        W; None is the identity.
    direct : ndarray, shape (q, p + m), or None
        [P Q].
    offset : ndarray, shape (q,)
        d.
    state_size : int
        p.
    """

    piece: ScalarPiece
    inner: Numbers
    shift: Numbers
    outer: Numbers | None
    direct: Numbers | None
    offset: Numbers
    state_size: int

    @property
    def parameter_size(self) -> int:
        """The number m of parameters."""
        return int(self.inner.shape[1]) - self.state_size

    @property
    def size(self) -> int:
        """The number q of components of F."""
        return len(self.offset)

    @property
    def names(self) -> tuple[str, ...]:
        """x0, x1, ... for the state, then theta0, theta1, ... for the parameters."""
        state = (f"x{i}" for i in range(self.state_size))
        return (*state, *(f"theta{i}" for i in range(self.parameter_size)))

    def evaluate(self, x: ArrayLike, theta: ArrayLike | None = None) -> NDArray[np.float64]:
        """Values of F, vectorised over leading axes.

        Parameters
        ----------
        x : array_like, shape (..., p)
        theta : array_like, shape (..., m), optional
            Needed when there are parameters. Leading axes broadcast against those of `x`.

        Returns
        -------
        ndarray, shape (..., q)
            NaN where a scale λ(θ) is negative.

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentTypeError
        """
        batch = read_batch(x, theta, names=self.names, state_size=self.state_size)
        columns = np.concatenate(batch.wide(), axis=-1)
        return np.asarray(values_at(self.floats(), columns), dtype=np.float64)

    def floats(self) -> "StructuredMap":
        """The same map with every array as doubles.

        Returns
        -------
        StructuredMap
        """
        return self if self._plain() else self._converted(as_floats)

    def fractions(self) -> "StructuredMap":
        """The same map with every number exact; doubles are read as the rationals they are.

        Returns
        -------
        StructuredMap
        """
        return self._converted(as_fractions)

    def point(self, at: Any, *, tolerance: float | None = None, call: str = "point") -> Point:
        """Read a point of (state, parameters).

        Parameters
        ----------
        at : mapping of name to number, or sequence of p + m numbers
        tolerance : float, optional
            For ties at float points.
        call : str
            Named in error messages.

        Returns
        -------
        Point
        """
        return read_point(at, names=self.names, tolerance=tolerance, call=call)

    def segments(self, point: Point, *, call: str = "segments") -> Segments:
        """Which linear pieces of each φ_i agree with it at a point: the lowest and the highest segment.

        Parameters
        ----------
        point : Point
        call : str
            Named in error messages.

        Returns
        -------
        Segments

        Raises
        ------
        FunctionError
            When a scale λ(θ) is not positive.
        """
        data, column = self._at(point)
        found = locate(data, column, tolerance=point.tolerance)
        if found.worst_scale is not None:
            raise FunctionError(
                f"`{call}(at=...)`: the scale of component {found.worst_scale} is not positive at the point, where "
                "λφ(z/λ) has no derivative in λ. Move the parameter."
            )
        return found

    def linearization(self, point: Point, segments: Segments, *, exact: bool) -> Linearization:
        """Base, U and V with {base + Σ t_i u_i v_iᵀ} the Jacobians that a program may return at a point.

        Parameters
        ----------
        point : Point
        segments : Segments
            From `segments` at the same point.
        exact : bool
            Whether in rational arithmetic.

        Returns
        -------
        Linearization
        """
        return linearize(self.fractions() if exact else self.floats(), segments)

    def residual(self, at: Any, *, tolerance: float | None = None) -> Residual:
        """F(x, θ) − x: whether a claimed fixed point is one.

        Parameters
        ----------
        at : mapping of name to number, or sequence of p + m numbers
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
                f"`residual` needs a map of the state to itself; F has {self.size} components and {self.state_size} "
                "state variables."
            )
        point = self.point(at, tolerance=tolerance, call="residual")
        data, column = self._at(point)
        image, state = values_at(data, column), column[: self.state_size]
        difference = image - state
        size = np.maximum(1.0, np.maximum(np.abs(as_floats(image)), np.abs(as_floats(state))))
        rounded = as_floats(difference)
        vanishes = not difference.any() if point.exact else bool((np.abs(rounded) <= point.tolerance * size).all())
        return Residual(rounded, point.exact, vanishes, point.tolerance)

    def switched(self, at: Any, *, tolerance: float | None = None) -> SwitchedJacobian:
        """All Jacobians that a program which writes F this way may return at a point, in abs-normal form.

        Parameters
        ----------
        at : mapping of name to number, or sequence of p + m numbers
        tolerance : float, optional
            Used at float points (default 1e-9).

        Returns
        -------
        SwitchedJacobian
            With L = 0. A component that ties at several breakpoints of φ at once passes them one after the other.

        Raises
        ------
        FunctionError, ArgumentError, ArgumentTypeError, ShapeError
        """
        point = self.point(at, tolerance=tolerance, call="switched")
        segments = self.segments(point, call="switched")
        found = self.linearization(point, segments, exact=point.exact)
        data, column = self._at(point)
        k = len(found.ties)
        passed: dict[int, list[int]] = {}
        for slot, (component, _) in enumerate(found.ties):
            passed.setdefault(component, []).append(slot)
        return SwitchedJacobian(
            base=found.base,
            Y=found.U.T,
            Z=found.V,
            L=np.zeros((k, k), dtype=found.V.dtype),
            ties=tuple(
                SwitchedTie(f"component {component} of φ", "", tuple(slots), _prefixes(slots))
                for component, slots in passed.items()
            ),
            state_size=self.state_size,
            value=values_at(data, column),
            tolerance=point.tolerance,
            near_ties=tuple((f"component {i} at its breakpoint {j}", gap) for i, j, gap in segments.near),
            rounding=0.0 if point.exact else None,
        )

    def to_selection(self) -> PiecewiseSelection:
        """The same function as symbolic expressions: sums of Max(z_i − b_ij λ_i, 0), for small sizes.

        Returns
        -------
        PiecewiseSelection

        Raises
        ------
        ArgumentError
            When there are more than 4096 scalar pieces.
        """
        if self.inner.shape[0] * self.inner.shape[1] > LARGEST_SELECTION:
            raise ArgumentError(
                f"`to_selection` writes out small maps; this one has {self.inner.size:,} inner coefficients, more than "
                f"{LARGEST_SELECTION:,}. `conservative_jacobian` takes it as it is."
            )
        return written_out(self.fractions(), self.names)

    def _plain(self) -> bool:
        return all(a is None or a.dtype == np.float64 for a in (*_arrays(self), *piece_arrays(self.piece)))

    def _converted(self, convert: Callable[[Numbers], Numbers]) -> "StructuredMap":
        piece = self.piece
        converted = ScalarPiece(
            convert(piece.breakpoints),
            convert(piece.slopes),
            convert(piece.intercepts),
            convert(piece.scale),
            None if piece.scale_rows is None else convert(piece.scale_rows),
            piece.name,
        )
        return StructuredMap(
            converted,
            convert(self.inner),
            convert(self.shift),
            None if self.outer is None else convert(self.outer),
            None if self.direct is None else convert(self.direct),
            convert(self.offset),
            self.state_size,
        )

    def _at(self, point: Point) -> tuple["StructuredMap", Numbers]:
        if not point.exact:
            return self.floats(), np.array(point.values, dtype=np.float64)
        return self.fractions(), np.array([None, *point.values], dtype=object)[1:]

    def __repr__(self) -> str:
        h, p, m = len(self.inner), self.state_size, self.parameter_size
        return result_line(
            self,
            f"{self.piece.name} of {count(h, 'number')}",
            count(p, "state"),
            count(m, "parameter"),
            count(self.size, "component"),
        )


def _prefixes(slots: list[int]) -> tuple[tuple[int, ...], ...]:
    """(a,), (a, b), ...: breakpoints are passed one after the other."""
    return tuple(tuple(slots[: i + 1]) for i in range(len(slots)))


def _arrays(F: StructuredMap) -> tuple[Numbers | None, ...]:
    return F.inner, F.shift, F.outer, F.direct, F.offset
