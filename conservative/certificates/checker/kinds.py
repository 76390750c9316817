"""The table of the kinds of certificates."""

from conservative.certificates.checker.blocks import UPPER
from conservative.certificates.checker.equality import EQUALITY
from conservative.certificates.checker.exact import EXACT
from conservative.certificates.checker.expansion import EXPANSION
from conservative.certificates.checker.parts import Kind
from conservative.certificates.checker.slowest import SLOWEST

KINDS: dict[str, Kind] = {
    "expansion": EXPANSION,
    **UPPER,
    "equality": EQUALITY,
    "exact": EXACT,
    "slowest": SLOWEST,
}
BRACKETS = frozenset({"equality", "exact", "slowest"})
"""Kinds that claim a lower and an upper end."""
