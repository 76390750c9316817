"""Forward–backward against the truth table of the lasso L1, in fractions."""

from fractions import Fraction

import numpy as np
import pytest

import conservative as cj
from conservative.algorithms import RangeWarning, fista, forward_backward
from conservative.problems import lasso

X, Y = [[2, 1], [1, 2], [0, 1]], [4, 3, -1]


def test_the_vertices_of_a_lasso_at_a_breakpoint_are_exact() -> None:
    ista = forward_backward(lasso(X, Y), step=Fraction(1, 10))
    J = cj.conservative_jacobian(ista, [2, 0, 1])
    found = sorted(str([[str(entry) for entry in row] for row in block.tolist()]) for block in J.exact_vertices)
    assert found == [
        "[['1/2', '-2/5', '-1/10'], ['-2/5', '2/5', '-1/10']]",
        "[['1/2', '-2/5', '-1/10'], ['0', '0', '0']]",
    ]
    implicit = {tuple(x for (x,) in vertex) for vertex in cj.implicit_jacobian(J).exact_vertices}
    assert implicit == {(Fraction(-1, 5), 0), (Fraction(-1, 7), Fraction(-1, 14))}


def test_a_step_takes_batches_of_states_and_of_parameters() -> None:
    ista = forward_backward(lasso(X, Y), step=Fraction(1, 10))
    moved = ista.evaluate(np.zeros((3, 2)), np.array([[1.0], [2.0], [3.0]]))
    assert np.allclose(moved, [[1.0, 0.8], [0.9, 0.7], [0.8, 0.6]], atol=1e-15)


def test_a_step_outside_its_range_warns_with_the_range_and_runs() -> None:
    with pytest.warns(RangeWarning, match=r"0 < step < 2/L, here \(0, 0.209839\)") as warned:
        ista = forward_backward(lasso(X, Y), step=1)
    assert [warning.filename for warning in warned] == [__file__]
    assert ista.evaluate([2, 0], [1]).tolist() == [2, 0]


def test_a_momentum_of_zero_is_inside_of_its_range_and_one_below_is_refused() -> None:
    assert "momentum" in fista(lasso(X, Y), momentum=0).conditions
    with pytest.raises(cj.ArgumentError, match=r"`fista\(momentum=...\)` needs a number of at least 0"):
        fista(lasso(X, Y), momentum=-1)


def test_data_that_are_zero_are_refused_by_name() -> None:
    with pytest.raises(cj.ArgumentError, match="are its data zero"):
        forward_backward(lasso([[0, 0]], [1]))
