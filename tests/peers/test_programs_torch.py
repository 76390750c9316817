"""PyTorch programs as sets: published cases in several spellings, and what is refused."""

import copy
import pickle
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import conservative as cj
from conservative import ArgumentTypeError, DiscontinuityError, FunctionError

pytestmark = pytest.mark.peers
torch = pytest.importorskip("torch")
nn = torch.nn.functional


def members(F: Any, x: Any, theta: Any = None) -> list[Any]:
    """The distinct members of the set, in order, rounded."""
    S = cj.from_torch(F, x, theta).switched()
    return np.unique(S.vertices().round(9) + 0.0, axis=0).tolist()


def support(members: Any, directions: Any) -> Any:
    return np.einsum("vij,dij->vd", members, directions).max(axis=0)


def halves(x: Any) -> Any:
    if x[0] > 0:
        return x
    return x / 2


def written(x: Any) -> Any:
    y = x * 1
    y.relu_()
    return y


def masked(x: Any) -> Any:
    y = x * 1
    y[y < 0] = 0
    return y


# What PyTorch calls, the point, and the values of the derivative between which a program may choose.
SCALARS = [
    (torch.relu, 0.0, [0, 1]),
    (nn.relu, 0.0, [0, 1]),
    (torch.nn.ReLU(inplace=True), 0.0, [0, 1]),
    (written, 0.0, [0, 1]),
    (masked, 0.0, [0, 1]),
    (torch.abs, 0.0, [-1, 1]),
    (lambda x: abs(x), 0.0, [-1, 1]),
    (lambda x: nn.leaky_relu(x, 0.25), 0.0, [0.25, 1]),
    (lambda x: nn.prelu(x, torch.tensor(0.25)), 0.0, [0.25, 1]),
    (nn.hardtanh, 1.0, [0, 1]),
    (nn.relu6, 6.0, [0, 1]),
    (nn.hardsigmoid, 3.0, [0, round(1 / 6, 9)]),
    (nn.hardswish, -3.0, [-0.5, 0]),
    (nn.hardswish, 3.0, [1, 1.5]),
    (lambda x: nn.softshrink(x, 1.0), 1.0, [0, 1]),
    (lambda x: nn.softshrink(x, 1.0), -1.0, [0, 1]),
    (lambda x: nn.threshold(x, 0.0, 0.0), 0.0, [0, 1]),
    (nn.elu, 0.0, [1]),
    (lambda x: nn.elu(x, 2.0), 0.0, [1, 2]),
    (lambda x: nn.celu(x, 3.0), 0.0, [1]),
    (nn.softplus, 0.0, [0.5]),
    (lambda x: torch.clamp(x, 0, 1), 1.0, [0, 1]),
    (lambda x: torch.clip(x, min=torch.zeros(1)), 0.0, [0, 1]),
    (lambda x: x.clamp(max=0.0), 0.0, [0, 1]),
    (lambda x: torch.maximum(x, -x / 2), 0.0, [-0.5, 1]),
    (lambda x: torch.min(x, x * 3), 0.0, [1, 3]),
    (lambda x: torch.where(x > 0, x, x / 2), 0.0, [0.5, 1]),
    (lambda x: (x > 0) * x + (x <= 0) * x / 4, 0.0, [0.25, 1]),
    (lambda x: x * torch.where(x >= 0, 1.0, 0.25), 0.0, [0.25, 1]),
    (lambda x: (x > 0).double() * (x + 1) + (x <= 0) * (1 - x), 0.0, [-1, 1]),
    (lambda x: x.masked_fill(x < 0, 0.0), 0.0, [0, 1]),
    (lambda x: ((x > 0) & (x < 2)) * x, 0.0, [0, 1]),
    (lambda x: torch.where((x > 0).logical_or(x < -2), x, 2 * x), 0.0, [1, 2]),
    (lambda x: torch.sgn(x) * x, 0.0, [-1, 0, 1]),
    (lambda x: torch.sign(x) * torch.relu(x.abs() - 1), 0.0, [0]),
    (lambda x: torch.sign(x) * torch.relu(x.abs() - 1), 1.0, [0, 1]),
    (halves, 0.0, [0.5, 1]),
    (lambda x: x.abs() - x.abs(), 0.0, [0]),
    (lambda x: torch.linalg.vector_norm(x, 1).reshape(1), 0.0, [-1, 1]),
    (lambda x: nn.l1_loss(x, torch.zeros(1)).reshape(1), 0.0, [-1, 1]),
    (lambda x: x.detach().abs() + x, 0.0, [1]),
    (lambda x: torch.relu(x).detach() + torch.where(x > 0, 0 * x, 0 * x), 0.0, [0]),
    (lambda x: torch.func.grad(lambda v: torch.relu(v).sum() ** 2 / 2)(x), 0.0, [0, 1]),
    (lambda x: torch.func.jacrev(lambda v: torch.relu(v) ** 2 / 2)(x).sum(0), 0.0, [0, 1]),
    (lambda x: torch.func.grad(lambda v: (v.abs() ** 2).sum() / 2)(x), 3.0, [1]),
    (lambda x: torch.vmap(lambda v: 2 * v)(x), 0.0, [2]),
    (lambda x: x - torch.autograd.grad((torch.relu(x) ** 2).sum() / 2, x, create_graph=True)[0], 0.0, [0, 1]),
]


