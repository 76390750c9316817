"""Checks certificates about joint spectral radii, with exact integers and the standard library alone.

The one file `standalone/checker.py` is all files of the package `checker/`, joined. Copy it anywhere and run
``python checker.py FILE``. It prints ``valid: <claim>`` (exit code 0) or ``invalid: <reason>`` (exit code 1).
Why each check is a proof is written on the documentation page "The certificate format"; in short, for matrices
A_1..A_k with joint spectral radius jsr:

* expansion: a word (i_1, .., i_l) and b > 0. Since jsr >= rho(A_{i_1} .. A_{i_l})^(1/l), the claim "jsr >= b"
  ("> b") follows when the product has an eigenvalue of modulus at least (more than) b^l.
* contraction: a rational symmetric P and g >= 0. If P is positive definite and every g^2 P - A_i^T P A_i positive
  semidefinite, each A_i has norm at most g in the norm sqrt(x^T P x), so "jsr <= g" ("< g" if all are definite).
* polytope: vertices of a balanced convex body with interior that every A_i / g maps into itself: "jsr <= g".
* path-complete: several P_u, one for each node of a graph that reads every word; along each edge the norm grows
  at most by g: "jsr <= g".
* products: words such that every long word begins with one of them, each product of norm at most g^length in the
  maximum norm, the sum norm or a quadratic one: "jsr <= g".
* sum-of-squares: one positive form p of degree 2d with p(A_i x) <= g^(2d) p(x), both proved by Gram matrices.
* blocks: in a common basis all A_i are block triangular, and the diagonal blocks have proofs of the kinds above.
* equality: a word and one of the upper proofs: "jsr lies in [a, b]".
* exact: a polytope whose first vertex is an eigenvector of the word's product: "jsr is the radius of the word".
* slowest: the *lower* spectral radius, the slowest growth of products, lies in [a, b]: a word of small radius, and a
  set that all A_i keep away from zero, or determinants, or inverses, of the family or of a diagonal block.

Whatever is not exactly of the documented form is invalid, and so is what would take minutes to check.
"""

import hashlib
import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from fractions import Fraction
from itertools import combinations_with_replacement
from operator import mul
from pathlib import Path
from typing import Any, NamedTuple

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


MAX_DIGITS, MAX_ORDER, MAX_ENTRIES, MAX_WORD, MAX_BITS = 600, 400, 1_000_000, 10_000, 2e8


INTEGER = re.compile("0|-?[1-9][0-9]*")


def require_fields(value: Any, names: Sequence[str], where: str) -> None:
    """Require an object with exactly these fields."""
    require(isinstance(value, dict), f"{where} must be an object")
    missing, unknown = sorted(set(names) - set(value)), sorted(set(value) - set(names))
    require(not missing, f"{where} lacks the field {missing[:1]}")
    require(not unknown, f"{where} has the unknown field {ascii(unknown[:1])[:60]}")


def read_rational(text: Any, where: str) -> Fraction:
    """A rational in its one canonical form: "3" or "-3/4", in lowest terms, no "-0", no denominator 1."""
    short = isinstance(text, str) and len(text) <= 2 * MAX_DIGITS + 2
    match = re.fullmatch(r"(0|-?[1-9][0-9]*)(?:/([1-9][0-9]*))?", text) if short else None
    top, bottom = match.groups("1") if match else ("", "")
    got = text[:40] if isinstance(text, str) else type(text).__name__
    require(match is not None, f'{where} must be a rational like "3" or "-3/4"; got {got!a}')
    require(max(len(top.lstrip("-")), len(bottom)) <= MAX_DIGITS, f"{where} has more than {MAX_DIGITS} digits")
    value = Fraction(int(top), int(bottom))
    require(str(value) == text, f"{where} is not in lowest terms: {text[:40]} is {str(value)[:40]}")
    return value


def read_integer(text: Any) -> int:
    """An integer as a string, in its one canonical form."""
    short = isinstance(text, str) and len(text) <= MAX_DIGITS + 1
    if not short or not INTEGER.fullmatch(text) or len(text.lstrip("-")) > MAX_DIGITS:
        got = text[:40] if isinstance(text, str) else type(text).__name__
        raise InvalidError(f'an integer of at most {MAX_DIGITS} digits must be a string like "12" or "-3"; got {got!a}')
    return int(text)


def read_positive(text: Any, where: str) -> int:
    """A positive integer as a string."""
    value = read_integer(text)
    require(value > 0, f"{where} must be positive")
    return value


def is_index(value: Any, limit: int) -> bool:
    """Whether a value is a bare integer from 0 to limit - 1."""
    return type(value) is int and 0 <= value < limit


def read_list(value: Any, length: int, where: str) -> list[Any]:
    """A list of this length."""
    require(isinstance(value, list) and len(value) == length, f"{where} must be a list of length {length}")
    return list(value)


def read_vector(value: Any, length: int, where: str) -> list[int]:
    """A list of this many integers as strings."""
    return [read_integer(x) for x in read_list(value, length, where)]


def read_matrix(rows: Any, where: str, order: int = 0) -> list[list[Fraction]]:
    """A square matrix of rationals, of a given order if that is not 0."""
    require(isinstance(rows, list) and 0 < len(rows) <= MAX_ORDER, f"{where} must be a list of 1 to {MAX_ORDER} rows")
    square = all(isinstance(row, list) and len(row) == len(rows) for row in rows)
    require(square, f"{where} must be square: every row as long as the matrix is high")
    require(order in (0, len(rows)), f"{where} must have the size {order} x {order}")
    return [
        [read_rational(x, f"{where}, row {i}, column {j},") for j, x in enumerate(r, 1)] for i, r in enumerate(rows, 1)
    ]


def read_matrices(listed: list[Any], where: str, order: int) -> tuple[int, list[list[list[int]]], int]:
    """Matrices of one order: their common denominator, the numerators, and the bits of the longest."""
    return common_integers([read_matrix(rows, where, order) for rows in listed])


def read_symmetric(listed: list[Any], order: int, where: str) -> tuple[int, list[list[list[int]]], int]:
    """The same of symmetric matrices."""
    denominator, matrices, bits = read_matrices(listed, where, order)
    same = all(m[i][j] == m[j][i] for m in matrices for i in range(order) for j in range(i))
    require(same, f"{where} must be symmetric")
    return denominator, matrices, bits


