"""After how many steps all products of blocks contract in the Euclidean norm, proved; and words of zonotopes."""

import math
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.exact.linear_algebra import from_flint, is_positive_semidefinite, to_flint
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative._core.matrix_norms import frobenius_bounds, spectral_norm_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, float_above
from conservative.jacobians import JacobianZonotope
from conservative.spectral import Contraction, ContractionVerdict
from conservative.spectral.words.cyclic_words import Word
from conservative.spectral.zonotopes import as_square_zonotope

Floats = NDArray[np.float64]

_PRODUCTS = 4096
_LONGEST = 512
_LOOSER = 12
"""How often the least eigenvalue of a norm is divided by four until it is proved."""

_EXACT_ORDER = 60
"""Order up to which definiteness is decided in rationals."""


def contracting_steps(verdict: ContractionVerdict, J: Any) -> int | None:
    """A number n of steps with ‖A_1 ⋯ A_n‖₂ < 1 for all blocks; from products while they are few, else from P."""
    if not verdict.contracts:
        return None
    if verdict.how is Contraction.EUCLIDEAN:
        return 1
    if not (isinstance(J, JacobianZonotope) and J.tie_count > int(math.log2(_PRODUCTS))):
        family = J.state_family()
        found = _by_products(family.floats, J.exact_blocks is not None)
        if found is not None:
            return found
    return _by_norm(verdict)


def _by_products(blocks: Floats, rounded: bool) -> int | None:
    """Products of one length after the other, with what rounding moves them by."""
    p = blocks.shape[1]
    large = float(frobenius_bounds(blocks)[1].max())
    start = UNIT_ROUNDOFF * 1.01 * large * rounded
    products, off, length = blocks, start, 1
    while len(products) * p * p <= _PRODUCTS * 64 and len(products) <= _PRODUCTS and length < _LONGEST:
        if float(spectral_norm_bounds(products)[1].max()) + off < 1.0 - 1e-15:
            return length
        size = float(frobenius_bounds(products)[1].max())
        if not size < 1e100:
            return None
        off = (off * (large + start) + size * start + (p + 2) * UNIT_ROUNDOFF * 1.01 * size * large) * (1.0 + 1e-14)
        products = (products[:, None] @ blocks[None]).reshape(-1, p, p)
        length += 1
    return None


def _by_norm(verdict: ContractionVerdict) -> int | None:
    """‖M‖₂ ≤ √(L/l) γⁿ for products of n, where l Id ≼ P ≼ L Id is decided exactly."""
    gamma = verdict.radius.upper
    if verdict.P is None or not 0.0 < gamma < 1.0:
        return None
    spread = condition_root(verdict.P)
    if spread is None:
        return None
    # Logarithms of doubles are right to a few units: the margin holds all of it.
    return math.floor(math.log(spread) * (1.0 + 1e-12) / (-math.log(gamma) * (1.0 - 1e-12)) + 1e-9) + 1


def condition_root(P: Floats) -> float | None:
    """At least √(L/l) with l Id ≼ P ≼ L Id, P as its doubles are, decided in rationals; None where that fails."""
    n = len(P)
    if n > _EXACT_ORDER:
        return None
    exact = to_flint([[Fraction(x) for x in row] for row in P.tolist()])
    values = np.linalg.eigvalsh(P)
    upper = Fraction(float(values[-1])) * Fraction(1001, 1000)
    if not is_positive_semidefinite(_shifted(-1 * exact, upper)):
        return None
    lower = Fraction(max(float(values[0]), float(values[-1]) * 1e-18)) * Fraction(999, 1000)
    for _ in range(_LOOSER):
        if is_positive_semidefinite(_shifted(exact, -lower)):
            return float_above(Fraction(float_above(upper / lower) ** 0.5) * (1 + Fraction(1, 10**12)))
        lower /= 4
    return None


def _shifted(M: flint.fmpq_mat, by: Fraction) -> flint.fmpq_mat:
    n, shift = M.nrows(), flint.fmpq(by.numerator, by.denominator)
    return M + flint.fmpq_mat([[shift if i == j else flint.fmpq(0) for j in range(n)] for i in range(n)])


def letters_of(J: JacobianZonotope, signs: Floats) -> tuple[MatrixFamily, Word, tuple[tuple[int, ...], ...]]:
    """The distinct vertices of a zonotope in a word, exact; the word in them; and for each the ties that it turns."""
    Z = as_square_zonotope(J)
    rows = list(dict.fromkeys(tuple(row) for row in np.asarray(signs).tolist()))
    word = tuple(rows.index(tuple(row)) for row in np.asarray(signs).tolist())
    exact = [from_flint(Z.rational_member(np.array(row))) for row in rows]
    family = as_family(exact, call="verify_contraction")
    return family, word, tuple(tuple(np.flatnonzero(np.array(row) > 0).tolist()) for row in rows)
