"""Set iteration: bounds against exact recursions, adapted norms, statuses, interruption, bad input."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies.stages import drawn

from conservative._core.errors import ArgumentError, EmptySetError, NonFiniteError, ShapeError
from conservative.iteration import fixed_set, iterate_set
from conservative.iteration.bounds.decay import Decay, decay_of
from conservative.iteration.trajectories import hulls
from conservative.matrix_sets import MatrixPolytope, gap, hausdorff_distance

HEAVY_BALL = np.array([[[0.75, -0.75, 1.0], [1.0, 0.0, 0.0]], [[1.5, -0.75, 0.25], [1.0, 0.0, 0.0]]])


def random_blocks(seed: int, *, k: int, p: int, m: int, rho: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(k, p, p))
    A *= rho / np.linalg.norm(A, 2, axis=(1, 2))[:, None, None]
    return np.concatenate([A, rng.normal(size=(k, p, m))], axis=2)


@drawn(
    20,
    200,
    st.integers(0, 10_000),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 2),
    st.sampled_from([0.3, 0.7, 0.9]),
)
def test_hulls_have_the_support_of_the_exact_recursion(seed: int, k: int, p: int, m: int, rho: float) -> None:
    """h_{t+1}(U) = max_i h_t(A_iᵀU) + ⟨B_i, U⟩, taken back to the starting point over all words."""
    blocks = random_blocks(seed, k=k, p=p, m=m, rho=rho)
    start = np.random.default_rng(seed + 1).normal(size=(1, p, m))
    run = iterate_set(blocks, start, steps=4)
    points = start
    for stored in run.sets:
        directions = np.random.default_rng(seed + 2).normal(size=(5, p, m))
        exact = np.einsum("upm,npm->un", directions, points).max(axis=1)
        slack = max(stored.e_missing, stored.e_extra) * np.linalg.norm(directions, axis=(1, 2)) + 1e-13
        assert np.all(np.abs(stored.support(directions) - exact) <= slack)
        points = np.concatenate([block[:, :p] @ points + block[:, p:] for block in blocks])


@drawn(6, 60, st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 2), st.sampled_from([0.3, 0.7]))
def test_bounds_hold_the_distance_to_the_limit(seed: int, k: int, p: int, rho: float) -> None:
    blocks = random_blocks(seed, k=k, p=p, m=1, rho=rho)
    limit = fixed_set(blocks, tol=1e-7, representation="hull", time_limit=None).hull
    run = iterate_set(blocks, 5.0 * np.ones((1, p, 1)), steps=8)
    for stored, bound in zip(run.sets, run.bounds, strict=True):
        distance = hausdorff_distance(stored, limit)
        assert distance.lower <= bound.a_priori + limit.e_missing + limit.e_extra
        assert distance.lower <= bound.a_posteriori + limit.e_missing + limit.e_extra
    for before, after, found in zip(run.sets, run.sets[1:], run.gaps, strict=False):
        again = hausdorff_distance(before, after)
        assert found.lower <= again.upper
        assert again.lower <= found.upper


def test_thinned_sets_carry_what_is_missing() -> None:
    blocks = random_blocks(4, k=3, p=2, m=1, rho=0.8)
    full = iterate_set(blocks, np.zeros((1, 2, 1)), steps=12)
    thin = iterate_set(blocks, np.zeros((1, 2, 1)), steps=12, max_vertices=5)
    for exact, stored in zip(full.sets, thin.sets, strict=True):
        assert len(stored.vertices) <= 5
        assert gap(exact, stored).lower <= stored.e_missing + exact.e_extra
        assert gap(stored, exact).lower <= stored.e_extra + exact.e_missing
    assert thin.sets[-1].e_missing > 1e-3
    assert thin.sets[-1].e_extra < 1e-12


def test_many_dimensions_keep_few_vertices() -> None:
    blocks = random_blocks(6, k=2, p=10, m=1, rho=0.6)
    run = iterate_set(blocks, np.zeros((1, 10, 1)), steps=9, max_vertices=60)
    assert max(len(stored.vertices) for stored in run.sets) <= 60
    assert np.isfinite(run.bounds[-1].best)


def test_an_adapted_norm_gives_finite_bounds() -> None:
    A = np.array([[0.5, 40.0], [0.0, 0.5]])
    blocks = np.c_[A, [1.0, 1.0]][None]
    limit = np.linalg.solve(np.eye(2) - A, np.ones((2, 1)))
    P = np.diag([1.0, 1e4])
    for norm in (None, P):
        run = iterate_set(blocks, np.zeros((1, 2, 1)), steps=60, norm=norm)
        assert run.decay.one_step > 1.0
        for stored, bound in zip(run.sets, run.bounds, strict=True):
            assert np.linalg.norm(stored.vertices[0] - limit) <= bound.best
        assert run.bounds[-1].best < 1e-6


@drawn(5, 20, st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 3), st.sampled_from([0.5, 1.0, 1.5]))
def test_decay_bounds_the_norms_of_all_products(seed: int, k: int, p: int, rho: float) -> None:
    A = random_blocks(seed, k=k, p=p, m=1, rho=rho)[:, :, :p]
    decay = decay_of(A)
    products, seen = np.eye(p)[None], []
    for length in range(6):
        seen.append(np.linalg.norm(products, 2, axis=(1, 2)).max())
        assert seen[-1] <= decay.at(length) * (1 + 1e-12)
        products = np.concatenate([products @ M for M in A])
    assert sum(seen) <= decay.tail(0) * (1 + 1e-12)
    assert sum(seen[2:]) <= decay.tail(2) * (1 + 1e-12)


@given(
    st.lists(st.floats(0.0, 1e3), min_size=1, max_size=4),
    st.floats(0.0, 1.0, exclude_max=True),
    st.integers(0, 400),
)
def test_sums_of_bounds_are_rounded_up_and_by_next_to_nothing(norms: list[float], rate: float, start: int) -> None:
    decay, n, q = Decay(tuple(norms), rate, rate), len(norms), start // len(norms)
    exact = [Fraction(rate) ** q * Fraction(norms[start % n])]
    rest = sum(map(Fraction, norms[start % n :])) + Fraction(rate) * sum(map(Fraction, norms)) / (1 - Fraction(rate))
    exact.append(Fraction(rate) ** q * rest)
    for found, value in zip((decay.at(start), decay.tail(start)), exact, strict=True):
        assert value <= Fraction(found) <= value * (1 + Fraction(2) ** -50) + Fraction(5e-324)


def test_heavy_ball_grows_and_says_why() -> None:
    run = iterate_set(HEAVY_BALL, [[[1.0], [0.0]]], steps=120)
    assert run.status.name == "NO_CONTRACTION"
    assert "Assumption A fails" in run.status.value
    assert np.isinf(run.bounds[-1].best)
    assert max(found.lower for found in run.gaps[-20:]) > 2 * max(found.upper for found in run.gaps[:20])
    assert run.steps == 120


def test_a_tolerance_without_contraction_does_not_loop() -> None:
    run = iterate_set(HEAVY_BALL, [[[1.0], [0.0]]], tol=1e-3)
    assert run.status.name == "NO_CONTRACTION"
    assert run.steps == 20


def test_explosive_growth_stops_before_overflow() -> None:
    run = iterate_set([[[1e9, 1.0]]], [[[1.0]]], steps=400)
    assert run.status.name == "OVERFLOW"
    assert len(run.bounds) == len(run.sets) == run.steps + 1


def test_rounding_ends_a_tolerance_that_is_too_small() -> None:
    run = iterate_set([[[0.9, 1e6]], [[0.8, 1.0]]], [[[0.0]]], tol=1e-13)
    assert run.status.name == "ROUNDING_LIMIT"
    assert run.steps < 2000


def test_an_interrupt_keeps_the_steps_made(monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = hulls.measured_gap, []

    def interrupted(*arguments: MatrixPolytope) -> object:
        calls.append(1)
        if len(calls) == 7:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(hulls, "measured_gap", interrupted)
    run = iterate_set([[[0.5, 1.0]], [[0.25, 0.0]]], [[[0.0]]], steps=50)
    assert run.status.name == "INTERRUPTED"
    assert run.steps == 3
    assert len(run.sets) == len(run.bounds) == 4


def test_no_step_gives_the_start() -> None:
    run = iterate_set([[[0.5, 1.0]]], [[[1.0]]], steps=0)
    assert run.steps == 0
    assert len(run.sets) == len(run.bounds) == 1
    assert np.isinf(run.bounds[0].best)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"J": [[[0.5, 1.0], [0.0, 1.0]]]}, ShapeError, r"\(k, p, p \+ m\)"),
        ({"J": []}, EmptySetError, "J=..."),
        ({"J": [[[np.nan, 1.0]]]}, NonFiniteError, "J=..."),
        ({"initial": [[0.0]]}, ShapeError, "initial"),
        ({"initial": [[[0.0, 1.0]]]}, ShapeError, "1 × 1"),
        ({"initial": []}, EmptySetError, "initial"),
        ({"steps": -1}, ArgumentError, "steps"),
        ({"steps": 1.5}, ArgumentError, "steps"),
        ({"tol": 0.0}, ArgumentError, "tol"),
        ({"tol": float("nan")}, ArgumentError, "tol"),
        ({"representation": "zonotope"}, ArgumentError, "representation"),
        ({"max_vertices": 0}, ArgumentError, "max_vertices"),
        ({"norm": [[-1.0]]}, ArgumentError, "positive definite"),
        ({"norm": [[1.0, 0.0]]}, ShapeError, "norm"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict, error: type[Exception], words: str) -> None:
    good = {"J": [[[0.5, 1.0]]], "initial": [[[0.0]]]}
    merged = good | arguments
    with pytest.raises(error, match=words):
        iterate_set(merged.pop("J"), merged.pop("initial"), **merged)


def test_thinning_hides_no_distance_that_contraction_shows() -> None:
    """A tie of rank one in five dimensions, thinned to 12 vertices: measured distances stall at what is lost."""
    rng = np.random.default_rng(2)
    A, u, v = rng.normal(size=(5, 5)), rng.normal(size=5), rng.normal(size=5)
    A *= 0.7 / np.linalg.norm(A, 2)
    tie = 0.15 * np.outer(u, v) / (np.linalg.norm(u) * np.linalg.norm(v))
    J = np.concatenate([np.stack([A, A + tie]), np.repeat(rng.normal(size=(1, 5, 1)), 2, axis=0)], axis=2)
    run = iterate_set(J, np.zeros((1, 5, 1)), steps=40, representation="thinned", max_vertices=12)
    assert run.carried[-1] > 1e-4
    uppers = np.array([found.upper for found in run.gaps])
    assert (uppers[1:] <= uppers[:-1] * 0.85 * (1.0 + 1e-12)).all()
    assert uppers[-1] < run.carried[-1]
    whole = iterate_set(J, np.zeros((1, 5, 1)), steps=8, representation="hull")
    for found, exact in zip(run.gaps, whole.gaps, strict=False):
        assert found.lower <= exact.upper
        assert exact.lower <= found.upper


def test_steps_that_change_nothing_beyond_rounding_are_not_made():
    """The distance to the limit halves at every step: below 2^-52 there is only what is carried."""
    run = iterate_set([[[0.5, 1.0]], [[0.5, 0.1]]], [[[0.0]]], steps=10_000)
    assert run.status is hulls.TrajectoryStatus.ROUNDING_LIMIT
    assert 45 <= run.steps <= 80
    assert run.bounds[-1].a_priori <= 2 * run.carried[-1] * (1 + 1e-12)
    assert float(run.sets[-1].support([[1.0]])) == pytest.approx(2.0, abs=1e-13)
    assert iterate_set([[[0.5, 1.0]], [[0.5, 0.1]]], [[[0.0]]], steps=30).status.name == "STEPS_DONE"
