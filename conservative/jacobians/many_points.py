"""`conservative_jacobians`: the sets of blocks [A B] at many points of one function, in one vectorised call."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_real_array
from conservative._core.errors import ArgumentError, ArgumentTypeError, ShapeError
from conservative._core.exactness import Exactness
from conservative.functions import PiecewiseSelection
from conservative.functions.points import DEFAULT_TOLERANCE
from conservative.functions.selection import MAX_PIECES
from conservative.jacobians._sweep import CALL, Sweep
from conservative.jacobians.at_point import KINDS, conservative_jacobian
from conservative.jacobians.jacobian_set import JacobianSet

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class JacobianSets:
    """One `JacobianSet` for each point; `result[i]` takes one out.

    Parameters
    ----------
    function : PiecewiseSelection
    points : ndarray, shape (..., n)
        As given, n = p + m.
    vertices : ndarray, shape (total, q, n)
        The blocks [A B] of all points, point after point (in C order of the leading axes).
    offsets : ndarray of int, shape (N + 1,)
        Those of point i are `vertices[offsets[i]:offsets[i + 1]]`.
    ties : ndarray of int, shape (N,)
        How many independent choices are open at each point; 0 where the function is smooth.
    near : ndarray of bool, shape (N,)
        Points with values that are suspiciously close; the set says which.
    kind : str
    tolerance : float
    """

    function: PiecewiseSelection
    points: Floats
    vertices: Floats
    offsets: Indices
    ties: Indices
    near: NDArray[np.bool_] = field(repr=False)
    kind: str
    tolerance: float

    def __repr__(self) -> str:
        total, q, n = self.vertices.shape
        return (
            f"JacobianSets({len(self)} points, {np.count_nonzero(self.ties)} of them tied, {total} blocks [A B] of "
            f"shape ({q}, {n}), kind={self.kind!r}, tolerance={self.tolerance:g})"
        )

    def __len__(self) -> int:
        return len(self.ties)

    def __iter__(self) -> Iterator[JacobianSet]:
        return (self[i] for i in range(len(self)))

    @property
    def counts(self) -> Indices:
        """How many blocks each point has, shape (N,)."""
        return np.diff(self.offsets)

    def __getitem__(self, index: int | tuple[int, ...]) -> JacobianSet:
        """The set at one point, as `conservative_jacobian` returns it.

        Parameters
        ----------
        index : int or tuple of int
            Into the leading axes of `points`; one int counts through them in C order.

        Returns
        -------
        JacobianSet
            Its exactness and near-ties are worked out now, where there are ties; that costs as much as one single call.

        Raises
        ------
        IndexError
        """
        i = self._flat(index)
        if self.ties[i] or self.near[i]:
            at = self.points.reshape(len(self), -1)[i].tolist()
            return conservative_jacobian(self.function, at, kind=self.kind, tolerance=self.tolerance)
        return JacobianSet(
            vertices=self.vertices[self.offsets[i] : self.offsets[i + 1]],
            state_size=len(self.function.state),
            kind=self.kind,
            exactness=Exactness.EXACT,
            tolerance=self.tolerance,
        )

    def _flat(self, index: int | tuple[int, ...]) -> int:
        if isinstance(index, tuple):
            return int(np.arange(len(self)).reshape(self.points.shape[:-1])[index])
        return range(len(self))[index]


def conservative_jacobians(
    F: PiecewiseSelection,
    points: ArrayLike,
    *,
    kind: str = "selection",
    tolerance: float | None = None,
    max_pieces: int = MAX_PIECES,
) -> JacobianSets:
    """The sets of Jacobians [A B] of F at many points: the vectorised form of `conservative_jacobian`.

    Parameters
    ----------
    F : PiecewiseSelection
    points : array_like, shape (..., p + m)
        State, then parameters, as doubles.
    kind : {"selection", "conical"}
        As in `conservative_jacobian`. Cells at tied points are searched point by point, but once for all points with
        the same signs where F is piecewise affine and nothing jumps.
    tolerance : float, optional
        Values within `tolerance * max(1, |a|, |b|)` are tied (default 1e-9).
    max_pieces : int
        Most pieces at one point.

    Returns
    -------
    JacobianSets

    Raises
    ------
    FunctionError, DiscontinuityError, EmptySetError, BudgetError
        As the single call; the message names the first such point.
    ArgumentError, ArgumentTypeError, ShapeError, NonFiniteError

    Notes
    -----
    One pass of NumPy calls over the graph gives values and ties at all points, a second one the Jacobians, each
    point with its own branches. Points are gathered by their pattern of ties, and the choices are listed once per
    pattern; untied points cost array work only. Points that need a closer look (no value, or a
    resolved jump that disagrees) go through the single call, and so does one point of every pattern of guards on their
    boundary: jumps beside a point are looked for there only. NumPy's array functions may differ from its scalar ones
    in the last bit, which is seen only where a difference lies within that of the tolerance.

    Examples
    --------
    >>> import sympy
    >>> from conservative.functions import from_sympy
    >>> F = from_sympy("Max(x, 0)", state="x")
    >>> J = conservative_jacobians(F, [[-1.0], [0.0], [2.0]])
    >>> J.counts.tolist(), J.offsets.tolist(), J.ties.tolist()
    ([1, 2, 1], [0, 1, 3, 4], [0, 1, 0])
    >>> sorted(J[1].vertices.ravel().tolist())
    [0.0, 1.0]
    """
    if not isinstance(F, PiecewiseSelection):
        raise ArgumentTypeError(
            f"`{CALL}(F=...)` needs a PiecewiseSelection; got {type(F).__name__}. Make one with `from_sympy`."
        )
    if kind not in KINDS:
        raise ArgumentError(f'`{CALL}(kind=...)` is "selection" or "conical"; got {kind!r}.')
    if tolerance is not None and not (isinstance(tolerance, (int, float)) and 0 <= tolerance < np.inf):
        raise ArgumentError(f"`{CALL}(tolerance=...)` needs a finite number >= 0; got {tolerance!r}.")
    given = _read_points(F, points)
    used = DEFAULT_TOLERANCE if tolerance is None else float(tolerance)
    sweep = Sweep(F, given.reshape(-1, given.shape[-1]), kind=kind, tolerance=used, limit=max_pieces)
    vertices, counts = sweep.run()
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
    for array in (vertices, offsets, sweep.ties, sweep.near):
        array.setflags(write=False)
    return JacobianSets(
        function=F,
        points=given,
        vertices=vertices,
        offsets=offsets,
        ties=sweep.ties,
        near=sweep.near,
        kind=kind,
        tolerance=used,
    )


def _read_points(F: PiecewiseSelection, points: ArrayLike) -> Floats:
    wanted = f"shape (..., {len(F.symbols)}), the last axis holding {', '.join(F.names)}"
    given = as_real_array(points, call=CALL, argument="points", wanted=wanted)
    if given.ndim == 0 or given.shape[-1] != len(F.symbols):
        raise ShapeError(f"`{CALL}(points=...)` needs {wanted}; got {given.shape}.")
    return given
