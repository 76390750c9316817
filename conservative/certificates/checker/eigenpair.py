"""An approximate eigenpair of a word, and a proved radius around it."""

from fractions import Fraction
from operator import mul
from typing import Any

from conservative.certificates.checker.family import Family, word_product
from conservative.certificates.checker.kernel import minus_multiple, multiply, require, spend
from conservative.certificates.checker.values import is_index, read_matrices, read_positive, read_rational

EIGENPAIR = ("pivot", "eigenvalue", "radius", "inverse", "denominator")


def proved_eigenvalue(
    family: Family, bound: Fraction, word: list[int], vector: list[int], pair: dict[str, Any]
) -> tuple[Fraction, Fraction]:
    """The `eigenvalue` of the word's product over bound^length, and a proved radius around it.

    Within it of vector / denominator lies an eigenvector. M is that matrix, x = (v, mu) with mu in the place of
    v[pivot] = 1, and F(x) = M v - mu v. For the Jacobian J of F and any R, with |R F(x)| <= a, |I - R J| <= b < 1 and
    |R| <= c in the maximum norm, a + b r + c r^2 <= r proves a zero of F within r of x (Brouwer).
    """
    n, length, denominator = family.order, len(word), read_positive(pair["denominator"], "the denominator")
    mu, radius = read_rational(pair["eigenvalue"], "mu"), read_rational(pair["radius"], "the radius")
    pivot = pair["pivot"]
    require(is_index(pivot, n) and vector[pivot] == denominator, "the eigenvector must have the entry 1 at the pivot")
    require(radius >= 0, "the radius around an eigenvalue must not be negative")
    inverse_scale, (R,), bits = read_matrices([pair["inverse"]], "the inverse", n)
    spend(_eigenpair_cost(family, bound, length, (denominator, *vector), mu, bits))
    product_scale, value_scale = bound.denominator**length, (bound.numerator * family.denominator) ** length
    product = [[product_scale * mu.denominator * x for x in row] for row in word_product(family, word)]
    shifted = minus_multiple(product, mu.numerator * value_scale)
    value = [sum(map(mul, row, vector)) for row in shifted]
    jacobian = [[denominator * x for x in row] for row in shifted]
    for i in range(n):
        jacobian[i][pivot] = -vector[i] * value_scale * mu.denominator
    common = inverse_scale * value_scale * mu.denominator * denominator
    defect = minus_multiple(multiply(R, jacobian), common)
    a = Fraction(max(abs(sum(map(mul, row, value))) for row in R), common)
    b = Fraction(max(sum(map(abs, row)) for row in defect), common)
    c = Fraction(max(sum(map(abs, row)) for row in R), inverse_scale)
    require(b < 1 and a + b * radius + c * radius**2 <= radius, "the eigenpair is not proved")
    return mu, radius


def _eigenpair_cost(
    family: Family, bound: Fraction, length: int, vector: tuple[int, ...], mu: Fraction, bits: int
) -> float:
    """Of a vector with its denominator, and an inverse with entries of so many bits."""
    n = family.order
    long = [x.bit_length() for x in (*bound.as_integer_ratio(), family.denominator)]
    size = length * (family.bits + n.bit_length() + sum(long))
    size += max(map(int.bit_length, vector)) + sum(map(int.bit_length, mu.as_integer_ratio()))
    return length * n**3 * (50 + size * family.bits / 900) + n**3 * (50 + size * bits / 900) + (size / 30) ** 2
