"""Where the choices of a tie are taken: open cones of directions, by linear forms in the differences z of switches."""

from collections.abc import Sequence
from typing import Any

Form = tuple[tuple[int, Any], ...]
"""Pairs (switch, factor) of the number Σ factor · z."""

Cone = tuple[Form, ...]
"""Forms that are all positive where a choice is taken next to the point; none of them: wherever one looks."""


def cones_of_extremum(slots: Sequence[int], sign: int) -> tuple[Cone, ...]:
    """Of the largest (sign 1) or smallest (−1) of a nominal value and others, whose z = other − nominal."""
    nominal = tuple(((slot, -sign),) for slot in slots)
    others = (
        (((slot, sign),), *(((slot, sign), (rival, -sign)) for rival in slots if rival != slot)) for slot in slots
    )
    return (nominal, *others)


def cone_of_sides(sides: Sequence[int], slot: int, factor: Any) -> Cone | None:
    """Where a guard is below (side −1) or above (1), its row being a switch's row over `factor`; None for neither."""
    open_sides = {side for side in sides if side}
    if not open_sides:
        return None
    return () if len(open_sides) == 2 else (((slot, open_sides.pop() * (1 if factor > 0 else -1)),),)
