"""The entry point: one clear message on standard error for every mistake, and an exit code that means something."""

import contextlib
import io
import sys

import click

from conservative._core.text import printable
from conservative.cli.commands import commands

DONE, REFUTED, BAD_INPUT, UNDECIDED = 0, 1, 2, 3


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, optional
        Defaults to those of the process.

    Returns
    -------
    int
        0 done, 1 refuted or invalid, 2 wrong usage or bad input, 3 undecided within the budget, 130 interrupted.
    """
    from conservative._core.errors import ConservativeError

    try:
        code = commands.main(args=arguments, prog_name="conservative", standalone_mode=False)
    except click.ClickException as error:
        message = io.StringIO()
        error.show(file=message)
        _say(message.getvalue().rstrip())
        return BAD_INPUT
    except ConservativeError as error:
        _say(f"conservative: {error}")
        return BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        click.echo("conservative: interrupted", err=True)
        return 130
    except BrokenPipeError:
        # The reader of a pipe went away; point stdout elsewhere so that the interpreter's last flush is quiet.
        sys.stdout = None
        return DONE
    except OSError as error:
        _say(f"conservative: {error.strerror or error}")
        sys.stdout = None
        return BAD_INPUT
    return int(code or DONE)


def _say(message: str) -> None:
    """A line on standard error, if that still exists."""
    with contextlib.suppress(OSError):
        click.echo(printable(message), err=True)
