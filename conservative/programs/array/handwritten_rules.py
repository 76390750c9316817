"""The rule of `SmoothMap`: an operation whose derivatives its author wrote."""

from typing import Any

import numpy as np

from conservative.functions.smooth_map import SmoothMap, apply_smooth
from conservative.programs.array.matrix_maps import Handwritten
from conservative.programs.array.registry import function_rule
from conservative.programs.array.run import Run
from conservative.programs.array.smooth_rules import leaves_rationals
from conservative.programs.array.traced import Traced, lift, traced


@function_rule(apply_smooth)
def smooth(run: Run, F: SmoothMap, x: Any, theta: Any) -> Traced:
    """F(x, θ), and to first order what its jvp and vjp say."""
    if run.exact:
        raise leaves_rationals("a SmoothMap")
    x, theta = lift(run, x), lift(run, theta)
    value = np.asarray(F.value(x.v, theta.v), dtype=np.float64)
    both = lift(run, np.concatenate([np.ravel(x), np.ravel(theta)]))
    if both.node < 0:
        return traced(run, value, -1)
    operator = F.jacobian(x.v.reshape(-1), theta.v.reshape(-1), value.size)
    node = run.tape.add(value.size, [both.edge(Handwritten(operator))])
    run.rounded.add(node)
    return traced(run, value, node)
