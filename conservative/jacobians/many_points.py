"""`conservative_jacobians`: the sets of blocks [A B] at many points of one function, in one vectorised call."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_count, as_real_array
from conservative._core.errors import ArgumentError, ArgumentTypeError, ShapeError
from conservative._core.exactness import Exactness
from conservative._core.result_lines import count, result_line, shape
from conservative.functions import PiecewiseSelection
from conservative.functions.arrays.structured_map import LARGEST_SELECTION, StructuredMap
from conservative.functions.piece import MAX_PIECES
from conservative.functions.points import DEFAULT_TOLERANCE, as_tolerance
from conservative.functions.state_map import StateMap
from conservative.jacobians.batch import CALL, Sweep
from conservative.jacobians.conservative_jacobian import conservative_jacobian
from conservative.jacobians.formula_ties import check_kind
from conservative.jacobians.jacobian_set import JacobianSet
from conservative.jacobians.jacobian_zonotope import JacobianZonotope
from conservative.jacobians.structured_ties import StructuredSweep
from conservative.jacobians.switched_ties import ProgramSweep

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
        Those of point i are `vertices[offsets[i]:offsets[i + 1]]`; none where it has a zonotope.
    ties : ndarray of int, shape (N,)
        How many independent choices are open at each point; 0 where the function is smooth.
    near : ndarray of bool, shape (N,)
        Points with values that are suspiciously close; the set says which.
    kind : str
    tolerance : float
    zonotopes : mapping of int to JacobianZonotope
        The sets of points with more pieces than the budget, and at tied points of large structured maps.
    """

    function: StateMap
    points: Floats
    vertices: Floats
    offsets: Indices
    ties: Indices
    near: NDArray[np.bool_] = field(repr=False)
    kind: str
    tolerance: float
    zonotopes: Mapping[int, JacobianZonotope] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        total, q, n = self.vertices.shape
        p = self.function.state_size
        return result_line(
            self,
            f"{count(len(self), 'point')}, {np.count_nonzero(self.ties)} of them tied",
            f"{count(total, 'block')} [A B]",
            shape((q, f"({p} + {n - p})")),
            f"kind={self.kind!r}",
            f"tolerance={self.tolerance:g}",
        )

    def __len__(self) -> int:
        return len(self.ties)

    def __iter__(self) -> Iterator[JacobianSet | JacobianZonotope]:
        return (self[i] for i in range(len(self)))

    @property
    def counts(self) -> Indices:
        """How many blocks each point has, shape (N,)."""
        return np.diff(self.offsets)

    def __getitem__(self, index: int | tuple[int, ...]) -> JacobianSet | JacobianZonotope:
        """The set at one point, as `conservative_jacobian` returns it.

        `index`: into the leading axes of `points`; one int counts through them in C order. Returns: its exactness and
        near-ties are worked out now, where there are ties; that costs as much as one single call.
        """
        i = self._flat(index)
        if i in self.zonotopes:
            return self.zonotopes[i]
        if self.ties[i] or self.near[i] or self.offsets[i + 1] > self.offsets[i] + 1:
            at = self.points.reshape(len(self), -1)[i].tolist()
            return conservative_jacobian(self.function, at, kind=self.kind, tolerance=self.tolerance)
        return JacobianSet(
            vertices=self.vertices[self.offsets[i] : self.offsets[i + 1]],
            state_size=self.function.state_size,
            kind=self.kind,
            exactness=Exactness.EXACT,
            tolerance=self.tolerance,
        )

    def extreme_rates(self, directions: ArrayLike) -> tuple[Floats, Floats]:
        """The least and the largest derivative of each component along one direction for each point.

        Parameters
        ----------
        directions : array_like, shape (N, n)

        Returns
        -------
        lowest, highest : ndarray, shape (N, q)
            min and max of ⟨row of [A B], direction⟩ over the set of each point, in floating point.

        Raises
        ------
        ShapeError

        Examples
        --------
        >>> from conservative.functions import from_sympy
        >>> J = conservative_jacobians(from_sympy("Abs(x)", state="x"), [[0.0], [2.0]])
        >>> [rates.ravel().tolist() for rates in J.extreme_rates([[1.0], [1.0]])]
        [[-1.0, 1.0], [1.0, 1.0]]
        """
        wanted = (len(self), self.points.shape[-1])
        given = np.asarray(directions, dtype=np.float64)
        if given.shape != wanted:
            raise ShapeError(
                f"`extreme_rates(directions=...)` needs shape {wanted}, one row a point; got {given.shape}."
            )
        lowest, highest = np.empty((2, len(self), self.vertices.shape[1]))
        listed = np.flatnonzero(self.counts)
        if len(listed):
            rates = np.einsum("kqn,kn->kq", self.vertices, np.repeat(given, self.counts, axis=0))
            starts = self.offsets[:-1][listed]
            lowest[listed], highest[listed] = np.minimum.reduceat(rates, starts), np.maximum.reduceat(rates, starts)
        for i, zonotope in self.zonotopes.items():
            changes = zonotope.U * (zonotope.V @ given[i])[:, None]
            fixed = zonotope.base @ given[i]
            lowest[i] = fixed + np.minimum(changes, 0.0).sum(axis=0)
            highest[i] = fixed + np.maximum(changes, 0.0).sum(axis=0)
        return lowest, highest

    def _flat(self, index: int | tuple[int, ...]) -> int:
        if isinstance(index, tuple):
            return int(np.arange(len(self)).reshape(self.points.shape[:-1])[index])
        return range(len(self))[index]


