"""Text from users and files, safe to print: characters that could control a terminal become escapes."""

import re
from html import escape

_SHOWN = 120
_UNSHOWABLE = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def printable(text: str) -> str:
    r"""A text with every character that could steer a terminal written as an escape; line feeds stay.

    Control characters, marks that turn the direction of writing or cannot be seen, and halves of surrogate pairs.
    """
    return _UNSHOWABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def shown(value: object) -> str:
    """What came, for an error message: short, and without failing for numbers that Python refuses to print.

    >>> shown("x"), shown(10**5000)
    ("'x'", 'a very long int')
    """
    try:
        text = repr(value)
    except (ValueError, RecursionError, OverflowError):
        return f"a very long {type(value).__name__}"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def page(result: object) -> str:
    """The text of a result as notebooks show it: as it stands, in letters of one width."""
    return f"<pre>{escape(printable(str(result)))}</pre>"


def one_line(text: object) -> str:
    r"""A title: printable, on one line."""
    return printable(" ".join((text if isinstance(text, str) else shown(text)).split()))
