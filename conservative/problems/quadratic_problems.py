"""What the quadratic problems share: their data, checked, and how one is put together."""

from typing import Any

import numpy as np

from conservative._core.errors import ArgumentError, ShapeError
from conservative.problems.faces import slopes_on_face, solve_by_faces
from conservative.problems.parameters import Parameters, Values, as_floats, choose, read_array
from conservative.problems.penalties import Penalty
from conservative.problems.problem import Problem
from conservative.problems.quadratic import Quadratic, quadratic_values


def least_squares_values(X: Any, y: Any, ridge: Any, theta: Any, scale: str, *, call: str) -> dict[str, Any]:
    """X, y and what follows from them, checked."""
    design = read_array(X, 2, call=call, argument="X")
    target = read_array(y, 1, call=call, argument="y")
    if design.shape[0] != target.shape[0]:
        raise ShapeError(
            f"`{call}(X=..., y=...)` needs one number in y for each row of X; got {design.shape} and {target.shape}."
        )
    chosen = (theta,) if isinstance(theta, str) else tuple(theta)
    return quadratic_values(design, target, None, None, ridge=ridge, scale=scale, chosen=chosen, call=call)


def quadratic_problem(
    name: str, values: Values, theta: Any, penalty: Penalty, *, source: str, path: Any = None
) -> Problem:
    """A quadratic problem with polyhedral or quadratic g."""
    parameters = Parameters(choose(theta, values, call=name), values).unified
    smooth = Quadratic()
    return Problem(
        name=name, size=smooth.size(values), smooth=smooth, penalty=penalty, parameters=parameters,
        solver=solve_by_faces, slopes=slopes_on_face, path=path, source=source,
    )  # fmt: skip


def nonnegative(value: Any, argument: str, call: str) -> Any:
    """A weight of at least 0."""
    read = read_array(value, 0, call=call, argument=argument)
    if read < 0:
        raise ArgumentError(f"`{call}({argument}=...)` needs a number of at least 0; got {value!r}.")
    return read


def semidefinite(value: Any, argument: str, call: str) -> Any:
    """A symmetric matrix without negative eigenvalues; of floats symmetric to rounding, as a product XXᵀ may be."""
    G = read_array(value, 2, call=call, argument=argument)
    square = G.shape[0] == G.shape[1]
    if square and G.dtype != object and np.abs(G - G.T).max() <= 1e-13 * np.abs(G).max():
        G = (G + G.T) / 2
    if not square or (G != G.T).any():
        raise ShapeError(
            f"`{call}({argument}=...)` needs a symmetric matrix; got shape {G.shape}. Pass `(G + G.T) / 2`."
        )
    if np.linalg.eigvalsh(as_floats(G))[0] < -1e-9 * float(np.abs(as_floats(G)).max()):
        raise ArgumentError(
            f"`{call}({argument}=...)` needs a positive semidefinite matrix; it has a negative eigenvalue."
        )
    return G


def gram_values(gram: Any, linear: Any, theta: Any, *, call: str) -> dict[str, Any]:
    """G symmetric and positive semidefinite, and c, checked."""
    G = semidefinite(gram, "gram", call)
    given = np.ones(len(G), dtype=object) if linear is None else linear
    c = read_array(given, 1, call=call, argument="linear")
    if c.shape != (len(G),):
        raise ShapeError(f"`{call}(linear=...)` needs {len(G)} numbers, one for each row of gram; got {c.shape}.")
    chosen = (theta,) if isinstance(theta, str) else tuple(theta)
    return quadratic_values(None, None, G, c, ridge=0, scale="sum", chosen=chosen, call=call)
