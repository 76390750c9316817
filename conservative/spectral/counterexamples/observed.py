"""What real trajectories of a function with several kinks do: followed in doubles, observed and not proved."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.numbers import Estimate
from conservative.functions import PiecewiseSelection
from conservative.jacobians import conservative_jacobians
from conservative.spectral.counterexamples.kink_report import KinkReport, KinkStatus

FloatArray = NDArray[np.float64]

_STARTS = 64
_STEPS = 400
_RADIUS = 1e-2
_NEAR = 1e-7
"""Distance to the fixed point, as a part of the scale, below which ties could no longer be told from rounding."""
_SMALL = 1e-2


def observe_function(F: PiecewiseSelection, values: Mapping[str, Any]) -> KinkReport:
    """Derivatives along trajectories that start near a fixed point, off its kinks.

    All trajectories are followed at once. One ends when it is so close that ties could not be told from rounding,
    or when it meets a tie.

    Returns: `OBSERVED` when all trajectories came close to the fixed point and the products of Jacobians along them
    became small, `UNDECIDED` otherwise. Nothing is proved.
    """
    point = np.array([float(values[n]) for n in F.names])
    p = len(F.state)
    centre, theta = point[:p], point[p:]
    scale = max(1.0, float(np.abs(centre).max()))
    directions = np.random.default_rng(0).standard_normal((_STARTS, p))
    x = centre + _RADIUS * scale * directions / np.linalg.norm(directions, axis=1)[:, None]
    products = np.broadcast_to(np.eye(p), (_STARTS, p, p)).copy()
    steps = np.zeros(_STARTS, dtype=np.int64)
    alive = np.ones(_STARTS, dtype=bool)
    for _ in range(_STEPS):
        moving = np.flatnonzero(alive)
        if not moving.size:
            break
        full = np.column_stack([x[moving], np.broadcast_to(theta, (moving.size, theta.size))])
        sets = conservative_jacobians(F, full, tolerance=0.0)
        smooth = sets.ties == 0
        moving, first = moving[smooth], sets.offsets[:-1][smooth]
        products[moving] = sets.vertices[first][:, :, :p] @ products[moving]
        steps[moving] += 1
        x[moving] = F.evaluate(x[moving], theta if theta.size else None)
        alive[:] = False
        distance = np.abs(x[moving] - centre).max(axis=1)
        alive[moving] = (distance > _NEAR * scale) & np.isfinite(distance)
    arrived = np.abs(x - centre).max(axis=1) <= _NEAR * scale
    norms = np.linalg.norm(products, axis=(1, 2))
    rates = norms ** (1.0 / np.maximum(steps, 1))
    status = KinkStatus.OBSERVED if arrived.all() and norms.max() < _SMALL else KinkStatus.UNDECIDED
    return KinkReport(status, int(steps.max()), _STARTS, Estimate(float(rates.max())), (), None, False)
