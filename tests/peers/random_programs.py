"""Random continuous programs of x and y, as trees that sympy and array libraries evaluate alike."""

import random

import sympy as sp

NODES = ("max", "min", "abs", "add", "sub", "scale", "where", "relu", "mul")
POINTS = ((0, 0), (1, 1), (1, -1), (0, 2), (2, 1))


def random_tree(source: random.Random, depth: int):
    if depth == 0:
        return source.choice(["x", "y", "x", "y", "1"])
    node = source.choice(NODES)
    return node, random_tree(source, depth - 1), random_tree(source, depth - 1), source.choice([1, 2, 3])


def evaluate(tree, x, y, functions):
    """A tree by the functions of a library: maximum, minimum, abs, relu, where."""
    if isinstance(tree, str):
        return {"x": x, "y": y, "1": 1 + 0 * x}[tree]
    node, left, right, factor = tree
    a, b = (evaluate(side, x, y, functions) for side in (left, right))
    return {
        "max": lambda: functions.maximum(a, b),
        "min": lambda: functions.minimum(a, b),
        "abs": lambda: functions.abs(a),
        "relu": lambda: functions.relu(a),
        "add": lambda: a + b,
        "sub": lambda: a - b,
        "scale": lambda: factor * a,
        "mul": lambda: a * b,
        "where": lambda: _parted(left, right, a, b, functions),
    }[node]()


def _parted(left, right, a, b, functions):
    """a where it is larger, a line through the tie elsewhere; each pair has one relation, whichever way round it comes.

    A library asks a > b and b > a of the same two numbers, one decision; sympy sees two relations that know nothing
    of each other, and combines them in ways that no program takes.
    """
    otherwise = b + (b - a) / 2
    if repr(left) <= repr(right):
        return functions.where(a > b, a, otherwise)
    return functions.where(b > a, otherwise, a)


class Symbolic:
    """The same in sympy, as written: Max(0, Max(x, y)) would become one decision of three."""

    @staticmethod
    def maximum(a, b):
        return sp.Max(a, b, evaluate=False)

    @staticmethod
    def minimum(a, b):
        return sp.Min(a, b, evaluate=False)

    @staticmethod
    def abs(a):
        return sp.Abs(a, evaluate=False)

    @staticmethod
    def relu(a):
        return sp.Max(a, 0, evaluate=False)

    @staticmethod
    def where(condition, a, b):
        return sp.Piecewise((a, condition), (b, True))
