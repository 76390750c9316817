"""SOURCE and the options beside it: what they name is read, built or imported, at its point."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from conservative.cli.output import standard_input

_DECIMAL = re.compile(r"[+-]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d+)?", re.ASCII)


def subject_at_point(source: str, options: dict[str, Any]) -> Any:
    """What a gallery name, a file or standard input holds, at the point and tolerance of the options."""
    from conservative._core.errors import ArgumentError
    from conservative.analysis import as_subject, subject_from_text

    named, at = _solved(source, options) if asks_to_solve(options) else _program(source, options)
    variables = () if asks_to_solve(options) else options.get("variables", ())
    if source == "-" and variables:
        raise click.UsageError("--variable names a variable of an .npz or .mat file; standard input has none.")
    held = subject_from_text(standard_input()) if source == "-" else named
    subject = as_subject(held, at=at, tolerance=options["tolerance"], variables=variables)
    for name in ("kind", "tolerance"):
        if subject.function is None and options.get(name) is not None:
            raise ArgumentError(
                f"--{name} is about the Jacobian of a function, and {source} holds matrices only. Leave it out."
            )
    return subject


def asks_to_solve(options: dict[str, Any]) -> bool:
    """Whether an option names an algorithm or a problem."""
    return any(options.get(name) for name in ("problem", "algorithm", "settings"))


def _solved(source: str, options: dict[str, Any]) -> tuple[Any, Any]:
    """An algorithm on a problem of the gallery, or on arrays of a file, at its solution."""
    from conservative import gallery
    from conservative.analysis.on_a_problem import arrays_by_algorithm, case_by_algorithm, read_arrays

    if options.get("library") is not None:
        raise click.UsageError(
            "--library is for a program, MODULE:FUNCTION; --algorithm and --problem name no program."
        )
    theta = _point(options["at"], in_doubles=options["tolerance"] is not None)
    settings = _pairs(options["settings"], "--setting", "step=1/10")
    if not options["problem"]:
        return case_by_algorithm(
            gallery.load_problem(source), options["algorithm"], settings=settings, theta=theta
        ), None
    if not options["algorithm"]:
        raise click.UsageError("--problem needs --algorithm NAME, the algorithm that solves it.")
    arrays = read_arrays(source, variables=options.get("variables", ()))
    made = arrays_by_algorithm(
        arrays, options["problem"], options["algorithm"], settings=settings, theta=theta,
        title=f"{options['problem']} of {Path(source).name}",
    )  # fmt: skip
    return made, None


def _program(source: str, options: dict[str, Any]) -> tuple[Any, Any]:
    """What a source stands for, and the point in words: "module:function" is imported, its .npz point with it."""
    from conservative.analysis.user_code import load_program, names_a_program

    in_file = options["at"] if options["at"] and options["at"].lower().endswith(".npz") else None
    at = None if in_file else _point(options["at"], in_doubles=options["tolerance"] is not None)
    if names_a_program(source):
        return load_program(source, point=in_file, library=options.get("library")), at
    for option, value in (("--at POINT.npz", in_file), ("--library", options.get("library"))):
        if value is not None:
            raise click.UsageError(f"{option} is for a program, MODULE:FUNCTION; {source} is none.")
    return source, at


def require_steps(subject: Any, options: dict[str, Any]) -> None:
    """Refuse --steps where nothing is iterated."""
    from conservative._core.errors import ArgumentError

    if options["steps"] is not None and subject.family is not None:
        raise ArgumentError(
            "--steps is about the set of derivatives by a parameter, and square matrices have none. Leave it out."
        )


def _point(text: str | None, *, in_doubles: bool) -> dict[str, str | float] | None:
    """The point: exact as it stands, or, where a tolerance is asked for, with decimals as doubles."""
    if text is None:
        return None
    point = _pairs(text.split(","), "--at", "x=0,theta=1/3")
    return {name: float(value) if in_doubles and _DECIMAL.fullmatch(value) else value for name, value in point.items()}


def _pairs(parts: Iterable[str], option: str, example: str) -> dict[str, str]:
    """Names and values of parts NAME=VALUE, each name once."""
    found: dict[str, str] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise click.UsageError(
                f"{option} wants NAME=VALUE{' pairs separated by commas' * (option == '--at')}, as in {example}; got "
                f"{part!r}."
            )
        if name.strip() in found:
            raise click.UsageError(f"{option} names {name.strip()} twice; give each name one value.")
        found[name.strip()] = value.strip()
    return found
