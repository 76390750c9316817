"""The entry point: one clear message on standard error for every mistake, and an exit code that means something."""

import contextlib
import io
import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

import click

from conservative._core.printable import printable
from conservative.cli.commands import commands
from conservative.cli.output import RefusedError

DONE, REFUTED, BAD_INPUT, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: list[str] | None = None, *, interrupted: Callable[[], bool] | None = None) -> int:
    """Run the command line.

    `arguments`: defaults to those of the process. `interrupted`: whether there has been a Ctrl-C: a search that it ends
    returns what is proved by then. Returns: 0 done, 1 refuted or invalid, 2 wrong usage or bad input, 3 undecided
    within the budget, 130 interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in arguments
    stopped = interrupted or (lambda: False)
    try:
        with _warnings_in_one_line():
            code = commands.main(args=arguments, prog_name="conservative", standalone_mode=False, obj=stopped)
        sys.stdout.flush()
    except RefusedError as error:
        return _refuse(f"conservative: {error.message}", error.message, error.code, as_json and not error.printed)
    except click.ClickException as error:
        message = io.StringIO()
        error.show(file=message)
        return _refuse(message.getvalue().rstrip(), error.format_message(), BAD_INPUT, as_json)
    except (click.Abort, KeyboardInterrupt):
        _say("conservative: interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe went away; point stdout elsewhere so that the interpreter's last flush is quiet.
        sys.stdout = None
        return DONE
    except OSError as error:
        _say(f"conservative: {error.strerror or error}")
        sys.stdout = None
        return BAD_INPUT
    if stopped():
        _say("conservative: interrupted; what was known by then has been printed")
        return INTERRUPTED
    return int(code or DONE)


def _refuse(shown: str, message: str, code: int, as_json: bool) -> int:
    """The message on standard error and, with `--json`, in the one object on standard output."""
    _say(shown)
    if as_json:
        with contextlib.suppress(OSError):
            click.echo(printable(json.dumps({"error": message, "exit_code": code}, ensure_ascii=False)))
    return code


@contextlib.contextmanager
def _warnings_in_one_line() -> Any:
    """Warnings as lines on standard error, without the place in the code; filters stay as they are."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        _say(f"conservative: {message}")

    before, warnings.showwarning = warnings.showwarning, show
    try:
        yield
    finally:
        warnings.showwarning = before


def _say(message: str) -> None:
    """A line on standard error, if that still exists."""
    with contextlib.suppress(OSError):
        click.echo(printable(message), err=True)
