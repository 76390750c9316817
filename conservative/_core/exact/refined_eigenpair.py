"""A real simple eigenpair in fixed point, from one in doubles: the chord method of all proofs by an eigenvector."""

import math
from collections.abc import Callable
from typing import NamedTuple

import flint
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

GUARD = 32
"""Bits that the refinement has beyond those of the vector; a step below half of them ends it."""


class FixedPointPair(NamedTuple):
    """M v = value v nearly: v in units of 2^-bits, the value in units of 2^-(bits + GUARD), and the inverse R of the
    Jacobian of (v, value) -> M v - value v, the pivot's entry being held, in units of 2^-short.
    """

    vector: list[int]
    value: int
    inverse: flint.fmpz_mat


def refined_eigenpair(
    image: Callable[[list[int]], list[int]],
    floats: FloatArray,
    start: FloatArray,
    pivot: int,
    *,
    bits: int,
    short: int = 64,
    most_steps: int = 60,
) -> FixedPointPair | None:
    """Newton's steps with one inverse: each gains about 40 bits, fewer where the eigenvalue is badly separated.

    `image`: v -> M v, rounded, both in units of 2^-(bits + GUARD). `floats`: M nearly. `start`: near the eigenvector,
    with the entry 1 at the pivot.

    Returns: None where the eigenvalue is not simple in doubles, or the steps do not become small.
    """
    shift = bits + GUARD
    mu = float((floats @ start)[pivot])
    jacobian = floats - mu * np.eye(len(start))
    jacobian[:, pivot] = -start
    try:
        inverse = np.linalg.inv(jacobian)
        R = flint.fmpz_mat([[round(math.ldexp(x, short)) for x in row] for row in inverse.tolist()])
        value, v = _fixed(mu, shift), [_fixed(x, shift) for x in start.tolist()]
    except (np.linalg.LinAlgError, OverflowError, ValueError):  # singular, or beyond the doubles
        return None
    v[pivot] = 1 << shift
    for _ in range(most_steps):
        F = flint.fmpz_mat([[x - (value * y >> shift)] for x, y in zip(image(v), v, strict=True)])
        step = [int(x) >> short for [x] in (R * F).tolist()]
        value -= step[pivot]
        v = [x if i == pivot else x - h for i, (x, h) in enumerate(zip(v, step, strict=True))]
        if max(map(abs, step)) < 2 ** (GUARD // 2):
            return FixedPointPair([x >> GUARD for x in v], value, R)
    return None


def _fixed(x: float, shift: int) -> int:
    """A double in units of 2^-shift."""
    numerator, denominator = x.as_integer_ratio()
    return (numerator << shift) // denominator
