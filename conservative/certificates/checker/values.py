"""The values of a document: rationals, integers, vectors, matrices; each has one canonical form."""

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from conservative.certificates.checker.kernel import InvalidError, require, spend

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
