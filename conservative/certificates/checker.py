"""Checks certificates about joint spectral radii, with exact integers and the standard library alone.

Copy this one file anywhere and run ``python checker.py FILE``. It prints ``valid: <claim>`` (exit code 0) or
``invalid: <reason>`` (exit code 1). Why each check is a proof is written on the documentation page "The certificate
format"; in short, for matrices A_1..A_k with joint spectral radius jsr:

* expansion: a word (i_1, .., i_l) and b > 0. Since jsr >= rho(A_{i_1} .. A_{i_l})^(1/l), the claim "jsr >= b"
  ("> b") follows when the product has an eigenvalue of modulus at least (more than) b^l.
* contraction: a rational symmetric P and g >= 0. If P is positive definite and every g^2 P - A_i^T P A_i positive
  semidefinite, each A_i has norm at most g in the norm sqrt(x^T P x), so "jsr <= g" ("< g" if all are definite).

Whatever is not exactly of the documented form is invalid, and so is what would take minutes to check.
"""

import hashlib
import json
import math
import re
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

FORMAT, VERSION = "conservative-certificate", 1
MAX_CHARACTERS = 16 * 2**20
MAX_DIGITS, MAX_ORDER, MAX_ENTRIES, MAX_WORD = 600, 100, 100_000, 10_000
MAX_BITS, MAX_WORK = 2e8, 2e10

_Matrix = Sequence[Sequence[int]]


class InvalidError(Exception):
    """The document is not a certificate of the documented form, or does not prove its claim."""


class Family(NamedTuple):
    """The matrices ``numerators[i] / denominator`` of order `order`; `bits` is the length of the longest numerator."""

    denominator: int
    numerators: list[list[list[int]]]
    order: int
    bits: int


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise InvalidError(reason)


def _require_fields(value: Any, names: Sequence[str], where: str) -> None:
    """Require an object with exactly these fields."""
    _require(isinstance(value, dict), f"{where} must be an object")
    missing, unknown = sorted(set(names) - set(value)), sorted(set(value) - set(names))
    _require(not missing, f"{where} lacks the field {missing[:1]}")
    _require(not unknown, f"{where} has the unknown field {ascii(unknown[:1])[:60]}")


def _rational(text: Any, where: str) -> Fraction:
    """A rational in its one canonical form: "3" or "-3/4", in lowest terms, no "-0", no denominator 1."""
    short = isinstance(text, str) and len(text) <= 2 * MAX_DIGITS + 2
    match = re.fullmatch(r"(0|-?[1-9][0-9]*)(?:/([1-9][0-9]*))?", text) if short else None
    top, bottom = match.groups("1") if match else ("", "")
    got = text[:40] if isinstance(text, str) else type(text).__name__
    _require(match is not None, f'{where} must be a rational like "3" or "-3/4"; got {got!a}')
    _require(max(len(top.lstrip("-")), len(bottom)) <= MAX_DIGITS, f"{where} has more than {MAX_DIGITS} digits")
    value = Fraction(int(top), int(bottom))
    _require(str(value) == text, f"{where} is not in lowest terms: {text[:40]} is {str(value)[:40]}")
    return value


def _matrix(rows: Any, where: str) -> list[list[Fraction]]:
    """A square matrix of rationals."""
    _require(isinstance(rows, list) and 0 < len(rows) <= MAX_ORDER, f"{where} must be a list of 1 to {MAX_ORDER} rows")
    square = all(isinstance(row, list) and len(row) == len(rows) for row in rows)
    _require(square, f"{where} must be square: every row as long as the matrix is high")
    return [[_rational(x, f"{where}, row {i}, column {j},") for j, x in enumerate(r, 1)] for i, r in enumerate(rows, 1)]


def _family(listed: Any) -> Family:
    """The matrices of the problem over one common denominator."""
    _require(isinstance(listed, list) and bool(listed), '"matrices" must be a list of at least one matrix')
    order = len(listed[0]) if isinstance(listed[0], list) else 0
    _require(len(listed) * order**2 <= MAX_ENTRIES, f"the family has more than {MAX_ENTRIES} entries")
    matrices = [_matrix(rows, f"matrix {i}") for i, rows in enumerate(listed, 1)]
    _require(all(len(m) == order for m in matrices), "the matrices must all have one size")
    denominator, rows, bits = _integers([row for matrix in matrices for row in matrix])
    numerators = [rows[i : i + order] for i in range(0, len(rows), order)]
    return Family(denominator, numerators, order, bits)


