"""Whether a polynomial vanishes wherever some others do, with a certificate that is multiplied out here.

Sympy finds the cofactors q_i of gap = Σ q_i g_i; the identity is checked in rational arithmetic before it counts. That
a polynomial does not vanish is decided here, on linear subspaces by elimination and on unions of coordinate subspaces
by its monomials.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import sympy

from conservative.functions.continuity.local_polynomials import (
    Polynomial,
    difference,
    product_of,
    sum_of,
    used_columns,
)


def vanishes_on(gap: Polynomial, forms: Sequence[Polynomial]) -> bool:
    """Whether a polynomial is proved to be 0 wherever all of some others are."""
    generators = [g for form in forms if form for g in common_zeros(form) or [_radical(form)]]
    if not gap or not generators:
        return not gap
    width = len(next(iter(gap)))
    ring = sympy.QQ.old_poly_ring(*_names(width), order="grevlex")
    try:
        found = ring.ideal(*map(_written, generators)).in_terms_of_generators(_written(gap))
    except ValueError:  # it is not in the ideal
        return False
    return _is_sum_of_products(gap, [_read(ring.to_sympy(q), width) for q in found], generators)


def parts_on(gap: Polynomial, forms: Sequence[Polynomial]) -> bool:
    """Whether a polynomial is proved not to be 0 everywhere near the point that some others are.

    These are linear, or one is a sum of even powers of one sign.
    """
    if all(max(map(sum, form)) == 1 for form in forms):
        return bool(_eliminated(gap, forms))
    roots = common_zeros(forms[0]) if len(forms) == 1 else []
    return bool(roots) and any(not any(_divides(root, e) for root in roots) for e in gap)


def common_zeros(form: Polynomial) -> list[Polynomial]:
    """The monomials that vanish where a sum of even powers of one sign does, each variable taken once."""
    even = all(e % 2 == 0 for exponents in form for e in exponents)
    one_sign = len({c > 0 for c in form.values()}) == 1
    return [{tuple(int(e > 0) for e in exponents): Fraction(1)} for exponents in form] if even and one_sign else []


def _is_sum_of_products(gap: Polynomial, cofactors: Sequence[Polynomial], generators: Sequence[Polynomial]) -> bool:
    """Whether gap = Σ q_i g_i."""
    if len(cofactors) != len(generators):
        return False
    zero = (0,) * len(next(iter(gap)))
    products = [product_of(pair, zero) for pair in zip(cofactors, generators, strict=True)]
    known = [p for p in products if p is not None]
    return len(known) == len(products) and not difference(gap, sum_of(known))


def _radical(form: Polynomial) -> Polynomial:
    """What has the same zeros and no multiple factor, where a power of it is seen to be a multiple."""
    width = len(next(iter(form)))
    zero, degree = (0,) * width, max(map(sum, form))
    part = _read(sympy.sqf_part(_written(form)), width)
    power = product_of([part] * degree, zero)
    if not power:
        return form
    quotient, rest = sympy.div(_written(power), _written(form), *_names(width))
    whole = rest == 0 and _is_sum_of_products(power, [_read(quotient, width)], [form])
    return part if whole else form


def _eliminated(gap: Polynomial, forms: Sequence[Polynomial]) -> Polynomial:
    """A polynomial on the subspace where linear forms vanish, in the variables that stay free there."""
    left = [form for form in forms if form]
    while left:
        form, *left = left
        column = min(used_columns(form))
        slope = sum(c for e, c in form.items() if e[column])
        instead = {e: -c / slope for e, c in form.items() if not e[column]}
        gap = _substituted(gap, column, instead)
        left = [f for f in (_substituted(other, column, instead) for other in left) if f]
    return gap


def _substituted(polynomial: Polynomial, column: int, instead: Polynomial) -> Polynomial:
    """The polynomial with another one in the place of one variable."""
    terms: list[Polynomial] = []
    for exponents, factor in polynomial.items():
        rest = tuple(0 if i == column else e for i, e in enumerate(exponents))
        term: Polynomial = {rest: factor}
        for _ in range(exponents[column]):
            term = sum_of([{_product(a, b): c * d for b, d in instead.items()} for a, c in term.items()])
        terms.append(term)
    return sum_of(terms)


def _product(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(i + j for i, j in zip(left, right, strict=True))


def _divides(root: Polynomial, exponents: tuple[int, ...]) -> bool:
    ((divisor, _),) = root.items()
    return all(d <= e for d, e in zip(divisor, exponents, strict=True))


def _written(form: Polynomial) -> Any:
    names = _names(len(next(iter(form))))
    terms = [
        sympy.Mul(sympy.Rational(c.numerator, c.denominator), *(n**k for n, k in zip(names, e, strict=True)))
        for e, c in form.items()
    ]
    return sympy.Add(*terms)


def _read(expression: Any, width: int) -> Polynomial:
    terms = sympy.Poly(expression, *_names(width)).terms()
    return {tuple(map(int, e)): Fraction(int(c.p), int(c.q)) for e, c in terms if c}


def _names(width: int) -> list[Any]:
    return [sympy.Symbol(f"d{i}") for i in range(width)]
