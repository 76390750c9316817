"""The group lasso, ½‖Xw − y‖² + λ Σ‖w_g‖."""

from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError
from conservative.problems.curved_faces import slopes_on_support, solve_by_newton
from conservative.problems.faces import Face
from conservative.problems.parameters import Parameters, Values, choose
from conservative.problems.penalties import Penalty
from conservative.problems.problem import Problem
from conservative.problems.quadratic import Quadratic
from conservative.problems.quadratic_problems import gram_values, least_squares_values, nonnegative

_SOURCE = "M. Yuan, Y. Lin, Model selection and estimation in regression with grouped variables, JRSS B 68, 2006"


def group_lasso(
    X: Any = None,
    y: Any = None,
    *,
    groups: Sequence[Sequence[int]],
    gram: Any = None,
    linear: Any = None,
    theta: Sequence[str] = ("lambda",),
    weight: Any = 1,
    scale: str = "sum",
) -> Problem:
    """Least squares with a penalty on the length of each group, ½‖Xw − y‖² + λ Σ‖w_g‖.

    Parameters
    ----------
    X : array_like or scipy.sparse matrix, shape (n, p), optional
    y : array_like, shape (n,), optional
    groups : sequence of sequences of int
        A partition of 0, ..., p − 1.
    gram, linear : array_like, shapes (p, p) and (p,), optional
        G and c instead of X and y: ½ wᵀGw − cᵀw.
    theta : sequence of str
        Of "lambda", "c", "y" and the numbers of an algorithm, such as "step".
    weight : number
        λ where it is not in θ, and its default where it is.
    scale : str
        "sum", or "mean" for ‖Xw − y‖²/(2n).

    Returns
    -------
    Problem

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.group_lasso(groups=[[0, 1]], gram=[[2, 0], [0, 4]], linear=[9, 20])
    >>> problem.solve(5).round(9).tolist()
    [3.0, 4.0]
    """
    call = "group_lasso"
    if (gram is None) == (X is None or y is None):
        got = "neither" if gram is None else "both"
        raise ArgumentError(f"`{call}` needs either X and y, or gram (and linear); got {got}.")
    if gram is None:
        values = least_squares_values(X, y, 0, theta, scale, call=call)
    else:
        values = gram_values(gram, linear, theta, call=call)
    values["lambda"] = nonnegative(weight, "weight", call)
    p = Quadratic().size(values)
    read = tuple(tuple(int(i) for i in group) for group in groups)
    if sorted(i for group in read for i in group) != list(range(p)):
        raise ArgumentError(f"`{call}(groups=...)` needs a partition of 0, ..., {p - 1}; got {groups!r}.")
    parameters = Parameters(choose(theta, values, call=call), values).unified
    return Problem(
        name=call, size=p, smooth=Quadratic(), penalty=Groups(read), parameters=parameters,
        solver=solve_by_newton, slopes=slopes_on_support, source=_SOURCE,
    )  # fmt: skip


@final
class Groups(Penalty):
    """λ Σ‖w_g‖: one tie a group at ‖z_g‖ = sλ."""

    separable: ClassVar[bool] = False
    states: ClassVar[tuple[int, ...]] = (0, 1)

    def __init__(self, groups: tuple[tuple[int, ...], ...]) -> None:
        self.groups = groups
        self.back = np.argsort([i for group in groups for i in group])

    def value(self, w: Any, v: Values) -> Any:
        """λ Σ‖w_g‖."""
        return np.squeeze(v["lambda"]) * sum(np.sqrt((w[..., group] ** 2).sum(axis=-1)) for group in self._lists())

    def prox(self, z: Any, s: Any, v: Values) -> Any:
        """z_g max(‖z_g‖ − sλ, 0) / ‖z_g‖; 0 where z_g is."""
        parts = []
        for group in self._lists():
            part = z[..., group]
            squared = (part * part).sum(axis=-1, keepdims=True)
            zero = getattr(squared, "v", squared) == 0
            if zero.all():
                parts.append(part * 0)
                continue
            length = np.sqrt(squared + zero if zero.any() else squared)
            parts.append(np.maximum(length - s * v["lambda"], 0) * part / length)
        return np.concatenate(parts, axis=-1)[..., self.back]

    def classify(self, w: Any, v: Values, tolerance: float) -> NDArray[np.int_]:
        """Entries of groups that are not zero."""
        states = np.zeros(len(w), dtype=int)
        for group in self._lists():
            states[group] = int(np.linalg.norm(w[group]) > tolerance * np.linalg.norm(w))
        return states

    def tilt(self, w: Any, states: Any, v: Values) -> Any:
        """λ w_g/‖w_g‖ on the support."""
        found = np.zeros(len(w), dtype=np.result_type(np.float64, v["lambda"]))
        for group in self._lists():
            if states[group[0]]:
                found[group] = np.squeeze(v["lambda"]) * w[group] / np.linalg.norm(w[group])
        return found

    def bend(self, w: Any, states: Any, v: Values) -> Any:
        """λ(I − uuᵀ)/‖w_g‖ on the support, u the direction of w_g."""
        found = np.zeros((len(w), len(w)))
        for group in self._lists():
            if states[group[0]]:
                length = np.linalg.norm(w[group])
                u = w[group] / length
                found[np.ix_(group, group)] = np.squeeze(v["lambda"]) * (np.eye(len(u)) - np.outer(u, u)) / length
        return found

    def face(self, states: Any, v: Values) -> Face:
        """Faces are curved."""
        raise NotImplementedError

    def gaps(self, z: Any, v: Values) -> Any:
        """The lengths of the groups of z less λ."""
        return np.array([[np.linalg.norm(z[group]) - np.squeeze(v["lambda"]) for group in self._lists()]])

    def in_cvxpy(self, w: Any, v: Values) -> tuple[Any, list[Any]]:
        """For cvxpy: g and constraints."""
        import cvxpy as cp

        return np.squeeze(v["lambda"]) * sum(cp.norm(w[group]) for group in self._lists()), []

    def _lists(self) -> list[list[int]]:
        return [list(group) for group in self.groups]
