"""Switches of two branches, entry by entry: relu, abs, maximum, clamp and their kin."""

from collections.abc import Callable
from typing import Any

from conservative.programs.autograd.library import is_wrapped, plain, torch
from conservative.programs.autograd.run import Run

Branches = Callable[..., tuple[Any, Any]]
"""From the arguments to the branches (a, b), or to the sides (left, right): b is taken where left > right."""


def switch(
    run: Run,
    name: str,
    args: tuple[Any, ...],
    *,
    sides: Branches,
    branches: Branches,
    own: Callable[..., Any],
    sign: int = 0,
) -> Any:
    """One tied switch an entry, opened: the branch that PyTorch takes, plus w.

    `own` is PyTorch's function of the same arguments; its derivative at a tie tells which share of b autograd takes.
    `sign` is 1 where the value is the larger of the branches, −1 where it is the smaller.
    """
    left, right = (plain(side) for side in run.broadcast(*sides(*args)))
    a, b = run.broadcast(*branches(*args), like=left)
    picked = left > right
    tied = run.tied(left, right, name)
    if not torch.is_grad_enabled() or not bool(tied.any()):
        return torch.where(picked, b, a)
    shape, index = tuple(left.shape), tied.flatten().nonzero()[:, 0]
    wrapped = any(map(is_wrapped, (a, b)))
    share = picked.flatten()[index].double() if wrapped else _share_of_b(args, shape, index, branches, own)
    nominal = share > 0.5
    gaps = (left - right).abs().flatten()[index].tolist()
    ties = [(e, g, 2, int(n)) for e, g, n in zip(index.tolist(), gaps, nominal.tolist(), strict=True)]
    answers = run.decide(name, run.number((name, *map(run.number_of, args))), shape, ties, sign=sign)
    picked = picked.flatten().index_put((index,), torch.tensor([bool(state) for _, state in answers])).reshape(shape)
    chosen = torch.where(picked, b, a)
    live = [i for i, (owner, _) in enumerate(answers) if owner >= 0]
    if wrapped:
        run.steer_all([answers[i][0] for i in live])
        return chosen
    if not live:
        return chosen
    at = index[live]
    z = (torch.where(picked, a, b) - chosen).flatten()[at]
    weights = torch.where(nominal, 1 - share, share)[live].tolist()
    owners, states = [answers[i][0] for i in live], [1 - answers[i][1] for i in live]
    w = run.slots(z, owners, states, weights, jump=run.jump_size(left))
    return chosen.flatten().index_add(0, at, w).reshape(shape)


def _share_of_b(
    args: tuple[Any, ...], shape: tuple[int, ...], index: Any, branches: Branches, own: Callable[..., Any]
) -> Any:
    """The share of branch b in PyTorch's own derivative at tied entries, seen on those entries alone."""
    with torch.enable_grad():
        # Inside `torch.vmap` no tensor may be made a leaf later, so that zeros are the leaves.
        leaves = [torch.zeros(len(index), dtype=torch.float64, requires_grad=True) for arg in args if _is_tensor(arg)]
        fresh = iter(leaves)
        cut = [
            plain(arg).expand(shape).flatten()[index].double() + next(fresh) if _is_tensor(arg) else arg for arg in args
        ]
        slopes = [_slopes(value, leaves) for value in (own(*cut), *branches(*cut))]
    share = torch.zeros(len(index), dtype=torch.float64)
    known = torch.zeros(len(index), dtype=torch.bool)
    for ours, a, b in zip(*slopes, strict=True):
        use = ~known & (a != b)
        share = torch.where(use, (ours - a) / torch.where(use, b - a, 1.0), share)
        known |= use
    return share


def _is_tensor(value: Any) -> bool:
    return isinstance(value, torch.Tensor)


def _slopes(value: Any, leaves: list[Any]) -> list[Any]:
    if not isinstance(value, torch.Tensor) or not value.requires_grad:
        return [torch.zeros_like(leaf) for leaf in leaves]
    found = torch.autograd.grad(value.sum(), leaves, allow_unused=True)
    return [torch.zeros_like(leaf) if slope is None else slope for slope, leaf in zip(found, leaves, strict=True)]


def _at_zero(name: str, branches: Branches, own: Callable[..., Any], sign: int = 0) -> Callable[..., Any]:
    """A switch by the sign of its first argument."""

    def rule(run: Run, x: Any, *rest: Any) -> Any:
        return switch(run, name, (x, *rest), sides=lambda x, *_: (x, 0.0), branches=branches, own=own, sign=sign)

    return rule


def relu(run: Run, x: Any) -> Any:
    """max(x, 0)."""
    return _at_zero("relu", lambda x: (torch.zeros_like(x), x), torch.relu, 1)(run, x)


def absolute(run: Run, x: Any) -> Any:
    """|x|."""
    return _at_zero("abs", lambda x: (-x, x), torch.abs, 1)(run, x)


def leaky_relu(run: Run, x: Any, negative_slope: Any = 0.01) -> Any:
    """x above 0, a multiple of it below."""
    own = torch.nn.functional.leaky_relu
    return _at_zero("leaky_relu", lambda x, s: (s * x, x), own)(run, x, negative_slope)


def prelu(run: Run, x: Any, weight: Any) -> Any:
    """x above 0, a learned multiple of it below, one for each channel."""
    if weight.numel() > 1:
        weight = weight.reshape([1, -1] + [1] * (x.ndim - 2)) if x.ndim > 1 else weight
    elif weight.ndim:
        weight = weight.reshape(())
    return _at_zero("prelu", lambda x, w: (w * x, x), lambda x, w: torch.prelu(x[None], w)[0])(run, x, weight)