def _integers(rows: list[list[Fraction]]) -> tuple[int, list[list[int]], int]:
    """The least common denominator, the rows multiplied by it, and the bits of their longest entry."""
    common, entries = 1, sum(map(len, rows))
    for value in (x for row in rows for x in row):
        common = math.lcm(common, value.denominator)
        _require(common.bit_length() * entries <= MAX_BITS, "the common denominator of the entries is too long")
    integers = [[x.numerator * (common // x.denominator) for x in row] for row in rows]
    return common, integers, max(abs(x).bit_length() for row in integers for x in row)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _require(len({name for name, _ in pairs}) == len(pairs), "an object names one of its fields twice")
    return dict(pairs)


def _integer(text: str) -> int:
    """The only bare numbers are small integers; `text` may also be a decimal, NaN or Infinity."""
    _require(bool(re.fullmatch("0|-?[1-9][0-9]{0,8}", text)), f"the bare number {text[:20]} is not allowed")
    return int(text)


def read_document(text: str) -> tuple[dict[str, Any], Family]:
    """Parse the text of a certificate and check its form, but neither its digests nor its proof.

    Parameters
    ----------
    text : str

    Returns
    -------
    tuple of dict and Family
    """
    _require(len(text) <= MAX_CHARACTERS, f"the document is longer than {MAX_CHARACTERS} characters")
    hooks: dict[str, Any] = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), _integer)
    try:
        document = json.loads(text, object_pairs_hook=_object, **hooks)
    except RecursionError:
        raise InvalidError("the document is nested too deeply") from None
    except ValueError as error:
        raise InvalidError(f"the document is not JSON: {error}") from None
    head = ("format", "version", "kind", "problem", "claim", "proof", "problem_sha256", "sha256")
    _require_fields(document, head, "the document")
    version, kind, claim = document["version"], document["kind"], document["claim"]
    _require(document["format"] == FORMAT, f'"format" must be "{FORMAT}"')
    _require(type(version) is int and version == VERSION, f'"version" must be {VERSION}')
    _require(isinstance(kind, str) and kind in KINDS, f'"kind" must be one of {", ".join(KINDS)}')
    for name in ("problem_sha256", "sha256"):
        is_digest = isinstance(document[name], str) and re.fullmatch("[0-9a-f]{64}", document[name])
        _require(bool(is_digest), f'"{name}" must be 64 lowercase hexadecimal digits')
    _require_fields(document["problem"], ("matrices",), '"problem"')
    relations, proof_fields, _ = KINDS[kind]
    _require_fields(document["proof"], proof_fields, '"proof"')
    _require_fields(claim, ("quantity", "relation", "bound", "sentence"), '"claim"')
    _require(claim["quantity"] == "joint spectral radius", 'the "quantity" must be "joint spectral radius"')
    _require(claim["relation"] in relations, f'the "relation" of this kind must be one of {" ".join(relations)}')
    _require(_rational(claim["bound"], "the bound") >= 0, "the bound must not be negative")
    family = _family(document["problem"]["matrices"])
    shape = f"{len(family.numerators)} given {family.order} x {family.order} matrices"
    sentence = f"The joint spectral radius of the {shape} is {claim['relation']} {claim['bound']}."
    _require(claim["sentence"] == sentence, f'the "sentence" must read: {sentence}')
    return document, family


def _check_expansion(family: Family, relation: str, bound: Fraction, proof: dict[str, Any]) -> None:
    """Require that the word's product has an eigenvalue of modulus >= (or >) bound^length."""
    word, count, n = proof["word"], len(family.numerators), family.order
    _require(isinstance(word, list) and 0 < len(word) <= MAX_WORD, f"the word must have 1 to {MAX_WORD} letters")
    letters_ok = all(type(letter) is int and 0 <= letter < count for letter in word)
    _require(letters_ok, f"every letter of the word must be an integer from 0 to {count - 1}")
    _require(bound > 0, "the bound of an expansion must be positive")
    step, length = family.denominator * bound, len(word)
    size = length * (family.bits + n.bit_length())
    scaled = n * (size + length * max(step.numerator, step.denominator).bit_length())
    _limit(length * n**3 * (size / 30 + 1) * (family.bits / 30 + 1) + n**4 * (n * size / 120 + 1) ** 1.6)
    product: _Matrix = family.numerators[word[0]]
    for letter in word[1:]:
        product = _multiply(product, family.numerators[letter])
    # The roots of the scaled polynomial are the eigenvalues of the product divided by bound^length.
    up, down = step.numerator**length, step.denominator**length
    polynomial = [c * up**j * down ** (n - j) for j, c in enumerate(_characteristic_polynomial(product))]
    # A sign unlike the one at infinity proves a real root beyond 1 or -1, at once.
    proved = sum(polynomial) < 0 or sum(c * (-1) ** (n - j) for j, c in enumerate(polynomial)) < 0
    if not proved:
        _limit(n**4 * (scaled / 30 + 1) ** 2 / 5)
        proved = not _roots_inside(polynomial, closed=relation == ">")
    _require(proved, f"the product of the word has no eigenvalue of modulus {relation} bound^{length}")


def _check_contraction(family: Family, relation: str, bound: Fraction, proof: dict[str, Any]) -> None:
    """Require P > 0 and bound^2 P - A_i^T P A_i >= 0 (or > 0) for every i."""
    rational, n = _matrix(proof["P"], "P"), family.order
    _require(len(rational) == n, f"P must have the size of the matrices, {n} x {n}")
    _, P, bits = _integers(rational)
    _require(all(P[i][j] == P[j][i] for i in range(n) for j in range(i)), "P must be symmetric")
    left, right = (bound.numerator * family.denominator) ** 2, bound.denominator**2
    size = bits + max(left.bit_length(), right.bit_length() + 2 * family.bits + 2 * n.bit_length())
    _limit((len(family.numerators) + 1) * n**3 * (n * size / 30 + 1) ** 2 / 5)
    _require(_is_positive(P, definite=True), "P is not positive definite")
    wanted = "positive definite" if relation == "<" else "positive semidefinite"
    for i, A in enumerate(family.numerators, 1):
        image = _multiply(list(zip(*A, strict=True)), _multiply(P, A))
        slack = [[left * P[r][c] - right * image[r][c] for c in range(n)] for r in range(n)]
        proved = _is_positive(slack, definite=relation == "<")
        _require(proved, f"bound^2 P - A^T P A is not {wanted} for matrix {i}")


def _limit(work: float) -> None:
    """Refuse what would take minutes; one unit of work is about a nanosecond."""
    _require(work <= MAX_WORK, "the numbers are too long or the matrices too large: checking would take too long")


def _multiply(left: _Matrix, right: _Matrix) -> list[list[int]]:
    columns = list(zip(*right, strict=True))
    return [[sum(map(int.__mul__, row, column)) for column in columns] for row in left]


def _characteristic_polynomial(matrix: _Matrix) -> list[int]:
    """Coefficients of det(z - M), constant term first: Newton's identities from the traces of the powers of M."""
    n, powers = len(matrix), [matrix]
    while 2 * len(powers) < n:
        powers.append(_multiply(powers[-1], matrix))
    traces = [sum(matrix[i][i] for i in range(n))]
    for k in range(2, n + 1):  # the trace of M^k from two powers of about half the exponent
        rows, columns = powers[(k + 1) // 2 - 1], zip(*powers[k // 2 - 1], strict=True)
        traces.append(sum(sum(map(int.__mul__, r, c)) for r, c in zip(rows, columns, strict=True)))
    found = [1]
    for k in range(1, n + 1):
        found.append(-sum(found[j] * traces[k - j - 1] for j in range(k)) // k)
    return found[::-1]


def _roots_inside(polynomial: list[int], *, closed: bool) -> bool:
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


def _is_positive(matrix: _Matrix, *, definite: bool) -> bool:
    """Whether a symmetric matrix is positive (semi)definite: L D L^T without fractions (Bareiss).

    A pivot of a semidefinite matrix is positive, or zero with a zero row, which is then left out.
    """
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


# Of each kind: the relations that it may claim, the fields of its proof, and what checks it.
_Kind = tuple[tuple[str, ...], tuple[str, ...], Callable[[Family, str, Fraction, dict[str, Any]], None]]
KINDS: dict[str, _Kind] = {
    "expansion": ((">", ">="), ("word",), _check_expansion),
    "contraction": (("<=", "<"), ("P",), _check_contraction),
}


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON of a value: sorted keys, no spaces, ASCII only.

    Parameters
    ----------
    value : a JSON value

    Returns
    -------
    str
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def check_text(text: str) -> tuple[bool, str]:
    """Check the text of a certificate: its form, its digests, its proof.

    Parameters
    ----------
    text : str

    Returns
    -------
    tuple of bool and str
        Whether it is valid, and the claim that is proved or the reason why it is not.
    """
    try:
        document, family = read_document(text)
        rest = {name: value for name, value in document.items() if name != "sha256"}
        intact = digest(document["problem"]) == document["problem_sha256"]
        _require(intact, "the matrices were changed after the certificate was made: their SHA-256 differs")
        _require(digest(rest) == document["sha256"], "the document was changed after it was made: its SHA-256 differs")
        claim, prove = document["claim"], KINDS[document["kind"]][2]
        prove(family, claim["relation"], Fraction(claim["bound"]), document["proof"])
    except InvalidError as error:
        return False, str(error)
    except RecursionError:
        return False, "the proof is nested too deeply"
    return True, claim["sentence"]


def _main(arguments: list[str]) -> int:
    """Check one file and print the verdict; the exit code is 0 if valid, 1 if not, 2 if there is no such file."""
    if len(arguments) != 1:
        print("usage: python checker.py FILE", file=sys.stderr)
        return 2
    try:
        with Path(arguments[0]).open(encoding="utf-8") as stream:
            valid, reason = check_text(stream.read(MAX_CHARACTERS + 1))
    except (OSError, ValueError) as error:
        print(f"cannot read {arguments[0]}: {error}", file=sys.stderr)
        return 2
    print(f"valid: {reason}" if valid else f"invalid: {reason}")
    return 0 if valid else 1


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
