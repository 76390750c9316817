"""A hunt for wrong readings of random functions of three variables, against limits of derivatives along arcs.

    python benchmarks/hunt_space_functions.py --minutes 10 --seed 0

Ties are between polynomials of degree one to three. The derivative of the branch that is taken is evaluated exactly at
points t^k beside 0 along random arcs, many of which run along zeros of differences. Every such limit must lie in each
set called OUTER or EXACT; and a set called EXACT must hold nothing else, so far as arcs can tell.
"""

import argparse
import itertools
import random
import sys
import time
import traceback
from collections import Counter
from fractions import Fraction

import numpy as np
from scipy.optimize import linprog

import conservative as cj
from conservative import DiscontinuityError, FunctionError

NAMES = ("x", "y", "z")
SMALL = Fraction(1, 10**12)
ARCS, MORE = 300, 6000


class Leaf:
    """A polynomial without constant term."""

    def __init__(self, terms):
        self.terms = {e: c for e, c in terms.items() if c}

    def text(self):
        powers = [
            "*".join([f"({c})", *(f"{n}**{k}" for n, k in zip(NAMES, e, strict=True) if k)])
            for e, c in self.terms.items()
        ]
        return "(" + (" + ".join(powers) or "0") + ")"

    def jet(self, p):
        value, slope = Fraction(0), [Fraction(0)] * 3
        for e, c in self.terms.items():
            parts = [x**k for x, k in zip(p, e, strict=True)]
            value += c * parts[0] * parts[1] * parts[2]
            for i, k in enumerate(e):
                if k:
                    rest = [q for j, q in enumerate(parts) if j != i]
                    slope[i] += c * k * p[i] ** (k - 1) * rest[0] * rest[1]
        return value, slope

    def leaves(self):
        return [self]


class Switch:
    """Max, Min, Abs, a sum, or a Piecewise that is continuous."""

    def __init__(self, op, *parts):
        self.op, self.parts = op, parts

    def text(self):
        texts = [p.text() for p in self.parts]
        match self.op:
            case "add":
                return f"({texts[0]} + {texts[1]})"
            case "kink":
                return f"Piecewise(({texts[0]} + 2*{texts[1]}, {texts[1]} >= 0), ({texts[0]}, True))"
        return f"{self.op}({', '.join(texts)})"

    def jet(self, p):
        jets = [part.jet(p) for part in self.parts]
        match self.op:
            case "add":
                return jets[0][0] + jets[1][0], [a + b for a, b in zip(jets[0][1], jets[1][1], strict=True)]
            case "kink":
                (v, s), (g, h) = jets
                return (v + 2 * g, [a + 2 * b for a, b in zip(s, h, strict=True)]) if g >= 0 else (v, s)
            case "Abs":
                ((v, s),) = jets
                return (v, s) if v >= 0 else (-v, [-a for a in s])
        return (max if self.op == "Max" else min)(jets, key=lambda j: j[0])

    def leaves(self):
        return [leaf for part in self.parts for leaf in part.leaves()]


def grown(rng, depth):
    if depth == 0:
        degrees = rng.choice([(1,), (1,), (2,), (1, 2), (1, 2), (2, 3)])
        monomials = [e for e in itertools.product(range(4), repeat=3) if sum(e) in degrees]
        return Leaf({e: Fraction(rng.randint(-2, 2)) for e in rng.sample(monomials, min(3, len(monomials)))})
    op = rng.choice(["Max", "Min", "Max", "Min", "Abs", "add", "kink"])
    if op == "Abs":
        return Switch(op, grown(rng, depth - 1))
    second = grown(rng, 0) if op == "kink" else grown(rng, rng.randint(0, depth - 1))
    return Switch(op, grown(rng, depth - 1), second)


def limits(tree, rng, count):
    """Derivatives beside 0, without what is of the order of t."""
    leaves, found = tree.leaves(), set()
    for number in range(count):
        rates = [[Fraction(rng.randint(-4, 4)) for _ in range(3)] for _ in range(3)]
        p = [sum(r[i] * SMALL**k for k, r in enumerate(rates, 1)) for i in range(3)]
        first, second = rng.choice(leaves), rng.choice(leaves)
        terms = Counter(first.terms)
        sign = rng.choice((1, -1, 0)) if first is not second else 0
        for e, c in second.terms.items():
            terms[e] += sign * c
        held, order = Leaf(terms), rng.choice((2, 3, 4, 5))
        for _ in range(6 if number % 4 else 0):
            value, slope = held.jet(p)
            steep = [i for i in range(3) if slope[i]]
            if not steep:
                break
            at = max(steep, key=lambda i: abs(slope[i]))
            p[at] -= (value - rng.choice((1, -1)) * SMALL**order) / slope[at]
            p = [x.limit_denominator(10**80) for x in p]
        if max(map(abs, p)) < Fraction(1, 10**5):
            found.add(tuple(float(round(g * 10**6)) / 10**6 + 0.0 for g in tree.jet(p)[1]))
    return found


def beyond(points, corners):
    """The points that are not in the hull of some corners, up to what is left of the order of t."""
    corners = np.array(sorted(corners))
    box = np.r_[np.zeros(len(corners)), 1.0]
    return [
        p
        for p in points
        if linprog(
            box,
            A_ub=np.block([[s * corners.T, -np.ones((3, 1))] for s in (1, -1)]),
            b_ub=np.r_[p, -np.array(p)],
            A_eq=np.r_[np.ones(len(corners)), 0.0][None],
            b_eq=[1.0],
        ).fun
        > 1e-4
    ]


def check(tree, rng, seen):
    F = cj.from_sympy(tree.text(), state=list(NAMES))
    begun = time.process_time()
    found = cj.jacobians.jacobian_sandwich(F, [0, 0, 0])
    seen["CPU ms"] += round(1000 * (time.process_time() - begun))
    known = limits(tree, rng, ARCS)
    for kind in ("conical", "program"):
        J = getattr(found, kind)
        if J is None:
            seen[f"{kind} none"] += 1
            continue
        points = {tuple(v) for v in J.vertices.reshape(-1, 3).tolist()}
        name = J.exactness.name
        if name != "INNER":
            missing = beyond(known, points)
            assert not missing, f"{kind} {name} lacks the limit {missing[0]}"
        extra = beyond(points, known)
        if name != "OUTER" and extra:
            known |= limits(tree, rng, MORE)
            extra = beyond(points, known)
            assert not extra, f"{kind} {name} has {extra[0]}, which is no limit that was seen"
        clarke = not extra and not beyond(known, points)
        seen[f"{kind} {name}{', all of it' if clarke and name != 'EXACT' else ''}"] += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    end, seen, failures = time.monotonic() + 60 * options.minutes, Counter(), 0
    for number in itertools.count():
        if time.monotonic() > end:
            break
        rng = random.Random(f"{options.seed} {number}")
        tree = grown(rng, rng.randint(1, 3))
        try:
            check(tree, rng, seen)
        except (DiscontinuityError, FunctionError) as error:
            seen[f"refused: {type(error).__name__}"] += 1
        except Exception as error:
            failures += 1
            print(f"{number}: {tree.text()}\n    {type(error).__name__}: {error}", flush=True)
            if not isinstance(error, AssertionError):
                traceback.print_exc()
    print(f"{number} functions, {failures} failures")
    for what, count in sorted(seen.items()):
        print(f"    {what}: {count}")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
