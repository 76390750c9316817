"""Expressions written as text, read by a whitelist on Python's `ast`: nothing is ever executed.

What is written is kept: `Abs(x) - Abs(-x)` has two switches, although sympy would make it 0. Decimal
numbers are exact (0.1 is 1/10). Length, depth, digits and powers are bounded.
"""

import ast
import keyword
import re
import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from fractions import Fraction

import sympy

from conservative._core.errors import ArgumentError, FunctionError
from conservative._core.identifiers import require_names
from conservative._core.rationals import as_fraction
from conservative.functions.expressions.sympy_reader import SympyReader, angle, step, whole_part
from conservative.functions.graph.arithmetic import as_sympy
from conservative.functions.graph.builder import Builder
from conservative.functions.graph.elementary import READABLE, SHOWN
from conservative.functions.vocabulary import by_name

MAX_LENGTH = 20_000
MAX_DEPTH = 60
MAX_DIGITS = 400
MAX_EXPONENT = 1_000

_COMPARISONS = {ast.Lt: "lt", ast.LtE: "le", ast.Eq: "eq", ast.GtE: "ge", ast.Gt: "gt", ast.NotEq: "ne"}
_RELATION_CALLS = {"Lt": "lt", "Le": "le", "Eq": "eq", "Ge": "ge", "Gt": "gt", "Ne": "ne"}
_EXTREMA = {"Max": "max", "max": "max", "maximum": "max", "Min": "min", "min": "min", "minimum": "min"}
_LOGIC_CALLS = {"And": "and", "Or": "or", "Not": "not"}
_CONSTANTS = {"pi": sympy.pi, "E": sympy.E}
_FLOORS = {"floor": "floor", "ceiling": "ceiling", "ceil": "ceiling", "frac": "frac", "Mod": "Mod", "mod": "Mod"}
_CALLS = ("Max", "Min", "Abs", "sign", "Piecewise", "where", "sqrt", "atan2", "Heaviside", *_FLOORS, *READABLE)
_OPEN = frozenset({"maximum", "minimum", "where", "atan2", "Heaviside", *_FLOORS, *SHOWN, "erf", "sinc"})
"""Functions whose names variables may have too."""
_LISTED = ", ".join((*_CALLS, *by_name.FUNCTIONS))
RESERVED = frozenset({*_EXTREMA, *_RELATION_CALLS, *_LOGIC_CALLS, *_CONSTANTS, *_CALLS, "abs", *keyword.kwlist}) - _OPEN
"""Names that a symbol cannot have."""


