"""Products with the Jacobian of a run that is never formed: reverse passes, and reverse passes through them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator

from conservative.programs.autograd.gradients import pulled, rows_of
from conservative.programs.autograd.library import torch
from conservative.programs.autograd.precision import double_precision

_FORMED = 20_000_000
"""Jacobians of more entries are operators."""


def is_large(outputs: int, inputs: int) -> bool:
    """Whether a Jacobian is left as an operator."""
    return outputs * inputs > _FORMED


def columns_of(value: Any, inputs: list[Any]) -> list[NDArray[np.float64]]:
    """Derivatives of a value by each flat input, by columns: cheap where inputs are few."""
    seed, slopes = _slopes(value, inputs)
    return [rows_of(slope, [seed])[0].T for slope in slopes]


def operator_of(value: Any, leaf: Any) -> Any:
    """The Jacobian of a value at the point, as an operator on vectors and blocks of vectors."""
    seed, (slope,) = _slopes(value, [leaf])

    def push(vectors: NDArray[Any]) -> NDArray[np.float64]:
        return _through(slope, seed, vectors)

    def pull(vectors: NDArray[Any]) -> NDArray[np.float64]:
        return _through(value, leaf, vectors)

    shape = (len(value), len(leaf))
    return LinearOperator(shape, matvec=push, rmatvec=pull, matmat=push, rmatmat=pull, dtype=np.float64)


def _slopes(value: Any, inputs: list[Any]) -> tuple[Any, list[Any]]:
    """uᵀJ as a linear function of u, in autograd's graph: its reverse pass is J v."""
    seed = torch.zeros(len(value), dtype=torch.float64, requires_grad=True)
    if not value.requires_grad:
        return seed, [torch.zeros(len(part), dtype=torch.float64) for part in inputs]
    options = {"create_graph": True, "allow_unused": True, "materialize_grads": True}
    return seed, list(torch.autograd.grad(value, inputs, seed, **options))


def _through(outputs: Any, inputs: Any, vectors: NDArray[Any]) -> NDArray[np.float64]:
    columns = np.asarray(vectors, dtype=np.float64)
    rows = columns.reshape(len(columns), -1).T
    if not outputs.requires_grad:
        return np.zeros((len(inputs), *columns.shape[1:]))
    with double_precision():
        (found,) = pulled(outputs, [inputs], torch.tensor(np.ascontiguousarray(rows)))
    return np.asarray(found.detach().numpy().T.reshape(len(inputs), *columns.shape[1:]))
