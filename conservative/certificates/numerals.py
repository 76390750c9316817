"""Numbers as certificates hold them: rationals and integers as strings, indices as plain integers."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from conservative._core.errors import CertificateError
from conservative.certificates.checker.values import MAX_DIGITS

_LIMIT = 10**MAX_DIGITS


def edge_lists(edges: Iterable[Sequence[int]]) -> list[list[int]]:
    """The edges of a graph as lists of plain integers.

    Parameters
    ----------
    edges : iterable of (from, to, letter)

    Returns
    -------
    list of list of int
    """
    return [[int(u), int(v), int(letter)] for u, v, letter in edges]


def text(value: Any) -> str:
    """A rational as the checker reads it.

    Parameters
    ----------
    value : Fraction or int

    Returns
    -------
    str

    Raises
    ------
    CertificateError
        When a numerator or denominator is longer than 600 digits.
    """
    number = Fraction(value)
    if max(abs(number.numerator), number.denominator) >= _LIMIT:
        raise CertificateError(f"a number has more than the {MAX_DIGITS} digits that certificates allow. Round it.")
    return str(number)


def texts(matrix: Iterable[Iterable[Any]]) -> list[list[str]]:
    """The rows of a rational matrix as the checker reads them.

    Parameters
    ----------
    matrix : iterable of rows

    Returns
    -------
    list of list of str
    """
    return [[text(x) for x in row] for row in matrix]


def whole(value: int) -> str:
    """An integer as the checker reads it.

    Parameters
    ----------
    value : int

    Returns
    -------
    str

    Raises
    ------
    CertificateError
        When it is longer than 600 digits.
    """
    number = int(value)
    if number != value:
        raise CertificateError(f"{value!r} must be an integer. Multiply by a common denominator.")
    if abs(number) >= _LIMIT:
        raise CertificateError(f"a number has more than the {MAX_DIGITS} digits that certificates allow. Round it.")
    return str(number)


def wholes(value: Any) -> Any:
    """Nested sequences of integers as nested lists of strings.

    Parameters
    ----------
    value : int, or nested sequence or array of int

    Returns
    -------
    str or nested list of str
    """
    if isinstance(value, Sequence) or hasattr(value, "tolist"):
        return [wholes(x) for x in (value.tolist() if hasattr(value, "tolist") else value)]
    return whole(value)


def image_lists(images: Iterable[Iterable[Any]], indices: int) -> list[list[Any]]:
    """The coefficients of all images as lists: of each, the first entries are indices, the others strings.

    Parameters
    ----------
    images : nested iterable of shape (k, N)
        Sequences of coefficients, or None.
    indices : int
        Number of first entries that are indices.

    Returns
    -------
    nested list
    """
    return [[None if image is None else [_term(term, indices) for term in image] for image in row] for row in images]


def _term(term: Sequence[int], indices: int) -> list[Any]:
    return [*map(int, term[:indices]), *map(whole, term[indices:])]
