"""Ctrl-C and time limits: what was proved until then comes back, valid, with the status that says so."""

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import pytest
import shapely

from conservative._core.errors import ArgumentError, InterruptedWarning
from conservative.iteration import fixed_set, iterate_set, iterate_true
from conservative.iteration.fixed import fixed_set as fixed_set_module
from conservative.iteration.fixed import hull_search, refine
from conservative.iteration.image import epsilon_net
from conservative.iteration.trajectories import true_sets
from conservative.matrix_sets import (
    CellUnion,
    FiniteSet,
    MatrixPolytope,
    MatrixZonotope,
    PlanarRegion,
    gap,
    hausdorff_distance,
)
from conservative.matrix_sets.distance import gaps

BOW_TIE = [[[0, 0, -1], [-1, 0, 0]], [[0, 0, 1], [1, 0, 0]]]


@contextmanager
def interrupted(owner: Any, name: str, *, call: int) -> Iterator[list[int]]:
    """Let the call of this number, and no other, of a function be the moment of Ctrl-C."""
    real, calls = getattr(owner, name), []

    def stopping(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, stopping)
        yield calls


def family(seed: int, *, k: int, p: int, m: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(k, p, p))
    A *= 0.6 / np.linalg.norm(A, 2, axis=(1, 2))[:, None, None]
    return np.concatenate([A, rng.normal(size=(k, p, m))], axis=2)


def orbit(blocks: np.ndarray, *, seed: int) -> np.ndarray:
    """Points of fix of the hull."""
    rng, p = np.random.default_rng(seed), blocks.shape[1]
    x, found = np.linalg.solve(np.eye(p) - blocks[0, :, :p], blocks[0, :, p:]), []
    for _ in range(100):
        V = np.einsum("k,kij->ij", rng.dirichlet(np.full(len(blocks), 0.5)), blocks)
        x = V[:, :p] @ x + V[:, p:]
        found.append(x)
    return np.array(found)


SQUARE = MatrixPolytope(np.array(list(itertools.product([0.0, 4.0], repeat=2)))[:, :, None])
NOTCHED = PlanarRegion(shapely.box(0, 0, 4, 4).difference(shapely.box(1, 1, 3, 4)))
CORNERS = FiniteSet(SQUARE.vertices)
TILES = CellUnion([[[[0.0], [0.0]], [[4.0], [0.0]], [[0.0], [0.5]]], [[[0.0], [4.0]], [[4.0], [4.0]], [[4.0], [3.5]]]])
PAIRS = {
    "hull and points": (SQUARE, CORNERS),
    "hull and cells": (SQUARE, TILES),
    "hull and region": (SQUARE, NOTCHED),
    "zonotope and points": (MatrixZonotope([[2.0], [2.0]], [[[2.0], [0.0]], [[0.0], [2.0]]]), CORNERS),
    "cells and region": (TILES, NOTCHED),
    "fattened cells and region": (CellUnion(TILES.cells, 0.5), NOTCHED),
    "region and fattened cells": (NOTCHED, CellUnion(TILES.cells, 0.125)),
}


@cache
def uninterrupted(name: str, distance: Callable[..., Any]) -> tuple[Any, int]:
    """A distance, and how many projections the search that is interrupted would make."""
    X, Y = PAIRS[name]
    with interrupted(PlanarRegion if Y.shape == (2, 1) else type(Y), "project", call=10**9) as calls:
        distance(X, Y, tol=1e-12)
    return distance(X, Y, tol=1e-6), len(calls)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("call", [2, 3, 7, 12])
@pytest.mark.parametrize("distance", [gap, hausdorff_distance])
def test_an_interrupted_distance_is_a_valid_bracket(name: str, call: int, distance: Callable[..., Any]) -> None:
    X, Y = PAIRS[name]
    searched = PlanarRegion if Y.shape == (2, 1) else type(Y)
    truth, total = uninterrupted(name, distance)
    call = min(call, total)
    with interrupted(searched, "project", call=call) as calls, pytest.warns(InterruptedWarning):
        found = distance(X, Y, tol=1e-12)
    assert len(calls) >= call
    assert found.lower <= truth.upper
    assert truth.lower <= found.upper
    assert np.isfinite(found.upper)


