"""Ties that a step and its output share: the output takes the side that the step takes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.differentiation.tie_policies import TiePolicy
from conservative.functions.switched_jacobian import SwitchedJacobian

Floats = NDArray[np.float64]


def output_tangent(
    joint: SwitchedJacobian, taken: Floats, policy: TiePolicy, step: int, seed: Floats
) -> NDArray[Any] | None:
    """The output's derivative along columns, with the weights `taken` by the step at the ties that both have.

    None where the ties of the two runs do not match. Shapes: `seed` (p + m, c), result (q, c).
    """
    p = joint.state_size
    shared = moving(joint, p)
    if len(shared) != len(taken):
        return None
    s = np.array(policy.weights(joint, step, seed), dtype=np.float64)
    s[shared] = taken
    return joint.jvp(s, seed)[p:]


def moving(form: SwitchedJacobian, rows: int) -> NDArray[np.intp]:
    """The switches that move one of the first rows, by themselves or through others."""
    moves = (form.Y[:rows] != 0).any(axis=0)
    through = form.L != 0
    while True:
        more = moves | through[moves].any(axis=0)
        if (more == moves).all():
            return np.flatnonzero(moves)
        moves = more
