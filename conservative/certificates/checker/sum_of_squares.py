"""One positive form of higher degree that no matrix lets grow (Parrilo, Jadbabaie)."""

import math
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Any

from conservative.certificates.checker.family import Bounds, Family
from conservative.certificates.checker.kernel import Matrix, is_positive, multiply, require, spend
from conservative.certificates.checker.parts import UPPER_RELATIONS, Kind
from conservative.certificates.checker.values import MAX_ORDER, is_index, read_list, read_symmetric


def check_sum_of_squares(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require G > 0, and bound^(2d) p(x) - p(A_i x) = m(x)^T Q_i m(x) with Q_i >= 0 (or > 0), for p = m^T G m.

    m(x) are the monomials x_{j_1} .. x_{j_d}, j_1 <= .. <= j_d, in lexicographic order of the indices.
    """
    degree, n, bound, strict = proof["degree"], family.order, claim.upper, claim.relation == "<"
    require(is_index(degree, 51) and degree > 0, "the degree must be from 1 to 50")
    size = math.comb(n + degree - 1, degree)
    require(size <= MAX_ORDER, f"there are more than {MAX_ORDER} monomials")
    slacks = read_list(proof["slacks"], len(family.numerators), "slacks")
    _, grams, bits = read_symmetric([proof["gram"], *slacks], size, "a Gram matrix")
    spend(_forms_cost(family, bound, degree, size, bits))
    form_scale, image_scale = (bound.numerator * family.denominator) ** (2 * degree), bound.denominator ** (2 * degree)
    monomials = list(combinations_with_replacement(range(n), degree))
    require(is_positive(grams[0], definite=True), "the Gram matrix is not positive definite")
    wanted = "positive definite" if strict else "positive semidefinite"
    slack_scale = image_scale * family.denominator ** (2 * degree)
    for i, (A, Q) in enumerate(zip(family.numerators, grams[1:], strict=True), 1):
        require(is_positive(Q, definite=strict), f"the slack of matrix {i} is not {wanted}")
        L = _lift(A, monomials)
        image = multiply(list(zip(*L, strict=True)), multiply(grams[0], L))
        difference: dict[tuple[int, ...], int] = {}
        for r, first in enumerate(monomials):
            for c, second in enumerate(monomials):
                key = tuple(sorted(first + second))
                value = form_scale * grams[0][r][c] - image_scale * image[r][c] - slack_scale * Q[r][c]
                difference[key] = difference.get(key, 0) + value
        require(not any(difference.values()), f"the slack of matrix {i} is not bound^(2d) p(x) - p(A x)")


def _forms_cost(family: Family, bound: Fraction, degree: int, size: int, bits: int) -> float:
    """Of Gram matrices of order `size` and entries of so many bits: their positivity, and the polynomial identity."""
    count, n = len(family.numerators) + 1, family.order
    lift = degree * (family.bits + degree.bit_length() + n.bit_length())
    long = 2 * degree * sum(x.bit_length() for x in (*bound.as_integer_ratio(), family.denominator))
    positivity = count * size**3 * ((size * bits / 30 + 1) ** 2 / 5 + 50 + (lift + bits) * lift / 900)
    return float(positivity + count * size**2 * (1000 + long * (lift + bits) / 300) + (long / 30 + 1) ** 1.6)


def _lift(A: Matrix, monomials: list[tuple[int, ...]]) -> list[list[int]]:
    """The matrix L with m(A x) = L m(x): each row is a product of linear forms."""
    place = {monomial: k for k, monomial in enumerate(monomials)}
    rows = []
    for monomial in monomials:
        form: dict[tuple[int, ...], int] = {(): 1}
        for index in monomial:
            product: dict[tuple[int, ...], int] = {}
            for key, value in form.items():
                for j, entry in enumerate(A[index]):
                    if entry:
                        longer = tuple(sorted((*key, j)))
                        product[longer] = product.get(longer, 0) + value * entry
            form = product
        row = [0] * len(monomials)
        for key, value in form.items():
            row[place[key]] = value
        rows.append(row)
    return rows


SUM_OF_SQUARES = Kind(UPPER_RELATIONS, lambda proof: ("degree", "gram", "slacks"), check_sum_of_squares)
