"""Sets driven along a trajectory: the exchange of limit and derivative, bounds against the truth, bad input."""

import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import count

import numpy as np
import pytest
from hypothesis import strategies as st
from strategies.stages import drawn

import conservative as cj
from conservative._core.errors import (
    ArgumentError,
    ArgumentTypeError,
    EmptySetError,
    ExpansionError,
    NonFiniteError,
    ShapeError,
)
from conservative.iteration import iterate_driven, iterate_sequence, iterate_set
from conservative.iteration.fixed import hull_search
from conservative.iteration.trajectories import driven
from conservative.matrix_sets import gap


def kinked() -> cj.PiecewiseSelection:
    return cj.from_sympy("t - Piecewise((x/4, x >= 0), (3*x/4, True))", state=["x"], parameters=["t"])


def test_derivatives_end_inside_the_piggyback_set() -> None:
    """Theory page, strictness: J_pb = [4/13, 12/13]; the iterates x_t alternate in sign and never leave it."""
    run = iterate_driven(kinked(), [1.0], [0.0], steps=40, fixed_point=["0"])
    assert run.limit is not None
    np.testing.assert_allclose(run.limit.support([[[1.0]], [[-1.0]]]), [12 / 13, -4 / 13], atol=1e-8)
    assert run.to_limit[-1].upper < 1e-7
    assert all(found.lower <= bound for found, bound in zip(run.to_limit, run.bounds, strict=True))
    # x_t alternates in sign, so the derivative ends by alternating between the two ends of J_pb.
    ends = sorted(float(stored.vertices[0, 0, 0]) for stored in run.sets[-2:])
    np.testing.assert_allclose(ends, [4 / 13, 12 / 13], atol=1e-8)
    assert run.rate[0] >= run.rate[-1] > 0.0


def test_a_start_on_the_kink_is_the_autonomous_iteration() -> None:
    run = iterate_driven(kinked(), [0.0], [0.0], steps=12)
    same = iterate_set(cj.conservative_jacobian(kinked(), ["0", "0"]), [[[0.0]]], steps=12)
    for stored, expected in zip(run.sets, same.sets, strict=True):
        assert cj.hausdorff_distance(stored, expected).upper < 1e-12


@drawn(8, 40, st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 2), st.sampled_from([0.3, 0.8]))
def test_bounds_hold_along_families_that_approach_a_limit(seed: int, k: int, p: int, rho: float) -> None:
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(k, p, p))
    A *= rho / np.linalg.norm(A, 2, axis=(1, 2))[:, None, None]
    limit = np.concatenate([A, rng.normal(size=(k, p, 1))], axis=2)
    Js = [limit + 0.7**t * 0.1 * rng.normal(size=limit.shape) for t in range(15)]
    run = iterate_sequence(Js, rng.normal(size=(1, p, 1)), limit=limit)
    points = run.sets[0].vertices
    for t, J in enumerate(Js):
        points = np.concatenate([block[:, :p] @ points + block[:, p:] for block in J])[:4000]
        assert gap(cj.FiniteSet(points), run.sets[t + 1]).lower <= run.sets[t + 1].e_missing + 1e-12
    for found, bound in zip(run.to_limit, run.bounds, strict=True):
        assert found.lower <= found.upper
        assert found.lower <= bound


def test_near_rest_the_limit_is_that_of_the_fixed_point() -> None:
    """F = t + sin(x)/2 at t = 1/2: x̄ = 0.8870..., and dx̄/dt = 1/(1 − cos(x̄)/2)."""
    F = cj.from_sympy("t + sin(x)/2", state="x", parameters="t")
    fixed = 0.5
    for _ in range(200):
        fixed = 0.5 + np.sin(fixed) / 2
    truth = cj.FiniteSet([[[1.0 / (1.0 - np.cos(fixed) / 2)]]])
    for steps in (1, 3, 6, 12):
        run = iterate_driven(F, [0.8], [0.5], steps=steps)
        assert run.status.name == "NEAR_REST"
        assert run.limit is not None
        assert run.to_fixed_point is not None
        assert abs(fixed - run.points[-1][0]) <= run.to_fixed_point <= 4.0 * run.residual
        assert gap(truth, run.limit).upper <= run.limit.e_missing + 1e-14
        assert run.limit.e_missing <= 10.0 * run.to_fixed_point
        for stored, found, bound in zip(run.sets, run.to_limit, run.bounds, strict=True):
            right = gap(stored, truth)
            assert found.lower <= right.upper + 1e-14
            assert found.upper >= right.lower - 1e-14
            assert found.lower <= bound
            assert bound >= right.lower - 1e-14
    assert run.to_limit[-1].upper < 1e-3
    assert repr(run).count("to_fixed_point=") == 1


