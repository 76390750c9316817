"""Template iteration: brackets against exact recursions over all words, outer hulls, and bad input."""

import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.stages import drawn

from conservative._core.errors import ArgumentError, EmptySetError, ExpansionError, ShapeError
from conservative.iteration import TemplateStatus, fixed_set, iterate_templates
from conservative.iteration.trajectories import support_words


def random_blocks(seed: int, *, k: int, p: int, m: int, rho: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(k, p, p))
    A *= rho / np.linalg.norm(A, 2, axis=(1, 2))[:, None, None]
    return np.concatenate([A, rng.normal(size=(k, p, m))], axis=2)


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 10_000),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 2),
    st.sampled_from([0.2, 0.7, 0.95]),
    st.sampled_from([1e-8, 1e-2, 0.5]),
)
def test_every_bracket_holds_the_support_over_all_words(
    seed: int, k: int, p: int, m: int, rho: float, tol: float
) -> None:
    blocks = random_blocks(seed, k=k, p=p, m=m, rho=rho)
    points = np.random.default_rng(seed + 1).normal(size=(2, p, m))
    run = iterate_templates(blocks, points, steps=5, tol=tol, max_words=2000)
    for lower, upper in zip(run.lower, run.upper, strict=True):
        exact = np.einsum("kpm,npm->kn", run.directions, points).max(axis=1)
        assert (lower <= exact + 1e-13).all()
        assert (exact <= upper + 1e-13).all()
        points = np.concatenate([block[:, :p] @ points + block[:, p:] for block in blocks])
    if run.status is TemplateStatus.TOLERANCE_REACHED:
        assert run.widths.max() <= tol * 1.0000001


@drawn(6, 60, st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 2), st.sampled_from([0.3, 0.7]))
def test_the_limit_holds_the_fixed_set(seed: int, k: int, p: int, rho: float) -> None:
    blocks = random_blocks(seed, k=k, p=p, m=1, rho=rho)
    run = iterate_templates(blocks, np.zeros((1, p, 1)), tol=1e-6)
    limit = fixed_set(blocks, tol=1e-7, representation="hull", time_limit=None).hull
    size = np.linalg.norm(run.directions, axis=(1, 2))
    values = limit.support(run.directions)
    assert (run.limit_lower <= values + limit.e_missing * size).all()
    assert (values - limit.e_extra * size <= run.limit_upper).all()
    assert run.limit.contains(limit.vertices, tol=limit.e_extra + 1e-9).all()


def test_a_scaled_cross_polytope_in_twenty_dimensions() -> None:
    """X₊ = X/2 + conv{±e_i}: the fixed set is 2 conv{±e_i}, and X_t has support (2 − 2^{1−t}) max|U_i|."""
    d = 20
    vertices = np.concatenate([np.eye(d), -np.eye(d)])[:, :, None]
    blocks = np.concatenate([np.repeat(0.5 * np.eye(d)[None], 2 * d, axis=0), vertices], axis=2)
    U = np.random.default_rng(0).normal(size=(10, d, 1))
    run = iterate_templates(blocks, np.zeros((1, d, 1)), directions=U, steps=40, tol=1e-4)
    for t, (lower, upper) in enumerate(zip(run.lower, run.upper, strict=True)):
        exact = float(2 - Fraction(2) / 2**t) * np.abs(U).max(axis=(1, 2))
        assert (lower <= exact + 1e-14).all()
        assert (exact <= upper + 1e-14).all()
    assert run.status is TemplateStatus.TOLERANCE_REACHED


def test_nilpotent_blocks_and_a_constant_map() -> None:
    T1 = [[[0, 0, -1], [-1, 0, 0]], [[0, 0, 1], [1, 0, 0]]]
    run = iterate_templates(T1, [[[0.0], [0.0]]], steps=3, tol=1e-9)
    np.testing.assert_allclose(run.limit_upper[:2], 1.0, atol=1e-12)
    still = iterate_templates(np.zeros((1, 2, 3)), np.zeros((1, 2, 1)), steps=3, tol=1e-200)
    assert np.abs(still.upper).max() < 1e-250


