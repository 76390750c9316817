"""Trajectories of the two-piece linear map behind a pair of matrices, followed exactly while off its kink."""

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from conservative._core.checks import as_count
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative._core.numbers import Estimate
from conservative.spectral.counterexamples.batch_contraction import quadratic_weights
from conservative.spectral.counterexamples.kink_report import KinkReport, KinkStatus
from conservative.spectral.counterexamples.planar_cones import (
    Cone,
    Rows,
    Vector,
    advance,
    apply,
    below_one,
    dot,
    frobenius,
    reduced,
    return_time,
    runs_away,
    shrinks,
    times,
)

MAX_STEPS = 160
"""Steps followed at most."""

_STARTS = 24

_WEIGHT_BITS = 16
"""Digits of the quadratic norm: it need not be a good one."""

_MOST_WORK = 6000
"""Cones advanced by one step, in all; their integers grow with every step."""

_MOST_CONES = 1000
"""Their number grows linearly, unless the map folds the plane or maps open sets into the kink."""


def kink_normal(family: MatrixFamily) -> tuple[Fraction, ...] | None:
    """The vector v of a continuous map x -> A x (v.x >= 0), B x (v.x < 0), if the family is such a pair.

    The pieces agree where v.x = 0 exactly when A - B = u v^T.

    >>> from conservative._core.families.as_family import as_family
    >>> kink_normal(as_family([[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]], call="example"))
    (Fraction(1, 1), Fraction(0, 1))
    """
    if family.count != 2:
        return None
    A, B = family.exact
    difference = [[x - y for x, y in zip(a, b, strict=True)] for a, b in zip(A, B, strict=True)]
    lead = next((row for row in difference if any(row)), None)
    if lead is None:
        return None
    pivot = next(j for j, x in enumerate(lead) if x)
    normal = tuple(x / lead[pivot] for x in lead)
    if any(row[j] != row[pivot] * normal[j] for row in difference for j in range(len(normal))):
        return None
    return normal


def follow_kink(family: Any, *, max_steps: int = MAX_STEPS) -> KinkReport:
    """What trajectories of the map behind a pair of matrices do off its kink.

    Parameters
    ----------
    family : MatrixFamily or array_like of shape (2, n, n)
        Two matrices that differ by rank one; others are reported as such.
    max_steps : int
        Steps for which trajectories are followed; what is not decided by then is reported as undecided.

    Returns
    -------
    KinkReport

    Notes
    -----
    In the plane the starting points that read one word form a cone, and cones are split exactly where an image
    crosses the kink. Off the kink the Jacobian of some steps is the product of the word that is read. A cone is left
    alone once its product has norm below one, in a quadratic norm chosen for the pair: if that happens to all of them,
    every trajectory's word is cut into finitely many kinds of blocks of norm below one, which proves decay. In the
    same way all trajectories converge if on every cone |M x| < |x| at some step, and some diverge if a word of radius
    above one maps part of its cone into itself. Above the plane, exact trajectories from integer points are followed.

    Examples
    --------
    >>> follow_kink([[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]).status.name
    'DECAYS'
    """
    family = as_family(family, call="follow_kink", argument="family")
    max_steps = as_count(max_steps, call="follow_kink", argument="max_steps", least=1)
    normal = kink_normal(family)
    if normal is None:
        return KinkReport(KinkStatus.NO_FUNCTION, 0, 0, Estimate(math.nan), (), None, False)
    scale = math.lcm(*[x.denominator for x in normal])
    v = tuple(int(x * scale) for x in normal)
    unit = math.lcm(*[x.denominator for matrix in family.exact for row in matrix for x in row])
    weight = _weight(family)
    pieces = [tuple(tuple(int(x * unit) for x in row) for row in matrix) for matrix in family.exact]
    if family.size == 2:
        return _follow_cones(pieces, unit, v, normal, weight, max_steps)
    return _follow_points(pieces, unit, v, normal, max_steps)


def _weight(family: MatrixFamily) -> Rows:
    """A quadratic norm x'Px in which the pair is small, as a positive definite matrix of integers."""
    found = quadratic_weights(family.floats[None])[0][0]
    if family.size == 2 and np.isfinite(found).all():
        scaled = np.round(found / np.abs(found).max() * (1 << _WEIGHT_BITS))
        (p, q), (_, r) = scaled.astype(int).tolist()
        if p > 0 and p * r > q * q:
            return ((p, q), (q, r))
    return tuple(tuple(int(i == j) for j in range(family.size)) for i in range(family.size))