def test_a_kink_nearby_or_no_contraction_leaves_the_limit_unknown() -> None:
    """No number speaks of a point that is not fixed: where nothing is proved, there is none."""
    kink = iterate_driven(kinked(), [1.0], [0.0], steps=6)  # tends to its kink at 0
    rotation = cj.from_sympy(["t + y*9/10", "-x*9/10 + y/2"], state="x y", parameters="t")
    turning = iterate_driven(rotation, [1.0, 0.0], [0.5], steps=6)  # contracts, but not in the Euclidean norm
    beyond = iterate_driven(cj.from_sympy("t + x/2 + x**3", state="x", parameters="t"), [1.0], [0.0], steps=2)
    thirds = iterate_driven(kinked(), [1.0], [Fraction(1, 3)], steps=3)  # x_t is that of the nearest double
    for run in (kink, turning, beyond, thirds):
        assert run.status.name in ("UNCONVERGED", "DIVERGING")
        assert (run.limit, run.to_limit, run.bounds, run.rate, run.to_fixed_point) == (None, (), (), (), None)
        assert run.residual is not None
        assert run.residual > 0.0
        assert "limit=None" in repr(run)
        assert f"residual={run.residual!r}" in repr(run)
    assert "no limit" in kink.status.value.lower()


def test_without_a_fixed_point_there_is_the_one_nearby() -> None:
    run = iterate_driven(kinked(), [1.0], [0.5], steps=3)
    assert run.status.name == "NEAR_REST"
    assert run.residual == abs(float(kinked().evaluate(run.points[-1], np.array([0.5]))[0]) - float(run.points[-1][0]))
    assert run.to_fixed_point == pytest.approx(run.residual * 4 / 3)  # affine with slope −1/4
    assert abs(run.points[-1][0] - 0.4) <= run.to_fixed_point
    assert run.limit is not None
    assert run.limit.vertices.ravel() == pytest.approx([0.8])
    assert (len(run.to_limit), len(run.bounds), run.steps) == (4, 4, 3)


def test_a_trajectory_that_runs_away_says_so() -> None:
    away = cj.from_sympy("t - 3*Abs(x)", state=["x"], parameters=["t"])
    run = iterate_driven(away, [-1.0], [0.0], steps=30)
    assert run.status.name == "DIVERGING"
    assert run.residual is not None
    assert run.residual > 1e14
    slow = cj.from_sympy("x + t", state=["x"], parameters=["t"])
    assert iterate_driven(slow, [0.0], [1.0], steps=30).status.name == "UNCONVERGED"
    rest = iterate_driven(kinked(), [0.0], [0.0], steps=5)
    assert (rest.status.name, rest.residual) == ("STEPS_DONE", 0.0)
    given = iterate_driven(kinked(), [1.0], [0.0], steps=5, fixed_point=[1e-12])
    assert given.status.name == "STEPS_DONE"
    assert 0.0 < given.residual < 1e-11
    assert iterate_sequence([[[[0.5, 1.0]]]], [[[0.0]]]).residual is None


