"""Comparisons and staircases: values that only a tie can change, and what happens where they meet a value."""

from collections.abc import Callable
from typing import Any

from conservative.programs.autograd.decisions import Discrete
from conservative.programs.autograd.library import is_wrapped, plain, torch
from conservative.programs.autograd.run import Run

_TRUTH = {
    "lt": (True, False, False),
    "le": (True, True, False),
    "gt": (False, False, True),
    "ge": (False, True, True),
    "eq": (False, True, False),
    "ne": (True, False, True),
}
"""For a ? b: the outcomes where a < b, a = b, a > b."""


def guard(run: Run, name: str, sides: tuple[Any, Any], value: Any, states: Callable[[Any], Any]) -> Any:
    """The tensor `value`, which depends on the order of two sides, with its three states where they tie.

    `states(index)` gives the values below, at and above, stacked, at flat entries.
    """
    left, right = run.broadcast(*(plain(side) if isinstance(side, torch.Tensor) else side for side in sides))
    numbers = [run.side_number(side) for side in sides]
    tied = run.tied(left, right, name)
    if numbers[0] == numbers[1] or not bool(tied.any()):
        return value
    flipped = numbers[0] > numbers[1]
    shape, index = tuple(left.shape), tied.flatten().nonzero()[:, 0]
    below_at_above = states(index).flip(0) if flipped else states(index)
    order = torch.sign(right - left if flipped else left - right).flatten()[index].long() + 1
    gaps = (left - right).abs().flatten()[index].tolist()
    ties = [(e, gap, 3, state) for e, gap, state in zip(index.tolist(), gaps, order.tolist(), strict=True)]
    answers = run.decide("guard", run.number(("guard", *sorted(numbers))), shape, ties)
    for (decision, _), outcome in zip(answers, below_at_above.t().tolist(), strict=True):
        if decision >= 0:
            run.decisions[decision].outcomes.append(tuple(outcome))
    _keep_lines(run, sides, [decision for decision, _ in answers], index, -1.0 if flipped else 1.0)
    taken = torch.tensor([state for _, state in answers])
    flat = value.flatten().clone()
    flat[index] = below_at_above.gather(0, taken[None])[0].to(flat.dtype)
    out = flat.reshape(shape)
    owner = torch.tensor([decision for decision, _ in answers])
    if bool((owner >= 0).any()):
        of = torch.full((flat.numel(),), -1)
        of[index] = owner
        table = flat.repeat(3, 1)
        table[:, index] = torch.where(owner >= 0, below_at_above.to(flat.dtype), flat[index])
        owners = frozenset(owner[owner >= 0].tolist())
        run.carry(out, Discrete(owners, of.reshape(shape), table.reshape(3, *shape)))
    return out


def _keep_lines(run: Run, sides: tuple[Any, Any], decisions: list[int], index: Any, sign: float) -> None:
    """Keep what the guards compare, left − right, to see whether branches part along it."""
    live = [i for i, decision in enumerate(decisions) if decision >= 0]
    if live and torch.is_grad_enabled() and not any(map(is_wrapped, sides)):
        left, right = run.broadcast(*sides)
        run.lines.append(([decisions[i] for i in live], sign * (left - right).flatten()[index[live]]))


