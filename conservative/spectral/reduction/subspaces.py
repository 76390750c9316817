"""Common invariant subspaces over the rationals: lifted from a prime, or from factors of polynomials."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import flint

from conservative.spectral.reduction.modular import PRIMES, modular_verdict, subset_sums

RATIONAL_SIZE = 40
"""Largest order for which characteristic polynomials are factored over the rationals."""

RATIONAL_BITS = 40_000
"""Most bits, n times those of the largest entry, of a characteristic polynomial that is factored."""

RATIONAL_TRIALS = 5
"""Elements of the algebra that are tried over the rationals."""


@dataclass(frozen=True, slots=True)
class Subspace:
    """The subspace {x : x[rest] = slope x[pivots]}, every subspace in exactly one way of its echelon form.

    Shapes: `slope` (len(rest), len(pivots)). `pivots`, `rest`: the coordinates, split in two.
    """

    pivots: tuple[int, ...]
    rest: tuple[int, ...]
    slope: flint.fmpq_mat


@dataclass(frozen=True, slots=True)
class SubspaceSearch:
    """The outcome of a search for a common invariant subspace.

    `subspace`: proper and nonzero, checked exactly. `irreducible`: proved: there is none over the rationals.
    """

    subspace: Subspace | None
    irreducible: bool


def invariant_subspace(matrices: Sequence[flint.fmpq_mat]) -> SubspaceSearch:
    """A proper common invariant subspace over the rationals, or a proof that there is none, or neither.

    Modulo up to four primes, one random element of the algebra each: most families are proved irreducible by the
    first, in O(n^3) word operations. The dimension of a subspace is a sum of degrees of factors for every
    element and every prime; when only 0 and n are left there is none. Otherwise the candidates are lifted to the
    rationals and checked, and at last elements with small integer coefficients are factored over the rationals
    (orders up to 40). An algebra whose every element has repeated factors can stay undecided.

    Shapes: `matrices` (n, n).

    [holt1994]_

    >>> U, L = flint.fmpq_mat([[1, 1], [0, 1]]), flint.fmpq_mat([[1, 0], [1, 1]])
    >>> invariant_subspace([U, L])
    SubspaceSearch(subspace=None, irreducible=True)
    >>> invariant_subspace([U * L * U.inv(), L]).irreducible, invariant_subspace([U]).subspace.pivots
    (True, (0,))
    """
    n = matrices[0].nrows()
    integers = [m.numer_denom()[0] for m in matrices]
    rng = random.Random(n)
    degrees = (1 << (n + 1)) - 1
    for prime in PRIMES:
        verdict = modular_verdict(integers, prime, rng)
        degrees &= verdict.degrees
        if verdict.irreducible or degrees == 1 | 1 << n:
            return SubspaceSearch(None, True)
        for rows, is_left in verdict.subspaces:
            subspace = _lifted(integers, rows, prime, is_left=is_left)
            if subspace is not None:
                return SubspaceSearch(subspace, False)
    return _rational_search(integers, degrees, rng)


def _lifted(integers: Sequence[flint.fmpz_mat], rows: flint.nmod_mat, prime: int, *, is_left: bool) -> Subspace | None:
    """The rational subspace with given residues, if small fractions give one and it is invariant."""
    bound = math.isqrt(prime // 2)
    lifted = []
    for row in rows.tolist():
        entries = []
        for x in row:
            fraction = _small_fraction(int(x), prime, bound)
            if fraction is None:
                return None
            entries.append(fraction)
        lifted.append(entries)
    return _checked(integers, flint.fmpq_mat(lifted), is_left=is_left)


def _small_fraction(residue: int, prime: int, bound: int) -> flint.fmpq | None:
    """The p/q with |p|, q <= bound and residue q = p modulo the prime: Euclid's algorithm stopped half-way."""
    r0, r1, t0, t1 = prime, residue, 0, 1
    while r1 > bound:
        quotient = r0 // r1
        r0, r1, t0, t1 = r1, r0 - quotient * r1, t1, t0 - quotient * t1
    return flint.fmpq(r1, t1) if t1 != 0 and abs(t1) <= bound else None


def _checked(integers: Sequence[flint.fmpz_mat], rows: flint.fmpq_mat, *, is_left: bool) -> Subspace | None:
    """The subspace spanned (or annihilated) by independent rows, if it is proper and invariant, exactly."""
    reduced, rank = rows.rref()
    n = rows.ncols()
    if not 0 < rank < n:
        return None
    basis = flint.fmpq_mat(reduced.tolist()[:rank])
    pivots = _pivots(basis)
    rest = tuple(j for j in range(n) if j not in set(pivots))
    for m in integers:
        image = basis * flint.fmpq_mat(m if is_left else m.transpose())
        if columns(image, pivots) * basis != image:
            return None
    side = columns(basis, rest)
    if not is_left:
        return Subspace(pivots, rest, side.transpose())
    return Subspace(rest, pivots, -side)


def _pivots(echelon: flint.fmpq_mat) -> tuple[int, ...]:
    return tuple(next(j for j, x in enumerate(row) if x != 0) for row in echelon.tolist())


def columns(matrix: flint.fmpq_mat, index: Sequence[int]) -> flint.fmpq_mat:
    """Some columns of a matrix.

    Shapes: `matrix` (m, n), result (m, len(index)).
    """
    return flint.fmpq_mat([[row[j] for j in index] for row in matrix.tolist()])


