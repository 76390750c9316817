"""Random programs against sympy's route: the same text read as formulas gives the same set, or a smaller one.

A program holds one relation for all its guards: `x < 0` and `x >= 0` are one decision here, and two among formulas.
"""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy.optimize import linprog
from strategies.stages import UNSHRUNK, drawn

import conservative as cj

Tree = tuple[Any, ...]
_KIDS = {
    "add": 2,
    "sub": 2,
    "mul": 2,
    "max": 2,
    "min": 2,
    "abs": 1,
    "where": 3,
    "scale": 1,
    "clip": 1,
    "mask": 1,
    "both": 2,
}
_SCALES = (-2, -1, 2, 3)


def random_tree(rng: np.random.Generator, depth: int, relation: int) -> Tree:
    if depth == 0 or rng.random() < 0.12:
        return ("x", int(rng.integers(3))) if rng.random() < 0.85 else ("c", int(rng.integers(-1, 2)))
    kind = str(rng.choice(list(_KIDS)))
    which = int(rng.integers(4)) if kind == "scale" else relation
    return (kind, which, *(random_tree(rng, depth - 1, relation) for _ in range(_KIDS[kind])))


def holds(g: Any, which: int) -> Any:
    return (g > 0, g >= 0, g < 0, g <= 0)[which]


def computed(tree: Tree, x: Any) -> Any:
    """The tree as NumPy computes it."""
    if tree[0] == "x":
        return x[tree[1]]
    if tree[0] == "c":
        return tree[1]
    kind, which, *kids = tree
    a, *rest = (computed(kid, x) for kid in kids)
    if kind == "abs":
        return np.abs(a)
    if kind == "scale":
        return _SCALES[which] * a
    if kind == "clip":
        return np.clip(a, -1, 1)
    if kind == "mask":
        return holds(a, which) * a
    if kind == "where":
        return np.where(holds(a, which), rest[0], rest[0] + a * rest[1])
    if kind == "both":
        return np.where(holds(a, which), a, 0) + np.where(holds(a, which), 0, a) * rest[0]
    two = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "max": np.maximum, "min": np.minimum}
    return two[kind](a, rest[0])


def written(tree: Tree) -> str:
    """The tree as a formula."""
    if tree[0] in "xc":
        return f"x{tree[1]}" if tree[0] == "x" else f"({tree[1]})"
    kind, which, *kids = tree
    a, *rest = (written(kid) for kid in kids)
    guard = f"{a} {('>', '>=', '<', '<=')[which]} 0"
    if kind == "where":
        return f"Piecewise(({rest[0]}, {guard}), ({rest[0]} + {a}*{rest[1]}, True))"
    if kind == "both":
        return f"(Piecewise(({a}, {guard}), (0, True)) + Piecewise((0, {guard}), ({a}, True))*{rest[0]})"
    forms = {
        "add": "({0} + {1})", "sub": "({0} - {1})", "mul": "({0}*{1})", "max": "Max({0}, {1})", "min": "Min({0}, {1})",
        "abs": "Abs({0})", "scale": f"({_SCALES[which]}*{{0}})", "clip": "Min(Max({0}, -1), 1)",
        "mask": f"Piecewise(({{0}}, {guard}), (0, True))",
    }  # fmt: skip
    return forms[kind].format(a, *rest)


def inside(hull: np.ndarray, point: np.ndarray) -> bool:
    """Whether a matrix is one of the vertices, or a linear program finds its weights."""
    if (np.abs(hull - point).max(axis=(1, 2)) < 1e-9).any():
        return True
    columns = np.vstack([hull.reshape(len(hull), -1).T, np.ones(len(hull))])
    return bool(linprog(np.zeros(len(hull)), A_eq=columns, b_eq=np.append(point.ravel(), 1.0)).status == 0)


@drawn(25, 1000, st.integers(0, 10**9), phases=UNSHRUNK)
def test_the_set_holds_what_the_formula_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    relation = int(rng.integers(4))
    trees = [random_tree(rng, int(rng.integers(1, 4)), relation) for _ in range(int(rng.integers(1, 3)))]
    at = [int(entry) for entry in rng.integers(-1, 2, 3)]
    formula = cj.from_sympy([written(tree) for tree in trees], state=["x0", "x1", "x2"])
    expected = cj.conservative_jacobian(formula, at)

    def step(x: Any) -> Any:
        return [computed(tree, x) + 0 * x[0] for tree in trees]

    exact = cj.conservative_jacobian(cj.from_numpy(step, at), max_pieces=10**5)
    floats = cj.conservative_jacobian(cj.from_numpy(step, at, exact=False), max_pieces=10**5)
    assert all(isinstance(found, cj.JacobianSet) for found in (expected, exact, floats))
    assert all(inside(exact.vertices, block) for block in expected.vertices), [written(tree) for tree in trees]
    assert all(inside(floats.vertices, block) for block in exact.vertices)
    assert all(inside(exact.vertices, block) for block in floats.vertices)
    if exact.exactness is cj.Exactness.EXACT:
        assert all(inside(expected.vertices, block) for block in exact.vertices)
