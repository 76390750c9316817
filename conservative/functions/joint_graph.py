"""Several functions on one graph: variables told apart by name, numbers read exactly."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from conservative._core.errors import ArgumentError, ArgumentTypeError, FunctionError, ShapeError
from conservative.functions.expressions.sympy_reader import SympyReader
from conservative.functions.expressions.text_reader import TextReader
from conservative.functions.graph.builder import Builder
from conservative.functions.graph.copying import graft
from conservative.functions.graph.nodes import Graph, reachable
from conservative.functions.points import read_number


def joined(functions: Sequence[Any], call: str) -> tuple[Builder, list[list[int]], list[Any], list[Any]]:
    """All functions in one builder: their outputs, and the state and parameters they have together."""
    state = _union(s for f in functions for s in f.state)
    parameters = _union(s for f in functions for s in f.parameters)
    refuse_both_roles(state, parameters, call)
    builder = Builder(len(state) + len(parameters))
    column = {s.name: builder.variable(i) for i, s in enumerate([*state, *parameters])}
    outputs = [graft(builder, f.graph, [column[s.name] for s in (*f.state, *f.parameters)]) for f in functions]
    return builder, outputs, state, parameters


def refuse_both_roles(state: Sequence[Any], parameters: Sequence[Any], call: str) -> None:
    """Names that are state in one function and parameter in another."""
    both = sorted({s.name for s in state} & {s.name for s in parameters})
    if both:
        raise ArgumentError(
            f"`{call}`: {both[0]} is a state variable of one function and a parameter of another. Give it one role "
            "with `with_state` or `free`."
        )


def _union(symbols: Iterable[Any]) -> list[Any]:
    first: dict[str, Any] = {}
    for symbol in symbols:
        first.setdefault(symbol.name, symbol)
    return list(first.values())


def exact_number(value: Any, name: str, call: str) -> Any:
    """A `Fraction`, or a real irrational sympy number; a float counts as the value of its double."""
    number = read_number(value, name, call)
    return Fraction(number) if isinstance(number, float) else number


def exact_matrix(value: Any, width: int, call: str) -> list[list[Any]]:
    """The rows of a numeric matrix with `width` columns, exactly."""
    rows = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(rows, (list, tuple)) or not rows or not all(isinstance(r, (list, tuple)) for r in rows):
        raise ShapeError(f"`{call}` needs a matrix A of shape (r, {width}); got {np.shape(value)}.")
    if any(len(row) != width for row in rows):
        raise ShapeError(f"`{call}` needs a matrix A of shape (r, {width}), one column for each component of F.")
    return [[exact_number(x, "an entry of A", call) for x in row] for row in rows]


def read_expression(builder: Builder, symbols: Sequence[Any], value: Any, call: str) -> int:
    """The node of a sympy expression, text or number."""
    try:
        if isinstance(value, str):
            return TextReader(builder, {s.name: i for i, s in enumerate(symbols)}).read(value)
        if isinstance(value, sympy.Expr) and not value.is_number:
            return SympyReader(builder, {s: i for i, s in enumerate(symbols)}).read(value)
    except FunctionError as error:
        raise FunctionError(f"`{call}`: {error}") from error
    return builder.constant(exact_number(value, "the replacement", call))


def variables_below(builder: Builder, roots: Iterable[int]) -> set[int]:
    """The columns of the variables that some nodes use."""
    below = (builder.nodes[i] for i in reachable(builder.nodes, roots))
    return {node.data for node in below if node.op == "variable"}


def rearranged(graph: Graph, old: Sequence[Any], new: Sequence[Any], constants: Mapping[Any, str]) -> Graph:
    """The graph over other columns; constants with a name become the variables of that name."""
    builder = Builder(len(new))
    column = {s.name: builder.variable(i) for i, s in enumerate(new)}
    unused = builder.constant(Fraction(0))
    replaced = Graph(
        tuple(_named(node, constants, len(old)) for node in graph.nodes), graph.outputs, graph.width, graph.linear
    )
    columns = [column.get(s.name, unused) for s in old] + [column[name] for name in constants.values()]
    return builder.finish(graft(builder, replaced, columns))


def _named(node: Any, constants: Mapping[Any, str], width: int) -> Any:
    if node.op != "constant" or node.data not in constants:
        return node
    position = list(constants).index(node.data)
    return type(node)("variable", (), width + position)


def require_known(names: Iterable[str], known: Sequence[str], call: str) -> None:
    """Names that a function does not have."""
    for name in names:
        if name not in known:
            raise ArgumentError(f"`{call}`: {name!r} is not among {', '.join(known)}.")


def name_of(symbol: Any, call: str) -> str:
    """The name of a symbol, or a name."""
    if isinstance(symbol, sympy.Symbol):
        return str(symbol.name)
    if isinstance(symbol, str):
        return symbol
    raise ArgumentTypeError(f"`{call}` needs symbols or names; got {type(symbol).__name__}.")
