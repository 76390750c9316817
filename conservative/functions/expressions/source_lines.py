"""Where the components of a function stand in its file, so that a tie can be found there again."""

import re
from dataclasses import dataclass

_KEY = re.compile(r"^[ \t]*(?:F|\"F\"|'F')[ \t]*=", re.MULTILINE)
_TOKEN = re.compile(r'"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[\[\]]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Origin:
    """A file and the line of each component in it, from 1."""

    name: str
    lines: tuple[int, ...]


def component_lines(text: str, count: int) -> tuple[int, ...]:
    """The line of each string under the key F of a TOML document that was read without error.

    Where the strings cannot be told apart, all have the line of the key; without a key, none has a line.
    """
    for key in _KEY.finditer(text):
        starts = _strings(text, key.end())
        if len(starts) == count:
            return tuple(text.count("\n", 0, start) + 1 for start in starts)
    found = _KEY.search(text)
    return () if found is None else (text.count("\n", 0, found.end()) + 1,) * count


def _strings(text: str, start: int) -> list[int]:
    """Where the strings of one value begin."""
    depth, starts = 0, []
    for token in _TOKEN.finditer(text, start):
        if token.group() in "[]":
            depth += 1 if token.group() == "[" else -1
        elif not token.group().startswith("#"):
            starts.append(token.start())
        if depth <= 0 and not token.group().startswith("#"):
            break
    return starts
