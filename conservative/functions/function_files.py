"""Function files: TOML with state, parameters, F as text, and optionally a point and a starting set."""

import os
import unicodedata
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import sympy

from conservative._core.errors import (
    ArgumentError,
    ArgumentTypeError,
    DiscontinuityError,
    FileFormatError,
    FunctionError,
)
from conservative._core.printable import one_line, printable
from conservative._core.rationals import as_fraction
from conservative._core.result_lines import result_line
from conservative._core.safe_files import read_text
from conservative._core.toml import parse_toml
from conservative.functions.expressions.source_lines import Origin, component_lines
from conservative.functions.expressions.text_reader import RESERVED
from conservative.functions.expressions.variable_names import is_name, split_names
from conservative.functions.from_sympy import build
from conservative.functions.selection import PiecewiseSelection

MAX_FUNCTION_FILE_BYTES = 2**20
"""Largest function file that is read, in bytes."""

MAX_SYMBOLS = 1_000
MAX_NAME_LENGTH = 64

_KEYS = ("title", "state", "parameters", "F", "at", "initial")
_REQUIRED = ("state", "F")

InitialSet = tuple[tuple[tuple[Fraction, ...], ...], ...]
"""Matrices of shape (p, m) as nested tuples of rows."""


@dataclass(frozen=True, slots=True)
class FunctionFile:
    """What a function file holds.

    Parameters
    ----------
    title : str
        Empty when the file has none.
    function : PiecewiseSelection
    at : mapping of name to int, float or Fraction, or None
        The point, as written: a float makes it a float point, a rational string stays exact.
    initial : tuple of matrices of Fraction, or None
        X_0 as a list of p × m matrices.
    """

    title: str
    function: PiecewiseSelection
    at: dict[str, Any] | None
    initial: InitialSet | None

    def __repr__(self) -> str:
        return result_line(
            self,
            *([repr(self.title)] if self.title else []),
            repr(self.function),
            "no point" if self.at is None else "at " + ", ".join(f"{name} = {x}" for name, x in self.at.items()),
        )


def read_function(path: str | os.PathLike[str]) -> PiecewiseSelection:
    """The function that a TOML file describes.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    PiecewiseSelection

    Raises
    ------
    FileFormatError, FunctionError, DiscontinuityError
        As `read_function_file`.
    """
    return read_function_file(path).function


def read_function_file(path: str | os.PathLike[str]) -> FunctionFile:
    """Read a function file whole: title, function, point and starting set.

    The text of F is read by a whitelist; nothing in the file is executed.

    Parameters
    ----------
    path : path-like
        TOML with the keys `state` and `F` (required), `title`, `parameters`, `at` and `initial`.

    Returns
    -------
    FunctionFile

    Raises
    ------
    FileFormatError
        When the file is missing, too large, not UTF-8 or not TOML, or a key is unknown, missing or of the wrong form.
    FunctionError, DiscontinuityError
        When F cannot be read as a continuous piecewise smooth function; file and component are named.
    """
    return parse_function_text(read_text(path, limit=MAX_FUNCTION_FILE_BYTES), name=str(path))


def parse_function_text(text: str, *, name: str = "standard input") -> FunctionFile:
    """Read the text of a function file, as `read_function_file` does.

    `name`: named in error messages. Raises FileFormatError, FunctionError, DiscontinuityError as `read_function_file`.
    """
    table = parse_toml(text, name=name, wanted="function file")
    reader = _FileReader(name, table)
    reader.check_keys()
    state, parameters = reader.names("state"), reader.names("parameters")
    function = reader.function(state, parameters)
    origin = Origin(printable(name), component_lines(text, len(function.expressions)))
    function = replace(function, origin=origin)
    return FunctionFile(
        title=reader.title(),
        function=function,
        at=reader.point((*state, *parameters)),
        initial=reader.initial(len(state), len(parameters)),
    )


