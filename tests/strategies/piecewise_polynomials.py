"""Random continuous piecewise polynomial functions of two variables, with values and derivatives computed apart."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

COEFFICIENTS = st.integers(-2, 2)


@dataclass(frozen=True)
class Polynomial:
    """`text` for the package; `jet` gives exact values and gradients at one point, written independently of it."""

    op: str
    parts: tuple[Any, ...]

    @property
    def text(self) -> str:
        match self.op, self.parts:
            case "form", (a, b, c, d):
                return f"({a}*x + {b}*y + {c}*x*y + {d}*x**2)"
            case "max" | "min", (u, v):
                return f"{self.op.capitalize()}({u.text}, {v.text})"
            case "abs", (u,):
                return f"Abs({u.text})"
            case "add" | "multiply", (u, v):
                return f"({u.text} {'+' if self.op == 'add' else '*'} {v.text})"
            case "square", (u,):
                return f"({u.text})**2"
            case "kink", (w, g, c, d):
                return f"Piecewise(({w.text} + ({c})*{g.text}, {g.text} > 0), ({w.text} + ({d})*{g.text}, True))"
        raise AssertionError(self.op)

    def jet(self, x: Fraction, y: Fraction) -> tuple[Fraction, Fraction, Fraction] | None:
        """Value, d/dx, d/dy; None when a tie is met, so that the point is not a sample of a derivative."""
        match self.op, self.parts:
            case "form", (a, b, c, d):
                return a * x + b * y + c * x * y + d * x * x, a + c * y + 2 * d * x, b + c * x
        inner = [part.jet(x, y) for part in self.parts if isinstance(part, Polynomial)]
        if any(jet is None for jet in inner):
            return None
        jets = [np.array(jet, dtype=object) for jet in inner]
        match self.op:
            case "max" | "min":
                u, v = jets
                if u[0] == v[0]:
                    return tuple(u) if (u == v).all() else None
                return tuple(u if (u[0] > v[0]) == (self.op == "max") else v)
            case "abs":
                (u,) = jets
                if u[0] == 0:
                    return tuple(u) if not u.any() else None
                return tuple(u if u[0] > 0 else -u)
            case "add":
                return tuple(jets[0] + jets[1])
            case "multiply":
                u, v = jets
                return (u[0] * v[0], u[0] * v[1] + v[0] * u[1], u[0] * v[2] + v[0] * u[2])
            case "square":
                (u,) = jets
                return (u[0] ** 2, 2 * u[0] * u[1], 2 * u[0] * u[2])
            case "kink":
                w, g = jets
                _, _, c, d = self.parts
                if g[0] == 0:
                    return tuple(w + c * g) if c == d or not g.any() else None
                return tuple(w + (c if g[0] > 0 else d) * g)
        raise AssertionError(self.op)


FORMS = st.builds(lambda *c: Polynomial("form", c), COEFFICIENTS, COEFFICIENTS, COEFFICIENTS, COEFFICIENTS)
TANGENT = st.builds(
    lambda s, c, d: Polynomial("form", (0, s, c, d)), st.sampled_from([-1, 1]), COEFFICIENTS, COEFFICIENTS
)
"""Curves through the origin along the x axis: pairs of them meet in cusps that no first-order look sees."""


def _grown(children: st.SearchStrategy[Polynomial]) -> st.SearchStrategy[Polynomial]:
    return st.one_of(
        st.builds(lambda op, u, v: Polynomial(op, (u, v)), st.sampled_from(["max", "min", "add"]), children, children),
        st.builds(lambda u, v: Polynomial("multiply", (u, v)), FORMS, children),
        st.builds(lambda u: Polynomial("abs", (u,)), children),
        st.builds(lambda u: Polynomial("square", (u,)), children),
        st.builds(lambda w, g, c, d: Polynomial("kink", (w, g, c, d)), children, FORMS, COEFFICIENTS, COEFFICIENTS),
    )


PIECEWISE_POLYNOMIAL = st.recursive(FORMS | TANGENT, _grown, max_leaves=6)
"""Continuous, zero at the origin, where most of their switches are tied."""
