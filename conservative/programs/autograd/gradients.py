"""Jacobians out of autograd's graph: all rows in one batched pass."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.programs.autograd.library import torch

_NUMBERS = 20_000_000
"""Most numbers of one batch of rows."""


def rows_of(outputs: Any, inputs: Sequence[Any]) -> list[NDArray[np.float64]]:
    """Derivatives of a flat tensor by each flat input, shapes (outputs, entries of the input)."""
    q, sizes = outputs.numel(), [t.numel() for t in inputs]
    blocks = [np.zeros((q, size)) for size in sizes]
    if not outputs.requires_grad or not q:
        return blocks
    step = max(1, _NUMBERS // max(1, q + sum(sizes)))
    for start in range(0, q, step):
        stop = min(q, start + step)
        seeds = torch.zeros(stop - start, q, dtype=torch.float64)
        seeds[torch.arange(stop - start), torch.arange(start, stop)] = 1.0
        for block, part in zip(blocks, pulled(outputs, inputs, seeds), strict=True):
            block[start:stop] = part.detach().reshape(stop - start, -1).numpy()
    return blocks


def pulled(outputs: Any, inputs: Sequence[Any], seeds: Any) -> list[Any]:
    """Vector-Jacobian products of many vectors: vectorised, or one by one where a backward cannot be."""

    def pull(seed: Any) -> tuple[Any, ...]:
        options = {"retain_graph": True, "allow_unused": True, "materialize_grads": True}
        return tuple(torch.autograd.grad(outputs, inputs, seed, **options))

    if len(seeds) > 1:
        try:
            with warnings.catch_warnings():
                # PyTorch's own remark that some backward has no batching rule: it is slower then, not wrong.
                warnings.filterwarnings("ignore", message="There is a performance drop", category=UserWarning)
                # Not `is_grads_batched`, which takes the rows of a matrix product one by one.
                return list(torch.vmap(pull)(seeds))
        except RuntimeError:
            pass
    return [torch.stack(parts) for parts in zip(*map(pull, seeds), strict=True)]
