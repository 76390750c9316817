"""`conservative experiment`: one experiment, its table, its claims and its figure."""

import sys
import time
from collections.abc import Callable
from typing import Any

import click

from conservative.cli.output import after_the_result, emit, note


def run_experiment(name: str | None, **options: Any) -> int:
    """Run `conservative experiment`.

    Returns: 0 when every claim held, 1 when one did not, 3 when the run was interrupted.
    """
    from conservative import experiments
    from conservative._core.safe_files import check_writable

    if name is None or options["listed"]:
        return _list(experiments.titles(), as_json=options["as_json"])
    check_writable(options["plot"], endings=(".pdf", ".png", ".svg"))
    check_writable(options["table"], endings=(".csv", ".json"), inputs=(options["plot"],))
    found = experiments.run(name, rng=options["seed"], full=options["full"], progress=_progress())
    emit(found.document, lambda: str(found), as_json=options["as_json"])
    with after_the_result():
        if options["table"]:
            found.save(options["table"])
        if options["plot"]:
            found.plot(save=options["plot"])
            if not options["as_json"]:
                click.echo(f"  figure written to {options['plot']}")
    if found.partial:
        note("interrupted: what was shown is what was done until then.")
        return 3
    return 0 if found.held else 1


def _list(titles: dict[str, str], *, as_json: bool) -> int:
    width = max(map(len, titles))
    emit(
        lambda: {"experiments": [{"name": name, "title": title} for name, title in titles.items()]},
        lambda: "\n".join(f"{name.ljust(width)}  {title}" for name, title in titles.items()),
        as_json=as_json,
    )
    return 0


def _progress() -> Callable[[str], None]:
    """A line of progress on standard error, once a second has passed, on a terminal only."""
    start, watched = time.monotonic(), sys.stderr.isatty()

    def show(line: str) -> None:
        if watched and time.monotonic() - start > 1:
            click.echo(f"{line} ...", err=True)

    return show
