"""EXACT is said where the set is Clarke's, and only there: every block is in the hull of gradients nearby.

The oracle knows nothing of tapes: the same program on Python's `Fraction`, differenced at points beside the tie.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.optimize import linprog
from strategies.stages import UNSHRUNK, drawn

import conservative as cj
from conservative import Exactness

Tree = tuple[Any, ...]
_KIDS = {
    "add": 2, "sub": 2, "scale": 1, "max": 2, "largest": 3, "smallest": 3, "abs": 1, "sign": 1, "mask": 1, "twice": 1,
    "where": 2, "sort": 3, "median": 3, "clip": 1, "undone": 2,
}  # fmt: skip


def random_tree(rng: np.random.Generator, depth: int) -> Tree:
    if depth == 0 or rng.random() < 0.12:
        return ("x", int(rng.integers(3)))
    kind = str(rng.choice(list(_KIDS)))
    return (kind, int(rng.integers(4)), *(random_tree(rng, depth - 1) for _ in range(_KIDS[kind])))


def holds(g: Any, which: int) -> Any:
    return (g > 0, g >= 0, g < 0, g <= 0)[which % 4]


def by_numpy(tree: Tree, x: Any) -> Any:
    if tree[0] == "x":
        return x[tree[1]]
    kind, which, *kids = tree
    parts = [by_numpy(kid, x) for kid in kids]
    a, b = parts[0], parts[-1]
    joined = np.stack(parts)
    return {
        "add": lambda: a + b,
        "sub": lambda: a - b,
        "scale": lambda: (-2, -1, 2, 3)[which] * a,
        "max": lambda: np.maximum(a, b),
        "largest": lambda: np.max(joined),
        "smallest": lambda: np.min(joined),
        "abs": lambda: np.abs(a),
        "sign": lambda: np.sign(a) * a,
        "mask": lambda: holds(a, which) * a,
        "twice": lambda: holds(a, which) * a + holds(a, which + 1) * a,
        "where": lambda: np.where(holds(a - b, which), a, b),
        "sort": lambda: np.sort(joined)[which % 3],
        "median": lambda: np.median(joined),
        "clip": lambda: np.clip(a, -1, 0),
        "undone": lambda: np.maximum(a, b) + np.where(a > b, b, a) * (which - 1),
    }[kind]()


def by_hand(tree: Tree, x: list[Fraction]) -> Fraction:
    if tree[0] == "x":
        return x[tree[1]]
    kind, which, *kids = tree
    parts = [by_hand(kid, x) for kid in kids]
    a, b = parts[0], parts[-1]
    values: dict[str, Any] = {
        "add": a + b, "sub": a - b, "scale": (-2, -1, 2, 3)[which] * a, "max": max(a, b), "largest": max(parts),
        "smallest": min(parts), "abs": abs(a), "sign": abs(a), "mask": a if holds(a, which) else 0,
        "twice": holds(a, which) * a + holds(a, which + 1) * a, "where": a if holds(a - b, which) else b,
        "sort": sorted(parts)[which % 3 % len(parts)], "median": sorted(parts)[len(parts) // 2],
        "clip": min(max(a, -1), 0), "undone": max(a, b) + min(a, b) * (which - 1),
    }  # fmt: skip
    return Fraction(values[kind])


def gradients(trees: list[Tree], rng: np.random.Generator, count: int) -> np.ndarray:
    """Distinct Jacobians of a piecewise linear program near 0."""
    found = set()
    step = Fraction(1, 10**14)
    for _ in range(count):
        d = [Fraction(int(v), 10**9) for v in np.round(rng.standard_normal(3) * 10**6)]
        here = [by_hand(tree, d) for tree in trees]
        columns = []
        for j in range(3):
            up, down = ([*d[:j], d[j] + s * step, *d[j + 1 :]] for s in (1, -1))
            ahead = [(by_hand(tree, up) - v) / step for tree, v in zip(trees, here, strict=True)]
            behind = [(v - by_hand(tree, down)) / step for tree, v in zip(trees, here, strict=True)]
            columns.append(tuple(ahead) if ahead == behind else None)
        if None not in columns:
            found.add(tuple(columns))
    return np.array([np.array(columns, dtype=float).T.ravel() for columns in sorted(found)])


def in_hull(vertices: np.ndarray, point: np.ndarray) -> bool:
    rows = np.vstack([vertices.T, np.ones(len(vertices))])
    return bool(linprog(np.zeros(len(vertices)), A_eq=rows, b_eq=np.append(point, 1.0)).status == 0)


@drawn(6, 60, st.integers(0, 10**6), st.booleans(), phases=UNSHRUNK)
def test_exact_sets_are_hulls_of_gradients_nearby_and_every_set_holds_these(seed: int, exact: bool) -> None:
    rng = np.random.default_rng(seed)
    trees = [random_tree(rng, int(rng.integers(1, 4))) for _ in range(2)]
    F = cj.from_numpy(lambda x: np.stack([by_numpy(t, x) for t in trees]), [0, 0, 0] if exact else [0.0, 0.0, 0.0])
    J = cj.conservative_jacobian(F)
    if not isinstance(J, cj.JacobianSet) or len(J.vertices) > 100:
        return
    blocks = J.vertices.reshape(len(J.vertices), -1)
    nearby = gradients(trees, rng, 40)
    assert all(in_hull(blocks, gradient) for gradient in nearby)
    if J.exactness is Exactness.EXACT and not all(in_hull(nearby, block) for block in blocks):
        nearby = gradients(trees, rng, 2000)
        assert all(in_hull(nearby, block) for block in blocks), trees


CLARKES: list[tuple[Callable[[Any], Any], int]] = [
    (lambda x: np.max(x), 3),
    (lambda x: np.maximum(np.maximum(x[0], x[1]), x[2]), 3),
    (lambda x: np.min(np.stack([x[0], -x[0], 2 * x[0]])), 3),
    (lambda x: np.sign(x[0]) * x[0], 3),
    (lambda x: (x > 0) * x + (x <= 0) * (-2 * x), 8),
    (lambda x: (x[0] > 0) * x[0] + (x[0] >= 0) * x[0], 3),
    (lambda x: np.where(x[0] > 0, x[0], 0) + np.where(x[0] >= 0, x[0], 0), 3),
    (lambda x: np.abs(np.abs(x[0]) - np.abs(x[1])), 4),
    (lambda x: np.sort(x), 6),
    (lambda x: np.median(x), 3),
    (lambda x: x[0] if x[0] > 0 else x[0] / 4, 2),
    (lambda x: np.stack([max(v, 0) for v in x]), 8),
    (lambda x: x[0] if x[0] == 0 else x[0] + 0 * x[1], 1),
    (lambda x: x[0] if x[0] > 0 else (0 * x[0] if x[0] == 0 else -x[0]), 3),
    (lambda x: np.array(sorted(x[:2])), 2),
]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(("F", "blocks"), CLARKES)
def test_sets_that_are_clarkes_are_called_so(F: Callable[[Any], Any], blocks: int, exact: bool) -> None:
    J = cj.conservative_jacobian(cj.from_numpy(F, [0, 0, 0] if exact else [0.0, 0.0, 0.0]))
    assert J.exactness is Exactness.EXACT
    assert len(J.vertices) == blocks


LARGER: list[Callable[[Any], Any]] = [
    lambda x: np.maximum(x, 0) - np.maximum(-x, 0),
    lambda x: (x > 0) * x - (x >= 0) * x,
    lambda x: np.where(x[0] > 0, x[1], 0),
    lambda x: np.where(x[0] == 0, x[0], 2 * x[0]),
    lambda x: x[1] if x[0] > 0 else -x[1],
    lambda x: 3 * x[0] if x[0] == 0 else x[0],
    lambda x: max(x[0], 0) - max(-x[0], 0),
]


@pytest.mark.parametrize("F", LARGER)
def test_sets_that_are_larger_than_clarkes_are_not(F: Callable[[Any], Any]) -> None:
    assert cj.conservative_jacobian(cj.from_numpy(F, [0, 0])).exactness is Exactness.OUTER


def test_ties_side_by_side_are_looked_at_each_by_itself() -> None:
    J = cj.conservative_jacobian(cj.from_numpy(lambda x: np.sign(x) * x, np.zeros(30)))
    assert isinstance(J, cj.JacobianZonotope)
    assert J.exactness is Exactness.EXACT
