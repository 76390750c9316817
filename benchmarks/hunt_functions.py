"""Random piecewise functions against slow independent routes: every claim about their Jacobian sets is checked.

    python benchmarks/hunt_functions.py --minutes 10 --seed 0

Trees over two variables, positively homogeneous of degree one at their point but for curved terms, with guards that
are tied, decided or contradictory; scaled inside and outside by 1e-12 to 1e12; looked at as exact numbers and as
doubles, at the origin and at shifted points. The slow routes never see the package's graph:

* *limits*: every tie of such a function is on one of finitely many rays, so that one direction between each two of them
  gives all limits of derivatives, in `Fraction`: Clarke's set exactly where no term is curved. With curved terms
  points on parabolas beside the rays are looked at too; what they show is a part of Clarke's set.
* *program* and *selection*: every switch chooses by itself, again in `Fraction`. Equal switches are one for the
  package, so that its set may be smaller, never larger.

Checked: no limit is missing from an EXACT or OUTER set, nothing in an EXACT or INNER set is beyond the limits,
program and selection are within their enumerations, the sets are nested, and the batched call returns the same. Beside
failures the last lines count sets that are Clarke's without being called so.
"""

import argparse
import itertools
import random
import sys
import time
import traceback
from collections import Counter
from fractions import Fraction
from functools import partial

import numpy as np
from scipy.optimize import linprog

import conservative as cj
from conservative._core.errors import DiscontinuityError, FunctionError

SCALES = (
    [Fraction(1)] * 4 + [Fraction(10) ** k for k in (-12, -9, -6, 6, 9, 12)] + [Fraction(2) ** k for k in (-40, 40)]
)


BENDS = [Fraction(c, 8) for c in (-64, -17, -9, -5, -3, -1, 1, 3, 5, 9, 17, 64)]
_SLIGHT = (Fraction(sign, 2**k) for sign in (-1, 1) for k in range(5, 15))
FINE_BENDS = (*(Fraction(k, 24) for k in range(-144, 145)), *_SLIGHT)  # a second look, where a thin region was missed
"""Curvatures of the parabolas beside a ray."""


SMOOTH = {
    "exp": ("(exp({}) - 1)", [1, Fraction(1, 2), Fraction(1, 6)]),
    "sin": ("sin({})", [1, 0, Fraction(-1, 6)]),
    "root": ("(sqrt(1 + {}) - 1)", [Fraction(1, 2), Fraction(-1, 8), Fraction(1, 16)]),
}
"""Text, and the first coefficients of the power series, which is all that a point 1e-40 away sees."""


