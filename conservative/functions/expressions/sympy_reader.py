"""From sympy expressions to the graph; everything that is not understood is refused by name."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import sympy

from conservative._core.errors import FunctionError
from conservative.functions.expressions.variable_names import MAX_TERMS, entry_name, is_entry, written_out
from conservative.functions.graph.builder import Builder
from conservative.functions.graph.elementary import NEAREST, READABLE
from conservative.functions.graph.sorting_networks import Networks

_KINDS = {"Rel": "", "<": "lt", "<=": "le", "==": "eq", ">=": "ge", ">": "gt", "!=": "ne"}
_RECIPROCALS = {"cot": "tan", "sec": "cos", "csc": "sin", "coth": "tanh", "sech": "cosh", "csch": "sinh"}
_ARRAYS = (sympy.Sum, sympy.Product, sympy.Indexed, sympy.matrices.expressions.matexpr.MatrixElement)
_ALIASES = {"Sigmoid": "sigmoid", "Softplus": "softplus"}
_FLOORS = ("floor", "ceiling", "frac", "Mod")
_REMEDIES = {
    "ImaginaryUnit": "Only real functions are read.",
    "ComplexInfinity": "It holds a division by zero.",
    "Infinity": "Only finite numbers are read.",
    "NegativeInfinity": "Only finite numbers are read.",
    "NaN": "Only finite numbers are read.",
    "im": "Declare the symbols with `real=True`.",
    "arg": "Declare the symbols with `real=True`.",
    "Derivative": "Call `.doit()` first.",
    "Integral": "Call `.doit()` first.",
}


class SympyReader:
    """Translates expressions over known symbols into a `Builder`, without recursion."""

    def __init__(self, builder: Builder, columns: Mapping[Any, int], *, done: Mapping[Any, int] | None = None) -> None:
        self.builder, self.columns = builder, columns
        self._done: dict[Any, int] = dict(done or {})
        self._names = {str(symbol): column for symbol, column in columns.items()}
        self._expanded: dict[Any, tuple[Any, ...]] = {}
        self._rules = self._make_rules()

    def read(self, expression: Any) -> int:
        """The node of one real expression."""
        stack = [expression]
        while stack:
            current = stack[-1]
            self._require_known(current)
            if current in self._done:
                stack.pop()
                continue
            waiting = [a for a in self._operands(current) if a not in self._done]
            if waiting:
                stack.extend(reversed(waiting))
            else:
                stack.pop()
                self._done[current] = self._node(current)
        return self._done[expression]

    def _require_known(self, expression: Any) -> None:
        name = _kind(expression)
        structural = isinstance(expression, (sympy.Piecewise, sympy.Pow, sympy.core.relational.Relational, *_ARRAYS))
        if not (expression.is_Atom or structural or name in READABLE or name in _RECIPROCALS or name in self._rules):
            raise FunctionError(unknown(name, str(expression)))

    def _operands(self, expression: Any) -> tuple[Any, ...]:
        if isinstance(expression, _ARRAYS):
            if expression not in self._expanded:
                self._expanded[expression] = _parts(expression)
            return self._expanded[expression]
        if isinstance(expression, sympy.Piecewise):
            return tuple(part for pair in expression.args for part in (pair.expr, pair.cond))
        if isinstance(expression, sympy.Pow) and expression.exp.is_Rational:
            return (expression.base,)
        if isinstance(expression, sympy.Heaviside):
            return tuple(a for a in expression.args if a is not sympy.nan)
        return () if expression.is_Atom else tuple(expression.args)

    def _node(self, expression: Any) -> int:
        if expression.is_Atom and not isinstance(expression, _ARRAYS):
            return self._atom(expression)
        if isinstance(expression, sympy.Piecewise):
            return self.builder.piecewise([(self._done[p.expr], self._done[p.cond]) for p in expression.args])
        inputs = [self._done[a] for a in self._operands(expression)]
        if isinstance(expression, _ARRAYS):
            return self._array(expression, inputs)
        if isinstance(expression, sympy.Pow):
            if expression.exp.is_Rational:
                return self.builder.power(inputs[0], Fraction(int(expression.exp.p), int(expression.exp.q)))
            return self.builder.exponential(inputs[0], inputs[1])
        if isinstance(expression, sympy.core.relational.Relational):
            return self._relation(expression, inputs)
        name = _kind(expression)
        if name in READABLE:
            return self.builder.smooth(name, inputs[0])
        if name in _RECIPROCALS:
            return self.builder.power(self.builder.smooth(_RECIPROCALS[name], inputs[0]), Fraction(-1))
        return self._rules[name](inputs)

    def _make_rules(self) -> dict[str, Callable[[list[int]], int]]:
        build, networks = self.builder, Networks(self.builder)
        return {
            "Add": build.add,
            "Mul": build.multiply,
            "Max": lambda i: build.extremum("max", i),
            "Min": lambda i: build.extremum("min", i),
            "Abs": lambda i: build.absolute(i[0]),
            "sign": lambda i: build.sign(i[0]),
            "Heaviside": lambda i: step(build, i),
            "atan2": lambda i: angle(build, i),
            **{name: lambda i, name=name: whole_part(build, name, i) for name in _FLOORS},  # type: ignore[misc]
            "And": lambda i: build.logic("and", i),
            "Or": lambda i: build.logic("or", i),
            "Not": lambda i: build.logic("not", i),
            "ITE": lambda i: self._if_then_else(i),
            "Xor": lambda i: self._exclusive(i),
            "re": lambda i: i[0],
            "conjugate": lambda i: i[0],
            "UnevaluatedExpr": lambda i: i[0],
            "SortedValue": networks.sorted_value,
            "LargestSum": networks.largest_sum,
        }

    def _array(self, expression: Any, inputs: list[int]) -> int:
        """A sum or product term by term, or an entry: a variable by its name, or what stands there."""
        if isinstance(expression, sympy.Sum):
            return self.builder.add(inputs)
        if isinstance(expression, sympy.Product):
            return self.builder.multiply(inputs)
        if inputs:
            return inputs[0]
        name = entry_name(expression)
        if name not in self._names:
            raise FunctionError(f"unknown symbol {name}; the known ones are {', '.join(self._names)}.")
        return self.builder.variable(self._names[name])

    def _relation(self, expression: Any, inputs: list[int]) -> int:
        kind = _KINDS.get(expression.rel_op)
        if not kind:
            raise FunctionError(unknown(type(expression).__name__, str(expression)))
        for side in expression.args:
            if not isinstance(side, sympy.Expr):
                raise FunctionError(f"{expression} compares truth values; write it with And, Or, Not.")
        return self.builder.relation(kind, inputs[0], inputs[1])

    def _if_then_else(self, inputs: list[int]) -> int:
        test, yes, no = inputs
        build = self.builder
        return build.logic(
            "or", [build.logic("and", [test, yes]), build.logic("and", [build.logic("not", [test]), no])]
        )

    def _exclusive(self, inputs: list[int]) -> int:
        result = inputs[0]
        for other in inputs[1:]:
            result = self._if_then_else([other, self.builder.logic("not", [result]), result])
        return result

    def _atom(self, expression: Any) -> int:
        if expression in self.columns:
            return self.builder.variable(self.columns[expression])
        if expression.is_Symbol:
            raise FunctionError(self._unknown_symbol(expression))
        if expression in (sympy.true, sympy.false):
            return self.builder.truth(bool(expression))
        if expression.is_Rational:
            return self.builder.constant(Fraction(int(expression.p), int(expression.q)))
        if expression.is_Float:
            return self.builder.constant(Fraction(float(expression)))
        if isinstance(expression, sympy.NumberSymbol):
            return self.builder.constant(expression)
        raise FunctionError(unknown(type(expression).__name__, str(expression)))

    def _unknown_symbol(self, symbol: Any) -> str:
        listed = ", ".join(str(s) for s in self.columns)
        if any(str(s) == symbol.name for s in self.columns):
            return (
                f"the symbol {symbol.name} occurs in F with other assumptions than in `state` or `parameters`. "
                "Use one Symbol object in both, or give its name as text."
            )
        return f"unknown symbol {symbol.name}; the known ones are {listed}. Add it to `state` or `parameters`."


def step(build: Builder, inputs: list[int]) -> int:
    """0 below 0, 1 above, at 0 the second operand or 1/2: a jump, which must be continuous in the whole."""
    zero = build.constant(Fraction(0))
    middle = inputs[1] if len(inputs) > 1 else build.constant(Fraction(1, 2))
    below, at = build.relation("lt", inputs[0], zero), build.relation("eq", inputs[0], zero)
    return build.piecewise([(zero, below), (middle, at), (build.constant(Fraction(1)), build.truth(True))])


def whole_part(build: Builder, name: str, inputs: list[int]) -> int:
    """floor(u), ceiling(u), frac(u) or Mod(u, v) = u - v floor(u/v), whose jumps must cancel in the whole."""
    u = inputs[0]
    if name == "floor":
        return _floor(build, u)
    if name == "ceiling":
        return build.negate(_floor(build, build.negate(u)))
    period = inputs[1] if name == "Mod" else build.constant(Fraction(1))
    ratio = u if name == "frac" else build.multiply([u, build.power(period, Fraction(-1))])
    return build.add([u, build.negate(build.multiply([period, _floor(build, ratio)]))])


def _floor(build: Builder, u: int) -> int:
    """The nearest integer n, or n - 1 where u < n: written so, nothing jumps but where u is an integer."""
    nearest = build.smooth(NEAREST, u)
    short = (build.constant(Fraction(-1)), build.relation("lt", u, nearest))
    return build.add([nearest, build.piecewise([short, (build.constant(Fraction(0)), build.truth(True))])])


def angle(build: Builder, inputs: list[int]) -> int:
    """atan2(y, x) by the half angle: 2 atan(y/(r + x)), on the left ±π - 2 atan(y/(r - x)), which jumps at the cut."""
    y, x = inputs
    two = Fraction(2)
    radius = build.power(build.add([build.power(x, two), build.power(y, two)]), Fraction(1, 2))
    zero, always = build.constant(Fraction(0)), build.truth(True)
    sums = (build.add([radius, x]), build.add([radius, build.negate(x)]))
    halves = [build.smooth("atan", build.multiply([y, build.power(total, Fraction(-1))])) for total in sums]
    right, turned = (build.multiply([build.constant(two), half]) for half in halves)
    ends = build.constant(sympy.pi), build.constant(-sympy.pi)
    straight = build.piecewise([(ends[0], build.relation("ge", y, zero)), (ends[1], always)])
    left = build.add([straight, build.negate(turned)])
    return build.piecewise([(right, build.relation("ge", x, zero)), (left, always)])


def _kind(expression: Any) -> str:
    name = type(expression).__name__
    return _ALIASES.get(name, name)


def _parts(expression: Any) -> tuple[Any, ...]:
    """The terms of a sum or product; what stands at an entry of a matrix expression, nothing for a variable."""
    if isinstance(expression, (sympy.Sum, sympy.Product)):
        terms = written_out(expression)
        if terms is None:
            raise FunctionError(
                f"`{type(expression).__name__}` needs whole numbers as limits, at most {MAX_TERMS:,} terms, in "
                f"{str(expression)[:80]}."
            )
        return terms
    if is_entry(expression):
        return ()
    if isinstance(expression, sympy.Indexed):
        raise FunctionError(f"{expression} has an index that is not a number.")
    inner = expression.parent.as_explicit()[expression.i, expression.j]
    return (inner,)


def unknown(name: str, text: str) -> str:
    """Why a node is refused."""
    remedy = _REMEDIES.get(name, "Use arithmetic, powers, elementary functions, Piecewise, Max, Min, Abs or sign.")
    return f"`{name}` cannot be read, in {text[:80]}. {remedy}"
