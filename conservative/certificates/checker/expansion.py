"""A word whose product has a large eigenvalue: jsr >= rho(M_w)^(1/length)."""

from fractions import Fraction
from operator import mul
from typing import Any

from conservative.certificates.checker.eigenpair import EIGENPAIR, proved_eigenvalue
from conservative.certificates.checker.family import Bounds, Family, read_word, word_product
from conservative.certificates.checker.kernel import characteristic_polynomial, require, roots_inside, spend
from conservative.certificates.checker.parts import Kind
from conservative.certificates.checker.values import read_vector, require_fields


def check_expansion(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require that the word's product has an eigenvalue of modulus >= (or >) bound^length."""
    word, relation, bound = read_word(proof["word"], family), claim.relation, claim.lower
    require(bound > 0, "the bound of an expansion must be positive")
    wanted = f"eigenvalue of modulus {relation} bound^{len(word)}"
    if "vector" in proof:
        proved = _grows(family, claim, word, read_vector(proof["vector"], family.order, "the vector"))
        require(proved, f"the vector does not prove that the product of the word has an {wanted}")
    elif "eigenpair" in proof:
        pair = proof["eigenpair"]
        require_fields(pair, (*EIGENPAIR, "vector"), "the eigenpair")
        vector = read_vector(pair["vector"], family.order, "the vector of the eigenpair")
        mu, radius = proved_eigenvalue(family, bound, word, vector, pair)
        proved = abs(mu) > 1 + radius or (abs(mu) == 1 + radius and relation == ">=")
        require(proved, f"the eigenpair does not prove that the product of the word has an {wanted}")
    else:
        require(has_large_root(family, claim, word), f"the product of the word has no {wanted}")


def _grows(family: Family, claim: Bounds, word: list[int], vector: list[int]) -> bool:
    """Whether M_w v >= bound^length v, or > where v > 0, for nonnegative matrices and v >= 0, not 0 (Collatz)."""
    spend(_vector_cost(family, claim, len(word), vector))
    length, step = len(word), family.denominator * claim.lower
    least = min(x for letter in set(word) for row in family.numerators[letter] for x in row)
    require(least >= 0 and min(vector) >= 0 and any(vector), "a vector proves nothing unless all is nonnegative")
    image = vector
    for letter in reversed(word):
        image = [sum(map(mul, row, image)) for row in family.numerators[letter]]
    up, down = step.numerator**length, step.denominator**length
    gains = [down * x - up * y for x, y in zip(image, vector, strict=True) if y]
    return min(gains) > 0 or (min(gains) == 0 and claim.relation == ">=")


def _vector_cost(family: Family, claim: Bounds, length: int, vector: list[int]) -> float:
    n, step = family.order, family.denominator * claim.lower
    size = max(x.bit_length() for x in vector) + length * (family.bits + n.bit_length())
    power = length * max(step.numerator, step.denominator).bit_length()
    return length * n**2 * (50 + size * family.bits / 900) + n * size * power / 900 + (power / 30) ** 2


def has_large_root(family: Family, claim: Bounds, word: list[int]) -> bool:
    """Whether the characteristic polynomial of the product has a root of modulus >= (or >) bound^length."""
    n = family.order
    spend(polynomial_cost(family, len(word)))
    polynomial = scaled_polynomial(family, claim.lower, word)
    # A sign unlike the one at infinity proves a real root beyond 1 or -1, at once.
    if sum(polynomial) < 0 or sum(c * (-1) ** (n - j) for j, c in enumerate(polynomial)) < 0:
        return True
    spend(roots_cost(family, claim.lower, len(word)))
    return not roots_inside(polynomial, closed=claim.relation == ">")


def scaled_polynomial(family: Family, bound: Fraction, word: list[int]) -> list[int]:
    """A polynomial of which the roots are the eigenvalues of the word's product, divided by bound^length."""
    n, length, step = family.order, len(word), family.denominator * bound
    up, down = step.numerator**length, step.denominator**length
    found = characteristic_polynomial(word_product(family, word))
    return [c * up**j * down ** (n - j) for j, c in enumerate(found)]


def polynomial_cost(family: Family, length: int) -> float:
    """Of the product of a word, and its characteristic polynomial."""
    n, size = family.order, length * (family.bits + family.order.bit_length())
    return float(length * n**3 * (size / 30 + 1) * (family.bits / 30 + 1) + n**4 * (n * size / 120 + 1) ** 1.6)


def roots_cost(family: Family, bound: Fraction, length: int) -> float:
    """Of the location of the roots of the scaled polynomial."""
    n, step = family.order, family.denominator * bound
    size = length * (family.bits + n.bit_length())
    scaled = n * (size + length * max(step.numerator, step.denominator).bit_length())
    return n**4 * (scaled / 30 + 1) ** 2 / 5


def word_fields(proof: dict[str, Any]) -> tuple[str, ...]:
    """The word, and what shows its eigenvalue without a characteristic polynomial, if anything does."""
    return ("word", *[name for name in ("eigenpair", "vector") if name in proof][:1])


EXPANSION = Kind((">", ">="), word_fields, check_expansion)
