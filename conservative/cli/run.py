"""What each command does: one call into the package, one document or text on standard output."""

import contextlib
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from conservative._core.printable import printable
from conservative.cli.output import after_the_result, emit, note, standard_input
from conservative.cli.source import asks_to_solve, require_steps, subject_at_point

_SECONDS, _SOLVED_SECONDS = 60.0, 15.0
"""Limits of an analysis: of a few matrices, and of an algorithm's, where brackets narrow slowly."""


def analyze(source: str, **options: Any) -> int:
    """Run `conservative analyze`.

    `options`: the command's options. Returns: the exit code.
    """
    from conservative._core.safe_files import check_writable
    from conservative.analysis import ContractionOutcome
    from conservative.analysis import analyze as run_analysis
    from conservative.plots import FIGURE_ENDINGS, plot_analysis
    from conservative.report import analysis_document, render

    target = _certificate_target(source, options)
    check_writable(options["plot"], endings=FIGURE_ENDINGS, inputs=(source,))
    with _naming_the_way_out(options):
        check_writable(target, inputs=(source, options["plot"]))
    subject = subject_at_point(source, options)
    require_steps(subject, options)
    result = run_analysis(
        subject,
        kind=options["kind"] or "program",
        steps=options["steps"],
        max_length=options["max_length"],
        time_limit=options["time_limit"] or (_SOLVED_SECONDS if asks_to_solve(options) else _SECONDS),
        on_stage=_stages(5),
    )
    written = target if result.certificate is not None else None
    emit(
        lambda: {**analysis_document(result), "certificate_file": written},
        lambda: render(result, colour=_colour(), certificate=target is not None),
        as_json=options["as_json"],
    )
    with after_the_result():
        _save(result.certificate, written or options["certificate"])
        if written and not options["as_json"]:
            again = f"prove it again with: conservative check {shlex.quote(written)}"
            click.echo(printable(f"  written to {written}; {again}"))
        if options["plot"]:
            _draw(lambda path: plot_analysis(result, path), options)
    if options["require"] == "contraction":
        refuted = result.radius is not None and result.radius.lower >= 1
        return 0 if result.contraction is ContractionOutcome.PROVED else 1 if refuted else 3
    return 0


def jsr(source: str, **options: Any) -> int:
    """Run `conservative jsr`."""
    from conservative._core.safe_files import check_writable
    from conservative.analysis import state_matrices
    from conservative.plots import FIGURE_ENDINGS, plot_radius
    from conservative.report import radius_document, radius_text
    from conservative.spectral import joint_spectral_radius

    check_writable(options["plot"], endings=FIGURE_ENDINGS, inputs=(source,))
    check_writable(options["certificate"], inputs=(source, options["plot"]))
    family = state_matrices(subject_at_point(source, options), kind=options["kind"] or "program")
    result = joint_spectral_radius(family, tol=options["tol"], time_limit=options["time_limit"])
    emit(lambda: radius_document(result), lambda: radius_text(result), as_json=options["as_json"])
    with after_the_result():
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
        note(f"{options['plot']} was not written: {error}")
        return
    if not options["as_json"]:
        click.echo(printable(f"  figure written to {options['plot']}"))


def _save(certificate: Any, path: str | None) -> None:
    """Write a certificate where one is asked for, once its result has been printed."""
    if path and certificate is not None:
        certificate.save(path)
    elif path:
        note(f"{path} was not written: no certificate was found.")


def iterate(source: str, **options: Any) -> int:
    """Run `conservative iterate`."""
    from conservative._core.safe_files import check_writable
    from conservative.analysis import iterated
    from conservative.plots import FIGURE_ENDINGS, plot_trajectory
    from conservative.report import trajectory_document, trajectory_text

    check_writable(options["plot"], endings=FIGURE_ENDINGS, inputs=(source,))
    subject = subject_at_point(source, options)
    trajectory = iterated(
        subject,
        kind=options["kind"] or "program",
        steps=options["steps"] or 40,
        tol=options["tol"],
        time_limit=options["time_limit"],
    )
    emit(
        lambda: {"title": subject.title, **trajectory_document(trajectory)},
        lambda: f"{subject.title}\n\n{trajectory_text(trajectory)}",
        as_json=options["as_json"],
    )
    if options["plot"]:
        with after_the_result():
            _draw(lambda path: plot_trajectory(trajectory, path, title=subject.title), options)
    return 0


