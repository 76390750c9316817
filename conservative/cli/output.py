"""What reaches standard output and standard error: one document or text, then files, then what went wrong."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click

from conservative._core.errors import ConservativeError
from conservative._core.printable import printable
from conservative.cli.wording import spoken

_MAX_INPUT_BYTES = 64 * 2**20


class RefusedError(click.ClickException):
    """A mistake, in the words of the command line.

    Parameters
    ----------
    message : str
    code : int
        The exit code.
    printed : bool
        Whether the result is on standard output already.
    """

    def __init__(self, message: str, code: int = 2, *, printed: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.printed = printed


def emit(document: Callable[[], Any], text: Callable[[], str], *, as_json: bool) -> None:
    """The result on standard output, as one JSON object or as text."""
    from conservative.report import as_json as written

    click.echo(written(document()) if as_json else said(text()))


def said(text: str) -> str:
    """A text of the library with the options of the command that runs in place of arguments."""
    context = click.get_current_context(silent=True)
    if context is None:
        return spoken(text)
    given = [name for name in context.params if context.get_parameter_source(name) is _TYPED]
    given = ["range" if name == "ranges" else name for name in given]
    return spoken(text, options=_option_names(context), given=given)


_TYPED = click.core.ParameterSource.COMMANDLINE


def _option_names(context: click.Context) -> list[str]:
    found = [p for p in context.command.params if isinstance(p, click.Option)]
    return [max(p.opts, key=len).removeprefix("--").replace("-", "_") for p in found]


@contextlib.contextmanager
def after_the_result() -> Iterator[None]:
    """What goes wrong from here on does not take back a result that has been printed."""
    try:
        yield
    except ConservativeError as error:
        raise RefusedError(said(str(error)), printed=True) from error


def note(message: str) -> None:
    """A line on standard error."""
    click.echo(printable(said(message)), err=True)


def standard_input() -> str:
    """The text on standard input, bounded. Raises FileFormatError when it is closed, too long, or not UTF-8."""
    from conservative._core.errors import FileFormatError

    if sys.stdin is None:
        raise FileFormatError("standard input is closed; name a file instead of `-`.")
    data = sys.stdin.buffer.read(_MAX_INPUT_BYTES + 1)
    if len(data) > _MAX_INPUT_BYTES:
        raise FileFormatError(f"standard input: larger than the {_MAX_INPUT_BYTES:,} bytes that are read.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileFormatError(f"standard input: not UTF-8 text (byte {error.start}).") from error


class Command(click.Command):
    """A command whose errors are those of the library, said in options and files."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; its exit code."""
        from conservative._core.errors import BudgetError

        try:
            return super().invoke(ctx)
        except BudgetError as error:
            raise RefusedError(_of_file(said(str(error)), ctx), code=3) from error
        except ConservativeError as error:
            raise RefusedError(_of_file(said(str(error)), ctx)) from error


def _of_file(message: str, context: click.Context) -> str:
    """With the name of the file in front, where the message is about one of its keys and names none."""
    source = context.params.get("source") or context.params.get("matrices")
    return f"{source}: {message}" if source and message.startswith("key `") else message
