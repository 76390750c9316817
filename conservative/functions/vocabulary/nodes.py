"""Two sympy functions that stand for networks of switches: written out in Max and Piecewise they would be too long."""

from typing import Any, final

import sympy


@final
class SortedValue(sympy.Function):  # type: ignore[misc]
    """SortedValue(k, v_1, ..., v_n): the k-th smallest of the values, k = 1 the least.

    Components of one sorted list share their choices at ties. `sort` and its like make them.
    """

    @classmethod
    def eval(cls, rank: Any, *values: Any) -> Any:
        """The value, when all are rational."""
        return sorted(values)[int(rank) - 1] if _known(rank, values) else None

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(v.is_extended_real for v in self.args[1:]) else None


@final
class LargestSum(sympy.Function):  # type: ignore[misc]
    """LargestSum(k, v_1, ..., v_n): the sum of the k largest values."""

    @classmethod
    def eval(cls, rank: Any, *values: Any) -> Any:
        """The value, when all are rational."""
        return sympy.Add(*sorted(values)[len(values) - int(rank) :]) if _known(rank, values) else None

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(v.is_extended_real for v in self.args[1:]) else None


def _known(rank: Any, values: tuple[Any, ...]) -> bool:
    return bool(rank.is_Integer and 1 <= rank <= len(values) and all(v.is_Rational for v in values))


LABELLED = {"SortedValue": SortedValue, "LargestSum": LargestSum}
"""How nodes that carry a label are shown."""
