"""From abs-normal forms to sets: lists, zonotopes and covers hold every choice, and say when they hold no more."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.optimize import linprog
from strategies.stages import drawn

import conservative as cj
from conservative._core.errors import BudgetError, FunctionError
from conservative._core.exactness import Exactness
from conservative.functions.switched_jacobian import SwitchedJacobian, SwitchedTie
from conservative.jacobians import JacobianSet, JacobianZonotope
from conservative.jacobians.switched_ties import switched_set


def form_of(
    Z: object, L: object = None, *, clean: bool = True, others: tuple[SwitchedJacobian, ...] = ()
) -> SwitchedJacobian:
    rows = np.asarray(Z, dtype=float)
    k, n = rows.shape
    ties = tuple(SwitchedTie(f"max[{i}]", "step.py:3", (i,), ((i,),)) for i in range(k))
    return SwitchedJacobian(
        base=np.zeros((2, n)), Y=np.vander(np.arange(1.0, 3.0), k), Z=rows, ties=ties, state_size=2, value=np.zeros(2),
        L=np.zeros((k, k)) if L is None else np.asarray(L, dtype=float), clean=clean, others=others,
    )  # fmt: skip


def test_exact_only_for_open_switches_side_by_side_with_independent_rows() -> None:
    independent, dependent = [[1, 0, 0], [0, 1, 0]], [[1, 0, 0], [2, 0, 0]]
    assert switched_set(form_of(independent), max_pieces=9).exactness is Exactness.EXACT
    assert switched_set(form_of(independent), max_pieces=1).exactness is Exactness.EXACT
    for form in (
        form_of(dependent),
        form_of(independent, [[0, 0], [1, 0]]),
        form_of(independent, clean=False),
        form_of(independent, others=(form_of(dependent),)),
    ):
        assert switched_set(form, max_pieces=99).exactness is Exactness.OUTER


def holds(cover: JacobianZonotope, block: np.ndarray) -> bool:
    """Whether a linear program finds weights of a block."""
    generators = np.einsum("kq,kn->qnk", cover.U, cover.V).reshape(block.size, -1)
    found = linprog(np.zeros(cover.tie_count), A_eq=generators, b_eq=(block - cover.base).ravel(), bounds=(0, 1))
    return bool(found.status == 0)


@drawn(20, 100, st.integers(0, 10**6), st.integers(1, 5), st.booleans())
def test_zonotopes_and_covers_hold_every_block(seed: int, k: int, joined: bool) -> None:
    rng = np.random.default_rng(seed)
    L = np.tril(rng.integers(-2, 3, (k, k)), -1) * (rng.random((k, k)) < 0.5) if joined else None
    form = form_of(rng.integers(-2, 3, (k, 3)), L)
    cover = switched_set(form, max_pieces=1)
    assert isinstance(cover, JacobianZonotope)
    assert all(holds(cover, block) for block in form.vertices()) or not cover.tie_count
    if cover.tight:
        listed = switched_set(form, max_pieces=99)
        assert isinstance(listed, JacobianSet)
        for direction in rng.standard_normal((8, 2, 3)):
            assert cover.support(direction) == pytest.approx(np.einsum("kqn,qn->k", listed.vertices, direction).max())


def test_a_large_group_is_covered_entry_by_entry() -> None:
    rng = np.random.default_rng(0)
    k = 12
    form = form_of(rng.standard_normal((k, 3)), np.tril(rng.standard_normal((k, k)) / 4, -1))
    cover = switched_set(form, max_pieces=100)
    assert isinstance(cover, JacobianZonotope)
    assert not cover.tight
    assert cover.exactness is Exactness.OUTER
    for s in rng.integers(0, 2, (50, k)):
        assert holds(cover, form.block(s.astype(float)))


def test_a_large_group_of_few_switches_is_covered_switch_by_switch() -> None:
    rng = np.random.default_rng(1)
    k = 9
    form = form_of(rng.standard_normal((k, 3)), np.tril(rng.standard_normal((k, k)) / 4, -1))
    form = replace(form, base=np.zeros((40, 3)), Y=rng.standard_normal((40, k)), value=np.zeros(40))
    cover = switched_set(form, max_pieces=100)
    assert isinstance(cover, JacobianZonotope)
    assert cover.tie_count <= 3 * k
    assert "9 of them act on each other (512 combinations: covered)" in cover.reason
    for s in rng.integers(0, 2, (20, k)):
        assert holds(cover, form.block(s.astype(float)))


def test_too_many_paths_of_control_are_covered_and_infinite_derivatives_refused() -> None:
    form = form_of([[1, 0, 0]])
    forked = form_of([[1, 0, 2]], others=(form,))
    cover = switched_set(forked, max_pieces=3)
    assert isinstance(cover, JacobianZonotope)
    assert cover.exactness is Exactness.OUTER
    assert cover.reason.startswith("2 paths of control leave 4 combinations")
    assert all(holds(cover, block) for block in forked.vertices())
    wide = replace(form, base=np.zeros((200, 200)), Y=np.ones((200, 1)), Z=np.ones((1, 200)), value=np.zeros(200))
    with pytest.raises(BudgetError, match=r"2 paths of control.*40,000 entries"):
        switched_set(replace(wide, others=(wide,)), max_pieces=3)
    with pytest.raises(FunctionError, match="not finite"):
        switched_set(form_of([[np.inf, 0, 0]]), max_pieces=3)


def test_a_cover_holds_what_masks_used_twice_do():
    """Twelve minima between two uses of one mask: right of 0 f is 1.25 x, left of it x/4; both slopes are returned."""

    def step(x, t):
        right = x > 0
        v = np.where(right, x, 3 * x)
        for _ in range(12):
            v = np.minimum(v, 0)
        return np.where(right, 1.25 * x - 0.5 * v, x / 4) + t

    J = cj.conservative_jacobian(cj.from_numpy(step, [0], [0]))
    assert J.contains(np.array([[[1.25, 1.0]], [[0.25, 1.0]]]), tol=1e-6).all()  # of sizes up to 2,560
    found = cj.verify_contraction(cj.from_numpy(step, [0], [0]))
    assert not found.contracts
    assert found.how.name == "UNDECIDED"  # of a superset that expands nothing follows


def test_covers_of_nested_masks_hold_jacobians_nearby():
    def step(x, t):
        v = np.clip(np.where(x > 0, x, 0), np.minimum(x, 0), np.maximum(x, 0))[::-1]
        return np.where((x > 0) & (v > 0), np.minimum(x, v), 0) + 0 * t

    J = cj.conservative_jacobian(cj.from_numpy(step, [0, 0, 0], [0]))
    block = [[1, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]]  # at h (1, -1, 2), min(x_0, x_2) = x_0 twice
    assert isinstance(J, JacobianZonotope)  # too many choices for a list
    assert J.contains(np.array([block], dtype=float), tol=1e-9).all()
