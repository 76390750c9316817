"""Reading exact entries and families from everything users hold them in."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from conservative._core.errors import ArgumentError, ArgumentTypeError, EmptySetError, NonFiniteError, ShapeError
from conservative._core.families.as_family import as_family
from conservative._core.families.variables import stacked
from conservative._core.numbers import UNIT_ROUNDOFF
from conservative._core.rationals import as_fraction


@given(st.fractions())
def test_a_rational_is_read_back_from_its_text(value: Fraction) -> None:
    assert as_fraction(str(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_the_exact_double(value: float) -> None:
    assert as_fraction(value) == Fraction(value)
    assert as_fraction(np.float64(value)) == Fraction(value)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("0.1", Fraction(1, 10)),
        (" -3/4 ", Fraction(-3, 4)),
        ("1e-3", Fraction(1, 1000)),
        (".5", Fraction(1, 2)),
        (sp.Rational(2, 7), Fraction(2, 7)),
        (sp.Integer(3), Fraction(3)),
        (np.int64(5), Fraction(5)),
        (7, Fraction(7)),
    ],
)
def test_values_that_are_rational(value: Any, wanted: Fraction) -> None:
    assert as_fraction(value) == wanted


@pytest.mark.parametrize(
    "text",
    ["", "1/0", "1e999999999", "1_000", "nan", "inf", "0x10", '__import__("os")', "1/2/3", "٣", "1" * 10_001],
)
def test_hostile_or_meaningless_text_is_refused_quickly(text: str) -> None:
    with pytest.raises(ArgumentError, match="a rational number looks like"):
        as_fraction(text)


def test_irrational_and_complex_values_are_refused_by_name() -> None:
    with pytest.raises(ArgumentTypeError, match=r"irrational 'sqrt\(2\)'"):
        as_fraction(sp.sqrt(2))
    for value in (1j, None, [1], True, sp.Symbol("x")):
        with pytest.raises(ArgumentTypeError):
            as_fraction(value)
    with pytest.raises(NonFiniteError):
        as_fraction(float("inf"))


def test_a_family_keeps_exact_entries_beside_rounded_ones() -> None:
    family = as_family([[["1/3", 1], [0, 2]], sp.Matrix([[1, 2], [3, 4]])], call="test")
    assert family.exact[0][0][0] == Fraction(1, 3)
    assert family.floats[0, 0, 0] == 1 / 3
    assert family.rounding == UNIT_ROUNDOFF
    assert (family.count, family.size) == (2, 2)
    assert as_family(family, call="test") is family


def test_doubles_are_their_own_exact_values() -> None:
    family = as_family(np.array([[[0.1]]]), call="test")
    assert family.exact[0][0][0] == Fraction(0.1)
    assert family.rounding == 0.0


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ([], EmptySetError, "at least one matrix"),
        ([[1, 2]], ShapeError, "stack of square matrices"),
        ([[[1, 2]]], ShapeError, r"\(1, 1, 2\)"),
        (np.eye(2), ShapeError, r"pass `\[A\]`"),
        ([[[1, 2], [3]]], ShapeError, "different lengths"),
        ([[["1/2", 2], ["3"]]], ShapeError, "different lengths"),
        ([[[1, "x"], [3, 4]]], ArgumentError, "got 'x'"),
        ([[[float("nan")]]], NonFiniteError, r"index \(0, 0, 0\)"),
        ([[["1e400"]]], ArgumentError, "too large for a double"),
        (5, ArgumentTypeError, "got int"),
        ([["12", "34"]], ShapeError, "another depth"),
        ([[[1j * float("nan")]]], NonFiniteError, "finite"),
        ([[[sp.sqrt(2) * sp.I]]], ArgumentTypeError, "sqrt"),
        ([[1j, 2], [3, 4]], ShapeError, "another depth"),
        (np.full((3, 1, 2), 1j), ShapeError, "stack of square matrices"),
        (scipy.sparse.eye_array(2), ShapeError, "For one matrix A pass `\\[A\\]`"),
        (np.zeros((2, 3, 4)), ShapeError, r"\(2, 3, 4\)"),
        (np.array([[["a"]]]), ArgumentError, "got 'a'"),
    ],
)
def test_bad_families_name_the_fault(bad: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        as_family(bad, call="test")


def test_integers_beyond_the_doubles_stay_exact() -> None:
    family = as_family(np.array([[[2**53 + 1]]]), call="test")
    assert family.exact[0][0][0] == 2**53 + 1
    assert family.rounding > 0


TURN = [[[Fraction(1, 2), 0, -1, -2], [3, 4, 0, 0], [1, 2, Fraction(1, 2), 0], [0, 0, 3, 4]]]


@pytest.mark.parametrize(
    "given",
    [
        [[[0.5 + 1j, 2j], [3, 4]]],
        np.array([[[0.5 + 1j, 2j], [3, 4]]]),
        np.array([[[0.5 + 1j, 2j], [3, 4]]], dtype=object),
        [[["1/2", 2 * sp.I], [3, 4]], [[sp.Rational(1, 2) + sp.I, 2 * sp.I], [3, 4]]][1:],
        [sp.Matrix([[sp.Rational(1, 2) + sp.I, 2 * sp.I], [3, 4]])],
        [scipy.sparse.csr_array([[0.5 + 1j, 2j], [3, 4]])],
    ],
)
def test_complex_matrices_are_real_ones_of_twice_the_order(given: Any) -> None:
    assert [list(map(list, m)) for m in as_family(given, call="test").exact] == TURN


def test_imaginary_parts_that_are_zero_leave_no_trace() -> None:
    assert as_family(np.eye(2)[None] + 0j, call="test").size == 2


def test_large_stacks_are_read_as_they_are() -> None:
    """More entries than a file may hold."""
    assert stacked(np.zeros((1, 1001, 1001))).shape == (1, 1001, 1001)
    assert stacked(np.zeros((1001, 1001, 1))).shape == (1, 1001, 1001)


def test_sparse_matrices_and_stacks_along_the_last_axis() -> None:
    stack = np.arange(12.0).reshape(3, 2, 2)
    for kind in (scipy.sparse.csr_matrix, scipy.sparse.coo_array, scipy.sparse.dia_array):
        np.testing.assert_array_equal(as_family([kind(m) for m in stack], call="test").floats, stack)
    np.testing.assert_array_equal(as_family(np.moveaxis(stack, 0, -1), call="test").floats, stack)
    np.testing.assert_array_equal(as_family(np.moveaxis(stack[:1], 0, -1), call="test").floats, stack[:1])
    whole = np.moveaxis(stack[:2], 0, -1)
    np.testing.assert_array_equal(as_family(whole, call="test").floats, whole)
    with pytest.raises(ShapeError):  # a nested list has no axis of MATLAB
        as_family(np.moveaxis(stack, 0, -1).tolist(), call="test")
