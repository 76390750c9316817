"""½ wᵀQw − cᵀw with Q_ij = y_i y_j k(x_i, x_j): the smooth part of the dual of a support vector machine."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from conservative.problems.parameters import Parameters, Values
from conservative.problems.quadratic import back, linear_resolvent, times


@dataclass(frozen=True, slots=True)
class KernelForm:
    """Its numbers are y (n,), c (n,), and the kernel (n, n), or X (n, d) with the kernel XXᵀ."""

    def value(self, w: Any, v: Values) -> Any:
        """f(w), over leading axes."""
        return (w * (self.gradient(w, v) - v["c"])).sum(axis=-1) / 2

    def gradient(self, w: Any, v: Values) -> Any:
        """Qw − c, over leading axes."""
        signed = v["y"] * w
        moved = times(v["X"], back(v["X"], signed)) if v["kernel"] is None else times(v["kernel"], signed)
        return v["y"] * moved - v["c"]

    def linear(self, v: Values) -> Any:
        """c."""
        return v["c"]

    def hessian(self, v: Values) -> Any:
        """Q."""
        kernel, X = v["kernel"], v["X"]
        if kernel is None:
            kernel = (X @ X.T).toarray() if sparse.issparse(X) else X @ np.swapaxes(X, -1, -2)
        return v["y"][..., :, None] * kernel * v["y"][..., None, :]

    def block(self, free: NDArray[np.intp], v: Values) -> Any:
        """The rows and columns of Q of some entries."""
        kernel, X = v["kernel"], v["X"]
        some = {"y": v["y"][free], "X": None if X is None else X[free]}
        return self.hessian({**some, "kernel": None if kernel is None else kernel[np.ix_(free, free)]})

    def hessian_at(self, w: Any, v: Values) -> Any:
        """The same at every w."""
        return self.hessian(v)

    def resolvent(
        self, parameters: Parameters, step: Callable[[Values], Any], setting: str
    ) -> Callable[[Any, Values], Any]:
        """z, values ↦ (I + γQ)⁻¹(z + γc)."""
        return linear_resolvent(self, parameters, ("X", "kernel", "y", setting), step)

    def curvatures(self, v: Values) -> tuple[float, float]:
        """The smallest and the largest eigenvalue of Q in floats."""
        ends = np.linalg.eigvalsh(self.hessian(v))
        return max(float(ends[0]), 0.0), float(ends[-1])

    def in_cvxpy(self, w: Any, v: Values) -> Any:
        """For cvxpy."""
        import cvxpy as cp

        if v["kernel"] is None:
            return cp.sum_squares(v["X"].T @ cp.multiply(v["y"], w)) / 2 - v["c"] @ w
        return cp.quad_form(w, cp.psd_wrap(self.hessian(v))) / 2 - v["c"] @ w

    def size(self, v: Values) -> int:
        """n."""
        return int(v["y"].shape[-1])