@pytest.mark.parametrize(("function", "at", "known"), SCALARS, ids=range(len(SCALARS)))
def test_a_number_has_the_derivatives_of_both_sides_of_its_tie(function: Any, at: float, known: list[float]) -> None:
    F = cj.from_torch(function, [at])
    S = F.switched()
    assert sorted({round(float(v), 7) + 0.0 for v in S.vertices().ravel()}) == pytest.approx(known, abs=1e-7)
    assert S.framework_choice == pytest.approx(F.own_jacobian(), abs=1e-7) or S.others
    assert all("detach" in warning for warning in S.warnings) or S.others


def test_choices_among_entries() -> None:
    first, second = [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]
    for function in (torch.max, torch.amax, lambda x: x.max(dim=0).values, lambda x: torch.topk(x, 1).values):
        assert members(function, [1.0, 1.0, 0.0]) == [second, first]
    assert members(torch.median, [1.0, 1.0, 2.0]) == [second, first]
    assert members(lambda x: x.kthvalue(2).values, [1.0, 1.0, 2.0]) == [second, first]
    assert len(members(lambda x: torch.sort(x).values, [2.0, 2.0, 2.0])) == 6
    assert members(lambda x: torch.cummax(x, 0).values[1:], [1.0, 1.0, 0.0]) == [
        [[0.0, 1.0, 0.0]] * 2,
        [[1.0, 0.0, 0.0]] * 2,
    ]
    assert members(lambda x: torch.quantile(x, 0.25), [1.0, 1.0, 0.0]) == [[[0.0, 0.5, 0.5]], [[0.5, 0.0, 0.5]]]
    for index in (torch.argmax, lambda x: x.max(dim=0).indices, lambda x: torch.topk(x, 1).indices[0]):
        assert members(lambda x, index=index: x[index(x)], [1.0, 1.0, 0.0]) == [second, first]
    assert len(members(lambda x: x[torch.argsort(x)], [1.0, 1.0])) == 2
    windows = members(lambda x: nn.max_pool2d(x[None], 2)[0], [[1.0, 1.0], [0.0, 1.0]])
    assert windows == [[[0, 0, 0, 1]], [[0, 1, 0, 0]], [[1, 0, 0, 0]]]


def soft(z: Any, threshold: Any) -> Any:
    return torch.sign(z) * torch.relu(z.abs() - threshold)


LASSO = [
    soft,
    lambda z, t: torch.relu(z - t) - torch.relu(-z - t),
    lambda z, t: torch.where(z > t, z - t, torch.where(z < -t, z + t, torch.zeros_like(z))),
    lambda z, t: z - torch.clamp(z, -t, t),
    lambda z, t: (z.abs() > t) * (z - t * torch.sign(z)),
    lambda z, t: torch.maximum(z - t, torch.zeros(())) + torch.minimum(z + t, torch.zeros(())),
]


