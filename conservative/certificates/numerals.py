"""Numbers as certificates hold them: rationals and integers as strings, indices as plain integers."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from conservative._core.errors import CertificateError
from conservative.certificates.checker.values import MAX_DIGITS

_LIMIT = 10**MAX_DIGITS


def edge_lists(edges: Iterable[Sequence[int]]) -> list[list[int]]:
    """The edges of a graph as lists of plain integers."""
    return [[int(u), int(v), int(letter)] for u, v, letter in edges]


def text(value: Any) -> str:
    """A rational as the checker reads it.

    Raises CertificateError when a numerator or denominator is longer than 600 digits.
    """
    number = Fraction(value)
    if max(abs(number.numerator), number.denominator) >= _LIMIT:
        raise CertificateError(f"a number has more than the {MAX_DIGITS} digits that certificates allow. Round it.")
    return str(number)


def texts(matrix: Iterable[Iterable[Any]]) -> list[list[str]]:
    """The rows of a rational matrix as the checker reads them."""
    return [[text(x) for x in row] for row in matrix]


def whole(value: int) -> str:
    """An integer as the checker reads it.

    Raises CertificateError when it is longer than 600 digits.
    """
    number = int(value)
    if number != value:
        raise CertificateError(f"{value!r} must be an integer. Multiply by a common denominator.")
    if abs(number) >= _LIMIT:
        raise CertificateError(f"a number has more than the {MAX_DIGITS} digits that certificates allow. Round it.")
    return str(number)


def wholes(value: Any) -> Any:
    """Nested sequences of integers as nested lists of strings."""
    if isinstance(value, Sequence) or hasattr(value, "tolist"):
        return [wholes(x) for x in (value.tolist() if hasattr(value, "tolist") else value)]
    return whole(value)


def image_lists(images: Iterable[Iterable[Any]], indices: int) -> list[list[Any]]:
    """The coefficients of all images as lists: of each, the first entries are indices, the others strings.

    Shapes: `images` (k, N). `images`: sequences of coefficients, or None. `indices`: number of first entries that are
    indices.
    """
    return [[None if image is None else [_term(term, indices) for term in image] for image in row] for row in images]


def _term(term: Sequence[int], indices: int) -> list[Any]:
    return [*map(int, term[:indices]), *map(whole, term[indices:])]