class TextReader:
    """Translates expressions over known names into a `Builder`."""

    def __init__(self, builder: Builder, columns: Mapping[str, int]) -> None:
        self.builder = builder
        require_names(columns, call="from_sympy")
        self.columns = {unicodedata.normalize("NFKC", name): column for name, column in columns.items()}
        self._text = ""
        self._lines: list[bytes] = []

    def read(self, text: str) -> int:
        """The node of one expression."""
        if len(text) > MAX_LENGTH:
            raise FunctionError(f"an expression of {len(text):,} characters; at most {MAX_LENGTH:,} are read.")
        if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
            raise FunctionError("not an expression: it holds half of a pair of surrogates.")
        self._text = text.strip()
        self._lines = [line.encode() for line in re.split(r"\r\n|\r|\n", self._text)]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                tree = ast.parse(self._text, mode="eval")
        except SyntaxError as error:
            where = f" at column {error.offset}" if error.offset else ""
            raise FunctionError(f"not an expression{where} ({error.msg}): {self._text[:60]!r}.") from error
        except (ValueError, MemoryError, RecursionError) as error:
            raise FunctionError(f"not an expression that can be read: {self._text[:60]!r}.") from error
        return self._number(tree.body, 0)

    def _segment(self, node: ast.AST) -> str:
        start, end = (getattr(node, name, None) for name in ("lineno", "end_lineno"))
        if start is None or start != end:
            return self._text
        begin, stop = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0)
        return bytes(self._lines[start - 1][begin:stop]).decode()

    def _refuse(self, node: ast.AST, why: str) -> FunctionError:
        line = self._lines[getattr(node, "lineno", 1) - 1]
        column = len(line[: getattr(node, "col_offset", 0)].decode(errors="ignore")) + 1
        piece = self._segment(node)[:60]
        return FunctionError(f"column {column}: {piece!r}: {why}")

    def _deeper(self, node: ast.AST, depth: int) -> int:
        if depth >= MAX_DEPTH:
            raise self._refuse(node, f"nested deeper than {MAX_DEPTH} levels.")
        return depth + 1

    def _number(self, node: ast.expr, depth: int) -> int:
        deeper = self._deeper(node, depth)
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.Subscript(value=ast.Name()) if self._segment(node).replace(" ", "") in self.columns:
                return self.builder.variable(self.columns[self._segment(node).replace(" ", "")])
            case ast.UnaryOp(op=ast.UAdd()):
                return self._number(node.operand, deeper)
            case ast.UnaryOp(op=ast.USub()):
                return self.builder.negate(self._number(node.operand, deeper))
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return self._chain(node, deeper, (ast.Add, ast.Sub))
            case ast.BinOp(op=ast.Mult() | ast.Div()):
                return self._chain(node, deeper, (ast.Mult, ast.Div))
            case ast.BinOp(op=ast.Pow()):
                return self._power(node, deeper)
            case ast.BinOp(op=ast.BitXor()):
                raise self._refuse(node, "write a power with **.")
            case ast.BinOp(op=ast.Mod()):
                return self._modulo(node, [node.left, node.right], deeper)
            case ast.Call():
                return self._call(node, deeper)
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                raise self._refuse(node, "a condition stands where a number is wanted; use it in Piecewise.")
            case _:
                kind = type(node.op if isinstance(node, ast.BinOp | ast.UnaryOp) else node).__name__
                raise self._refuse(node, f"{kind} is not part of the expression language.")

    def _chain(self, node: ast.BinOp, depth: int, kinds: tuple[type, type]) -> int:
        """A sum or a product read from the left without recursion, however long."""
        operands: list[int] = []
        current: ast.expr = node
        while isinstance(current, ast.BinOp) and isinstance(current.op, kinds):
            right = self._number(current.right, depth)
            if isinstance(current.op, ast.Sub):
                right = self.builder.negate(right)
            elif isinstance(current.op, ast.Div):
                if self.builder.nodes[right] == self.builder.nodes[self.builder.constant(Fraction(0))]:
                    raise self._refuse(current, "division by zero.")
                right = self.builder.power(right, Fraction(-1))
            operands.append(right)
            current = current.left
        operands.append(self._number(current, depth))
        operands.reverse()
        return self.builder.add(operands) if ast.Add in kinds else self.builder.multiply(operands)

    def _power(self, node: ast.BinOp, depth: int) -> int:
        base, exponent = self._number(node.left, depth), self._number(node.right, depth)
        known = self.builder.nodes[exponent]
        if known.op == "constant" and isinstance(known.data, Fraction):
            if max(abs(known.data.numerator), known.data.denominator) > MAX_EXPONENT:
                raise self._refuse(node, f"exponents are bounded by {MAX_EXPONENT}.")
            if known.data < 0 and base == self.builder.constant(Fraction(0)):
                raise self._refuse(node, "division by zero.")
        power = self.builder.exponential(base, exponent)
        whole = isinstance(known.data, Fraction) and known.data.denominator == 1
        if whole and self.builder.nodes[base].op == "constant" and self.builder.nodes[power].op != "constant":
            raise self._refuse(node, "this power has too many digits.")
        return power

    def _constant(self, node: ast.Constant) -> int:
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise self._refuse(node, "only real numbers are read.")
        text = self._segment(node).replace("_", "")
        if len(text) > MAX_DIGITS:
            raise self._refuse(node, f"numbers have at most {MAX_DIGITS} digits.")
        if isinstance(node.value, int):
            return self.builder.constant(Fraction(node.value))
        if node.value in (float("inf"), 0.0) and len(text.lower().partition("e")[2]) > 3:
            raise self._refuse(node, "this number is beyond the range of a double.")
        return self.builder.constant(as_fraction(text))

    def _name(self, node: ast.AST, name: str) -> int:
        if name in self.columns:
            return self.builder.variable(self.columns[name])
        if name in _CONSTANTS:
            return self.builder.constant(_CONSTANTS[name])
        if name in RESERVED:
            raise self._refuse(node, "this name stands for a function or a condition, not a number.")
        listed = ", ".join(self.columns)
        raise self._refuse(node, f"unknown symbol {name}; the known ones are {listed}.")

    def _call(self, node: ast.Call, depth: int) -> int:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise self._refuse(node, "functions take plain arguments only.")
        if name == "Piecewise":
            return self._piecewise(node, depth)
        if name == "where":
            return self._where(node, depth)
        if name in by_name.FUNCTIONS:
            return self._vocabulary(node, name, depth)
        if name not in RESERVED | _OPEN or name in _RELATION_CALLS or name in _LOGIC_CALLS or name in _CONSTANTS:
            raise self._refuse(node, f"not a function that can be read; the functions are {_LISTED}.")
        if name in _EXTREMA:
            if not node.args:
                raise self._refuse(node, f"{name} needs at least one argument.")
            return self.builder.extremum(_EXTREMA[name], [self._number(a, depth) for a in node.args])
        if name in ("atan2", "Heaviside"):
            return self._of_two(node, name, depth)
        if name in _FLOORS:
            return self._whole_part(node, name, depth)
        if len(node.args) != 1:
            raise self._refuse(node, f"{name} takes one argument; got {len(node.args)}.")
        argument = self._number(node.args[0], depth)
        if name in ("Abs", "abs"):
            return self.builder.absolute(argument)
        if name == "sign":
            return self.builder.sign(argument)
        if name == "sqrt":
            return self.builder.power(argument, Fraction(1, 2))
        return self.builder.smooth(name, argument)

    def _vocabulary(self, node: ast.Call, name: str, depth: int) -> int:
        """A named function: its sympy expression in stand-ins for the arguments, read into the same graph."""
        given: dict[sympy.Expr, int] = {}
        arguments = []
        for index in (self._number(a, depth) for a in node.args):
            known = self.builder.nodes[index]
            arguments.append(as_sympy(known.data) if known.op == "constant" else sympy.Symbol(f"_{index}", real=True))
            given[arguments[-1]] = index
        try:
            return SympyReader(self.builder, {}, done=given).read(by_name.apply(name, arguments))
        except ArgumentError as error:
            raise self._refuse(node, str(error)) from error

    def _of_two(self, node: ast.Call, name: str, depth: int) -> int:
        """atan2(y, x), Heaviside(x) or Heaviside(x, value at 0)."""
        if len(node.args) > 2 or len(node.args) < (2 if name == "atan2" else 1):
            raise self._refuse(node, f"{name} takes {'two' if name == 'atan2' else 'one or two'} arguments.")
        inputs = [self._number(a, depth) for a in node.args]
        return (angle if name == "atan2" else step)(self.builder, inputs)

    def _whole_part(self, node: ast.Call, name: str, depth: int) -> int:
        """floor(x), ceiling(x), frac(x) or Mod(x, period)."""
        kind = _FLOORS[name]
        if len(node.args) != (2 if kind == "Mod" else 1):
            raise self._refuse(node, f"{name} takes {'two arguments' if kind == 'Mod' else 'one argument'}.")
        if kind == "Mod":
            return self._modulo(node, node.args, depth)
        return whole_part(self.builder, kind, [self._number(node.args[0], depth)])

    def _modulo(self, node: ast.expr, sides: Sequence[ast.expr], depth: int) -> int:
        """u - v floor(u/v), which is Python's u % v."""
        inputs = [self._number(side, depth) for side in sides]
        if inputs[1] == self.builder.constant(Fraction(0)):
            raise self._refuse(node, "division by zero.")
        return whole_part(self.builder, "Mod", inputs)

    def _where(self, node: ast.Call, depth: int) -> int:
        """where(condition, value, otherwise)."""
        if len(node.args) != 3:
            raise self._refuse(node, f"where takes a condition and two values; got {len(node.args)} arguments.")
        guard = self._condition(node.args[0], depth)
        value, otherwise = (self._number(a, depth) for a in node.args[1:])
        return self.builder.piecewise([(value, guard), (otherwise, self.builder.truth(True))])

    def _piecewise(self, node: ast.Call, depth: int) -> int:
        branches = []
        for pair in node.args:
            if not isinstance(pair, ast.Tuple) or len(pair.elts) != 2:
                raise self._refuse(pair, "Piecewise takes pairs (value, condition).")
            branches.append((self._number(pair.elts[0], depth), self._condition(pair.elts[1], depth)))
        if not branches:
            raise self._refuse(node, "Piecewise needs at least one pair (value, condition).")
        return self.builder.piecewise(branches)

    def _condition(self, node: ast.expr, depth: int) -> int:
        deeper = self._deeper(node, depth)
        match node:
            case ast.Constant(value=bool() as value):
                return self.builder.truth(value)
            case ast.BoolOp():
                op = "and" if isinstance(node.op, ast.And) else "or"
                return self.builder.logic(op, [self._condition(v, deeper) for v in node.values])
            case ast.BinOp(op=ast.BitAnd() | ast.BitOr()):
                op = "and" if isinstance(node.op, ast.BitAnd) else "or"
                return self.builder.logic(op, [self._condition(v, deeper) for v in (node.left, node.right)])
            case ast.UnaryOp(op=ast.Not() | ast.Invert()):
                return self.builder.logic("not", [self._condition(node.operand, deeper)])
            case ast.Compare():
                return self._compare(node, deeper)
            case ast.Call(func=ast.Name(id=name)) if name in _RELATION_CALLS or name in _LOGIC_CALLS:
                return self._condition_call(node, name, deeper)
            case _:
                raise self._refuse(node, "a condition is wanted: comparisons joined by and, or, not.")

    def _compare(self, node: ast.Compare, depth: int) -> int:
        sides = [self._number(side, depth) for side in (node.left, *node.comparators)]
        parts = []
        for op, left, right in zip(node.ops, sides, sides[1:], strict=False):
            if type(op) not in _COMPARISONS:
                raise self._refuse(node, "only <, <=, ==, !=, >=, > compare numbers.")
            parts.append(self.builder.relation(_COMPARISONS[type(op)], left, right))
        return self.builder.logic("and", parts)

    def _condition_call(self, node: ast.Call, name: str, depth: int) -> int:
        wanted = 1 if name == "Not" else 2
        if node.keywords or len(node.args) < wanted or (name not in ("And", "Or") and len(node.args) > wanted):
            raise self._refuse(node, f"{name} takes {wanted} argument{'s' if wanted > 1 else ''}.")
        if name in _LOGIC_CALLS:
            return self.builder.logic(_LOGIC_CALLS[name], [self._condition(a, depth) for a in node.args])
        left, right = (self._number(a, depth) for a in node.args)
        return self.builder.relation(_RELATION_CALLS[name], left, right)