@pytest.mark.parametrize("shrink", LASSO, ids=range(len(LASSO)))
def test_lasso_at_a_breakpoint_is_one_set_in_every_spelling(shrink: Any) -> None:
    Q = torch.tensor([[2.0, 1.0], [1.0, 2.0]], dtype=torch.float64)

    def step(x: Any, theta: Any) -> Any:
        return shrink(x - (Q @ x - theta) / 4, torch.tensor(0.25, dtype=torch.float64))

    # x = (0.5, 0): the second coordinate of x − ∇/4 is −0.125 + θ₂/4 = 0.25, at the edge of the threshold.
    found = members(step, [0.5, 0.0], [2.0, 1.5])
    on = [[0.5, -0.25, 0.25, 0.0], [-0.25, 0.5, 0.0, 0.25]]
    assert found == [[on[0], [0.0] * 4] if first else on for first in (False, True)] or found == [
        on,
        [on[0], [0.0] * 4],
    ]


def test_a_relu_equilibrium_is_the_structured_map() -> None:
    rng = np.random.default_rng(0)
    p, m, k = 12, 3, 4
    W, U, theta = rng.standard_normal((p, p)) / 8, rng.standard_normal((p, m)), rng.standard_normal(m)
    x = np.maximum(rng.standard_normal(p), 0)
    x[:k] = 0
    before = np.where(x > 0, x, -0.5)
    before[:k] = 0
    c = before - W @ x - U @ theta
    Wt, Ut, ct = map(torch.tensor, (W, U, c))
    S = cj.from_torch(lambda x, t: torch.relu(Wt @ x + Ut @ t + ct), x, theta).switched()
    known = cj.conservative_jacobian(
        cj.functions.structured(cj.functions.ScalarPiece.relu(), W, N=U, c=c), [*x, *theta], tolerance=1e-9
    )
    directions = rng.standard_normal((40, p, p + m))
    assert len(S.ties) == k
    assert not S.L.any()
    assert support(S.vertices(), directions) == pytest.approx([float(known.support(d)) for d in directions])


def test_group_lasso_at_the_edge_of_its_threshold() -> None:
    shrink = lambda z: z * torch.relu(1 - 1 / z.norm())  # noqa: E731
    u = np.array([0.6, 0.8])
    found = cj.from_torch(shrink, u).switched()
    assert found.vertices() == pytest.approx(np.array([np.zeros((2, 2)), np.outer(u, u)]), abs=1e-12)
    assert cj.conservative_jacobian(cj.from_torch(shrink, u)).exactness is cj.Exactness.EXACT


def simplex(v: Any) -> Any:
    descending = torch.sort(v, descending=True).values
    sums = torch.cumsum(descending, 0) - 1
    count = int((descending * torch.arange(1, len(v) + 1) > sums).sum())
    return torch.clamp(v - sums[count - 1] / count, min=0)


def test_the_projection_onto_the_simplex_by_sorting_holds_both_of_its_derivatives() -> None:
    S = cj.from_torch(simplex, [0.5, 0.5, 0.0]).switched()
    two, three = np.array([[0.5, -0.5, 0], [-0.5, 0.5, 0], [0, 0, 0]]), np.eye(3) - 1 / 3
    distances = [np.abs(S.vertices() - known).max(axis=(1, 2)).min() for known in (two, three)]
    assert max(distances) < 1e-12
    assert not S.clean
    assert any("decide its control" in w for path in (S, *S.others) for w in path.warnings)


def test_heavy_ball_by_where_and_by_the_gradient_of_f() -> None:
    def slope(x: Any) -> Any:
        return torch.where(x >= 0, x, x / 4)

    def f(x: Any) -> Any:
        return torch.where(x >= 0, x**2 / 2, x**2 / 8)

    for gradient in (slope, lambda x: x * torch.where(x < 0, 0.25, 1.0), torch.func.grad(f)):
        step = lambda z, g=gradient: torch.stack([z[0] - g(z[0]) + 0.75 * (z[0] - z[1]), z[0]])  # noqa: E731
        assert members(step, [0.0, 0.0]) == [[[0.75, -0.75], [1.0, 0.0]], [[1.5, -0.75], [1.0, 0.0]]]


