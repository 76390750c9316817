"""Unusable input of set iteration, kind by kind: what expands, what does not fit, what is empty, what is too little."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from conservative._core.errors import ArgumentError, ArgumentTypeError, EmptySetError, ExpansionError, ShapeError
from conservative._core.exactness import Exactness
from conservative.iteration import (
    Thinning,
    fixed_set,
    iterate_sequence,
    iterate_set,
    iterate_templates,
    iterate_true,
)
from conservative.iteration.bounds.choose_norm import adapted_decay
from conservative.iteration.trajectories import hulls
from conservative.matrix_sets import FiniteSet, MatrixPolytope

HEAVY_BALL = np.array([[[0.75, -0.75, 1.0], [1.0, 0.0, 0.0]], [[1.5, -0.75, 0.25], [1.0, 0.0, 0.0]]])
START = np.zeros((1, 2, 1))
CALLS: list[Callable[[Any, Any], Any]] = [
    lambda J, X: iterate_set(J, X, steps=2),
    lambda J, X: iterate_templates(J, X, steps=2),
    lambda J, X: iterate_sequence([J, J], X),
]


@pytest.mark.parametrize(
    "call",
    [lambda J: fixed_set(J), lambda J: iterate_templates(J, START), lambda J: iterate_sequence([J], START, limit=J)],
)
def test_an_expanding_family_is_refused_with_its_word(call: Callable[[Any], Any]) -> None:
    with pytest.raises(ExpansionError, match=r"expanding product.*1122|expanding product.*M"):
        call(HEAVY_BALL)


def test_the_iteration_of_an_expanding_family_ends_and_names_the_word() -> None:
    run = iterate_set(HEAVY_BALL, START, tol=1e-3)
    assert run.status.name == "NO_CONTRACTION"
    assert run.expanding is not None
    assert sorted(run.expanding.word) == [0, 0, 1, 1]
    assert run.expanding.spectral_radius > 1.0
    assert iterate_set([[[0.5, 1.0]]], [[[0.0]]], steps=2).expanding is None


def test_an_adapted_norm_is_found_without_being_asked_for() -> None:
    """Norms of single blocks exceed 1 by far, and products of few steps too; the spectral radii do not."""
    A = np.array([[[0.99, 30.0], [0.0, 0.98]], [[0.98, -30.0], [0.0, 0.99]]])
    decay = adapted_decay(A)
    assert decay.contracts
    run = iterate_set(np.concatenate([A, np.ones((2, 2, 1))], axis=2), START, steps=3)
    assert np.isfinite(run.bounds[-1].best)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: fixed_set([[[0.5, 1.0]]], tol="small"), "tol"),
        (lambda: fixed_set([[[0.5, 1.0]]], time_limit=[1]), "time_limit"),
        (lambda: fixed_set([[[0.5, 1.0]]], max_cells=True), "max_cells"),
        (lambda: iterate_set([[[0.5, 1.0]]], [[[0.0]]], steps="3"), "steps"),
        (lambda: iterate_set([[[0.5, 1.0]]], [[[0.0]]], max_vertices=None, representation=7), "representation"),
        (lambda: iterate_templates([[[0.5, 1.0]]], [[[0.0]]], tol=1j), "tol"),
        (lambda: Thinning(epsilon=b"1"), "epsilon"),
    ],
)
def test_arguments_of_other_kinds(call: Callable[[], Any], argument: str) -> None:
    with pytest.raises((ArgumentTypeError, ArgumentError), match=rf"\({argument}=...\)` needs"):
        call()


def test_sizes_whose_powers_leave_the_doubles() -> None:
    rng = np.random.default_rng(1)
    A, B = 0.3 * rng.normal(size=(2, 2, 2)), rng.normal(size=(2, 2, 1))
    large, small = (np.concatenate([A, B * size], axis=2) for size in (1e200, 1e-200))
    for J, size in ((large, 1e200), (small, 1e-200)):
        for family in (J, FiniteSet(J)):
            with pytest.raises(ArgumentError, match="power of two"):
                iterate_true(family, START)
            found = fixed_set(family, tol=1e-2 * size, time_limit=None)
            assert found.status.name == "HULL"
            assert 0.0 < found.distance.lower <= found.distance.upper < 10.0 * size
    near = fixed_set(
        np.concatenate([A, np.ldexp(B, -600)], axis=2), tol=1e-190, representation="hull", time_limit=None
    ).hull
    expected = fixed_set(np.concatenate([A, B], axis=2), tol=1e-9, representation="hull", time_limit=None).hull
    assert np.ldexp(near.radius, 600) == pytest.approx(expected.radius, rel=1e-8)


def test_sets_that_stand_for_others_are_no_blocks() -> None:
    """Bounds about the stored blocks would say nothing about the set they stand for."""
    rough = MatrixPolytope([[[0.5, 0.0]], [[0.5, 1.0]]], Exactness.INNER, e_missing=0.5)
    for call in (fixed_set, lambda J: iterate_set(J, [[[0.0]]]), lambda J: iterate_sequence([J], [[[0.0]]])):
        with pytest.raises(ArgumentError, match="stands for another"):
            call(rough)
    fine = MatrixPolytope(rough.vertices, Exactness.INNER, e_missing=1e-16)
    assert (
        fixed_set(fine, time_limit=None).status.name
        == fixed_set(rough.extreme, time_limit=None).status.name
        == "CONVEX"
    )


@pytest.mark.parametrize("step_tol", [1e300, np.inf])
def test_a_step_may_lose_everything(step_tol: float) -> None:
    tie = [[[0, 0, -1], [-1, 0, 0]], [[0, 0, 1], [1, 0, 0]]]
    run = iterate_true(tie, [[[0.0], [1.0]]], steps=2, step_tol=step_tol)
    assert run.steps == 2
    assert np.isfinite(run.bounds[-1].e_extra)


def test_a_radius_of_nearly_one_is_called_so() -> None:
    """rho² = (1 + 2^-52)(1 - 2^-53) > 1 by 1.1e-16, and the double nearest to rho is 1."""
    with pytest.raises(ExpansionError, match="exceeds 1 by less than a double shows"):
        fixed_set([[[0.0, 1.0 + 2.0**-52, 1.0], [1.0 - 2.0**-53, 0.0, 1.0]]])


@pytest.mark.parametrize("call", CALLS)
def test_shapes_that_do_not_fit(call: Callable[[Any, Any], Any]) -> None:
    J = np.concatenate([0.5 * np.eye(2), np.ones((2, 1))], axis=1)[None]
    for wrong in (np.zeros((1, 3, 1)), np.zeros((1, 2, 2)), FiniteSet(np.zeros((1, 1, 2)))):
        with pytest.raises(ShapeError, match="2 × 1"):
            call(J, wrong)
    with pytest.raises(ShapeError, match=r"\[A B\]"):
        call(J[:, :, :2], START)
    with pytest.raises(ShapeError):
        call(J[0], START)


@pytest.mark.parametrize("call", CALLS)
def test_empty_sets(call: Callable[[Any, Any], Any]) -> None:
    J = np.concatenate([0.5 * np.eye(2), np.ones((2, 1))], axis=1)[None]
    with pytest.raises(EmptySetError, match="at least one matrix"):
        call(J, np.zeros((0, 2, 1)))
    with pytest.raises(EmptySetError, match="at least one matrix"):
        call(np.zeros((0, 2, 3)), START)


def test_budgets_too_small_are_told() -> None:
    rng = np.random.default_rng(0)
    A = rng.normal(size=(3, 2, 2))
    A *= 0.8 / np.linalg.norm(A, 2, axis=(1, 2))[:, None, None]
    J = np.concatenate([A, rng.normal(size=(3, 2, 1))], axis=2)
    few = iterate_set(J, START, tol=1e-8, max_vertices=4)
    assert few.status.name == "ROUNDING_LIMIT"
    assert few.bounds[-1].best > 1e-8
    assert iterate_templates(J, START, tol=1e-12, max_words=64).status.name == "BUDGET"
    thin = iterate_set(J, START, steps=20, representation=Thinning(epsilon=1e-9, max_vertices=4))
    assert thin.sets[-1].e_missing > 1e-9
    for wrong in ({"epsilon": 0.0}, {"epsilon": float("nan")}, {"max_vertices": 0}):
        with pytest.raises(ArgumentError, match="Thinning"):
            Thinning(**wrong)


def test_an_interrupted_iteration_keeps_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []

    def interrupted(*args: Any, **options: Any) -> MatrixPolytope | None:
        steps.append(1)
        if len(steps) == 5:
            raise KeyboardInterrupt
        return hull_step(*args, **options)

    hull_step = hulls.hull_step
    monkeypatch.setattr(hulls, "hull_step", interrupted)
    run = iterate_set([[[0.5, 1.0]], [[0.5, 0.0]]], [[[0.0]]], steps=50, representation=Thinning(epsilon=1e-3))
    assert run.status.name == "INTERRUPTED"
    assert (len(run.sets), run.steps) == (5, 4)
    assert all(found.lower <= found.upper for found in run.gaps)
    assert np.isfinite([bound.best for bound in run.bounds]).all()
