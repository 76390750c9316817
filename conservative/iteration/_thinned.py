"""Few of many points that stay near all of them."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from conservative._core.rows import first_rows

Floats = NDArray[np.float64]

MOST_COMPARED = 50_000
"""Points that are compared with each other."""


def boxed(points: Floats, close: float) -> Floats:
    """One point for each box of diagonal `close / 4`.

    Parameters
    ----------
    points : ndarray, shape (n, p, m)
    close : float

    Returns
    -------
    ndarray, shape (c, p, m)
    """
    flat = points.reshape(len(points), -1)
    side = 0.249 * close / math.sqrt(flat.shape[1])
    boxes = np.floor((flat - flat.min(axis=0)) / side).astype(np.int64)
    return points[np.sort(first_rows(boxes))]


def thinned(points: Floats, close: float) -> Floats:
    """Some of the points, within 3/4 `close` of all of them, so that together with `boxed` all stay within `close`.

    Parameters
    ----------
    points : ndarray, shape (n, p, m)
    close : float

    Returns
    -------
    ndarray, shape (c, p, m)
    """
    return separated(boxed(points, close), 0.5 * close)


def separated(points: Floats, apart: float) -> Floats:
    """Points such that all given ones are within `apart` of a kept one, by rounds of random priorities.

    Parameters
    ----------
    points : ndarray, shape (n, p, m)
    apart : float

    Returns
    -------
    ndarray, shape (c, p, m)
        All points, if there are too many to compare.
    """
    flat = points.reshape(len(points), -1)
    pairs = (
        cKDTree(flat).query_pairs(apart, output_type="ndarray") if len(flat) < MOST_COMPARED else np.zeros((0, 2), int)
    )
    rank = np.random.default_rng(0).permutation(len(flat))
    kept, open_ = np.zeros(len(flat), dtype=bool), np.ones(len(flat), dtype=bool)
    while open_.any():
        a, b = pairs.T
        beaten = np.zeros(len(flat), dtype=bool)
        beaten[np.where(rank[a] < rank[b], b, a)] = True
        chosen = open_ & ~beaten
        kept |= chosen
        open_ &= beaten
        near = chosen[a] | chosen[b]
        open_[pairs[near].ravel()] = False
        pairs = pairs[open_[a] & open_[b]]
    return points[kept]