def _rational_search(integers: Sequence[flint.fmpz_mat], degrees: int, rng: random.Random) -> SubspaceSearch:
    """Norton's test over the rationals with a few elements of small coefficients."""
    n = integers[0].nrows()
    if n > RATIONAL_SIZE:
        return SubspaceSearch(None, False)
    for theta in _small_elements(integers, rng):
        if n * max(int(abs(x)).bit_length() for x in theta.entries()) > RATIONAL_BITS:
            return SubspaceSearch(None, False)
        factors = sorted(theta.charpoly().factor()[1], key=lambda item: (item[1] > 1, item[0].degree()))
        degrees &= subset_sums(factors)
        if degrees == 1 | 1 << n:
            return SubspaceSearch(None, True)
        for factor, _ in factors[:3]:
            search = _from_factor(integers, theta, factor, rng)
            if search.irreducible or search.subspace is not None:
                return search
    return SubspaceSearch(None, False)


def _small_elements(integers: Sequence[flint.fmpz_mat], rng: random.Random) -> Iterator[flint.fmpz_mat]:
    for trial in range(RATIONAL_TRIALS):
        element = _small_sum(integers, rng)
        for _ in range(trial // 2):
            element = element * _small_sum(integers, rng) + _small_sum(integers, rng)
        yield element


def _small_sum(integers: Sequence[flint.fmpz_mat], rng: random.Random) -> flint.fmpz_mat:
    total = integers[0] * rng.choice((1, 2, 3, -1, -2))
    for m in integers[1:]:
        total = total + m * rng.choice((1, 2, 3, -1, -2, -3))
    return total


def _from_factor(
    integers: Sequence[flint.fmpz_mat], theta: flint.fmpz_mat, factor: flint.fmpz_poly, rng: random.Random
) -> SubspaceSearch:
    """What vectors of the two kernels of p(theta) generate."""
    image = _evaluate(factor, theta)
    whole = True
    sides = ((False, [m.transpose() for m in integers], image), (True, list(integers), image.transpose()))
    for is_left, operators, singular in sides:
        kernel = _kernel(singular)
        good = kernel.nrows() == factor.degree()
        whole = whole and good
        for start in _vectors(kernel, rng, count=1 if good else 4):
            rows = _rational_spin(operators, start)
            subspace = None if rows is None else _checked(integers, rows, is_left=is_left)
            if subspace is not None:
                return SubspaceSearch(subspace, False)
    return SubspaceSearch(None, whole)


def _evaluate(polynomial: flint.fmpz_poly, matrix: flint.fmpz_mat) -> flint.fmpz_mat:
    n = matrix.nrows()
    coefficients = [int(c) for c in polynomial.coeffs()]
    total = flint.fmpz_mat(n, n, [coefficients[-1] * int(i == j) for i in range(n) for j in range(n)])
    for c in reversed(coefficients[:-1]):
        total = total * matrix + flint.fmpz_mat(n, n, [c * int(i == j) for i in range(n) for j in range(n)])
    return total


def _kernel(matrix: flint.fmpz_mat) -> flint.fmpz_mat:
    """A basis of the kernel as primitive integer rows."""
    basis, dimension = matrix.nullspace()
    return flint.fmpz_mat([_primitive([int(x) for x in row]) for row in basis.transpose().tolist()[:dimension]])


def _primitive(row: list[int]) -> list[int]:
    divisor = math.gcd(*row)
    return [x // divisor for x in row]


def _vectors(kernel: flint.fmpz_mat, rng: random.Random, *, count: int) -> Iterator[flint.fmpz_mat]:
    """Basis vectors of a kernel, then small combinations of them."""
    m = kernel.nrows()
    for i in range(min(count, m)):
        yield flint.fmpz_mat([kernel.tolist()[i]])
    for _ in range(count - 1):
        yield flint.fmpz_mat([[rng.randrange(-3, 4) for _ in range(m)]]) * kernel


def _rational_spin(operators: Sequence[flint.fmpz_mat], start: flint.fmpz_mat) -> flint.fmpq_mat | None:
    """The rows generated by a row, or None when they are everything (seen modulo a prime first)."""
    n = start.ncols()
    rational = [flint.fmpq_mat(m) for m in operators]
    space, rank = flint.fmpq_mat(start).rref()
    modular = [flint.nmod_mat(m, PRIMES[0]) for m in operators]
    residues, target = flint.nmod_mat(start, PRIMES[0]), 0
    while residues.nrows() > target:
        target = residues.nrows()
        parts = [residues, *(residues * m for m in modular)]
        entries = [int(x) for part in parts for x in part.entries()]
        echelon, grown = flint.nmod_mat(len(entries) // n, n, entries, PRIMES[0]).rref()
        residues = flint.nmod_mat(grown, n, [int(x) for x in echelon.entries()[: grown * n]], PRIMES[0])
    if not 0 < target < n:
        return None
    while True:
        images = [space.tolist(), *((space * m).tolist() for m in rational)]
        reduced, grown = flint.fmpq_mat([row for image in images for row in image]).rref()
        if grown in {rank, n}:
            return flint.fmpq_mat(reduced.tolist()[:grown]) if grown < n else None
        space, rank = flint.fmpq_mat(reduced.tolist()[:grown]), grown