def test_an_interrupt_late_in_the_search_keeps_what_was_found() -> None:
    points = FiniteSet(np.random.default_rng(0).normal(size=(5, 3, 1)))
    cube = MatrixPolytope(np.array(list(itertools.product([-1.0, 1.0], repeat=3)))[:, :, None])
    truth = gap(cube, points, tol=1e-2)
    with interrupted(FiniteSet, "project", call=40), pytest.warns(InterruptedWarning):
        found = gap(cube, points, tol=1e-14)
    assert found.lower <= truth.upper
    assert truth.lower <= found.upper
    assert found.width < 1.0


def test_an_interrupt_among_many_points_keeps_the_first_ones() -> None:
    cloud = FiniteSet(np.random.default_rng(0).normal(size=(3000, 4, 1)))
    hull = MatrixPolytope(np.random.default_rng(1).normal(size=(6, 4, 1)))
    truth = gap(cloud, hull)
    with interrupted(MatrixPolytope, "project", call=2), pytest.warns(InterruptedWarning):
        found = gap(cloud, hull)
    assert 0.0 < found.lower <= truth.upper <= found.upper


def test_a_warning_made_an_error_stops_a_loop_over_gaps() -> None:
    with interrupted(PlanarRegion, "project", call=1), pytest.raises(InterruptedWarning):
        gap(SQUARE, CORNERS)


@pytest.mark.parametrize("call", range(1, 9))
def test_iterations_keep_whole_steps(call: int) -> None:
    J = family(0, k=3, p=2, m=1)
    with interrupted(gaps, "farthest_point", call=call):
        run = iterate_set(J, np.zeros((1, 2, 1)), steps=6)
    assert run.status.name == "INTERRUPTED"
    assert run.steps == (call - 1) // 2
    assert len(run.sets) == len(run.bounds) == run.steps + 1
    whole = iterate_set(J, np.zeros((1, 2, 1)), steps=6)
    for stored, other in zip(run.sets, whole.sets, strict=False):
        assert hausdorff_distance(stored, other).upper <= 1e-12


@pytest.mark.parametrize("representation", ["region", "cells"])
@pytest.mark.parametrize("call", [1, 2, 3])
def test_true_iterations_keep_whole_steps(representation: str, call: int) -> None:
    J = family(1, k=2, p=2, m=1)
    with interrupted(true_sets, "measured_distance", call=call):
        run = iterate_true(J, np.ones((1, 2, 1)), steps=4, step_tol=0.3, representation=representation)
    assert run.status.name == "INTERRUPTED"
    assert run.steps == call - 1
    assert len(run.sets) == len(run.bounds) == call
    assert all(found.lower <= found.upper for found in run.gaps)


class Stop:
    """Ctrl-C at the line of this number, of all lines that run in the package from the start of the search on."""

    def __init__(self, line: int) -> None:
        self.left, self.stopped = line, False

    def __call__(self, frame: Any, event: str, argument: Any) -> Any:
        if "conservative" not in frame.f_code.co_filename or self.stopped:
            return None
        if event == "line":
            self.left -= 1
            if self.left < 0:
                self.stopped = True
                raise KeyboardInterrupt
        return self


def stopped_at(line: int, J: Any, **options: Any) -> tuple[Any, int]:
    """A fixed set interrupted at a line, and how many lines were left until then."""
    stop, real = Stop(line), fixed_set_module.HullSearch.run

    def running(*arguments: Any) -> Any:
        sys.settrace(stop)
        sys._getframe(1).f_trace = stop
        return real(*arguments)

    before = sys.gettrace()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fixed_set_module.HullSearch, "run", running)
        try:
            found = fixed_set(J, **options)
        finally:
            sys.settrace(before)
    assert stop.stopped or line >= ENDLESS
    return found, line - stop.left


ENDLESS = 10**9


