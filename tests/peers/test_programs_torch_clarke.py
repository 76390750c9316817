"""PyTorch programs whose set is Clarke's, those whose set is larger, and functions that are opened or refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import conservative as cj
from conservative import Exactness, FunctionError

torch = pytest.importorskip("torch")
functional = torch.nn.functional
pytestmark = pytest.mark.peers


def at(*numbers: float) -> Any:
    return torch.tensor(numbers, dtype=torch.float64)


CLARKES: list[tuple[Callable[[Any], Any], int]] = [
    (lambda x: x.max()[None], 3),
    (lambda x: x.amin()[None], 3),
    (lambda x: torch.maximum(torch.maximum(x[0], x[1]), x[2])[None], 3),
    (lambda x: torch.sign(x[:1]) * x[:1], 3),
    (lambda x: (x > 0) * x + (x <= 0) * (-2 * x), 8),
    (lambda x: (x[:1] > 0) * x[:1] + (x[:1] >= 0) * x[:1], 3),
    (lambda x: torch.where(x > 0, x, x / 4), 8),
    (lambda x: ((x[0].abs()) - (x[1].abs())).abs()[None], 4),
    (lambda x: torch.sort(x, descending=True).values, 6),
    (lambda x: torch.topk(x, 2).values, 6),
]


@pytest.mark.parametrize(("F", "blocks"), CLARKES)
def test_sets_that_are_clarkes_are_called_so(F: Callable[[Any], Any], blocks: int) -> None:
    J = cj.conservative_jacobian(cj.from_torch(F, at(0, 0, 0)))
    assert J.exactness is Exactness.EXACT
    assert len(J.vertices) == blocks


def test_what_parts_along_its_guard_and_what_cancels_is_not_clarkes() -> None:
    jumps = cj.from_torch(lambda x: torch.where(x[:1] > 0, x[1:], -x[1:]), at(0, 0))
    assert cj.conservative_jacobian(jumps).exactness is Exactness.OUTER
    assert "part to first order along the guard" in jumps.switched().warnings[0]
    identity = cj.from_torch(lambda x: torch.relu(x) - torch.relu(-x), at(0, 0))
    assert cj.conservative_jacobian(identity).exactness is Exactness.OUTER


SPECTRAL: list[Callable[[Any], Any]] = [
    lambda x: torch.linalg.svdvals(torch.diag(x)),
    lambda x: torch.linalg.eigvalsh(torch.diag(x)),
    lambda x: torch.linalg.eigh(torch.diag(x)).eigenvalues,
    lambda x: torch.linalg.eigvals(torch.diag(x)).real,
    lambda x: torch.linalg.matrix_norm(torch.diag(x), "nuc")[None],
]


@pytest.mark.parametrize("F", SPECTRAL)
def test_spectra_with_equal_values_are_refused_by_name(F: Callable[[Any], Any]) -> None:
    """Autograd gives one of many derivatives there, finite and without a word."""
    with pytest.raises(FunctionError, match=r"`linalg_\w+` at test_programs_torch_clarke.py:\d+ of a matrix with"):
        cj.from_torch(F, at(1, 1)).switched()
    assert not cj.from_torch(F, at(1, 2)).switched().ties


def test_singular_values_of_zero_are_refused() -> None:
    with pytest.raises(FunctionError, match="singular values that are 0"):
        cj.from_torch(lambda x: torch.linalg.svdvals(torch.diag(x)), at(1, 0)).switched()


@pytest.mark.parametrize("size", [(2, 3), (1, 1), (None, 2), 2])
def test_adaptive_pools_take_the_largest_of_each_part(size: Any) -> None:
    x = torch.tensor(np.random.default_rng(0).integers(0, 3, 30).astype(float))
    pool = lambda x: functional.adaptive_max_pool2d(x.reshape(2, 3, 5), size).flatten()  # noqa: E731
    form = cj.from_torch(pool, x).switched()
    assert not form.warnings
    assert np.array_equal(form.value, pool(x))
    assert form.ties
    for tie in form.ties:
        row = form.Z[list(tie.slots)]
        assert np.array_equal(np.sort(row, axis=1)[:, [0, -1]], np.tile([-1.0, 1.0], (len(row), 1)))
