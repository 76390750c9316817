"""The invariant polytope algorithm: images of the vertices are added until every image lies in the hull."""

import time
from dataclasses import replace

import numpy as np

from conservative.spectral.polytope.columns import Columns
from conservative.spectral.polytope.gauge import Points, improve, refresh, start_points
from conservative.spectral.polytope.recheck import confirmed
from conservative.spectral.polytope.shape import Growth, Polytope, extended, images, with_roots

INSIDE = 1 - 1e-9
"""Gauge at which a point is settled for good."""

POOL = 40
"""Bases and dual vectors that new points start from."""

FEW_STEPS, MANY_STEPS = 4, 60
"""Simplex steps in multiples of the dimension: a few stragglers are not waited for while others are outside."""


def grow(
    polytope: Polytope,
    *,
    accept: float,
    max_vertices: int,
    deadline: float,
    writing: float = 0.0,
    stretch: float = 0.0,
) -> Polytope:
    """Add images that lie outside until none does, or a budget ends.

    `accept`: images of gauge at most 1 + accept count as inside. `writing`: seconds per vertex that must be left before
    the deadline, for the proof.
    """
    settled, pending = list(polytope.settled), polytope.pending.copy()
    while True:
        pending = _sorted_out(pending, settled, polytope, accept, steps=FEW_STEPS, deadline=deadline)
        if pending.count and not (pending.lower > 1 + accept).any():
            pending = _sorted_out(pending, settled, polytope, accept, steps=MANY_STEPS, deadline=deadline)
        done = not pending.count
        late = time.monotonic() + writing * polytope.count > deadline
        if done or late or polytope.count >= max_vertices:
            state = Growth.CLOSED if done else Growth.OPEN
            return replace(polytope, settled=tuple(settled), pending=pending, state=state)
        order = np.argsort(-pending.lower, kind="stable")
        outside = max(int((pending.lower > 1 + accept).sum()), 1)
        chosen = order[: max(min(outside, 4), (outside + 1) // 2)]
        before = polytope.count
        if stretch and pending.lower[chosen[0]] <= 1 - accept:
            polytope, chosen = with_roots(polytope, pending.x[chosen] * (1 + stretch)), chosen[:0]
        else:
            polytope = extended(polytope, pending.x[chosen], pending.image[chosen])
        added = replace(polytope.columns, vertices=polytope.vertices[before:])
        pending = refresh(pending, added)
        pool = _pool(pending, settled, added)
        fresh = images(polytope, np.arange(before, polytope.count))
        rest = pending.take(np.sort(order[chosen.size :]))
        pending = rest.joined(start_points(*fresh, pool, polytope.columns))


def reopened(polytope: Polytope, *, accept: float) -> Polytope:
    """A closed polytope from which growth goes on: images that are not so far inside are pending again."""
    settled, pending = [], polytope.pending.copy()
    for points in polytope.settled:
        # Vertices that came later make the lower bounds of settled images smaller.
        known = refresh(points.copy(), polytope.columns)
        inside = confirmed(known, polytope, accept)
        settled.append(known.take(inside))
        pending = pending.joined(known.take(~inside))
    return replace(polytope, settled=tuple(settled), pending=pending, state=Growth.OPEN)


def _sorted_out(
    pending: Points, settled: list[Points], polytope: Polytope, accept: float, *, steps: int, deadline: float
) -> Points:
    """Simplex steps on the pending points; those inside go to the settled ones, the others come back."""
    inside = min(INSIDE, 1 + accept)
    improve(pending, polytope.columns, inside=inside, outside=1 + accept, steps=steps, deadline=deadline)
    done = confirmed(pending, polytope, accept)
    if done.any():
        settled.append(pending.take(done))
    return pending.take(~done)


def _pool(pending: Points, settled: list[Points], added: Columns) -> Points:
    """Bases and dual vectors to start from: a sample of those in use."""
    source = pending if pending.count >= POOL or not settled else pending.joined(refresh(settled[-1], added))
    step = max(1, source.count // POOL)
    return source.take(np.arange(0, source.count, step)[:POOL])
