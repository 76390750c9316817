"""What a part is that proves a lower bound of the slowest growth."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from conservative.certificates.checker.family import Family
from conservative.certificates.checker.kernel import require
from conservative.certificates.checker.values import require_fields


class LowerKind(NamedTuple):
    """The fields of a part beside its kind, and what checks it."""

    fields: tuple[str, ...]
    check: Callable[[Family, Fraction, dict[str, Any]], None]


def check_lower(family: Family, bound: Fraction, part: Any, kinds: Mapping[str, LowerKind]) -> None:
    """Require that a part {"kind", ...} proves |M_w| >= C bound^length with C > 0 for all allowed words."""
    name = part.get("kind") if isinstance(part, dict) else None
    known = isinstance(name, str) and name in kinds
    require(known, f"the kind of a lower part must be one of {' '.join(sorted(kinds))}")
    kind = kinds[str(name)]
    require_fields(part, ("kind", *kind.fields), f"the lower part of the kind {name}")
    kind.check(family, bound, part)
