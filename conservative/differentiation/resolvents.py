"""(Id − A)⁻¹ times columns, for one A: on the rows that A moves, by a factorisation or by Krylov's method."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.sparse.linalg import LinearOperator, gmres

from conservative._core.errors import ArgumentError
from conservative._core.null_spaces import DECOMPOSED, null_space
from conservative.functions.switched_jacobian import SwitchedJacobian

Floats = NDArray[np.float64]

_FACTORED = 600
"""Rows that A moves up to which its operator is asked for them; beyond, products are enough."""

_COLUMNS = 128
_CALL = "implicit_jacobian"


class StatePart:
    """The state part A of a base: products with it, the rows that it moves, and A on these.

    Parameters
    ----------
    S : SwitchedJacobian
        Its first p rows are the map's.
    """

    def __init__(self, S: SwitchedJacobian) -> None:
        self.base, self.p, self.n = S.base, S.state_size, S.shape[1]
        self.dense = None if S.matrix_free else np.asarray(S.base[: self.p, : self.p], dtype=np.float64)
        self.rows = np.flatnonzero(self._moved_rows())

    @property
    def blockwise(self) -> bool:
        """Whether A on the rows that it moves may be formed."""
        return self.dense is not None or len(self.rows) <= _FACTORED

    def times(self, V: Floats) -> Floats:
        """A V for columns V, shape (p, c)."""
        if self.dense is not None:
            return np.asarray(self.dense @ V)
        full = np.zeros((self.n, V.shape[1]))
        full[: self.p] = V
        return np.asarray(self.base @ full)[: self.p]

    def block(self) -> Floats:
        """A on the rows that it moves."""
        R = self.rows
        if self.dense is not None:
            return self.dense[np.ix_(R, R)]
        found = np.empty((len(R), len(R)))
        for start in range(0, len(R), _COLUMNS):
            chosen = R[start : start + _COLUMNS]
            units = np.zeros((self.p, len(chosen)))
            units[chosen, np.arange(len(chosen))] = 1.0
            found[:, start : start + len(chosen)] = self.times(units)[R]
        return found

    def _moved_rows(self) -> NDArray[np.bool_]:
        if self.dense is not None:
            return np.asarray((self.dense != 0).any(axis=1))
        if hasattr(self.base, "reached"):
            return np.asarray(self.base.reached(np.arange(self.n) < self.p)[: self.p])
        probe = np.random.default_rng(0).standard_normal((self.p, 1))
        return np.asarray(self.times(probe)[:, 0] != 0.0)


class Resolvent:
    """X of (Id − A)X = V for the state part A of a base, modulo the kernel of Id − A where it has one.

    Where A has rows of zeros, X = V there, and what is solved has the size of the others: an active set.

    Parameters
    ----------
    S : SwitchedJacobian
        Its first p rows are the map's.
    krylov : bool
        Whether products with A are all that may be used.
    """

    def __init__(self, S: SwitchedJacobian, *, krylov: bool = False) -> None:
        self.part = StatePart(S)
        self.rows, self.p = self.part.rows, self.part.p
        self.kernel = np.zeros((self.p, 0))
        self.factor: Any = None
        if self.part.blockwise and not krylov:
            self._factorise()

    def solve(self, V: Floats) -> Floats:
        """X, orthogonal to the kernel. Shapes: `V` and result (p, c)."""
        X = np.array(V, dtype=np.float64)
        if not len(self.rows) or not X.shape[1]:
            return X
        still = X.copy()
        still[self.rows] = 0.0
        right = X[self.rows]
        if still.any():
            right = right + self.part.times(still)[self.rows]
        X[self.rows] = self._by_factor(right) if self.factor is not None else self._by_products(right)
        return X

    def residual(self, X: Floats, V: Floats) -> float:
        """‖(Id − A)X − V‖, columns together, modulo the kernel."""
        away = X - self.part.times(X) - V
        away -= self.kernel @ (self.kernel.T @ away)
        return float(np.linalg.norm(away))

    def _factorise(self) -> None:
        R = self.rows
        K = np.eye(len(R)) - self.part.block()
        d = 0
        if 0 < len(R) <= DECOMPOSED:
            null = null_space(K)
            d = null.shape[1]
            if d:
                self.kernel = np.zeros((self.p, d))
                self.kernel[R] = null
                K = np.block([[K, null], [null.T, np.zeros((d, d))]])
        self.factor = linalg.lu_factor(K, check_finite=False) if len(R) else None
        if len(R) and not self._regular(K):
            raise ArgumentError(
                f"`{_CALL}(F=...)`: Id − A is singular up to rounding, also modulo what it sends to 0, so that the "
                "implicit formula is undefined. Iterate the set instead (`iterate_set`), or regularise the problem."
            )

    def _regular(self, K: Floats) -> bool:
        norm = float(np.abs(K).sum(axis=0).max())
        inverse_condition, _ = linalg.lapack.dgecon(self.factor[0], norm)
        return bool(inverse_condition > 1e-14)

    def _by_factor(self, right: Floats) -> Floats:
        d = self.kernel.shape[1]
        whole = np.vstack([right, np.zeros((d, right.shape[1]))])
        return np.asarray(linalg.lu_solve(self.factor, whole, check_finite=False))[: len(right)]

    def _by_products(self, right: Floats) -> Floats:
        R, r = self.rows, len(self.rows)

        def apply(v: Floats) -> Floats:
            full = np.zeros((self.p, 1))
            full[R, 0] = np.ravel(v)
            return np.asarray(np.ravel(v) - self.part.times(full)[R, 0])

        system = LinearOperator((r, r), matvec=apply, dtype=np.float64)
        found = np.zeros_like(right)
        for j in range(right.shape[1]):
            size = float(np.linalg.norm(right[:, j]))
            if size == 0.0:
                continue
            x, info = gmres(system, right[:, j], rtol=1e-13, atol=0.0, restart=min(r, 200), maxiter=20)
            left = float(np.linalg.norm(apply(x) - right[:, j]))
            if info and left > 1e-9 * size:
                raise ArgumentError(
                    f"`{_CALL}(F=...)`: products with A left a residual of {left:.2g} in solving with Id − A, which is "
                    "singular or nearly so. Take a point nearer to the fixed point, or regularise the problem."
                )
            found[:, j] = x
        return found
