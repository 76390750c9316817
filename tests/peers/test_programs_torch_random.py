"""Random PyTorch programs: against the route by formulas, and against what autograd itself returns."""

from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume
from hypothesis import strategies as st
from scipy.optimize import linprog
from strategies.stages import UNSHRUNK, drawn

import conservative as cj
from conservative import FunctionError

pytestmark = pytest.mark.peers
torch = pytest.importorskip("torch")

LEAVES = st.sampled_from(["x", "y", "1"])
PAIRS = st.sampled_from(["max", "min", "add", "sub", "mul", "where", "mask", "sorted"])
PROGRAMS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["abs", "relu", "double", "clamp"]), inner), st.tuples(PAIRS, inner, inner)
    ),
    max_leaves=6,
)
POINTS = st.sampled_from([(0, 0), (1, 1), (1, -1), (0, 2), (2, 1)])
DIRECTIONS = np.random.default_rng(0).standard_normal((60, 2, 2))


def constant(a: Any, b: Any) -> bool:
    """Sympy joins Max(Max(x, y), y) into one function, which is another program; numbers it may join."""
    return not (sp.sympify(a).free_symbols | sp.sympify(b).free_symbols)


def larger(a: Any, b: Any) -> Any:
    return sp.Max(a, b, evaluate=constant(a, b))


def smaller(a: Any, b: Any) -> Any:
    return sp.Min(a, b, evaluate=constant(a, b))


