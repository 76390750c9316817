"""What each command does: one call into the package, one document or text on standard output."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from conservative._core.text import printable

MAX_INPUT_BYTES = 64 * 2**20


def analyze(source: str, **options: Any) -> int:
    """Run `conservative analyze`.

    Parameters
    ----------
    source : str
    options : mapping
        The command's options.

    Returns
    -------
    int
        The exit code.
    """
    from conservative._core.files import check_writable
    from conservative.analysis import Contraction
    from conservative.analysis import analyze as run_analysis
    from conservative.analysis.verdict import proves_contraction
    from conservative.report import FIGURE_ENDINGS, analysis_document, as_json, plot_analysis, render

    target = _certificate_target(source, options)
    check_writable(options["plot"], endings=FIGURE_ENDINGS, inputs=(source,))
    check_writable(target, inputs=(source, options["plot"]))
    problem = _problem(source, options["variables"])
    result = run_analysis(
        problem,
        at=_point(options["at"]),
        kind=options["kind"],
        tolerance=options["tolerance"],
        steps=options["steps"],
        max_length=options["max_length"],
        time_limit=options["time_limit"],
        on_stage=_stages(5),
    )
    written = target if result.certificate is not None else None
    if options["as_json"]:
        click.echo(as_json({**analysis_document(result), "certificate_file": written}))
    else:
        click.echo(render(result, colour=_colour()))
    _save(result.certificate, written or options["certificate"])
    if written and not options["as_json"]:
        again = f"prove it again with: conservative check {written}"
        unproved = result.contraction is Contraction.PROVED and not proves_contraction(result.certificate)
        more = "it does not prove the contraction, for which no certificate was found" if unproved else again
        click.echo(printable(f"  written to {written}; {more}"))
    if options["plot"]:
        _draw(lambda path: plot_analysis(result, path), options)
    if options["require"] == "contraction":
        refuted = result.radius is not None and result.radius.lower >= 1
        return 0 if result.contraction is Contraction.PROVED else 1 if refuted else 3
    return 0


def jsr(source: str, **options: Any) -> int:
    """Run `conservative jsr`.

    Parameters
    ----------
    source : str
    options : mapping

    Returns
    -------
    int
    """
    from conservative._core.files import check_writable
    from conservative.analysis import state_matrices
    from conservative.report import FIGURE_ENDINGS, as_json, plot_radius, radius_document, radius_text
    from conservative.spectral import joint_spectral_radius

    check_writable(options["plot"], endings=FIGURE_ENDINGS, inputs=(source,))
    check_writable(options["certificate"], inputs=(source, options["plot"]))
    family = state_matrices(_problem(source, options["variables"]))
    result = joint_spectral_radius(family, tol=options["tol"], time_limit=options["time_limit"])
    click.echo(as_json(radius_document(result)) if options["as_json"] else radius_text(result))
    _save(result.certificate, options["certificate"])
    if options["plot"]:
        title = "standard input" if source == "-" else source
        _draw(lambda path: plot_radius(family, result, path, title=title), options)
    return 0


def _draw(write: Callable[[str], object], options: dict[str, Any]) -> None:
    """Write a figure, and say so; what cannot be drawn changes no exit code, since the result has been printed."""
    from conservative._core.errors import ArgumentError

    try:
        write(options["plot"])
    except ArgumentError as error:
        click.echo(printable(f"{options['plot']} was not written: {error}"), err=True)
        return
    if not options["as_json"]:
        click.echo(printable(f"  figure written to {options['plot']}"))


def _save(certificate: Any, path: str | None) -> None:
    """Write a certificate where one is asked for, once its result has been printed."""
    if path and certificate is not None:
        certificate.save(path)
    elif path:
        click.echo(printable(f"{path} was not written: no certificate was found."), err=True)


def iterate(source: str, **options: Any) -> int:
    """Run `conservative iterate`.

    Parameters
    ----------
    source : str
    options : mapping

    Returns
    -------
    int
    """
    from conservative._core.files import check_writable
    from conservative.analysis import as_problem, iterated
    from conservative.report import FIGURE_ENDINGS, as_json, plot_trajectory, trajectory_document, trajectory_text

    check_writable(options["plot"], endings=FIGURE_ENDINGS, inputs=(source,))
    problem = as_problem(_problem(source), at=_point(options["at"]))
    trajectory = iterated(problem, steps=options["steps"] or 40, tol=options["tol"], time_limit=options["time_limit"])
    if options["as_json"]:
        click.echo(as_json({"title": problem.title, **trajectory_document(trajectory)}))
    else:
        click.echo(f"{problem.title}\n\n{trajectory_text(trajectory)}")
    if options["plot"]:
        plot_trajectory(trajectory, options["plot"], title=problem.title)
    return 0


def explain(source: str, **options: Any) -> int:
    """Run `conservative explain`.

    Parameters
    ----------
    source : str
    options : mapping

    Returns
    -------
    int
    """
    from conservative._core.errors import ArgumentError
    from conservative.analysis import as_problem
    from conservative.jacobians import explain as explain_ties
    from conservative.report import as_json, explanation_document

    problem = as_problem(_problem(source), at=_point(options["at"]))
    if problem.function is None:
        raise ArgumentError("`conservative explain` needs a function; the source holds matrices only.")
    explanation = explain_ties(problem.function, problem.at)
    click.echo(as_json(explanation_document(explanation)) if options["as_json"] else str(explanation))
    return 0


def check(path: str, **options: Any) -> int:
    """Run `conservative check`.

    Parameters
    ----------
    path : str
    options : mapping

    Returns
    -------
    int
        0 when the certificate proves its claim, 1 when it does not.
    """
    from conservative.analysis.layout import claim_text
    from conservative.certificates import check as check_certificate
    from conservative.certificates import check_text
    from conservative.report import as_json

    verdict = check_text(_standard_input()) if path == "-" else check_certificate(Path(path))
    if options["as_json"]:
        click.echo(as_json({"valid": verdict.valid, "reason": verdict.reason}))
    else:
        click.echo(f"{'valid' if verdict.valid else 'INVALID'}: {claim_text(verdict.reason)}")
    return 0 if verdict.valid else 1


def gallery(name: str | None, **options: Any) -> int:
    """Run `conservative gallery`.

    Parameters
    ----------
    name : str, optional
    options : mapping

    Returns
    -------
    int
    """
    from conservative import gallery as room
    from conservative.report import as_json

    if name is None:
        cases = room.titles()
        if options["as_json"]:
            click.echo(as_json({"cases": [{"name": n, "title": t} for n, t in cases.items()]}))
        else:
            width = max(map(len, cases))
            click.echo("\n".join(f"{n.ljust(width)}  {t}" for n, t in cases.items()))
        return 0
    case = room.load(name)
    facts = {"name": name, "title": case.title, "answer": case.answer, "source": case.source}
    click.echo(as_json(facts) if options["as_json"] else "\n".join(f"{k}: {v}" for k, v in facts.items()))
    return 0


def _problem(source: str, variables: tuple[str, ...] = ()) -> Any:
    """The source itself, or the problem that standard input or the variables of a file hold."""
    from conservative.analysis import as_problem, problem_from_text

    if variables:
        return as_problem(source, variables=variables)
    return source if source != "-" else problem_from_text(_standard_input())


def _standard_input() -> str:
    from conservative._core.errors import FileFormatError

    if sys.stdin is None:
        raise FileFormatError("standard input is closed; name a file instead of `-`.")
    data = sys.stdin.buffer.read(MAX_INPUT_BYTES + 1)
    if len(data) > MAX_INPUT_BYTES:
        raise FileFormatError(f"standard input: larger than the {MAX_INPUT_BYTES:,} bytes that are read.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileFormatError(f"standard input: not UTF-8 text (byte {error.start}).") from error


def _point(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    point = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise click.UsageError(
                f"--at wants NAME=VALUE pairs separated by commas, as in x=0,theta=1/3; got {part!r}."
            )
        if name.strip() in point:
            raise click.UsageError(f"--at names {name.strip()} twice; give each name one value.")
        point[name.strip()] = value.strip()
    return point


def _certificate_target(source: str, options: dict[str, Any]) -> str | None:
    if options["no_certificate"] and options["certificate"] is not None:
        raise click.UsageError("--certificate and --no-certificate exclude each other; give one of them.")
    if options["certificate"] == "":
        raise click.UsageError("--certificate wants the name of a file; got an empty one.")
    if options["no_certificate"]:
        return None
    return options["certificate"] or _default_certificate_name(source)


def _default_certificate_name(source: str) -> str:
    return f"{'stdin' if source == '-' else Path(source).stem}.certificate.json"


def _colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _stages(count: int) -> Callable[[str], None] | None:
    """A line of progress on standard error, once a second has passed, on a terminal only."""
    if not sys.stderr.isatty():
        return None
    start, done = time.monotonic(), [0]

    def show(stage: str) -> None:
        done[0] += 1
        if time.monotonic() - start > 1:
            click.echo(f"[{done[0]}/{count}] {stage} ...", err=True)

    return show
