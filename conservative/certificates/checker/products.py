"""Words of small norm with which every long word begins."""

from operator import mul
from typing import Any

from conservative.certificates.checker.family import Bounds, Family, product_name, read_word
from conservative.certificates.checker.kernel import Matrix, decrease, is_positive, multiply, require, spend
from conservative.certificates.checker.parts import UPPER_RELATIONS, Kind
from conservative.certificates.checker.values import read_symmetric, read_vector

NORMS = ("rows", "columns", "quadratic")


def check_products(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require words of norm at most bound^length, of which every word that is long enough begins with one.

    The norm is max_r |x_r| / d_r ("rows"), sum_r d_r |x_r| ("columns"), or sqrt(x^T P x) ("quadratic").
    """
    n, norm, listed = family.order, proof["norm"], proof["words"]
    bound_scale, strict = claim.upper.numerator * family.denominator, claim.relation == "<"
    require(isinstance(listed, list) and bool(listed), "products need words")
    require(all(isinstance(word, list) for word in listed), "a word must be a list of letters")
    spend(4000.0 * sum(len(word) ** 2 for word in listed))
    plain = Family(family.denominator, family.numerators, n, family.bits)
    words = {tuple(read_word(word, plain)) for word in listed}
    inner = {word[:i] for word in words for i in range(len(word))}
    longest = max(map(len, words)) * (family.bits + n.bit_length())
    spend(_tree_cost(family, len(inner), longest))
    if norm == "quadratic":
        _, (weight,), bits = read_symmetric([proof["weight"]], n, "P")
        spend(_quadratic_cost(n, len(words), longest, bits))
        require(is_positive(weight, definite=True), "P is not positive definite")
    else:
        weight = [read_vector(proof["weight"], n, "the weights")]
        require(min(weight[0]) > 0, "the weights must be positive")
    waiting: list[tuple[tuple[int, ...], Matrix]] = [((), [])]
    while waiting:
        prefix, product = waiting.pop()
        for letter, A in enumerate(family.numerators):
            longer = multiply(product, A) if prefix else A
            if not any(map(any, longer)):
                continue
            word = (*prefix, letter)
            require(word in words or word in inner, f"no word of the list begins {product_name(word)[:60]}")
            if word not in words:
                waiting.append((word, longer))
                continue
            scales = (bound_scale ** len(word), claim.upper.denominator ** len(word))
            small = _is_small(longer, norm, weight, scales, strict=strict)
            require(small, f"the product {product_name(word)[:60]} is not proved to be small enough")


def _tree_cost(family: Family, inner: int, longest: int) -> float:
    """Of the products of all words one letter longer than an inner one, with entries of at most `longest` bits."""
    return (inner * len(family.numerators) + 1) * (2000 + family.order**3 * (50 + longest * family.bits / 900))


def _quadratic_cost(n: int, words: int, longest: int, bits: int) -> float:
    return (words + 1) * n**3 * (100 + (2 * longest + bits) * longest / 900)


def _is_small(matrix: Matrix, norm: str, weight: Matrix, bound: tuple[int, int], *, strict: bool) -> bool:
    """Whether a matrix has norm at most (below, if strict) bound_scale / product_scale."""
    bound_scale, product_scale = bound
    if norm == "quadratic":
        return is_positive(decrease(weight, weight, matrix, (bound_scale**2, product_scale**2)), definite=strict)
    rows = matrix if norm == "rows" else list(zip(*matrix, strict=True))
    sums = [sum(map(mul, map(abs, row), weight[0])) for row in rows]
    gains = [bound_scale * d - product_scale * x for x, d in zip(sums, weight[0], strict=True)]
    return min(gains) > 0 or (min(gains) == 0 and not strict)


def _products_fields(proof: dict[str, Any]) -> tuple[str, ...]:
    require(proof.get("norm") in NORMS, f"the norm must be one of {' '.join(NORMS)}")
    return ("norm", "weight", "words")


PRODUCTS = Kind(UPPER_RELATIONS, _products_fields, check_products)
