"""Checks of variable names: they must be printable, and differ after the Unicode normalisation of Python (NFKC)."""

import unicodedata
from collections.abc import Iterable

from conservative._core.errors import ArgumentError


def require_names(names: Iterable[str], *, call: str) -> None:
    """Refuse names that cannot be shown, and names that Python reads as one (Unicode normalisation NFKC)."""
    seen: dict[str, str] = {}
    for name in names:
        if not name.isprintable():
            raise ArgumentError(f"`{call}`: the name {name[:40]!r} has characters that cannot be shown. Rename it.")
        first = seen.setdefault(unicodedata.normalize("NFKC", name), name)
        if first != name:
            raise ArgumentError(
                f"`{call}`: the names {first[:40]!r} and {name[:40]!r} are one name after Unicode normalisation, which "
                "Python applies to what it reads. Rename one."
            )
