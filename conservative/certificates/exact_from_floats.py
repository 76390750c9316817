"""From a polytope in floats to an exact proof that the radius is that of a word: long numbers for every vertex."""

import math
from collections.abc import Sequence
from fractions import Fraction
from operator import mul
from typing import Any

import flint
import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from conservative._core.errors import CertificateError
from conservative._core.exact.linear_algebra import exact_product, from_flint, to_flint
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative.certificates.eigenpairs import GUARD, rounded, scaled_product, word_eigenpair
from conservative.certificates.proofs import ExactProof
from conservative.certificates.words import estimate_word_radius

_WEIGHT = 2**60
"""Denominator of all coefficients."""
_SLACK = 32
"""Bits that the ends have less than the vertices."""

Edges = Sequence[Sequence[int] | None]


def exact_proof(
    family: Any,
    *,
    word: Sequence[int],
    vertices: Any,
    tree: Edges,
    images: Any,
    hull: str = "symmetric",
    rate: Fraction | None = None,
    basis: Sequence[int] | None = None,
    bits: int = 256,
) -> ExactProof:
    """Long rational approximations of an eigenvector and of the vertices that grow from it.

    Only the structure of the polytope is used as it is, the tree and the combinations; the vertices are computed again
    with `bits` bits. Nothing is proved here: `exact_certificate` has the result checked.

    Shapes: `family` (k, n, n), `vertices` (N, n), `images` (k, N). `family`: doubles are taken as the rationals that
    they are. `word`: 0-based letters; the product has a real, simple, leading eigenvalue. `vertices`: floats near the
    vertices, each up to its sign. The first is near the leading eigenvector of the product. `tree`: vertex j is
    A_letter v_parent / gamma up to its sign; None for the first vertex, and for extra vertices, which are then
    rational. Parents come first. The tree holds the cycle of the word. `images`: ``images[i][j]`` lists pairs (k, c)
    with A_i v_j / gamma near the sum of c v_k, and sum |c| < 1 with room for rounding. What stands for edges of the
    tree, and for the image that closes the cycle, is not read. `hull`: ``"symmetric"``, or ``"monotone"`` for
    nonnegative matrices: vertices and coefficients are nonnegative, and the first vertex has no zero. `rate`:
    rho(M_w)^(1/length) where it is rational: then the eigenpair and the value are exact, not enclosed. `basis`: for a
    symmetric hull, vertices that span the space, well conditioned; found by pivoting if left out. `bits`: of the
    vertices; a deep tree of matrices with large norms needs more. Raises CertificateError when no real eigenpair is
    found near the first vertex, or the vertices do not span the space.
    """
    matrices = as_family(family, call="exact_proof", argument="family")
    letters = [int(letter) for letter in word]
    floats = np.asarray(vertices, dtype=np.float64)
    pivot = int(np.argmax(np.abs(floats[0])))
    floats = floats / floats[0, pivot]
    estimate = rate or Fraction(estimate_word_radius(matrices, tuple(letters)))
    first, value, inverse = word_eigenpair(scaled_product(matrices, letters, estimate, bits), floats[0], pivot, bits)
    denominator, radius = 2**bits, Fraction(1, 2 ** (bits - _SLACK // 2))
    if rate is None:
        lower, upper = _decimals_around(estimate, value, len(letters), bits)
        value = rounded(value * (estimate / lower) ** len(letters), bits)
    else:
        lower, upper, value, radius = rate, rate, Fraction(1 if value > 0 else -1), Fraction(0)
        first, denominator = _rational_eigenvector(matrices, letters, value * rate ** len(letters), pivot, bits)
    points, signs = _grown(matrices, lower, first, tree, floats, denominator)
    chosen: list[int] = []
    dual, dual_denominator = list[list[int]](), 1
    if hull == "symmetric":
        near = np.array([[x / denominator for x in point] for point in points])
        chosen = list(map(int, basis)) if basis is not None else _spanning(near)
        dual, dual_denominator = _dual(near[chosen])
    given = {(edge[1], edge[0]) for edge in tree if edge is not None} | {_closing(tree, letters)}
    combined = [
        [None if (i, j) in given else _signed(image, j, signs) for j, image in enumerate(row)]
        for i, row in enumerate(images)
    ]
    return ExactProof(
        word=letters,
        lower=lower,
        upper=upper,
        pivot=pivot,
        eigenvalue=value,
        radius=radius,
        inverse=inverse,
        denominator=denominator,
        vertices=points,
        hull=hull,
        tree=tree,
        basis=chosen,
        dual_denominator=dual_denominator,
        dual=dual,
        weight=_WEIGHT,
        images=combined,
    )


def _decimals_around(estimate: Fraction, value: Fraction, length: int, bits: int) -> tuple[Fraction, Fraction]:
    """Decimals just below and above estimate * |value|^(1 / length)."""
    shift = bits + GUARD
    root = int(flint.fmpz(round(abs(value) * 2 ** (shift * length))).root(length))
    radius = estimate * Fraction(root, 2**shift)
    digits = int((bits - _SLACK) * math.log10(2)) - math.floor(math.log10(estimate))
    unit = Fraction(10) ** -digits
    place = math.floor(radius / unit)
    return (place - 1) * unit, (place + 2) * unit


def _rational_eigenvector(
    family: MatrixFamily, word: Sequence[int], eigenvalue: Fraction, pivot: int, bits: int
) -> tuple[list[int], int]:
    """The eigenvector with the entry 1 at the pivot, over a multiple of 2^bits."""
    shifted = [list(row) for row in exact_product(family.exact, word)]
    for i, row in enumerate(shifted):
        row[i] -= eigenvalue
    reduced, rank = to_flint(shifted).rref()
    if rank != family.size - 1:
        raise CertificateError(f"{eigenvalue} is not a simple eigenvalue of the product of the word {list(word)}.")
    rows = from_flint(reduced)[:rank]
    leading = [next(c for c, x in enumerate(row) if x) for row in rows]
    (free,) = set(range(family.size)) - set(leading)
    vector = [Fraction(int(c == free)) for c in range(family.size)]
    for c, line in zip(leading, rows, strict=True):
        vector[c] = -line[free]
    if vector[pivot] == 0:
        raise CertificateError(f"the eigenvector of the word {list(word)} is not near the first vertex.")
    vector = [x / vector[pivot] for x in vector]
    denominator = math.lcm(2**bits, *(x.denominator for x in vector))
    return [int(x * denominator) for x in vector], denominator


def _grown(
    family: MatrixFamily, lower: Fraction, first: list[int], tree: Edges, floats: NDArray[np.float64], denominator: int
) -> tuple[list[list[int]], NDArray[np.float64]]:
    """The vertices times the denominator, and the signs that they have against the floats."""
    points, signs = [first], np.ones(len(floats))
    for j, edge in enumerate(tree[1:], 1):
        if edge is None:
            points.append([round(Fraction(x) * denominator) for x in floats[j].tolist()])
            continue
        parent, letter = edge
        image = [sum(map(mul, row, points[parent])) / lower for row in family.exact[letter]]
        points.append(list(map(round, image)))
        signs[j] = (
            1.0
            if sum(float(Fraction(x, denominator)) * y for x, y in zip(points[j], floats[j], strict=True)) >= 0
            else -1.0
        )
    return points, signs


def _signed(image: Any, j: int, signs: NDArray[np.float64]) -> list[tuple[int, int]]:
    """The coefficients over the common weight, shortened, for vertices of the other sign where that is meant."""
    return [(int(k), int(signs[j] * signs[k]) * int(Fraction(c) * _WEIGHT)) for k, c in image if c]


def _closing(tree: Edges, word: list[int]) -> tuple[int, int]:
    """The letter and vertex whose image is plus or minus the first vertex."""
    index = {(edge[0], edge[1]): j for j, edge in reversed(list(enumerate(tree))) if edge is not None}
    here = 0
    for letter in reversed(word[1:]):
        if (here, letter) not in index:
            raise CertificateError(
                f"the tree does not hold the cycle of the word {word}: vertex {here} lacks {letter}."
            )
        here = index[here, letter]
    return word[0], here


def _spanning(vertices: NDArray[np.float64]) -> list[int]:
    """Vertices that span the space, the longest remainder first (a QR decomposition with pivots)."""
    _, _, order = scipy.linalg.qr(vertices.T, mode="economic", pivoting=True)
    return [int(k) for k in order[: vertices.shape[1]]]


def _dual(basis: NDArray[np.float64]) -> tuple[list[list[int]], int]:
    """The inverse of the matrix whose columns are the basis, in integers over a power of two."""
    try:
        inverse = np.linalg.inv(basis.T)
    except np.linalg.LinAlgError:
        raise CertificateError("the vertices do not span the space. Add an extra vertex.") from None
    exponent = max(0, 52 - math.frexp(float(np.abs(inverse).max()))[1])
    return [[round(Fraction(x) * 2**exponent) for x in row] for row in inverse.tolist()], 2**exponent
