"""How a word proves a lower bound at the least cost: a vector, an eigenpair, or the characteristic polynomial."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import CertificateError
from conservative._core.exact.perron import is_nonnegative, perron_classes
from conservative._core.families.as_family import MatrixFamily
from conservative.certificates.eigenpairs import rounded, scaled_product, word_eigenpair
from conservative.certificates.numerals import text, texts, whole, wholes

LARGE = 16
"""Order from which other proofs are preferred to the characteristic polynomial, whose cost grows like n^4."""
_BITS, _SHORT = 128, 40
"""Of an eigenvector, and after the point of the approximate inverse, which need not be near."""
_EIGENPAIR = 6e-5
"""Seconds for each entry and matrix of a family whose word is proved by an eigenpair, about."""

_REAL = 1e-9
"""Relative imaginary part, and distance to the next modulus, below which an eigenvalue in doubles is real, and not
simple."""


def word_proof(family: MatrixFamily, word: Sequence[int], bound: Fraction) -> dict[str, Any]:
    """The fields of a proof that the product of a word has an eigenvalue of modulus bound^length or more.

    Returns: ``word`` alone for small matrices, and where nothing else applies: the checker then finds the
    characteristic polynomial. Also ``vector`` for nonnegative matrices, or ``eigenpair`` for a real simple leading
    eigenvalue. Nothing is proved here.
    """
    fields: dict[str, Any] = {"word": list(word)}
    if family.size < LARGE or bound <= 0 or not set(word) <= set(range(family.count)):
        return fields
    if is_nonnegative(family, word):
        vector = growing_vector(family, word, bound)
        if vector is not None:
            return fields | {"vector": wholes(vector)}
    pair = real_eigenpair(family, word, bound)
    return fields if pair is None else fields | {"eigenpair": pair}


def polynomial_seconds(family: MatrixFamily, word: Sequence[int]) -> float:
    """About how long the checker will take for the characteristic polynomial of a word; 0 where it takes none."""
    n, length = family.size, len(word)
    quick = n >= LARGE and (
        is_nonnegative(family, word) or real_eigenpair(family, word, _near_rate(family, word)) is not None
    )
    if quick:
        return 0.0
    common = math.lcm(*(x.denominator for i in set(word) for row in family.exact[i] for x in row))
    bits = max(
        (x.numerator * (common // x.denominator)).bit_length() for i in set(word) for r in family.exact[i] for x in r
    )
    size = length * (max(bits, common.bit_length()) + n.bit_length())
    return float(1e-9 * (length * n**3 * (size / 30 + 1) * (bits / 30 + 1) + n**4 * (n * size / 120 + 1) ** 1.6))


def eigenpair_seconds(family: MatrixFamily) -> float:
    """About how long it takes to write down, and to check, the word of large matrices by a vector or an eigenpair."""
    return 0.0 if family.size < LARGE else _EIGENPAIR * family.size**2 * (family.count + 3)


def _near_rate(family: MatrixFamily, word: Sequence[int]) -> Fraction:
    """A number a little below rho(M_w)^(1/|w|), in doubles."""
    product = np.linalg.multi_dot([np.eye(family.size), *(family.floats[i] for i in word)])
    radius = float(np.abs(np.linalg.eigvals(product)).max())
    return Fraction(radius ** (1 / len(word)) * (1 - 1e-9)) if np.isfinite(radius) else Fraction(1)


def growing_vector(family: MatrixFamily, word: Sequence[int], bound: Fraction) -> list[int] | None:
    """A vector v >= 0 with M_w v >= bound^length v, if there is one: that of the class of largest radius, zero outside.

    `word`: letters of nonnegative matrices. Returns: None when bound^length is the radius of the product to within
    rounding, so that only a polynomial decides. A vector is also returned when the bound is larger than that: to refuse
    it is cheap.
    """
    leading = max(perron_classes(family, word) or [], key=lambda c: c.lower, default=None)
    if leading is None or leading.lower < bound ** len(word) <= leading.upper:
        return None
    vector = [0] * family.size
    for i, x in zip(leading.indices.tolist(), leading.vector, strict=True):
        vector[i] = x
    return vector


def real_eigenpair(family: MatrixFamily, word: Sequence[int], bound: Fraction) -> dict[str, Any] | None:
    """The data of an eigenpair of the product over bound^length, whose eigenvalue is real, simple and leading.

    Returns: None when the leading eigenvalue is not so in doubles, or its modulus is bound^length to within rounding,
    so that only a polynomial decides. A pair is also returned when the bound is larger: to refuse it is cheap.
    """
    try:
        scaled = scaled_product(family, word, bound, _BITS)
        start = _leading_vector(np.array([[float(Fraction(x, 1 << _BITS)) for x in row] for row in scaled]))
        if start is None:
            return None
        pivot = int(np.argmax(np.abs(start)))
        vector, value, inverse = word_eigenpair(scaled, start / start[pivot], pivot, _BITS, short=_SHORT)
    except (CertificateError, OverflowError, np.linalg.LinAlgError):
        return None
    radius = Fraction(1, 1 << _BITS - 24)
    if abs(abs(value) - 1) < 2 * radius:
        return None
    return {
        "pivot": pivot,
        "eigenvalue": text(rounded(value, _BITS)),
        "radius": text(radius),
        "inverse": texts(inverse),
        "denominator": whole(1 << _BITS),
        "vector": wholes(vector),
    }


def _leading_vector(matrix: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The eigenvector of the eigenvalue of largest modulus, if that is real and no other is as large, in doubles."""
    if not np.isfinite(matrix).all():
        return None
    values, vectors = np.linalg.eig(matrix)
    order = np.argsort(-np.abs(values))
    first, second = values[order[0]], values[order[1]]
    if abs(first.imag) > _REAL * abs(first) or abs(second) > (1 - _REAL) * abs(first):
        return None
    return np.asarray(vectors[:, order[0]].real, dtype=np.float64)
