"""Numerical methods written by hand, each against the library method it stands for, in one run.

The batched simplex has its rows in `bench_gauges.py`, the min-norm point in `bench_projection.py`.
"""

import io
import time
import warnings
from contextlib import suppress
from fractions import Fraction

import cvxpy as cp
import numpy as np
import pytest
import sympy
from scipy.io import loadmat, savemat
from scipy.optimize import linprog
from sympy.solvers.simplex import lpmin

from conservative._core.exact.hull_membership import hull_contains
from conservative._core.exact.simplex import strict_solution
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


def _repaired(rows: np.ndarray) -> bool | None:
    """Whether some direction is positive on all rows, by HiGHS, what it proposes tried exactly; None if undecided."""
    length = np.linalg.norm(rows.astype(float), axis=1, keepdims=True)
    inequalities = np.hstack([-rows.astype(float) / length, np.ones((len(rows), 1))])
    bounds = [(-1, 1)] * rows.shape[1] + [(None, 1)]
    found = linprog([0] * rows.shape[1] + [-1], A_ub=inequalities, b_ub=[0] * len(rows), bounds=bounds, method="highs")
    if min(rows @ [Fraction(x) for x in found.x[:-1].tolist()]) > 0:
        return True
    support = found.ineqlin.marginals < -1e-9
    outside = hull_contains(rows[support], rows[:1] * 0, exact=True, slack=Fraction(1, 10**300))
    return False if support.any() and outside else None


@pytest.mark.parametrize(("width", "count", "thin"), [(3, 6, False), (6, 12, False), (9, 30, False), (6, 12, True)])
def test_exact_simplex_against_highs_with_exact_repair(width: int, count: int, thin: bool) -> None:
    rng = np.random.default_rng(width)
    cones = []
    for k in range(20):
        rows = rng.integers(-5, 6, (count, width))
        if k % 2:  # a cone that is not empty
            rows *= np.sign(rows @ rng.integers(-3, 4, width) + 0.5).astype(int)[:, None]
        cone = rows.astype(object) + Fraction(0)
        cones.append(np.vstack([cone, Fraction(1, 10**18) * cone[1] - cone[0]]) if thin else cone)
    ours = [strict_solution(cone.tolist(), [], width) is not None for cone in cones]
    theirs = [_repaired(cone) for cone in cones]
    assert all(peer in (own, None) for own, peer in zip(ours, theirs, strict=True))
    mine = _seconds(lambda: [strict_solution(cone.tolist(), [], width) for cone in cones])
    peer = _seconds(lambda: [_repaired(cone) for cone in cones])
    print(
        f"\n{count} rows in dimension {width}{', thin' * thin}: exact simplex {mine * 50:.2f} ms, HiGHS with exact "
        f"repair {peer * 50:.2f} ms: {peer / mine:.1f} times; undecided there {theirs.count(None)} of {len(cones)}"
    )


def test_exact_simplex_against_sympy() -> None:
    rows = np.random.default_rng(6).integers(-5, 6, (12, 6)).tolist()
    direction, slack = sympy.symbols("d:6"), sympy.Symbol("s")
    held = [sum(g * d for g, d in zip(row, direction, strict=True)) >= slack for row in rows]
    box = [slack <= 1, *(d <= 1 for d in direction), *(d >= -1 for d in direction)]
    assert (lpmin(-slack, [*held, *box])[0] < 0) == (strict_solution(rows, [], 6) is not None)
    mine, peer = _seconds(lambda: strict_solution(rows, [], 6)), _seconds(lambda: lpmin(-slack, [*held, *box]))
    print(f"\n12 rows: exact simplex {mine * 1e3:.2f} ms, sympy {peer * 1e3:.0f} ms: {peer / mine:.0f} times")
