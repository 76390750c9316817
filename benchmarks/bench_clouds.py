"""Gap between two nearby clouds of 10⁵ points against scipy's directed_hausdorff, in one run."""

import time

import numpy as np
import pytest
from scipy.spatial.distance import directed_hausdorff

from conservative.matrix_sets import FiniteSet, gap

POINTS = 100_000


def _best_seconds(call: object, *, repeats: int = 3) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()  # type: ignore[operator]
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.mark.parametrize("apart", [3e-2, 1e-2, 1e-3])
@pytest.mark.parametrize("dimension", [2, 4, 6])
def test_gap_between_clouds(dimension: int, apart: float) -> None:
    rng = np.random.default_rng(dimension)
    X = rng.normal(size=(POINTS, dimension))
    Y = rng.permutation(X + apart * rng.normal(size=X.shape))
    build = _best_seconds(lambda: (FiniteSet(X[:, :, None]), FiniteSet(Y[:, :, None])))
    first, second = FiniteSet(X[:, :, None]), FiniteSet(Y[:, :, None])
    ours = _best_seconds(lambda: gap(first, second))
    start = time.perf_counter()
    expected = directed_hausdorff(X, Y)[0]
    peer = time.perf_counter() - start
    print(
        f"\nd = {dimension}, noise {apart:g}: gap {ours * 1e3:.0f} ms, {peer / ours:.0f}× directed_hausdorff "
        f"({peer:.2f} s); with building both sets {peer / (ours + build):.0f}×"
    )
    assert expected in gap(first, second).widen(1e-12)
