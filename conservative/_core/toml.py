"""TOML within bounds."""

import re
import tomllib
from collections.abc import Callable
from typing import Any

from conservative._core.errors import FileFormatError

_MAX_PARTS = 16
_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_DEEP_KEY = re.compile(rf"(?<![\w-])(?:{_PART}[ \t]*\.[ \t]*){{{_MAX_PARTS}}}")


def parse_toml(text: str, *, name: str, wanted: str, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """The table of a TOML document.

    Raises FileFormatError when the text is not TOML, nested too deeply, or holds a number too long for Python to read.
    """
    # `tomllib` keeps every beginning of a dotted key: 200 kB of dots fill the memory.
    if _DEEP_KEY.search(text):
        raise FileFormatError(f"{name}: not a TOML {wanted} (a key of more than {_MAX_PARTS} parts).")
    try:
        return tomllib.loads(text, parse_float=parse_float)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise FileFormatError(f"{name}: not a TOML {wanted} ({str(error)[:200]}).") from error
