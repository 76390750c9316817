"""A word whose product has a large eigenvalue: jsr >= rho(M_w)^(1/length)."""

from operator import mul
from typing import Any

from conservative.certificates.checker.eigenpair import EIGENPAIR, proved_eigenvalue
from conservative.certificates.checker.family import Claim, Family, read_word, word_product
from conservative.certificates.checker.kernel import characteristic_polynomial, require, roots_inside, spend
from conservative.certificates.checker.parts import Kind
from conservative.certificates.checker.values import read_vector, require_fields


def check_expansion(family: Family, claim: Claim, proof: dict[str, Any]) -> None:
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


def _grows(family: Family, claim: Claim, word: list[int], vector: list[int]) -> bool:
    """Whether M_w v >= bound^length v, or > where v > 0, for nonnegative matrices and v >= 0, not 0 (Collatz)."""
    n, length, step = family.order, len(word), family.denominator * claim.lower
    size = max(x.bit_length() for x in vector) + length * (family.bits + n.bit_length())
    power = length * max(step.numerator, step.denominator).bit_length()
    spend(length * n**2 * (50 + size * family.bits / 900) + n * size * power / 900 + (power / 30) ** 2)
    least = min(x for letter in set(word) for row in family.numerators[letter] for x in row)
    require(least >= 0 and min(vector) >= 0 and any(vector), "a vector proves nothing unless all is nonnegative")
    image = vector
    for letter in reversed(word):
        image = [sum(map(mul, row, image)) for row in family.numerators[letter]]
    up, down = step.numerator**length, step.denominator**length
    gains = [down * x - up * y for x, y in zip(image, vector, strict=True) if y]
    return min(gains) > 0 or (min(gains) == 0 and claim.relation == ">=")


def has_large_root(family: Family, claim: Claim, word: list[int]) -> bool:
    """Whether the characteristic polynomial of the product has a root of modulus >= (or >) bound^length."""
    n, length, step = family.order, len(word), family.denominator * claim.lower
    size = length * (family.bits + n.bit_length())
    scaled = n * (size + length * max(step.numerator, step.denominator).bit_length())
    spend(length * n**3 * (size / 30 + 1) * (family.bits / 30 + 1) + n**4 * (n * size / 120 + 1) ** 1.6)
    product = word_product(family, word)
    # The roots of the scaled polynomial are the eigenvalues of the product divided by bound^length.
    up, down = step.numerator**length, step.denominator**length
    polynomial = [c * up**j * down ** (n - j) for j, c in enumerate(characteristic_polynomial(product))]
    # A sign unlike the one at infinity proves a real root beyond 1 or -1, at once.
    if sum(polynomial) < 0 or sum(c * (-1) ** (n - j) for j, c in enumerate(polynomial)) < 0:
        return True
    spend(n**4 * (scaled / 30 + 1) ** 2 / 5)
    return not roots_inside(polynomial, closed=claim.relation == ">")


def word_fields(proof: dict[str, Any]) -> tuple[str, ...]:
    """The word, and what shows its eigenvalue without a characteristic polynomial, if anything does."""
    return ("word", *[name for name in ("eigenpair", "vector") if name in proof][:1])


EXPANSION = Kind((">", ">="), word_fields, check_expansion)
