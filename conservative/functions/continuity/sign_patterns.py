"""Which signs polynomials take together arbitrarily near a common zero: exactly in one or two variables."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import flint
import sympy

from conservative._core.exact.linear_algebra import working_precision
from conservative._core.exact.simplex import strict_solution
from conservative.functions.continuity.local_polynomials import Polynomial, restricted, used_columns

_MAX_DEGREE = 12
"""Largest total degree of a product whose discriminant is formed."""
_MAX_WORK = 20_000
"""Largest cube of that degree times the bits of a coefficient: beyond it discriminants and their roots take seconds."""
_MAX_MONOMIALS = 40
_FIRST_BITS = 128
_OUTWEIGHED = 10**12
"""A multiple of m² m' that m² exceeds near 0, as it does for any number."""

Signs = tuple[int, ...]
_S, _R = sympy.symbols("s r")
_ONE = sympy.Poly(1, _S, _R)


def local_patterns(polynomials: Sequence[Polynomial]) -> set[Signs] | None:
    """All tuples of signs met in every neighbourhood of 0; None when more than two variables or high degrees occur."""
    inside = _in_a_plane(polynomials)
    if inside is None:
        return None
    found = {tuple(_constant_sign(p) for p in inside)}
    for sign in (1, -1):
        axis: list[Polynomial] = [{(j,): c * sign**j for (i, j), c in p.items() if i == 0} for p in inside]
        found.add(tuple(_first_sign(p) for p in axis))
        found.update(_sector([{(i, j): c * sign**i for (i, j), c in p.items()} for p in inside]))
    return found


def parts_across(
    guard: Polynomial, difference: Polynomial, signs: tuple[int, int], *, where: Polynomial | None = None
) -> bool:
    """Whether a difference is not 0 along a curve to 0 on which a guard is 0, having both signs beside it or on it.

    `where`: what has to be positive on the curve. False also when more than two variables or high degrees occur.
    """
    inside = _in_a_plane([guard, difference] if where is None else [guard, difference, where])
    for turned in (False, True) if inside else ():
        for sign in (1, -1):
            pair: list[Polynomial] = [
                {((j, i) if turned else (i, j)): c * sign ** (j if turned else i) for (i, j), c in p.items()}
                for p in inside or ()
            ]
            cells = _sector(pair)
            for left, curve, right in zip(cells[::2], cells[1::2], cells[2::2], strict=False):
                inside_of = where is None or curve[2] > 0
                if inside_of and curve[0] == 0 and curve[1] != 0 and {left[0], 0, right[0]}.issuperset(signs):
                    return True
    return False


def _in_a_plane(polynomials: Sequence[Polynomial]) -> list[Polynomial] | None:
    """The same polynomials in two variables, if they need no more and their degrees are moderate."""
    columns = sorted(frozenset().union(*map(used_columns, polynomials)))
    if len(columns) > 2 or not polynomials:
        return None
    width = max((len(e) for p in polynomials for e in p), default=0)
    plane = (*columns, *(i for i in range(width) if i not in columns))[:2]
    inside = [restricted(p, plane) if len(plane) == 2 else {(*e, 0): c for e, c in p.items()} for p in polynomials]
    degree = sum(max((sum(e) for e in p), default=0) for p in inside)
    bits = max((c.numerator.bit_length() + c.denominator.bit_length() for p in inside for c in p.values()), default=0)
    return inside if degree <= _MAX_DEGREE and degree**3 * bits <= _MAX_WORK else None


def contradictory(polynomials: Sequence[Polynomial], signs: Sequence[int]) -> bool:
    """Whether no point near 0 gives the polynomials these signs, as sums of squares show.

    Sought are λ ≥ 0, not all zero, with Σ λ_i s_i g_i = −Σ μ_q q, μ ≥ 0, over the squares q = m² and (m ± m')² of
    monomials, and what these outweigh near 0, m² ± N m² m' with a large N (plus any multiple of the g_i that are to
    vanish): then the left side is never positive. Each monomial
    counts as a variable, so that this is Gordan's alternative for a linear program. (Where the g_i that are to vanish
    make squares vanish too, the alternative could hold with all λ_i = 0: nothing is claimed then.)
    """
    monomials = sorted({e for p in polynomials for e in p})
    if len(monomials) > _MAX_MONOMIALS:
        return False
    rows = [[p.get(m, Fraction(0)) * (s or 1) for m in monomials] for p, s in zip(polynomials, signs, strict=True)]
    strict = [row for row, s in zip(rows, signs, strict=True) if s]
    if not strict:
        return False
    equal = [row for row, s in zip(rows, signs, strict=True) if not s]
    squares = list(_squares(monomials))
    if equal and squares and strict_solution(squares, equal, len(monomials)) is None:
        return False
    return strict_solution([*strict, *squares], equal, len(monomials)) is None