class Node:
    """A node of a tree: text for the package, and values, gradients and choices of its own."""

    def __init__(self, op, *parts):
        self.op, self.parts = op, parts

    def text(self, x, y):
        match self.op, self.parts:
            case "form", (a, b):
                return f"(({a})*{x} + ({b})*{y})"
            case "quadratic", (a, b, c):
                return f"(({a})*{x}**2 + ({b})*{x}*{y} + ({c})*{y}**2)"
            case (("max" | "min"), (u, v)):
                return f"{self.op.capitalize()}({u.text(x, y)}, {v.text(x, y)})"
            case "abs", (u,):
                return f"Abs({u.text(x, y)})"
            case (("exp" | "sin" | "root"), (u,)):
                return SMOOTH[self.op][0].format(u.text(x, y))
            case "add", (u, v):
                return f"({u.text(x, y)} + {v.text(x, y)})"
            case "scale", (c, u):
                return f"({c})*{u.text(x, y)}"
            case "kink", (w, g, c):
                return (
                    f"Piecewise(({w.text(x, y)} + ({c})*{g.text(x, y)}, {g.text(x, y)} >= 0), ({w.text(x, y)}, True))"
                )
            case "decided", (w, g, c):
                inner = g.text(x, y)
                return f"Piecewise(({w.text(x, y)}, {inner} < 1), ({w.text(x, y)} + ({c})*{inner}*({inner} - 1), True))"
            case "never", (w, g, c):
                inner = g.text(x, y)
                own = w.text(x, y)
                return f"Piecewise(({own} + ({c})*{inner}, ({inner} > 0) & ({inner} < 0)), ({own}, True))"
            case "corner", (w, g, h, c):
                own, first, second = (part.text(x, y) for part in (w, g, h))
                inner = f"{own} + ({c})*Min({first}, {second})"
                return f"Piecewise(({inner}, ({first} > 0) & ({second} > 0)), ({own}, True))"
        raise AssertionError(self.op)

    def jet(self, x, y):
        """Value and gradient at a generic point, by the branch that is taken there."""
        match self.op, self.parts:
            case "form", (a, b):
                return a * x + b * y, (a, b)
            case "quadratic", (a, b, c):
                return a * x * x + b * x * y + c * y * y, (2 * a * x + b * y, b * x + 2 * c * y)
            case (("max" | "min"), (u, v)):
                first, second = u.jet(x, y), v.jet(x, y)
                return first if (first[0] > second[0]) == (self.op == "max") else second
            case "abs", (u,):
                value, gradient = u.jet(x, y)
                return (value, gradient) if value > 0 else (-value, tuple(-g for g in gradient))
            case (("exp" | "sin" | "root"), (u,)):
                value, gradient = u.jet(x, y)
                a, b, c = SMOOTH[self.op][1]
                slope = a + 2 * b * value + 3 * c * value**2
                return a * value + b * value**2 + c * value**3, tuple(slope * g for g in gradient)
            case "add", (u, v):
                return _sum(u.jet(x, y), v.jet(x, y), 1)
            case "scale", (c, u):
                value, gradient = u.jet(x, y)
                return c * value, tuple(c * g for g in gradient)
            case "kink", (w, g, c):
                side = g.jet(x, y)
                return _sum(w.jet(x, y), side, c) if side[0] >= 0 else w.jet(x, y)
            case (("decided" | "never"), (w, _, _)):
                return w.jet(x, y)
            case "corner", (w, g, h, c):
                least = min(g.jet(x, y), h.jet(x, y))
                return _sum(w.jet(x, y), least, c) if least[0] > 0 else w.jet(x, y)
        raise AssertionError(self.op)

    def gradients(self, kind):
        """All gradients at the origin that choices of branches can give, every switch by itself."""
        match self.op, self.parts:
            case "form", (a, b):
                return {(a, b)}
            case "quadratic", _:
                return {(Fraction(0), Fraction(0))}
            case (("max" | "min"), (u, v)):
                return u.gradients(kind) | v.gradients(kind)
            case "abs", (u,):
                found = u.gradients(kind)
                return found | {(-a, -b) for a, b in found}
            case (("exp" | "sin" | "root"), (u,)):
                slope = SMOOTH[self.op][1][0]
                return {(slope * a, slope * b) for a, b in u.gradients(kind)}
            case "add", (u, v):
                return _sums(u.gradients(kind), v.gradients(kind), 1)
            case "scale", (c, u):
                return {(c * a, c * b) for a, b in u.gradients(kind)}
            case "kink", (w, g, c):
                return w.gradients(kind) | _sums(w.gradients(kind), g.gradients(kind), c)
            case "decided", (w, g, c):
                own = w.gradients(kind)
                return own if kind == "program" else own | _sums(own, g.gradients(kind), -c)
            case "never", (w, g, c):
                own = w.gradients(kind)
                return own if kind == "program" else own | _sums(own, g.gradients(kind), c)
            case "corner", (w, g, h, c):
                own, sides = w.gradients(kind), g.gradients(kind) | h.gradients(kind)
                met = kind == "selection" or _meet(g.parts, h.parts)
                return own | _sums(own, sides, c) if met else own
        raise AssertionError(self.op)


def _meet(g, h):
    """Whether two forms are positive together somewhere: unless one is zero, or they are opposite."""
    turn = g[0] * h[1] - g[1] * h[0]
    return any(g) and any(h) and (turn != 0 or g[0] * h[0] + g[1] * h[1] > 0)


def _sum(first, second, c):
    return first[0] + c * second[0], tuple(a + c * b for a, b in zip(first[1], second[1], strict=True))


def _sums(first, second, c):
    return {(a + c * p, b + c * q) for (a, b), (p, q) in itertools.product(first, second)}


def normals(tree):
    """Gradients of all differences that vanish at ties, for linear parts."""
    found = set()
    for part in tree.parts:
        if isinstance(part, Node):
            found |= normals(part)
    if tree.op in ("max", "min"):
        u, v = (part.gradients("selection") for part in tree.parts)
        found |= _sums(u, v, Fraction(-1))
    elif tree.op == "abs":
        found |= tree.parts[0].gradients("selection")
    elif tree.op == "kink":
        found |= tree.parts[1].gradients("selection")
    elif tree.op == "corner":
        g, h = (part.gradients("selection") for part in tree.parts[1:3])
        found |= g | h | _sums(g, h, Fraction(-1))
    return found - {(0, 0)}


def rays(tree):
    """Directions along which something may tie, both ways, in order of angle."""
    lines = {(-b, a) for a, b in normals(tree)} | {(Fraction(1), Fraction(0)), (Fraction(0), Fraction(1))}
    both = lines | {(-a, -b) for a, b in lines}
    unit = {}
    for a, b in both:
        size = max(abs(a), abs(b))
        unit[a / size, b / size] = None
    return sorted(unit, key=lambda d: np.arctan2(float(d[1]), float(d[0])))


