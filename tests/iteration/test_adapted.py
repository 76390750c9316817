"""Families that contract in no quadratic norm and in few steps, but whose joint spectral radius is below one."""

import numpy as np
import pytest

from conservative.iteration import fixed_set, iterate_set
from conservative.iteration.bounds import word_tree_bound
from conservative.iteration.bounds.choose_norm import adapted_decay
from conservative.iteration.bounds.decay import pruned_decay
from conservative.spectral import common_quadratic_norm, joint_spectral_radius


def family(seed: int, *, k: int, p: int, radius: float) -> np.ndarray:
    """Of this joint spectral radius, up to rounding."""
    A = np.random.default_rng(seed).normal(size=(k, p, p))
    return A * (radius / joint_spectral_radius(A).upper)


def largest_products(A: np.ndarray, *, length: int, kept: int) -> list[float]:
    """Norms of products of each length that are attained, for words that stay large."""
    products, found = np.eye(A.shape[1])[None], [1.0]
    for _ in range(length):
        products = np.einsum("wij,kjl->wkil", products, A).reshape(-1, *A.shape[1:])
        norms = np.linalg.norm(products, 2, axis=(1, 2))
        found.append(float(norms.max()))
        products = products[np.argsort(-norms)[:kept]]
    return found


@pytest.mark.parametrize(
    ("seed", "k", "p", "radius"),
    [
        pytest.param(0, 5, 3, 0.97, marks=pytest.mark.slow),
        pytest.param(1, 4, 4, 0.99, marks=pytest.mark.slow),
        (2, 3, 3, 0.99),
        (3, 4, 2, 0.97),
    ],
)
def test_bounds_from_a_tree_of_words_hold_the_largest_products(seed: int, k: int, p: int, radius: float) -> None:
    A = family(seed, k=k, p=p, radius=radius)
    decay = pruned_decay(A, norm=common_quadratic_norm(A).P)
    assert radius <= decay.rate < 1.0
    for length, reached in enumerate(largest_products(A, length=60, kept=200)):
        assert reached <= decay.at(length)


def test_no_tree_is_found_for_a_family_that_expands() -> None:
    A = family(4, k=3, p=3, radius=1.01)
    assert not pruned_decay(A, norm=np.eye(3)).contracts


def test_a_family_that_no_quadratic_norm_contracts_has_bounds() -> None:
    A = family(6, k=4, p=2, radius=0.97)
    assert common_quadratic_norm(A).gamma > 1.0
    assert adapted_decay(A).contracts
    J = np.concatenate([A, np.random.default_rng(0).normal(size=(4, 2, 1))], axis=2)
    run = iterate_set(J, np.zeros((1, 2, 1)), steps=8)
    assert run.status.name == "STEPS_DONE"
    assert np.isfinite(run.bounds[-1].best)
    found = fixed_set(J, tol=1e-2, representation="hull", time_limit=None)
    points = np.linalg.solve(np.eye(2) - A, J[:, :, 2:])
    assert found.outer.project(points).lower.max() <= 1e-9 * found.outer.radius


def test_no_word_is_lengthened_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """[[0.5, 4], [0, 0.5]] contracts over several steps: without time no such bound is found, and nothing is grown."""
    A = np.array([[[0.5, 4.0], [0.0, 0.5]], [[0.5, 0.0], [4.0, 0.1]]]) / 4.0
    grown: list[int] = []
    monkeypatch.setattr(
        word_tree_bound, "spectral_norm_bounds", lambda M: grown.append(len(M)) or (None, np.ones(len(M)))
    )
    decay = adapted_decay(A, deadline=-np.inf)
    assert (decay.contracts, decay.rate, grown) == (False, decay.one_step, [])
    assert not pruned_decay(A, norm=np.eye(2), deadline=-np.inf).contracts
    assert grown == []


def test_where_a_letter_has_radius_one_no_tree_is_grown(monkeypatch: pytest.MonkeyPatch) -> None:
    grown: list[float] = []
    monkeypatch.setattr(word_tree_bound, "_constant", lambda A, rate, **_: grown.append(rate))
    assert not adapted_decay(np.array([[[0.0, 0.0], [0.25, 1.0]], [[0.5, 1.0], [0.0, 0.2]]])).contracts
    assert not pruned_decay(np.array([[[0.0, 1.0], [0.9, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]), norm=np.eye(2)).contracts
    assert grown == [0.999]
