"""Functions that sympy has not: networks of switches, too long when written out, and a few elementary ones."""

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


@final
class Nearest(sympy.Function):  # type: ignore[misc]
    """The integer nearest to v, of two the larger one; constant nearby, with its jumps half way between integers."""

    nargs = 1

    @classmethod
    def eval(cls, v: Any) -> Any:
        """The value of a rational."""
        return sympy.floor(v + sympy.Rational(1, 2)) if v.is_Rational else None

    def fdiff(self, argindex: int = 1) -> Any:
        """The derivative 0."""
        return sympy.Integer(0)

    def _eval_is_extended_real(self) -> bool | None:
        return True if self.args[0].is_extended_real else None

    def _eval_evalf(self, prec: int) -> Any:
        return sympy.floor(self.args[0] + sympy.Rational(1, 2))._eval_evalf(prec)

    def _sympystr(self, printer: Any) -> str:
        return f"nearest({printer._print(self.args[0])})"


def _known(rank: Any, values: tuple[Any, ...]) -> bool:
    return bool(rank.is_Integer and 1 <= rank <= len(values) and all(v.is_Rational for v in values))


LABELLED = {"SortedValue": SortedValue, "LargestSum": LargestSum}
"""How nodes that carry a label are shown."""
