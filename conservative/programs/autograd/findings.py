"""What autograd itself returns, held against the set; and custom rules held against the values."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.functions.switched_jacobian import SwitchedJacobian
from conservative.matrix_sets.sets.polytope import MatrixPolytope
from conservative.programs.autograd.gradients import rows_of
from conservative.programs.autograd.library import torch
from conservative.programs.autograd.precision import leaf_of

_LISTED = 1024
"""Most members whose hull is searched for autograd's own Jacobian."""


def compared(S: SwitchedJacobian, own: NDArray[np.float64], title: str) -> tuple[str, ...]:
    """What to say where autograd's Jacobian is not the predicted one."""
    assert S.framework is not None
    predicted = S.block(S.framework) if S.framework.any() else S.dense_base()
    size = max(1.0, float(np.abs(predicted).max(initial=0.0)))
    if own.shape == predicted.shape and np.allclose(own, predicted, rtol=0, atol=1e-7 * size):
        return ()
    version = torch.__version__.split("+")[0]
    if not np.isfinite(own).all():
        return (f"Autograd of PyTorch {version} returns NaN or infinities for {title} at the point.",)
    i, j = np.unravel_index(int(np.argmax(np.abs(own - predicted))), own.shape)
    entry = f"entry ({i}, {j}) is {own[i, j]:g}, predicted {predicted[i, j]:g}"
    inside = False
    if sum(path.choices for path in (S, *S.others)) <= _LISTED:
        inside = bool(MatrixPolytope(S.vertices(max_blocks=_LISTED)).contains(own, tol=1e-7 * size))
    where = "inside" if inside else "outside"
    return (
        (f"The Jacobian that autograd of PyTorch {version} returns lies {where} the set: {entry}.",)
        if not inside
        else ()
    )


def rule_findings(
    function: Callable[[Any], Any], values: list[float], custom: list[str], title: str
) -> tuple[str, ...]:
    """Custom rules are honoured; one that does not fit the values beside the point is a finding."""
    names = ", ".join(name.removesuffix("Backward") for name in custom)
    told = f"{title} has derivative rules of its own ({names}); they are taken as they are."
    rng = np.random.default_rng(0)
    beside = np.array(values) + 1e-4 * rng.standard_normal(len(values))
    direction = rng.standard_normal(len(values))
    step = 1e-6
    up, down = (function(leaf_of((beside + s * step * direction).tolist())).detach().numpy() for s in (1, -1))
    leaf = leaf_of(beside.tolist())
    slope, seen = rows_of(function(leaf), [leaf])[0] @ direction, (up - down) / (2 * step)
    size = max(1.0, float(np.abs(seen).max()), float(np.abs(slope).max()))
    if np.allclose(slope, seen, rtol=0, atol=1e-4 * size):
        return (told,)
    i = int(np.argmax(np.abs(slope - seen)))
    return (
        told,
        f"A rule among {names} does not fit the values: beside the point, along one direction, component {i} has slope "
        f"{seen[i]:.6g} by differences and {slope[i]:.6g} by the rule.",
    )
