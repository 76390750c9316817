"""Distances of points to planar hulls: closed form against Wolfe's algorithm and shapely, in one run."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest
import shapely

from conservative.matrix_sets.nearest import proved_projection
from conservative.matrix_sets.nearest.min_norm_point import nearest_points
from conservative.matrix_sets.nearest.proved_projection import hull_distances


def _seconds(call: Callable[[], object]) -> float:
    found = []
    for _ in range(7):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


@pytest.mark.parametrize("count", [4, 30, 200])
def test_planar_hulls(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    angle = np.arange(count) * (2.0 * np.pi / count)
    hull = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = 2.0 * np.random.default_rng(0).normal(size=(count, 2))
    polygon, places = shapely.MultiPoint(hull).convex_hull, shapely.points(points)
    closed = _seconds(lambda: hull_distances(points, hull))
    peer = _seconds(lambda: shapely.distance(polygon, places))
    monkeypatch.setattr(proved_projection, "nearest_in_plane", nearest_points)
    general = _seconds(lambda: hull_distances(points, hull))
    print(f"\n{count} points, {count} vertices: {closed * 1e6:.0f} µs with proved bounds")
    print(f"  Wolfe: {general / closed:.1f} times as long; shapely, without bounds: {peer / closed:.2f} times")
