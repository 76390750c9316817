"""What `conservative counterexample` does: one search, its certificate, its program and its map."""

from pathlib import Path
from typing import Any

import click


def run_counterexample(source: str, **options: Any) -> int:
    """Run `conservative counterexample`.

    Parameters
    ----------
    source : str
    options : mapping
        The command's options.

    Returns
    -------
    int
        0 when a counterexample was found, 3 when none was.
    """
    from conservative._core.errors import BudgetError
    from conservative._core.files import check_writable, write_atomically
    from conservative.report import as_json, counterexample_document
    from conservative.spectral.counterexamples import counterexample

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
        click.echo(
            as_json({"title": title, "found": False, "reason": str(error)}) if options["as_json"] else str(error)
        )
        return 3
    document = {"title": title, "found": True, **counterexample_document(found)}
    click.echo(as_json(document) if options["as_json"] else f"{title}\n\n{found}")
    if options["script"]:
        write_atomically(options["script"], found.script(options["kind"]).encode("utf-8"))
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
    from conservative.functions.parametrised import parametrised_family
    from conservative.functions.parametrised_files import read_parametrised_file

    if Path(source).suffix.lower() == ".toml":
        file = read_parametrised_file(source, ranges=ranges)
        return file.title or Path(source).name, file.family
    case = gallery.parametrised(source)
    family = parametrised_family(case.matrices, ranges={**case.ranges, **ranges}, call="counterexample")
    return case.title, family


def _require_plane(family: Any) -> None:
    from conservative._core.errors import ArgumentError

    if sum(a < b for a, b in family.ranges) < 2:
        raise ArgumentError("`--plot` maps two parameters; only one has room to vary here. Leave it out.")


def _draw(family: Any, found: Any, options: dict[str, Any]) -> None:
    """The map of the first two parameters that vary, the others as in the counterexample."""
    from conservative.report import plot_counterexample_map
    from conservative.spectral.counterexamples import counterexample_map

    free = [name for name, (a, b) in zip(family.names, family.ranges, strict=True) if a < b][:2]
    ranges = {
        name: ends if name in free else (found.parameters[name], found.parameters[name])
        for name, ends in zip(family.names, family.ranges, strict=True)
    }
    plane = counterexample_map(
        family.within(ranges), max_length=options["max_length"], time_limit=options["time_limit"]
    )
    plot_counterexample_map(plane, options["plot"])
