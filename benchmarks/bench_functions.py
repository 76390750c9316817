"""Functions: evaluation against hand-written NumPy, Jacobian sets of many points against a loop, and growth.

Run with ``pytest benchmarks/bench_functions.py -s``; every ratio comes from one run on one machine.
"""

import time

import numpy as np
import pytest
import sympy

import conservative as cj
from conservative.functions import vocabulary

POINTS = 100_000


def fastest(function, *arguments, repeats=5):
    """The result and the shortest of a few times."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = function(*arguments)
        times.append(time.perf_counter() - start)
    return result, min(times)


def soft_threshold():
    F = cj.from_sympy([f"Max({v} - l, 0) - Max(-{v} - l, 0)" for v in "xyz"], state=["x", "y", "z"], parameters="l")
    x, theta = np.random.default_rng(0).normal(size=(POINTS, 3)), np.array([0.5])
    return F, x, theta, lambda v: np.maximum(v - 0.5, 0) - np.maximum(-v - 0.5, 0)


def simplex_projection(by_sorting):
    shift = "Max(Max(x, y, z) - 1, (x + y + z - Min(x, y, z) - 1)/2, (x + y + z - 1)/3)"
    F = cj.from_sympy([f"Max({v} - {shift}, 0)" for v in "xyz"], state=["x", "y", "z"])

    def sorting(v):
        sums = np.cumsum(-np.sort(-v, axis=-1), axis=-1) - 1
        return np.maximum(v - (sums / np.arange(1, 4)).max(axis=-1, keepdims=True), 0)

    def columns(v):
        x, y, z = v.T
        total = x + y + z
        two = (total - np.minimum(np.minimum(x, y), z) - 1) / 2
        shift = np.maximum(np.maximum(np.maximum(np.maximum(x, y), z) - 1, two), (total - 1) / 3)
        return np.stack([np.maximum(c - shift, 0) for c in (x, y, z)], axis=-1)

    return F, np.random.default_rng(1).normal(size=(POINTS, 3)), None, sorting if by_sorting else columns


def admm(by_columns):
    """One step of ADMM for the lasso: (z, u) to (soft(x + u), u + x - z₊), x a linear map of z - u."""
    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(5, 3))
    inverse = np.linalg.inv(matrix.T @ matrix + np.eye(3))
    offset = inverse @ (matrix.T @ rng.normal(size=5))
    x = [
        f"({offset[i]!r} + " + " + ".join(f"({inverse[i, j]!r})*(z{j} - u{j})" for j in range(3)) + ")"
        for i in range(3)
    ]
    x = [text.replace("np.float64", "") for text in x]
    z = [f"(Max({x[i]} + u{i} - l, 0) - Max(-({x[i]} + u{i}) - l, 0))" for i in range(3)]
    state = [f"{v}{i}" for v in "zu" for i in range(3)]
    F = cj.from_sympy([*z, *(f"u{i} + {x[i]} - {z[i]}" for i in range(3))], state=state, parameters="l")

    def by_matrices(points):
        v = (points[:, :3] - points[:, 3:]) @ inverse.T + offset + points[:, 3:]
        image = np.maximum(v - 0.5, 0) - np.maximum(-v - 0.5, 0)
        return np.concatenate([image, v - image], axis=1)

    def by_scalars(points):
        z, u = points[:, :3].T, points[:, 3:].T
        d = [z[i] - u[i] for i in range(3)]
        v = [sum(inverse[i, j] * d[j] for j in range(3)) + offset[i] + u[i] for i in range(3)]
        image = [np.maximum(c - 0.5, 0) - np.maximum(-c - 0.5, 0) for c in v]
        return np.stack([*image, *(c - s for c, s in zip(v, image, strict=True))], axis=-1)

    points = np.random.default_rng(3).normal(size=(POINTS, 6))
    return F, points, np.array([0.5]), by_scalars if by_columns else by_matrices


UPDATES = {
    "soft threshold, 3 variables": soft_threshold,
    "simplex projection, by columns": lambda: simplex_projection(False),
    "simplex projection, by sorting": lambda: simplex_projection(True),
    "ADMM for the lasso, by columns": lambda: admm(True),
    "ADMM for the lasso, by matrices": lambda: admm(False),
}


@pytest.mark.parametrize("name", UPDATES)
def test_evaluation_against_hand_written_numpy(name):
    F, x, theta, by_hand = UPDATES[name]()
    found, seconds = fastest(F.evaluate, x, theta)
    expected, peer = fastest(by_hand, x)
    assert np.allclose(found, expected)
    print(
        f"\n{name}, {POINTS} points: {seconds * 1e3:.2f} ms, hand-written {peer * 1e3:.2f} ms, {seconds / peer:.2f} x"
    )


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("name", ["soft threshold, 3 variables", "simplex projection, by columns"])
def test_jacobian_sets_against_a_loop(name, tied):
    F, x, _, _ = UPDATES[name]()
    points = x[:10_000]
    points = np.round(2 * points) / 2 if tied else points
    points = np.concatenate([points, np.full((len(points), len(F.parameters)), 0.5)], axis=1)
    sets, seconds = fastest(cj.jacobians.conservative_jacobians, F, points, repeats=3)
    few = points[:100]
    loop, peer = fastest(lambda: [cj.conservative_jacobian(F, p.tolist()) for p in few], repeats=1)
    assert [len(J.vertices) for J in loop] == sets.counts[:100].tolist()
    peer *= len(points) / len(few)
    print(
        f"\n{name}, {len(points)} points, {np.count_nonzero(sets.ties)} tied, {len(sets.vertices)} blocks: "
        f"{seconds:.4f} s, a loop of single calls {peer:.1f} s, {peer / seconds:.0f} times faster"
    )


def test_growth_with_the_number_of_ties():
    print()
    for k in (1, 2, 4, 6, 8, 10):
        names = [f"x{i}" for i in range(k)]
        F = cj.from_sympy([f"Max({v}, x0*{v}/2 + {v}/3)" for v in names], state=names)
        points = np.zeros((100, k))
        sets, seconds = fastest(cj.jacobians.conservative_jacobians, F, points, repeats=2)
        print(f"{k:3d} ties at each of 100 points: {len(sets.vertices):7d} blocks, {seconds:.4f} s")


def test_growth_with_the_size_of_the_expression():
    x, y = sympy.symbols("x y", real=True)
    print()
    for terms in (10, 40, 160, 640):
        parts = [sympy.Max(x * i - y, i, evaluate=False) * sympy.Rational(1, i + 1) for i in range(terms // 4)]
        expression = sympy.Add(*parts, evaluate=False)
        F, seconds = fastest(lambda e=expression: cj.from_sympy(e, state=[x, y]), repeats=1)
        points = np.random.default_rng(0).normal(size=(10_000, 2))
        _, evaluation = fastest(F.evaluate, points)
        _, sweep = fastest(cj.jacobians.conservative_jacobians, F, points, repeats=2)
        print(
            f"{terms:4d} operations: from_sympy {seconds:.3f} s, evaluate {evaluation * 1e3:.2f} ms, "
            f"Jacobians {sweep * 1e3:.1f} ms at 10,000 points"
        )


@pytest.mark.parametrize("kind", ["nested", "guards"])
def test_reading_two_hundred_operations(kind):
    x, y = sympy.symbols("x y", real=True)
    expression = x
    for i in range(50):
        if kind == "nested":
            expression = sympy.Abs(expression / 2 - i * y, evaluate=False) + x
        else:
            expression = expression + sympy.Piecewise((x * (x - i), x > i), (0, True))
    F, seconds = fastest(lambda: cj.from_sympy(expression, state=[x, y]), repeats=1)
    print(f"\nfrom_sympy, 200 operations, {kind}: {len(F.graph.nodes)} nodes in {seconds:.3f} s")


def test_composing_again_and_again():
    F = cj.from_sympy(["Max(x + y - z, 0)", "Max(y - z/2, 0) + x/3", "Max(z + x/5 - y, 0)"], state=["x", "y", "z"])
    G, times = F, []
    for _ in range(40):
        G, seconds = fastest(cj.functions.compose, F, G, repeats=1)
        times.append(seconds)
    print(
        f"\ncompose over 3 ReLUs: step 10 {times[9] * 1e3:.1f} ms, step 20 {times[19] * 1e3:.1f} ms, step 40 "
        f"{times[39] * 1e3:.1f} ms, {times[39] / times[9]:.1f} x step 10; {len(G.graph.nodes)} nodes"
    )


def test_building_sorting_networks():
    print()
    for n in (7, 16, 32):
        symbols = sympy.symbols(f"x0:{n}")
        expressions = vocabulary.sort(symbols)
        F, seconds = fastest(lambda e=expressions, s=symbols: cj.from_sympy(e, state=s), repeats=1)
        _, once = fastest(F.evaluate, np.zeros((10_000, n)))
        print(f"sort of {n}: built in {seconds * 1e3:.1f} ms, {seconds / once:.1f} x one evaluation at 10,000 points")


def test_a_maximum_of_hundreds():
    print()
    for n in (50, 100, 400):
        names = [f"x{i}" for i in range(n)]
        F = cj.from_sympy(f"Max({', '.join(names)})", state=names)
        for zero in (0, 0.0):
            J, seconds = fastest(cj.conservative_jacobian, F, [zero] * n, repeats=1)
            _, peer = fastest(np.linalg.svd, np.random.default_rng(0).normal(size=(n, n)), repeats=1)
            print(
                f"Max of {n:3d} at {zero}: {len(J.vertices)} vertices, {seconds:.2f} s, {seconds / peer:.0f} x one SVD"
            )


def test_hundreds_of_ties():
    print()
    for n in (100, 400, 1000):
        names = [f"x{i}" for i in range(n)]
        F = cj.from_sympy(" + ".join(f"Abs({v})" for v in names), state=names)
        for zero in (0, 0.0):
            J, seconds = fastest(cj.conservative_jacobian, F, [zero] * n, repeats=1)
            _, peer = fastest(np.linalg.svd, np.random.default_rng(0).normal(size=(n, n)), repeats=1)
            print(f"{n:4d} x Abs at {zero}: {type(J).__name__}, {seconds:.2f} s, {seconds / peer:.0f} x one SVD")
