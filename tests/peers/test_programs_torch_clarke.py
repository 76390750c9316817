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
    (lambda x: x.max()[None] + x.max()[None], 3),
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


def test_trend_filtering_by_admm_has_one_block_for_each_choice() -> None:
    """min 1/2|x − y|² + λ|D x|₁ by ADMM, at a point where one entry of D x + u lies at the threshold λ."""
    D = torch.tensor([[1.0, -2.0, 1.0, 0.0], [0.0, 1.0, -2.0, 1.0]], dtype=torch.float64)
    system, y = torch.eye(4, dtype=torch.float64) + D.T @ D, torch.arange(4, dtype=torch.float64) ** 2

    def step(state: Any, lam: Any) -> Any:
        z, u = state["z"], state["u"]
        x = torch.linalg.solve(system, y + D.T @ (z - u))
        moved = D @ x + u
        new = moved - torch.clamp(moved, -lam, lam)
        return {"z": new, "u": moved - new}

    state = {"z": at(0.5, -1.25), "u": at(0.25, 0.75)}
    moved = D @ torch.linalg.solve(system, y + D.T @ (state["z"] - state["u"])) + state["u"]
    form = cj.from_torch(step, state, moved[0].abs()).switched()
    assert len(form.ties) == 1
    A = (D @ torch.linalg.solve(system, D.T)).numpy()
    inner = np.hstack([A, np.eye(2) - A, np.zeros((2, 1))])
    signs, second = np.sign(moved.numpy()), float(abs(moved[1]) > abs(moved[0]))
    expected = []
    for on in (0.0, 1.0):
        new = np.diag([on, second]) @ inner
        new[:, -1] -= np.array([on, second]) * signs
        expected.append(np.vstack([new, inner - new]))
    blocks = form.vertices()
    assert all(min(np.abs(block - found).max() for found in blocks) <= 1e-12 for block in expected)
    assert len(blocks) == 2


class Lista(torch.nn.Module):
    """One layer of a learned ISTA: weights and threshold are parameters by name."""

    def __init__(self) -> None:
        super().__init__()
        self.W = torch.nn.Linear(2, 2, bias=False).double()
        self.S = torch.nn.Linear(2, 2, bias=False).double()
        self.t = torch.nn.Parameter(at(1.0))
        self.register_buffer("y", at(0.5, 0.0))
        with torch.no_grad():
            self.W.weight.copy_(torch.tensor([[1.0, 0.5], [0.25, 1.0]]))
            self.S.weight.copy_(torch.tensor([[0.5, 0.0], [0.25, 0.5]]))

    def forward(self, x: Any) -> Any:
        z = self.W(self.y) + self.S(x)
        return torch.sign(z) * torch.relu(z.abs() - self.t)


def test_a_layer_of_lista_moves_with_its_state_and_its_parameters_by_name() -> None:
    F = cj.from_torch(Lista(), at(1.0, 1.0))
    form = F.switched()
    assert form.value.tolist() == [0.0, 0.0]
    assert len(form.ties) == 1
    blocks = form.vertices()
    column = {name: i for i, name in enumerate(F.names)}
    on = blocks[np.abs(blocks).reshape(2, -1).max(axis=1) > 0]
    expected = np.zeros((2, len(F.names)))
    first = {"x[0]": 0.5, "t[0]": -1.0, "W.weight[0,0]": 0.5, "S.weight[0,0]": 1.0, "S.weight[0,1]": 1.0}
    for name, slope in first.items():
        expected[0, column[name]] = slope
    assert np.abs(on - expected).max() <= 1e-12
    assert len(on) == 1
    assert cj.conservative_jacobian(F).exactness is Exactness.EXACT


class Clipped(torch.autograd.Function):
    """A rule of the user's own: slope 1/2 at the kink of max(x, 0)."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        (x,) = ctx.saved_tensors
        return grad * torch.where(x > 0, 1.0, torch.where(x < 0, 0.0, 0.5))


def test_a_rule_of_the_users_own_is_honoured_and_its_slope_is_in_the_set() -> None:
    F = cj.from_torch(lambda x: Clipped.apply(x), at(0.0, 2.0))
    form = F.switched()
    assert form.warnings
    assert not form.clean
    slopes = {tuple(np.diag(block)) for block in form.vertices()}
    assert (0.5, 1.0) in slopes
    assert F.own_jacobian().tolist() == [[0.5, 0.0], [0.0, 1.0]]


def rows(x: Any) -> Any:
    return x.reshape(2, 2)


VMAPPED: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = [
    (lambda x: torch.func.vmap(torch.relu)(x), torch.relu),
    (
        lambda x: torch.func.vmap(lambda t: torch.sign(t) * torch.relu(t.abs() - 1))(x),
        lambda x: torch.sign(x) * torch.relu(x.abs() - 1),
    ),
    (lambda x: torch.func.vmap(lambda t: torch.where(t > 0, t, t / 4))(x), lambda x: torch.where(x > 0, x, x / 4)),
    (
        lambda x: torch.func.vmap(lambda r: torch.relu(r) * at(1, 2))(rows(x)).flatten(),
        lambda x: (torch.relu(rows(x)) * at(1, 2)).flatten(),
    ),
    (
        lambda x: torch.func.vmap(lambda r: torch.maximum(r, 0 * r[0]), in_dims=1, out_dims=1)(rows(x)).flatten(),
        torch.relu,
    ),
    (
        lambda x: torch.func.vmap(lambda r, c: torch.clamp(r, -1, 1) + c, in_dims=(0, None))(x, x[0]),
        lambda x: torch.clamp(x, -1, 1) + x[0],
    ),
    (lambda x: torch.func.vmap(lambda r: torch.relu(r).sum())(rows(x)), lambda x: torch.relu(rows(x)).sum(1)),
    (lambda x: torch.func.vmap(lambda t: (t >= 0) * t + (t < 0) * (-t))(x), torch.abs),
]


@pytest.mark.parametrize(("mapped", "whole"), VMAPPED)
def test_ties_under_vmap_are_those_of_the_whole_batch(mapped: Any, whole: Any) -> None:
    sets = []
    for F in (mapped, whole):
        form = cj.from_torch(F, at(1.0, -1.0, 0.0, 0.5)).switched()
        assert not form.warnings
        sets.append({tuple(np.round(block, 9).ravel() + 0.0) for block in form.vertices()})
    assert sets[0] == sets[1]
    assert len(sets[0]) > 1


def test_choices_among_entries_under_vmap_are_refused_by_name() -> None:
    for name, function in (("amax", lambda r: r.amax()), ("sort", lambda r: torch.sort(r).values)):
        with pytest.raises(FunctionError, match=rf"meets `{name}` inside `torch.vmap`.*functions of one entry"):
            cj.from_torch(lambda x, f=function: torch.func.vmap(f)(rows(x)).flatten(), at(0, 0, 1, 1)).switched()
