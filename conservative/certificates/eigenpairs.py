"""Long approximations of a real eigenpair of a word, and of the inverse that proves it."""

from collections.abc import Sequence
from fractions import Fraction
from operator import mul

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import CertificateError
from conservative._core.exact.linear_algebra import exact_product
from conservative._core.families.as_family import MatrixFamily

GUARD = 32
"""Bits that the refinement has beyond those of the vector."""
_SHORT = 64
"""Bits after the point of an approximate inverse."""
_MAX_STEPS = 60
"""Each step of the chord method gains about 40 bits, fewer when the eigenvalue is badly separated."""


def scaled_product(family: MatrixFamily, word: Sequence[int], rate: Fraction, bits: int) -> list[list[int]]:
    """The product of the word over rate^length, times 2^(bits + GUARD), rounded.

    `rate`: not negative. Raises CertificateError when the rate is 0.
    """
    if rate == 0:
        raise CertificateError(f"the product of the word {word} is nilpotent. Choose another word.")
    factor = Fraction(2 ** (bits + GUARD)) / rate ** len(word)
    return [[round(x * factor) for x in row] for row in exact_product(family.exact, word)]


def refined_eigenpair(
    M: list[list[int]], start: NDArray[np.float64], pivot: int, bits: int, *, short: int = _SHORT
) -> tuple[list[int], Fraction, list[list[Fraction]]]:
    """The eigenvector times 2^bits, its eigenvalue, and the inverse of the Jacobian, by the chord method.

    Shapes: `start` (n,). `M`: as `scaled_product` makes it. `start`: near the eigenvector, with the entry 1 at the
    pivot. `short`: bits after the point of the inverse. Raises CertificateError when the eigenvalue is not simple, or
    the steps do not become small.
    """
    shift = bits + GUARD
    floats = np.array([[x / 2**shift for x in row] for row in M])
    mu = float((floats @ start)[pivot])
    jacobian = floats - mu * np.eye(len(start))
    jacobian[:, pivot] = -start
    try:
        inverse = np.linalg.inv(jacobian)
    except np.linalg.LinAlgError:
        raise CertificateError("the eigenvalue of the word near the first vertex is not simple.") from None
    R = [[round(Fraction(x) * 2**short) for x in row] for row in inverse.tolist()]
    v, value = [round(Fraction(x) * 2**shift) for x in start.tolist()], round(Fraction(mu) * 2**shift)
    v[pivot] = 2**shift
    for _ in range(_MAX_STEPS):
        F = [(sum(map(mul, row, v)) - value * v[r]) >> shift for r, row in enumerate(M)]
        step = [sum(map(mul, row, F)) >> short for row in R]
        value -= step[pivot]
        v = [x if i == pivot else x - h for i, (x, h) in enumerate(zip(v, step, strict=True))]
        if max(map(abs, step)) < 2 ** (GUARD // 2):
            vector = [x >> GUARD for x in v]
            return vector, Fraction(value, 2**shift), [[Fraction(x, 2**short) for x in row] for row in R]
    raise CertificateError("no simple real eigenvalue of the word was found near the first vertex.")


def rounded(value: Fraction, bits: int) -> Fraction:
    """The nearest multiple of 2^-bits."""
    return Fraction(round(value * 2**bits), 2**bits)
