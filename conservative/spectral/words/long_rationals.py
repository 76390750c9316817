"""Families of long rationals: how long, and what is done with them in ball arithmetic instead of exactly."""

import math
from collections.abc import Sequence
from fractions import Fraction

import flint
import numpy as np

from conservative._core.exact.linear_algebra import ball_bracket, working_precision
from conservative._core.families.as_family import MatrixFamily
from conservative._core.numbers import Bracket

MOST_BITS = 1 << 16
"""Bits of the common denominator from which a family counts as long: exact elimination would take minutes."""

_BITS = 256
_POLYNOMIAL, _ROOTS = 2.5e-10, 7e-11
"""Seconds for a characteristic polynomial, times n (n bits)^1.5, about; for it and its roots, times n^4 bits."""


def common_bits(family: MatrixFamily, letters: Sequence[int] | None = None) -> int:
    """Bits of the longest entry of a family over one denominator, about; at most a little more than `MOST_BITS`."""
    used = range(family.count) if letters is None else sorted(set(letters))
    common = 1
    for denominator in {x.denominator for i in used for row in family.exact[i] for x in row}:
        common = math.lcm(common, denominator)
        if common.bit_length() > MOST_BITS:
            return common.bit_length()
    largest = max((abs(x) for i in used for x in _largest_entries(family, i)), default=Fraction(0))
    return common.bit_length() + max(largest.numerator.bit_length() - largest.denominator.bit_length(), 0)


def _largest_entries(family: MatrixFamily, index: int) -> list[Fraction]:
    """Entries among which is the largest of a matrix: one, where the doubles tell."""
    moduli = np.abs(family.floats[index])
    if np.isfinite(moduli).all():
        row, column = np.unravel_index(int(moduli.argmax()), moduli.shape)
        return [family.exact[index][row][column]]
    return [x for line in family.exact[index] for x in line]


def is_long(family: MatrixFamily) -> bool:
    """Whether exact elimination with the family would take minutes."""
    return family.size > 2 and common_bits(family) > MOST_BITS


def polynomial_takes(family: MatrixFamily, word: Sequence[int]) -> float:
    """About how many seconds the characteristic polynomial of a word takes."""
    n = family.size
    return float(_POLYNOMIAL * n * (n * len(word) * common_bits(family, word)) ** 1.5)


def radius_takes(family: MatrixFamily, word: Sequence[int]) -> float:
    """About how many seconds the exact spectral radius of a word takes."""
    digits = _ROOTS * family.size**4 * len(word) * common_bits(family, word)
    return float(polynomial_takes(family, word) + digits)


def ball_rate(family: MatrixFamily, word: Sequence[int]) -> Bracket | None:
    """The bracket of rho(M_w)^(1/|w|) from balls around all eigenvalues; None where they cannot be told apart."""
    with working_precision(_BITS):
        letters = {
            i: flint.arb_mat(
                [[flint.arb(flint.fmpq(x.numerator, x.denominator)) for x in row] for row in family.exact[i]]
            )
            for i in set(word)
        }
        product = letters[word[0]]
        for letter in word[1:]:
            product = product * letters[letter]
        try:
            values = flint.acb_mat(product).eig(multiple=True)
        except (ValueError, ZeroDivisionError):
            return None
        radius = flint.arb(0)
        for value in values:
            radius = radius.max(abs(value))
        return ball_bracket(radius.root(len(word))) if radius.is_finite() and radius > 0 else None
