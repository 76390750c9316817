"""What PyTorch adds to a function: modules with parameters by name, training mode, tensors as numbers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from conservative.programs.autograd.library import torch

_SINGLE = ("float32", "float16", "bfloat16")


def as_numbers(value: Any, told: dict[str, None], name: str) -> Any:
    """The user's containers with arrays in place of tensors; single precision is told of."""
    if isinstance(value, torch.Tensor):
        kind = str(value.dtype).removeprefix("torch.")
        if kind in _SINGLE:
            told[f"{name} came in {kind}; the program is run in float64."] = None
        dense = value.detach().to_dense() if value.layout != torch.strided else value.detach()
        return (dense.double() if dense.dtype.is_floating_point else dense).cpu().numpy()
    if isinstance(value, Mapping):
        return {key: as_numbers(item, told, name) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [as_numbers(item, told, name) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def with_parameters(module: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A module as a function of x and of parameters by name, and of x alone; its other tensors in float64."""
    fixed = {name: _double(tensor) for name, tensor in (*module.named_parameters(), *module.named_buffers())}

    def of_both(x: Any, theta: Mapping[str, Any]) -> Any:
        # Buffers are cloned: what a module writes into them in one run must not be met in the next.
        mine = {name: tensor.clone() for name, tensor in fixed.items()} | dict(theta)
        with in_eval_mode(module):
            return torch.func.functional_call(module, mine, (x,))

    def with_theta(x: Any, theta: Any = None) -> Any:
        mine = {name: tensor.clone() for name, tensor in fixed.items()}
        with in_eval_mode(module):
            return torch.func.functional_call(module, mine, (x,) if theta is None else (x, theta))

    return of_both, with_theta


def _double(tensor: Any) -> Any:
    plain = tensor.detach()
    return plain.double() if plain.dtype.is_floating_point else plain


@contextmanager
def in_eval_mode(module: Any) -> Iterator[None]:
    """Eval mode for one run; every part returns to the mode that it was in."""
    training = [part for part in module.modules() if part.training]
    try:
        for part in training:
            part.training = False
        yield
    finally:
        for part in training:
            part.training = True


def modes_differ(module: Any) -> bool:
    """Whether a module in training mode holds parts that act otherwise in eval mode."""
    parts = [part for part in module.modules() if part.training]
    return any("Drop" in type(part).__name__ or "Norm" in type(part).__name__ for part in parts)