def limits(tree, bends=BENDS):
    """Limits of derivatives: between the rays, and along parabolas beside them."""
    found, around = set(), rays(tree)
    for first, second in zip(around, around[1:] + around[:1], strict=True):
        for w in (1, 7) if tree.curved else (1,):
            between = tuple(w * p + q for p, q in zip(first, second, strict=True))
            found.add(_limit(tree, partial(_parabola, between, 0)))
        if tree.curved:
            for c in bends:
                found.add(_limit(tree, partial(_parabola, first, c)))
    return found


def _parabola(ray, bend, t):
    (p, q), c = ray, bend * t * t
    return t * p - c * q, t * q + c * p


def _limit(tree, arc):
    """The gradient along an arc, close to 0, without what is of the order of t."""
    point = arc(Fraction(1, 10**40))
    gradient = tree.jet(*point)[1]
    return tuple(g.limit_denominator(10**18) for g in gradient) if tree.curved else gradient


def hull(points):
    """The vertices of the convex hull, by a monotone chain in exact numbers."""
    ordered = sorted(points)
    chains = []
    for sequence in (ordered, ordered[::-1]):
        chain = []
        for p in sequence:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], p) <= 0:
                chain.pop()
            chain.append(p)
        chains.append(chain)
    return ordered if len(ordered) < 3 else chains[0][:-1] + chains[1][:-1]


def _turn(o, a, b):
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])


def inside(points, point):
    """Whether a point is in the convex hull."""
    corners = hull(points)
    if len(corners) < 3:
        return hull([*corners, point]) == corners or point in corners or _between(corners, point)
    return all(_turn(a, b, point) >= 0 for a, b in zip(corners, corners[1:] + corners[:1], strict=True))


def _between(corners, point):
    if len(corners) < 2:
        return False
    (a, b), (c, d) = corners
    return (
        _turn((a, b), (c, d), point) == 0 and min(a, c) <= point[0] <= max(a, c) and min(b, d) <= point[1] <= max(b, d)
    )


class Draw:
    """A random tree, its text and its slow answers, scaled and shifted."""

    def __init__(self, rng):
        self.curved = rng.random() < 0.4
        self.tree = _grown(rng, rng.randint(1, 4), self.curved)
        self.tree.curved = self.curved
        self.inner, self.outer = rng.choice(SCALES), rng.choice(SCALES)
        if self.curved:
            self.inner = self.outer = Fraction(1)
        self.exact = rng.random() < 0.5
        self.at = [Fraction(0)] * 2 if rng.random() < 0.5 else [Fraction(rng.uniform(-2, 2)) for _ in range(2)]
        x, y = (f"({self.inner})*({v} - ({a}))" for v, a in zip("xy", self.at, strict=True))
        self.text = f"({self.outer})*({self.tree.text(x, y)})"

    def point(self):
        return self.at if self.exact else [float(a) for a in self.at]

    def slow(self, found):
        factor = self.inner * self.outer
        return {tuple(factor * x for x in g) for g in found}


def _grown(rng, depth, curved):
    def form():
        return Node("form", Fraction(rng.randint(-3, 3)), Fraction(rng.randint(-3, 3)))

    if depth == 0:
        if curved and rng.random() < 0.4:
            return Node("quadratic", *(Fraction(rng.randint(-2, 2)) for _ in range(3)))
        return form()
    smooth = ["exp", "sin", "root"] if curved else []
    op = rng.choice(
        ["max", "min", "abs", "add", "scale", "kink", "decided", "never", "corner", "max", "min", "thin", *smooth]
    )
    deeper = [_grown(rng, rng.randint(0, depth - 1), curved) for _ in range(2)]
    number = Fraction(rng.randint(-3, 3))
    if op == "thin":
        tilt = rng.choice([Fraction(1, 10**k) for k in (6, 9, 12, 15)])
        return Node(
            "max", Node("min", Node("form", Fraction(0), Fraction(1)), Node("form", tilt, Fraction(-1))), deeper[0]
        )
    if op == "corner":
        return Node(op, deeper[0], form(), form(), number)
    if op in ("kink", "decided", "never"):
        return Node(op, deeper[0], form(), number)
    if op == "scale":
        return Node("scale", number, deeper[0])
    if op == "abs" or op in SMOOTH:
        return Node(op, deeper[0])
    return Node(op, *deeper)


def rounded(points):
    return {tuple(float(x) + 0.0 for x in p) for p in points}