def compare(run: Run, name: str, func: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """A comparison; its outcome at a tie is open."""
    left, right = args[:2]
    truth = torch.tensor(_TRUTH[name])
    value = plain(func(left, right))
    return guard(run, name, (left, right), value, lambda index: truth[:, None].expand(3, len(index)))


def staircase(run: Run, name: str, x: Any, at: Any, below: Any, there: Any, above: Any) -> Any:
    """A function with one jump near each entry: at `at`, from `below` over `there` to `above`."""
    size = plain(x)
    values = torch.where(size < at, below, torch.where(size > at, above, there))
    stairs = torch.stack([part.expand(size.shape).flatten() for part in (below, there, above)])
    return guard(run, name, (x, at), values, lambda index: stairs[:, index])


def sign(run: Run, x: Any) -> Any:
    """−1, 0, 1."""
    one = torch.ones_like(plain(x))
    return staircase(run, "sign", x, 0 * one, -one, 0 * one, one)


def heaviside(run: Run, x: Any, values: Any) -> Any:
    """0, a given value, 1."""
    one = torch.ones_like(plain(x))
    return staircase(run, "heaviside", x, 0 * one, 0 * one, plain(values) * one, one)


def floor(run: Run, x: Any) -> Any:
    """The largest integer that is not above."""
    near = torch.round(plain(x))
    return staircase(run, "floor", x, near, near - 1, near, near)


def ceil(run: Run, x: Any) -> Any:
    """The smallest integer that is not below."""
    near = torch.round(plain(x))
    return staircase(run, "ceil", x, near, near, near, near + 1)


def rounded(run: Run, x: Any, decimals: int = 0) -> Any:
    """The nearest integer."""
    scale = 10.0**decimals
    low = torch.floor(plain(x) * scale)
    there = torch.round(low + 0.5)
    return staircase(run, "round", x, (low + 0.5) / scale, low / scale, there / scale, (low + 1) / scale)


def trunc(run: Run, x: Any) -> Any:
    """The integer part, towards 0; no jump at 0."""
    size = plain(x)
    near = torch.round(size)
    at = torch.where(near == 0, torch.full_like(size, torch.nan), near)
    below = torch.where(near > 0, near - 1, near)
    above = torch.where(near < 0, near + 1, near)
    return staircase(run, "trunc", x, at, below, near, above)


def guarded(run: Run, info: Discrete, table: Any, choice: Any, out_of: Callable[[Any], Any]) -> Any:
    """`out_of(choice)`, opened where a tie can turn its choice; `table` holds the choice in each state."""
    nominal = out_of(choice)
    shape = tuple(nominal.shape)
    if not torch.is_grad_enabled():
        run.steer(info)
        return nominal
    of = info.of.expand(shape).flatten()
    rows = [row.expand(shape).flatten() for row in table]
    here = choice.expand(shape).flatten()
    changed = [(row != here) & (of >= 0) for row in rows]
    if not any(bool(c.any()) for c in changed):
        return nominal
    if is_wrapped(nominal):
        run.steer(info)
        return nominal
    flat, jump, known = nominal.flatten(), run.jump_size(nominal), dict[tuple[int, Any], list[int]]()
    for state, (row, moves) in enumerate(zip(rows, changed, strict=True)):
        for e in moves.nonzero()[:, 0].tolist():
            known.setdefault((e, row[e].item()), []).append(state)
    for state in range(len(rows)):
        fresh = [(e, states) for (e, _), states in known.items() if states[0] == state]
        if not fresh:
            continue
        index = torch.tensor([e for e, _ in fresh])
        z = out_of(table[state].expand(shape).reshape(shape)).flatten()[index] - nominal.flatten()[index]
        owners = [int(of[e]) for e, _ in fresh]
        first = len(run.framework)
        w = run.slots(z, owners, [state] * len(fresh), [0.0] * len(fresh), jump=jump)
        for slot, ((_, states), owner) in enumerate(zip(fresh, owners, strict=True), first):
            for again in states[1:]:
                run.decisions[owner].turned.setdefault(again, []).append(slot)
        flat = flat.index_add(0, index, w)
    return flat.reshape(shape)


def times(run: Run, left: Any, right: Any) -> Any:
    """A product with one factor that only ties can change: a mask, a sign."""
    infos = run.info(left), run.info(right)
    mask, value = (left, right) if infos[0] else (right, left)
    info = infos[0] or infos[1]
    if info is None or info.table is None or all(infos) or not isinstance(value, torch.Tensor):
        return NotImplemented
    table = _lifted_axes(info, mask.ndim, max(mask.ndim, value.ndim))
    return guarded(run, table, table.table, mask, lambda factor: factor * value)


def where(run: Run, condition: Any, x: Any = None, y: Any = None) -> Any:
    """A choice entry by entry, with a condition that a tie leaves open."""
    info = run.info(condition)
    if x is None or info is None or info.table is None or run.info(x) or run.info(y):
        return NotImplemented
    values = [v if isinstance(v, torch.Tensor) else torch.as_tensor(v, dtype=torch.float64) for v in (x, y)]
    width = max(condition.ndim, *(v.ndim for v in values))
    open_ = _lifted_axes(info, condition.ndim, width)
    return guarded(run, open_, open_.table, condition, lambda choice: torch.where(choice, *values))


def masked_fill(run: Run, x: Any, mask: Any, value: Any) -> Any:
    """x, and a value where the mask is true."""
    return where(run, mask, value, x)


def _lifted_axes(info: Discrete, have: int, want: int) -> Discrete:
    """The table with its own leading axis before all axes of a broadcast."""
    shape = tuple(info.table.shape)
    return Discrete(info.owners, info.of, info.table.reshape(shape[0], *[1] * (want - have), *shape[1:]))


STAIRS: dict[str, Callable[..., Any]] = {
    "sign": sign,
    "sgn": sign,
    "heaviside": heaviside,
    "floor": floor,
    "ceil": ceil,
    "round": rounded,
    "trunc": trunc,
    "fix": trunc,
}
"""Functions that jump, by PyTorch's name."""

COMPARISONS = {
    **{name: name for name in _TRUTH},
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
    "not_equal": "ne",
}
"""PyTorch's names of comparisons."""