def test_an_interrupt_keeps_the_steps_made(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []

    def interrupted(*args: object, **options: object) -> object:
        steps.append(1)
        if len(steps) == 4:
            raise KeyboardInterrupt
        return hull_step(*args, **options)  # type: ignore[arg-type]

    hull_step = driven.hull_step
    monkeypatch.setattr(driven, "hull_step", interrupted)
    run = iterate_sequence([[[[0.5, 1.0]]]] * 10, [[[0.0]]], limit=[[[0.5, 1.0]]])
    assert run.status.name == "INTERRUPTED"
    assert len(run.sets) == len(run.to_limit) == len(run.bounds) == 4


def test_an_interrupt_while_the_limit_is_sought_ends_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object, **options: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(hull_search, "graph_points", interrupted)
    family = [[[0.5, 0.1, 1.0], [0.0, 0.4, 1.0]], [[0.3, -0.2, 1.0], [0.1, 0.4, 0.0]]]
    run = iterate_sequence([family] * 10, np.zeros((1, 2, 1)), limit=family)
    assert run.status.name == "INTERRUPTED"
    assert (run.steps, len(run.to_limit), len(run.bounds)) == (0, 1, 1)
    assert run.limit is not None


def test_the_time_limit_ends_between_steps() -> None:
    def slow() -> Iterator[object]:
        for _ in range(1000):
            time.sleep(0.05)
            yield [[[0.5, 1.0]]]

    run = iterate_sequence(slow(), [[[0.0]]], limit=[[[0.5, 1.0]]], time_limit=0.3)
    assert run.status.name == "TIME_LIMIT"
    assert run.steps < 1000
    assert len(run.sets) == len(run.to_limit) == len(run.bounds) == run.steps + 1
    assert iterate_driven(kinked(), [1.0], [0.0], time_limit=0.0).steps == 0


def test_bad_input() -> None:
    with pytest.raises(ExpansionError, match="expanding product"):
        iterate_sequence([[[[0.5, 1.0]]]], [[[0.0]]], limit=[[[1.5, 1.0]]])
    with pytest.raises(ArgumentError, match="residual"):
        iterate_driven(kinked(), [1.0], [0.0], fixed_point=[3.0])
    with pytest.raises(ArgumentError, match="steps"):
        iterate_driven(kinked(), [1.0], [0.0], steps=-1)
    with pytest.raises(ShapeError, match="x0"):
        iterate_driven(kinked(), [[1.0]], [0.0])
    with pytest.raises(ShapeError, match="one shape"):
        iterate_sequence([[[[0.5, 1.0]]], [[[0.5, 1.0, 1.0]]]], [[[0.0]]])
    assert iterate_sequence([], [[[0.0]]]).steps == iterate_driven(kinked(), [1.0], [0.5], steps=0).steps == 0
    with pytest.raises(ShapeError, match=r"iterate_sequence\(limit"):
        iterate_sequence([[[[0.5, 1.0]]]], [[[0.0]]], limit=np.zeros((1, 2, 3)))
    with pytest.raises(ArgumentTypeError, match="each step"):
        iterate_sequence(5, [[[0.0]]])  # type: ignore[arg-type]
    with pytest.raises(ArgumentTypeError, match="from_sympy"):
        iterate_driven("x/2", [1.0], [0.0])
    away = cj.from_sympy("t - 3*Abs(x)", state=["x"], parameters=["t"])
    with pytest.raises(ArgumentTypeError, match="1 numbers"):
        iterate_driven(kinked(), [1.0], [0.0], fixed_point="x")
    with pytest.raises(ShapeError, match="1 numbers; got 2"):
        iterate_driven(kinked(), [1.0], [0.0], fixed_point=[0, 0])
    with pytest.raises(NonFiniteError, match="t = 64"):
        iterate_driven(away, [1.0], [0.0], steps=2000)
    with pytest.raises(EmptySetError):
        iterate_sequence([np.zeros((0, 1, 2))], [[[0.0]]])


def test_without_a_time_limit_no_clock_ends_the_search_for_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours pass between any two looks at it."""
    family = [[[0.5, 0.1, 1.0], [0.0, 0.4, 1.0]], [[0.3, -0.2, 1.0], [0.1, 0.4, 0.0]]]
    calm = iterate_sequence([family] * 3, np.zeros((1, 2, 1)), limit=family)
    hours = count(0, 3600)
    with monkeypatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: float(next(hours)))
        slow = iterate_sequence([family] * 3, np.zeros((1, 2, 1)), limit=family)
    assert calm.limit is not None
    assert slow.limit is not None
    assert (slow.status, slow.bounds, slow.to_limit) == (calm.status, calm.bounds, calm.to_limit)
    np.testing.assert_array_equal(slow.limit.vertices, calm.limit.vertices)
