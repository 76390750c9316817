"""The input of `analyze`: names, files, functions, blocks or matrices come in, one `Subject` goes out."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conservative import gallery
from conservative._core.errors import ArgumentError, FileFormatError
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative._core.families.readers import SUFFIXES, parse_family_json, read_family
from conservative._core.printable import one_line
from conservative._core.result_lines import count, result_line
from conservative.analysis.on_a_problem import case_by_algorithm
from conservative.functions import StateMap, parse_function_text, read_function_file
from conservative.jacobians import JacobianSet, JacobianZonotope
from conservative.jacobians.jacobian_zonotope import MAX_LISTED_TIES

_TABLE = re.compile(r"""\[{1,2}[ \t]*[A-Za-z_"'][\w."' \t-]*\]""")
"""The head of a table, with which a TOML file may begin as a JSON family does: with a bracket."""

_LONGEST_NAME = 200
"""Longest name, in characters, that could be a case of the gallery."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What `analyze` works on; exactly one of `function`, `jacobian` and `family` is set.

    Parameters
    ----------
    title : str
        One line for the head of the report.
    function : StateMap, optional
        The update F(x, θ).
    at : mapping or sequence, optional
        The point, for a function.
    jacobian : JacobianSet or JacobianZonotope, optional
        A set of blocks [A B].
    family : MatrixFamily, optional
        Square matrices alone.
    initial : nested sequence of shape (k, p, m), optional
        A first set X_0 of derivatives.
    source, answer : str
        Of a published case; empty otherwise.
    tolerance : float, optional
        For ties, and for F(x, θ) = x, at a floating-point point; 1e-9 unless given.
    """

    title: str
    function: StateMap | None = None
    at: Any = None
    jacobian: JacobianSet | JacobianZonotope | None = None
    family: MatrixFamily | None = None
    initial: Any = None
    source: str = ""
    answer: str = ""
    tolerance: float | None = None

    def __repr__(self) -> str:
        given = {"at": self.at, "initial": self.initial}
        known = (x for x in (self.function, self.jacobian, self.family) if x is not None)
        return result_line(self, repr(self.title), *map(repr, known), *(k for k, x in given.items() if x is not None))

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", one_line(self.title))


def as_subject(
    source: Any,
    *,
    at: Any = None,
    initial: Any = None,
    tolerance: float | None = None,
    variables: Sequence[str] = (),
) -> Subject:
    """Read what is analysed from a gallery name, a file, or an object of the package.

    Shapes: `initial` (k, p, m). `source`: a string is a gallery name, or else the path of a file. `at`: the point;
    overrides the one that the source names. `initial`: x_0; overrides the one that the source names. `tolerance`: for
    ties, and for F(x, θ) = x, at a floating-point point. `variables`: which variables of an .npz or .mat file are the
    family: needed only where several can be. Raises ArgumentError for an unknown name or file type, and for a function
    without a point. Raises FileFormatError for an unreadable file.
    """
    subject = _read(source, variables)
    if at is not None:
        if subject.function is None:
            raise ArgumentError("`analyze(at=...)` needs a function; the source holds matrices only. Leave `at` out.")
        subject = replace(subject, at=at)
    if initial is not None:
        subject = replace(subject, initial=initial)
    if tolerance is not None:
        subject = replace(subject, tolerance=tolerance)
    if subject.function is not None and subject.at is None:
        raise ArgumentError(
            "`analyze(at=...)` needs the point at which to take derivatives: a value for every state and parameter. "
            'Write `at = { x = 0, theta = "1/3" }` in the function file, or pass `at`.'
        )
    return subject


def _read(source: Any, variables: Sequence[str]) -> Subject:
    if isinstance(source, str) and source in gallery.names():
        source = gallery.load(source)
    if variables and not isinstance(source, (str, os.PathLike)):
        raise ArgumentError("`as_subject(variables=...)` needs the name of an .npz or .mat file. Leave it out.")
    if isinstance(source, (str, os.PathLike)):
        return _read_file(os.fspath(source), variables)
    if isinstance(source, Subject):
        return source
    if isinstance(source, gallery.ProblemCase):
        source = case_by_algorithm(source)
    if isinstance(source, gallery.FunctionCase):
        return Subject(
            source.title, source.function, source.at, None, None, source.initial, source.source, source.answer
        )
    if isinstance(source, gallery.BlocksCase):
        return Subject(
            source.title, jacobian=source.jacobian, initial=source.initial, source=source.source, answer=source.answer
        )
    if isinstance(source, gallery.FamilyCase):
        return Subject(source.title, family=source.family, source=source.source, answer=source.answer)
    if isinstance(source, StateMap):
        title = getattr(source, "title", "") or "a function of the user's"
        return Subject(title, function=source, at=getattr(source, "at", None))
    if isinstance(source, JacobianZonotope):
        few = source.tie_count <= MAX_LISTED_TIES
        return Subject("given Jacobian blocks", jacobian=source.listed() if few else source)
    if isinstance(source, JacobianSet):
        return Subject("a set of Jacobian blocks [A B]", jacobian=source)
    family = as_family(source, call="analyze", argument="source")
    return Subject(_size(family), family=family)


def _read_file(name: str, variables: Sequence[str]) -> Subject:
    suffix = Path(name).suffix.lower()
    if suffix == ".toml" and not variables:
        file = read_function_file(name)
        return Subject(file.title or Path(name).name, function=file.function, at=file.at, initial=file.initial)
    if suffix in SUFFIXES:
        family = read_family(name, variables=variables)
        return Subject(f"{Path(name).name}: {_size(family)}", family=family)
    if not suffix and len(name) <= _LONGEST_NAME and not Path(name).exists():
        gallery.load(name)
    raise ArgumentError(
        f"{name[:_LONGEST_NAME]}: neither a case of the gallery nor a file of a known type. "
        f"A function file ends in .toml, a family of matrices in {', '.join(SUFFIXES)}."
    )


def _size(family: MatrixFamily) -> str:
    return f"{count(family.count, 'matrix')} of order {family.size}"


def subject_from_text(text: str) -> Subject:
    """What is analysed, from standard input: a JSON family of matrices, or else a TOML function file.

    Raises FileFormatError, ArgumentError when the text is neither.
    """
    start = text.lstrip()
    if start.startswith(("[", "{")) and not _TABLE.match(start):
        family = parse_family_json(text)
        return Subject(_size(family), family=family)
    try:
        file = parse_function_text(text)
    except FileFormatError as error:
        if "not a TOML" not in str(error):
            raise
        raise FileFormatError(
            f"{error} A JSON family begins with a bracket; other kinds are read from files."
        ) from error
    return Subject(file.title or "standard input", function=file.function, at=file.at, initial=file.initial)
