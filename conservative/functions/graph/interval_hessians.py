"""Values, gradients and Hessians of smooth pieces over a whole box, by ball arithmetic (Arb through python-flint).

A ball encloses every value over the box, rounding included. None stands for an exact structural zero, so that
affine pieces have Hessian None and not a small ball.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq
from numpy.typing import NDArray

from conservative.functions.graph.elementary import NEAREST
from conservative.functions.graph.nodes import Graph, Node

ArbBall = Any
Floats = NDArray[np.float64]
_DIGITS = 40
_MULTIPLIED = 64
"""Integer powers up to this one are products."""


def _bell(v: ArbBall) -> ArbBall:
    return 2 * (-v * v).exp() / arb.pi().sqrt()


def _rise(v: ArbBall) -> ArbBall:
    return 1 / (1 + (-v).exp())


def _sinc_slopes(v: ArbBall) -> tuple[ArbBall, ArbBall]:
    """The first two derivatives of sinc v = ∫ cos(sv) ds over [0, 1], at most |v|/3 and 1/3 in size."""
    third, unknown = arb(1) / 3, arb(0, 1)
    if abs(v) < 0.02:
        return -v * third + unknown * abs(v) ** 3 / 30, -third + unknown * v**2 / 10
    if v.contains(0):
        return unknown * abs(v).upper() * third, unknown * third
    slope = (v.cos() - v.sinc()) / v
    return slope, -v.sinc() - 2 * slope / v


_CURVED: dict[str, Callable[[ArbBall], tuple[ArbBall, ArbBall, ArbBall]]] = {
    NEAREST: lambda v: ((v + arb(0.5)).floor(), arb(0), arb(0)),
    "exp": lambda v: (v.exp(), v.exp(), v.exp()),
    "log": lambda v: (v.log(), 1 / v, -1 / (v * v)),
    "sin": lambda v: (v.sin(), v.cos(), -v.sin()),
    "cos": lambda v: (v.cos(), -v.sin(), -v.cos()),
    "tan": lambda v: (v.tan(), 1 + v.tan() ** 2, 2 * v.tan() * (1 + v.tan() ** 2)),
    "asin": lambda v: (v.asin(), 1 / (1 - v * v).sqrt(), v / (1 - v * v).sqrt() ** 3),
    "acos": lambda v: (v.acos(), -1 / (1 - v * v).sqrt(), -v / (1 - v * v).sqrt() ** 3),
    "atan": lambda v: (v.atan(), 1 / (1 + v**2), -2 * v / (1 + v**2) ** 2),
    "sinh": lambda v: (v.sinh(), v.cosh(), v.sinh()),
    "cosh": lambda v: (v.cosh(), v.sinh(), v.cosh()),
    "tanh": lambda v: (v.tanh(), 1 - v.tanh() ** 2, -2 * v.tanh() * (1 - v.tanh() ** 2)),
    "asinh": lambda v: (v.asinh(), 1 / (1 + v**2).sqrt(), -v / (1 + v**2).sqrt() ** 3),
    "acosh": lambda v: (v.acosh(), 1 / (v * v - 1).sqrt(), -v / (v * v - 1).sqrt() ** 3),
    "atanh": lambda v: (v.atanh(), 1 / (1 - v * v), 2 * v / (1 - v * v) ** 2),
    "erf": lambda v: (v.erf(), _bell(v), -2 * v * _bell(v)),
    "log1p": lambda v: (v.log1p(), 1 / (1 + v), -1 / (1 + v) ** 2),
    "expm1": lambda v: (v.expm1(), v.exp(), v.exp()),
    "sigmoid": lambda v: (_rise(v), _rise(v) * _rise(-v), _rise(v) * _rise(-v) * (_rise(-v) - _rise(v))),
    "softplus": lambda v: ((-abs(v)).exp().log1p() + (v + abs(v)) / 2, _rise(v), _rise(v) * _rise(-v)),
    "sinc": lambda v: (v.sinc(), *_sinc_slopes(v)),
}
"""Value, first and second derivative of each smooth function."""


@dataclass(frozen=True, slots=True)
class Jet:
    """A value with gradient (n, 1) and Hessian (n, n), enclosed over a box."""

    value: ArbBall
    gradient: Any = None
    hessian: Any = None


def piece_jets(graph: Graph, branches: Mapping[int, int], reached: Sequence[int], box: Sequence[ArbBall]) -> list[Jet]:
    """The jets of the outputs of one piece over a box of balls."""
    jets: dict[int, Jet] = {}
    for index in reached:
        node = graph.nodes[index]
        if node.op == "sign":
            jets[index] = Jet(arb(branches[index]))
        elif node.op == "abs":
            jets[index] = jets[node.args[0]] if branches[index] == 0 else _scaled(arb(-1), jets[node.args[0]])
        elif index in branches:
            jets[index] = jets[node.args[branches[index]]]
        else:
            jets[index] = smooth_jet(node, [jets[a] for a in node.args], box)
    return [jets[output] for output in graph.outputs]


def hessians(
    graph: Graph, branches: Mapping[int, int], reached: Sequence[int], box: Sequence[ArbBall]
) -> tuple[Floats, Floats]:
    """Midpoints and radii (q, n, n) that enclose the Hessians of one piece over a box of balls.

    Infinite radii stand where a derivative does not exist on the whole box.
    """
    jets = piece_jets(graph, branches, reached, box)
    shape = (len(graph.outputs), graph.width, graph.width)
    middle, radius = np.zeros(shape), np.zeros(shape)
    for row, jet in enumerate(jets):
        if jet.hessian is not None:
            middle[row], radius[row] = rounded(jet.hessian)
    return middle, radius


def ball(lower: float, upper: float) -> ArbBall:
    """A ball that holds an interval."""
    return arb(lower).union(arb(upper)) if lower != upper else arb(lower)


def smooth_jet(node: Node, inputs: list[Jet], box: Sequence[ArbBall]) -> Jet:
    """The jet of an operation that is no switch, from those of its operands."""
    match node.op:
        case "constant":
            return Jet(_number(node.data))
        case "variable":
            unit = arb_mat(len(box), 1, [int(i == node.data) for i in range(len(box))])
            return Jet(box[node.data], unit)
        case "add":
            total = inputs[0]
            for jet in inputs[1:]:
                total = Jet(
                    total.value + jet.value, _plus(total.gradient, jet.gradient), _plus(total.hessian, jet.hessian)
                )
            return total
        case "multiply":
            total = inputs[0]
            for jet in inputs[1:]:
                total = _product(total, jet)
            return total
        case "power":
            return _chain(_power(inputs[0].value, node.data), inputs[0])
        case "smooth":
            return _chain(_CURVED[node.data](inputs[0].value), inputs[0])
        case _:
            logarithm = _chain(_CURVED["log"](inputs[0].value), inputs[0])
            exponent = _product(inputs[1], logarithm)
            return _chain(_CURVED["exp"](exponent.value), exponent)


def _number(value: Any) -> ArbBall:
    if isinstance(value, Fraction):
        return arb(fmpq(value.numerator, value.denominator))
    # evalf promises all digits asked for but the last
    text = str(value.evalf(_DIGITS))
    return arb(text) + arb(0, 1) * abs(arb(text)) * arb(10) ** (3 - _DIGITS)


def _power(base: ArbBall, exponent: Fraction) -> tuple[ArbBall, ArbBall, ArbBall]:
    """A power with its two derivatives; a factor 0 stays 0 even where the power is infinite."""
    factors = (Fraction(1), exponent, exponent * (exponent - 1))
    value, slope, curvature = (
        _number(factor) * _raised(base, exponent - order) if factor else arb(0) for order, factor in enumerate(factors)
    )
    return value, slope, curvature


def _raised(base: ArbBall, exponent: Fraction) -> ArbBall:
    if exponent.denominator == 1:
        if abs(exponent) > _MULTIPLIED:
            return base ** int(exponent)
        # `arb ** int` is not finite for balls that hold 0.
        power = prod([base] * abs(int(exponent)), start=arb(1))
        return power if exponent >= 0 else 1 / power
    if exponent == Fraction(1, 2):
        return base.sqrt()
    return base ** arb(fmpq(exponent.numerator, exponent.denominator))


def _chain(outer: tuple[ArbBall, ArbBall, ArbBall], inner: Jet) -> Jet:
    value, slope, curvature = outer
    if inner.gradient is None:
        return Jet(value)
    bent = inner.gradient * inner.gradient.transpose() * curvature
    straight = None if inner.hessian is None else inner.hessian * slope
    return Jet(value, inner.gradient * slope, _plus(bent, straight))


def _product(left: Jet, right: Jet) -> Jet:
    if left.gradient is None or right.gradient is None:
        constant, varying = (left, right) if left.gradient is None else (right, left)
        return _scaled(constant.value, varying)
    cross = left.gradient * right.gradient.transpose()
    hessian = cross + cross.transpose()
    for factor, jet in ((left, right), (right, left)):
        hessian = _plus(hessian, None if jet.hessian is None else jet.hessian * factor.value)
    return Jet(left.value * right.value, left.gradient * right.value + right.gradient * left.value, hessian)


def _scaled(factor: ArbBall, jet: Jet) -> Jet:
    parts = (None if part is None else part * factor for part in (jet.gradient, jet.hessian))
    return Jet(jet.value * factor, *parts)


def _plus(left: Any, right: Any) -> Any:
    if left is None or right is None:
        return right if left is None else left
    return left + right


def rounded(matrix: Any) -> tuple[Floats, Floats]:
    """Doubles near the midpoints, and upper bounds of how far any value lies from them."""
    rows, columns = matrix.nrows(), matrix.ncols()
    middle, radius = np.zeros((rows, columns)), np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            entry = matrix[i, j]
            if not entry.is_finite():
                radius[i, j] = np.inf
                continue
            middle[i, j] = float(entry.mid())
            apart = float((entry - arb(middle[i, j])).abs_upper())
            radius[i, j] = np.nextafter(apart, np.inf) if apart else 0.0
    return middle, radius
