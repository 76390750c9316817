"""Maps that jump near a point: a segment across a decision is halved until a jump is between two neighbours."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ConservativeError, DiscontinuityError
from conservative.functions import StateMap
from conservative.functions.switched_jacobian import SwitchedJacobian

Floats = NDArray[np.float64]

_SEGMENTS, _HALVINGS = 24, 34
_NEAR = 1e-3
"""Length of the segments, relative to the point: a map that is continuous moves by its slope times this."""

_JUMP = 1e-3
"""Between ends 34 halvings apart, a difference of this share of the length is a jump: a slope of ten million."""


def refuse_jumps(F: StateMap, form: SwitchedJacobian, values: tuple[Any, ...], *, call: str) -> None:
    """Refuse a map whose control decides at the point and that jumps beside it; others are not tried.

    Semismooth Newton steps, restarts and greedy choices agree at the solution, where their pieces meet, and jump along
    the decision near it: no conservative Jacobian is theirs.
    """
    if not form.others and form.clean:
        return
    found = _jump(F, np.array([float(value) for value in values]))
    if found is None:
        return
    apart, jump = found
    lines = " ".join([text for text in form.warnings if "steers" in text or "part" in text][:1])
    raise DiscontinuityError(
        f"`{call}(F=...)` needs a continuous map; F jumps beside the point, by {jump:.3g} between two points "
        f"{apart:.1g} apart. {lines} Semismooth Newton steps, restarts and greedy choices have no conservative "
        "Jacobian, though their pieces meet at the solution: differentiate a continuous step on the same problem, such "
        "as `forward_backward`."
    )


def _jump(F: StateMap, at: Floats) -> tuple[float, float] | None:
    """How far two neighbours are apart, and their images; None where no jump was met."""
    rng = np.random.default_rng(0)
    p, scale = F.state_size, max(1.0, float(np.abs(at).max()))

    def image(point: Floats) -> Floats:
        return np.asarray(F.evaluate(point[:p], point[p:] if len(point) > p else None), dtype=np.float64)

    for _ in range(_SEGMENTS):
        low, high = at + _NEAR * scale * rng.standard_normal((2, len(at))) / len(at) ** 0.5
        try:
            ends = [(low, image(low)), (high, image(high))]
            for _ in range(_HALVINGS):
                middle = ends[0][0] / 2 + ends[1][0] / 2
                half = (middle, image(middle))
                first, second = (float(np.linalg.norm(half[1] - end[1])) for end in ends)
                ends = [ends[0], half] if first > second else [half, ends[1]]
        except (ConservativeError, ArithmeticError, np.linalg.LinAlgError):
            continue
        jump = float(np.linalg.norm(ends[1][1] - ends[0][1]))
        if np.isfinite(jump) and jump > _JUMP * _NEAR * scale:
            return float(np.linalg.norm(ends[1][0] - ends[0][0])), jump
    return None