def vertices(J):
    if J.exact_entries is not None:
        return {tuple(x for row in block for x in row) for block in J.exact_entries}
    return {tuple(Fraction(x) for x in block.ravel().tolist()) for block in J.vertices}


def check(draw, seen):
    """Every claim about one function."""
    F = cj.from_sympy(draw.text, state=["x", "y"])
    tolerance = 0.0 if not draw.exact else None
    found = cj.jacobians.jacobian_sandwich(F, draw.point(), tolerance=tolerance)
    known = draw.slow(limits(draw.tree))
    enumerated = {kind: draw.slow(draw.tree.gradients(kind)) for kind in ("program", "selection")}
    sets = {"conical": found.conical, "program": found.program, "selection": found.selection}
    listed = {kind: vertices(J) for kind, J in sets.items() if J is not None}
    if not draw.exact and not draw.curved:
        exact = known | enumerated["program"] | enumerated["selection"]
        for kind, points in listed.items():
            meant = {p: min(exact, key=lambda e, p=p: _apart(e, p)) for p in points}
            stray = [p for p, e in meant.items() if _apart(e, p) > Fraction(1, 2**50) * max(map(abs, e))]
            assert not stray, f"{kind} has {[tuple(map(float, p)) for p in stray]}, which no choice gives"
            listed[kind] = set(meant.values())
    for kind in ("program", "selection"):
        stray = [p for p in listed[kind] if not _member(enumerated[kind], p, draw.curved)]
        assert not stray, f"{kind} has {[tuple(map(float, p)) for p in stray]}, beyond all choices"
    for kind, points in listed.items():
        name = sets[kind].exactness.name
        if name != "INNER":
            missing = [p for p in known if not _member(points, p, draw.curved)]
            assert not missing, f"{kind} {name} lacks the limit {tuple(map(float, missing[0]))}"
        if name != "OUTER":
            extra = [p for p in points if not _member(known, p, draw.curved)]
            if extra and draw.curved:
                closer = limits(draw.tree, FINE_BENDS)
                extra = [p for p in extra if not _member(closer, p, True)]
            assert not extra, f"{kind} {name} has {tuple(map(float, extra[0]))}, which is no limit that was seen"
        elif not [p for p in points if not _member(known, p, draw.curved)]:
            seen[f"{kind} is Clarke's and not called so"] += 1
        seen[f"{kind} {name}"] += 1
    chain = [kind for kind in ("conical", "program", "selection") if kind in listed]
    for small, large in itertools.pairwise(chain):
        assert all(_member(listed[large], p, draw.curved) for p in listed[small]), f"{small} leaves {large}"
    batched(F, draw, found.program, tolerance)


def _apart(first, second):
    return max(abs(a - b) for a, b in zip(first, second, strict=True))


def _member(points, point, curved):
    if not curved:
        return inside(list(points), point)
    corners = np.array([[float(x) for x in p] for p in points])
    target = np.array([float(x) for x in point])
    slack = linprog(
        np.r_[np.zeros(len(corners)), 1.0],
        A_ub=np.block([[sign * corners.T, -np.ones((2, 1))] for sign in (1, -1)]),
        b_ub=np.r_[target, -target],
        A_eq=np.r_[np.ones(len(corners)), 0.0][None],
        b_eq=[1.0],
    )
    return slack.fun < 1e-6


def batched(F, draw, program, tolerance):
    if draw.exact:
        return
    many = cj.jacobians.conservative_jacobians(F, [draw.point()] * 2, tolerance=tolerance)
    listed = rounded(many.vertices[: many.counts[0]].reshape(-1, 2).tolist())
    single = rounded(program.vertices.reshape(-1, 2).tolist())
    near = np.abs(np.array(sorted(listed))[:, None] - np.array(sorted(single))[None]).max(axis=2)
    size = 1e-9 * max(1e-300, *(abs(x) for p in single for x in p))
    assert max(near.min(axis=1).max(), near.min(axis=0).max()) <= size, "the batched call differs"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    end, seen, failures = time.monotonic() + 60 * options.minutes, Counter(), 0
    for number in itertools.count():
        if time.monotonic() > end:
            break
        draw = Draw(random.Random(f"{options.seed} {number}"))
        try:
            check(draw, seen)
        except (DiscontinuityError, FunctionError) as error:
            seen[f"refused: {type(error).__name__}"] += 1
        except Exception as error:
            failures += 1
            print(f"{number}: {draw.text} at {draw.point()}\n    {type(error).__name__}: {error}", flush=True)
            if not isinstance(error, AssertionError):
                traceback.print_exc()
    print(f"{number} functions, {failures} failures")
    for what, count in sorted(seen.items()):
        print(f"    {what}: {count}")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
