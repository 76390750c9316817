"""Nonsmooth parts g: their proximal maps prox(z, s) = argmin g(w) + ‖w − z‖²/(2s), values and faces."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from conservative.problems.faces import Face
from conservative.problems.parameters import Values


class Penalty(ABC):
    """A closed convex g whose numbers are in the problem's `Parameters`; all over leading axes.

    `separable`: a sum over entries. `smooth`: it has a gradient. `constraint`: 0 or infinite.
    `states`: what an entry may be on a face.
    """

    separable: ClassVar[bool] = True
    smooth: ClassVar[bool] = False
    constraint: ClassVar[bool] = False
    states: ClassVar[tuple[int, ...]] = ()

    @abstractmethod
    def value(self, w: Any, v: Values) -> Any:
        """g(w); infinite outside of constraints."""

    @abstractmethod
    def prox(self, z: Any, s: Any, v: Values) -> Any:
        """The proximal map of s g."""

    def within(self, z: Any) -> Any:
        """The projection onto the subspace that the unknowns span: symmetric matrices, say; everything unless told."""
        return z

    def gradient(self, w: Any, v: Values) -> Any:
        """∇g, where g is smooth."""
        raise NotImplementedError

    def curvature(self, v: Values) -> Any:
        """g is curvature/2 ‖w‖², where it is smooth."""
        raise NotImplementedError

    def at(self, j: int, v: Values) -> Values:
        """The values with which `prox` serves entry j alone."""
        return v

    def tilt(self, w: Any, states: Any, v: Values) -> Any:
        """The gradient of g on its face."""
        return self.face(states, v).tilt

    def bend(self, w: Any, states: Any, v: Values) -> Any:
        """The second derivative of g on its face."""
        return np.zeros((len(w), len(w)))

    @abstractmethod
    def classify(self, w: Any, v: Values, tolerance: float) -> NDArray[np.int_]:
        """The states of the entries of a solution."""

    @abstractmethod
    def face(self, states: Any, v: Values) -> Face:
        """The face on which the entries have these states."""

    @abstractmethod
    def gaps(self, z: Any, v: Values) -> Any:
        """z less the places of the kinks of prox(·, 1), affine in z and in the numbers; shape (kinks, p)."""

    def slack(self, z: Any, v: Values) -> Any:
        """How far the entries of z are from the kinks of prox(·, 1); shape (p,)."""
        return np.abs(self.gaps(z, v)).min(axis=0)

    def gaps_on(self, states: Any, z: Any, v: Values) -> Any:
        """The gaps as they go on where z leaves the face of these states, affine in z and in the numbers."""
        return self.gaps(z, v)

    def multipliers(self, states: Any, v: Values) -> tuple[Any, Any]:
        """The ends of the subdifferential of g on a face."""
        raise NotImplementedError

    def ends(self, states: Any, v: Values) -> tuple[Any, Any]:
        """The lower and upper ends of the entries on a face."""
        return np.where(states < 0, -np.inf, 0.0), np.where(states > 0, np.inf, 0.0)

    @abstractmethod
    def in_cvxpy(self, w: Any, v: Values) -> tuple[Any, list[Any]]:
        """For cvxpy: g and constraints."""


@final
class L1(Penalty):
    """λ‖w‖₁, λ a number or a vector: soft thresholding, one tie an entry at |z| = sλ."""

    states: ClassVar[tuple[int, ...]] = (0, 1, -1)

    def value(self, w: Any, v: Values) -> Any:
        """Σ λ|wᵢ|."""
        return (v["lambda"] * np.abs(w)).sum(axis=-1)

    def prox(self, z: Any, s: Any, v: Values) -> Any:
        """soft(z, sλ)."""
        return soft(z, s * v["lambda"])

    def at(self, j: int, v: Values) -> Values:
        """The weight of entry j, where each has its own."""
        shared = np.ndim(v["lambda"]) == 0 or v["lambda"].shape[-1] == 1
        return v if shared else {**v, "lambda": v["lambda"][..., j : j + 1]}

    def classify(self, w: Any, v: Values, tolerance: float) -> NDArray[np.int_]:
        """Signs; small entries are zero."""
        return signs(w, tolerance)

    def face(self, states: Any, v: Values) -> Face:
        """An orthant: zeros are fixed, the others tilted by λ."""
        return Face(states != 0, np.zeros_like(states), states * v["lambda"])

    def gaps(self, z: Any, v: Values) -> Any:
        """z ∓ λ."""
        return np.stack([z - v["lambda"], z + v["lambda"]])

    def gaps_on(self, states: Any, z: Any, v: Values) -> Any:
        """The gaps as they go on where z leaves the face of these states, affine in z and in the numbers."""
        return self.gaps(z, v)

    def multipliers(self, states: Any, v: Values) -> tuple[Any, Any]:
        """±λ where entries are not zero, [−λ, λ] where they are."""
        return np.where(states > 0, 1, -1) * v["lambda"], np.where(states < 0, -1, 1) * v["lambda"]

    def in_cvxpy(self, w: Any, v: Values) -> tuple[Any, list[Any]]:
        """For cvxpy: g and constraints."""
        import cvxpy as cp

        return cp.norm1(cp.multiply(np.broadcast_to(v["lambda"], w.shape), w)), []


@final
class SquaredL2(Penalty):
    """λ/2 ‖w‖²."""

    smooth: ClassVar[bool] = True
    states: ClassVar[tuple[int, ...]] = (1,)

    def value(self, w: Any, v: Values) -> Any:
        """λ/2 ‖w‖²."""
        return np.squeeze(v["lambda"]) * (w * w).sum(axis=-1) / 2

    def prox(self, z: Any, s: Any, v: Values) -> Any:
        """z / (1 + sλ)."""
        return z / (1 + s * v["lambda"])

    def gradient(self, w: Any, v: Values) -> Any:
        """λw."""
        return v["lambda"] * w

    def curvature(self, v: Values) -> Any:
        """λ."""
        return v["lambda"]

    def classify(self, w: Any, v: Values, tolerance: float) -> NDArray[np.int_]:
        """Every entry is free."""
        return np.ones(np.shape(w), dtype=int)

    def face(self, states: Any, v: Values) -> Face:
        """The whole space."""
        return Face(states != 0, np.zeros_like(states), np.zeros_like(states), np.squeeze(v["lambda"])[()])

    def ends(self, states: Any, v: Values) -> tuple[Any, Any]:
        """None."""
        return np.full(np.shape(states), -np.inf), np.full(np.shape(states), np.inf)

    def gaps(self, z: Any, v: Values) -> Any:
        """No kinks."""
        return np.full((1, *np.shape(z)), np.inf)

    def in_cvxpy(self, w: Any, v: Values) -> tuple[Any, list[Any]]:
        """For cvxpy: g and constraints."""
        import cvxpy as cp

        return np.squeeze(v["lambda"]) / 2 * cp.sum_squares(w), []


@final
class NonNegative(Penalty):
    """The constraint w ≥ 0: one tie an entry at 0."""

    constraint: ClassVar[bool] = True
    states: ClassVar[tuple[int, ...]] = (0, 1)

    def value(self, w: Any, v: Values) -> Any:
        """0, or infinity outside."""
        return np.where((w >= 0).all(axis=-1), 0.0, np.inf)

    def prox(self, z: Any, s: Any, v: Values) -> Any:
        """max(z, 0)."""
        return np.maximum(z, 0)

    def classify(self, w: Any, v: Values, tolerance: float) -> NDArray[np.int_]:
        """Positive entries are free."""
        return np.maximum(signs(w, tolerance), 0)

    def face(self, states: Any, v: Values) -> Face:
        """A face of the orthant."""
        return Face(states != 0, np.zeros_like(states), np.zeros_like(states))

    def gaps(self, z: Any, v: Values) -> Any:
        """z."""
        return z[None]

    def gaps_on(self, states: Any, z: Any, v: Values) -> Any:
        """The gaps as they go on where z leaves the face of these states, affine in z and in the numbers."""
        return self.gaps(z, v)

    def multipliers(self, states: Any, v: Values) -> tuple[Any, Any]:
        """0 where entries are positive, at most 0 where they are not."""
        return np.where(states != 0, 0.0, -np.inf), np.zeros(len(states))

    def in_cvxpy(self, w: Any, v: Values) -> tuple[Any, list[Any]]:
        """For cvxpy: g and constraints."""
        return 0, [w >= 0]


@final
class Box(Penalty):
    """The constraint lower ≤ w ≤ upper: one tie an entry at either bound."""

    constraint: ClassVar[bool] = True
    states: ClassVar[tuple[int, ...]] = (0, -1, 1)

    def value(self, w: Any, v: Values) -> Any:
        """0, or infinity outside."""
        return np.where(((w >= v["lower"]) & (w <= v["upper"])).all(axis=-1), 0.0, np.inf)

    def prox(self, z: Any, s: Any, v: Values) -> Any:
        """min(max(z, lower), upper)."""
        return np.minimum(np.maximum(z, v["lower"]), v["upper"])

    def at(self, j: int, v: Values) -> Values:
        """The bounds of entry j."""
        return {**v, **{name: v[name][..., j : j + 1] for name in ("lower", "upper")}}

    def classify(self, w: Any, v: Values, tolerance: float) -> NDArray[np.int_]:
        """Which bound an entry lies at."""
        room = tolerance * max(np.abs(w))
        return np.where(w <= v["lower"] + room, -1, np.where(w >= v["upper"] - room, 1, 0))

    def face(self, states: Any, v: Values) -> Face:
        """A face of the box."""
        fixed = np.where(states < 0, v["lower"], np.where(states > 0, v["upper"], 0))
        return Face(states == 0, fixed, np.zeros_like(states))

    def ends(self, states: Any, v: Values) -> tuple[Any, Any]:
        """The bounds."""
        return v["lower"], v["upper"]

    def gaps(self, z: Any, v: Values) -> Any:
        """z less either bound."""
        return np.stack([z - v["lower"], z - v["upper"]])

    def in_cvxpy(self, w: Any, v: Values) -> tuple[Any, list[Any]]:
        """For cvxpy: g and constraints."""
        return 0, [w >= v["lower"], w <= v["upper"]]


def soft(z: Any, threshold: Any) -> Any:
    """(z − t)₊ − (−z − t)₊."""
    return np.maximum(z - threshold, 0) - np.maximum(-z - threshold, 0)


def signs(w: Any, tolerance: float) -> NDArray[np.int_]:
    """−1, 0 or 1; entries below `tolerance` of the largest are zero."""
    largest = max(np.abs(w)) * tolerance
    return np.array([0 if abs(x) <= largest else (1 if x > 0 else -1) for x in w], dtype=int)
