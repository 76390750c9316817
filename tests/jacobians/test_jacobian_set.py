from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from conservative._core.errors import ArgumentError, ArgumentTypeError, ConservativeError, EmptySetError, ShapeError
from conservative._core.exactness import Exactness
from conservative.jacobians import JacobianSet


def test_float_blocks():
    A = np.random.default_rng(0).normal(size=(3, 2, 2))
    B = np.random.default_rng(1).normal(size=(3, 2, 4))
    J = JacobianSet.from_blocks(A, B)
    np.testing.assert_array_equal(J.vertices, np.concatenate([A, B], axis=2))
    assert J.exact_vertices is None
    assert J.exact_blocks is None
    assert J.exactness is Exactness.EXACT
    np.testing.assert_array_equal(J.state_family().floats, A)
    assert not J.vertices.flags.writeable


def test_rational_blocks_stay_exact():
    J = JacobianSet.from_blocks([[["1/3"]], [[sp.Rational(1, 7)]]], [[[Fraction(1, 9)]], [[2]]])
    assert J.exact_vertices == (
        sp.ImmutableMatrix([[sp.Rational(1, 3), sp.Rational(1, 9)]]),
        sp.ImmutableMatrix([[sp.Rational(1, 7), 2]]),
    )
    assert J.exact_blocks[0] == ((Fraction(1, 3), Fraction(1, 9)),)
    assert J.state_family().exact == (((Fraction(1, 3),),), ((Fraction(1, 7),),))


def test_integer_arrays_are_exact_and_repeats_go():
    J = JacobianSet.from_blocks(np.array([[[1]], [[1]], [[2]]]), np.array([[[1]], [[1]], [[2]]]))
    assert len(J.exact_vertices) == 2
    assert J.vertices.tolist() == [[[1, 1]], [[2, 2]]]


def test_repeated_state_blocks_count_once_in_the_family():
    J = JacobianSet.from_blocks([[[1]], [[1]]], [[[0]], [[1]]])
    assert J.vertices.shape == (2, 1, 2)
    assert J.state_family().count == 1


def test_no_parameters():
    J = JacobianSet.from_blocks([[[1]]])
    assert J.vertices.shape == (1, 1, 1)
    with pytest.raises(ShapeError, match="parameter"):
        _ = J.parameter


def test_parts_are_matrix_sets():
    J = JacobianSet.from_blocks(np.array([[[0.5]], [[-0.5]]]), np.array([[[1.0]], [[0.0]]]))
    assert sorted(J.state.vertices.ravel().tolist()) == [-0.5, 0.5]
    assert sorted(J.parameter.vertices.ravel().tolist()) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("A", "B", "error"),
    [
        ([], [], EmptySetError),
        (np.zeros((0, 2, 2)), np.zeros((0, 2, 1)), EmptySetError),
        (np.zeros((2, 3)), np.zeros((2, 3)), ShapeError),
        (np.zeros((2, 2, 2)), np.zeros((2, 3, 1)), ShapeError),
        (np.zeros((2, 2, 2)), np.zeros((3, 2, 1)), ShapeError),
        ([[[1]]], [[1]], ShapeError),
        ([[[1]]], 3, ConservativeError),
        ([[[1]]], [[["x"]]], ArgumentError),
        ([[[np.nan]]], [[[1.0]]], ArgumentError),
        ([[[1.0]]], [[[np.inf]]], ArgumentError),
        ([[[1j]]], [[[1]]], ConservativeError),
        ([[[1, 2], [3]]], [[[1], [2]]], ConservativeError),
        (None, None, ArgumentTypeError),
    ],
)
def test_bad_blocks(A, B, error):
    with pytest.raises(error):
        JacobianSet.from_blocks(A, B)


def test_repr_says_what_it_is():
    assert "hull of 2 exact blocks [A B], 1 × (1 + 1)" in repr(JacobianSet.from_blocks([[[1]], [[2]]], [[[1]], [[2]]]))
