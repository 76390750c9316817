"""What a polytope proves: its largest gauge of an image, open or closed, for some matrices or the whole family."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from conservative.spectral.polytope.columns import FloatArray
from conservative.spectral.polytope.gauge import Points, improve, start_points
from conservative.spectral.polytope.growth import INSIDE, MANY_STEPS, POOL
from conservative.spectral.polytope.roots import as_points
from conservative.spectral.polytope.shape import ROOT, Polytope, first_pool


def reach(polytope: Polytope) -> float:
    """Estimate the largest gauge of an image: the family divided by it maps the polytope into itself."""
    return max([1.0] + [float(p.value.max()) for p in (*polytope.settled, polytope.pending) if p.count])


def optimised(polytope: Polytope, *, deadline: float) -> Polytope:
    """The same polytope with the gauges of all pending images as small as the simplex method finds them."""
    pending = polytope.pending.copy()
    improve(pending, polytope.columns, inside=INSIDE, outside=np.inf, steps=MANY_STEPS, deadline=deadline)
    return replace(polytope, pending=pending)


def with_letters(polytope: Polytope, matrices: FloatArray, letters: Sequence[int], *, deadline: float) -> Polytope:
    """A polytope of some matrices as one of the whole family: the images of the other matrices are settled too.

    Shapes: `matrices` (k, n, n).
    """
    place = np.asarray(letters, dtype=np.int64)
    others = np.setdiff1d(np.arange(matrices.shape[0]), place)

    def moved(points: Points) -> Points:
        return replace(points, image=np.stack([place[points.image[:, 0]], points.image[:, 1]], axis=1))

    whole = replace(
        polytope,
        matrices=matrices,
        letter=np.where(polytope.parent == ROOT, ROOT, place[polytope.letter]),
        cycles=tuple(replace(c, word=tuple(int(place[i]) for i in c.word)) for c in polytope.cycles),
        settled=tuple(moved(p) for p in polytope.settled),
        pending=moved(polytope.pending),
    )
    if not others.size:
        return whole
    images = np.concatenate([polytope.vertices @ matrices[i].T for i in others])
    source = np.stack([np.repeat(others, polytope.count), np.tile(np.arange(polytope.count), others.size)], axis=1)
    pool = polytope.settled[-1] if polytope.settled else first_pool(polytope)
    fresh = start_points(
        as_points(images, polytope.kind), source, pool.take(np.arange(min(POOL, pool.count))), polytope.columns
    )
    improve(fresh, polytope.columns, inside=INSIDE, outside=np.inf, steps=MANY_STEPS, deadline=deadline)
    return replace(whole, pending=whole.pending.joined(fresh))
