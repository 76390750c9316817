"""Weighted maximum and sum norms: upper bounds that cost nothing, exact, and often attained by nonnegative families."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from conservative._core.families.as_family import MatrixFamily
from conservative._core.numbers import UNIT_ROUNDOFF
from conservative.certificates import ProductsProof

FloatArray = NDArray[np.float64]

_STEPS = 40
_BETTER = 1e-9
"""Relative gain for which weights that are not all one are taken."""

_SMALLEST, _LARGEST = 1e-200, 1e200
"""Sums of moduli in between are right to a few roundings."""


@dataclass(frozen=True, slots=True)
class WeightedNorm:
    """The largest norm of a matrix of a family, exactly.

    `proof`: of the bound.
    """

    bound: Fraction
    proof: ProductsProof


def weighted_norm(family: MatrixFamily) -> WeightedNorm | None:
    """The least of the maximum and the sum norm of a family, with unit weights and with those that a vector suggests.

    max_i max_r sum_c |A_i[r, c]| d_c / d_r is least where d is the vector of x -> max_i |A_i| x, by the theorem of
    Collatz and Wielandt for monotone maps; a few steps from ones come near it. Only rows whose sums in doubles are
    within rounding of the largest are added up exactly.

    Returns: None when the sums are beyond the range of doubles.
    """
    moduli = np.abs(family.floats)
    options = []
    for norm, stack in (("rows", moduli), ("columns", moduli.transpose(0, 2, 1))):
        for weight in _weights(stack):
            with np.errstate(over="ignore", invalid="ignore"):
                sums = stack @ weight / weight
            options.append((float(sums.max()) * (1 if (weight == 1).all() else 1 + _BETTER), norm, weight, sums))
    estimate, norm, weight, sums = min(options, key=lambda option: option[0])
    if not _SMALLEST < estimate < _LARGEST:
        return None
    room = 8 * (family.size + 2) * UNIT_ROUNDOFF
    bound = Fraction(0)
    digits = [int(w) for w in weight]
    for i, r in np.argwhere(sums >= sums.max() * (1 - room)).tolist():
        matrix = family.exact[i]
        row = matrix[r] if norm == "rows" else tuple(line[r] for line in matrix)
        bound = max(bound, sum((abs(x) * d for x, d in zip(row, digits, strict=True)), Fraction(0)) / digits[r])
    return WeightedNorm(bound, ProductsProof(norm, digits, [(i,) for i in range(family.count)]))


def _weights(stack: FloatArray) -> list[FloatArray]:
    """Ones, and the best of the vectors on the way to the leading one of x -> max_i |A_i| x, as integers."""
    ones = np.ones(stack.shape[1])
    vector, best, least = ones, ones, np.inf
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in range(_STEPS):
            image = (stack @ vector).max(axis=0)
            quotient = float((image / vector).max())
            if quotient < least:
                least, best = quotient, vector
            if not 0 < float(image.max()) < np.inf:
                break
            vector = np.maximum(np.sqrt(vector / vector.max() * image / image.max()), 1e-6)  # damped, for cycles
    return [ones, np.maximum(np.round(np.ldexp(best / best.max(), 30)), 1.0)]
