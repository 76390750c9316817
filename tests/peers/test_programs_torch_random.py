"""Random PyTorch programs: against the route by formulas, and against what autograd itself returns."""

from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume
from hypothesis import strategies as st
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
