"""The elementary smooth functions: values, slopes and domains, written once for doubles and for sympy."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import scipy.special
import sympy
from sympy.codegen.cfunctions import expm1, log1p

from conservative.functions.graph.sympy_functions import Sigmoid, Softplus


def _sinc_slope(v: Any) -> Any:
    """The derivative of sin(v)/v in doubles: near 0 by its series, elsewhere by (cos v - sinc v)/v."""
    small = np.abs(v) < 0.02
    safe = np.where(small, 1.0, v)
    return np.where(small, -v / 3 * (1 - v * v / 10 * (1 - v * v / 28)), (np.cos(v) - np.sinc(v / np.pi)) / safe)


FLOAT = SimpleNamespace(
    exp=np.exp, log=np.log, sin=np.sin, cos=np.cos, tan=np.tan, asin=np.arcsin, acos=np.arccos, atan=np.arctan,
    sinh=np.sinh, cosh=np.cosh, tanh=np.tanh, asinh=np.arcsinh, acosh=np.arccosh, atanh=np.arctanh, sqrt=np.sqrt,
    erf=scipy.special.erf, log1p=np.log1p, expm1=np.expm1, sigmoid=scipy.special.expit, sinc_slope=_sinc_slope,
    softplus=lambda v: np.logaddexp(0.0, v), sinc=lambda v: np.sinc(v / np.pi), pi=np.pi,
    nearest=lambda v: np.floor(v + 0.5),
)  # fmt: skip
EXACT = SimpleNamespace(
    **{name: getattr(sympy, name) for name in vars(FLOAT) if hasattr(sympy, name)},
    log1p=lambda v: sympy.log(1 + v),
    expm1=lambda v: sympy.exp(v) - 1,
    sigmoid=lambda v: 1 / (1 + sympy.exp(-v)),
    softplus=lambda v: sympy.log(1 + sympy.exp(v)),
    sinc_slope=lambda v: (sympy.cos(v) - sympy.sin(v) / v) / v if v else sympy.Integer(0),
    nearest=lambda v: sympy.floor(v + sympy.Rational(1, 2)),
)
NEAREST = "nearest"
"""The nearest integer, as a locally constant function: only within a floor, which jumps nowhere half way."""
SHOWN = {"log1p": log1p, "expm1": expm1, "sigmoid": Sigmoid, "softplus": Softplus}
"""The classes that show functions which sympy itself has under no such name."""


@dataclass(frozen=True, slots=True)
class Smooth:
    """One function of one real variable; `value` and `slope` take the module of functions to use first."""

    value: Callable[[Any, Any], Any]
    slope: Callable[[Any, Any], Any]
    domain: tuple[tuple[Callable[[Any, Any], bool], int, str], ...] = ()
    """Conditions `test(sign of (v - bound), 0)`, the bound, and the condition in words."""


_ABOVE_MINUS_ONE = (operator.ge, -1, "at least -1")
_BELOW_ONE = (operator.le, 1, "at most 1")

SMOOTH = {
    "exp": Smooth(lambda m, v: m.exp(v), lambda m, v: m.exp(v)),
    "log": Smooth(lambda m, v: m.log(v), lambda m, v: 1 / v, ((operator.gt, 0, "positive"),)),
    "sin": Smooth(lambda m, v: m.sin(v), lambda m, v: m.cos(v)),
    "cos": Smooth(lambda m, v: m.cos(v), lambda m, v: -m.sin(v)),
    "tan": Smooth(lambda m, v: m.tan(v), lambda m, v: 1 + m.tan(v) ** 2),
    "asin": Smooth(lambda m, v: m.asin(v), lambda m, v: 1 / m.sqrt(1 - v * v), (_ABOVE_MINUS_ONE, _BELOW_ONE)),
    "acos": Smooth(lambda m, v: m.acos(v), lambda m, v: -1 / m.sqrt(1 - v * v), (_ABOVE_MINUS_ONE, _BELOW_ONE)),
    "atan": Smooth(lambda m, v: m.atan(v), lambda m, v: 1 / (1 + v * v)),
    "sinh": Smooth(lambda m, v: m.sinh(v), lambda m, v: m.cosh(v)),
    "cosh": Smooth(lambda m, v: m.cosh(v), lambda m, v: m.sinh(v)),
    "tanh": Smooth(lambda m, v: m.tanh(v), lambda m, v: 1 - m.tanh(v) ** 2),
    "asinh": Smooth(lambda m, v: m.asinh(v), lambda m, v: 1 / m.sqrt(1 + v * v)),
    "acosh": Smooth(lambda m, v: m.acosh(v), lambda m, v: 1 / m.sqrt(v * v - 1), ((operator.ge, 1, "at least 1"),)),
    "atanh": Smooth(
        lambda m, v: m.atanh(v),
        lambda m, v: 1 / (1 - v * v),
        ((operator.gt, -1, "above -1"), (operator.lt, 1, "below 1")),
    ),
    "erf": Smooth(lambda m, v: m.erf(v), lambda m, v: 2 * m.exp(-v * v) / m.sqrt(m.pi)),
    "log1p": Smooth(lambda m, v: m.log1p(v), lambda m, v: 1 / (1 + v), ((operator.gt, -1, "above -1"),)),
    "expm1": Smooth(lambda m, v: m.expm1(v), lambda m, v: m.exp(v)),
    "sigmoid": Smooth(lambda m, v: m.sigmoid(v), lambda m, v: m.sigmoid(v) * m.sigmoid(-v)),
    "softplus": Smooth(lambda m, v: m.softplus(v), lambda m, v: m.sigmoid(v)),
    "sinc": Smooth(lambda m, v: m.sinc(v), lambda m, v: m.sinc_slope(v)),
    NEAREST: Smooth(lambda m, v: m.nearest(v), lambda m, v: 0 * v),
}
READABLE = tuple(name for name in SMOOTH if name != NEAREST)
"""Those that an expression may name."""
