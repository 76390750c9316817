"""A grown polytope written down in integers: the data of a proof that the exact checker accepts.

Vertices are computed anew in fixed point along the tree, so that the tree and the cycles hold up to one unit of the
last place, and coefficients are refined against exact residuals. The proof is for a bound a little above the rate by
which the family was divided: the difference is the room for every rounding.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from conservative._core.families.as_family import MatrixFamily
from conservative.certificates.proofs import PolytopeProof
from conservative.spectral.polytope.columns import MEAN, FloatArray, HullKind
from conservative.spectral.polytope.gauge import Points
from conservative.spectral.polytope.roots import Cycle
from conservative.spectral.polytope.shape import ROOT, Polytope

Integers = NDArray[np.object_]
"""Python integers of any length."""

_LEAST_BITS = 56
_REFINEMENTS = 3


@dataclass(frozen=True, slots=True, eq=False)
class _FixedPoint:
    """The family as integers over one denominator, and the unit 2^-bits of all fixed-point numbers.

    Multiplying by matrix i / divisor is ``integers[i] @ v * numerator // denominator``.
    """

    integers: Integers
    numerator: int
    denominator: int
    bits: int

    def image(self, letter: int, vectors: Integers) -> Integers:
        """Rows A v / rate, rounded to the unit."""
        scaled = (vectors @ self.integers[letter].T) * self.numerator
        return np.asarray((2 * scaled + self.denominator) // (2 * self.denominator))


def polytope_proof(family: MatrixFamily, polytope: Polytope, *, rate: Fraction, bound: Fraction) -> PolytopeProof:
    """The proof that a closed polytope gives of ``jsr <= bound``."""
    room = float(bound / rate - 1)
    basis, inverse = _interior(polytope)
    bits = _bits(inverse, polytope, room)
    fixed = _fixed(family, rate, bits)
    vertices, turns = _vertices(polytope, fixed)
    shrink = rate / bound
    images = _images(polytope, vertices, turns, fixed, shrink)
    return PolytopeProof(
        hull=polytope.kind.value,
        denominator=1 << bits,
        vertices=_listed_vertices(vertices, polytope.kind),
        basis=basis,
        dual_denominator=1 << bits,
        dual=[[round(x) for x in row] for row in np.ldexp(inverse, bits).tolist()] if basis else [],
        weight=1 << bits,
        images=images,
    )


def _interior(polytope: Polytope) -> tuple[list[Any], FloatArray]:
    """Vertices (or their real and imaginary parts) that span the space, and the inverse of their matrix."""
    n = polytope.matrices.shape[1]
    if polytope.kind is HullKind.MONOTONE:
        return [], np.diag(1 / polytope.vertices.mean(axis=0))
    rows = polytope.vertices
    labels: list[Any] = list(range(polytope.count))
    if polytope.kind is HullKind.ELLIPTIC:
        rows = np.concatenate([rows.real, rows.imag])
        labels = [(k, part) for part in (0, 1) for k in range(polytope.count)]
    _, _, order = scipy.linalg.qr(rows.T, mode="economic", pivoting=True)
    chosen = order[:n]
    return [labels[j] for j in chosen], np.linalg.inv(rows[chosen].T)


def _bits(inverse: FloatArray, polytope: Polytope, room: float) -> int:
    """Enough that the rounding of the vertices, seen in the norm of the polytope, is a small part of the room."""
    sensitivity = float(np.abs(inverse).sum(axis=0).max()) * inverse.shape[0]
    size = float(np.abs(polytope.vertices).max())
    return max(_LEAST_BITS, math.ceil(math.log2(200 * sensitivity * max(size, 1.0) / room)))


def _fixed(family: MatrixFamily, rate: Fraction, bits: int) -> _FixedPoint:
    common = math.lcm(*(x.denominator for m in family.exact for row in m for x in row))
    integers = np.array(
        [[[x.numerator * (common // x.denominator) for x in row] for row in m] for m in family.exact], dtype=object
    )
    return _FixedPoint(integers, rate.denominator, common * rate.numerator, bits)


def _vertices(polytope: Polytope, fixed: _FixedPoint) -> tuple[Integers, list[Integers]]:
    """Fixed-point vertices, shape (N, parts, n), and the leading eigenvalue of every cycle, shape (parts,)."""
    parts = 2 if polytope.kind is HullKind.ELLIPTIC else 1
    found = np.zeros((polytope.count, parts, polytope.matrices.shape[1]), dtype=object)
    turns, position = [], 0
    for cycle in polytope.cycles:
        found[position], turn = _eigenvector(polytope, cycle, fixed, parts)
        turns.append(turn)
        position += len(cycle.word)
    orphans = np.arange(position, polytope.count)[polytope.parent[position:] == ROOT]
    if orphans.size:
        found[orphans] = _to_fixed(np.stack([_parted(v, parts) for v in polytope.vertices[orphans]]), fixed.bits)
    depth = np.zeros(polytope.count, dtype=np.int64)
    for i in np.flatnonzero(polytope.parent != ROOT):
        depth[i] = depth[polytope.parent[i]] + 1
    for level in range(1, int(depth.max(initial=0)) + 1):
        for letter in range(fixed.integers.shape[0]):
            here = np.flatnonzero((depth == level) & (polytope.letter == letter))
            if here.size:
                found[here] = fixed.image(letter, found[polytope.parent[here]])
    return found, turns


def _to_fixed(values: NDArray[Any], bits: int) -> Integers:
    """Doubles in units of 2^-bits, rounded down where they have more bits."""
    mantissa, exponent = np.frexp(np.ravel(values))
    digits = np.ldexp(mantissa, 53).astype(np.int64).tolist()
    shifts = (exponent.astype(np.int64) + (bits - 53)).tolist()
    scaled = [d << s if s >= 0 else d >> -s for d, s in zip(digits, shifts, strict=True)]
    return np.array(scaled, dtype=object).reshape(np.shape(values))


def _to_float(values: Integers, bits: int) -> FloatArray:
    scale = 1 << bits
    return np.array([x / scale for x in values.ravel().tolist()], dtype=np.float64).reshape(values.shape)


def _parted(vector: NDArray[Any], parts: int) -> FloatArray:
    return np.stack([vector.real, vector.imag][:parts])


def _eigenvector(polytope: Polytope, cycle: Cycle, fixed: _FixedPoint, parts: int) -> tuple[Integers, Integers]:
    """The first vertex of a cycle refined in fixed point, and the eigenvalue of the scaled product."""
    bits, n = fixed.bits, polytope.matrices.shape[1]
    product = np.eye(n)
    for letter in cycle.word:
        product = product @ polytope.matrices[letter]
    left = cycle.left
    vector = _to_fixed(_parted(cycle.vertices[0], parts), bits)
    value = np.zeros(parts, dtype=object)
    for _ in range(_REFINEMENTS):
        image = _word_image(fixed, cycle.word, vector)
        ratio = _inner(left, image, bits) / _inner(left, vector, bits)
        value = value + _eigenvalue_step(image, vector, value, left, ratio, bits)
        residual = image - (_times(value, vector) >> bits)
        rest = _complex(_to_float(residual << 60, bits)) if parts == 2 else _to_float(residual << 60, bits)[0]
        step = _bordered_solve(product, ratio, left, -rest)
        vector = vector + (_to_fixed(_parted(step, parts), bits) >> 60)
    if polytope.kind is HullKind.MONOTONE:
        vector = np.maximum(np.where(cycle.vertices[0].real > 0, vector, 0), 0)
    return vector, value


def _eigenvalue_step(
    image: Integers, vector: Integers, value: Integers, left: NDArray[Any], ratio: complex, bits: int
) -> Integers:
    """The change of the eigenvalue estimate: <left, image - value v> / <left, v>, small after the first step."""
    parts = value.shape[0]
    if not value.any():
        return _to_fixed(_parted(np.array(ratio), parts), bits)
    residual = (image - (_times(value, vector) >> bits)) << 60
    change = _inner(left, residual, bits) / _inner(left, vector, bits)
    return np.asarray(_to_fixed(_parted(np.array(change), parts), bits) >> 60)


def _word_image(fixed: _FixedPoint, word: tuple[int, ...], vector: Integers) -> Integers:
    for letter in reversed(word):
        vector = fixed.image(letter, vector)
    return vector


def _complex(parts: FloatArray) -> NDArray[np.complex128]:
    return np.asarray(parts[0] + 1j * parts[1])


def _inner(left: NDArray[Any], vector: Integers, bits: int) -> complex:
    floats = _to_float(vector, bits)
    return complex(left @ (_complex(floats) if floats.shape[0] == 2 else floats[0]))


def _times(value: Integers, vector: Integers) -> Integers:
    """Product of a number and vectors, real or by real and imaginary parts on the second last axis of `vector`."""
    if value.shape[0] == 1:
        return np.asarray(value[0] * vector)
    re, im = vector[..., 0, :], vector[..., 1, :]
    return np.stack([value[0] * re - value[1] * im, value[0] * im + value[1] * re], axis=-2)


def _bordered_solve(product: FloatArray, value: complex, left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """d with (M - value) d = right up to a multiple of the eigenvector, and <left, d> = 0."""
    n = product.shape[0]
    border = np.zeros((n + 1, n + 1), dtype=complex)
    border[:n, :n] = product - value * np.eye(n)
    border[:n, n] = left.conj()
    border[n, :n] = left
    solution, *_ = np.linalg.lstsq(border, np.append(right, 0), rcond=None)
    return np.asarray(solution[:n])


def _images(
    polytope: Polytope, vertices: Integers, turns: list[Integers], fixed: _FixedPoint, shrink: Fraction
) -> list[list[list[tuple[int, ...]]]]:
    """The sparse combination of every image A_i v_j / bound."""
    k = fixed.integers.shape[0]
    table: list[list[list[tuple[int, ...]]]] = [[[] for _ in range(polytope.count)] for _ in range(k)]
    unit = (1 << fixed.bits) * shrink.numerator // shrink.denominator
    whole = (unit,) if polytope.kind is not HullKind.ELLIPTIC else (0, unit, 0, unit)
    for child in np.flatnonzero(polytope.parent != ROOT).tolist():
        table[polytope.letter[child]][polytope.parent[child]] = [(child, *whole)]
    start = 0
    for cycle, turn in zip(polytope.cycles, turns, strict=True):
        last = start + len(cycle.word) - 1
        if cycle.closes:
            scaled = turn * shrink.numerator // shrink.denominator
            table[cycle.word[0]][last] = [(start, *_entry(polytope.kind, 0, scaled.tolist()))]
        start = last + 1
    for points in (*polytope.settled, polytope.pending):
        if not points.count:
            continue
        for (letter, vertex), entries in zip(
            points.image.tolist(), _combinations(polytope, points, vertices, fixed, shrink), strict=True
        ):
            table[letter][vertex] = entries
    return table


def _entry(kind: HullKind, conj: int, parts: list[int]) -> tuple[int, ...]:
    if kind is not HullKind.ELLIPTIC:
        return (parts[0],)
    re, im = parts
    return (conj, re, im, math.isqrt(re * re + im * im) + 1)


def _combinations(
    polytope: Polytope, points: Points, vertices: Integers, fixed: _FixedPoint, shrink: Fraction
) -> list[list[tuple[int, ...]]]:
    """Coefficients of images as integers, corrected by exact residuals.

    Corrections are added in fixed point: 53 bits of a coefficient are too few where the polytope is thin.
    """
    bits, kind = fixed.bits, polytope.kind
    letters, source = points.image.T
    images = np.zeros((points.count, *vertices.shape[1:]), dtype=object)
    for letter in range(fixed.integers.shape[0]):
        here = np.flatnonzero(letters == letter)
        if here.size:
            images[here] = fixed.image(letter, vertices[source[here]])
    weights = _weights(points, points.coefficients, kind, bits)
    for _ in range(2):
        residual = images - (_combined(points, weights, vertices, polytope.mean_count) >> bits)
        floats = _to_float(residual, bits).reshape(points.count, -1)
        correction = np.einsum("mij,mj->mi", points.inverse, floats)
        weights = weights + _weights(points, correction, kind, bits)
        if kind is HullKind.MONOTONE:
            weights = np.maximum(weights, 0)
    return [
        _listed_entries(code, weight, kind, shrink, polytope.mean_count)
        for code, weight in zip(points.code.tolist(), weights.transpose(0, 2, 1).tolist(), strict=True)
    ]


def _weights(points: Points, coefficients: FloatArray, kind: HullKind, bits: int) -> Integers:
    """Coefficients times factors in fixed point, shape (m, parts, D); zero for slacks."""
    numbers = np.where(points.cost > 0, coefficients * points.factor, 0)
    return _to_fixed(np.stack([numbers.real, numbers.imag][: 2 if kind is HullKind.ELLIPTIC else 1], axis=1), bits)


def _combined(points: Points, weights: Integers, vertices: Integers, mean_count: int) -> Integers:
    """Sums of weights times vertices, shape (m, parts, n), in units of 2^(-2 bits)."""
    vertex, conj = np.divmod(np.maximum(points.code, 0), 2)
    chosen = vertices[vertex]
    mean = points.code == MEAN
    if mean.any():
        chosen[mean] = vertices[:mean_count].sum(axis=0) // mean_count
    if vertices.shape[1] == 1:
        return np.asarray((weights[:, 0, :, None, None] * chosen).sum(axis=1))
    re, im = chosen[:, :, 0], chosen[:, :, 1] * np.where(conj == 1, -1, 1)[:, :, None]
    a, b = weights[:, 0, :, None], weights[:, 1, :, None]
    return np.stack([(a * re - b * im).sum(axis=1), (a * im + b * re).sum(axis=1)], axis=1)


def _listed_entries(
    code: list[int], weight: list[list[int]], kind: HullKind, shrink: Fraction, mean_count: int
) -> list[tuple[int, ...]]:
    entries: list[tuple[int, ...]] = []
    for c, parts in zip(code, weight, strict=True):
        scaled = [x * shrink.numerator // shrink.denominator for x in parts]
        if not any(scaled):
            continue
        if c == MEAN:
            entries += [(k, scaled[0] // mean_count) for k in range(mean_count)]
        else:
            entries.append((c // 2, *_entry(kind, c % 2, scaled)))
    return entries


def _listed_vertices(vertices: Integers, kind: HullKind) -> list[Any]:
    listed = vertices.tolist()
    return listed if kind is HullKind.ELLIPTIC else [v[0] for v in listed]
