"""Random piecewise affine functions of two variables, as trees with their own evaluator."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

COEFFICIENTS = st.integers(-3, 3)


@dataclass(frozen=True)
class Tree:
    """`text` for the package; `__call__` for NumPy arrays, written independently of it."""

    op: str
    parts: tuple[Any, ...]

    @property
    def text(self) -> str:
        match self.op, self.parts:
            case "form", (a, b):
                return f"({a}*x + {b}*y)"
            case "max" | "min", (u, v):
                return f"{self.op.capitalize()}({u.text}, {v.text})"
            case "abs", (u,):
                return f"Abs({u.text})"
            case "add", (u, v):
                return f"({u.text} + {v.text})"
            case "scale", (c, u):
                return f"({c})*{u.text}"
            case "kink", (w, g, c, d):
                return f"Piecewise(({w.text} + ({c})*{g.text}, {g.text} >= 0), ({w.text} + ({d})*{g.text}, True))"
            case "decided", (w, g, c):
                return f"Piecewise(({w.text}, {g.text} < 1), ({w.text} + ({c})*{g.text}*({g.text} - 1), True))"
        raise AssertionError(self.op)

    @property
    def near_zero(self) -> "Tree":
        """The same function next to the origin, without guards that are decided there."""
        if self.op == "decided":
            return self.parts[0].near_zero
        return Tree(self.op, tuple(p.near_zero if isinstance(p, Tree) else p for p in self.parts))

    def __call__(self, x: Any, y: Any) -> Any:
        match self.op, self.parts:
            case "form", (a, b):
                return a * x + b * y
            case "max", (u, v):
                return np.maximum(u(x, y), v(x, y))
            case "min", (u, v):
                return np.minimum(u(x, y), v(x, y))
            case "abs", (u,):
                return np.abs(u(x, y))
            case "add", (u, v):
                return u(x, y) + v(x, y)
            case "scale", (c, u):
                return c * u(x, y)
            case "kink", (w, g, c, d):
                base = g(x, y)
                return w(x, y) + np.where(base >= 0, c, d) * base
            case "decided", (w, g, c):
                base = g(x, y)
                return w(x, y) + np.where(base < 1, 0, c) * base * (base - 1)
        raise AssertionError(self.op)


FORMS = st.builds(lambda a, b: Tree("form", (a, b)), COEFFICIENTS, COEFFICIENTS)


def _grown(children: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.one_of(
        st.builds(lambda op, u, v: Tree(op, (u, v)), st.sampled_from(["max", "min", "add"]), children, children),
        st.builds(lambda u: Tree("abs", (u,)), children),
        st.builds(lambda c, u: Tree("scale", (c, u)), COEFFICIENTS, children),
        st.builds(lambda w, g, c, d: Tree("kink", (w, g, c, d)), children, FORMS, COEFFICIENTS, COEFFICIENTS),
    )


def _decided(children: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    guarded = st.builds(lambda w, g, c: Tree("decided", (w, g, c)), children, FORMS, COEFFICIENTS)
    return st.one_of(_grown(children), guarded)


PIECEWISE_LINEAR = st.recursive(FORMS, _grown, max_leaves=6)
"""Positively homogeneous, continuous, with every tie at the origin."""

WITH_DECIDED_GUARDS = st.recursive(FORMS, _decided, max_leaves=5)
"""The same, with guards that are decided at the origin although the values of their branches agree there."""
