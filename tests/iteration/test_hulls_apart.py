"""Distances of consecutive exact hulls, seen through hulls that are thinned."""

import numpy as np
import pytest

from conservative.iteration import iterate_set


def one_tie(p: int, seed: int) -> np.ndarray:
    """Blocks [A B] that differ by a matrix of rank one, with ‖A‖₂ at most 0.85."""
    rng = np.random.default_rng(seed)
    base, change = rng.normal(size=(p, p + 1)), np.outer(rng.normal(size=p), rng.normal(size=p + 1))
    blocks = np.stack([base, base + change])
    blocks[:, :, :p] *= 0.85 / np.linalg.norm(blocks[:, :, :p], 2, axis=(1, 2)).max()
    return blocks


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_brackets_of_thinned_hulls_hold_the_distances_of_full_ones(seed: int) -> None:
    blocks, start = one_tie(4, seed), np.zeros((1, 4, 1))
    few = iterate_set(blocks, start, steps=9, max_vertices=12)
    full = iterate_set(blocks, start, steps=9, max_vertices=5000)
    assert max(few.carried) > 1e-6
    for coarse, fine in zip(few.gaps, full.gaps, strict=True):
        assert coarse.lower <= fine.upper
        assert fine.lower <= coarse.upper


def test_steps_far_below_the_thinned_errors_are_still_seen() -> None:
    """The first coordinate is 0.85 x + 1 in both blocks, so that X_t and X_{t+1} are at least 0.85^t apart."""
    base = np.diag([0.85, 0.6, 0.5, 0.4, 0.3])
    change = np.outer([0.0, 0.3, 0.2, -0.1, 0.2], [0.0, 0.5, -0.3, 0.4, 0.2, 1.0])
    blocks = np.stack([np.column_stack([base, np.ones(5)])] * 2) + change * np.array([0.0, 1.0])[:, None, None]
    run = iterate_set(blocks, np.zeros((1, 5, 1)), steps=36, max_vertices=12)
    assert run.carried[-1] > run.gaps[-1].upper
    for t, gap in enumerate(run.gaps):
        assert gap.upper >= 0.85**t
        assert gap.lower >= 0.5 * 0.85**t
