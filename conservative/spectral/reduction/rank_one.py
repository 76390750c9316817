"""Families of rank one: their radius is the largest geometric mean of a cycle, decided in exact arithmetic."""

from fractions import Fraction

import numpy as np

from conservative._core.families.as_family import ExactMatrix, MatrixFamily
from conservative.spectral.words.cyclic_words import Word, canonical_word

Weights = list[list[Fraction]]

MOST_MATRICES = 60
"""Largest number of matrices: the exact comparison of cycles costs k^3 products of long rationals."""


def rank_one_factors(matrix: ExactMatrix) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]] | None:
    """Vectors with A = u v^T, or None when the rank exceeds one. Shapes: `matrix` (n, n).

    >>> u, v = rank_one_factors(((Fraction(2), Fraction(4)), (Fraction(1), Fraction(2))))
    >>> [str(x) for x in u + v]
    ['1', '1/2', '2', '4']
    """
    row = next((r for r in matrix if any(r)), None)
    if row is None:
        return (Fraction(0),) * len(matrix), (Fraction(0),) * len(matrix)
    pivot = next(j for j, x in enumerate(row) if x != 0)
    u = tuple(r[pivot] / row[pivot] for r in matrix)
    if any(r[j] != u[i] * row[j] for i, r in enumerate(matrix) for j in range(len(row))):
        return None
    return u, row


def best_cycle(family: MatrixFamily) -> Word | None:
    """The word of a family of rank at most one that attains its joint spectral radius, or None for other families.

    With A_i = u_i v_i^T, M_w = u_{w_1} (prod v_{w_j}^T u_{w_{j+1}}) v_{w_n}^T: its norm is, up to a constant, the
    product of the weights c_ij = |v_i^T u_j| along a path in the complete graph on the letters, and rho(M_w) the
    product around the closed path. A path is a union of cycles and at most k - 1 further edges, so the radius is
    the largest geometric mean mu of a cycle, and a simple cycle attains it. Karp's formula proposes one in
    doubles. It is the best one if the weights c_ij^l / mu^l, rational for a cycle of length l, have no cycle
    of product above 1: max-times iteration from 1 then stops within k steps. A walk of k edges that beats all
    shorter ones holds a cycle of product above 1, the next candidate.

    [karp1978]_
    """
    if family.count > MOST_MATRICES:
        return None
    factors = []
    for matrix in family.exact:
        pair = rank_one_factors(matrix)
        if pair is None:
            return None
        factors.append(pair)
    weights = [
        [abs(sum((x * y for x, y in zip(v, u, strict=True)), Fraction(0))) for u, _ in factors] for _, v in factors
    ]
    cycle = largest_mean(_logarithms(weights))
    while cycle:
        better = _better_cycle(weights, cycle)
        if better is None:
            return canonical_word(cycle)
        cycle = better
    return (0,)


def _logarithms(weights: Weights) -> np.ndarray:
    def log(x: Fraction) -> float:
        if x == 0:
            return -np.inf
        shift = x.numerator.bit_length() - x.denominator.bit_length()
        return float(np.log(float(x / Fraction(2) ** shift)) + shift * np.log(2.0))

    return np.array([[log(x) for x in row] for row in weights])


def largest_mean(logs: np.ndarray) -> Word:
    """A cycle of (nearly) the largest mean weight, by Karp's formula from a source joined to every node; () if none.

    Shapes: `logs` (k, k).
    """
    k = logs.shape[0]
    best = np.zeros((k + 1, k))
    parent = np.zeros((k + 1, k), dtype=int)
    for step in range(1, k + 1):
        candidates = best[step - 1][:, None] + logs
        parent[step] = candidates.argmax(axis=0)
        best[step] = candidates.max(axis=0)
    ends = np.flatnonzero(np.isfinite(best[k]))
    if not ends.size:
        return ()
    spans = np.arange(k, 0, -1)
    means = ((best[k][ends] - best[:k][:, ends]) / spans[:, None]).min(axis=0)
    node = int(ends[means.argmax()])
    walk = [node]
    for step in range(k, 0, -1):
        node = int(parent[step][node])
        walk.append(node)
    walk.reverse()
    return max(_cycles(walk), key=lambda c: _mean(logs, c))


def _cycles(walk: list[int]) -> list[Word]:
    """The simple cycles that a walk closes, taken out one after another."""
    found, path = [], list[int]()
    for node in walk:
        if node in path:
            start = path.index(node)
            found.append(tuple(path[start:]))
            path = path[:start]
        path.append(node)
    return found


def _mean(logs: np.ndarray, cycle: Word) -> float:
    return float(np.mean([logs[i, j] for i, j in zip(cycle, cycle[1:] + cycle[:1], strict=True)]))


def _better_cycle(weights: Weights, cycle: Word) -> Word | None:
    """A cycle of strictly larger geometric mean, or None when there is none; in rationals."""
    k, length = len(weights), len(cycle)
    product = _gain(weights, cycle)
    scaled = [[w**length / product for w in row] for row in weights]
    value, steps = [Fraction(1)] * k, list[dict[int, int]]()
    for _ in range(k):
        follow = [max(range(k), key=[d * x for d, x in zip(row, value, strict=True)].__getitem__) for row in scaled]
        grown = [scaled[i][j] * value[j] for i, j in enumerate(follow)]
        steps.append({i: j for i, j in enumerate(follow) if grown[i] > value[i]})
        if not steps[-1]:
            return None
        value = [max(pair) for pair in zip(value, grown, strict=True)]
    node = next(iter(steps[-1]))
    walk = [node]
    for step in reversed(steps):
        node = step.get(node, node)
        walk.append(node)
    return max(_cycles(walk), key=lambda c: _gain(scaled, c))


def _gain(weights: Weights, cycle: Word) -> Fraction:
    """The product of the weights around a cycle."""
    product = Fraction(1)
    for i, j in zip(cycle, cycle[1:] + cycle[:1], strict=True):
        product *= weights[i][j]
    return product
