"""(Id − A)⁻¹B at the vertices, and when their hull is all of J_imp."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st
from strategies.stages import drawn

import conservative as cj
from conservative._core.errors import ArgumentError, NonFiniteError
from conservative._core.exactness import Exactness

small = st.fractions(min_value=Fraction(-9, 10), max_value=Fraction(9, 10), max_denominator=20)


def interval(solution: cj.ImplicitJacobian) -> tuple[Fraction, Fraction]:
    values = [s[0][0] for s in solution.exact_vertices]
    return min(values), max(values)


@drawn(
    20,
    100,
    st.lists(st.tuples(small, small), min_size=1, max_size=5),
    st.lists(st.floats(0, 1), min_size=5, max_size=5),
)
def test_on_the_line_every_solve_of_the_hull_lies_between_the_vertex_solves(
    blocks: list[tuple[Fraction, Fraction]], weights: list[float]
) -> None:
    J = cj.JacobianSet.from_blocks([[[a]] for a, _ in blocks], [[[b]] for _, b in blocks])
    solution = cj.implicit_jacobian(J)
    assert solution.exactness is Exactness.EXACT
    assert solution.invertible is True
    share = [Fraction(w) + Fraction(1, 1000) for w in weights[: len(blocks)]]
    total = sum(share)
    a = sum((s * x for s, (x, _) in zip(share, blocks, strict=True)), Fraction(0)) / total
    b = sum((s * y for s, (_, y) in zip(share, blocks, strict=True)), Fraction(0)) / total
    low, high = interval(solution)
    assert low <= b / (1 - a) <= high


def test_a_rank_two_change_leaves_the_hull_of_the_vertex_solves() -> None:
    """The theory's counterexample: the midpoint gives (1.818, 1.818), the vertices (10, 1) and (1, 10)."""
    J = cj.JacobianSet.from_blocks([[["9/10", 0], [0, 0]], [[0, 0], [0, "9/10"]]], [[[1], [1]], [[1], [1]]])
    solution = cj.implicit_jacobian(J)
    assert solution.exactness is Exactness.INNER
    assert solution.invertible is True
    np.testing.assert_allclose(sorted(solution.vertices[:, 0, 0]), [1, 10])
    middle = np.linalg.solve(np.eye(2) - J.vertices[:, :, :2].mean(axis=0), np.ones((2, 1)))
    assert not solution.hull.contains(middle[None], tol=1e-6)[0]


@drawn(20, 100, st.lists(small, min_size=4, max_size=4), st.lists(small, min_size=3, max_size=3), st.floats(0, 1))
def test_a_rank_one_change_moves_the_solve_along_a_segment(
    entries: list[Fraction], row: list[Fraction], t: float
) -> None:
    A = [[entries[0] / 3, entries[1] / 3], [entries[2] / 3, entries[3] / 3]]
    other = [[A[0][0] + row[0] / 4, A[0][1] + row[1] / 4], A[1]]
    J = cj.JacobianSet.from_blocks([A, other], [[[1], [0]], [[1 + row[2]], [0]]])
    if len(J.vertices) < 2:
        return
    solution = cj.implicit_jacobian(J)
    assert solution.exactness is Exactness.EXACT
    mixed = (1 - t) * J.vertices[0] + t * J.vertices[1]
    inside = np.linalg.solve(np.eye(2) - mixed[:, :2], mixed[:, 2:])
    assert solution.hull.contains(inside[None], tol=1e-9)[0]


def test_a_singular_vertex_is_named() -> None:
    J = cj.JacobianSet.from_blocks([[["1/2"]], [[1]]], [[[1]], [[1]]])
    with pytest.raises(ArgumentError, match="singular at vertex 2"):
        cj.implicit_jacobian(J)


def identity_minus(*systems: list[list[object]]) -> cj.JacobianSet:
    """Blocks with Id − A_i as given and one column of B."""
    A = [[[(r == c) - Fraction(str(x)) for c, x in enumerate(row)] for r, row in enumerate(K)] for K in systems]
    return cj.JacobianSet.from_blocks(A, [[[1]] * len(K) for K in systems])


