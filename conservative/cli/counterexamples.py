"""The command `conservative counterexample`: one search; its report, certificate, program and map go out."""

from pathlib import Path
from typing import Any

import click

from conservative.cli.output import after_the_result, emit, standard_input


def run_counterexample(source: str, **options: Any) -> int:
    """Run `conservative counterexample`."""
    from conservative._core.errors import BudgetError
    from conservative._core.safe_files import check_writable, write_atomically
    from conservative.report import counterexample_document
    from conservative.spectral.counterexamples import counterexample

    if options["kind"] is not None and options["script"] is None:
        raise click.UsageError("--kind is about the program that --script writes. Leave it out, or name a file for it.")
    check_writable(options["plot"], endings=(".png", ".pdf", ".svg"), inputs=(source,))
    check_writable(options["script"], inputs=(source, options["plot"]))
    check_writable(options["certificate"], inputs=(source, options["plot"], options["script"]))
    title, family = _family(source, _ranges(options["ranges"]))
    if options["plot"]:
        _require_plane(family)
    try:
        found = counterexample(
            family,
            objective=options["objective"],
            max_length=options["max_length"],
            converges=options["converges"],
            time_limit=options["time_limit"],
        )
    except BudgetError as error:
        reason = str(error)
        emit(lambda: {"title": title, "found": False, "reason": reason}, lambda: reason, as_json=options["as_json"])
        return 3
    emit(
        lambda: {"title": title, "found": True, **counterexample_document(found)},
        lambda: f"{title}\n\n{found}",
        as_json=options["as_json"],
    )
    with after_the_result():
        if options["script"]:
            write_atomically(options["script"], found.script(options["kind"] or "numpy").encode("utf-8"))
        if options["certificate"]:
            found.certificate.save(options["certificate"])
        if options["plot"]:
            _draw(family, found, options)
    return 0


def _ranges(given: tuple[str, ...]) -> dict[str, Any]:
    ranges: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        ends = [end.strip() for end in value.split(":")]
        if not equals or not name.strip() or len(ends) > 2 or not all(ends):
            raise click.UsageError(f"--range wants NAME=LOWER:UPPER or NAME=VALUE, as in alpha=0:3/2; got {text!r}.")
        ranges[name.strip()] = ends if len(ends) == 2 else ends[0]
    return ranges


def _family(source: str, ranges: dict[str, Any]) -> tuple[str, Any]:
    """The title and the family, with the ranges of the command line in place of its own."""
    from conservative import gallery
    from conservative._core.errors import ArgumentError
    from conservative.functions.parametrised import parametrised_family
    from conservative.functions.parametrised_files import parse_parametrised_text, read_parametrised_file

    if source == "-":
        file = parse_parametrised_text(standard_input(), ranges=ranges)
        return file.title or "standard input", file.family
    if Path(source).suffix.lower() == ".toml":
        file = read_parametrised_file(source, ranges=ranges)
        return file.title or Path(source).name, file.family
    if Path(source).exists():
        raise ArgumentError(f"{source}: a file of matrices with parameters ends in .toml; this one does not.")
    case = gallery.parametrised(source)
    family = parametrised_family(case.matrices, ranges={**case.ranges, **ranges}, call="counterexample")
    return case.title, family


def _require_plane(family: Any) -> None:
    from conservative._core.errors import ArgumentError

    if sum(a < b for a, b in family.ranges) < 2:
        raise ArgumentError("`--plot` maps two parameters; only one has room to vary here. Leave it out.")


def _draw(family: Any, found: Any, options: dict[str, Any]) -> None:
    """The map of the first two parameters that vary, the others as in the counterexample.

    Ranges that were not asked for are cut to where every matrix is stable: elsewhere the question does not arise.
    """
    from conservative.plots import plot_counterexample_map
    from conservative.spectral.counterexamples import counterexample_map

    free = [name for name, (a, b) in zip(family.names, family.ranges, strict=True) if a < b][:2]
    ranges = {
        name: ends if name in free else (found.parameters[name], found.parameters[name])
        for name, ends in zip(family.names, family.ranges, strict=True)
    }
    given = _ranges(options["ranges"])
    plane = counterexample_map(family.within(ranges), resolution=32, max_length=1, time_limit=options["time_limit"])
    shown = plane.stable_ranges()
    ranges.update({name: ends for name, ends in zip(plane.names, shown, strict=True) if name not in given})
    plane = counterexample_map(
        family.within(ranges), max_length=options["max_length"], time_limit=options["time_limit"]
    )
    plot_counterexample_map(plane, options["plot"])
