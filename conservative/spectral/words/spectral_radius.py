"""The spectral radius of one rational matrix, as a proved bracket."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import flint

from conservative._core.exact.linear_algebra import (
    as_python_fraction,
    ball_bracket,
    radius_against_one,
    radius_ball,
    to_flint,
    working_precision,
)
from conservative._core.exact.perron import perron_classes
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative._core.numbers import Bracket, float_above, float_below

_SIMPLE = 1 << 20
"""Largest numerator and denominator of a double that is tried as the exact radius."""

_TIGHT = 1 + 2.0**-50
"""Quotient of the ends of a bracket from positive vectors, at most."""

_POLYNOMIAL = 1e-8
"""Seconds that the exact characteristic polynomial of a matrix of doubles takes, divided by n^4, about."""

_BITS = 160
"""Working precision of radii: far below the 53 bits of the doubles that come out."""


def spectral_radius(matrix: Any) -> Bracket:
    """The largest modulus of an eigenvalue of a rational or float matrix.

    Parameters
    ----------
    matrix : array_like, shape (n, n)
        Doubles are taken as exact; rationals may be `Fraction`, sympy numbers or strings.

    Returns
    -------
    Bracket
        Usually two neighbouring doubles, or one when the radius is one.

    Raises
    ------
    ShapeError, NonFiniteError, ArgumentError, ArgumentTypeError

    Notes
    -----
    Roots of the exact characteristic polynomial are isolated in ball arithmetic; ends are rounded outward.
    Rational leading eigenvalues, and radii that are doubles of few digits, are found exactly.

    Examples
    --------
    >>> spectral_radius([["3/4", "-3/4"], [1, 0]])
    Bracket(lower=0.8660254037844386, upper=0.8660254037844387)
    >>> spectral_radius([[2, 1], [0, 2]])
    Bracket(lower=2.0, upper=2.0)
    """
    family = as_family([matrix], call="spectral_radius", argument="matrix")
    return radius_of(to_flint(family.exact[0]))[0]


def radius_of(matrix: flint.fmpq_mat, *, root: int = 1) -> tuple[Bracket, Fraction | None]:
    """The bracket of rho(A)^(1/root), and the leading eigenvalue of A when it is rational. Shapes: `matrix` (n, n)."""
    polynomial = matrix.charpoly()
    eigenvalue = _rational_leading_root(matrix, polynomial)
    if eigenvalue is not None and root == 1:
        return Bracket(float_below(abs(eigenvalue)), float_above(abs(eigenvalue)) + 0.0), eigenvalue
    with working_precision(_BITS):
        ball = radius_ball(polynomial, bits=_BITS) if eigenvalue is None else _as_ball(abs(eigenvalue))
        if root > 1 and not ball.is_zero():
            ball = ball.root(root)
        bracket = ball_bracket(ball)
    simple = _simple_double(bracket)
    if simple is not None and has_radius(matrix, simple**root):
        return Bracket(float(simple), float(simple)), eigenvalue
    return bracket, eigenvalue


def exact_seconds(family: MatrixFamily) -> float:
    """The seconds that deciding the spectral radius of one matrix of a family exactly takes, about."""
    bits = max(x.numerator.bit_length() + x.denominator.bit_length() for row in family.exact[0] for x in row)
    return _POLYNOMIAL * family.size**4 * max(1.0, bits / 100)


def nonnegative_rate(family: MatrixFamily, word: Sequence[int]) -> Bracket | None:
    """The bracket of rho(M_w)^(1/|w|) from positive vectors, for nonnegative matrices; None where doubles are too few.

    Returns: two or three neighbouring doubles. None also when one of few digits is among them, which deserves an exact
    test.

    [collatz1942]_, [wielandt1950]_
    """
    classes = perron_classes(family, word)
    if classes is None:
        return None
    lower, upper = (max((getattr(c, end) for c in classes), default=Fraction(0)) for end in ("lower", "upper"))
    if upper == 0:
        return Bracket(0.0, 0.0)
    with working_precision(_BITS):
        ends = [ball_bracket(_as_ball(end).root(len(word))) for end in (lower, upper)]
    bracket = Bracket(ends[0].lower, ends[1].upper)
    return bracket if bracket.upper <= bracket.lower * _TIGHT and _simple_double(bracket) is None else None


def has_radius(matrix: flint.fmpq_mat, radius: Fraction) -> bool:
    """Whether a positive rational is the spectral radius of a matrix, decided exactly. Shapes: `matrix` (n, n)."""
    return radius_against_one(matrix * flint.fmpq(radius.denominator, radius.numerator)) == 0


def _simple_double(bracket: Bracket) -> Fraction | None:
    """A double of few digits in a bracket, its ends included: a radius such as 1 that deserves an exact test."""
    if math.isinf(bracket.upper) or bracket.lower == bracket.upper:
        return None
    for double in (math.nextafter(bracket.lower, math.inf), bracket.lower, bracket.upper):
        value = Fraction(double)
        if 0 < value <= bracket.upper and max(value.numerator, value.denominator) <= _SIMPLE:
            return value
    return None


def _as_ball(value: Fraction) -> flint.arb:
    return flint.arb(flint.fmpq(value.numerator, value.denominator))


def _rational_leading_root(matrix: flint.fmpq_mat, polynomial: flint.fmpq_poly) -> Fraction | None:
    """An eigenvalue of largest modulus, when it is rational; decided exactly, from the characteristic polynomial."""
    candidates = [as_python_fraction(r) for r, _ in _rational_roots(polynomial)]
    if not candidates:
        return None
    largest = max(candidates, key=lambda r: (abs(r), r))
    if largest == 0:
        nilpotent = all(c == 0 for c in polynomial.coeffs()[:-1])
        return largest if len(candidates) == 1 and nilpotent else None
    return largest if has_radius(matrix, abs(largest)) else None


def _rational_roots(polynomial: flint.fmpq_poly) -> list[tuple[flint.fmpq, int]]:
    return list(polynomial.roots())
