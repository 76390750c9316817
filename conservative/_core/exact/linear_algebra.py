"""Exact rational linear algebra on python-flint: products, characteristic polynomials, definiteness, radii."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction

import flint
import numpy as np

from conservative._core.families.as_family import ExactMatrix
from conservative._core.numbers import Bracket, float_above, float_below

_FEW = 6
"""Order up to which elimination in rationals is as quick as anything."""

MAX_PRECISION = 1 << 16
"""Largest working precision, in bits, of the ball arithmetic that isolates roots."""


def to_flint(matrix: Sequence[Sequence[Fraction]]) -> flint.fmpq_mat:
    """A matrix of `Fraction` as a flint matrix."""
    return flint.fmpq_mat([[flint.fmpq(x.numerator, x.denominator) for x in row] for row in matrix])


def from_flint(matrix: flint.fmpq_mat) -> ExactMatrix:
    """A flint matrix as a tuple of rows of `Fraction`."""
    return tuple(tuple(as_python_fraction(x) for x in row) for row in matrix.tolist())


def as_python_fraction(value: flint.fmpq) -> Fraction:
    """One flint rational as a `Fraction`."""
    return Fraction(int(value.p), int(value.q))


def exact_product(matrices: Sequence[ExactMatrix], word: Sequence[int]) -> ExactMatrix:
    """The product M_w = M[w_1] M[w_2] ... in exact arithmetic. `word`: 0-based indices, at least one."""
    return from_flint(flint_product([to_flint(m) for m in matrices], word))


def flint_product(matrices: Sequence[flint.fmpq_mat], word: Sequence[int]) -> flint.fmpq_mat:
    """The product of a word of flint matrices, by halves, so that long words stay cheap."""
    factors = [matrices[i] for i in word]
    while len(factors) > 1:
        paired = [a * b for a, b in zip(factors[::2], factors[1::2], strict=False)]
        factors = paired + factors[len(factors) - len(factors) % 2 :]
    return factors[0]


def characteristic_polynomial(matrix: ExactMatrix) -> tuple[Fraction, ...]:
    """Coefficients of det(z Id - A), lowest degree first. Shapes: `matrix` (n, n)."""
    return tuple(as_python_fraction(flint.fmpq(c)) for c in to_flint(matrix).charpoly().coeffs())


def radius_against_one(matrix: flint.fmpq_mat) -> int:
    """The sign of rho(A) - 1, decided exactly.

    For n = 2 the Jury conditions on trace and determinant. Otherwise the roots of the exact characteristic
    polynomial p are isolated in balls. When 64 bits leave some of them on neither side of the circle, the factor
    gcd(p, p*) is split off: what is left has no root on the circle, so precision separates it. The factor's roots
    are permuted by z -> 1/conj(z), and one whose image meets no ball but its own is a fixed point, on the circle.

    Shapes: `matrix` (n, n).
    """
    if matrix.nrows() == 2:
        return _jury(matrix)
    polynomial = matrix.charpoly().numer()
    with working_precision(64):
        moduli = [abs(root) for root, _ in polynomial.complex_roots()]
        if any(modulus > 1 for modulus in moduli):
            return 1
        if all(modulus < 1 for modulus in moduli):
            return -1
    paired, rest = _split_reciprocal(polynomial)
    if _isolated_outside(rest, self_reciprocal=False) or _isolated_outside(paired, self_reciprocal=True):
        return 1
    return 0 if paired.degree() > 0 else -1


def _jury(matrix: flint.fmpq_mat) -> int:
    trace = abs(matrix[0, 0] + matrix[1, 1])
    determinant = matrix.det()
    if determinant > 1 or determinant < -1 or trace > 1 + determinant:
        return 1
    return -1 if determinant < 1 and trace < 1 + determinant else 0


def _split_reciprocal(polynomial: flint.fmpz_poly) -> tuple[flint.fmpz_poly, flint.fmpz_poly]:
    """gcd(p, p*), and p without all of that factor's roots and without its roots at zero."""
    rest = polynomial
    while int(rest[0]) == 0:
        rest = rest.right_shift(1)
    paired = rest.gcd(flint.fmpz_poly(list(reversed(rest.coeffs()))))
    while (common := rest.gcd(paired)).degree() > 0:
        rest = _divide(rest, common)
    return paired, rest


