"""Expressions of the package in the natural spelling of an array framework, by a small evaluator of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from types import SimpleNamespace
from typing import Any

import numpy as np
import sympy

import conservative as cj

SPELLINGS = ("maximum", "relu", "clip")
"""How max(z, 0) and the like are written where a framework has several ways."""

_RELATIONS = {
    sympy.Lt: lambda a, b: a < b,
    sympy.Le: lambda a, b: a <= b,
    sympy.Gt: lambda a, b: a > b,
    sympy.Ge: lambda a, b: a >= b,
    sympy.Eq: lambda a, b: a == b,
    sympy.Ne: lambda a, b: a != b,
}


@dataclass(frozen=True)
class Translation:
    """f(x) for a vector x: the components of a selection, written with `framework`.

    `framework` has maximum, minimum, absolute, sign, where, relu, clip, sqrt, exp, sort, stack and constant.
    """

    F: cj.PiecewiseSelection
    framework: SimpleNamespace
    spelling: str = "maximum"

    def __call__(self, x: Any) -> Any:
        values = {symbol: x[i] for i, symbol in enumerate(self.F.symbols)}
        return self.framework.stack([self._evaluate(e, values) for e in self.F.expressions])

    def _evaluate(self, expression: Any, values: dict[Any, Any]) -> Any:
        if expression not in values:
            values[expression] = self._apply(expression, values)
        return values[expression]

    def _apply(self, expression: Any, values: dict[Any, Any]) -> Any:
        if expression.is_number:
            return self.framework.constant(float(expression))
        if isinstance(expression, sympy.Piecewise):
            return self._where(expression, values)
        if isinstance(expression, (sympy.Max, sympy.Min)):
            return self._extremum(expression, values)
        inputs = [self._evaluate(a, values) for a in expression.args]
        if isinstance(expression, sympy.Add):
            return reduce(lambda a, b: a + b, inputs)
        if isinstance(expression, sympy.Mul):
            return reduce(lambda a, b: a * b, inputs)
        if isinstance(expression, sympy.Pow):
            return self._power(inputs[0], expression.exp)
        name = type(expression).__name__
        if name in ("SortedValue", "LargestSum"):
            ordered, k = self.framework.sort(self.framework.stack(inputs[1:])), int(expression.args[0])
            return ordered[k - 1] if name == "SortedValue" else ordered[len(inputs) - 1 - k :].sum()
        return getattr(self.framework, {"Abs": "absolute"}.get(name, name))(*inputs)

    def _power(self, base: Any, exponent: Any) -> Any:
        return self.framework.sqrt(base) if exponent == sympy.Rational(1, 2) else base ** int(exponent)

    def _where(self, expression: Any, values: dict[Any, Any]) -> Any:
        *branches, last = expression.args
        result = self._evaluate(last.expr, values)
        for value, guard in reversed(branches):
            result = self.framework.where(self._guard(guard, values), self._evaluate(value, values), result)
        return result

    def _guard(self, guard: Any, values: dict[Any, Any]) -> Any:
        left, right = (self._evaluate(side, values) for side in guard.args)
        return _RELATIONS[type(guard)](left, right)

    def _extremum(self, expression: Any, values: dict[Any, Any]) -> Any:
        framework, upper = self.framework, isinstance(expression, sympy.Min)
        numbers = [a for a in expression.args if a.is_number]
        rest = [a for a in expression.args if not a.is_number]
        if len(numbers) == len(rest) == 1 and self.spelling != "maximum":
            bound, inner = float(numbers[0]), self._evaluate(rest[0], values)
            if self.spelling == "clip":
                return framework.clip(inner, -np.inf if upper else bound, bound if upper else np.inf)
            if bound == 0:
                return -framework.relu(-inner) if upper else framework.relu(inner)
        fold = framework.minimum if upper else framework.maximum
        return reduce(fold, [self._evaluate(a, values) for a in expression.args])


def lies_in_program_reading(F: cj.PiecewiseSelection, at: Sequence[float], derivative: Any) -> bool:
    """Whether a Jacobian is in the hull of all that a program which writes F this way may return."""
    J = cj.conservative_jacobian(F, at)
    block = np.asarray(derivative, dtype=np.float64).reshape(1, *J.vertices.shape[1:])
    scale = max(1.0, float(np.abs(J.vertices).max()))
    return bool(np.all(cj.MatrixPolytope(J.vertices / scale).contains(block / scale, tol=1e-9)))
