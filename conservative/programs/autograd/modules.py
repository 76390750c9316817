"""What PyTorch adds to a function: modules with parameters by name, training mode, tensors as numbers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class ModuleFunction:
    """A module as a function of x, or of x and θ; with `by_name` θ are its parameters. All its tensors in float64."""

    module: Any
    by_name: bool

    def __call__(self, x: Any, theta: Any = None) -> Any:
        """The module's value in eval mode."""
        fixed = (*self.module.named_parameters(), *self.module.named_buffers())
        # Copies: what a module writes into its buffers in one run must not be met in the next.
        mine = {name: _double(tensor) for name, tensor in fixed} | (dict(theta) if self.by_name else {})
        with in_eval_mode(self.module):
            args = (x,) if self.by_name or theta is None else (x, theta)
            return torch.func.functional_call(self.module, mine, args)


def _double(tensor: Any) -> Any:
    plain = tensor.detach()
    return plain.clone().double() if plain.dtype.is_floating_point else plain.clone()


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