def rrelu(run: Run, x: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Any:
    """The leaky slope in the middle of its range, as it is in eval mode."""
    return NotImplemented if training else leaky_relu(run, x, (lower + upper) / 2)


def elu(run: Run, x: Any, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Any:
    """x above 0, an exponential below; smooth where their slopes agree."""
    if alpha * input_scale == 1.0:
        return torch._C._nn.elu(x, alpha, scale, input_scale)
    own = lambda x: torch._C._nn.elu(x, alpha, scale, input_scale)  # noqa: E731
    branches = lambda x: (scale * alpha * torch.expm1(x.clamp(max=0.0) * input_scale), scale * x)  # noqa: E731
    return _at_zero("elu", branches, own)(run, x)


def celu(run: Run, x: Any, alpha: float = 1.0) -> Any:
    """An elu that is smooth for every α."""
    return torch.celu(x, alpha)


def selu(run: Run, x: Any) -> Any:
    """elu with the constants that keep mean and variance."""
    return elu(run, x, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946)


def maximum(run: Run, x: Any, y: Any) -> Any:
    """The larger one."""
    sides, branches = (lambda x, y: (x, y)), (lambda x, y: (y, x))
    return switch(run, "maximum", (x, y), sides=sides, branches=branches, own=torch.maximum, sign=1)


def minimum(run: Run, x: Any, y: Any) -> Any:
    """The smaller one."""
    both = lambda x, y: (x, y)  # noqa: E731
    return switch(run, "minimum", (x, y), sides=both, branches=both, own=torch.minimum, sign=-1)


def clamp(run: Run, x: Any, min: Any = None, max: Any = None, *, name: str = "clamp", own: Any = None) -> Any:
    """min(max(x, low), high); a bound may be a tensor. `own(x, low, high)` where it is another function's."""
    function = own or torch.clamp
    if min is not None:
        x = switch(
            run,
            name,
            (x, min),
            sides=lambda x, low: (x, low),
            branches=lambda x, low: (low, x),
            own=lambda x, low: function(x, low, None if own is None else max),
            sign=1,
        )
    if max is not None:
        x = switch(
            run,
            name,
            (x, max),
            sides=lambda x, high: (x, high),
            branches=lambda x, high: (x, high),
            own=lambda x, high: function(x, None if own is None else min, high),
            sign=-1,
        )
    return x


def clamp_min(run: Run, x: Any, min: Any) -> Any:
    """max(x, low)."""
    return clamp(run, x, min, name="clamp_min")


def clamp_max(run: Run, x: Any, max: Any) -> Any:
    """min(x, high)."""
    return clamp(run, x, None, max, name="clamp_max")


def hardtanh(run: Run, x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """x between two numbers; autograd's slope at the ends is not that of clamp."""
    return clamp(run, x, min_val, max_val, name="hardtanh", own=torch.nn.functional.hardtanh)


def relu6(run: Run, x: Any) -> Any:
    """x between 0 and 6."""
    return clamp(run, x, 0.0, 6.0, name="relu6", own=lambda x, *_: torch.nn.functional.relu6(x))


def hardsigmoid(run: Run, x: Any) -> Any:
    """x/6 + 1/2 between 0 and 1."""
    own = lambda u, *_: 6 * torch.nn.functional.hardsigmoid(u - 3)  # noqa: E731
    return clamp(run, x + 3, 0.0, 6.0, name="hardsigmoid", own=own) / 6


def hardswish(run: Run, x: Any) -> Any:
    """x between the straight lines 0 and x: a parabola from −3 to 3."""
    own = torch.nn.functional.hardswish
    middle = switch(
        run,
        "hardswish",
        (x,),
        sides=lambda x: (x, -3.0),
        branches=lambda x: (torch.zeros_like(x), x * (x + 3) / 6),
        own=own,
    )
    return switch(
        run,
        "hardswish",
        (x, middle),
        sides=lambda x, _: (x, 3.0),
        branches=lambda x, m: (m, x),
        own=lambda x, _: own(x),
    )


def softshrink(run: Run, x: Any, lambd: float = 0.5) -> Any:
    """x moved towards 0 by λ, and 0 within λ of it."""
    own = torch.nn.functional.softshrink
    upper = switch(
        run,
        "softshrink",
        (x,),
        sides=lambda x: (x, lambd),
        branches=lambda x: (torch.zeros_like(x), x - lambd),
        own=lambda x: own(x, lambd),
    )
    return switch(
        run,
        "softshrink",
        (x, upper),
        sides=lambda x, _: (x, -lambd),
        branches=lambda x, u: (x + lambd, u),
        own=lambda x, _: own(x, lambd),
    )


def larger_or_largest(run: Run, x: Any, y: Any = None, **rest: Any) -> Any:
    """torch.max of two tensors; of one it is a choice, which is another rule."""
    return maximum(run, x, y) if isinstance(y, torch.Tensor) and not rest else NotImplemented


RULES: dict[str, Callable[..., Any]] = {
    "relu": relu,
    "abs": absolute,
    "absolute": absolute,
    "leaky_relu": leaky_relu,
    "prelu": prelu,
    "rrelu": rrelu,
    "elu": elu,
    "celu": celu,
    "selu": selu,
    "maximum": maximum,
    "minimum": minimum,
    "fmax": maximum,
    "fmin": minimum,
    "clamp": clamp,
    "clip": clamp,
    "clamp_min": clamp_min,
    "clamp_max": clamp_max,
    "hardtanh": hardtanh,
    "relu6": relu6,
    "hardsigmoid": hardsigmoid,
    "hardswish": hardswish,
    "softshrink": softshrink,
}
"""PyTorch's functions by name, with their own arguments but for `inplace` and `out`."""