@dataclass(frozen=True, slots=True)
class _FileReader:
    path: str
    table: dict[str, Any]

    def _refuse(self, key: str, wanted: str, got: Any) -> FileFormatError:
        return FileFormatError(f"{self.path}: key `{key}` needs {wanted}; got {str(got)[:60]!r}.")

    def check_keys(self) -> None:
        for key in self.table:
            if key not in _KEYS:
                raise FileFormatError(f"{self.path}: unknown key {key[:60]!r}; the keys are {', '.join(_KEYS)}.")
        for key in _REQUIRED:
            if key not in self.table:
                raise FileFormatError(f"{self.path}: the key `{key}` is missing.")

    def title(self) -> str:
        title = self.table.get("title", "")
        if not isinstance(title, str):
            raise self._refuse("title", "text", title)
        return one_line(title)

    def names(self, key: str) -> tuple[str, ...]:
        given = self.table.get(key, [])
        if isinstance(given, str):
            given = split_names(given)
        if not isinstance(given, list) or (key == "state" and not given) or len(given) > MAX_SYMBOLS:
            raise self._refuse(key, f"a list of 1 to {MAX_SYMBOLS} names", given)
        for name in given:
            usable = isinstance(name, str) and is_name(name) and len(name) <= MAX_NAME_LENGTH
            if not usable or unicodedata.normalize("NFKC", name) in RESERVED:
                raise self._refuse(
                    key,
                    "names of letters, digits and underscores that are not functions, constants or Python keywords",
                    name,
                )
        return tuple(given)

    def function(self, state: tuple[str, ...], parameters: tuple[str, ...]) -> PiecewiseSelection:
        components = self.table["F"]
        if isinstance(components, str):
            components = [components]
        if not isinstance(components, list) or not all(isinstance(c, str) for c in components):
            raise self._refuse("F", "a list of expressions as text", components)
        if len(components) != len(state):
            raise FileFormatError(
                f"{self.path}: key `F` needs one expression for each of the {len(state)} state variables; "
                f"got {len(components)}."
            )
        try:
            return build(
                components,
                state=[sympy.Symbol(n) for n in state],
                parameters=[sympy.Symbol(n) for n in parameters],
                call="read_function",
            )
        except DiscontinuityError as error:
            raise DiscontinuityError(f"{self.path}: {error}") from error
        except FunctionError as error:
            raise FunctionError(f"{self.path}: {error}") from error
        except ArgumentError as error:
            raise FileFormatError(f"{self.path}: {error}") from error

    def point(self, names: tuple[str, ...]) -> dict[str, Any] | None:
        given = self.table.get("at")
        if given is None:
            return None
        if not isinstance(given, dict):
            raise self._refuse("at", 'a table such as { x = 0, theta = "1/3" }', given)
        for name in given:
            if name not in names:
                raise FileFormatError(
                    f"{self.path}: key `at`: unknown symbol {name[:60]!r}; the known ones are {', '.join(names)}."
                )
        missing = [name for name in names if name not in given]
        if missing:
            raise FileFormatError(f"{self.path}: key `at` has no value for {', '.join(missing)}.")
        return {name: self._number(f"at.{name}", given[name], keep_float=True) for name in names}

    def initial(self, rows: int, columns: int) -> InitialSet | None:
        given = self.table.get("initial")
        if given is None:
            return None
        wanted = f"a nonempty list of {rows} × {columns} matrices, each a list of rows"
        if not isinstance(given, list) or not given:
            raise self._refuse("initial", wanted, given)
        for position, matrix in enumerate(given):
            shaped = isinstance(matrix, list) and len(matrix) == rows
            if not shaped or not all(isinstance(r, list) and len(r) == columns for r in matrix):
                raise self._refuse(f"initial[{position}]", wanted, matrix)
        return tuple(
            tuple(tuple(self._number(f"initial[{i}]", x, keep_float=False) for x in row) for row in matrix)
            for i, matrix in enumerate(given)
        )

    def _number(self, key: str, value: Any, *, keep_float: bool) -> Any:
        if isinstance(value, (list, dict)):
            raise self._refuse(key, 'a number or a rational such as "1/3"', value)
        try:
            exact = as_fraction(value)
        except (ArgumentError, ArgumentTypeError) as error:
            raise FileFormatError(f"{self.path}: key `{key}`: {error}") from error
        return float(value) if keep_float and isinstance(value, float) else exact
