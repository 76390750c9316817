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


@final
class Sigmoid(sympy.Function):  # type: ignore[misc]
    """1/(1 + exp(-v)), shown and read as `sigmoid(v)`."""

    def fdiff(self, argindex: int = 1) -> Any:
        """The derivative σ(v) σ(-v)."""
        return self * Sigmoid(-self.args[0])

    def _eval_rewrite_as_exp(self, v: Any, **_: Any) -> Any:
        return 1 / (1 + sympy.exp(-v))

    def _eval_evalf(self, prec: int) -> Any:
        return (1 / (1 + sympy.exp(-self.args[0])))._eval_evalf(prec)

    def _sympystr(self, printer: Any) -> str:
        return f"sigmoid({printer._print(self.args[0])})"


@final
class Softplus(sympy.Function):  # type: ignore[misc]
    """log(1 + exp(v)), shown and read as `softplus(v)`."""

    def fdiff(self, argindex: int = 1) -> Any:
        """The derivative σ(v)."""
        return Sigmoid(self.args[0])

    def _eval_rewrite_as_exp(self, v: Any, **_: Any) -> Any:
        return sympy.log(1 + sympy.exp(v))

    def _eval_evalf(self, prec: int) -> Any:
        return sympy.log(1 + sympy.exp(self.args[0]))._eval_evalf(prec)

    def _sympystr(self, printer: Any) -> str:
        return f"softplus({printer._print(self.args[0])})"


def _known(rank: Any, values: tuple[Any, ...]) -> bool:
    return bool(rank.is_Integer and 1 <= rank <= len(values) and all(v.is_Rational for v in values))


LABELLED = {"SortedValue": SortedValue, "LargestSum": LargestSum}
"""How nodes that carry a label are shown."""
