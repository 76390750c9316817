"""Signs of polynomials in three and more variables near a common zero: those that are met, and those that may be.

Signs are met where an arc into 0 shows them: arcs are drawn term by term, some of the polynomials being held at a
chosen order along them, since thin regions lie beside their zeros. Signs are excluded by a sum of squares, in the
polynomials and their products. What is neither is undecided.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.exact.linear_algebra import to_flint
from conservative.functions.continuity.local_polynomials import Polynomial, product_of, used_columns
from conservative.functions.continuity.sign_patterns import Signs, contradictory

_MOST = 8
"""Polynomials at most."""
_ARCS, _DEGREE, _ORDER = 12, 4, 8
"""Arcs drawn at a time, their degree, and the order in t up to which polynomials are followed along them."""
_HELD, _MOST_HELD = 3, 24
"""Polynomials held at a time, and sets of them."""
_MOST_PROOFS = 160
"""Attempts at contradictions."""

Series = dict[int, NDArray[Any]]
"""The coefficients of powers of t along several arcs."""


def space_patterns(polynomials: Sequence[Polynomial]) -> tuple[set[Signs], set[Signs]] | None:
    """Signs, none of them 0, that are met arbitrarily near 0, and others that are not proved never to be met.

    The polynomials vanish at 0. None where there are too many of them, or of the latter.
    """
    if not 0 < len(polynomials) <= _MOST:
        return None
    scaled = [_primitive(p) for p in polynomials]
    met: set[Signs] = set()
    batches = _batches(scaled)
    for _, arcs in zip(range(1 + len(scaled)), batches, strict=False):
        met |= _along_arcs(scaled, arcs)
    unseen = _possible(scaled, met)
    if unseen is None:
        return None
    for arcs in batches if unseen else ():
        met |= _along_arcs(scaled, arcs)
        if met.issuperset(unseen):
            break
    return met, unseen - met


def _primitive(polynomial: Polynomial) -> Polynomial:
    """A positive multiple with small numbers."""
    size = max(abs(c) for c in polynomial.values())
    return {e: c / size for e, c in polynomial.items()}


def _possible(polynomials: Sequence[Polynomial], met: set[Signs]) -> set[Signs] | None:
    """The signs besides those met that no contradiction excludes; None where these are too many to look at."""
    prefixes: list[Signs] = [()]
    proofs = 0
    for length in range(1, len(polynomials) + 1):
        seen = {signs[:length] for signs in met}
        longer = [(*prefix, sign) for prefix in prefixes for sign in (1, -1)]
        proofs += sum(signs not in seen for signs in longer)
        if proofs > _MOST_PROOFS:
            return None
        prefixes = [s for s in longer if s in seen or not _excluded(polynomials[:length], s)]
    return set(prefixes) - met


def _excluded(polynomials: Sequence[Polynomial], signs: Signs) -> bool:
    """Whether signs contradict each other, by themselves or with the products of two."""
    if contradictory(polynomials, signs):
        return True
    zero = (0,) * len(next(iter(polynomials[0])))
    products = [product_of([polynomials[i], polynomials[j]], zero) for i, j in combinations(range(len(signs)), 2)]
    pairs = combinations(signs, 2)
    known = [(p, first * second) for p, (first, second) in zip(products, pairs, strict=True) if p]
    return bool(known) and contradictory([*polynomials, *(p for p, _ in known)], [*signs, *(s for _, s in known)])


def _batches(polynomials: Sequence[Polynomial]) -> Iterator[list[NDArray[Any]]]:
    """Arcs in all directions, then along zeros of one polynomial, and of several."""
    rng = np.random.default_rng(0)
    columns = sorted(frozenset().union(*map(used_columns, polynomials)))
    gradients = [[p.get(_unit(c, p), Fraction(0)) for c in columns] for p in polynomials]
    steep = [i for i, row in enumerate(gradients) if any(row)]
    sets = [held for size in range(1, _HELD + 1) for held in combinations(steep, size)]
    yield _arcs([], [], columns, 1, rng)
    for order in (2, 3, 4):
        for held in sets[:_MOST_HELD]:
            rows = to_flint([gradients[i] for i in held])
            if rows.rank() == len(held):
                yield _arcs([polynomials[i] for i in held], rows, columns, order, rng)


def _unit(column: int, polynomial: Polynomial) -> tuple[int, ...]:
    return tuple(int(i == column) for i in range(len(next(iter(polynomial)))))


def _arcs(
    held: Sequence[Polynomial], rows: Any, columns: Sequence[int], order: int, rng: np.random.Generator
) -> list[NDArray[Any]]:
    """The coefficients of t, t², ... of arcs along which some polynomials are ±t^order at first."""
    width = max(columns) + 1
    arcs: list[NDArray[Any]] = []
    inverse = np.array((rows.transpose() * (rows * rows.transpose()).inv()).tolist(), dtype=object) if held else None
    for power in range(1, _DEGREE + 1):
        step = _rationals(np.zeros((_ARCS, width), dtype=int))
        step[:, columns] = _rationals(rng.integers(-4, 5, (_ARCS, len(columns))))
        arcs.append(step)
        if inverse is not None and power <= order:
            aim = rng.choice([-2, -1, 1, 2], (_ARCS, len(held))) * (power == order)
            reached = np.stack([_along(p, arcs, power).get(power, step[:, 0] * 0) for p in held], axis=1)
            step[:, columns] = step[:, columns] + (_rationals(aim) - reached) @ inverse.T
    return arcs


_rationals = np.vectorize(lambda x: flint.fmpq(int(x)), otypes=[object])


def _along_arcs(polynomials: Sequence[Polynomial], arcs: list[NDArray[Any]]) -> set[Signs]:
    """The signs of all polynomials along each arc, for small t > 0; arcs that do not tell are left out."""
    signs = np.zeros((len(arcs[0]), len(polynomials)), dtype=int)
    for place, polynomial in enumerate(polynomials):
        for _, coefficients in sorted(_along(polynomial, arcs, _ORDER).items()):
            first = (coefficients > 0).astype(int) - (coefficients < 0).astype(int)
            signs[:, place] = np.where(signs[:, place] == 0, first, signs[:, place])
    return {tuple(row) for row in signs.tolist() if all(row)}


def _along(polynomial: Polynomial, arcs: Sequence[NDArray[Any]], order: int) -> Series:
    """A polynomial that is 0 at 0, along arcs, up to one order."""
    powers: dict[tuple[int, ...], Series] = {}

    def power(exponents: tuple[int, ...]) -> Series:
        if exponents not in powers:
            column = next(i for i, e in enumerate(exponents) if e)
            moved = {i: arc[:, column] for i, arc in enumerate(arcs[:order], 1)}
            lower = tuple(e - (i == column) for i, e in enumerate(exponents))
            powers[exponents] = _times(power(lower), moved, order) if any(lower) else moved
        return powers[exponents]

    total: Series = {}
    for exponents, factor in polynomial.items():
        for i, part in power(exponents).items() if sum(exponents) <= order else ():
            scaled = part * flint.fmpq(factor.numerator, factor.denominator)
            total[i] = total[i] + scaled if i in total else scaled
    return total


def _times(left: Series, right: Series, order: int) -> Series:
    product: Series = {}
    for i, a in left.items():
        for j, b in right.items():
            if i + j <= order:
                product[i + j] = product[i + j] + a * b if i + j in product else a * b
    return product
