"""Rules of smooth operations: arithmetic, powers, elementary and special functions."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import special

from conservative.programs.array.calls import refuse
from conservative.programs.array.elementwise import elementwise, note_singular
from conservative.programs.array.mask_sums import sum_of_parts, tabled
from conservative.programs.array.registry import ufunc_rule
from conservative.programs.array.run import LeavesRationals, Run
from conservative.programs.array.tabled import Tabled
from conservative.programs.array.traced import Traced, lift
from conservative.programs.source_lines import users_line

_LN2, _LN10 = math.log(2.0), math.log(10.0)


_DERIVATIVES: dict[Any, Callable[[Any, Any], Any]] = {
    np.exp: lambda x, y: y,
    np.expm1: lambda x, y: y + 1,
    np.exp2: lambda x, y: y * _LN2,
    np.log: lambda x, y: 1 / x,
    np.log2: lambda x, y: 1 / (x * _LN2),
    np.log10: lambda x, y: 1 / (x * _LN10),
    np.log1p: lambda x, y: 1 / (1 + x),
    np.sqrt: lambda x, y: 0.5 / y,
    np.cbrt: lambda x, y: 1 / (3 * y * y),
    np.sin: lambda x, y: np.cos(x),
    np.cos: lambda x, y: -np.sin(x),
    np.tan: lambda x, y: 1 + y * y,
    np.arcsin: lambda x, y: 1 / np.sqrt(1 - x * x),
    np.arccos: lambda x, y: -1 / np.sqrt(1 - x * x),
    np.arctan: lambda x, y: 1 / (1 + x * x),
    np.sinh: lambda x, y: np.cosh(x),
    np.cosh: lambda x, y: np.sinh(x),
    np.tanh: lambda x, y: 1 - y * y,
    np.arcsinh: lambda x, y: 1 / np.sqrt(1 + x * x),
    np.arccosh: lambda x, y: 1 / np.sqrt(x * x - 1),
    np.arctanh: lambda x, y: 1 / (1 - x * x),
    np.deg2rad: lambda x, y: np.full(x.shape, math.pi / 180),
    np.rad2deg: lambda x, y: np.full(x.shape, 180 / math.pi),
    special.expit: lambda x, y: y * (1 - y),
    special.log_expit: lambda x, y: special.expit(-x),
    special.logit: lambda x, y: 1 / (x * (1 - x)),
    special.erf: lambda x, y: 2 / math.sqrt(math.pi) * np.exp(-x * x),
    special.erfc: lambda x, y: -2 / math.sqrt(math.pi) * np.exp(-x * x),
    special.ndtr: lambda x, y: np.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    special.gammaln: lambda x, y: special.digamma(x),
}
"""The derivative from x and y = f(x)."""


_RATIONAL: dict[str, tuple[int, int, int]] = {
    "exp": (0, 1, 1), "expm1": (0, 0, 1), "log": (1, 0, 1), "log1p": (0, 0, 1), "sin": (0, 0, 1), "cos": (0, 1, 0),
    "tan": (0, 0, 1), "arcsin": (0, 0, 1), "arctan": (0, 0, 1), "sinh": (0, 0, 1), "cosh": (0, 1, 0),
    "tanh": (0, 0, 1), "arcsinh": (0, 0, 1), "arctanh": (0, 0, 1),
}  # fmt: skip
"""The one rational x where f(x) is rational, with f and its derivative there."""


def _smooth(ufunc: Any) -> Callable[[Run, Any], Traced]:
    name, derivative = ufunc.__name__, _DERIVATIVES[ufunc]

    def rule(run: Run, x: Any) -> Traced:
        x = lift(run, x)
        if run.exact:
            return _rational_value(run, name, x)
        y = ufunc(x.v)
        if not np.isfinite(y).all():
            note_singular(run, f"np.{name}", x.v, ~np.isfinite(y))
        return elementwise(run, y, (x, derivative(x.v, y)), name=f"np.{name}")

    return rule


for _ufunc in _DERIVATIVES:
    ufunc_rule(_ufunc.__name__)(_smooth(_ufunc))


def leaves_rationals(name: str) -> LeavesRationals:
    """What to raise where an operation has no rational value."""
    return LeavesRationals(f"{users_line()}: {name} leaves the rationals")


def _rational_value(run: Run, name: str, x: Traced) -> Traced:
    if name == "sqrt":
        roots = np.array([exact_root(entry, 2, "np.sqrt") for entry in x.v.ravel()], dtype=object).reshape(x.shape)
        if (roots == 0).any():
            raise leaves_rationals("np.sqrt of 0, whose derivative is infinite,")
        return elementwise(run, roots, (x, 1 / (2 * roots)))
    at, value, slope = _RATIONAL.get(name, (0, 0, 0))
    if name not in _RATIONAL or not (x.v == at).all():
        raise leaves_rationals(f"np.{name}")
    one = np.full(x.shape, Fraction(1), dtype=object)
    return elementwise(run, one * value, (x, one * slope))


def exact_root(value: Fraction, degree: int, name: str) -> Fraction:
    """The root of a rational number where it is rational."""
    if value < 0:
        raise leaves_rationals(f"{name} of a negative number")
    ends = []
    for whole in (value.numerator, value.denominator):
        root = math.isqrt(whole) if degree == 2 else round(whole ** (1 / degree))
        if root**degree != whole:
            raise leaves_rationals(name)
        ends.append(root)
    return Fraction(*ends)


@ufunc_rule("add")
def add(run: Run, a: Any, b: Any) -> Any:
    """a + b."""
    if not (isinstance(a, Traced) or isinstance(b, Traced)):
        return tabled(run, np.add, a, b)
    if isinstance(a, Tabled) or isinstance(b, Tabled):
        return sum_of_parts(run, a, b)
    a, b = lift(run, a), lift(run, b)
    return elementwise(run, a.v + b.v, (a, None), (b, None), constant=True)


@ufunc_rule("subtract")
def subtract(run: Run, a: Any, b: Any) -> Any:
    """a − b."""
    if not (isinstance(a, Traced) or isinstance(b, Traced)):
        return tabled(run, np.subtract, a, b)
    if isinstance(a, Tabled) or isinstance(b, Tabled):
        return sum_of_parts(run, a, np.negative(tabled(run, np.add, b, 0.0) if isinstance(b, Tabled) else b))
    a, b = lift(run, a), lift(run, b)
    minus = np.asarray(run.constant(-1))
    if a.node >= 0 and a.node == b.node and a.shape == b.shape:
        return elementwise(run, a.v - b.v, constant=True)
    return elementwise(run, a.v - b.v, (a, None), (b, minus), constant=True)


@ufunc_rule("negative")
def negative(run: Run, a: Any) -> Any:
    """−a."""
    if isinstance(a, Tabled):
        return tabled(run, np.negative, a)
    return elementwise(run, -a.v, (a, np.asarray(run.constant(-1))), constant=True)


@ufunc_rule("positive", "conjugate")
def positive(run: Run, a: Any) -> Any:
    """a."""
    return a


@ufunc_rule("square")
def square(run: Run, a: Any) -> Any:
    """a²."""
    if isinstance(a, Tabled):
        return tabled(run, np.square, a)
    return elementwise(run, a.v * a.v, (a, 2 * a.v))


@ufunc_rule("reciprocal")
def reciprocal(run: Run, a: Any) -> Any:
    """1 / a."""
    return divide(run, 1.0, a)


def product(run: Run, a: Traced, b: Traced) -> Traced:
    """a · b of traced arrays."""
    name, constant = "a product with a number that is not finite", a.node < 0 or b.node < 0
    return elementwise(run, a.v * b.v, (a, b.v), (b, a.v), name=name, constant=constant)


def divide(run: Run, a: Any, b: Any) -> Traced:
    """a / b of traced arrays and numbers."""
    a, b = lift(run, a), lift(run, b)
    if run.exact and (b.v == 0).any():
        raise leaves_rationals("a division by 0")
    quotient = a.v / b.v
    bad = ~np.isfinite(quotient) if not run.exact else np.zeros(())
    if bad.any():
        note_singular(run, "a division, its denominator", b.v, bad)
    one = run.constant(1)
    factors = (a, one / b.v), (b, -quotient / b.v)
    return elementwise(run, quotient, *factors, name="a division by 0", constant=b.node < 0)


@ufunc_rule("power", "float_power")
def power(run: Run, a: Any, b: Any) -> Any:
    """a to the power b."""
    if not (isinstance(a, Traced) or isinstance(b, Traced)):
        return tabled(run, np.power, a, b)
    a, b = lift(run, a), lift(run, b)
    if run.exact:
        return _exact_power(run, a, b)
    y = np.asarray(np.power(a.v, b.v))
    name = "a power"
    if not np.isfinite(y).all():
        note_singular(run, name, a.v, ~np.isfinite(y))
    slope = np.where(b.v == 0, 0.0, b.v * np.power(a.v, np.where(b.v == 0, 1.0, b.v - 1)))
    growth = None if b.node < 0 else np.where((a.v == 0) & (b.v > 0), 0.0, y * np.log(a.v))
    return elementwise(run, y, (a, slope), (b, growth), name=name)


def _exact_power(run: Run, a: Traced, b: Traced) -> Traced:
    if b.node >= 0:
        raise leaves_rationals("a power with a traced exponent")
    base, exponent = np.broadcast_arrays(a.v, b.v)
    values, slopes = np.empty(base.shape, dtype=object), np.empty(base.shape, dtype=object)
    for i, (x, e) in enumerate(zip(base.flat, exponent.flat, strict=True)):
        if x == 0 and e < 1 and e != 0:
            raise leaves_rationals("a power of 0, whose derivative is infinite,")
        root = x if e.denominator == 1 else exact_root(x, e.denominator, "a power")
        y = root**e.numerator
        values.flat[i] = y
        slopes.flat[i] = Fraction(0) if e == 0 else e * (y / x if x != 0 else Fraction(int(e == 1)))
    return elementwise(run, values, (a, slopes))


@ufunc_rule("hypot")
def hypot(run: Run, a: Any, b: Any) -> Traced:
    """√(a² + b²)."""
    a, b = lift(run, a), lift(run, b)
    if run.exact:
        squares = np.asarray(a.v * a.v + b.v * b.v)
        y = np.array([exact_root(entry, 2, "np.hypot") for entry in squares.ravel()], dtype=object)
        y = y.reshape(squares.shape)
        if (y == 0).any():
            raise leaves_rationals("np.hypot of (0, 0), which has no derivative,")
    else:
        y = np.hypot(a.v, b.v)
    return elementwise(run, y, (a, a.v / y), (b, b.v / y), name="np.hypot of (0, 0), entry")


@ufunc_rule("arctan2")
def arctan2(run: Run, a: Any, b: Any) -> Traced:
    """The angle of (b, a)."""
    if run.exact:
        raise leaves_rationals("np.arctan2")
    a, b = lift(run, a), lift(run, b)
    r = a.v * a.v + b.v * b.v
    jump = (b.v < 0) & run.tied(a.v, np.zeros(()))[0]
    if jump.any():
        from_line = "np.arctan2 jumps where its first argument is 0 and its second negative."
        refuse(from_line)
    return elementwise(run, np.arctan2(a.v, b.v), (a, b.v / r), (b, -a.v / r), name="np.arctan2 of (0, 0), entry")


@ufunc_rule("logaddexp")
def logaddexp(run: Run, a: Any, b: Any) -> Traced:
    """log(eᵃ + eᵇ)."""
    if run.exact:
        raise leaves_rationals("np.logaddexp")
    a, b = lift(run, a), lift(run, b)
    y = np.logaddexp(a.v, b.v)
    return elementwise(run, y, (a, np.exp(a.v - y)), (b, np.exp(b.v - y)))


@ufunc_rule("xlogy")
def xlogy(run: Run, a: Any, b: Any) -> Traced:
    """a log b, 0 where a is 0."""
    if run.exact:
        raise leaves_rationals("scipy.special.xlogy")
    a, b = lift(run, a), lift(run, b)
    return elementwise(run, special.xlogy(a.v, b.v), (a, np.log(b.v)), (b, a.v / b.v), name="scipy.special.xlogy")