def test_a_module_has_its_parameters_by_name_and_is_left_as_it_was() -> None:
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Dropout(), torch.nn.Linear(3, 2))
    with torch.no_grad():
        module[0].weight[0] = 0.0
        module[0].bias[0] = 0.0
    before = copy.deepcopy(module.state_dict())
    F = cj.from_torch(module, torch.ones(2))
    assert F.names[:4] == ("x[0]", "x[1]", "0.weight[0,0]", "0.weight[0,1]")
    assert (F.state_size, F.parameter_size, F.size) == (2, 17, 2)
    S = F.switched()
    assert [tie.name for tie in S.ties] == ["relu[0]"]
    assert "eval mode" in S.warnings[0]
    assert any("float32" in warning for warning in S.warnings)
    assert module.training
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert F.evaluate(*np.split(np.array(F.at), [2])) == pytest.approx(S.value)


class Rule(torch.autograd.Function):
    """relu with a rule of its own."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * (ctx.saved_tensors[0] > 0)


class Wrong(Rule):
    """A tenth of the slope."""

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return 0.1 * g


def test_custom_rules_are_honoured_and_a_wrong_one_is_found() -> None:
    right, wrong = (cj.from_torch(rule.apply, [1.0]).switched() for rule in (Rule, Wrong))
    assert (right.vertices().tolist(), right.clean, len(right.warnings)) == ([[[1.0]]], False, 1)
    assert members(Rule.apply, [0.0]) == [[[0.0]], [[1.0]]]
    assert members(lambda x: Rule.apply(2 * x) + torch.relu(x), [0.0]) == [[[0.0]], [[1.0]], [[2.0]], [[3.0]]]
    assert wrong.vertices().tolist() == [[[0.1]]]
    assert "does not fit the values" in wrong.warnings[-1]


REFUSED = [
    (lambda x: torch.floor(x), [1.0], DiscontinuityError, r"it is \[1.0\] .* \[0.0\]"),
    (nn.hardshrink, [0.5], DiscontinuityError, "jumps at the point"),
    (lambda x: torch.where(x > 0, x + 1, x), [0.0], DiscontinuityError, "line search"),
    (lambda x: x.norm().reshape(1), [0.0, 0.0], FunctionError, r"2-norm of 0 at test_programs_torch.py:\d+"),
    (torch.sqrt, [0.0], FunctionError, "`sqrt`"),
    (lambda x: torch.mode(x).values.reshape(1), [1.0, 1.0], FunctionError, "`mode` at .* not opened"),
    (lambda x: x % 1.0, [2.0], DiscontinuityError, "jumps at the point"),
    (lambda x: x * x.long(), [2.0], DiscontinuityError, "jumps at the point"),
    (lambda x: torch.cdist(x[None], 2 * x[None])[0], [1.0], FunctionError, "`cdist`"),
    (lambda x: x + torch.rand(1), [1.0], FunctionError, "two values at one point"),
    (lambda x: nn.dropout(x, 0.5, True), [1.0] * 64, FunctionError, "random"),
    (lambda x: None, [1.0], FunctionError, "has it a `return`"),
    (lambda x: x + 1j, [1.0], FunctionError, "complex"),
    (lambda x: x.numpy(force=True), [1.0], FunctionError, "Return tensors"),
    (lambda x: torch.vmap(lambda v: v.amax())(x[None]), [0.0, 0.0], FunctionError, "vmap"),
    (lambda x: x, torch.tensor([1, 2]), ArgumentTypeError, "integers"),
    (lambda x: x, torch.tensor([1j]), ArgumentTypeError, "complex"),
    (lambda x, y: x, [1.0], ArgumentTypeError, "takes|take"),
    (3, [1.0], ArgumentTypeError, "function"),
]


@pytest.mark.parametrize(("function", "at", "error", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_opened_is_refused_by_name(function: Any, at: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        cj.from_torch(function, at).switched()


def test_what_was_compiled_cannot_be_seen_and_is_refused() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        traced = torch.jit.trace(torch.relu, torch.ones(1))
    with pytest.raises(ArgumentTypeError, match="jit"):
        cj.from_torch(traced, [0.0])
    with pytest.raises(FunctionError, match="that it cannot see"):
        cj.from_torch(lambda x: traced(x), [0.0]).switched()


def test_constants_in_single_precision_are_read_as_double_and_told_of() -> None:
    torch.manual_seed(1)
    layer = torch.nn.Linear(2, 2)
    S = cj.from_torch(lambda x: torch.relu(layer(x) - layer(torch.zeros(2))), [0.0, 0.0]).switched()
    assert len(S.ties) == 2
    assert "lower precision" in S.warnings[0]
    assert S.block([1, 1]) == pytest.approx(layer.weight.detach().double().numpy())


def test_writing_into_a_view_is_pytorchs_own_error() -> None:
    def step(x: Any) -> Any:
        y = x * 1
        y[:1].relu_()
        y[1:].clamp_(max=1.0)
        return y

    with pytest.raises(FunctionError, match="PyTorch cannot differentiate step"):
        cj.from_torch(step, [0.5, 1.0]).switched()


def test_an_unrolled_iteration_is_told_of() -> None:
    def steps(x: Any, theta: Any) -> Any:
        for _ in range(20):
            x = torch.relu(x / 2 + theta / 2)
        return x

    S = cj.from_torch(steps, [0.0], [0.0]).switched()
    assert (len(S.ties), len(S.groups)) == (20, 1)
    assert "ties 20 times" in S.warnings[-1]
    assert "Trace one step" in S.warnings[-1]


def test_numbers_taken_out_of_pytorch_are_told_of() -> None:
    S = cj.from_torch(lambda x: x * x.sum().item(), [1.0, 2.0]).switched()
    assert not S.clean
    assert "`item` at test_programs_torch.py" in S.warnings[0]
    assert S.vertices().tolist() == [[[3.0, 0.0], [0.0, 3.0]]]
    assert "`float` at" in cj.from_torch(lambda x: x * float(x[0]), [2.0]).switched().warnings[0]


def test_the_page_on_modules_says_what_happens(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "own-pytorch-module.md").read_text(encoding="utf-8")
    shown: dict[str, Any] = {}
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page, re.DOTALL)):
        code = compile(block, str(tmp_path / f"block{number}.py"), "exec")
        exec(code, shown)
        printed = capsys.readouterr().out
        told = [line[2:] for line in block.splitlines() if line.startswith("# ")]
        assert all(line.partition("...")[0] in printed for line in told), block
    assert "A_1122 has spectral radius 1.125" in str(shown["analysis"])


def test_a_program_of_a_plain_function_pickles() -> None:
    F = pickle.loads(pickle.dumps(cj.from_torch(torch.nn.ReLU(), [0.0])))
    assert F.switched().vertices().ravel().tolist() == [0.0, 1.0]


def test_products_are_those_of_the_matrices() -> None:
    rng = np.random.default_rng(2)
    W, x = torch.tensor(rng.standard_normal((5, 5))), rng.standard_normal(5)
    x[:2] = 0.0

    def step(v: Any, theta: Any) -> Any:
        hidden = torch.relu(v)
        return torch.relu(hidden - v.abs() + W @ v * theta) + torch.clamp(hidden, max=0)

    F = cj.from_torch(step, x, [0.5])
    S, free = F.switched(), F.linearized()
    assert S.L.any()
    assert free.matrix_free
    assert [str(tie) for tie in free.ties] == [str(tie) for tie in S.ties]
    s, v, u = rng.random(len(S.Z)), rng.standard_normal((6, 3)), rng.standard_normal((5, 3))
    assert free.dense_base() == pytest.approx(S.base, abs=1e-12)
    assert free.jvp(s, v) == pytest.approx(S.block(s) @ v, abs=1e-12)
    assert free.vjp(s, u) == pytest.approx(S.block(s).T @ u, abs=1e-12)
    assert free.jvp(s, v[:, 0]) == pytest.approx(S.block(s) @ v[:, 0], abs=1e-12)
