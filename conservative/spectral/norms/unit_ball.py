"""Unit balls of the norms that proofs make: symmetric, monotone and elliptic polytopes, and ellipsoids."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog

from conservative._core.errors import ShapeError
from conservative._core.result_lines import count, result_line
from conservative.certificates import Certificate

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class UnitBall:
    """The unit ball of a norm of R^n, in doubles.

    Parameters
    ----------
    hull : str
        ``"symmetric"``: the hull of the vertices and their negatives. ``"monotone"``: all x whose moduli lie below a
        convex combination of the nonnegative vertices. ``"elliptic"``: the real parts of sums of c_k v_k with sum |c_k|
        at most one, for complex vertices. ``"ellipsoid"``: x^T P x <= 1.
    vertices : ndarray, shape (N, n)
        Complex for an elliptic hull; for an ellipsoid the ends of its axes.
    """

    hull: str
    vertices: NDArray[Any]

    @classmethod
    def of_ellipsoid(cls, P: FloatArray) -> "UnitBall":
        """The ellipsoid x^T P x <= 1.

        Parameters
        ----------
        P : ndarray, shape (n, n)
            Positive definite.

        Returns
        -------
        UnitBall
        """
        values, axes = np.linalg.eigh(P)
        return cls("ellipsoid", (axes / np.sqrt(values)).T)

    @property
    def size(self) -> int:
        """The dimension n."""
        return int(self.vertices.shape[1])

    def evaluate(self, points: ArrayLike) -> FloatArray:
        """The norm of points, in doubles.

        Parameters
        ----------
        points : array_like, shape (..., n)

        Returns
        -------
        ndarray, shape (...)

        Raises
        ------
        ShapeError

        Notes
        -----
        One linear program for each point and polytope; for an elliptic hull one cone program.

        Examples
        --------
        >>> square = UnitBall("symmetric", np.array([[1.0, 1.0], [1.0, -1.0]]))
        >>> square.evaluate([[2, 1], [0, -3]]).tolist()
        [2.0, 3.0]
        """
        x = np.asarray(points, dtype=np.float64)
        if x.ndim == 0 or x.shape[-1] != self.size:
            raise ShapeError(f"`evaluate(points=...)` needs shape (..., {self.size}); got {x.shape}.")
        if self.hull == "ellipsoid":
            return np.asarray(np.linalg.norm(x @ np.linalg.inv(self.vertices), axis=-1))
        one = {"symmetric": self._symmetric, "monotone": self._monotone, "elliptic": self._elliptic}[self.hull]
        return np.array([one(row) for row in x.reshape(-1, self.size)]).reshape(x.shape[:-1])

    def _symmetric(self, x: FloatArray) -> float:
        columns = np.hstack([self.vertices.T, -self.vertices.T])
        found = linprog(np.ones(columns.shape[1]), A_eq=columns, b_eq=x, method="highs")
        return float(found.fun) if found.status == 0 else np.inf

    def _monotone(self, x: FloatArray) -> float:
        found = linprog(np.ones(len(self.vertices)), A_ub=-self.vertices.T, b_ub=-np.abs(x), method="highs")
        return float(found.fun) if found.status == 0 else np.inf

    def _elliptic(self, x: FloatArray) -> float:
        import cvxpy as cp

        c = cp.Variable((len(self.vertices), 2))
        real, imaginary = self.vertices.real.T, self.vertices.imag.T
        problem = cp.Problem(cp.Minimize(cp.sum(cp.norm(c, 2, axis=1))), [real @ c[:, 0] - imaginary @ c[:, 1] == x])
        problem.solve(solver=cp.CLARABEL)
        return float(problem.value) if problem.status in {cp.OPTIMAL, cp.OPTIMAL_INACCURATE} else np.inf

    def farthest(self, directions: ArrayLike) -> FloatArray:
        """Of each direction a point of the ball that is farthest in it.

        Parameters
        ----------
        directions : array_like, shape (m, n)

        Returns
        -------
        ndarray, shape (m, n)
        """
        d = np.asarray(directions, dtype=np.float64)
        if self.hull == "ellipsoid":
            moved = d @ self.vertices.T
            length = np.linalg.norm(moved, axis=1, keepdims=True)
            return np.asarray((moved / np.where(length > 0, length, 1.0)) @ self.vertices)
        signs = np.where(d < 0, -1.0, 1.0)
        values = (d * signs if self.hull == "monotone" else d) @ self.vertices.T
        best = np.abs(values).argmax(axis=1)
        chosen, value = self.vertices[best], values[np.arange(len(d)), best]
        if self.hull == "monotone":
            return np.asarray(chosen * signs)
        modulus = np.abs(value)
        phase = np.where(modulus > 0, np.conj(value) / np.where(modulus > 0, modulus, 1.0), 1.0)
        return np.asarray((chosen * phase[:, None]).real)

    def __repr__(self) -> str:
        return result_line(self, f"{self.hull} hull of {count(len(self.vertices), 'vertex')} in dimension {self.size}")


def ball_of(certificate: Certificate) -> UnitBall | None:
    """The unit ball that a certificate about an upper bound holds; None where it holds none, or several."""
    kind, proof = certificate.kind, certificate.document["proof"]
    if kind == "equality":
        kind, proof = proof["upper"]["kind"], proof["upper"]["proof"]
    if kind == "blocks" and len(proof["sizes"]) == 1:
        inner = _ball(proof["proofs"][0]["kind"], proof["proofs"][0]["proof"])
        T = np.array([[float(Fraction(x)) for x in row] for row in proof["basis"]])
        turned = inner is not None and inner.hull == "monotone" and (np.diag(np.diag(T)) != T).any()
        return None if inner is None or turned else UnitBall(inner.hull, inner.vertices @ T.T)
    return _ball(kind, proof)


def _ball(kind: str, proof: dict[str, Any]) -> UnitBall | None:
    if kind == "contraction":
        return UnitBall.of_ellipsoid(np.array([[float(Fraction(x)) for x in row] for row in proof["P"]]))
    if kind not in ("polytope", "exact"):
        return None
    whole = int(proof["denominator"])
    rows = [[v] if proof["hull"] != "elliptic" else v for v in proof["vertices"]]
    parts = np.array([[[float(Fraction(int(x), whole)) for x in part] for part in row] for row in rows])
    vertices = parts[:, 0] + 1j * parts[:, 1] if proof["hull"] == "elliptic" else parts[:, 0]
    return UnitBall(proof["hull"], vertices)
