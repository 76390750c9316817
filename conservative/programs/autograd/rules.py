"""What each of PyTorch's functions with switches becomes: the table of all rules, and those made of several."""

from collections.abc import Callable
from typing import Any

from conservative.programs.autograd import choices, guards, switches
from conservative.programs.autograd.decisions import Discrete
from conservative.programs.autograd.library import plain, torch
from conservative.programs.autograd.run import Run
from conservative.programs.autograd.singular import norm


def hardshrink(run: Run, x: Any, lambd: float = 0.5) -> Any:
    """x, and 0 within λ of it: a jump at ±λ."""
    size = switches.absolute(run, x)
    run.reach(size)
    outside = guards.compare(run, "gt", torch.gt, (size, lambd))
    made = guards.where(run, outside, x, torch.zeros_like(x))
    return torch.where(outside, x, torch.zeros_like(x)) if made is NotImplemented else made


def threshold(run: Run, x: Any, threshold: float, value: float) -> Any:
    """x above a threshold, else a value: it jumps unless they are one."""
    if threshold == value:
        return switches.switch(
            run,
            "threshold",
            (x,),
            sides=lambda x: (x, threshold),
            branches=lambda x: (torch.full_like(x, value), x),
            own=lambda x: torch.threshold(x, threshold, value),
        )
    above = guards.compare(run, "gt", torch.gt, (x, threshold))
    made = guards.where(run, above, x, torch.full_like(x, value))
    return torch.where(above, x, torch.full_like(x, value)) if made is NotImplemented else made


def largest(rule: Callable[..., Any], pair: Callable[..., Any]) -> Callable[..., Any]:
    """torch.max and torch.min: of two tensors, of all entries, or along an axis."""

    def either(run: Run, x: Any, *args: Any, **kwargs: Any) -> Any:
        other = args[0] if args else kwargs.get("other")
        return pair(run, x, other) if isinstance(other, torch.Tensor) else rule(run, x, *args, **kwargs)

    return either


def l1_loss(run: Run, x: Any, y: Any, reduction: Any = 1) -> Any:
    """|x − y|, as it is, its mean or its sum."""
    return _reduced(switches.absolute(run, x - y), reduction)


def margin_ranking_loss(run: Run, x: Any, y: Any, target: Any, margin: float = 0.0, reduction: int = 1) -> Any:
    """max(0, −t (x − y) + margin)."""
    return _reduced(switches.clamp_min(run, margin - target * (x - y), 0.0), reduction)


def hinge_embedding_loss(run: Run, x: Any, target: Any, margin: float = 1.0, reduction: int = 1) -> Any:
    """x where the target is 1, max(0, margin − x) where it is −1."""
    zero = torch.zeros_like(x)
    apart = switches.clamp_min(run, margin - x, 0.0)
    return _reduced(torch.where(target != -1, x, zero) + torch.where(target != 1, apart, zero), reduction)


def _reduced(size: Any, reduction: int) -> Any:
    return size if reduction == 0 else size.mean() if reduction == 1 else size.sum()


def remainder(run: Run, x: Any, y: Any) -> Any:
    """x − y ⌊x/y⌋: it jumps where x/y is an integer."""
    return x - y * _decided(run, guards.floor, x / y)


def fmod(run: Run, x: Any, y: Any) -> Any:
    """x − y trunc(x/y)."""
    return x - y * _decided(run, guards.trunc, x / y)


def frac(run: Run, x: Any) -> Any:
    """x without its integer part."""
    return x - _decided(run, guards.trunc, x)


def floor_divide(run: Run, x: Any, y: Any) -> Any:
    """⌊x/y⌋."""
    return _stairs(run, guards.floor, x / y)


def div(run: Run, x: Any, y: Any, rounding_mode: str | None = None) -> Any:
    """x/y, or that rounded."""
    if rounding_mode is None:
        return NotImplemented
    return _stairs(run, guards.floor if rounding_mode == "floor" else guards.trunc, x / y)


def _stairs(run: Run, function: Callable[..., Any], x: Any) -> Any:
    run.reach(x)
    return function(run, x)


def _decided(run: Run, function: Callable[..., Any], x: Any) -> Any:
    """An integer that meets a value: where a tie leaves it open, the program is run for each."""
    made = _stairs(run, function, x)
    run.steer(run.info(made))
    return made


