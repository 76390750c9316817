"""Numerical methods written by hand, each against the library method it stands for, in one run.

The batched simplex has its rows in `bench_gauges.py`, the min-norm point in `bench_projection.py`.
"""

import io
import time
import warnings
from contextlib import suppress

import cvxpy as cp
import numpy as np
import pytest
from scipy.io import loadmat, savemat

from conservative._core.families.mat_files import variables_of_mat
from conservative._core.families.numpy_files import arrays_of_npy
from conservative.spectral.zonotopes.interior_point import Inequality, centres

BISECTIONS = 30


def _seconds(call: object, *, repeats: int = 3) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()  # type: ignore[operator]
        times.append(time.perf_counter() - start)
    return min(times)


def _by_bisection(inequality: Inequality, low: float, high: float) -> float:
    """The least s found feasible by CLARABEL, of one compiled program."""
    n, m = inequality.n, len(inequality.V)
    P, d, square = cp.Variable((n, n), symmetric=True), cp.Variable(m, nonneg=True), cp.Parameter(nonneg=True)
    lost = inequality.V.T @ cp.diag(d) @ inequality.V
    top = cp.hstack([square * P - lost, np.zeros((n, m))])
    F = cp.vstack([top, cp.hstack([np.zeros((m, n)), cp.diag(d)])]) - inequality.B.T @ P @ inequality.B
    problem = cp.Problem(cp.Minimize(0), [(F + F.T) / 2 >> 0, P >> np.eye(n)])
    for _ in range(BISECTIONS):
        if high <= low * (1 + 1e-6):
            break
        square.value = (low + high) / 2
        # Near the least s the program is almost singular: where the solver gives up, s counts as too small.
        with warnings.catch_warnings(), suppress(cp.SolverError):
            warnings.simplefilter("ignore")
            problem.solve(solver=cp.CLARABEL)
        feasible = problem.status in {"optimal", "optimal_inaccurate"}
        low, high = (low, square.value) if feasible else (square.value, high)
    return float(high)


@pytest.mark.parametrize(("n", "ties"), [(2, 4), (4, 8), (6, 16)])
def test_centres_of_a_zonotope_against_cvxpy(n: int, ties: int) -> None:
    rng = np.random.default_rng(n)
    A, U, V = rng.standard_normal((n, n)) / n, rng.standard_normal((ties, n)) / n, rng.standard_normal((ties, n)) / n
    inequality = Inequality(np.hstack([A, U.T]), V)
    ours = _seconds(lambda: list(centres(inequality)))
    found = min(square for square, _, _ in centres(inequality))
    start = inequality.start()[0]
    peers = []
    theirs = _seconds(lambda: peers.append(_by_bisection(inequality, 0.0, start)), repeats=1)
    print(
        f"\nn = {n}, {ties} ties: centres {ours * 1e3:.1f} ms for s = {found:.7g}; cvxpy by bisection "
        f"{theirs * 1e3:.0f} ms for s = {peers[0]:.7g}: {theirs / ours:.0f} times"
    )
    assert abs(found - peers[0]) <= 1e-3 * found


def test_readers_against_scipy_and_numpy() -> None:
    family = np.random.default_rng(0).standard_normal((40, 30, 30))
    mat, npy = io.BytesIO(), io.BytesIO()
    savemat(mat, {"A": family})
    np.save(npy, family)
    rows = [
        (
            ".mat",
            lambda: variables_of_mat(mat.getvalue(), name="m")["A"],
            lambda: loadmat(io.BytesIO(mat.getvalue()))["A"],
        ),
        (".npy", lambda: arrays_of_npy(npy.getvalue(), name="n")[""], lambda: np.load(io.BytesIO(npy.getvalue()))),
    ]
    for name, ours, theirs in rows:
        np.testing.assert_array_equal(ours(), theirs())
        mine, peer = _seconds(ours, repeats=20), _seconds(theirs, repeats=20)
        print(
            f"\n{name} of {family.nbytes} bytes: {mine * 1e6:.0f} us, the library {peer * 1e6:.0f} us: "
            f"{peer / mine:.2f} times"
        )