def _divide(polynomial: flint.fmpz_poly, divisor: flint.fmpz_poly) -> flint.fmpz_poly:
    return (flint.fmpq_poly(polynomial) // flint.fmpq_poly(divisor)).numer()


def _isolated_outside(polynomial: flint.fmpz_poly, *, self_reciprocal: bool) -> bool:
    """Whether some root lies outside the closed disk.

    Without the flag no root lies on the circle, so precision separates every root from it. With it, a pair z,
    1/conj(z) off the circle is found by its member outside.
    """
    if polynomial.degree() < 1:
        return False
    one = flint.arb(1)
    precision = 64
    while precision <= MAX_PRECISION:
        with working_precision(precision):
            roots = [root for root, _ in polynomial.complex_roots()]
            if any(abs(z) > one for z in roots):
                return True
            open_roots = [z for z in roots if not abs(z) < one]
            if not open_roots or (self_reciprocal and _all_fixed(open_roots, roots)):
                return False
        precision *= 2
    raise ArithmeticError("the roots of a characteristic polynomial were not separated from the unit circle")


def _all_fixed(suspects: list[flint.acb], roots: list[flint.acb]) -> bool:
    for z in suspects:
        image = 1 / flint.acb(z.real, -z.imag)
        if sum(image.overlaps(w) for w in roots) != 1 or not image.overlaps(z):
            return False
    return True


@contextmanager
def working_precision(bits: int) -> Iterator[None]:
    """Ball arithmetic with `bits` bits inside the block."""
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


def radius_ball(matrix: flint.fmpq_mat | flint.fmpq_poly, *, bits: int) -> flint.arb:
    """A ball that contains the spectral radius of a rational matrix.

    The roots of the exact characteristic polynomial, isolated with multiplicities, so that defective
    eigenvalues cost nothing in accuracy.

    Shapes: `matrix` (n, n).
    """
    polynomial = (matrix if isinstance(matrix, flint.fmpq_poly) else matrix.charpoly()).numer()
    with working_precision(bits):
        radius = flint.arb(0)
        for root, _ in polynomial.complex_roots():
            radius = radius.max(abs(root))
    return radius


def ball_bracket(ball: flint.arb) -> Bracket:
    """The doubles around a ball, rounded outward."""
    lower, upper = float_below(exact_end(ball.lower())), float_above(exact_end(ball.upper())) + 0.0
    return Bracket(max(lower, 0.0), upper)


def exact_end(end: flint.arb) -> Fraction:
    """An exact ball, mantissa times a power of two, as a rational.

    `end`: A ball of radius zero, as `lower()` and `upper()` return up to rounding.
    """
    mantissa, exponent = end.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def is_positive_semidefinite(matrix: flint.fmpq_mat, *, strict: bool = False) -> bool:
    """Whether a symmetric rational matrix is positive semidefinite, decided in exact arithmetic.

    By LDL^T in rationals, for large matrices only where an approximate Cholesky factor with an exact residual does not
    prove that they are definite.

    Shapes: `matrix` (n, n).
    """
    if matrix.nrows() > _FEW and is_clearly_positive(matrix):
        return True
    rows = matrix.tolist()
    n = len(rows)
    for k in range(n):
        pivot = rows[k][k]
        if pivot < 0 or (strict and pivot == 0):
            return False
        if pivot == 0:
            if any(rows[k][j] != 0 for j in range(k + 1, n)):
                return False
            continue
        for i in range(k + 1, n):
            if rows[k][i] == 0:
                continue
            factor = rows[k][i] / pivot
            for j in range(i, n):
                rows[i][j] -= factor * rows[k][j]
    return True


def is_clearly_positive(matrix: flint.fmpq_mat) -> bool:
    """Whether an approximate Cholesky factor and its exact residual prove a symmetric matrix positive definite.

    S = L L^T + R with the L of doubles and an exact R of dominant diagonal, in units in which the diagonal of S is
    about one: then R, and with it S, is positive definite, however L was rounded.

    Shapes: `matrix` (n, n).
    """
    integers = matrix.numer_denom()[0]
    n = integers.nrows()
    diagonal = [int(integers[i, i]) for i in range(n)]
    if min(diagonal) <= 0:
        return False
    units = [(x.bit_length() + 1) // 2 for x in diagonal]
    rows = [[int(x) for x in row] for row in integers.tolist()]
    if any(abs(x) >> units[i] + units[j] for i, row in enumerate(rows) for j, x in enumerate(row)):
        return False
    scaled = np.array([[x / (1 << units[i] + units[j]) for j, x in enumerate(row)] for i, row in enumerate(rows)])
    try:
        factor = np.linalg.cholesky(scaled - n * n * 2.0**-50 * np.eye(n))
    except np.linalg.LinAlgError:
        return False
    product = flint.fmpz_mat([[round(x * 2.0**60) for x in row] for row in factor.tolist()])
    near = (product * product.transpose()).tolist()
    top = max(units)
    for i, row in enumerate(rows):
        rest = [(x << 120) - (int(near[i][j]) << units[i] + units[j]) for j, x in enumerate(row)]
        weighed = [abs(x) << top - units[j] for j, x in enumerate(rest)]
        if rest[i] <= 0 or sum(weighed) >= 2 * weighed[i]:
            return False
    return True
