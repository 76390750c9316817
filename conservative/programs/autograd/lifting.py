"""Functions of values that only ties can change: their tables go through them, state by state."""

from collections.abc import Callable
from typing import Any

from conservative.programs.autograd.decisions import Discrete
from conservative.programs.autograd.library import names, torch
from conservative.programs.autograd.run import Run, mapped, tensors_in

MOVES = names(
    """reshape view view_as reshape_as flatten ravel unsqueeze squeeze expand expand_as permute transpose t movedim
    moveaxis swapaxes swapdims flip roll repeat tile repeat_interleave clone contiguous detach unbind split chunk stack
    cat concat concatenate hstack vstack broadcast_to diagonal narrow select index_select take gather unflatten __get__
    __getitem__ flipud fliplr atleast_1d atleast_2d tril triu"""
)
"""Functions that only put entries elsewhere."""

ELEMENTWISE = names(
    """neg negative add sub subtract rsub mul multiply div divide true_divide logical_not logical_and logical_or
    logical_xor bitwise_not bitwise_and bitwise_or bitwise_xor eq ne lt le gt ge less less_equal greater greater_equal
    not_equal abs absolute where clamp clip maximum minimum pow square to double float type bool int long positive sign
    sgn reciprocal exp sqrt masked_fill relu floor ceil round trunc type_as"""
)
"""Functions of one entry each, with broadcasting."""


def lift(run: Run, name: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The function's value, with what ties can do to it; all tensors that the arguments reach are discrete here."""
    infos = [info for t in tensors_in((args, kwargs)) if (info := run.info(t)) is not None]
    owners = frozenset().union(*(info.owners for info in infos))
    followed = all(info.table is not None for info in infos) and name in MOVES | ELEMENTWISE
    rows: list[Any] = []
    of: Any = None
    if followed:
        states = max(len(info.table) for info in infos)
        rows = [func(*_in_state(run, args, k), **_in_state(run, kwargs, k)) for k in range(states)]
        of = _moved_owners(run, func, args, kwargs) if name in MOVES else _joint_owners(run, rows[0], infos)
    out = func(*args, **kwargs)
    many = isinstance(out, (tuple, list))
    outs = out if many else (out,)
    for i, part in enumerate(outs):
        if not isinstance(part, torch.Tensor):
            continue
        table = None
        if of is not None:
            table = torch.stack([row[i] if many else row for row in rows])
            of_part = of[i] if many else of
        run.carry(part, Discrete(owners) if table is None else Discrete(owners, of_part, table))
    return out


def _in_state(run: Run, value: Any, state: int) -> Any:
    def row(t: Any) -> Any:
        info = run.info(t)
        if info is None:
            return t
        return info.table[min(state, len(info.table) - 1) if state < len(info.table) else 0].clone()

    return mapped(value, row)


def _moved_owners(run: Run, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The owners put where the function puts the entries."""
    source = args[0]
    many = isinstance(source, (list, tuple))

    def owners(t: Any) -> Any:
        info = run.info(t)
        return torch.full(tuple(t.shape), -1) if info is None else info.of

    first = [owners(t) for t in source] if many else owners(source)
    return func(first, *args[1:], **kwargs)


def _joint_owners(run: Run, like: Any, infos: list[Discrete]) -> Any:
    """The owner of each entry; None where two ties meet in one entry."""
    if not isinstance(like, torch.Tensor):
        return None
    of = torch.full(tuple(like.shape), -1)
    for info in infos:
        mine = info.of.expand(like.shape)
        if bool(((of >= 0) & (mine >= 0) & (of != mine)).any()):
            return None
        of = torch.maximum(of, mine)
    return of
