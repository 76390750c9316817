"""Where invariant polytopes start: leading eigenvectors of the candidate products, along their cycles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conservative.spectral.polytope.columns import ComplexArray, FloatArray, HullKind
from conservative.spectral.words.cyclic_words import Word

_LEADING = 1e-9
"""Relative difference of moduli within which eigenvalues count as leading."""

_REAL = 1e-9

_NOISE = 1e-14
"""Entries of a real eigenvector that are this small beside the largest are zeros."""

_ENOUGH_ROOM = 0.8
"""Factor by which images of one cycle are kept inside the vertices of another, where that is possible."""


@dataclass(frozen=True, slots=True, eq=False)
class Cycle:
    """A leading eigenvector of a product and its images along the word.

    Shapes: `vertices` (l, n), `left` (n,). `word`: w, as the product reads: M_w = M_{w_1} .. M_{w_l}. `vertices`: v_0
    with M_w v_0 = factor * v_0 (in the scaled family), then M_{w_l} v_0, M_{w_{l-1}} M_{w_l} v_0, ... `left`: left
    eigenvector with <left, v_0> = 1 (no conjugation). `closes`: whether the modulus of the eigenvalue is one: the last
    image is then v_0 times a number of modulus one.
    """

    word: Word
    vertices: ComplexArray
    left: ComplexArray
    closes: bool

    @property
    def is_real(self) -> bool:
        """Whether all vertices are real."""
        return not self.vertices.imag.any()

    def scaled(self, by: float) -> "Cycle":
        """The cycle with all vertices multiplied by a positive number."""
        return Cycle(self.word, self.vertices * by, self.left / by, self.closes)


def leading_cycles(matrices: FloatArray, word: Word) -> list[Cycle]:
    """The cycles of all leading eigenvectors of a product, one of each complex pair.

    Shapes: `matrices` (k, n, n). `matrices`: scaled so that the radius to be proved is one.
    """
    product = np.eye(matrices.shape[1])
    for letter in word:
        product = product @ matrices[letter]
    values, right = np.linalg.eig(product)
    size = np.abs(values)
    leading = np.flatnonzero((size >= size.max() * (1 - _LEADING * len(word))) & (values.imag >= -_REAL * size))
    try:
        left = np.linalg.inv(right)
    except np.linalg.LinAlgError:
        return []
    cycles = []
    for j in leading:
        vector, covector = right[:, j].astype(complex), left[j].astype(complex)
        if abs(values[j].imag) <= _REAL * size[j]:
            vector, covector = _real_pair(vector, covector)
        if not np.isfinite(covector).all() or np.abs(covector).max() * np.abs(vector).max() > 1e8:
            return []
        closes = bool(abs(size[j] - 1) <= 1e-9 * len(word))
        cycles.append(_cycle(matrices, word, vector, covector, closes))
    return cycles


def _real_pair(vector: ComplexArray, covector: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
    """The eigenvectors of a real eigenvalue, turned to be real, of positive sum."""
    turn = vector[np.abs(vector).argmax()]
    phase = turn / abs(turn)
    real = (vector / phase).real
    sign = -1.0 if real.sum() < 0 else 1.0
    right = np.where(np.abs(real) < _NOISE * np.abs(real).max(), 0.0, real) * sign
    left = (covector * phase).real * sign
    return right.astype(complex), (left / (left @ right)).astype(complex)


def _cycle(matrices: FloatArray, word: Word, vector: ComplexArray, covector: ComplexArray, closes: bool) -> Cycle:
    vertices = [vector]
    for letter in word[:0:-1]:
        vertices.append(matrices[letter] @ vertices[-1])
    stack = np.array(vertices)
    size = float(np.abs(stack).max())
    return Cycle(word, stack / size, covector * size, closes)


def balanced(cycles: Sequence[Cycle], matrices: FloatArray, *, depth: int = 6, width: int = 400) -> list[Cycle]:
    """Cycles scaled against each other so that none is swallowed by, or sticks out of, the hull of another.

    With q_ab = max |<left_a, x>| over images x of cycle b, weights s need s_b q_ab <= s_a. A cycle of factors above
    one has no such weights; it shows a word of larger radius. Otherwise there is room, and weights at its end would
    make images creep towards another cycle's vertices and never fall inside: s_b q_ab <= mu s_a is asked, where mu < 1
    is the largest geometric mean of the q along a cycle (or `_ENOUGH_ROOM`, if that is more). Then s_a is the largest
    product of q / mu over chains from a, found by relaxation.

    Shapes: `matrices` (k, n, n).
    """
    if len(cycles) < 2:
        return list(cycles)
    log_q = np.array([[_reach(a, b, matrices, depth, width) for b in cycles] for a in cycles])
    np.fill_diagonal(log_q, -np.inf)
    log_q -= max(_largest_mean(log_q), np.log(_ENOUGH_ROOM))
    np.fill_diagonal(log_q, 0.0)
    weight = np.zeros(len(cycles))
    for _ in range(len(cycles)):
        weight = np.maximum(weight, (log_q + weight[None, :]).max(axis=1))
    return [c.scaled(float(np.exp(w - weight.max()))) for c, w in zip(cycles, weight, strict=True)]


def _largest_mean(weights: FloatArray) -> float:
    """The largest mean weight of a cycle of a graph, by Karp's formula; minus infinity without a cycle."""
    n = weights.shape[0]
    walks = [np.zeros(n)]
    for _ in range(n):
        walks.append((weights + walks[-1][None, :]).max(axis=1))
    ends = np.flatnonzero(np.isfinite(walks[n]))
    if not ends.size:
        return -np.inf
    means = [(walks[n][ends] - walks[k][ends]) / (n - k) for k in range(n)]
    return float(np.min(means, axis=0).max())


def _reach(a: Cycle, b: Cycle, matrices: FloatArray, depth: int, width: int) -> float:
    covectors = np.array([a.left])
    level = b.vertices
    best = -np.inf
    for _ in range(depth + 1):
        with np.errstate(divide="ignore"):
            best = max(best, float(np.log(np.abs(level @ covectors.T).max())))
        level = np.concatenate([level @ m.T for m in matrices])
        if level.shape[0] > width:
            level = level[np.argsort(-np.abs(level).max(axis=1), kind="stable")[:width]]
    return best


def hull_kind(matrices: FloatArray, cycles: Sequence[Cycle]) -> HullKind:
    """The kind of hull that cycles ask for. Shapes: `matrices` (k, n, n)."""
    if not all(c.is_real for c in cycles):
        return HullKind.ELLIPTIC
    nonnegative = (matrices >= 0).all() and all((c.vertices.real >= 0).all() for c in cycles)
    return HullKind.MONOTONE if nonnegative else HullKind.SYMMETRIC


def as_points(vectors: NDArray[np.float64] | ComplexArray, kind: HullKind) -> FloatArray:
    """Vectors as points of a hull: real coordinates, for elliptic hulls followed by the imaginary ones.

    Shapes: `vectors` (m, n), result (m, D).
    """
    if kind is HullKind.ELLIPTIC:
        return np.concatenate([vectors.real, vectors.imag], axis=1)
    return np.ascontiguousarray(vectors.real)
