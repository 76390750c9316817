"""`PiecewiseSelection`: a continuous function given as switches between smooth pieces."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_count
from conservative._core.errors import ArgumentError, DiscontinuityError, FunctionError
from conservative._core.identifiers import require_names
from conservative._core.result_lines import result_line
from conservative.functions.algebra import FunctionAlgebra
from conservative.functions.continuity.jumps import continuous_traces
from conservative.functions.continuity.near_a_point import rational_point
from conservative.functions.continuity.possible_branches import decided_traces
from conservative.functions.continuity.removable import localised
from conservative.functions.expressions.source_lines import Origin
from conservative.functions.graph.arithmetic import as_sympy
from conservative.functions.graph.compiled import CompiledGraph, compile_graph
from conservative.functions.graph.enclosed_arithmetic import EnclosedArithmetic
from conservative.functions.graph.evaluate import Trace, Undefined, value_pass
from conservative.functions.graph.nodes import Graph
from conservative.functions.graph.to_sympy import abbreviated, is_rebuilt, smooth_pieces, written
from conservative.functions.leading_axes import read_batch
from conservative.functions.piece import MAX_PIECES, Piece
from conservative.functions.points import Point, read_point
from conservative.functions.residual import Residual
from conservative.functions.switched_graph import switched_graph
from conservative.functions.switched_jacobian import SwitchedJacobian
from conservative.functions.ties.active_pieces import enumerate_choices


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PiecewiseSelection(FunctionAlgebra):
    """F(x, theta), a continuous selection of smooth pieces. Made by `from_sympy` and `read_function`.

    ``F + G``, ``F - G``, ``F * G`` (component by component, or one component times all), ``F / G`` and ``A @ F`` are
    functions again, with numbers as constants; see also `bind`, `free`, `with_state`, `substitute`, `compose`, `stack`.

    Parameters
    ----------
    expressions : tuple of sympy.Expr
        The components of F as written.
    state, parameters : tuple of sympy.Symbol
    graph, program
        The expression graph, in which equal subexpressions are one switch, and its compiled form.
    origin : Origin or None
        The file that F was read from, with the line of each component.
    """

    expressions: tuple[Any, ...]
    state: tuple[Any, ...]
    parameters: tuple[Any, ...]
    graph: Graph = field(repr=False)
    program: CompiledGraph = field(repr=False)
    origin: Origin | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        require_names(self.names, call="PiecewiseSelection")

    def __reduce__(self) -> tuple[Any, ...]:
        # Sympy evaluates what is unpickled: `Abs(Abs(x))` as written comes back as `Abs(x)`, and is written anew.
        kept = tuple(e if is_rebuilt(e) else None for e in self.expressions)
        return _restored, (kept, self.state, self.parameters, self.graph, self.origin)

    @classmethod
    def assembled(cls, graph: Graph, *, state: Sequence[Any], parameters: Sequence[Any]) -> "PiecewiseSelection":
        """A function from its graph, shown as the graph is.

        Parameters
        ----------
        graph : Graph
        state, parameters : sequence of sympy.Symbol
            The columns of the graph.

        Returns
        -------
        PiecewiseSelection
        """
        shown = written(graph, (*state, *parameters), graph.outputs)
        return cls(shown, tuple(state), tuple(parameters), graph, compile_graph(graph))

    def __repr__(self) -> str:
        return result_line(
            self,
            f"expressions=({', '.join(self.texts())}{',' if len(self.expressions) == 1 else ''})",
            f"state={self.state}",
            f"parameters={self.parameters}",
        )

    def texts(self) -> tuple[str, ...]:
        """The components as text; of long ones, such as compositions of many maps, parts are left out.

        Returns
        -------
        tuple of str
        """
        return tuple(abbreviated(self.graph, self.symbols, o) for o in self.graph.outputs)

    @property
    def symbols(self) -> tuple[Any, ...]:
        """State, then parameters."""
        return self.state + self.parameters

    @property
    def names(self) -> tuple[str, ...]:
        """The names of `symbols`."""
        return tuple(s.name for s in self.symbols)

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
            NaN where a value is not real or no guard holds.

        Raises
        ------
        ShapeError
        """
        batch = read_batch(x, theta, names=self.names, state_size=len(self.state))
        return self.program.evaluate((batch.states, batch.parameters), batch.shape)

    def point(self, at: Any, *, tolerance: float | None = None, call: str = "point") -> Point:
        """Read a point of (state, parameters).

        Parameters
        ----------
        at : mapping of symbol or name to number, or sequence of numbers
        tolerance : float, optional
            For ties at float points.
        call : str
            Named in error messages.

        Returns
        -------
        Point
        """
        return read_point(at, names=self.names, tolerance=tolerance, call=call)

    def localised(self, point: Point) -> tuple["PiecewiseSelection", Graph]:
        """The function as it is at a point: what is smooth there although its formula is not stands in one node.

        Parameters
        ----------
        point : Point

        Returns
        -------
        PiecewiseSelection, Graph
            This one where there is nothing of the kind; and the graph beside the point, with the same numbers of nodes.
        """
        if not any(node.op == "power" and node.data < 1 for node in self.graph.nodes):
            return self, self.graph
        values = point.values if point.exact else tuple(Fraction(x) for x in point.values)
        arithmetic = point.arithmetic if point.exact else EnclosedArithmetic([])
        trace = value_pass(self.graph, arithmetic, values, {})
        near = None
        if not point.exact:
            base = value_pass(self.graph, point.arithmetic, point.values, {})
            near = rational_point(self.graph, point.arithmetic, point.values, base)
        tied = (trace, values) if near in (None, values) else (value_pass(self.graph, arithmetic, near, {}), near)
        graph, around = localised(self.graph, trace, values, tied)
        return (self if graph is self.graph else replace(self, graph=graph)), around

    def traces(
        self, point: Point, *, limit: int = MAX_PIECES, call: str = "active", around: Graph | None = None
    ) -> tuple[Trace, ...]:
        """Value passes at a point, one for each way to resolve the jumps there; used by the room of Jacobians.

        Parameters
        ----------
        point : Point
        limit : int
            Most passes that are listed.
        call : str
            Named in error messages.
        around : Graph, optional
            The graph beside the point, for a function that is `localised` there.

        Returns
        -------
        tuple of Trace

        Raises
        ------
        FunctionError, DiscontinuityError
        """
        try:
            return continuous_traces(
                self.graph, point.arithmetic, point.values, symbols=self.symbols, limit=limit, around=around
            )
        except DiscontinuityError as error:
            raise DiscontinuityError(f"`{call}(at=...)`, at {point}: {error}") from error
        except FunctionError as error:
            raise FunctionError(f"`{call}(at=...)`, at {point}: {error}") from error

    def active(self, at: Any, *, tolerance: float | None = None, max_pieces: int = MAX_PIECES) -> tuple[Piece, ...]:
        """The pieces that agree with F at a point, one for each combination of tied branches.

        Parameters
        ----------
        at : mapping of symbol or name to number, or sequence of numbers
        tolerance : float, optional
            At float points, values within `tolerance * max(1, |a|, |b|)` are tied (default 1e-9).
        max_pieces : int
            More than that many raises `BudgetError`.

        Returns
        -------
        tuple of Piece
            Without repetition of equal expressions.

        Raises
        ------
        FunctionError, DiscontinuityError, BudgetError, ArgumentError

        Examples
        --------
        >>> import sympy
        >>> from conservative.functions import from_sympy
        >>> x = sympy.Symbol("x")
        >>> [p.expressions for p in from_sympy(sympy.Max(x, 0), state=[x]).active({x: 0})]
        [(0,), (x,)]
        """
        max_pieces = as_count(max_pieces, call="active", argument="max_pieces", least=1)
        point = self.point(at, tolerance=tolerance, call="active")
        found: dict[tuple[Any, ...], None] = {}
        for trace in self.traces(point, limit=max_pieces):
            for choices in enumerate_choices(self.graph, trace, limit=max_pieces):
                found[smooth_pieces(self.graph, self.symbols, choices.branches)] = None
        return tuple(Piece(expressions, self.symbols) for expressions in found)

    def value(self, at: Any) -> tuple[Any, ...]:
        """The value F(x, theta) at one point: exact sympy numbers at an exact point.

        Parameters
        ----------
        at : mapping of symbol or name to number, or sequence of numbers

        Returns
        -------
        tuple of sympy.Expr

        Raises
        ------
        FunctionError
        """
        point = self.point(at, call="value")
        values = self._outputs(point)
        return tuple(as_sympy(v) if point.exact else sympy.Float(v) for v in values)

    def residual(self, at: Any, *, tolerance: float | None = None) -> Residual:
        """F(x) - x: whether a claimed fixed point is one.

        Parameters
        ----------
        at : mapping of symbol or name to number, or sequence of numbers
        tolerance : float, optional
            Used at float points (default 1e-9).

        Returns
        -------
        Residual

        Raises
        ------
        ShapeError
            When F does not map the state to itself.
        FunctionError
        """
        if len(self.expressions) != len(self.state):
            raise ArgumentError(
                f"`residual` needs a map of the state to itself; F has {len(self.expressions)} components and "
                f"{len(self.state)} state variables."
            )
        point = self.point(at, tolerance=tolerance, call="residual")
        arithmetic = point.arithmetic
        pairs = list(zip(self._outputs(point), point.values, strict=False))
        vanishes = all(arithmetic.compare(image, x) == 0 for image, x in pairs)
        values = np.array([float(image - x) for image, x in pairs])
        values.setflags(write=False)
        return Residual(values, point.exact, vanishes, point.tolerance)

    @property
    def state_size(self) -> int:
        """The number p of states."""
        return len(self.state)

    @property
    def parameter_size(self) -> int:
        """The number m of parameters."""
        return len(self.parameters)

    @property
    def size(self) -> int:
        """The number q of components of F."""
        return len(self.expressions)

    def switched(self, at: Any, *, tolerance: float | None = None) -> SwitchedJacobian:
        """All Jacobians that a program which writes F this way may return at a point, in abs-normal form.

        Parameters
        ----------
        at : mapping of symbol or name to number, or sequence of numbers
        tolerance : float, optional
            At float points, values within `tolerance * max(1, |a|, |b|)` are tied (default 1e-9).

        Returns
        -------
        SwitchedJacobian
            Its members are the blocks of ``conservative_jacobian(kind="program")``; where jumps cancel inside F, its
            `others` are the other sides.

        Raises
        ------
        FunctionError, DiscontinuityError, ArgumentError, ArgumentTypeError, ShapeError

        Examples
        --------
        >>> from conservative.functions import from_sympy
        >>> form = from_sympy("Max(x, 0) + Abs(y)", state=["x", "y"]).switched([0, 0])
        >>> [tie.name for tie in form.ties], form.vertices().astype(int).tolist()
        (['Abs(y)', 'Max(0, x)'], [[[1, 1]], [[0, 1]], [[1, -1]], [[0, -1]]])
        """
        point = self.point(at, tolerance=tolerance, call="switched")
        local, around = self.localised(point)
        traces = local.traces(point, call="switched", around=around)
        decided = decided_traces(local.graph, point.arithmetic, point.values, traces, around=around)
        first, *others = (local._opened(trace, point) for trace in decided)
        return replace(first, others=tuple(others), clean=first.clean and not others)

    def _opened(self, trace: Trace, point: Point) -> SwitchedJacobian:
        tied = [index for index, options in trace.options.items() if len(options) > 1]
        return switched_graph(
            self.graph,
            trace,
            point.arithmetic,
            names={index: abbreviated(self.graph, self.symbols, index) for index in tied},
            state_size=len(self.state),
            tolerance=point.tolerance,
        )

    def _outputs(self, point: Point) -> list[Any]:
        values = value_pass(self.graph, point.arithmetic, point.values, {}).values
        outputs = [values[o] for o in self.graph.outputs]
        for output in outputs:
            if isinstance(output, Undefined):
                raise FunctionError(f"at {point} the function has no value: {output.reason}.")
        return outputs


def _restored(
    kept: tuple[Any, ...], state: tuple[Any, ...], parameters: tuple[Any, ...], graph: Graph, origin: Origin | None
) -> PiecewiseSelection:
    """A function from what was pickled: its expressions, or None for those that the graph shall be written as."""
    anew = written(graph, (*state, *parameters), graph.outputs) if None in kept else kept
    shown = tuple(b if a is None else a for a, b in zip(kept, anew, strict=True))
    return PiecewiseSelection(shown, state, parameters, graph, compile_graph(graph), origin)