def common_integers(matrices: list[list[list[Fraction]]]) -> tuple[int, list[list[list[int]]], int]:
    """The least common denominator, the matrices multiplied by it, and the bits of their longest entry."""
    values = [x for matrix in matrices for row in matrix for x in row]
    common = 1
    for value in values:
        spend(200 + common.bit_length() * value.denominator.bit_length() / 100)
        common = math.lcm(common, value.denominator)
        require(common.bit_length() * len(values) <= MAX_BITS, "the common denominator of the entries is too long")
    integers = [[[x.numerator * (common // x.denominator) for x in row] for row in matrix] for matrix in matrices]
    return common, integers, max(abs(x).bit_length() for matrix in integers for row in matrix for x in row)


class Family(NamedTuple):
    """The matrices ``numerators[i] / denominator`` of order `order`; `bits` is the length of the longest numerator.

    With an automaton, only words that label a path of its edges (from, to, letter) are allowed; else `nodes` is 0.
    """

    denominator: int
    numerators: list[list[list[int]]]
    order: int
    bits: int
    nodes: int = 0
    edges: tuple[tuple[int, int, int], ...] = ()


class Bounds(NamedTuple):
    """What is claimed: a relation and the ends of a bracket, which are one and the same number for an inequality."""

    relation: str
    lower: Fraction
    upper: Fraction


def read_family(problem: dict[str, Any]) -> Family:
    """The matrices of the problem over one common denominator, with the automaton if there is one."""
    listed = problem["matrices"]
    require(isinstance(listed, list) and bool(listed), '"matrices" must be a list of at least one matrix')
    order = len(listed[0]) if isinstance(listed[0], list) else 0
    require(len(listed) * order**2 <= MAX_ENTRIES, f"the family has more than {MAX_ENTRIES} entries")
    matrices = [read_matrix(rows, f"matrix {i}") for i, rows in enumerate(listed, 1)]
    require(all(len(m) == order for m in matrices), "the matrices must all have one size")
    denominator, numerators, bits = common_integers(matrices)
    if "automaton" not in problem:
        return Family(denominator, numerators, order, bits)
    automaton = problem["automaton"]
    require_fields(automaton, ("nodes", "edges"), '"automaton"')
    nodes = automaton["nodes"]
    require(is_index(nodes, MAX_ORDER + 1) and nodes > 0, f"an automaton has 1 to {MAX_ORDER} nodes")
    edges = read_edges(automaton["edges"], nodes, len(listed))
    return Family(denominator, numerators, order, bits, nodes, edges)


def read_edges(listed: Any, nodes: int, letters: int) -> tuple[tuple[int, int, int], ...]:
    """The edges [from, to, letter] of a graph."""
    require(isinstance(listed, list) and 0 < len(listed) <= MAX_WORD, f"a graph needs 1 to {MAX_WORD} edges")
    limits = (nodes, nodes, letters)
    for edge in listed:
        good = isinstance(edge, list) and len(edge) == 3 and all(map(is_index, edge, limits))
        require(good, f"an edge must be [from, to, letter], the nodes below {nodes} and the letter below {letters}")
    return tuple((u, v, letter) for u, v, letter in listed)


def lifted_family(family: Family) -> Family:
    """For each edge (u, v, i) the matrix with A_i in block row u and block column v: words off the automaton are 0."""
    n, order = family.order, family.nodes * family.order
    size = len(family.edges) * order**2
    require(order <= MAX_ORDER and size <= MAX_ENTRIES, f"the lifted family has order {order} and {size} entries")
    lifted = []
    for u, v, letter in family.edges:
        matrix = [[0] * order for _ in range(order)]
        for r, row in enumerate(family.numerators[letter]):
            matrix[u * n + r][v * n : (v + 1) * n] = row
        lifted.append(matrix)
    return Family(family.denominator, lifted, order, family.bits)


def read_word(word: Any, family: Family) -> list[int]:
    """A word of 0-based letters; under an automaton it must label a closed path."""
    count = len(family.numerators)
    require(isinstance(word, list) and 0 < len(word) <= MAX_WORD, f"the word must have 1 to {MAX_WORD} letters")
    letters_ok = all(is_index(letter, count) for letter in word)
    require(letters_ok, f"every letter of the word must be an integer from 0 to {count - 1}")
    if family.nodes:
        spend(100.0 * len(word) * len(family.edges) * family.nodes)
        closed = any(_nodes_reached(word, family.edges, node) >> node & 1 for node in range(family.nodes))
        require(closed, "the word labels no closed path of the automaton")
    return list(word)


def _nodes_reached(word: list[int], edges: tuple[tuple[int, int, int], ...], start: int) -> int:
    """The nodes (as bits of an integer) where a path from `start` may end that the word labels."""
    here = 1 << start
    for letter in word:
        there = 0
        for u, v, label in edges:
            if label == letter and here >> u & 1:
                there |= 1 << v
        here = there
    return here


def product_name(word: Iterable[int]) -> str:
    """The product of a word as sentences name it: letters are 0-based in documents, matrices are numbered from 1."""
    return " ".join(f"A_{letter + 1}" for letter in word)


def word_product(family: Family, word: list[int]) -> Matrix:
    """The numerators of A_{i_1} A_{i_2} .. over denominator^length."""
    product: Matrix = family.numerators[word[0]]
    for letter in word[1:]:
        product = multiply(product, family.numerators[letter])
    return product


class Kind(NamedTuple):
    """The relations that a kind may claim, the fields of its proof, and what checks it."""

    relations: tuple[str, ...]
    fields: Callable[[dict[str, Any]], tuple[str, ...]]
    check: Callable[[Family, Bounds, dict[str, Any]], None]


UPPER_RELATIONS = ("<=", "<")
BRACKET_RELATIONS = ("in", "=")


def require_proof(name: str, kind: Kind, proof: Any) -> None:
    """Require the fields that a proof of this kind has."""
    where = f"the proof of the {name}"
    require(isinstance(proof, dict), f"{where} must be an object")
    require_fields(proof, kind.fields(proof), where)


def check_part(family: Family, claim: Bounds, part: Any, kinds: Mapping[str, Kind]) -> None:
    """Require that a proof inside a proof, {"kind", "proof"}, proves the claim about a family."""
    require_fields(part, ("kind", "proof"), "a part of the proof")
    name = part["kind"]
    require(isinstance(name, str) and name in kinds, f"the kind of a part must be one of {', '.join(sorted(kinds))}")
    require_proof(name, kinds[name], part["proof"])
    kinds[name].check(lifted_family(family) if family.nodes else family, claim, part["proof"])


def check_contraction(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require P > 0 and bound^2 P - A_i^T P A_i >= 0 (or > 0) for every i: one norm, a graph of one node."""
    edges = tuple((0, 0, i) for i in range(len(family.numerators)))
    check_norms(family, claim, edges, [proof["P"]])


def check_norms(family: Family, claim: Bounds, edges: tuple[tuple[int, int, int], ...], listed: list[Any]) -> None:
    """Require P_u > 0 for every node, and bound^2 P_u - A_i^T P_v A_i >= 0 (or > 0) for every edge (u, v, i)."""
    bound, strict = claim.upper, claim.relation == "<"
    _, norms, bits = read_symmetric(listed, family.order, "P")
    scales = (bound.numerator * family.denominator) ** 2, bound.denominator**2
    spend(_norms_cost(family, len(edges) + len(norms), bits, scales))
    require(all(is_positive(P, definite=True) for P in norms), "P is not positive definite")
    wanted = "positive definite" if strict else "positive semidefinite"
    for u, v, letter in edges:
        slack = decrease(norms[u], norms[v], family.numerators[letter], scales)
        require(is_positive(slack, definite=strict), f"bound^2 P - A^T P A is not {wanted} for matrix {letter + 1}")


def _norms_cost(family: Family, count: int, bits: int, scales: tuple[int, int]) -> float:
    """Of `count` matrices, of which the norms have entries of so many bits."""
    n, (norm_scale, image_scale) = family.order, scales
    size = bits + max(norm_scale.bit_length(), image_scale.bit_length() + 2 * family.bits + 2 * n.bit_length())
    return count * n**3 * (200 + size * (bits + family.bits) / 900)


CONTRACTION = Kind(UPPER_RELATIONS, lambda proof: ("P",), check_contraction)


MAX_SUBSETS = 4096


def check_path_complete(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require that the graph reads every word, and that no edge increases its norms by more than the bound."""
    count = proof["count"]
    require(is_index(count, MAX_WORD + 1) and count > 0, f"the graph needs 1 to {MAX_WORD} nodes")
    edges = read_edges(proof["edges"], count, len(family.numerators))
    require(_reads_every_word(count, edges, len(family.numerators)), "the graph is not path-complete")
    check_norms(family, claim, edges, read_list(proof["P"], count, "P"))


def _reads_every_word(count: int, edges: tuple[tuple[int, int, int], ...], letters: int) -> bool:
    """Whether every finite sequence of letters labels a path: no set of nodes reached from all of them is empty."""
    after: list[dict[int, int]] = [{} for _ in range(letters)]
    for u, v, letter in edges:
        after[letter][u] = after[letter].get(u, 0) | 1 << v
    start = (1 << count) - 1
    seen, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        spend(len(edges) * (100 + count / 8) + 100 * letters)
        for step in after:
            there = 0
            for u, reached in step.items():
                if here >> u & 1:
                    there |= reached
            if not there:
                return False
            if there not in seen:
                seen.add(there)
                waiting.append(there)
                require(len(seen) <= MAX_SUBSETS, f"whether the graph reads every word needs over {MAX_SUBSETS} sets")
    return True


PATH_COMPLETE = Kind(UPPER_RELATIONS, lambda proof: ("count", "edges", "P"), check_path_complete)


def check_polytope(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require that A_i v_j / bound lies in P for every i and every vertex v_j of a convex body P with interior.

    P is {sum c_k v_k : sum |c_k| <= 1}, with complex c_k and v_k and the real part taken for an elliptic hull. For
    a monotone hull, P is {0 <= x <= sum c_k v_k : c >= 0, sum c_k <= 1}.
    """
    hull, n, bound, strict = proof["hull"], family.order, claim.upper, claim.relation == "<"
    require(bound > 0, "the bound of a polytope must be positive")
    denominator, weight, vertices, images = read_body(family, proof, ("symmetric", "monotone", "elliptic"))
    count = len(vertices)
    # A_i v_j / bound = combination + residual; all of it times bound * family.denominator * denominator * weight.
    image_scale, hull_scale = bound.denominator * weight, bound.numerator * family.denominator
    spend(images_cost(family, vertices, images, [image_scale, hull_scale, weight]))
    sums, over, under = [0], 0, 1
    if hull == "monotone":
        sums = sum_of_vertices(family, vertices, 1, 0)
    else:
        columns = read_basis(proof["basis"], vertices, hull, n)
        over, under = unit_bound(columns, denominator, proof["dual"], read_positive(proof["dual_denominator"], "dual"))
    for i, (A, row) in enumerate(zip(family.numerators, images, strict=True), 1):
        for j, (vertex, image) in enumerate(zip(vertices, row, strict=True), 1):
            total, parts = read_combination(image, vertices, hull, weight)
            residuals = [residual(A, v, part, image_scale, hull_scale) for v, part in zip(vertex, parts, strict=True)]
            room = (weight - total) * hull_scale
            if hull == "monotone":
                margin = min(room * s - count * max(x, 0) for x, s in zip(residuals[0], sums, strict=True))
            else:
                margin = room * denominator * under - over * sum(sum(map(abs, r)) for r in residuals)
            inside = margin > 0 if strict else margin >= 0
            require(inside, f"the image of vertex {j} under matrix {i} is not proved to be inside")


Part = tuple[list[int], list[list[int]]]


def read_body(
    family: Family, proof: dict[str, Any], hulls: tuple[str, ...]
) -> tuple[int, int, list[list[list[int]]], list[list[Any]]]:
    """The denominator, the weight, the vertices and the images of a polytope.

    The numerators of a vertex are [real part], or [real part, imaginary part] for an elliptic hull.
    """
    hull, listed, n = proof["hull"], proof["vertices"], family.order
    require(hull in hulls, f"the hull must be {' or '.join(hulls)}")
    denominator, weight = (read_positive(proof[name], f"the {name}") for name in ("denominator", "weight"))
    require(isinstance(listed, list) and bool(listed), "a polytope needs vertices")
    require(len(listed) * n <= MAX_ENTRIES, f"the vertices have more than {MAX_ENTRIES} entries")
    pairs = [read_list(v, 2, "a vertex") for v in listed] if hull == "elliptic" else [[v] for v in listed]
    vertices = [[read_vector(part, n, "a vertex or a part of a vertex") for part in parts] for parts in pairs]
    rows = read_list(proof["images"], len(family.numerators), "images")
    return denominator, weight, vertices, [read_list(row, len(vertices), "images[i]") for row in rows]


def read_basis(chosen: Any, vertices: list[list[list[int]]], hull: str, n: int) -> list[list[int]]:
    """The n vectors in P that `basis` chooses: real vertices k, or parts [k, 0 or 1] of complex ones."""
    found = []
    for entry in read_list(chosen, n, "the basis"):
        pair = [entry, 0] if hull == "symmetric" else entry
        require(isinstance(pair, list) and len(pair) == 2, "the basis of an elliptic hull has entries [vertex, part]")
        k, part = pair
        require(is_index(k, len(vertices)) and is_index(part, len(vertices[k])), "the basis must name vertices")
        found.append(vertices[k][part])
    return found


def unit_bound(
    columns: list[list[int]], denominator: int, dual: Any, scale: int, errors: Sequence[int] = (), error_scale: int = 1
) -> tuple[int, int]:
    """A bound K on the P-norm of every unit vector, as a ratio of integers.

    With the matrix B of the columns, which are in P, and Y = dual / scale: if q, the largest column sum of |I - B Y|,
    is below 1, then K = max_l |Y e_l|_1 / (1 - q). Column k may be wrong by errors[k] / (denominator * error_scale)
    in all.
    """
    n = len(columns)
    Y = [read_vector(row, n, "a row of the dual") for row in read_list(dual, n, "the dual")]
    spend(_dual_cost(columns, Y))
    B = list(zip(*columns, strict=True))
    defect = minus_multiple(multiply(B, Y), denominator * scale)
    q = [error_scale * sum(map(abs, column)) for column in zip(*defect, strict=True)]
    for k, error in enumerate(errors):
        q = [x + error * abs(y) for x, y in zip(q, Y[k], strict=True)]
    under = denominator * scale * error_scale - max(q)
    require(under > 0, "the basis is not proved to span the space: |I - B Y| is not below 1")
    return max(sum(map(abs, column)) for column in zip(*Y, strict=True)) * denominator * error_scale, under


def _dual_cost(columns: list[list[int]], Y: list[list[int]]) -> float:
    bits = max(abs(x).bit_length() for rows in (columns, Y) for row in rows for x in row)
    return len(columns) ** 3 * (50 + (bits / 30) ** 2)


def images_cost(family: Family, vertices: list[list[list[int]]], images: list[list[Any]], scales: list[int]) -> float:
    """Of the combinations of all images; `scales` are the factors that clear denominators."""
    n, parts = family.order, len(vertices[0])
    bits = max(abs(x).bit_length() for vertex in vertices for part in vertex for x in part)
    long = sum(x.bit_length() for x in scales)
    terms = sum(len(image) for row in images for image in row if isinstance(image, list))
    moved = 3000 + n * (n * (50 + family.bits * bits / 900) + 200 + long * (family.bits + bits + long) / 900)
    return parts * len(vertices) * len(images) * moved + parts**2 * terms * n * (50 + long * bits / 900)


def sum_of_vertices(family: Family, vertices: list[list[list[int]]], error_scale: int, error: int) -> list[int]:
    """The sum of all vertices of a monotone hull, in units of 1 / error_scale, less an error; all positive."""
    signs = min(x for A in family.numerators for row in A for x in row), min(x for (v,) in vertices for x in v)
    require(min(signs) >= 0, "a monotone hull needs nonnegative matrices and vertices")
    sums = [sum(column) * error_scale - error for column in zip(*(v for (v,) in vertices), strict=True)]
    require(min(sums) > 0, "every coordinate needs a vertex in which it is positive")
    return sums


def read_combination(image: Any, vertices: list[list[list[int]]], hull: str, weight: int) -> tuple[int, list[Part]]:
    """The sum of the moduli of the coefficients of an image, and for each of its parts coefficients and vectors."""
    require(isinstance(image, list), "an image must be a list of coefficients")
    width = 5 if hull == "elliptic" else 2
    count, total = len(vertices), 0
    parts: list[Part] = [([], []) for _ in vertices[0]]
    for term in image:
        if not isinstance(term, list) or len(term) != width or not is_index(term[0], count):
            raise InvalidError(f"a coefficient of an image must have {width} entries, the first a vertex below {count}")
        vertex, numbers = vertices[term[0]], [read_integer(x) for x in term[width // 2 :]]
        if hull != "elliptic":
            require(numbers[0] >= 0 or hull == "symmetric", "a monotone hull needs nonnegative coefficients")
            total += abs(numbers[0])
            parts[0][0].append(numbers[0])
            parts[0][1].append(vertex[0])
            continue
        require(is_index(term[1], 2), "the second entry of a coefficient must be 0, or 1 for the conjugate vertex")
        real, imaginary, modulus = numbers
        require(modulus >= 0 and real**2 + imaginary**2 <= modulus**2, "a modulus is too small")
        total += modulus
        sign = -1 if term[1] else 1
        for part, pair in zip(parts, ((real, -sign * imaginary), (imaginary, sign * real)), strict=True):
            part[0].extend(pair)
            part[1].extend(vertex)
    require(total <= weight, "the coefficients of an image have a sum of moduli above 1")
    return total, parts


def residual(A: Matrix, vertex: list[int], part: Part, image_scale: int, hull_scale: int) -> list[int]:
    """image_scale * A v - hull_scale * (sum of coefficients times vectors)."""
    coefficients, vectors = part
    image = [image_scale * sum(map(mul, row, vertex)) for row in A]
    if not vectors:
        return image
    columns = zip(*vectors, strict=True)
    return [x - hull_scale * sum(map(mul, coefficients, column)) for x, column in zip(image, columns, strict=True)]


def polytope_fields(proof: dict[str, Any]) -> tuple[str, ...]:
    """A monotone hull has interior for another reason than the others, which need a basis and its dual."""
    basis = () if proof.get("hull") == "monotone" else ("basis", "dual_denominator", "dual")
    return ("hull", "denominator", "vertices", "weight", "images", *basis)


POLYTOPE = Kind(UPPER_RELATIONS, polytope_fields, check_polytope)


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


OF_A_BLOCK = {
    "contraction": CONTRACTION,
    "polytope": POLYTOPE,
    "path-complete": PATH_COMPLETE,
    "products": PRODUCTS,
    "sum-of-squares": SUM_OF_SQUARES,
}


def check_blocks(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require that S A_i T is block upper triangular, S T = I, and that the diagonal blocks prove the claim."""
    blocks = diagonal_blocks(family, proof)
    for block, part in zip(blocks, read_list(proof["proofs"], len(blocks), "proofs"), strict=True):
        check_part(block, claim, part, OF_A_BLOCK)


def _blocks_cost(family: Family, bits: int) -> float:
    return 2 * (len(family.numerators) + 1) * family.order**3 * (50 + (bits + family.bits) ** 2 / 900)


def diagonal_blocks(family: Family, proof: dict[str, Any]) -> list[Family]:
    """The diagonal blocks of S A_i T, which must be block upper triangular with S T = I."""
    n, sizes = family.order, proof["sizes"]
    good = isinstance(sizes, list) and all(is_index(size, n + 1) and size > 0 for size in sizes) and sum(sizes) == n
    require(good, f"the sizes of the blocks must be positive integers with the sum {n}")
    (t, (T,), t_bits), (s, (S,), s_bits) = (read_matrices([proof[name]], name, n) for name in ("basis", "inverse"))
    spend(_blocks_cost(family, t_bits + s_bits))
    require(not any(map(any, minus_multiple(multiply(S, T), s * t))), "the inverse times the basis is not the identity")
    moved = [multiply(S, multiply(A, T)) for A in family.numerators]
    blocks, start = [], 0
    for size in sizes:
        stop = start + size
        require(not any(x for A in moved for row in A[stop:] for x in row[start:stop]), "a block below is not zero")
        block = [[row[start:stop] for row in A[start:stop]] for A in moved]
        common = math.gcd(s * t * family.denominator, *(x for A in block for row in A for x in row))
        block = [[[x // common for x in row] for row in A] for A in block]
        bits = max(abs(x).bit_length() for A in block for row in A for x in row)
        blocks.append(Family(s * t * family.denominator // common, block, size, bits, family.nodes, family.edges))
        start = stop
    return blocks


BLOCKS = Kind(UPPER_RELATIONS, lambda proof: ("basis", "inverse", "sizes", "proofs"), check_blocks)
UPPER = {**OF_A_BLOCK, "blocks": BLOCKS}
"""The kinds that prove an upper bound, and may be parts of others."""


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


def check_equality(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require that the word proves the lower end, and the part `upper` the upper end."""
    require((claim.lower == claim.upper) == (claim.relation == "="), 'the relation must be "=" if the ends are equal')
    read_word(proof["word"], family)
    if claim.lower > 0:
        check_expansion(family, Bounds(">=", claim.lower, claim.lower), proof)
    else:
        require_fields(proof, ("word", "upper"), "the proof with the lower end 0")
    check_part(family, Bounds("<=", claim.upper, claim.upper), proof["upper"], UPPER)


EQUALITY = Kind(BRACKET_RELATIONS, lambda proof: (*word_fields(proof), "upper"), check_equality)


def check_exact(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require that the polytope P of exact vertices, given with errors, is mapped into gamma P by every A_i.

    v_0 is an eigenvector of the word's product, gamma = |eigenvalue|^(1/length) is in [lower, upper], and the other
    vertices are v_j = A_i v_p / gamma for the entry [p, i] of the tree, or rational where it has null. Errors are
    counted, rounded up, in units of 1 / (denominator * error_scale).
    """
    hull, n, lower, word = proof["hull"], family.order, claim.lower, read_word(proof["word"], family)
    require(not family.nodes and lower > 0, "an exact radius has a positive lower end, and no automaton")
    denominator, weight, vertices, images = read_body(family, proof, ("symmetric", "monotone"))
    points, count = [v for (v,) in vertices], len(vertices)
    tree = read_tree(proof["tree"], count, len(family.numerators))
    image_scale, hull_scale = lower.denominator, lower.numerator * family.denominator
    error_scale = hull_scale << 64
    spend(images_cost(family, vertices, images, [image_scale * weight, error_scale, denominator]))
    mu, radius = proved_eigenvalue(family, lower, word, points[0], proof)
    spend(_power_cost(claim.upper / lower, len(word)))
    ends = abs(mu) - radius >= 1 and abs(mu) + radius <= (claim.upper / lower) ** len(word)
    require(ends, "the eigenvalue is not proved to lie in [1, (upper / lower)^length]")
    first, most = math.ceil(radius * (n - 1) * denominator * error_scale), denominator * error_scale << 64
    errors, drifts = vertex_errors(family, claim, points, tree, first, most)
    sums, over, under = [0], 0, 1
    if hull == "monotone":
        positive = min(points[0]) * error_scale >= errors[0] and proof["eigenvalue"][:1] != "-"
        require(positive, "the eigenpair is not proved to be nonnegative")
        sums = sum_of_vertices(family, vertices, error_scale, sum(errors))
    else:
        columns = read_basis(proof["basis"], vertices, hull, n)
        scale, wrong = read_positive(proof["dual_denominator"], "the dual"), [errors[k] for k in proof["basis"]]
        over, under = unit_bound(columns, denominator, proof["dual"], scale, wrong, error_scale)
    given = {(letter, parent) for parent, letter in filter(None, tree)} | {_closing_edge(tree, word)}
    for i, (A, row) in enumerate(zip(family.numerators, images, strict=True)):
        for j, image in enumerate(row):
            require((image is None) == ((i, j) in given), "an image must be null if and only if it is a vertex")
            if image is None:
                continue
            total, (part,) = read_combination(image, vertices, hull, weight)
            gap = [x << 64 for x in residual(A, points[j], part, image_scale * weight, hull_scale)]
            inexact = weight * drifts[i][j] + sum(abs(int(term[1])) * errors[term[0]] for term in image)
            if hull == "monotone":
                worst = (count * (max(x, 0) + inexact) - (weight - total) * s for x, s in zip(gap, sums, strict=True))
                inside = max(worst) <= 0
            else:
                room = (weight - total) * denominator * error_scale * under
                inside = over * (sum(map(abs, gap)) + inexact) <= room
            require(inside, f"the image of vertex {j + 1} under matrix {i + 1} is not proved to be inside")


def _power_cost(ratio: Fraction, length: int) -> float:
    return (length * max(map(int.bit_length, ratio.as_integer_ratio())) / 30) ** 2


def vertex_errors(
    family: Family, claim: Bounds, points: list[list[int]], tree: list[tuple[int, int] | None], first: int, most: int
) -> tuple[list[int], list[list[int]]]:
    """For the given v~_j, bounds of |v_j - v~_j|_1, and for every i of |A_i v_j / gamma - A_i v~_j / lower|_1."""
    image_scale, hull_scale = claim.lower.denominator, claim.lower.numerator * family.denominator
    spread = (claim.upper - claim.lower) / claim.lower
    norms: list[int] = [max(sum(map(abs, column)) for column in zip(*A, strict=True)) for A in family.numerators]
    errors: list[int] = []
    drifts: list[list[int]] = [[] for _ in family.numerators]
    for j, (point, edge) in enumerate(zip(points, tree, strict=True)):
        errors.append(0 if j else first)
        if edge is not None:
            parent, letter = edge
            gap = residual(family.numerators[letter], points[parent], ([hull_scale], [point]), image_scale, 1)
            errors[j] = (sum(map(abs, gap)) << 64) + drifts[letter][parent]
        require(errors[j] <= most, f"the error of vertex {j + 1} is too large")  # they could grow without end
        for A, norm, drift in zip(family.numerators, norms, drifts, strict=True):
            size: int = sum(abs(sum(map(mul, row, point))) for row in A) * image_scale << 64
            drift.append(
                -(-norm * image_scale * errors[j] // hull_scale) - (-size * spread.numerator // spread.denominator)
            )
    return errors, drifts


def read_tree(listed: Any, count: int, letters: int) -> list[tuple[int, int] | None]:
    """For each vertex the pair (parent, letter), or None if it is given; the first is None, parents come earlier."""
    tree: list[tuple[int, int] | None] = []
    for j, edge in enumerate(read_list(listed, count, "the tree")):
        pair = isinstance(edge, list) and len(edge) == 2 and is_index(edge[0], j) and is_index(edge[1], letters)
        require(edge is None or pair, "an entry of the tree must be null or [earlier vertex, letter]")
        tree.append(None if edge is None else (edge[0], edge[1]))
    return tree


def _closing_edge(tree: list[tuple[int, int] | None], word: list[int]) -> tuple[int, int]:
    """The letter and vertex whose image is plus or minus the first vertex; the tree must hold the rest of the cycle."""
    children = {edge: j for j, edge in enumerate(tree) if edge is not None}
    here = 0
    for letter in reversed(word[1:]):
        require((here, letter) in children, "the tree does not hold the cycle of the word")
        here = children[here, letter]
    return word[0], here


def _exact_fields(proof: dict[str, Any]) -> tuple[str, ...]:
    return ("word", *EIGENPAIR, "tree", *polytope_fields(proof))


EXACT = Kind(("=",), _exact_fields, check_exact)


class LowerKind(NamedTuple):
    """The fields of a part beside its kind, and what checks it."""

    fields: tuple[str, ...]
    check: Callable[[Family, Fraction, dict[str, Any]], None]


def check_lower(family: Family, bound: Fraction, part: Any, kinds: Mapping[str, LowerKind]) -> None:
    """Require that a part {"kind", ...} proves |M_w| >= C bound^length with C > 0 for all allowed words."""
    name = part.get("kind") if isinstance(part, dict) else None
    known = isinstance(name, str) and name in kinds
    require(known, f"the kind of a lower part must be one of {' '.join(sorted(kinds))}")
    kind = kinds[str(name)]
    require_fields(part, ("kind", *kind.fields), f"the lower part of the kind {name}")
    kind.check(family, bound, part)


def check_cone(family: Family, bound: Fraction, part: dict[str, Any]) -> None:
    """Require A_i >= 0, v_j >= 0, and A_i v_j >= bound sum c_k v_k with c >= 0, sum c = 1, along every edge.

    Every vertex is at a node. For an edge (u, v, i) and a vertex at v the combination is of vertices at u; its list
    holds pairs [k, c], c over their own sum. For the side "columns" matrices are transposed and edges turned round.
    """
    n, side = family.order, part["side"]
    require(side in ("rows", "columns"), "the side of a cone must be rows or columns")
    matrices: list[Matrix] = [*family.numerators]
    edges = family.edges or tuple((0, 0, i) for i in range(len(matrices)))
    if side == "columns":
        matrices = [list(zip(*A, strict=True)) for A in matrices]
        edges = tuple((v, u, i) for u, v, i in edges)
    require(min(x for A in matrices for row in A for x in row) >= 0, "a cone needs nonnegative matrices")
    listed = part["vertices"]
    require(isinstance(listed, list) and 0 < len(listed) * n <= MAX_ENTRIES, "a cone needs vertices, and not too many")
    vertices, count = [read_vector(v, n, "a vertex") for v in listed], len(listed)
    require(all(min(v) >= 0 and any(v) for v in vertices), "the vertices of a cone are nonnegative and not zero")
    at = read_list(part["nodes"], count, "the nodes of the vertices")
    require(all(is_index(u, max(family.nodes, 1)) for u in at), "a vertex must be at a node")
    require({x for u, v, _ in edges for x in (u, v)} <= set(at), "every node of an edge needs a vertex")
    rows = [read_list(row, count, "images[e]") for row in read_list(part["images"], len(edges), "images")]
    standing: list[set[int]] = [set() for _ in range(max(family.nodes, 1))]
    for k, u in enumerate(at):
        standing[u].add(k)
    spend(_cone_cost(family, bound, len(edges), vertices, rows))
    for (u, v, letter), row in zip(edges, rows, strict=True):
        for j, image in enumerate(row):
            require((image is None) == (at[j] != v), "an image must be null if and only if its vertex is elsewhere")
            if image is not None:
                gain = _image_in_cone(matrices[letter], vertices, j, image, standing[u])
                image_scale, cone_scale = bound.denominator, bound.numerator * family.denominator
                inside = all(image_scale * x >= cone_scale * y for x, y in gain)
                require(inside, f"the image of vertex {j + 1} under matrix {letter + 1} is not proved to be inside")


def _cone_cost(
    family: Family, bound: Fraction, edges: int, vertices: list[list[int]], images: list[list[Any]]
) -> float:
    n, terms = family.order, sum(len(image) for row in images for image in row if isinstance(image, list))
    bits, long = max(x.bit_length() for v in vertices for x in v), sum(x.bit_length() for x in bound.as_integer_ratio())
    moved = n * (n * (50 + family.bits * bits / 900) + 300 + long * (family.bits + bits) / 900)
    return len(vertices) * edges * moved + terms * n * (100 + bits)


def _image_in_cone(
    A: Matrix, vertices: list[list[int]], j: int, image: Any, allowed: set[int]
) -> list[tuple[int, int]]:
    """The entries of (sum of weights) A v_j, and those of the weighted sum of the vertices of an image."""
    require(isinstance(image, list) and bool(image), "an image must be a list of weights")
    weights = []
    for term in image:
        good = isinstance(term, list) and len(term) == 2 and type(term[0]) is int and term[0] in allowed
        require(good, "a weight must be [vertex, weight], of a vertex at the node where the edge begins")
        weights.append(read_positive(term[1], "a weight"))
    total, chosen = sum(weights), [vertices[term[0]] for term in image]
    spend(len(A) * (50.0 + total.bit_length()))
    mixed = [sum(map(mul, weights, column)) for column in zip(*chosen, strict=True)]
    return [(total * sum(map(mul, row, vertices[j])), y) for row, y in zip(A, mixed, strict=True)]


CONE = LowerKind(("side", "vertices", "nodes", "images"), check_cone)


def check_inverses(family: Family, bound: Fraction, part: dict[str, Any]) -> None:
    """Require that B_i = A_i^-1 have joint spectral radius at most 1 / bound: |M| >= 1 / |M^-1|."""
    n, count = family.order, len(family.numerators)
    listed = read_list(part["inverses"], count, "the inverses")
    denominator, inverses, bits = read_matrices(listed, "an inverse", n)
    spend(count * n**3 * (50 + bits * family.bits / 900))
    whole = denominator * family.denominator
    for i, (A, B) in enumerate(zip(family.numerators, inverses, strict=True), 1):
        require(not any(map(any, minus_multiple(multiply(A, B), whole))), f"the inverse of matrix {i} is wrong")
    turned = tuple((v, u, i) for u, v, i in family.edges)
    subject, upper = Family(denominator, inverses, n, bits, family.nodes, turned), part["upper"]
    if not (isinstance(upper, dict) and upper.get("kind") == "exact"):
        check_part(subject, Bounds("<=", 1 / bound, 1 / bound), upper, UPPER)
        return
    require_fields(upper, ("kind", "lower", "proof"), "the exact radius of the inverses")
    low = read_rational(upper["lower"], "the lower end")
    require(low * bound <= 1, "the lower end must not be above the upper end")
    require_proof("exact", EXACT, upper["proof"])
    EXACT.check(subject, Bounds("=", low, 1 / bound), upper["proof"])


INVERSES = LowerKind(("inverses", "upper"), check_inverses)


def check_determinants(family: Family, bound: Fraction, part: dict[str, Any]) -> None:
    """Require |det A_i| >= bound^n for every i: |M|^n >= |det M| in the spectral norm."""
    n = family.order
    spend(_determinants_cost(family, bound))
    power = (bound * family.denominator) ** n
    for i, A in enumerate(family.numerators, 1):
        large = abs(characteristic_polynomial(A)[0]) >= power
        require(large, f"the determinant of matrix {i} has a modulus below bound^{n}")


def _determinants_cost(family: Family, bound: Fraction) -> float:
    n, step = family.order, bound * family.denominator
    power = (n * max(step.numerator, step.denominator).bit_length() / 30) ** 2
    return float(len(family.numerators) * n**4 * (n * family.bits / 120 + 1) ** 1.6 + power)


def check_alone(family: Family, bound: Fraction, part: dict[str, Any]) -> None:
    """Require that there is one matrix only, and that it has an eigenvalue of modulus bound or more."""
    require(len(family.numerators) == 1 and not family.nodes, "the part alone is about one matrix without an automaton")
    large = has_large_root(family, Bounds(">=", bound, bound), [0])
    require(large, "the matrix has no eigenvalue of modulus >= bound")


DETERMINANTS = LowerKind((), check_determinants)
ALONE = LowerKind((), check_alone)


def check_slowest(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require that the word's product has radius at most upper^length, and that `lower` proves the lower end."""
    require((claim.lower == claim.upper) == (claim.relation == "="), 'the relation must be "=" if the ends are equal')
    word = read_word(proof["word"], family)
    require(_has_small_roots(family, claim.upper, word), "the product of the word has a radius above upper^length")
    if claim.lower > 0:
        require("lower" in proof, "a positive lower end needs the part `lower`")
        check_lower(family, claim.lower, proof["lower"], LOWER)
    else:
        require_fields(proof, ("word",), "the proof with the lower end 0")


def _has_small_roots(family: Family, bound: Fraction, word: list[int]) -> bool:
    """Whether all eigenvalues of the product have modulus at most bound^length."""
    spend(polynomial_cost(family, len(word)) + roots_cost(family, bound, len(word)))
    if not bound:
        return not any(characteristic_polynomial(word_product(family, word))[:-1])
    return roots_inside(scaled_polynomial(family, bound, word), closed=True)


LOWER_OF_A_BLOCK = {"cone": CONE, "alone": ALONE, "determinants": DETERMINANTS, "inverses": INVERSES}


def check_block(family: Family, bound: Fraction, part: dict[str, Any]) -> None:
    """Require that a diagonal block of S A_i T proves the bound: that of a product is no larger, up to |S| |T|."""
    blocks = diagonal_blocks(family, part)
    require(is_index(part["index"], len(blocks)), "the index must name a block")
    check_lower(blocks[part["index"]], bound, part["lower"], LOWER_OF_A_BLOCK)


LOWER = {**LOWER_OF_A_BLOCK, "block": LowerKind(("basis", "inverse", "sizes", "index", "lower"), check_block)}


def _slowest_fields(proof: dict[str, Any]) -> tuple[str, ...]:
    return ("word", "lower") if "lower" in proof else ("word",)


SLOWEST = Kind(BRACKET_RELATIONS, _slowest_fields, check_slowest)


KINDS: dict[str, Kind] = {
    "expansion": EXPANSION,
    **UPPER,
    "equality": EQUALITY,
    "exact": EXACT,
    "slowest": SLOWEST,
}
BRACKETS = frozenset({"equality", "exact", "slowest"})
"""Kinds that claim a lower and an upper end."""


FORMAT, VERSION = "conservative-certificate", 1
MAX_CHARACTERS, MAX_NODES = 64 * 2**20, 4_000_000


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    require(len({name for name, _ in pairs}) == len(pairs), "an object names one of its fields twice")
    return dict(pairs)


def _bare_integer(text: str) -> int:
    """The only bare numbers are small integers; `text` may also be a decimal, NaN or Infinity."""
    if len(text) > 10 or not INTEGER.fullmatch(text) or len(text.lstrip("-")) > 9:
        raise InvalidError(f"the bare number {text[:20]} is not allowed")
    return int(text)


def read_document(text: str) -> tuple[dict[str, Any], Family]:
    """Parse the text of a certificate and check its form, but neither its digests nor its proof."""
    require(len(text) <= MAX_CHARACTERS, f"the document is longer than {MAX_CHARACTERS} characters")
    # Every value but the first follows one of these characters: what would fill the memory is not even parsed.
    nodes = sum(map(text.count, "[{,"))
    require(nodes <= MAX_NODES, f"the document has more than {MAX_NODES} values")
    hooks: dict[str, Any] = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), _bare_integer)
    try:
        document = json.loads(text, object_pairs_hook=_object, **hooks)
    except RecursionError:
        raise InvalidError("the document is nested too deeply") from None
    except ValueError as error:
        raise InvalidError(f"the document is not JSON: {error}") from None
    head = ("format", "version", "kind", "problem", "claim", "proof", "problem_sha256", "sha256")
    require_fields(document, head, "the document")
    version, kind, claim = document["version"], document["kind"], document["claim"]
    require(document["format"] == FORMAT, f'"format" must be "{FORMAT}"')
    require(type(version) is int and version == VERSION, f'"version" must be {VERSION}')
    require(isinstance(kind, str) and kind in KINDS, f'"kind" must be one of {", ".join(KINDS)}')
    for name in ("problem_sha256", "sha256"):
        is_digest = isinstance(document[name], str) and re.fullmatch("[0-9a-f]{64}", document[name])
        require(bool(is_digest), f'"{name}" must be 64 lowercase hexadecimal digits')
    problem, proof = document["problem"], document["proof"]
    constrained = isinstance(problem, dict) and "automaton" in problem
    require_fields(problem, ("matrices", "automaton") if constrained else ("matrices",), '"problem"')
    require_proof(kind, KINDS[kind], proof)
    ends = ("lower", "upper") if kind in BRACKETS else ("bound",)
    require_fields(claim, ("quantity", "relation", *ends, "sentence"), '"claim"')
    quantity = "lower spectral radius" if kind == "slowest" else "joint spectral radius"
    require(claim["quantity"] == quantity, f'the "quantity" must be "{quantity}"')
    relations = KINDS[kind].relations
    require(claim["relation"] in relations, f'the "relation" of this kind must be one of {" ".join(relations)}')
    for end in ends:
        require(read_rational(claim[end], f"the {end}") >= 0, f"the {end} must not be negative")
    family = read_family(problem)
    if kind == "exact":
        read_word(proof["word"], family)
    sentence = claim_sentence(kind, problem, claim, proof)
    require(claim["sentence"] == sentence, f'the "sentence" must read: {sentence}')
    return document, family


def claim_sentence(kind: str, problem: dict[str, Any], claim: dict[str, Any], proof: dict[str, Any]) -> str:
    """The claim in words, from parts of a document of the right form."""
    matrices = problem["matrices"]
    quantity = "lower" if kind == "slowest" else "joint"
    size = f"{len(matrices[0])} x {len(matrices[0])}"
    given = f"{len(matrices)} given {size} matrices" if len(matrices) > 1 else f"given {size} matrix"
    subject = f"The {quantity} spectral radius of the {given}"
    if "automaton" in problem:
        nodes = problem["automaton"]["nodes"]
        subject += f", over the words that the given automaton of {nodes} node{'s' * (nodes > 1)} allows,"
    if kind not in BRACKETS:
        return f"{subject} is {claim['relation']} {claim['bound']}."
    inside = f"lies in [{claim['lower']}, {claim['upper']}]"
    if kind != "exact":
        return f"{subject} is exactly {claim['lower']}." if claim["relation"] == "=" else f"{subject} {inside}."
    inside = f"is exactly {claim['lower']}" if claim["lower"] == claim["upper"] else inside
    root = f"^(1/{len(proof['word'])})" if len(proof["word"]) > 1 else ""
    return f"{subject} equals rho({product_name(proof['word'])}){root}, and {inside}."


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON of a value: sorted keys, no spaces, ASCII only."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def check_text(text: str) -> tuple[bool, str]:
    """Check the form, the digests and the proof: whether all are right, and the claim, or the reason why not."""
    budget = SPENT.set([0.0])
    try:
        document, family = read_document(text)
        rest = {name: value for name, value in document.items() if name != "sha256"}
        intact = digest(document["problem"]) == document["problem_sha256"]
        require(intact, "the matrices were changed after the certificate was made: their SHA-256 differs")
        require(digest(rest) == document["sha256"], "the document was changed after it was made: its SHA-256 differs")
        kind, claim = document["kind"], document["claim"]
        lower, upper = (Fraction(claim[end] if kind in BRACKETS else claim["bound"]) for end in ("lower", "upper"))
        require(lower <= upper, "the lower end must not be above the upper end")
        # Where all products vanish, no method has anything left to compare with the bound.
        require(upper > 0 or claim["relation"] != "<", "no radius is below 0")
        subject = lifted_family(family) if family.nodes and kind in UPPER else family
        KINDS[kind].check(subject, Bounds(claim["relation"], lower, upper), document["proof"])
    except InvalidError as error:
        return False, str(error)
    except RecursionError:
        return False, "the proof is nested too deeply"
    finally:
        SPENT.reset(budget)
    return True, claim["sentence"]


def main(arguments: list[str]) -> int:
    """Check one file and print the verdict; the exit code is 0 if valid, 1 if not, 2 if the file cannot be read."""
    if len(arguments) != 1:
        print("usage: python checker.py FILE", file=sys.stderr)
        return 2
    try:
        path = Path(arguments[0])
        if path.exists() and not path.is_file():
            raise OSError("not a regular file")
        if path.stat().st_size > MAX_CHARACTERS:
            raise OSError(f"larger than {MAX_CHARACTERS} bytes")
        valid, reason = check_text(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        print(
            f"cannot read {arguments[0]!a}: {getattr(error, 'strerror', None) or ascii(str(error))[1:-1]}",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print("interrupted: nothing is said about the certificate", file=sys.stderr)
        return 130
    print(f"valid: {reason}" if valid else f"invalid: {reason}")
    return 0 if valid else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
