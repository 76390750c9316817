"""Piecewise linear functions of one number, one for each component of a vector."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from conservative._core.errors import ArgumentError, ShapeError
from conservative.functions.arrays.number_arrays import Numbers, read_numbers


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ScalarPiece:
    """φ(z) = s_j z + c_j between breakpoints b_j and b_{j+1}, continuous; optionally scaled, λφ(z/λ).

    Made by `relu`, `leaky_relu`, `absolute`, `clip`, `soft_threshold`, `identity` and `piecewise_linear`. Arrays have
    one row for all components, or one for each.

    Parameters
    ----------
    breakpoints : ndarray, shape (1 or h, r)
        Strictly increasing along a row; +inf where a row has fewer.
    slopes, intercepts : ndarray, shape (1 or h, r + 1)
    scale : ndarray, shape (1 or h,)
        The constant part of λ(θ) = scale + scale_rows θ.
    scale_rows : ndarray, shape (1 or h, m), or None
    name : str

    Examples
    --------
    >>> ScalarPiece.clip(-1, 2)
    ScalarPiece(clip: slopes 0, 1, 0; breakpoints -1, 2)
    """

    breakpoints: Numbers
    slopes: Numbers
    intercepts: Numbers
    scale: Numbers
    scale_rows: Numbers | None
    name: str

    @classmethod
    def piecewise_linear(
        cls, breakpoints: Any, slopes: Any, *, value: Any = 0, name: str = "piecewise linear"
    ) -> "ScalarPiece":
        """A continuous piecewise linear function.

        Parameters
        ----------
        breakpoints : array_like, shape (r,) or (h, r)
            Strictly increasing; rationals stay exact.
        slopes : array_like, shape (r + 1,) or (h, r + 1)
            Before the first breakpoint, between two, and after the last.
        value : number or array_like, shape (h,)
            φ at the first breakpoint, or at 0 when there is none.
        name : str
            As it is printed.

        Returns
        -------
        ScalarPiece

        Raises
        ------
        ShapeError, ArgumentError, ArgumentTypeError, NonFiniteError

        Examples
        --------
        >>> hat = ScalarPiece.piecewise_linear([-1, 0, 1], [0, 1, -1, 0])
        >>> hat.intercepts.tolist()
        [[0.0, 1.0, 1.0, 0.0]]
        """
        call = "ScalarPiece.piecewise_linear"
        kinks = _rows(breakpoints, call=call, argument="breakpoints", wanted="shape (r,) or (h, r)")
        steep = _rows(slopes, call=call, argument="slopes", wanted="shape (r + 1,) or (h, r + 1)")
        if steep.shape[1] != kinks.shape[1] + 1 or not _fit(len(kinks), len(steep)):
            raise ShapeError(
                f"`{call}(slopes=...)` needs one slope more than there are breakpoints, {kinks.shape[1] + 1}; got "
                f"shape {steep.shape}."
            )
        if not (kinks[:, 1:] > kinks[:, :-1]).all():
            raise ArgumentError(f"`{call}(breakpoints=...)` needs strictly increasing numbers; got {kinks.tolist()}.")
        start = np.atleast_1d(read_numbers(value, call=call, argument="value", wanted="a number or shape (h,)"))
        if start.ndim != 1 or not _fit(len(start), max(len(kinks), len(steep))):
            raise ShapeError(f"`{call}(value=...)` needs a number or shape (h,); got shape {start.shape}.")
        first = start - steep[:, 0] * (kinks[:, 0] if kinks.shape[1] else 0)
        jumps = (steep[:, :-1] - steep[:, 1:]) * kinks
        intercepts = np.cumsum(np.concatenate([first[:, None], _spread(jumps, len(first))], axis=1), axis=1)
        return cls(kinks, steep, intercepts, np.ones(1), None, name)

    @classmethod
    def relu(cls) -> "ScalarPiece":
        """max(z, 0)."""
        return cls.piecewise_linear([0], [0, 1], name="relu")

    @classmethod
    def leaky_relu(cls, slope: Any = 0.01) -> "ScalarPiece":
        """max(z, 0) + slope·min(z, 0).

        Parameters
        ----------
        slope : number
            Of the function below 0.

        Returns
        -------
        ScalarPiece
        """
        return cls.piecewise_linear([0], [slope, 1], name="leaky relu")

    @classmethod
    def absolute(cls) -> "ScalarPiece":
        """|z|."""
        return cls.piecewise_linear([0], [-1, 1], name="absolute value")

    @classmethod
    def identity(cls) -> "ScalarPiece":
        """z itself, for components without a kink."""
        return cls.piecewise_linear([], [1], name="identity")

    @classmethod
    def clip(cls, low: Any, high: Any) -> "ScalarPiece":
        """The projection on [low, high].

        Parameters
        ----------
        low, high : number or array_like, shape (h,)
            low < high.

        Returns
        -------
        ScalarPiece

        Raises
        ------
        ShapeError, ArgumentError, ArgumentTypeError, NonFiniteError
        """
        call = "ScalarPiece.clip"
        ends = [read_numbers(v, call=call, argument=a, wanted="a number or shape (h,)") for a, v in _pairs(low, high)]
        lowest, highest = map(np.atleast_1d, ends)
        if lowest.ndim != 1 or highest.ndim != 1 or not _fit(len(lowest), len(highest)):
            raise ShapeError(
                f"`{call}(low=..., high=...)` needs numbers or shape (h,); got {lowest.shape} and {highest.shape}."
            )
        both = np.stack(np.broadcast_arrays(lowest, highest), axis=1)
        if not (both[:, 0] < both[:, 1]).all():
            raise ArgumentError(f"`{call}(low=..., high=...)` needs low < high in every component.")
        return cls.piecewise_linear(both, [0, 1, 0], value=both[:, 0], name="clip")

    @classmethod
    def soft_threshold(cls, threshold: Any = 1, *, rows: Any = None) -> "ScalarPiece":
        """sign(z) max(|z| − λ, 0), the proximal map of λ|·|, with λ(θ) = threshold + rows·θ > 0.

        Parameters
        ----------
        threshold : number or array_like, shape (h,)
            λ where θ = 0.
        rows : array_like, shape (m,) or (h, m), optional
            Makes λ depend on the parameters.

        Returns
        -------
        ScalarPiece

        Raises
        ------
        ShapeError, ArgumentTypeError, NonFiniteError

        Examples
        --------
        λ is the first of two parameters:

        >>> ScalarPiece.soft_threshold(0, rows=[1, 0])
        ScalarPiece(soft threshold: slopes 1, 0, 1; breakpoints -1, 1; scaled by a parameter)
        """
        unit = cls.piecewise_linear([-1, 1], [1, 0, 1], name="soft threshold")
        return unit.scaled(threshold, rows=rows)

    def scaled(self, scale: Any, *, rows: Any = None) -> "ScalarPiece":
        """λφ(z/λ) with λ(θ) = scale + rows·θ, which must be positive where derivatives are taken.

        Parameters
        ----------
        scale : number or array_like, shape (h,)
        rows : array_like, shape (m,) or (h, m), optional
            Makes λ depend on the parameters.

        Returns
        -------
        ScalarPiece

        Raises
        ------
        ShapeError, ArgumentTypeError, NonFiniteError
        """
        call = "ScalarPiece.scaled"
        size = np.atleast_1d(read_numbers(scale, call=call, argument="scale", wanted="a number or shape (h,)"))
        if size.ndim != 1:
            raise ShapeError(f"`{call}(scale=...)` needs a number or shape (h,); got {size.shape}.")
        by = None if rows is None else _rows(rows, call=call, argument="rows", wanted="shape (m,) or (h, m)")
        return ScalarPiece(self.breakpoints, self.slopes, self.intercepts, size, by, self.name)

    @classmethod
    def stack(cls, pieces: "list[ScalarPiece] | tuple[ScalarPiece, ...]") -> "ScalarPiece":
        """Different pieces for different components.

        Parameters
        ----------
        pieces : sequence of ScalarPiece
            One for each component, each of one row.

        Returns
        -------
        ScalarPiece

        Raises
        ------
        ShapeError

        Examples
        --------
        >>> ScalarPiece.stack([ScalarPiece.relu(), ScalarPiece.clip(0, 1)]).breakpoints.tolist()
        [[0.0, inf], [0.0, 1.0]]
        """
        if not pieces or any(_count(piece) != 1 for piece in pieces):
            raise ShapeError("`ScalarPiece.stack(pieces=...)` needs at least one piece, each of one row.")
        r = max(p.breakpoints.shape[1] for p in pieces)
        widths = {p.scale_rows.shape[1] for p in pieces if p.scale_rows is not None}
        if len(widths) > 1:
            raise ShapeError(f"`ScalarPiece.stack(pieces=...)` needs scales of one number of parameters; got {widths}.")
        rows = None
        if widths:
            m = widths.pop()
            rows = np.concatenate([np.zeros((1, m)) if p.scale_rows is None else p.scale_rows for p in pieces])
        return cls(
            np.concatenate([_padded(p.breakpoints, r, np.full((1, 1), np.inf)) for p in pieces]),
            np.concatenate([_padded(p.slopes, r + 1, p.slopes[:, -1:]) for p in pieces]),
            np.concatenate([_padded(p.intercepts, r + 1, p.intercepts[:, -1:]) for p in pieces]),
            np.concatenate([p.scale for p in pieces]),
            rows,
            ", ".join(dict.fromkeys(p.name for p in pieces)),
        )

    def __repr__(self) -> str:
        rows = _count(self)
        if rows > 1:
            return f"ScalarPiece({self.name}, {rows} components)"
        slopes, kinks = (", ".join(f"{float(x):g}" for x in a[0]) for a in (self.slopes, self.breakpoints))
        scaled = "; scaled by a parameter" if self.scale_rows is not None else ""
        return f"ScalarPiece({self.name}: slopes {slopes}; breakpoints {kinks or 'none'}{scaled})"


def piece_arrays(piece: ScalarPiece) -> tuple[Numbers | None, ...]:
    """The arrays of a piece: breakpoints, slopes, intercepts, scale, and the rows of its scale."""
    return piece.breakpoints, piece.slopes, piece.intercepts, piece.scale, piece.scale_rows


def _count(piece: ScalarPiece) -> int:
    """The number of rows, 1 when all components share one."""
    return max(len(a) for a in piece_arrays(piece) if a is not None)


def _rows(value: Any, *, call: str, argument: str, wanted: str) -> Numbers:
    array = read_numbers(value, call=call, argument=argument, wanted=wanted)
    if array.ndim not in (1, 2):
        raise ShapeError(f"`{call}({argument}=...)` needs {wanted}; got {array.shape}.")
    return array[None] if array.ndim == 1 else array


def _fit(first: int, second: int) -> bool:
    return first == second or 1 in (first, second)


def _spread(array: Numbers, count: int) -> Numbers:
    return np.broadcast_to(array, (max(count, len(array)), array.shape[1])) if len(array) == 1 else array


def _padded(array: Numbers, width: int, filler: Numbers) -> Numbers:
    return np.concatenate([array, np.repeat(filler, width - array.shape[1], axis=1)], axis=1)


def _pairs(low: Any, high: Any) -> tuple[tuple[str, Any], tuple[str, Any]]:
    return ("low", low), ("high", high)
