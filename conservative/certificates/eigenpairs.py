"""Long approximations of a real eigenpair of a word, and of the inverse that proves it."""

from collections.abc import Sequence
from fractions import Fraction

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import CertificateError
from conservative._core.exact.linear_algebra import exact_product
from conservative._core.exact.refined_eigenpair import GUARD as GUARD
from conservative._core.exact.refined_eigenpair import refined_eigenpair
from conservative._core.families.as_family import MatrixFamily


def scaled_product(family: MatrixFamily, word: Sequence[int], rate: Fraction, bits: int) -> list[list[int]]:
    """The product of the word over rate^length, times 2^(bits + GUARD), rounded.

    `rate`: not negative. Raises CertificateError when the rate is 0.
    """
    if rate == 0:
        raise CertificateError(f"the product of the word {word} is nilpotent. Choose another word.")
    factor = Fraction(2 ** (bits + GUARD)) / rate ** len(word)
    return [[round(x * factor) for x in row] for row in exact_product(family.exact, word)]


def word_eigenpair(
    M: list[list[int]], start: NDArray[np.float64], pivot: int, bits: int, *, short: int = 64
) -> tuple[list[int], Fraction, list[list[Fraction]]]:
    """The eigenvector times 2^bits, its eigenvalue, and the inverse of the Jacobian.

    Shapes: `start` (n,). `M`: as `scaled_product` makes it. `start`: near the eigenvector, with the entry 1 at the
    pivot. `short`: bits after the point of the inverse. Raises CertificateError when the eigenvalue is not simple, or
    the steps do not become small.
    """
    shift = bits + GUARD
    floats = np.array([[x / 2**shift for x in row] for row in M])
    exact = flint.fmpz_mat(M)

    def image(v: list[int]) -> list[int]:
        return [int(x) >> shift for [x] in (exact * flint.fmpz_mat([[y] for y in v])).tolist()]

    pair = refined_eigenpair(image, floats, start, pivot, bits=bits, short=short)
    if pair is None:
        raise CertificateError("no simple real eigenvalue of the word was found near the first vertex.")
    inverse = [[Fraction(int(x), 2**short) for x in row] for row in pair.inverse.tolist()]
    return pair.vector, Fraction(pair.value, 2**shift), inverse


def rounded(value: Fraction, bits: int) -> Fraction:
    """The nearest multiple of 2^-bits."""
    return Fraction(round(value * 2**bits), 2**bits)
