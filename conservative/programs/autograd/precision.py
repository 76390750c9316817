"""Double precision, and the program's own first run, in which nothing is opened."""

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from conservative.programs.autograd.calls import KEPT, name_of
from conservative.programs.autograd.library import torch
from conservative.programs.autograd.run import mapped


def doubled(value: Any) -> Any:
    """Arguments with every tensor of lower precision read as float64."""
    low = (torch.float32, torch.float16, torch.bfloat16)
    return mapped(value, lambda t: t.double() if t.dtype in low else t)


def reading_doubles() -> Any:
    """A mode in which constants in lower precision meet those in float64 as float64."""

    class Doubles(torch.overrides.TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name, in_place = name_of(func)
            held = args[:1] if in_place or name in KEPT else ()
            return func(*held, *doubled(args[len(held) :]), **doubled(kwargs or {}))

    return Doubles()


@contextmanager
def double_precision() -> Iterator[None]:
    """New tensors are float64, derivatives are recorded, compiled functions run as they are written."""
    before = torch.get_default_dtype()
    with ExitStack() as stack:
        stack.enter_context(torch.enable_grad())
        stack.enter_context(warnings.catch_warnings())
        # `float(x)`: told of among the warnings of the set, with its line.
        warnings.filterwarnings("ignore", message="Converting a tensor with requires_grad=True", category=UserWarning)
        if "torch._dynamo" in sys.modules and hasattr(torch.compiler, "set_stance"):
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        torch.set_default_dtype(torch.float64)
        try:
            yield
        finally:
            torch.set_default_dtype(before)


def leaf_of(values: Sequence[float]) -> Any:
    """The point, as what derivatives are taken by."""
    return torch.tensor([float(v) for v in values], dtype=torch.float64, requires_grad=True)
