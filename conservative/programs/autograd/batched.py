"""Functions of one entry each inside `torch.vmap`: they are called on the whole batch, where their ties are opened."""

from collections.abc import Callable
from typing import Any

from conservative.programs.autograd.library import names, torch
from conservative.programs.autograd.run import mapped, tensors_in

ENTRYWISE = names(
    """relu abs absolute leaky_relu elu celu selu maximum minimum fmax fmin clamp clip clamp_min clamp_max hardtanh
    relu6 hardsigmoid hardswish softshrink hardshrink threshold sign sgn heaviside where masked_fill mul multiply lt le
    gt ge eq ne less less_equal greater greater_equal not_equal logical_not logical_and logical_or logical_xor
    bitwise_not bitwise_and bitwise_or bitwise_xor add sub neg negative div double float"""
)


def level_of(tensors: list[Any]) -> int | None:
    """The level of `vmap` that wraps some tensors and nothing within or around it; None where it is not so simple."""
    functorch = torch._C._functorch
    levels = set()
    for t in tensors:
        if functorch.is_functorch_wrapped_tensor(t):
            inner = functorch.get_unwrapped(t)
            if not functorch.is_batchedtensor(t) or functorch.is_functorch_wrapped_tensor(inner):
                return None
            levels.add(functorch.maybe_get_level(t))
    return levels.pop() if len(levels) == 1 else None


def on_whole_batch(call: Callable[..., Any], func: Any, level: int, args: Any, kwargs: Any) -> Any:
    """`func` of tensors with the batch as their first axis, each with as many axes; its result wrapped again."""
    functorch = torch._C._functorch
    depth = max((t.ndim for t in tensors_in((args, kwargs))), default=0)

    def whole(t: Any) -> Any:
        if not functorch.is_batchedtensor(t):
            return t
        inner, axis = functorch.get_unwrapped(t), functorch.maybe_get_bdim(t)
        if axis:
            inner = call(torch.movedim, (inner, axis, 0), {})
        shape = inner.shape
        missing = depth + 1 - inner.ndim
        return inner if not missing else call(torch.reshape, (inner, (shape[0], *[1] * missing, *shape[1:])), {})

    out = call(func, mapped(args, whole), mapped(kwargs, whole))
    return functorch._add_batch_dim(out, 0, level) if isinstance(out, torch.Tensor) else out