def test_too_few_words_keep_valid_bounds_and_say_so() -> None:
    blocks = random_blocks(1, k=4, p=4, m=1, rho=0.98)
    wide = iterate_templates(blocks, np.zeros((1, 4, 1)), steps=10, tol=1e-6, max_words=200)
    narrow = iterate_templates(blocks, np.zeros((1, 4, 1)), steps=10, tol=1e-1)
    assert wide.status is TemplateStatus.BUDGET
    assert (wide.lower <= narrow.upper).all()
    assert (narrow.lower <= wide.upper).all()


def test_an_interruption_keeps_the_directions_done(monkeypatch: pytest.MonkeyPatch) -> None:
    from conservative.iteration.trajectories import templates

    calls = []

    def once(*args: object, **options: object) -> support_words.Supports:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return support_words.extend(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(templates, "extend", once)
    blocks = random_blocks(1, k=2, p=20, m=1, rho=0.5)
    run = iterate_templates(blocks, np.zeros((1, 20, 1)), steps=3)
    assert run.status is TemplateStatus.INTERRUPTED
    assert run.upper.shape == (4, 64)


def test_bad_input() -> None:
    blocks = random_blocks(1, k=2, p=2, m=1, rho=0.5)
    with pytest.raises(ExpansionError, match="expanding product"):
        iterate_templates([[[1.5, 1.0]]], [[[0.0]]])
    with pytest.raises(ShapeError, match="the shape of B"):
        iterate_templates(blocks, np.zeros((1, 2, 1)), directions=np.zeros((1, 3, 1)))
    with pytest.raises(ShapeError, match="2 × 1"):
        iterate_templates(blocks, np.zeros((1, 3, 1)))
    with pytest.raises(EmptySetError):
        iterate_templates(blocks, np.zeros((0, 2, 1)))
    with pytest.raises(EmptySetError):
        iterate_templates(blocks, np.zeros((1, 2, 1)), directions=np.zeros((0, 2, 1)))
    for name, value in (("steps", -1), ("steps", 1.5), ("tol", 0.0), ("max_words", 2)):
        with pytest.raises(ArgumentError, match=name):
            iterate_templates(blocks, np.zeros((1, 2, 1)), **{name: value})


def test_a_limit_that_is_over_leaves_the_bounds_of_the_first_words() -> None:
    """Every direction has an answer that holds those of a search without a limit."""
    blocks = random_blocks(3, k=3, p=4, m=1, rho=0.8)
    late = iterate_templates(blocks, np.zeros((1, 4, 1)), steps=5, tol=1e-6, time_limit=0.0)
    whole = iterate_templates(blocks, np.zeros((1, 4, 1)), steps=5, tol=1e-2)
    assert late.status is TemplateStatus.TIME_LIMIT
    assert len(late.directions) == len(whole.directions)
    for early, full in zip([*late.lower, late.limit_lower], [*whole.upper, whole.limit_upper], strict=True):
        assert (early <= full).all()
    for early, full in zip([*late.upper, late.limit_upper], [*whole.lower, whole.limit_lower], strict=True):
        assert (early >= full).all()
    coarse = iterate_templates(blocks, np.zeros((1, 4, 1)), steps=2, tol=1e3, time_limit=0.0)
    assert coarse.status is TemplateStatus.TOLERANCE_REACHED


def test_no_words_are_begun_that_end_after_the_limit() -> None:
    words = support_words.Words(
        np.ones((4, 100, 100)),
        np.ones((4, 100, 1)),
        np.arange(4),
        np.zeros((100, 1)),
        np.zeros((1, 100, 1)),
        1.0,
        0.0,
        0.0,
    )
    assert (
        support_words._exceeded(words, 10**6, support_words.Limits(5, 10**9, time.monotonic() + 2.0))
        is support_words.End.TIME
    )
    assert support_words._exceeded(words, 10**6, support_words.Limits(5, 10**9, np.inf)) is support_words.End.CLOSED
    assert support_words._exceeded(words, 10**6, support_words.Limits(5, 10**6, np.inf)) is support_words.End.WORDS
