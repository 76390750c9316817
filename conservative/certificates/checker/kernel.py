"""Integers and matrices of integers, positive definiteness, root location, and the budget of the work."""

import math
from collections.abc import Sequence
from contextvars import ContextVar
from operator import mul

MAX_WORK = 2e10
"""Units of work that a whole document may cost; one is about a nanosecond."""


class InvalidError(Exception):
    """The document is not a certificate of the documented form, or does not prove its claim."""


def require(condition: bool, reason: str) -> None:
    """Refuse the document for this reason unless the condition holds."""
    if not condition:
        raise InvalidError(reason)


SPENT: ContextVar[list[float]] = ContextVar("the work that the checks of this document have cost so far")


def spend(work: float) -> None:
    """Refuse what would take minutes, over the whole document; one unit of work is about a nanosecond."""
    spent = SPENT.get([0.0])
    spent[0] += work
    require(spent[0] <= MAX_WORK, "the numbers are too long or the matrices too large: checking would take too long")


Matrix = Sequence[Sequence[int]]


def multiply(left: Matrix, right: Matrix) -> list[list[int]]:
    """The product of two matrices of integers."""
    columns = list(zip(*right, strict=True))
    return [[sum(map(mul, row, column)) for column in columns] for row in left]


def minus_multiple(matrix: Matrix, factor: int) -> list[list[int]]:
    """M - factor I."""
    return [[x - factor * (i == j) for j, x in enumerate(row)] for i, row in enumerate(matrix)]


def decrease(before: Matrix, after: Matrix, A: Matrix, scales: tuple[int, int]) -> list[list[int]]:
    """scales[0] * P - scales[1] * A^T Q A for symmetric P = before and Q = after."""
    image = multiply(list(zip(*A, strict=True)), multiply(after, A))
    rows = [zip(p, q, strict=True) for p, q in zip(before, image, strict=True)]
    return [[scales[0] * x - scales[1] * y for x, y in row] for row in rows]


def characteristic_polynomial(matrix: Matrix) -> list[int]:
    """Coefficients of det(z - M), constant term first: Newton's identities from the traces of the powers of M."""
    n, powers = len(matrix), [matrix]
    while 2 * len(powers) < n:
        powers.append(multiply(powers[-1], matrix))
    traces = [sum(matrix[i][i] for i in range(n))]
    for k in range(2, n + 1):  # the trace of M^k from two powers of about half the exponent
        rows, columns = powers[(k + 1) // 2 - 1], zip(*powers[k // 2 - 1], strict=True)
        traces.append(sum(sum(map(mul, r, c)) for r, c in zip(rows, columns, strict=True)))
    found = [1]
    for k in range(1, n + 1):
        found.append(-sum(found[j] * traces[k - j - 1] for j in range(k)) // k)
    return found[::-1]


def roots_inside(polynomial: list[int], *, closed: bool) -> bool:
    """Whether all roots of p = sum p_j z^j (p_n != 0) have modulus < 1, or <= 1 if `closed` (Schur, Cohn).

    Let p* be p with its coefficients reversed. If |p_0| > |p_n|, a root is outside. If |p_0| < |p_n|, then
    (p_n p - p_0 p*) / z has as many roots outside the circle, and on it, as p. If |p_0| = |p_n|, all roots in the
    closed disc means all on the circle: that is p* = p or -p, and all roots of the derivative in the closed disc.
    """
    p, last, factor = polynomial, 1, 1
    while len(p) > 1:
        low, high, reverse = p[0], p[-1], p[::-1]
        if abs(low) > abs(high) or (abs(low) == abs(high) and not closed):
            return False
        if abs(low) == abs(high):
            if reverse not in (p, [-c for c in p]):
                return False
            content = math.gcd(*p)
            p, last, factor = [j * c // content for j, c in enumerate(p)][1:], 1, 1
            continue
        # Jacobi's identity foretells a common factor. Only where it divides is it taken out, so nothing rests on it.
        reduced = [high * c - low * d for c, d in zip(p, reverse, strict=True)][1:]
        quotients = [divmod(c, factor) for c in reduced]
        p = reduced if any(rest for _, rest in quotients) else [quotient for quotient, _ in quotients]
        last, factor = p[-1], last
    return True


def is_positive(matrix: Matrix, *, definite: bool) -> bool:
    """Whether a symmetric matrix is positive (semi)definite: L D L^T without fractions (Bareiss).

    A pivot of a semidefinite matrix is positive, or zero with a zero row, which is then left out.
    """
    if is_clearly_positive(matrix):
        return True
    spend(_elimination_cost(matrix))
    rest, previous = [list(row) for row in matrix], 1
    while rest:
        first, pivot = rest[0], rest[0][0]
        if pivot < 0 or (pivot == 0 and (definite or any(first))):
            return False
        if pivot == 0:
            rest = [row[1:] for row in rest[1:]]
            continue
        # By Jacobi's identity the division leaves no remainder.
        rest = [[(pivot * x - r[0] * y) // previous for x, y in zip(r[1:], first[1:], strict=True)] for r in rest[1:]]
        previous = pivot
    return True


def _elimination_cost(matrix: Matrix) -> float:
    n, size = len(matrix), max(abs(x).bit_length() for row in matrix for x in row)
    return n**3 * (n * size / 30 + 1) ** 2 / 5


def is_clearly_positive(matrix: Matrix) -> bool:
    """Whether S = L L^T + R proves that a symmetric S is positive definite, with some L and a dominant diagonal of R.

    L comes from Cholesky's algorithm in doubles, which prove nothing; R is exact. Both in units 2^e_i that make the
    diagonal of S about 1: R is dominant there when 2^-e_i R_ii exceeds the sum of |R_ij| 2^-e_j over j != i.
    """
    n = len(matrix)
    if min(matrix[i][i] for i in range(n)) <= 0:
        return False
    units = [(matrix[i][i].bit_length() + 1) // 2 for i in range(n)]
    factor: list[list[float]] = []
    for i, row in enumerate(matrix):
        if any(abs(row[j]) >> units[i] + units[j] for j in range(i)):
            return False
        new: list[float] = []
        for j in range(i):
            entry = row[j] / (1 << units[i] + units[j]) - sum(map(mul, new, factor[j]))
            new.append(entry / factor[j][j])
        pivot = row[i] / (1 << 2 * units[i]) - sum(map(mul, new, new)) - n * n * 2.0**-50
        if not pivot > 0:
            return False
        factor.append([*new, math.sqrt(pivot)])
    scaled = [[round(x * 2.0**60) for x in row] for row in factor]
    top, margins = max(units), [0] * n
    for i, first in enumerate(scaled):
        for j in range(i + 1):
            rest = (matrix[i][j] << 120) - (sum(map(mul, first, scaled[j])) << units[i] + units[j])
            margins[i] += (rest if i == j else -abs(rest)) << top - units[j]
            if i != j:
                margins[j] -= abs(rest) << top - units[i]
    return min(margins) > 0
