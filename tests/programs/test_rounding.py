"""The bound of what rounding does to derivatives in doubles, against the same programs in fractions."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import conservative as cj

RNG = np.random.default_rng(3)
A, b = RNG.standard_normal((4, 4)), RNG.standard_normal(4)


def ista(x: Any) -> Any:
    z = x - 0.1 * A.T @ (A @ x - b)
    return np.sign(z) * np.maximum(np.abs(z) - 0.1, 0)


STRAIGHT: list[Callable[[Any], Any]] = [
    ista,
    lambda x: np.sort(0.3 * x) + np.cumsum(x) / 3,
    lambda x: np.maximum(0.1 * np.max(A @ np.maximum(x / 7, 0)), 0) + np.abs(x),
    lambda x: np.where(0.7 * x > 0, 0.1 * x, 0.2 * x) + np.clip(A @ x, -0.3, 0),
    lambda x: np.mean(np.einsum("ij,j->i", A, x)) * np.ones(4) + np.convolve(x, b[:2], "same"),
]


def distance(block: Any, exact: Any) -> float:
    gap = sum((Fraction(float(a)) - c) ** 2 for a, c in zip(block.ravel(), exact.ravel(), strict=True))
    return float(gap) ** 0.5


@pytest.mark.parametrize("F", STRAIGHT)
@pytest.mark.parametrize("tied", [True, False])
def test_members_lie_within_the_bound_of_exact_ones(F: Callable[[Any], Any], tied: bool) -> None:
    x = np.zeros(4) if tied else RNG.standard_normal(4)
    form = cj.from_numpy(F, x).switched()
    exact = cj.from_numpy(F, [Fraction(v) for v in x], exact=True).switched()
    assert form.rounding is not None
    assert form.rounding <= 1e-12
    assert len(form.Z) == len(exact.Z)
    for pattern in list(form.patterns())[:64]:
        block = form.block(form.weights([pattern])[0])
        assert distance(block, exact.block(exact.weights([pattern])[0])) <= form.rounding


def test_nothing_is_claimed_where_factors_depend_on_values() -> None:
    for curved in (np.exp, lambda x: x * x, lambda x: x / x[0], lambda x: np.linalg.solve(A, x), np.linalg.norm):
        assert cj.from_numpy(curved, np.ones(4)).switched().rounding is None
    assert cj.from_numpy(lambda x: x * x, [1, 2]).switched().rounding == 0.0
