"""Regularity of Daubechies' wavelets.

Daubechies and Lagarias, Two-scale difference equations II, 1992: the Hölder exponents 0.5500 (D_2),
1.0878 (D_3), 1.6179 (D_4).
Daubechies, Ten lectures on wavelets, 1992, table 6.1: the masks.
"""

import math
from fractions import Fraction

import numpy as np
import pytest

from conservative import check, gallery, joint_spectral_radius
from conservative._core.errors import ArgumentError
from conservative.gallery.wavelets import reduced_mask
from conservative.spectral import RadiusStatus

EXPONENTS = {2: 0.5500, 3: 1.0878, 4: 1.6179}
RADII = {2: 0.6830127018922193, 3: 0.4704672077841637, 4: 0.32580342805129836}

LECTURES = {
    2: [0.4829629131445341, 0.8365163037378079, 0.2241438680420134, -0.1294095225512604],
    3: [0.3326705529500825, 0.8068915093110924, 0.4598775021184914, -0.1350110200102546],
    4: [0.2303778133088964, 0.7148465705529154, 0.6308807679298587, -0.0279837694168599],
}


def mask(n):
    """a(z) = q(z) (1 + z)^n, of the rounded q, exactly."""
    a = [Fraction(x) for x in reduced_mask(n)]
    for _ in range(n):
        a = [x + y for x, y in zip([*a, Fraction(0)], [Fraction(0), *a], strict=True)]
    return a


@pytest.mark.parametrize("n", [2, 3, 4])
def test_masks_agree_with_the_table_of_the_ten_lectures(n):
    assert [float(x) / math.sqrt(2) for x in mask(n)[:4]] == pytest.approx(LECTURES[n], abs=2e-15)


@pytest.mark.parametrize("n", [2, 3, 7, 12, 20, 40])
def test_shifts_of_a_mask_by_even_numbers_are_orthogonal(n):
    a = mask(n)
    error = 4 * 2.0 ** (n - 53)  # the rounding of q, multiplied by (1 + z)^n
    for m in range(n):
        inner = sum(x * y for x, y in zip(a[2 * m :], a, strict=False))
        assert abs(inner - 2 * (m == 0)) < error
    assert abs(sum(a) - 2) < error


@pytest.mark.parametrize("n", [2, 6, 20])
def test_phases_are_minimal(n):
    assert (np.abs(np.roots(reduced_mask(n)[::-1])) > 1).all()


@pytest.mark.parametrize("n", [1, 41, 2.0, "3", True])
def test_orders_without_a_wavelet_are_refused(n):
    with pytest.raises(ArgumentError, match=r"an integer from 2 to 40"):
        gallery.daubechies(n)


def closes(n):
    case = gallery.load(f"daubechies-{n}")
    found = joint_spectral_radius(case.family)
    assert found.status in {RadiusStatus.CLOSED, RadiusStatus.EXACT}
    assert found.upper <= found.lower * (1 + 1e-9)
    assert found.lower * (1 - 1e-15) <= case.radius <= found.upper * (1 + 1e-15)
    assert check(found.certificate).valid
    return found


@pytest.mark.parametrize("n", [2, 3, 4])
def test_the_published_exponents(n):
    found = closes(n)
    assert -math.log2(found.lower) == pytest.approx(EXPONENTS[n], abs=5e-5)
    assert found.lower == pytest.approx(RADII[n], rel=1e-12)


def test_a_thin_polytope_is_written_down_in_more_digits_than_a_double_has():
    # The polytope of D_7 is a million times longer than it is wide.
    assert closes(7).certificate.kind in {"equality", "exact"}


@pytest.mark.slow
@pytest.mark.parametrize("n", range(5, 21))
def test_radii_of_smoother_wavelets_close(n):
    assert 0 < closes(n).lower < 0.3


def test_smoother_wavelets_are_smoother():
    radii = [gallery.load(f"daubechies-{n}").radius for n in range(2, 21)]
    assert radii == sorted(radii, reverse=True)
