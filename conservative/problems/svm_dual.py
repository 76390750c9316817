"""The dual of a support vector machine, ½ wᵀQw − 1ᵀw over 0 ≤ w ≤ C, yᵀw = 0."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError, ShapeError
from conservative.problems.balanced import Balanced
from conservative.problems.faces import slopes_on_face, solve_by_faces
from conservative.problems.kernel_form import KernelForm
from conservative.problems.parameters import Parameters, Values, choose, numbers, read_array, weight_array
from conservative.problems.paths import along_faces
from conservative.problems.problem import Problem
from conservative.problems.quadratic_problems import semidefinite

_SOURCE = "C. Cortes, V. Vapnik, Support-vector networks, Machine Learning 20, 1995"


def svm_dual(
    X: Any = None, y: Any = None, *, kernel: Any = None, theta: Sequence[str] = ("C",), weight: Any = 1
) -> Problem:
    """½ wᵀQw − Σw over 0 ≤ w ≤ C, yᵀw = 0, with Q_ij = y_i y_j k(x_i, x_j).

    Its projection is the correlated one: an entry at a bound is free or fixed, in the multiplier of yᵀw and in the
    result alike, so that every derivative keeps yᵀw = 0.

    Parameters
    ----------
    X : array_like or scipy.sparse matrix, shape (n, d), optional
        Data, for the linear kernel XXᵀ.
    y : array_like, shape (n,)
        Labels, 1 and −1, both of them.
    kernel : array_like, shape (n, n), optional
        k(x_i, x_j), symmetric and positive semidefinite, instead of X.
    theta : sequence of str
        Of "C", "kernel" or "X", "c" (the linear term, ones) and the numbers of an algorithm, such as "step".
    weight : number or array_like, shape (n,)
        C, positive, one for all labels or one for each, where it is not in θ, and its default where it is; the scale
        is that of scikit-learn.

    Returns
    -------
    Problem

    Raises
    ------
    ShapeError, NonFiniteError, ArgumentError, ArgumentTypeError

    Examples
    --------
    >>> import conservative as cj
    >>> problem = cj.problems.svm_dual(y=[1, 1, -1], kernel=[[2, 1, 0], [1, 2, 1], [0, 1, 2]])
    >>> problem.solve(0.5).tolist()
    [0.0, 0.5, 0.5]
    >>> problem.kinks(0, 2).round(6).tolist()
    [1.0]
    """
    call = "svm_dual"
    if y is None or (X is None) == (kernel is None):
        raise ArgumentError(f"`{call}` needs labels y, and either X or kernel; pass one of the two.")
    labels = read_array(y, 1, call=call, argument="y")
    if not np.isin(labels, (1, -1)).all() or len(set(labels.tolist())) < 2:
        raise ArgumentError(f"`{call}(y=...)` needs labels 1 and -1, both of them. From 0 and 1 pass `2 * y - 1`.")
    n = len(labels)
    values = {"X": None, "kernel": None, "y": labels, "c": numbers([1] * n)}
    if X is not None:
        values["X"] = read_array(X, 2, call=call, argument="X")
    else:
        values["kernel"] = semidefinite(kernel, "kernel", call)
    rows = (values["X"] if kernel is None else values["kernel"]).shape[0]
    if rows != n:
        raise ShapeError(f"`{call}` needs one label in y for each row; got {rows} rows and {n} labels.")
    values["C"] = weight_array(weight, "weight", n, call=call)
    if not np.min(values["C"]) > 0:
        raise ArgumentError(f"`{call}(weight=...)` needs a positive C; got {weight!r}.")
    known = {name: value for name, value in values.items() if name != "y"}
    parameters = Parameters(choose(theta, known, call=call), values).unified
    return Problem(
        name=call, size=n, smooth=KernelForm(), penalty=Balanced(), parameters=parameters, solver=solve_by_faces,
        slopes=slopes_on_face, path=_path if parameters.chosen == ("C",) else None, source=_SOURCE,
    )  # fmt: skip


def _path(problem: Problem, v: Values, lower: float, upper: float) -> NDArray[np.float64]:
    """The C in between at which the slope of the solution jumps."""
    return along_faces(problem, v, "C", lower, upper)