FORMULAS: dict[str, Any] = {
    "1": sp.Integer(1),
    "abs": sp.Abs,
    "relu": lambda a: larger(a, 0),
    "double": lambda a: 2 * a,
    "clamp": lambda a: larger(-2, smaller(a, 1)),
    "max": larger,
    "min": smaller,
    "where": lambda a, b: sp.Piecewise((a, a > b), (b + (b - a) / 2, True)),
    "mask": lambda a, b: sp.Piecewise((a - b, a > b), ((a - b) / 4, True)),
    "sorted": larger,
}
CALLS: dict[str, Any] = {
    "1": torch.ones((), dtype=torch.float64),
    "abs": torch.abs,
    "relu": torch.relu,
    "double": lambda a: 2 * a,
    "clamp": lambda a: a.clamp(-2, 1),
    "max": torch.maximum,
    "min": torch.minimum,
    "where": lambda a, b: torch.where(a > b, a, b + (b - a) / 2),
    "mask": lambda a, b: (a > b) * (a - b) + (a <= b) * (a - b) / 4,
    "sorted": lambda a, b: torch.sort(torch.stack([a, b])).values[1],
}
BOTH: dict[str, Any] = {"add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b}


def value(program: Any, variables: Any, operations: dict[str, Any]) -> Any:
    if isinstance(program, str):
        return operations["1"] if program == "1" else variables["xy".index(program)]
    name, *parts = program
    return (BOTH | operations)[name](*(value(part, variables, operations) for part in parts))


def comparisons(program: Any) -> list[tuple[Any, Any]]:
    """The pairs that are compared, in an order of their own."""
    if isinstance(program, str):
        return []
    name, *parts = program
    own = [(parts[0], parts[1])] if name in ("where", "mask") else []
    return own + [pair for part in parts for pair in comparisons(part)]


def support(members: Any) -> Any:
    return np.einsum("vij,dij->vd", members, DIRECTIONS).max(axis=0)


@drawn(8, 200, phases=UNSHRUNK, one=PROGRAMS, two=PROGRAMS, at=POINTS)
def test_a_random_program_holds_what_its_formula_and_autograd_return(one: Any, two: Any, at: tuple[int, int]) -> None:
    compared = comparisons(one) + comparisons(two)
    # a > b and b > a are one decision here, and two in the formula, whose set then holds what no run returns.
    assume(not any((b, a) in compared for a, b in compared))
    F = cj.from_torch(
        lambda x: torch.stack([value(part, x, CALLS) + 0 * x[0] for part in (one, two)]), [float(v) for v in at]
    )
    S = F.switched()
    assume(S.choices <= 512)
    reached = support(S.vertices())
    own = np.einsum("ij,dij->d", F.own_jacobian(), DIRECTIONS)
    assert (own <= reached + 1e-9).all()
    assert S.framework_choice == pytest.approx(F.own_jacobian(), abs=1e-9) or S.others
    assert S.warnings == () or S.others
    x, y = sp.symbols("x y", real=True)
    try:
        formula = cj.from_sympy([value(part, (x, y), FORMULAS) + 0 * x for part in (one, two)], state=[x, y])
        known = cj.conservative_jacobian(formula, list(at))
    except (FunctionError, cj.BudgetError):
        return
    assert (support(known.vertices) <= reached + 1e-9).all()


nn = torch.nn.functional
STEPS: list[Any] = [
    torch.relu,
    torch.abs,
    lambda x: x.clamp(-1, 1),
    lambda x: x.clamp(min=x.flip(0)),
    lambda x: nn.softshrink(x, 1.0),
    lambda x: nn.leaky_relu(x, 0.25),
    lambda x: nn.hardswish(3 * x),
    lambda x: nn.max_pool1d(x[None], 2, stride=1, padding=1)[0][: len(x)],
    lambda x: torch.sort(x).values,
    lambda x: x[torch.argsort(x)],
    lambda x: torch.cummax(x, 0).values,
    lambda x: x.topk(len(x) - 1).values.repeat(2)[: len(x)],
    lambda x: torch.maximum(x, x.flip(0)),
    lambda x: torch.where(x > 0, x, x / 2),
    lambda x: (x >= 1) * (x - 1) * 2 + x,
    lambda x: torch.sign(x) * torch.relu(x.abs() - 1),
    lambda x: x.masked_fill(x < 0, 0.0),
    lambda x: x - x.amax(),
    lambda x: x - x.median(),
    lambda x: x + x.kthvalue(2).values,
    lambda x: x + torch.quantile(x, 0.5),
    lambda x: x + torch.linalg.vector_norm(x, 1),
]
ENTRIES = st.sampled_from([-1.0, 0.0, 1.0, 2.0])
LAYERS = st.lists(st.tuples(st.sampled_from(STEPS), st.lists(ENTRIES, min_size=9, max_size=9)), min_size=1, max_size=2)


@drawn(6, 150, phases=UNSHRUNK, layers=LAYERS, at=st.lists(ENTRIES, min_size=3, max_size=3), mixed=st.booleans())
def test_what_autograd_returns_beside_the_point_is_nearly_in_the_set(layers: Any, at: Any, mixed: bool) -> None:
    def program(x: Any) -> Any:
        for step, entries in layers:
            x = step(torch.tensor(entries).reshape(3, 3) @ x if mixed else x)
        return x

    F = cj.from_torch(program, at)
    S = F.switched()
    assume(sum(path.choices for path in (S, *S.others)) <= 2000)
    vertices = np.unique(S.vertices().reshape(-1, 9).round(9), axis=0)
    assert not any("outside the set" in warning for warning in S.warnings)
    for shift in np.random.default_rng(0).standard_normal((12, 3)) * 1e-6:
        beside = F.own_jacobian(np.array(at) + shift).ravel()
        assert outside(beside, vertices) < 1e-3


def outside(point: Any, vertices: Any) -> float:
    """The distance to a hull, in the largest entry."""
    k, n = vertices.shape
    ends = np.concatenate([np.c_[vertices.T, -np.ones(n)], np.c_[-vertices.T, -np.ones(n)]])
    weights = np.r_[np.ones(k), 0.0]
    found = linprog(1 - weights, A_ub=ends, b_ub=np.r_[point, -point], A_eq=weights[None], b_eq=[1.0])
    return float(found.fun)