@pytest.mark.parametrize(
    ("J", "options"),
    [
        (family(2, k=3, p=2, m=1), {"tol": 0.2}),
        (FiniteSet(family(2, k=2, p=2, m=1)), {"tol": 2e-3}),
        (family(3, k=3, p=3, m=1), {"tol": 0.5}),
        (family(3, k=2, p=2, m=2), {"tol": 1e-2, "representation": "hull"}),
        (np.array([[[0.5, 1.0]], [[0.25, -1.0]]]), {"tol": 1e-9}),
    ],
    ids=["plane", "finite", "space", "hull", "line"],
)
@pytest.mark.parametrize("moments", [4, pytest.param(12, marks=pytest.mark.slow)])
def test_ctrl_c_at_any_line_of_a_fixed_set_leaves_valid_sets(J: Any, options: dict[str, Any], moments: int) -> None:
    options = {**options, "time_limit": None}
    blocks = J.points if isinstance(J, FiniteSet) else J
    points = np.linalg.solve(np.eye(blocks.shape[1]) - blocks[:, :, : blocks.shape[1]], blocks[:, :, blocks.shape[1] :])
    total = stopped_at(ENDLESS, J, **options)[1]
    assert total > 500
    early, late = range(0, 60, 84 // moments), np.random.default_rng(0).integers(60, total - 1, moments).tolist()
    known = []
    for line in sorted((*early, *late, total - 2)):
        found = stopped_at(line, J, **options)[0]
        known.append((found.distance.upper, found.hull.e_missing))
        assert found.status.name == "INTERRUPTED"
        assert found.outer.project(points).lower.max() <= 1e-12
        assert found.distance.lower <= found.distance.upper < np.inf
        assert found.inner.project(points).lower.max() <= found.inner.e_missing
        assert found.hull.project(points).lower.max() <= found.hull.e_missing
    assert found.hull.e_missing <= options["tol"]  # the last interrupt comes after the finer hull
    # A later interrupt never knows less.
    for upper_ends in zip(*known, strict=True):
        assert list(upper_ends) == sorted(upper_ends, reverse=True)
    assert known[0] > known[-1]


@pytest.mark.parametrize(
    ("shape", "owner", "name"), [((2, 1), refine, "inner_growth"), ((2, 2), epsilon_net, "affine_images")]
)
@pytest.mark.parametrize("call", [1, 3, 6])
def test_refinements_stay_valid(shape: tuple[int, int], owner: Any, name: str, call: int) -> None:
    J = family(4, k=2, p=shape[0], m=shape[1])
    points = orbit(J, seed=5)
    with interrupted(owner, name, call=call):
        found = fixed_set(J, tol=1e-3, time_limit=None)
    assert found.status.name == "INTERRUPTED"
    assert found.outer.project(points).upper.max() <= 1e-9
    assert found.distance.lower <= found.distance.upper < np.inf
    assert found.inner.project(points).lower.max() <= found.inner.e_missing


@pytest.mark.parametrize(("iterate", "made"), [(iterate_set, 20), (iterate_true, 0)])
def test_time_limits_of_iterations(iterate: Callable[..., Any], made: int) -> None:
    """Of planar hulls the first steps are made in any case: they cost milliseconds."""
    run = iterate(BOW_TIE, [[[3.0], [7.0]]], steps=50, time_limit=0.0)
    assert run.status.name == "TIME_LIMIT"
    assert len(run.sets) == len(run.bounds) == run.steps + 1 == made + 1
    assert iterate(BOW_TIE, [[[3.0], [7.0]]], steps=1, time_limit=100.0).steps == 1
    with pytest.raises(ArgumentError, match="time_limit"):
        iterate(BOW_TIE, [[[3.0], [7.0]]], time_limit=-1.0)


def test_too_many_cells_end_an_iteration_with_its_steps() -> None:
    J = family(6, k=3, p=2, m=2)
    run = iterate_true(J, np.random.default_rng(7).normal(size=(3, 2, 2)), steps=8, step_tol=0.01)
    assert run.status.name == "CELL_LIMIT"
    assert len(run.sets) == len(run.bounds) == run.steps + 1


@pytest.mark.parametrize(("p", "m"), [(1, 1), (2, 1), (2, 2), (4, 2)])
def test_the_first_moments_of_a_fixed_set_leave_something_valid(p: int, m: int) -> None:
    J = family(7, k=3, p=p, m=m)
    points = orbit(J, seed=1)
    with interrupted(hull_search, "word_points", call=1):
        found = fixed_set(J, time_limit=None)
    assert found.status.name == "INTERRUPTED"
    early = fixed_set(J, time_limit=1e-6)
    for known in (found, early):
        assert known.outer.project(points).lower.max() == 0.0
        assert known.distance.lower <= known.distance.upper < np.inf
        assert known.hull.project(points).lower.max() <= known.hull.e_missing
