"""½ Σ κ ωᵢ (wᵢ − yᵢ)²: the smooth part of denoising, isotonic regression and projections."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from conservative.problems.parameters import Parameters, Values


@dataclass(frozen=True, slots=True)
class Distance:
    """The weighted distance to y; its numbers y (n,), weights (n,) or None, and factor κ are in `Parameters`."""

    def diagonal(self, v: Values) -> Any:
        """κω, the second derivative; a number where all weights are one."""
        return v["factor"] if v["weights"] is None else v["factor"] * v["weights"]

    def value(self, w: Any, v: Values) -> Any:
        """f(w), over leading axes."""
        return (self.diagonal(v) * (w - v["y"]) ** 2).sum(axis=-1) / 2

    def gradient(self, w: Any, v: Values) -> Any:
        """κω(w − y)."""
        return self.diagonal(v) * (w - v["y"])

    def linear(self, v: Values) -> Any:
        """κωy."""
        return self.diagonal(v) * v["y"]

    def hessian(self, v: Values) -> Any:
        """diag(κω)."""
        diagonal = self.diagonal(v)
        return np.eye(self.size(v), dtype=int) * (diagonal[..., None] if getattr(diagonal, "ndim", 0) else diagonal)

    def hessian_at(self, w: Any, v: Values) -> Any:
        """The same at every w."""
        return self.hessian(v)

    def resolvent(
        self, parameters: Parameters, step: Callable[[Values], Any], setting: str
    ) -> Callable[[Any, Values], Any]:
        """z, values ↦ (z + γκωy)/(1 + γκω), the proximal map of γf."""
        return lambda z, v: (z + step(v) * self.linear(v)) / (1 + step(v) * self.diagonal(v))

    def curvatures(self, v: Values) -> tuple[float, float]:
        """The smallest and the largest weight."""
        ends = np.atleast_1d(np.asarray(self.diagonal(v), dtype=np.float64))
        return float(ends.min()), float(ends.max())

    def in_cvxpy(self, w: Any, v: Values) -> Any:
        """For cvxpy."""
        import cvxpy as cp

        return cp.sum_squares(cp.multiply(np.sqrt(np.ones(self.size(v)) * self.diagonal(v)), w - v["y"])) / 2

    def size(self, v: Values) -> int:
        """n."""
        return int(v["y"].shape[-1])
