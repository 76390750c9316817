"""The process of the command `conservative`, also as `python -m conservative`: Ctrl-C is one line and exit code 130."""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

_INTERRUPTED = 130


def run() -> NoReturn:
    """Run the command line as a process, and end it.

    An interrupt during an import ends the process at once, since a library that is half imported is of no use; in a
    search it is a `KeyboardInterrupt`, which may bring a partial answer; the second one always ends the process.
    """
    seen: list[int] = []
    try:
        code = _run(seen)
    except BaseException as error:
        # Some libraries turn an interrupt into another error.
        if seen or isinstance(error, KeyboardInterrupt):
            _quit()
        raise
    sys.exit(code)


def _run(seen: list[int]) -> int:
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _handler(seen))
    sys.unraisablehook = _unraisable
    from conservative.cli.main import main

    code = main(interrupted=lambda: bool(seen))
    # What was asked for is done; an interrupt from here on could only spoil the end of the interpreter.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


def _handler(seen: list[int]) -> Callable[[int, FrameType | None], None]:
    def interrupt(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1 or _is_importing(frame):
            _quit()
        raise KeyboardInterrupt

    return interrupt


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _unraisable(problem: Any) -> None:
    """An interrupt that falls into the end of an object would be printed as a traceback, and lost."""
    if isinstance(problem.exc_value, KeyboardInterrupt):
        _quit()
    sys.__unraisablehook__(problem)


def _quit() -> NoReturn:
    os.write(2, b"conservative: interrupted\n")
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    run()