def conservative_jacobians(
    F: PiecewiseSelection | StructuredMap | StateMap,
    points: ArrayLike,
    *,
    kind: str = "program",
    tolerance: float | None = None,
    max_pieces: int = MAX_PIECES,
) -> JacobianSets:
    """The sets of Jacobians [A B] of F at many points: the vectorised form of `conservative_jacobian`.

    Parameters
    ----------
    F : PiecewiseSelection, StructuredMap, or any StateMap, whose points are taken one by one
        Small structured maps are written out as sums of Max; large ones are looked at point by point.
    points : array_like, shape (..., p + m)
        State, then parameters, as doubles.
    kind : {"program", "selection", "conical"}
        As in `conservative_jacobian`. Cells at tied points are searched point by point, but once for all points with
        the same signs where F is piecewise affine and nothing jumps.
    tolerance : float, optional
        Values within `tolerance * max(1, |a|, |b|)` are tied (default 1e-9).
    max_pieces : int
        Most pieces that are listed at one point; points with more have a zonotope where it is known to hold them.

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
    if not isinstance(F, StateMap):
        raise ArgumentTypeError(
            f"`{CALL}(F=...)` needs a PiecewiseSelection, a StructuredMap or another StateMap; got "
            f"{type(F).__name__}. Make one with `from_sympy`, `structured` or `from_numpy`."
        )
    check_kind(kind, CALL)
    max_pieces = as_count(max_pieces, call=CALL, argument="max_pieces", least=1)
    used = as_tolerance(tolerance, default=DEFAULT_TOLERANCE, call=CALL)
    given = _read_points(F, points)
    flat = given.reshape(-1, given.shape[-1])
    sweep: Sweep | StructuredSweep | ProgramSweep
    if isinstance(F, StructuredMap) and F.inner.size > LARGEST_SELECTION:
        sweep = StructuredSweep(F, flat, kind=kind, tolerance=used)
    elif isinstance(F, (PiecewiseSelection, StructuredMap)):
        graph = F.to_selection() if isinstance(F, StructuredMap) else F
        sweep = Sweep(graph, flat, kind=kind, tolerance=used, limit=max_pieces)
    elif kind == "program":
        sweep = ProgramSweep(F, flat, tolerance=used, limit=max_pieces)
    else:
        raise ArgumentError(f'`{CALL}(kind=...)` is "program" for a program; got {kind!r}.')
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
        zonotopes=sweep.zonotopes,
    )


def _read_points(F: StateMap, points: ArrayLike) -> Floats:
    wanted = f"shape (..., {len(F.names)}), the last axis holding {_some(F.names)}"
    given = as_real_array(points, call=CALL, argument="points", wanted=wanted)
    if given.ndim == 0 or given.shape[-1] != len(F.names):
        raise ShapeError(f"`{CALL}(points=...)` needs {wanted}; got {given.shape}.")
    return given


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) <= 12 else f"{names[0]}, {names[1]}, ..., {names[-1]}"