@pytest.mark.parametrize(
    ("systems", "weights"),
    [
        ([[["1/2"]], [[-1]]], "2/3 of vertex 1 and 1/3 of vertex 2"),
        ([[[1, 0], [0, 1]], [[-1, 0], [0, -1]]], "1/2 of vertex 1 and 1/2 of vertex 2"),
        ([[[1, 0], [0, 2]], [[-1, 0], [0, -1]]], "1/2 of vertex 1 and 1/2 of vertex 2"),
        (
            [[[1, 0], [0, 1]], [[0, 1], [-1, -1]], [[-1, -1], [1, 0]]],
            "1/3 of vertex 1, 1/3 of vertex 2 and 1/3 of vertex 3",
        ),
    ],
)
def test_a_singular_mixture_of_regular_vertices_is_named(systems: list[list[list[object]]], weights: str) -> None:
    """Opposite determinants; a double root; two roots between equal signs; the third roots of Id, whose sum is 0."""
    with pytest.raises(ArgumentError, match=f"at a mixture of its vertices, {weights}, though at none of them"):
        cj.implicit_jacobian(identity_minus(*systems))


def test_a_singular_mixture_of_irrational_weights_is_told_to_ten_digits() -> None:
    """det = 1 − 2λ²: λ = √2/2."""
    J = identity_minus([[1, 0], [0, 1]], [[1, 2], [1, 1]])
    with pytest.raises(ArgumentError, match=r"about 0\.2928932188 of vertex 1 and 0\.7071067812 of vertex 2"):
        cj.implicit_jacobian(J)


def test_blocks_without_parameters_are_refused() -> None:
    J = cj.conservative_jacobian(cj.from_sympy("Abs(x)/2", state=["x"]), [0])
    with pytest.raises(ArgumentError, match="Name the parameters"):
        cj.implicit_jacobian(J)


def test_solves_beyond_the_range_of_doubles() -> None:
    J = cj.JacobianSet.from_blocks([[[1 - 2**-53]]], [[[1e300]]])
    with pytest.raises(NonFiniteError, match=r"vertex 1 is about 1e31\d, beyond the range of doubles"):
        cj.implicit_jacobian(J)
    with pytest.raises(NonFiniteError, match=r"`JacobianSet.from_blocks\(B=...\)` is about 1e[34]"):
        cj.JacobianSet.from_blocks([[["1/2"]]], [[["1e400"]]])


def test_medium_sizes_are_solved_in_doubles_within_a_proved_error() -> None:
    rng = np.random.default_rng(0)
    p = 120
    A, B = rng.standard_normal((2, p, p)) * 0.4 / p**0.5, rng.standard_normal((2, p, 2))
    found = cj.implicit_jacobian(cj.JacobianSet.from_blocks(A, B))
    assert found.exact_vertices is None
    assert found.exactness is Exactness.INNER
    assert np.linalg.norm(found.vertices - np.linalg.solve(np.eye(p) - A, B), axis=(1, 2)).max() <= found.error < 1e-9


def test_doubles_and_rationals_agree_on_the_lasso_at_its_breakpoint() -> None:
    """L1 of the truth table by forward–backward: (−1/5, 0) and (−1/7, −1/14)."""
    J = cj.JacobianSet.from_blocks(
        [[["1/2", "-2/5"], [0, 0]], [["1/2", "-2/5"], ["-2/5", "2/5"]]], [[["-1/10"], [0]], [["-1/10"], ["-1/10"]]]
    )
    known = np.array([[[-1 / 5], [0]], [[-1 / 7], [-1 / 14]]])
    for solver in ("rational", "float"):
        found = cj.implicit_jacobian(J, solver=solver)
        assert np.linalg.norm(found.vertices - known, axis=(1, 2)).max() <= found.error < 1e-13
    with pytest.raises(ArgumentError, match="is auto, rational, float or krylov; got 'lu'"):
        cj.implicit_jacobian(J, solver="lu")
    singular = cj.JacobianSet.from_blocks([[[1.0]]], [[[1.0]]])
    with pytest.raises(ArgumentError, match="is not proved invertible at vertex 1"):
        cj.implicit_jacobian(singular, solver="float")
