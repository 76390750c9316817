"""Solves modulo a common kernel against a regular system with the same answer; singular ends and mixtures by search."""

import re
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from strategies.stages import drawn

import conservative as cj
from conservative._core.errors import ArgumentError

entries = st.lists(st.integers(-3, 3).map(lambda n: Fraction(n, 8)), min_size=9, max_size=9)


def keeping(values: list[Fraction], kept: list[int]) -> np.ndarray:
    """A with A v = v: any matrix plus what it lacks, through v's first coordinate."""
    A = np.array(values, dtype=object).reshape(3, 3)
    v = np.array([Fraction(x) for x in kept], dtype=object)
    A[:, 0] = A[:, 0] + (v - A @ v) / v[0]
    return A


@drawn(
    20, 100, entries, entries, st.lists(st.integers(1, 3), min_size=3, max_size=3),
    st.lists(st.integers(-4, 4).map(Fraction), min_size=3, max_size=3),
)  # fmt: skip
def test_the_quotient_agrees_with_a_regular_system(
    first: list[Fraction], second: list[Fraction], kept: list[int], column: list[Fraction]
) -> None:
    """(Id − A + N Nᵀ)X' = B has the same X modulo N; both vertices keep N."""
    blocks = [keeping(values, kept) for values in (first, second)]
    B = np.array(column, dtype=object)[:, None]
    N = np.array(kept, dtype=float)[:, None]
    J = cj.JacobianSet.from_blocks([A.tolist() for A in blocks], [B.tolist()] * 2)
    try:
        found = cj.implicit_jacobian(J)
    except ArgumentError:
        return  # also modulo N, or at a mixture
    if found.quotient is None:
        return
    assert np.abs((np.eye(3) - np.array(J.vertices[0][:, :3])) @ found.quotient).max() < 1e-12
    for block, X in zip(J.vertices, found.vertices, strict=True):
        if found.quotient.shape[1] > 1:
            return
        other = np.linalg.solve(np.eye(3) - block[:, :3] + N @ N.T, block[:, 3:])
        other -= N @ (N.T @ other) / (N.T @ N)
        np.testing.assert_allclose(X, other, atol=1e-7 * max(1.0, np.abs(other).max()))


@drawn(20, 100, entries, entries, st.floats(0, 1))
def test_where_invertibility_is_proved_no_mixture_is_singular(
    first: list[Fraction], second: list[Fraction], share: float
) -> None:
    """And what is refused as a mixture is nearly singular at the weights that are named."""
    A = np.array([first, second], dtype=float).reshape(2, 3, 3)
    J = cj.JacobianSet.from_blocks(
        [[list(row) for row in np.array(values, dtype=object).reshape(3, 3)] for values in (first, second)],
        [[[1]] * 3] * 2,
    )
    if len(J.vertices) < 2:
        return
    try:
        found = cj.implicit_jacobian(J)
    except ArgumentError as error:
        named = re.search(r"([\d./e-]+) of vertex 1 and", str(error))
        if named is not None:
            weights = [float(Fraction(named[1]))]
            mixed = weights[0] * A[0] + (1 - weights[0]) * A[1]
            values = np.linalg.svd(np.eye(3) - mixed)[1]
            assert values[-1] < 1e-6 * max(1.0, values[0])
        return
    if found.invertible:
        mixed = np.eye(3) - share * A[0] - (1 - share) * A[1]
        assert np.linalg.slogdet(mixed)[0] == np.linalg.slogdet(np.eye(3) - A[0])[0]
