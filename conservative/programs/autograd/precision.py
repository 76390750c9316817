"""Double precision, and the program's own first run, in which nothing is opened."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from conservative.programs.autograd.library import torch


@contextmanager
def double_precision() -> Iterator[None]:
    """New tensors are float64, derivatives are recorded, compiled functions run as they are written."""
    before = torch.get_default_dtype()
    with ExitStack() as stack:
        stack.enter_context(torch.enable_grad())
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
