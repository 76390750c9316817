"""Update maps of the field's algorithms with output and lift, one family a file: they describe F and own no loop."""

from conservative.algorithms.algorithm import Algorithm as Algorithm
from conservative.algorithms.conditions import Range as Range
from conservative.algorithms.conditions import RangeWarning as RangeWarning
from conservative.algorithms.forward_backward import forward_backward as forward_backward
from conservative.algorithms.relu_equilibrium import relu_equilibrium as relu_equilibrium
from conservative.algorithms.sinkhorn import sinkhorn as sinkhorn

__all__ = ["Algorithm", "Range", "RangeWarning", "forward_backward", "relu_equilibrium", "sinkhorn"]


def __dir__() -> list[str]:
    return __all__