def _follow_cones(
    pieces: Sequence[Rows], unit: int, v: Vector, normal: tuple[Fraction, ...], weight: Rows, max_steps: int
) -> KinkReport:
    ray, identity = (-v[1], v[0]), ((1, 0), (0, 1))
    circle = [ray, v, (v[1], -v[0]), (-v[0], -v[1])]
    cones = [Cone((p, q), identity, False) for p, q in zip(circle, [*circle[1:], circle[0]], strict=True)]
    returns = return_time(pieces, v, max_steps)
    ended, growth, work, peak, block = 0, 0.0, 0, Fraction(1), Fraction(1, 2)
    for step in range(1, max_steps + 1):
        square = unit ** (2 * step)
        reached = [child for cone in cones for child in advance(cone, pieces, v)]
        done = {cone.product for cone in reached if below_one(cone.product, square, weight)}
        for product in {cone.product for cone in reached}:
            while not below_one(product, square * peak**2, weight):
                peak *= Fraction(5, 4)
        for product in done:
            while not below_one(product, square * block**2, weight):
                block = (1 + block) / 2
        ended, growth = ended + len(done), max([growth, *(_planar_rate(m, unit**step, weight, step) for m in done)])
        cones = [
            replace(cone, shrunk=cone.shrunk or shrinks(cone, square, weight))
            for cone in reached
            if cone.product not in done
        ]
        if any(runs_away(cone, unit**step) for cone in cones):
            rate = max(_planar_rate(cone.product, unit**step, weight, step) for cone in cones)
            return KinkReport(KinkStatus.DIVERGES, step, ended, Estimate(rate), normal, returns, False, weight)
        if not cones:
            return KinkReport(
                KinkStatus.DECAYS, step, ended, Estimate(growth), normal, returns, True, weight, peak, block
            )
        work += len(cones)
        if len(cones) > _MOST_CONES or work > _MOST_WORK:
            break
    converges = all(cone.shrunk for cone in cones)
    status = KinkStatus.CONVERGES if converges else KinkStatus.UNDECIDED
    alive = {cone.product for cone in cones}
    growth = max(_planar_rate(m, unit**step, weight, step) for m in alive)
    return KinkReport(status, step, ended + len(alive), Estimate(growth), normal, returns, converges, weight, peak)


def _follow_points(
    pieces: Sequence[Rows], unit: int, v: Vector, normal: tuple[Fraction, ...], max_steps: int
) -> KinkReport:
    n = len(v)
    products = []
    for start in range(_STARTS):
        x: Vector = tuple((37 * start + 61 * i * i + 17 * start * i) % 101 - 50 for i in range(n))
        product: Rows = tuple(tuple(int(i == j) for j in range(n)) for i in range(n))
        for _ in range(max_steps):
            piece = pieces[0 if dot(v, x) >= 0 else 1]
            x, product = reduced(apply(piece, x)), times(piece, product)
        products.append(product)
    square = unit ** (2 * max_steps)
    small = max(map(frobenius, products)) * 10**6 < square
    growth = max(_rate(product, square, max_steps) for product in products)
    status = KinkStatus.OBSERVED if small else KinkStatus.UNDECIDED
    return KinkReport(status, max_steps, _STARTS, Estimate(growth), normal, None, False)


def _planar_rate(product: Rows, scale: int, weight: Rows, steps: int) -> float:
    """||M_w||^(1/steps) in the norm of a weight, in doubles, of the product over a common denominator."""
    size = max(abs(x) for row in product for x in row)
    if not size:
        return 0.0
    matrix = np.array([[x / size for x in row] for row in product])
    factor = np.linalg.cholesky(np.array(weight, dtype=np.float64)).T
    norm = float(np.linalg.norm(factor @ matrix @ np.linalg.inv(factor), 2))
    return math.exp((math.log(norm) + math.log(size) - math.log(scale)) / steps)


def _rate(product: Rows, square: int, steps: int) -> float:
    """||M_w||^(1/steps) in doubles, from integers of any length."""
    size = frobenius(product)
    return math.exp((math.log(size) - math.log(square)) / (2 * steps)) if size else 0.0