def running(name: str, pair: Callable[..., Any]) -> Callable[..., Any]:
    """cummax and cummin: the largest so far."""

    def rule(run: Run, x: Any, dim: int) -> Any:
        found, before = getattr(torch, name)(plain(x), dim), len(run.decisions)
        parts = x.unbind(dim)
        best = [parts[0]]
        for part in parts[1:]:
            best.append(pair(run, best[-1], part))
        indices = found.indices
        if len(run.decisions) > before:
            run.carry(indices, Discrete(frozenset(range(before, len(run.decisions)))))
        return type(found)((torch.stack(best, dim), indices))

    return rule


def aminmax(run: Run, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest and the largest."""
    kind = type(torch.aminmax(plain(x)))
    return kind((choices.amin(run, x, dim, keepdim), choices.amax(run, x, dim, keepdim)))


def quantile(run: Run, x: Any, q: Any, dim: Any = None, keepdim: bool = False, interpolation: str = "linear") -> Any:
    """A weighted mean of two neighbours in order."""
    if interpolation != "linear" or (isinstance(q, torch.Tensor) and (q.numel() != 1 or run.reached(q))):
        return NotImplemented
    rows, rest, kept = choices.in_rows(x, dim)
    ordered = choices.sort(run, rows, 1).values
    place = float(q) * (rows.shape[1] - 1)
    low, high = int(place), min(int(place) + 1, rows.shape[1] - 1)
    out = ordered[:, low] + (place - low) * (ordered[:, high] - ordered[:, low])
    return out.reshape(kept if keepdim else rest)


def linalg_norm(run: Run, x: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """Norms of vectors, and of matrices the one of Frobenius."""
    vector = x.ndim == 1 or isinstance(dim, int)
    if ord is not None and ord != "fro" and not vector:
        return NotImplemented
    return norm(run, x, 2 if ord in (None, "fro") else ord, dim, keepdim)


def matrix_norm(
    run: Run, x: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, dtype: Any = None
) -> Any:
    """The norm of Frobenius; the others are refused."""
    return norm(run, x, 2, dim, keepdim) if ord == "fro" else NotImplemented


def dist(run: Run, x: Any, y: Any, p: float = 2.0) -> Any:
    """A norm of the difference."""
    return norm(run, x - y, p)


def pairwise_distance(run: Run, x: Any, y: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    """Norms of the rows of a difference."""
    return norm(run, x - y + eps, p, -1, keepdim)


def cast(run: Run, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Numbers made integers or truth values: a staircase; NotImplemented where they stay numbers."""
    x = args[0]
    like = func(plain(x), *args[1:], **kwargs)
    if like.dtype.is_floating_point or not x.dtype.is_floating_point:
        return NotImplemented
    if like.dtype == torch.bool:
        return guards.compare(run, "ne", torch.ne, (x, 0.0))
    stairs = guards.trunc(run, x)
    out, info = stairs.to(like.dtype), run.info(stairs)
    if info is not None:
        run.carry(out, Discrete(info.owners, info.of, info.table.to(like.dtype)))
    return out


RULES: dict[str, Callable[..., Any]] = {
    **switches.RULES,
    **choices.RULES,
    **guards.STAIRS,
    "max": largest(choices.RULES["max"], switches.maximum),
    "min": largest(choices.RULES["min"], switches.minimum),
    "hardshrink": hardshrink,
    "threshold": threshold,
    "l1_loss": l1_loss,
    "where": guards.where,
    "masked_fill": guards.masked_fill,
    "mul": guards.times,
    "multiply": guards.times,
    "vector_norm": norm,
    "linalg_norm": linalg_norm,
    "linalg_matrix_norm": matrix_norm,
    "dist": dist,
    "pairwise_distance": pairwise_distance,
    "margin_ranking_loss": margin_ranking_loss,
    "hinge_embedding_loss": hinge_embedding_loss,
    "remainder": remainder,
    "fmod": fmod,
    "frac": frac,
    "floor_divide": floor_divide,
    "div": div,
    "divide": div,
    "cummax": running("cummax", switches.maximum),
    "cummin": running("cummin", switches.minimum),
    "aminmax": aminmax,
    "quantile": quantile,
}
TAKE_MASKS = frozenset({"where", "masked_fill", "mul", "multiply"})
CASTS = frozenset({"long", "int", "short", "char", "byte", "bool", "to", "type"})
"""Functions that may make integers of numbers."""
