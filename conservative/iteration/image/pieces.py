"""Boundaries of planar sets in short segments, and these in connected pieces."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def divided(segments: Floats, step: float) -> Floats:
    """The segments in equal parts no longer than this, one after the other.

    Shapes: `segments` (n, 2, 2), result (k, 2, 2).
    """
    length = np.hypot(*(segments[:, 1] - segments[:, 0]).T)
    parts = np.maximum(np.ceil(length / step), 1.0).astype(np.intp)
    row = np.repeat(np.arange(len(segments)), parts)
    number = np.arange(len(row)) - np.repeat(np.cumsum(parts) - parts, parts)
    ends = np.stack([number, number + 1]) / parts[row]
    start, edge = segments[row, 0], segments[row, 1] - segments[row, 0]
    found = [np.where(share[:, None] == 1.0, segments[row, 1], start + share[:, None] * edge) for share in ends]
    return np.stack(found, axis=1)


def pieces(segments: Floats, step: float) -> NDArray[np.intp]:
    """Numbers, counted up, of the connected pieces of about this length to which the segments belong.

    Shapes: `segments` (n, 2, 2), result (n,).
    """
    length = np.hypot(*(segments[:, 1] - segments[:, 0]).T)
    window = np.floor((np.cumsum(length) - length) / step)
    fresh = np.ones(len(segments), dtype=bool)
    fresh[1:] = (window[1:] != window[:-1]) | (segments[1:, 0] != segments[:-1, 1]).any(axis=1)
    return np.cumsum(fresh) - 1
