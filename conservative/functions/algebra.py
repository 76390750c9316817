"""Arithmetic on functions, and what is done with their variables: bound, freed, divided anew, replaced."""

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Self

import sympy

from conservative._core.checks import as_items
from conservative._core.errors import ArgumentError, ArgumentTypeError, ShapeError
from conservative._core.printable import shown
from conservative.functions.expressions.text_reader import RESERVED
from conservative.functions.graph.builder import Builder
from conservative.functions.graph.copying import graft
from conservative.functions.graph.nodes import Graph
from conservative.functions.joint_graph import (
    exact_matrix,
    exact_number,
    joined,
    name_of,
    read_expression,
    rearranged,
    require_known,
    variables_below,
)


class FunctionAlgebra(ABC):
    """Sums, products and changes of variables, all on the joint expression graph.

    Variables are told apart by name. What two functions have in common stays one switch, so a result has the joint
    program reading of its formula, which lies inside the sets that the rules of calculus give.
    """

    __slots__ = ()
    __array_ufunc__ = None

    graph: Graph
    state: tuple[Any, ...]
    parameters: tuple[Any, ...]

    @classmethod
    @abstractmethod
    def assembled(cls, graph: Graph, *, state: Sequence[Any], parameters: Sequence[Any]) -> Self:
        """A function from its graph."""

    def __add__(self, other: Any) -> Self:
        return self._paired(other, lambda build, a, b: build.add([a, b]), "F + G", broadcast=False)

    __radd__ = __add__

    def __neg__(self) -> Self:
        return self._paired(-1, lambda build, a, b: build.multiply([a, b]), "-F", broadcast=False)

    def __sub__(self, other: Any) -> Self:
        return self._paired(other, lambda build, a, b: build.add([a, build.negate(b)]), "F - G", broadcast=False)

    def __rsub__(self, other: Any) -> Self:
        return self._paired(other, lambda build, a, b: build.add([b, build.negate(a)]), "G - F", broadcast=False)

    def __mul__(self, other: Any) -> Self:
        return self._paired(other, lambda build, a, b: build.multiply([a, b]), "F * G", broadcast=True)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Self:
        if not isinstance(other, FunctionAlgebra) and exact_number(other, "G", "F / G") == 0:
            raise ArgumentError("`F / G` needs a divisor that is not 0.")
        return self._paired(
            other, lambda build, a, b: build.multiply([a, build.power(b, Fraction(-1))]), "F / G", broadcast=True
        )

    def __rmatmul__(self, matrix: Any) -> Self:
        rows = exact_matrix(matrix, len(self.graph.outputs), "A @ F")
        builder, outputs = self._copied()
        constants = [[builder.constant(x) for x in row] for row in rows]
        made = [builder.add([builder.multiply([c, o]) for c, o in zip(row, outputs, strict=True)]) for row in constants]
        return self.assembled(builder.finish(made), state=self.state, parameters=self.parameters)

    def bind(self, values: Mapping[Any, Any] | None = None, /, **named: Any) -> Self:
        """The function with some variables fixed at numbers.

        The Jacobian set of the result lies in the remaining columns of that of F (they are equal unless a guard is
        tied by the bound variables alone).

        Parameters
        ----------
        values : mapping of symbol or name to number, optional
        **named : number
            Integers, `Fraction`, sympy numbers and rational strings are exact; a float counts as the exact value of
            its double.

        Returns
        -------
        PiecewiseSelection

        Raises
        ------
        ArgumentError, ArgumentTypeError, NonFiniteError
            For unknown names, numbers that cannot be read, and when no state variable would remain.

        Examples
        --------
        >>> from conservative.functions import from_sympy
        >>> F = from_sympy("Max(x - t, 0)", state="x", parameters="t")
        >>> F.bind(t=2).evaluate([[3.0]]).tolist()
        [[1.0]]
        """
        given = {name_of(k, "bind"): v for k, v in {**(values or {}), **named}.items()}
        require_known(given, self._names(), "bind")
        state, parameters = ([s for s in part if s.name not in given] for part in (self.state, self.parameters))
        if not state:
            raise ArgumentError("`bind` must leave at least one state variable free; to look at one point use `value`.")
        builder = Builder(len(state) + len(parameters))
        position = {s.name: i for i, s in enumerate([*state, *parameters])}
        columns = [
            builder.constant(exact_number(given[n], n, f"bind({n}=...)"))
            if n in given
            else builder.variable(position[n])
            for n in self._names()
        ]
        graph = builder.finish(graft(builder, self.graph, columns))
        return self.assembled(graph, state=state, parameters=parameters)

    def free(self, *names: Any, **constants: Any) -> Self:
        """The function with state variables, or constants, made into parameters.

        Parameters
        ----------
        *names : symbol or str
            State variables that become parameters, after those there are.
        **constants : number
            ``name=value``: every constant equal to the value that stands in the formula becomes the parameter `name`.
            Exponents are not constants in this sense.

        Returns
        -------
        PiecewiseSelection

        Raises
        ------
        ArgumentError
            For unknown or repeated names, a constant that does not occur, and when no state variable would remain.

        Examples
        --------
        >>> from conservative.functions import from_sympy
        >>> F = from_sympy("Max(x - 2*y, 0)", state=["x", "y"]).free("y", a=-2)
        >>> F.state, F.parameters
        ((x,), (y, a))
        """
        moved = [name_of(n, "free") for n in names]
        require_known(moved, [s.name for s in self.state], "free")
        for name in constants:
            if name in self._names() or unicodedata.normalize("NFKC", name) in RESERVED:
                raise ArgumentError(f"`free({name}=...)`: the name {name} is taken. Choose another.")
        values = {exact_number(v, n, f"free({n}=...)"): n for n, v in constants.items()}
        present = {node.data for node in self.graph.nodes if node.op == "constant"}
        for value, name in values.items():
            if value not in present:
                raise ArgumentError(f"`free({name}=...)`: the formula has no constant {value}.")
        state = [s for s in self.state if s.name not in moved]
        added = [s for s in self.state if s.name in moved] + [sympy.Symbol(n) for n in values.values()]
        if not state:
            raise ArgumentError("`free` must leave at least one state variable.")
        return self._rearranged(state, [*self.parameters, *added], values)

    def with_state(self, *names: Any) -> Self:
        """The same function with these variables as its state, in this order, and the others as parameters.

        Parameters
        ----------
        *names : symbol or str

        Returns
        -------
        PiecewiseSelection

        Raises
        ------
        ArgumentError
            For unknown or repeated names, or none.

        Examples
        --------
        >>> from conservative.functions import from_sympy
        >>> from_sympy("x + t", state="x", parameters="t").with_state("t").parameters
        (x,)
        """
        wanted = [name_of(n, "with_state") for n in names]
        require_known(wanted, self._names(), "with_state")
        if not wanted or len(set(wanted)) < len(wanted):
            raise ArgumentError(f"`with_state` needs distinct names, at least one; got {wanted}.")
        by_name = {s.name: s for s in (*self.state, *self.parameters)}
        state = [by_name[n] for n in wanted]
        return self._rearranged(state, [s for n, s in by_name.items() if n not in wanted])

    def substitute(
        self, replacements: Mapping[Any, Any], *, state: Sequence[Any] = (), parameters: Sequence[Any] = ()
    ) -> Self:
        """The function with variables replaced by expressions, all at once.

        Parameters
        ----------
        replacements : mapping of symbol or name to sympy expression, text or number
        state, parameters : sequence of symbols or names, optional
            Variables that the expressions bring in, in addition to those of F that remain. A variable that is replaced
            remains only where an expression uses it.

        Returns
        -------
        PiecewiseSelection

        Raises
        ------
        FunctionError, ArgumentError, ArgumentTypeError
            For unknown names, and expressions that cannot be read.

        Examples
        --------
        >>> from conservative.functions import from_sympy
        >>> F = from_sympy("Max(x, 0) + y", state=["x", "y"])
        >>> F.substitute({"x": "y - z**2"}, state=["z"]).state
        (y, z)
        """
        if not isinstance(replacements, Mapping):
            raise ArgumentTypeError(
                f"`substitute(replacements=...)` needs a mapping from names to expressions; got {shown(replacements)}."
            )
        state, parameters = (
            [value]
            if isinstance(value, (str, sympy.Symbol))
            else as_items(value, call="substitute", argument=argument, wanted="names")
            for argument, value in (("state", state), ("parameters", parameters))
        )
        given = {name_of(k, "substitute"): v for k, v in replacements.items()}
        require_known(given, self._names(), "substitute")
        old = (*self.state, *self.parameters)
        fresh = [name_of(s, "substitute") for s in parameters]
        names = [name_of(s, "substitute") for s in (*state, *parameters)]
        given_symbols = zip(names, (*state, *parameters), strict=True)
        brought = [sympy.Symbol(n) if isinstance(s, str) else s for n, s in given_symbols]
        symbols = [*old, *(s for s in brought if s.name not in self._names())]
        builder = Builder(len(symbols))
        read = {n: read_expression(builder, symbols, v, f"substitute({n}=...)") for n, v in given.items()}
        columns = [read[s.name] if s.name in read else builder.variable(i) for i, s in enumerate(old)]
        whole = builder.finish(graft(builder, self.graph, columns))
        used = variables_below(builder, read.values())
        kept = [s for i, s in enumerate(symbols) if s.name not in read or i in used]
        new_parameters = [s for s in kept if s in self.parameters or s.name in fresh]
        new_state = [s for s in kept if s not in new_parameters]
        if not new_state:
            raise ArgumentError("`substitute` must leave at least one state variable. Name it in `state`.")
        graph = rearranged(whole, symbols, [*new_state, *new_parameters], {})
        return self.assembled(graph, state=new_state, parameters=new_parameters)

    def _rearranged(
        self, state: Sequence[Any], parameters: Sequence[Any], constants: Mapping[Any, str] | None = None
    ) -> Self:
        graph = rearranged(self.graph, (*self.state, *self.parameters), [*state, *parameters], constants or {})
        return self.assembled(graph, state=state, parameters=parameters)

    def _names(self) -> list[str]:
        return [s.name for s in (*self.state, *self.parameters)]

    def _copied(self) -> tuple[Builder, list[int]]:
        builder = Builder(self.graph.width)
        return builder, graft(builder, self.graph, [builder.variable(i) for i in range(self.graph.width)])

    def _paired(self, other: Any, rule: Callable[[Builder, int, int], int], call: str, *, broadcast: bool) -> Self:
        """A rule applied component by component; a number is a constant function."""
        if not isinstance(other, FunctionAlgebra):
            builder, outputs = self._copied()
            constant = builder.constant(exact_number(other, "the number", call))
            made = [rule(builder, o, constant) for o in outputs]
            return self.assembled(builder.finish(made), state=self.state, parameters=self.parameters)
        builder, (left, right), state, parameters = joined([self, other], call)
        if len(left) != len(right) and not (broadcast and 1 in (len(left), len(right))):
            raise ShapeError(
                f"`{call}` needs as many components on both sides{', or one' if broadcast else ''}; got {len(left)} "
                f"and {len(right)}."
            )
        count = max(len(left), len(right))
        left, right = (side * count if len(side) == 1 else side for side in (left, right))
        made = [rule(builder, a, b) for a, b in zip(left, right, strict=True)]
        return self.assembled(builder.finish(made), state=state, parameters=parameters)
