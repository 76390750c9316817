"""Eigenpairs refined in fixed point: of the golden ratio, of a double eigenvalue, of a start at the wrong place."""

from math import isqrt

import numpy as np

from conservative._core.exact.refined_eigenpair import GUARD, refined_eigenpair

BITS = 300


def image(v: list[int]) -> list[int]:
    """Of [[1, 1], [1, 0]], whose leading eigenvalue is the golden ratio g, with the eigenvector (1, 1/g)."""
    return [v[0] + v[1], v[0]]


def test_the_golden_ratio_has_all_the_bits_that_are_asked_for() -> None:
    start = np.array([1.0, 0.6])
    pair = refined_eigenpair(image, np.array([[1.0, 1.0], [1.0, 0.0]]), start, 0, bits=BITS)
    assert pair is not None
    twice = (1 << BITS + GUARD) + isqrt(5 << 2 * (BITS + GUARD))
    assert abs(2 * pair.value - twice) < 1 << GUARD // 2
    assert pair.vector[0] == 1 << BITS
    assert abs((pair.vector[1] << GUARD) - (pair.value - (1 << BITS + GUARD))) < 1 << GUARD + 1


def test_few_steps_from_afar_and_double_eigenvalues_give_none() -> None:
    floats = np.array([[1.0, 1.0], [1.0, 0.0]])
    assert refined_eigenpair(image, floats, np.array([1.0, 0.3]), 0, bits=BITS, most_steps=1) is None
    assert refined_eigenpair(lambda v: v, np.eye(2), np.array([1.0, 0.5]), 0, bits=BITS) is None