def _squares(monomials: Sequence[tuple[int, ...]]) -> Iterator[list[Fraction]]:
    """m² and (m ± m')² as rows, as far as all their terms are among the monomials."""
    place = {m: i for i, m in enumerate(monomials)}
    roots = [tuple(e // 2 for e in m) for m in monomials if all(e % 2 == 0 for e in m)]

    def row(terms: Sequence[tuple[tuple[int, ...], int]]) -> list[Fraction]:
        entries = [Fraction(0)] * len(monomials)
        for left, factor in terms:
            entries[place[left]] += factor
        return entries

    for root in roots:
        yield row([(tuple(2 * e for e in root), 1)])
    for left, right in combinations(roots, 2):
        mixed = tuple(i + j for i, j in zip(left, right, strict=True))
        if mixed in place:
            ends = [(tuple(2 * e for e in root), 1) for root in (left, right)]
            yield from (row([*ends, (mixed, factor)]) for factor in (2, -2))
    for higher in monomials:
        for root in roots:
            square = tuple(2 * e for e in root)
            if any(square) and square != higher and all(a <= b for a, b in zip(square, higher, strict=True)):
                yield from (row([(square, 1), (higher, factor)]) for factor in (_OUTWEIGHED, -_OUTWEIGHED))


def _constant_sign(polynomial: Polynomial) -> int:
    constant = polynomial.get((0, 0), Fraction(0))
    return int(constant > 0) - int(constant < 0)


def _first_sign(polynomial: Polynomial) -> int:
    """The sign for small positive values of the only variable."""
    if not polynomial:
        return 0
    leading = polynomial[min(polynomial)]
    return 1 if leading > 0 else -1


def _sector(polynomials: Sequence[Polynomial]) -> list[Signs]:
    """The patterns at small (s, r) with s > 0, by rising r: between two curves, on one, and so on.

    They are read off one line s = ε, below which no two roots in r meet.

    Powers of s do not change signs, and what does not vanish at 0 keeps its sign there. Above (0, ε] the roots r(s) of
    the product h form curves that do not cross, as its discriminant does not vanish there; those in (−δ, δ) are the
    ones that end in 0, as h(s, ±δ) does not vanish either.
    """
    stripped = [_without_powers(p) for p in polynomials]
    fixed = [_sign_at(p, 0, 0) for p in stripped]
    parts = [p.as_expr() for p, sign in zip(stripped, fixed, strict=True) if not sign and not p.is_zero]
    if not parts:
        return [tuple(fixed)]
    h = sympy.Poly(sympy.Mul(*parts), _S, _R).sqf_part()
    delta = _root_bound(sympy.Poly(h.eval({_S: 0}), _R)) / 2
    obstacles = [h.as_expr().subs(_R, delta), h.as_expr().subs(_R, -delta)]
    obstacles += [sympy.discriminant(h.as_expr(), _R), sympy.LC(h.as_expr(), _R)]
    epsilon = min(_root_bound(sympy.Poly(o, _S)) for o in obstacles) / 2
    roots, vanishing = _roots_on_line(
        [h, *(_ONE if f else p for p, f in zip(stripped, fixed, strict=True))], epsilon, delta
    )
    samples = [(left[1] + right[0]) / 2 for left, right in pairwise([(-delta, -delta), *roots, (delta, delta)])]
    cells: list[Signs] = []
    for place, sample in enumerate(samples):
        between = tuple(f or _sign_at(p, epsilon, sample) for p, f in zip(stripped, fixed, strict=True))
        cells.append(between)
        if place < len(roots):
            cells.append(tuple(0 if i in vanishing[place] else sign for i, sign in enumerate(between)))
    return cells


def _roots_on_line(
    polynomials: Sequence[Any], epsilon: Any, delta: Any
) -> tuple[list[tuple[Any, Any]], list[frozenset[int]]]:
    """Intervals around the roots in (-δ, δ) of the first polynomial on s = ε, no two of which touch.

    With them, which of the others vanish there. These divide the first, so that each of their roots in (-δ, δ) is one
    of its roots, and is told apart from the rest once the enclosures are small enough.
    """
    lines = [sympy.Poly(p.as_expr().subs(_S, epsilon), _R) for p in polynomials]
    everywhere = frozenset(i for i, line in enumerate(lines[1:]) if line.is_zero)
    bits = _FIRST_BITS
    while True:
        first, *others = ([r for r in _real_roots(line, bits) if -delta < r[1] and r[0] < delta] for line in lines)
        met = [[i for i, root in enumerate(first) if root[0] <= r[1] and r[0] <= root[1]] for rs in others for r in rs]
        inside = all(-delta < low and high < delta for low, high in first)
        if inside and all(left[1] < right[0] for left, right in pairwise(first)) and all(len(m) == 1 for m in met):
            break
        bits *= 2
    places = iter(m[0] for m in met)
    zeros = [{next(places) for _ in roots} for roots in others]
    return first, [everywhere | {i for i, zero in enumerate(zeros) if place in zero} for place in range(len(first))]


def _real_roots(line: Any, bits: int) -> list[tuple[Any, Any]]:
    """Enclosures of the real roots of a polynomial, in order; flint gives them the imaginary part 0 and no other."""
    if line.degree() < 1:
        return []
    coefficients = [int(c) for c in reversed(line.clear_denoms()[1].all_coeffs())]
    with working_precision(bits):
        roots = [root.real for root, _ in flint.fmpz_poly(coefficients).complex_roots() if root.imag == 0]
        ends = [(_rational(r.mid()) - _rational(r.rad()), _rational(r.mid()) + _rational(r.rad())) for r in roots]
    return sorted(ends)


def _rational(number: Any) -> Any:
    mantissa, exponent = (int(part) for part in number.man_exp())
    return sympy.Integer(mantissa) * sympy.Integer(2) ** exponent


def _without_powers(polynomial: Polynomial) -> Any:
    low = min((i for i, _ in polynomial), default=0)
    terms = {(i - low, j): sympy.Rational(c.numerator, c.denominator) for (i, j), c in polynomial.items()}
    return sympy.Poly(terms or {(0, 0): 0}, _S, _R)


def _sign_at(polynomial: Any, s: Any, r: Any) -> int:
    return int(sympy.sign(polynomial.eval({_S: s, _R: r})))


def _root_bound(polynomial: Any) -> Any:
    """A positive number below every |root| but 0: Cauchy's bound of the reversed polynomial."""
    factors = [abs(c) for c in reversed(polynomial.all_coeffs())]
    kept = factors[next((i for i, c in enumerate(factors) if c), 0) :]
    return kept[0] / (kept[0] + max(kept[1:])) if len(kept) > 1 and kept[0] else sympy.Integer(1)