def explain(source: str, **options: Any) -> int:
    """Run `conservative explain`."""
    from conservative._core.errors import ArgumentError
    from conservative._core.families.readers import SUFFIXES
    from conservative.jacobians import explain as explain_ties
    from conservative.report import explanation_document

    if Path(source).suffix.lower() in SUFFIXES and not asks_to_solve(options):
        raise ArgumentError(f"`conservative explain` needs a function; {source} holds matrices only.")
    subject = subject_at_point(source, options)
    if subject.function is None:
        raise ArgumentError("`conservative explain` needs a function; the source holds matrices only.")
    explanation = explain_ties(subject.function, subject.at, tolerance=subject.tolerance)
    emit(lambda: explanation_document(explanation), lambda: str(explanation), as_json=options["as_json"])
    return 0


def check(path: str, **options: Any) -> int:
    """Run `conservative check`.

    Returns: 0 when the certificate proves its claim, 1 when it does not.
    """
    from conservative.analysis.layout import claim_text
    from conservative.certificates import check as check_certificate
    from conservative.certificates import check_text

    verdict = check_text(standard_input()) if path == "-" else check_certificate(Path(path))
    emit(
        lambda: {"valid": verdict.valid, "reason": verdict.reason},
        lambda: f"valid: {claim_text(verdict.reason)}" if verdict.valid else f"INVALID: {verdict.reason}",
        as_json=options["as_json"],
    )
    return 0 if verdict.valid else 1


def gallery(name: str | None, **options: Any) -> int:
    """Run `conservative gallery`."""
    from conservative import gallery as room

    if name is None:
        cases = room.titles()
        width = max(map(len, cases))
        emit(
            lambda: {"cases": [{"name": n, "title": t} for n, t in cases.items()]},
            lambda: "\n".join(f"{n.ljust(width)}  {t}" for n, t in cases.items()),
            as_json=options["as_json"],
        )
        return 0
    case = room.load(name)
    facts = {"name": name, "title": case.title, "answer": case.answer, "source": case.source}
    emit(lambda: facts, lambda: "\n".join(f"{k}: {v}" for k, v in facts.items()), as_json=options["as_json"])
    return 0


@contextlib.contextmanager
def _naming_the_way_out(options: dict[str, Any]) -> Iterator[None]:
    """Who did not ask for a certificate is told how to have none."""
    from conservative._core.errors import FileFormatError

    try:
        yield
    except FileFormatError as error:
        if options["certificate"] is not None:
            raise
        raise FileFormatError(
            f"{error} This is where the certificate goes: name another file with --certificate, or write none with "
            "--no-certificate."
        ) from error


def _certificate_target(source: str, options: dict[str, Any]) -> str | None:
    if options["no_certificate"] and options["certificate"] is not None:
        raise click.UsageError("--certificate and --no-certificate exclude each other; give one of them.")
    if options["certificate"] == "":
        raise click.UsageError("--certificate wants the name of a file; got an empty one.")
    if options["no_certificate"]:
        return None
    return options["certificate"] or _default_certificate_name(source)


def _default_certificate_name(source: str) -> str:
    return f"{'stdin' if source == '-' else Path(source).stem.replace(':', '-')}.certificate.json"


def _colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _stages(count: int) -> Callable[[str], None]:
    """A line of progress on standard error, once a second has passed, on a terminal only; after a Ctrl-C, the end."""
    start, done, watched = time.monotonic(), [0], sys.stderr.isatty()
    interrupted = click.get_current_context().obj

    def show(stage: str) -> None:
        if interrupted():
            raise KeyboardInterrupt
        done[0] += 1
        if watched and time.monotonic() - start > 1:
            click.echo(f"[{done[0]}/{count}] {stage} ...", err=True)

    return show
