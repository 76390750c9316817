"""Families with parameters as files: TOML with matrices of expressions and the ranges of their symbols."""

import os
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from conservative._core.errors import ConservativeError, FileFormatError
from conservative._core.printable import one_line
from conservative._core.safe_files import read_text
from conservative._core.toml import parse_toml
from conservative.functions.parametrised import ParametrisedFamily, parametrised_family

MAX_FAMILY_FILE_BYTES = 2**20
"""Largest file that is read, in bytes."""

_MAX_ENTRIES = 10_000
_KEYS = ("title", "matrices", "ranges")


@dataclass(frozen=True, slots=True)
class ParametrisedFile:
    """What a file of a family with parameters holds.

    `title`: empty when the file has none.
    """

    title: str
    family: ParametrisedFamily


def read_parametrised_file(path: str | os.PathLike[str], *, ranges: dict[str, Any] | None = None) -> ParametrisedFile:
    """Read a family with parameters.

    `path`: TOML with the keys `matrices` and `ranges`, and `title`. `ranges`: ranges that replace those of the file.
    Raises FileFormatError when the file is missing, too large, not UTF-8 or not TOML, or a key is unknown, missing or
    of the wrong form.
    """
    return parse_parametrised_text(read_text(path, limit=MAX_FAMILY_FILE_BYTES), name=str(path), ranges=ranges)


def parse_parametrised_text(
    text: str, *, name: str = "standard input", ranges: dict[str, Any] | None = None
) -> ParametrisedFile:
    r"""Read the text of such a file. Expressions go through a whitelist; nothing is executed.

    `name`: named in error messages. `ranges`: ranges that replace those of the file.

    >>> file = parse_parametrised_text('matrices = [[["1 - a"]]]\n[ranges]\na = [0, 2]')
    >>> file.family.names, file.family.ranges
    (('a',), ((Fraction(0, 1), Fraction(2, 1)),))
    """
    # Decimals are kept as written, so that 0.1 is 1/10.
    table = parse_toml(text, name=name, wanted="file of a family", parse_float=str)
    for key in table:
        if key not in _KEYS:
            raise FileFormatError(f"{name}: unknown key {key[:60]!r}; the keys are {', '.join(_KEYS)}.")
    for key in ("matrices", "ranges"):
        if key not in table:
            raise FileFormatError(f"{name}: the key `{key}` is missing.")
    title = table.get("title", "")
    if not isinstance(title, str):
        raise FileFormatError(f"{name}: key `title` needs text.")
    intervals = table["ranges"]
    if not isinstance(intervals, dict):
        raise FileFormatError(f"{name}: key `ranges` needs a table such as {{ alpha = [0, 2] }}.")
    try:
        family = parametrised_family(
            _matrices(table["matrices"], name), ranges={**intervals, **(ranges or {})}, call="counterexample"
        )
    except FileFormatError:
        raise
    except ConservativeError as error:
        raise FileFormatError(f"{name}: {error}") from error
    return ParametrisedFile(one_line(title), family)


def _matrices(given: Any, name: str) -> list[list[list[Any]]]:
    refusal = FileFormatError(
        f"{name}: key `matrices` needs a list of square matrices, each a list of rows of expressions as text or "
        f"numbers, with at most {_MAX_ENTRIES:,} entries in all."
    )
    if not isinstance(given, list) or not given:
        raise refusal
    entries = 0
    for matrix in given:
        if not isinstance(matrix, list) or not matrix or not all(isinstance(row, list) for row in matrix):
            raise refusal
        for row in matrix:
            entries += len(row)
            if entries > _MAX_ENTRIES or not all(isinstance(x, (str, int)) and not isinstance(x, bool) for x in row):
                raise refusal
    return [[[x if isinstance(x, str) else Fraction(x) for x in row] for row in matrix] for matrix in given]
