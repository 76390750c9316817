"""Complex families, read as real ones of twice the order, against the radii of the complex products themselves."""

import itertools

import numpy as np
import pytest

from conservative import check, joint_spectral_radius
from conservative.spectral import common_quadratic_norm, lower_spectral_radius, p_radius, spectral_radius

U, L = np.array([[1, 1], [0, 1]]), np.array([[1, 0], [1, 1]])
GOLDEN = (1 + 5**0.5) / 2


@pytest.mark.parametrize(
    ("matrices", "radius"),
    [
        ([[[1j]], [[0.5 + 0.5j]]], 1.0),
        # A phase on a matrix changes no modulus.
        ([1j * U, (0.6 + 0.8j) * L], GOLDEN),
        # The golden pair in the basis (1, i).
        ([[[1, 1j], [0, 1]], [[1, 0], [-1j, 1]]], GOLDEN),
        (np.linalg.qr(np.random.default_rng(2).normal(size=(2, 3, 3, 2)) @ [1, 1j])[0], 1.0),
    ],
)
def test_radii_in_closed_form(matrices, radius):
    found = joint_spectral_radius(matrices)
    assert found.lower <= radius * (1 + 1e-14)
    assert radius * (1 - 1e-14) <= found.upper <= radius * (1 + 2e-9)
    assert check(found.certificate)


def test_a_random_family_against_its_complex_products():
    rng = np.random.default_rng(0)
    family = rng.normal(size=(2, 2, 2)) + 1j * rng.normal(size=(2, 2, 2))
    found = joint_spectral_radius(family)
    rates, norms = [], []
    for word in itertools.product((0, 1), repeat=6):
        product = np.linalg.multi_dot(family[list(word)])
        rates.append(np.abs(np.linalg.eigvals(product)).max() ** (1 / 6))
        norms.append(np.linalg.norm(product, 2) ** (1 / 6))
    assert max(rates) <= found.upper
    assert found.lower <= max(norms)
    assert found.upper <= found.lower * (1 + 2e-9)
    word = np.linalg.multi_dot(family[list(found.word)])
    assert np.abs(np.linalg.eigvals(word)).max() ** (1 / len(found.word)) == pytest.approx(found.lower, rel=1e-12)
    assert found.lower <= common_quadratic_norm(family).gamma


def test_other_rates_of_complex_numbers():
    numbers = [[[1j]], [[2]]]
    slow, mean = lower_spectral_radius(numbers), p_radius(numbers, p=2)
    assert slow.lower <= 1 <= slow.upper <= slow.lower + 1e-9
    assert mean.lower <= 2.5**0.5 <= mean.upper <= mean.lower + 1e-12
    assert spectral_radius([[0, 2j], [2j, 0]]).lower == spectral_radius([[0, 2j], [2j, 0]]).upper == 2.0
