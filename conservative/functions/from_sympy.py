"""`from_sympy`: the way in for sympy expressions and for text."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import sympy

from conservative._core.checks import as_items
from conservative._core.errors import ArgumentError, ArgumentTypeError, DiscontinuityError, FunctionError
from conservative._core.identifiers import require_names
from conservative.functions.continuity.jump_search import find_jump
from conservative.functions.expressions.sympy_reader import SympyReader
from conservative.functions.expressions.text_reader import RESERVED, TextReader
from conservative.functions.expressions.variable_names import entry_name, is_entry, is_name, listed
from conservative.functions.graph.builder import Builder
from conservative.functions.graph.compiled import compile_graph
from conservative.functions.graph.nodes import BOOLEANS
from conservative.functions.graph.to_sympy import written
from conservative.functions.selection import PiecewiseSelection

_WRITTEN_OUT = (sympy.Sum, sympy.Product, sympy.Indexed, sympy.matrices.expressions.matexpr.MatrixElement)
"""What the graph holds term by term, and is shown so."""


def from_sympy(F: Any, *, state: Any, parameters: Any = ()) -> PiecewiseSelection:
    """Read a continuous, piecewise smooth function F(x, theta).

    Arithmetic, powers, exp, log, sqrt, trigonometric and hyperbolic functions, erf, sinc, log1p, expm1, sigmoid,
    softplus, atan2, `Piecewise` (with and, or, not, equalities; in text also `where`), `Max`, `Min`, `Abs`, `sign` and
    `Heaviside`, `floor`, `ceiling`, `frac` and `Mod` (in text also ``%``) where their jumps cancel, sums and products
    over whole numbers, and entries of matrices and indexed symbols. Equal subexpressions share one switch; Piecewise
    with equal guards share one choice.

    Sympy simplifies while an expression is built, before it arrives here: `Abs(x) - Abs(-x)` is already 0. What was
    built with ``evaluate=False`` is kept, and a component given as text is kept as written: it is read by
    a whitelist, never by `eval` or `sympify`.

    Parameters
    ----------
    F : sympy.Expr, str, or sequence of them, or sympy matrix
        The q components; q = p for an update map.
    state, parameters : symbol, name, or sequence of them
        The p state variables and m parameters; several names in one text ("x y"), names of entries ("x[0]"), and matrix
        symbols, which stand for their entries.

    Returns
    -------
    PiecewiseSelection

    Raises
    ------
    FunctionError
        For unknown nodes and symbols, by name, and functions that are not real.
    DiscontinuityError
        When a jump is found. Only a few points on guards that are affine in one variable are tried here;
        every later look at a point checks continuity there.
    ArgumentError, ArgumentTypeError
        For unusable `state` or `parameters`.

    Notes
    -----
    A sympy Float is read as the exact value of its double, a decimal in text as the decimal.

    Jumps along guards are searched for, here at a few points and beside every later point along finitely many arcs;
    that none is found proves no continuity, and whatever is said of Jacobians presupposes it.

    Examples
    --------
    >>> import sympy
    >>> x, t = sympy.symbols("x t")
    >>> F = from_sympy(sympy.sign(x) * sympy.Max(sympy.Abs(x) - t, 0), state=[x], parameters=[t])
    >>> F.evaluate([[3.0], [-0.5]], [1.0])
    array([[ 2.],
           [-0.]])
    """
    components = _components(F)
    symbols = _symbols(state, components, "state"), _symbols(parameters, components, "parameters")
    if not symbols[0]:
        raise ArgumentError("`from_sympy(state=...)` needs at least one variable; got none.")
    return build(components, state=symbols[0], parameters=symbols[1], call="from_sympy")


def build(
    components: Sequence[Any], *, state: Sequence[Any], parameters: Sequence[Any], call: str
) -> PiecewiseSelection:
    """Build the selection from components that are sympy expressions or text."""
    symbols = (*state, *parameters)
    names = [s.name for s in symbols]
    repeated = next((n for n in names if names.count(n) > 1), None)
    if repeated is not None:
        raise ArgumentError(f"`{call}`: the symbol {repeated} is given twice in state and parameters.")
    require_names(names, call=call)
    builder = Builder(len(symbols))
    sympy_reader = SympyReader(builder, {s: i for i, s in enumerate(symbols)})
    text_reader = TextReader(builder, {n: i for i, n in enumerate(names)})
    outputs = []
    for position, component in enumerate(components):
        try:
            outputs.append((text_reader if isinstance(component, str) else sympy_reader).read(component))
        except FunctionError as error:
            raise type(error)(f"`{call}(F=...)`, component {position}: {error}") from error
        if builder.nodes[outputs[-1]].op in BOOLEANS:
            raise FunctionError(f"`{call}(F=...)`, component {position} is a condition, not a number.")
    graph = builder.finish(outputs)
    rewritten = [isinstance(c, str) or c.has(*_WRITTEN_OUT) for c in components]
    shown = written(graph, symbols, graph.outputs) if any(rewritten) else ()
    expressions = tuple(shown[i] if rewritten[i] else c for i, c in enumerate(components))
    selection = PiecewiseSelection(expressions, tuple(state), tuple(parameters), graph, compile_graph(graph))
    jump = find_jump(graph, symbols)
    if jump is not None:
        raise DiscontinuityError(f"`{call}(F=...)`: {jump}")
    return selection


def _components(F: Any) -> list[Any]:
    if isinstance(F, sympy.MatrixExpr) and all(sympy.sympify(size).is_Integer for size in F.shape):
        F = F.as_explicit()
    if isinstance(F, (sympy.MatrixBase, sympy.NDimArray)):
        items = list(F)
    elif isinstance(F, (str, sympy.Basic, int, float)):
        items = [F]
    elif isinstance(F, Iterable):
        items = as_items(F, call="from_sympy", argument="F", wanted="sympy expressions or text")
    else:
        raise ArgumentTypeError(f"`from_sympy(F=...)` needs sympy expressions or text; got {type(F).__name__}.")
    if not items:
        raise ArgumentError("`from_sympy(F=...)` needs at least one component; got none.")
    return [_component(item) for item in items]


def _component(item: Any) -> Any:
    if isinstance(item, str):
        return item
    if isinstance(item, (int, float)) and not isinstance(item, bool):
        return sympy.sympify(item)
    if isinstance(item, (sympy.Expr, sympy.logic.boolalg.Boolean)) and not isinstance(item, sympy.MatrixExpr):
        return item
    raise ArgumentTypeError(
        f"`from_sympy(F=...)` needs sympy expressions or text as components; got {type(item).__name__}. "
        "Write a matrix expression out with `.as_explicit()`."
    )


def _symbols(given: Any, components: Sequence[Any], argument: str) -> tuple[Any, ...]:
    items = listed(given)
    if not isinstance(items, Iterable):
        raise ArgumentTypeError(f"`from_sympy({argument}=...)` needs symbols or names; got {type(given).__name__}.")
    each = as_items(items, call="from_sympy", argument=argument, wanted="symbols or names")
    expanded = [e for item in each for e in (listed(item) if isinstance(item, sympy.MatrixExpr) else [item])]
    return tuple(_symbol(item, components, argument) for item in expanded)


def _symbol(item: Any, components: Sequence[Any], argument: str) -> Any:
    if isinstance(item, sympy.Symbol):
        return item
    if is_entry(item):
        return sympy.Symbol(entry_name(item))
    if not isinstance(item, str):
        raise ArgumentTypeError(f"`from_sympy({argument}=...)` needs symbols or names; got {type(item).__name__}.")
    item = item.replace(" ", "") if "[" in item else item
    if not is_name(item) or unicodedata.normalize("NFKC", item) in RESERVED:
        raise ArgumentError(f"`from_sympy({argument}=...)`: {item[:40]!r} cannot name a variable.")
    used = {s for c in components if not isinstance(c, str) for s in c.free_symbols if s.name == item}
    if len(used) > 1:
        raise ArgumentError(
            f"`from_sympy({argument}=...)`: F holds two symbols named {item} with different assumptions. "
            "Use one Symbol object throughout."
        )
    return used.pop() if used else sympy.Symbol(item)
