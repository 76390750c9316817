"""PyTorch, loaded when it is first used: the package is imported where PyTorch is not installed."""

from importlib import import_module
from typing import Any


class _Library:
    """Hands on PyTorch's own names."""

    def __getattr__(self, name: str) -> Any:
        if (
            name.startswith("__") and name != "__version__"
        ):  # what inspects objects asks for `__wrapped__`, and must not load PyTorch
            raise AttributeError(name)
        value = getattr(import_module("torch"), name)
        setattr(self, name, value)
        return value


torch: Any = _Library()


def names(text: str) -> frozenset[str]:
    """Words of a text, as a set."""
    return frozenset(text.split())


def plain(value: Any) -> Any:
    """The numbers of a tensor, without its derivative and without the wrappers of `torch.func`."""
    functorch = torch._C._functorch
    while functorch.is_functorch_wrapped_tensor(value):
        value = functorch.get_unwrapped(value)
    return value.detach()


def graph_ends(values: Any) -> list[Any]:
    """Where tensors end in autograd's graph, at every level that `torch.func` wraps around them."""
    ends = []
    functorch = torch._C._functorch
    for value in values:
        ends.append(value.grad_fn)
        while functorch.is_functorch_wrapped_tensor(value):
            value = functorch.get_unwrapped(value)
            ends.append(value.grad_fn)
    return [end for end in ends if end is not None]


def is_wrapped(value: Any) -> bool:
    """Whether `torch.func` is differentiating or vectorising this tensor."""
    return isinstance(value, torch.Tensor) and bool(torch._C._functorch.is_functorch_wrapped_tensor(value))


def is_batched(value: Any) -> bool:
    """Whether `torch.vmap` is vectorising this tensor, at any depth."""
    functorch = torch._C._functorch
    while isinstance(value, torch.Tensor) and functorch.is_functorch_wrapped_tensor(value):
        if functorch.is_batchedtensor(value):
            return True
        value = functorch.get_unwrapped(value)
    return False
