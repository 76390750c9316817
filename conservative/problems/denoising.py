"""What total variation, trend filtering and isotonic regression share: the matrix D, and the problem made of it."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import sparse

from conservative._core.errors import ArgumentError, ShapeError
from conservative.problems.distance import Distance
from conservative.problems.linked_faces import path_linked, slopes_linked, solve_linked
from conservative.problems.parameters import LARGEST_EXACT, Parameters, choose, read_array, weight_array
from conservative.problems.penalties import Penalty
from conservative.problems.problem import Problem


def denoising_problem(
    name: str,
    y: Any,
    D: Any,
    penalty: Penalty,
    theta: Any,
    *,
    weight: Any = None,
    weights: Any = None,
    scale: str = "sum",
    source: str,
) -> Problem:
    """½ Σ ωᵢ (wᵢ − yᵢ)² + g(Dw)."""
    n, rows = y.shape[0], D.shape[0]
    if scale not in ("sum", "mean"):
        raise ArgumentError(f'`{name}(scale=...)` is "sum", ½‖w − y‖², or "mean", ‖w − y‖²/(2n); got {scale!r}.')
    values = {"y": y, "D": D, "factor": Fraction(1, n if scale == "mean" else 1), "weights": None}
    if weight is not None:
        values["lambda"] = weight_array(weight, "weight", rows, call=name)
    if weights is not None:
        values["weights"] = read_array(weights, 1, call=name, argument="weights")
        if values["weights"].shape != (n,) or not (values["weights"] > 0).all():
            raise ArgumentError(f"`{name}(weights=...)` needs {n} positive numbers; drop entries without weight.")
    known = {key: value for key, value in values.items() if key != "factor"}
    parameters = Parameters(choose(theta, known, call=name), values).unified
    return Problem(
        name=name, size=n, smooth=Distance(), penalty=penalty, parameters=parameters, solver=solve_linked,
        slopes=slopes_linked, path=path_linked if parameters.chosen == ("lambda",) else None, source=source,
    )  # fmt: skip


def signal(y: Any, least: int, *, call: str) -> Any:
    """y, of at least so many numbers."""
    read = read_array(y, 1, call=call, argument="y")
    if read.shape[0] < least:
        raise ShapeError(f"`{call}(y=...)` needs at least {least} numbers; got {read.shape[0]}.")
    return read


def differences(n: int, order: int) -> Any:
    """The differences of an order, (n − order, n): whole numbers, or sparse where there are many."""
    row = np.array([1], dtype=object)
    for _ in range(order):
        row = np.convolve(row, np.array([-1, 1], dtype=object))
    return _stored(n - order, n, [(i, i + j, entry) for i in range(n - order) for j, entry in enumerate(row)])


def incidence(edges: Sequence[Sequence[int]], n: int, *, call: str) -> Any:
    """A row w_j − w_i for each edge (i, j)."""
    pairs = np.asarray(edges)
    if pairs.ndim != 2 or pairs.shape[1:] != (2,) or pairs.dtype.kind not in "iu":
        raise ShapeError(f"`{call}(edges=...)` needs pairs of indices (i, j); got {edges!r}.")
    if pairs.min() < 0 or pairs.max() >= n or (pairs[:, 0] == pairs[:, 1]).any():
        raise ArgumentError(f"`{call}(edges=...)` needs pairs of two different indices from 0 to {n - 1}.")
    entries = [
        (k, int(i), sign) for k, pair in enumerate(pairs.tolist()) for i, sign in zip(pair, (-1, 1), strict=True)
    ]
    return _stored(len(pairs), n, entries)


def _stored(rows: int, n: int, entries: list[tuple[int, int, Any]]) -> Any:
    if rows * n > LARGEST_EXACT:
        i, j, x = zip(*entries, strict=True)
        return sparse.csr_array((np.array(x, dtype=np.float64), (i, j)), shape=(rows, n))
    D = np.full((rows, n), Fraction(0), dtype=object)
    for row, column, entry in entries:
        D[row, column] = Fraction(entry)
    return D
