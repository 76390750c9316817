"""Composition and stacking of functions, on one joint graph."""

from typing import Any

from conservative._core.errors import ArgumentError, ArgumentTypeError, ShapeError
from conservative.functions.graph.builder import Builder
from conservative.functions.graph.copying import graft
from conservative.functions.joint_graph import joined, refuse_both_roles
from conservative.functions.selection import PiecewiseSelection


def compose(G: PiecewiseSelection, F: PiecewiseSelection) -> PiecewiseSelection:
    """The function (x, theta) -> G(F(x, theta), theta), on one graph.

    Its Jacobian set is the joint reading of the composed formula: subexpressions that F and G have in common are
    switched together. It lies in the product of sets {J_G J_F} of `conservative.jacobians.chain_rule`.

    Parameters
    ----------
    G, F : PiecewiseSelection
        The state variables of G, in order, take the components of F, whatever their names. Parameters with equal names
        are one parameter.

    Returns
    -------
    PiecewiseSelection
        Of the state of F, and the parameters of F followed by those that G adds.

    Raises
    ------
    ShapeError
        When F has not as many components as G has state variables.
    ArgumentError
        When a parameter of G has the name of a state variable of F.
    ArgumentTypeError

    Examples
    --------
    >>> from conservative.functions import from_sympy
    >>> square, absolute = from_sympy("x**2", state="x"), from_sympy("Abs(y)", state="y")
    >>> compose(square, absolute).evaluate([[-3.0]]).tolist()
    [[9.0]]
    """
    _check([G, F], "compose(G, F)")
    if len(F.graph.outputs) != len(G.state):
        raise ShapeError(
            f"`compose(G, F)` needs as many components of F as G has state variables; got {len(F.graph.outputs)} and "
            f"{len(G.state)}."
        )
    added = [s for s in G.parameters if s.name not in {p.name for p in F.parameters}]
    parameters = [*F.parameters, *added]
    refuse_both_roles(F.state, parameters, "compose(G, F)")
    builder = Builder(len(F.state) + len(parameters))
    column = {s.name: builder.variable(i) for i, s in enumerate([*F.state, *parameters])}
    inner = graft(builder, F.graph, [column[s.name] for s in F.symbols])
    outer = graft(builder, G.graph, [*inner, *(column[s.name] for s in G.parameters)])
    return PiecewiseSelection.assembled(builder.finish(outer), state=F.state, parameters=parameters)


def stack(*functions: PiecewiseSelection) -> PiecewiseSelection:
    """The function whose components are those of all given functions, one after the other.

    Parameters
    ----------
    *functions : PiecewiseSelection
        Variables with equal names are one variable; each must be state, or parameter, throughout.

    Returns
    -------
    PiecewiseSelection

    Raises
    ------
    ArgumentError, ArgumentTypeError

    Examples
    --------
    >>> from conservative.functions import from_sympy
    >>> F, G = from_sympy("Abs(x)", state="x"), from_sympy("x + y", state=["y", "x"])
    >>> stack(F, G).evaluate([[-3.0, 1.0]]).tolist()
    [[3.0, -2.0]]
    """
    _check(functions, "stack")
    builder, outputs, state, parameters = joined(functions, "stack")
    graph = builder.finish([o for part in outputs for o in part])
    return PiecewiseSelection.assembled(graph, state=state, parameters=parameters)


def _check(functions: Any, call: str) -> None:
    if not functions:
        raise ArgumentError(f"`{call}` needs at least one function; got none.")
    for function in functions:
        if not isinstance(function, PiecewiseSelection):
            raise ArgumentTypeError(f"`{call}` needs functions made by `from_sympy`; got {type(function).__name__}.")
