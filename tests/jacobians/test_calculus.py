"""Rules of calculus on sets of Jacobians, beside the joint reading of the combined function."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.functions import PIECEWISE_LINEAR
from strategies.stages import drawn

from conservative._core.errors import ArgumentError, ArgumentTypeError, BudgetError, ShapeError
from conservative._core.exact.hull_membership import hull_contains
from conservative._core.exactness import Exactness
from conservative.functions import compose, from_sympy, stack
from conservative.jacobians import (
    JacobianSet,
    add_jacobians,
    chain_rule,
    compose_jacobians,
    conservative_jacobian,
    multiply_jacobians,
    stack_jacobians,
)


def planar(text):
    return from_sympy(text, state=["x", "y"])


def entries(J):
    return np.array(J.exact_entries, dtype=object).reshape(J.vertices.shape)


def inside(inner, outer):
    return hull_contains(entries(outer), entries(inner), exact=True)


def listed(J):
    return {tuple(v.ravel()) for v in J.vertices.tolist() for v in [np.array(v)]}


@drawn(8, 40, first=PIECEWISE_LINEAR, second=PIECEWISE_LINEAR, outer=PIECEWISE_LINEAR)
def test_the_joint_reading_lies_in_what_the_rules_give(first, second, outer):
    F, G, H = planar(first.text), planar(second.text), planar(outer.text)
    at = [0, 0]
    J_f, J_g = (conservative_jacobian(f, at) for f in (F, G))
    both = conservative_jacobian(stack(F, G), at)
    assert inside(conservative_jacobian(F + G, at), add_jacobians(J_f, J_g))
    assert inside(both, stack_jacobians(J_f, J_g))
    assert inside(conservative_jacobian((F + 2) * (G - 3), at), multiply_jacobians(J_f, J_g, values=(2, -3)))
    chained = chain_rule(H, stack(F, G), at)
    assert inside(conservative_jacobian(compose(H, stack(F, G)), at), chained)
    assert listed(chained) == listed(compose_jacobians(conservative_jacobian(H, at), both))
    assert chained.reading == "program"


@settings(deadline=None, max_examples=30)
@given(tree=PIECEWISE_LINEAR, value=st.fractions(-2, 2, max_denominator=3))
def test_binding_gives_columns_of_the_jacobian(tree, value):
    F = planar(tree.text)
    partial = conservative_jacobian(F.bind(y=value), [0])
    columns = {block[0][:1] for block in conservative_jacobian(F, [0, value]).exact_entries}
    assert {block[0] for block in partial.exact_entries} <= columns


def test_binding_a_guard_can_lose_a_tie():
    F = from_sympy("Piecewise((x, t*x >= 0), (2*x, True))", state="x", parameters="t")
    assert len(conservative_jacobian(F, [0, 1]).vertices) == 2
    assert conservative_jacobian(F.bind(t=1), [0]).vertices.ravel().tolist() == [1, 2]


def test_chain_rule_at_a_curved_point_against_sympy():
    x, t, s, u, v = sp.symbols("x t s u v")
    inner, outer = [x * t, sp.exp(x) + t], u**2 * v + s * u + t
    F = from_sympy(inner, state=[x], parameters=[t])
    G = from_sympy(outer, state=[u, v], parameters=[s, t])
    J = chain_rule(G, F, {"x": 1, "t": 2, "s": 3})
    whole = outer.subs({u: inner[0], v: inner[1]}, simultaneous=True)
    wanted = sp.Matrix([whole]).jacobian([x, t, s]).subs({x: 1, t: 2, s: 3})
    assert J.exactness is Exactness.EXACT
    assert sp.simplify(J.exact_vertices[0] - wanted) == sp.zeros(1, 3)
    floating = chain_rule(G, F, [1.0, 2.0, 3.0])
    assert floating.exact_entries is None
    np.testing.assert_allclose(floating.vertices, J.vertices, rtol=1e-13)


def test_sharing_is_what_the_rules_forget():
    relu = from_sympy("Max(x, 0)", state="x")
    assert conservative_jacobian(relu - relu, [0]).vertices.tolist() == [[[0.0]]]
    J, minus = (conservative_jacobian(f, [0]) for f in (relu, -relu))
    both = add_jacobians(J, minus)
    assert sorted(both.vertices.ravel().tolist()) == [-1, 0, 1]
    assert (both.kind, both.exactness) == ("calculus", Exactness.OUTER)


def test_parameters_of_one_side_only():
    A = JacobianSet.from_blocks([[[2]], [[3]]], [[[1]], [[0]]])
    bare = JacobianSet.from_blocks([[[5]]])
    assert listed(compose_jacobians(A, bare)) == {(10.0, 1.0), (15.0, 0.0)}
    assert listed(compose_jacobians(bare, A)) == {(10.0, 5.0), (15.0, 0.0)}
    assert listed(compose_jacobians(A, A)) == {(4.0, 3.0), (6.0, 1.0), (6.0, 3.0), (9.0, 0.0)}


def test_one_float_makes_a_floating_result():
    exact, rough = JacobianSet.from_blocks([[["1/3"]]]), JacobianSet.from_blocks([[[0.5]]])
    assert compose_jacobians(exact, exact).exact_entries == (((Fraction(1, 9),),),)
    assert compose_jacobians(exact, rough).exact_entries is None
    assert multiply_jacobians(exact, exact, values=(1, 0.5)).exact_entries is None
    root = multiply_jacobians(exact, exact, values=(sp.sqrt(2), 0))
    assert root.exact_vertices[0][0, 0] == sp.sqrt(2) / 3


def test_only_conservative_sets_are_combined():
    F = planar("Max(Min(y, x**2 - y), 0)")
    inner = conservative_jacobian(F, [0, 0], kind="conical")
    with pytest.raises(ArgumentError, match=r"add_jacobians.*kind=.program"):
        add_jacobians(inner, inner)
    known = conservative_jacobian(planar("Abs(x) - Abs(-x)"), [0, 0], kind="conical")
    assert add_jacobians(known, known).vertices.tolist() == [[[0.0, 0.0]]]


def test_bad_calls():
    one, two = JacobianSet.from_blocks([[[1]]]), JacobianSet.from_blocks(np.eye(2)[None])
    with_parameter = JacobianSet.from_blocks([[[1]]], [[[1, 2]]])
    other_parameter = JacobianSet.from_blocks([[[1]]], [[[1]]])
    for call, error, words in [
        (lambda: add_jacobians(), ArgumentError, "at least one"),
        (lambda: add_jacobians(one, two), ShapeError, r"\(1, 1 \+ 0\), \(2, 2 \+ 0\)"),
        (lambda: stack_jacobians(one, with_parameter), ShapeError, "same variables"),
        (lambda: multiply_jacobians(two, two, values=(1, 1)), ShapeError, "one component"),
        (lambda: multiply_jacobians(one, one, values=("a", 1)), ArgumentError, "values"),
        (lambda: compose_jacobians(one, two), ShapeError, "outer function comes first"),
        (lambda: compose_jacobians(with_parameter, other_parameter), ShapeError, "chain_rule"),
        (lambda: compose_jacobians(one, np.eye(1)), ArgumentTypeError, "JacobianSet"),
    ]:
        with pytest.raises(error, match=words):
            call()
    wide = JacobianSet.from_blocks([[[i]] for i in range(400)])
    with pytest.raises(BudgetError, match="160,000"):
        compose_jacobians(wide, wide)
