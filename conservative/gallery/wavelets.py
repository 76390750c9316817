"""Daubechies wavelets: pairs of matrices whose joint spectral radius tells how smooth the scaling function is.

The mask a(z) of D_n has degree 2n - 1, a(1) = 2 and n zeros at -1. With q(z) = a(z)/(1 + z)^n the Hölder exponent of
the scaling function is -log2 jsr{T_1, T_2}, T_1 = (q_{2i-j-1}) and T_2 = (q_{2i-j}), i, j = 1..n-1, coefficients
counted from q_0.
"""

import math

import flint

from conservative._core.errors import ArgumentError
from conservative._core.exact.linear_algebra import exact_end, working_precision
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative._core.printable import shown
from conservative.gallery.cases import FamilyCase

LARGEST = 40
"""The largest n for which matrices are given: beyond it the entries are spread over more than twenty orders."""

_PREFIX = "daubechies-"
_BITS = 400
_SOURCE = (
    "I. Daubechies, J. C. Lagarias, Two-scale difference equations II, SIAM J. Math. Anal. 1992 (D_2 to D_4); "
    "N. Guglielmi, V. Protasov, Exact computation of joint spectral characteristics, 2013; decided by certificate"
)

# n: (radius, word): the radius of the rounded matrices, decided by certificate.
_KNOWN: dict[int, tuple[float, str]] = {
    2: (0.6830127018922193, "1"),
    3: (0.4704672077841637, "1"),
    4: (0.32580342805129836, "1"),
    5: (0.25543647775319595, "1"),
    6: (0.21928221662314704, "1"),
    7: (0.18169506051468795, "1"),
    8: (0.1475403648314153, "1"),
    9: (0.11878175174659586, "1"),
    10: (0.09730172409131621, "1122"),
    11: (0.08227115445979724, "1"),
    12: (0.07014657641179524, "1"),
    13: (0.05939654326377675, "1"),
    14: (0.05017942219264424, "1"),
    15: (0.04250816387876105, "111122"),
    16: (0.03623593492548422, "1122"),
    17: (0.030952435692709005, "1"),
    18: (0.02647605841919118, "1"),
    19: (0.022634651433960495, "1"),
    20: (0.01935591655885105, "1"),
}


def daubechies(n: int) -> MatrixFamily:
    """The two matrices of order n - 1 that decide the regularity of Daubechies' wavelet D_n.

    Parameters
    ----------
    n : int
        The number of vanishing moments, 2 to 40.

    Returns
    -------
    MatrixFamily
        T_1, T_2 with entries q_k that are the correctly rounded doubles of the irrational coefficients: each is off by
        at most 2^-53 of its size.

    Raises
    ------
    ArgumentError

    Notes
    -----
    |a(z)|^2 / 4 = cos^2n(w/2) P(sin^2(w/2)) on the circle, P(y) = sum_k C(n - 1 + k, k) y^k, k < n. Every root y of P
    gives a pair z, 1/z with 1 - 2y = (z + 1/z)/2; minimum phase takes the z outside the circle. The roots are isolated
    in ball arithmetic, so that the rounding to doubles is proved to be the right one.

    References
    ----------
    [daubechieslagarias1992]_, [guglielmiprotasov2013]_

    Examples
    --------
    >>> daubechies(3).floats.round(4).tolist()
    [[[0.4705, 0.0], [0.0498, -0.2703]], [[-0.2703, 0.4705], [0.0, 0.0498]]]
    """
    if isinstance(n, bool) or not isinstance(n, int) or not 2 <= n <= LARGEST:
        raise ArgumentError(f"`gallery.daubechies(n=...)` needs an integer from 2 to {LARGEST}; got {shown(n)}.")
    q = [0.0] * n + reduced_mask(n) + [0.0] * n
    matrices = [[[q[n + 2 * i - j - 1 + e] for j in range(1, n)] for i in range(1, n)] for e in (0, 1)]
    return as_family(matrices, call="gallery.daubechies")


def reduced_mask(n: int) -> list[float]:
    """The coefficients q_0..q_{n-1} of a(z)/(1 + z)^n, correctly rounded."""
    with working_precision(_BITS):
        quarter = flint.fmpz_poly([math.comb(n - 1 + k, k) for k in range(n)])
        product = flint.acb_poly([1])
        for y, _ in quarter.complex_roots():
            product *= flint.acb_poly([1, -1 / _outside(1 - 2 * y)])
        scale = flint.arb(2) ** (1 - n) / product(1).real
        return [_nearest(product[k].real * scale) for k in range(n)]


def _outside(cosine: flint.acb) -> flint.acb:
    """The z with (z + 1/z)/2 = c that is proved to be outside the unit circle."""
    root = (cosine * cosine - 1).sqrt()
    for z in (cosine + root, cosine - root):
        if abs(z) > 1:
            return z
    raise ArithmeticError("a root on the unit circle could not be told apart in 400 bits")


def _nearest(ball: flint.arb) -> float:
    """The double nearest to every number of a ball."""
    ends = {float(exact_end(ball.lower())), float(exact_end(ball.upper()))}
    if len(ends) != 1:
        raise ArithmeticError("a coefficient could not be rounded in 400 bits")
    return ends.pop()


def names() -> tuple[str, ...]:
    """Names of the wavelets whose radius is known here."""
    return tuple(f"{_PREFIX}{n}" for n in _KNOWN)


def load(name: str) -> FamilyCase:
    """One wavelet, by name."""
    n = int(name.removeprefix(_PREFIX))
    radius, word = _KNOWN[n]
    return FamilyCase(
        name=name,
        title=f"Daubechies wavelet D_{n}: its Hölder exponent is −log₂ of the joint spectral radius",
        source=_SOURCE,
        answer=f"joint spectral radius {radius:.12g}, attained by {word}: Hölder exponent {-math.log2(radius):.9g}",
        family=daubechies(n),
        radius=radius,
        word=tuple(int(letter) - 1 for letter in word),
    )
