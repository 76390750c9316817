"""The fixed point near a point that F hardly moves, by Banach's theorem on a box where F is one smooth piece.

Let r_0 ≥ |F(c) − c|, let ‖∂F/∂x‖₂ ≤ ρ < 1 on the box |x_i − c_i| ≤ h, and r_0 + ρh ≤ h. Then F maps the ball of
radius h around c into itself, and the one fixed point x̄ in it has |x̄ − c| ≤ r_0/(1 − ρ). With ‖D[A B]‖ ≤ H there,
‖[A B](x̄) − [A B](c)‖_F ≤ H |x̄ − c|.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, arb_mat
from numpy.typing import NDArray

from conservative._core.errors import ConservativeError
from conservative._core.matrix_norms import frobenius_bounds, spectral_norm_bounds
from conservative._core.numbers import round_up
from conservative.functions import PiecewiseSelection
from conservative.functions.graph.interval_hessians import piece_jets, rounded
from conservative.functions.ties.active_pieces import Choices, enumerate_choices
from conservative.functions.ties.fixed_choices import choices_stay
from conservative.iteration.bounds.a_posteriori import distance_to_fixed
from conservative.iteration.bounds.decay import Decay

Floats = NDArray[np.float64]

_BOXES = tuple(2.0**k for k in range(1, 8))
"""Half-widths tried, in residuals."""


@dataclass(frozen=True, slots=True, eq=False)
class NearRest:
    """A fixed point x̄ at most `radius` from c, and the derivatives there.

    Shapes: `blocks` (1, p, p + m). `rate`: a bound below 1 of ‖A‖₂ at x̄. `blocks`: [A B] at c. `apart`: how far [A B]
    at x̄ may be from it, Frobenius norm.
    """

    radius: float
    rate: float
    blocks: Floats = field(repr=False)
    apart: float


def fixed_point_near(F: Any, centre: Floats, theta: Floats) -> NearRest | None:
    """The fixed point near c, if F is proved to have one there and no tie on the way.

    Shapes: `centre` (p,), `theta` (m,).
    """
    if not isinstance(F, PiecewiseSelection):
        return None
    at = [*centre.tolist(), *theta.tolist()]
    try:
        traces = F.traces(F.point([Fraction(x) for x in at]), limit=1)
        pieces = list(enumerate_choices(F.graph, traces[0], limit=1))
    except ConservativeError:
        return None
    if len(traces) != 1 or traces[0].forced or len(pieces) != 1:
        return None
    p, piece = len(centre), pieces[0]
    first = _derivatives(F, piece, at)
    if first is None:
        return None
    moved, blocks, loose = first
    slope = round_up(float(spectral_norm_bounds(blocks[:, :p])[1]) + loose)
    for widening in _BOXES:
        half = widening * moved
        box = [arb(x) + arb(0, half) for x in at[:p]] + [arb(x) for x in at[p:]]
        if not (math.isfinite(half) and slope < 1.0 and choices_stay(F.graph, traces[0], box)):
            return None
        bend = _curvature(F, piece, box, p)
        rate = round_up(slope + round_up(bend * half))
        # A margin for the roundings of this line.
        if rate < 1.0 and (moved + rate * half) * (1.0 + 1e-12) <= half:
            radius = distance_to_fixed(Decay((1.0,), rate, rate), moved, later=0)
            return NearRest(radius, rate, blocks[None], round_up(loose + round_up(bend * radius)))
    return None


def _derivatives(F: PiecewiseSelection, piece: Choices, at: Sequence[float]) -> tuple[float, Floats, float] | None:
    """|F(c) − c| rounded up, [A B] in doubles, and how far these are from the exact ones."""
    jets = piece_jets(F.graph, piece.branches, piece.reached, [arb(x) for x in at])
    steps = arb_mat(len(jets), 1, [jet.value - arb(x) for jet, x in zip(jets, at, strict=False)])
    middle, radius = rounded(steps)
    moved = float(frobenius_bounds(np.abs(middle) + radius)[1]) * (1.0 + 1e-15)
    flat = arb_mat(len(at), 1)
    rows = [rounded(flat if jet.gradient is None else jet.gradient) for jet in jets]
    blocks, errors = (np.concatenate([row[part].T for row in rows]) for part in (0, 1))
    loose = float(frobenius_bounds(errors)[1])
    return (round_up(moved), blocks, loose) if math.isfinite(moved + loose) else None


def _curvature(F: PiecewiseSelection, piece: Choices, box: Sequence[Any], p: int) -> float:
    """A bound of the Frobenius norm of the derivative of [A B] along unit vectors of the state."""
    total = 0.0
    for jet in piece_jets(F.graph, piece.branches, piece.reached, box):
        if jet.hessian is None:
            continue
        middle, radius = rounded(jet.hessian)
        total += float(frobenius_bounds((np.abs(middle) + radius)[:, :p])[1]) ** 2
    return math.sqrt(total) * (1.0 + 1e-12)
