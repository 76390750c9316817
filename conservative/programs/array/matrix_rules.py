"""Rules of `numpy.linalg`: solve, inverse, determinant and norms; what needs eigenvalues is refused."""

from functools import partial
from typing import Any

import numpy as np
from scipy import linalg

from conservative._core.exact.linear_algebra import from_flint, to_flint
from conservative.programs.array.calls import refuse
from conservative.programs.array.elementwise import elementwise
from conservative.programs.array.linear_maps import LinearMap
from conservative.programs.array.matrix_maps import Inverse
from conservative.programs.array.registry import function_rule
from conservative.programs.array.run import Run
from conservative.programs.array.smooth_rules import leaves_rationals
from conservative.programs.array.sum_rules import axes_of
from conservative.programs.array.traced import Traced, lift, traced


@function_rule(np.linalg.norm)
def norm(run: Run, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Norms of vectors, and the Frobenius norm of matrices."""
    x = lift(run, x)
    matrix = (axis is None and x.ndim == 2) or (isinstance(axis, tuple) and len(axis) == 2)
    if matrix and ord in (1, -1, np.inf, -np.inf):
        rows = axes_of(axis, x.ndim)
        first = rows[0] if abs(ord) == 1 else rows[1]
        sums = np.sum(np.abs(x), axis=first, keepdims=True)
        return (np.max if ord > 0 else np.min)(sums, axis=rows, keepdims=keepdims)
    if matrix and ord not in (None, "fro"):
        refuse(f"np.linalg.norm(ord={ord!r}) of a matrix needs singular values, which has no rule.")
    if axis is None and x.ndim > 1 and ord is None:
        axis = tuple(range(x.ndim))
    if ord in (np.inf, -np.inf):
        return (np.max if ord > 0 else np.min)(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    if ord in (None, 2, "fro"):
        return _euclidean(run, x, axis, keepdims)
    if isinstance(ord, (int, float)) and ord > 1:
        return np.power(np.sum(np.power(np.abs(x), ord), axis=axis, keepdims=keepdims), 1 / ord)
    return refuse(f"np.linalg.norm(ord={ord!r}) has no rule.")


def _euclidean(run: Run, x: Traced, axis: Any, keepdims: bool) -> Any:
    squares = np.sum(x * x, axis=axis, keepdims=keepdims)
    if run.exact:
        return np.sqrt(squares)
    axes = axes_of(axis, x.ndim)
    length = np.linalg.norm(x.v, axis=axes if axis is not None or x.ndim != 1 else None, keepdims=keepdims)
    squared = lift(run, squares)
    return elementwise(run, np.asarray(length), (squared, 0.5 / length), name="a norm, √ of the sum of squares,")


@function_rule(np.linalg.solve)
def solve(run: Run, A: Any, b: Any) -> Any:
    """A⁻¹ b, and to first order A⁻¹ (db − dA x)."""
    A, b = lift(run, A), lift(run, b)
    if A.ndim != 2 or b.ndim > 2:
        refuse("np.linalg.solve has a rule for one matrix at a time. Loop over the stack.")
    columns = 1 if b.ndim == 1 else b.shape[1]
    x, map_ = _solved(run, A.v, b.v, columns)
    edges = [b.edge(map_)] if b.node >= 0 else []
    if A.node >= 0:
        x_constant = traced(run, x, -1)
        moved = -np.matmul(A, x_constant)
        edges.append(moved.edge(map_))
    return traced(run, x, run.tape.add(x.size, edges) if edges else -1)


def _solved(run: Run, A: Any, b: Any, columns: int) -> tuple[Any, LinearMap]:
    if run.exact:
        inverse = _exact_inverse(A)
        return inverse @ b, Inverse(lambda T: inverse @ T, lambda T: inverse.T @ T, columns)
    try:
        factors = linalg.lu_factor(A, check_finite=False)
    except linalg.LinAlgError:
        refuse("np.linalg.solve meets a singular matrix at the point.")
    if (np.diag(factors[0]) == 0).any():
        refuse("np.linalg.solve meets a singular matrix at the point.")
    straight: Any = partial(linalg.lu_solve, factors, check_finite=False)
    turned = partial(linalg.lu_solve, factors, trans=1, check_finite=False)
    return straight(b), Inverse(straight, turned, columns)


def _exact_inverse(A: Any) -> Any:
    matrix: Any = to_flint(A.tolist())
    try:
        inverse = from_flint(matrix.inv())
    except ZeroDivisionError:
        refuse("np.linalg.solve meets a singular matrix at the point.")
    out = np.empty(A.shape, dtype=object)
    out[...] = inverse
    return out


@function_rule(np.linalg.inv)
def inv(run: Run, A: Any) -> Any:
    """The inverse."""
    return np.linalg.solve(lift(run, A), np.eye(np.shape(A)[0]))


@function_rule(np.linalg.det)
def det(run: Run, A: Any) -> Any:
    """The determinant, to first order ⟨cofactors, dA⟩."""
    A = lift(run, A)
    if run.exact:
        raise leaves_rationals("np.linalg.det")
    u, s, vt = np.linalg.svd(A.v)
    others = np.array([np.prod(np.delete(s, i)) for i in range(len(s))])
    run.curved = True
    cofactors = np.linalg.det(u) * np.linalg.det(vt) * (u * others) @ vt
    value = traced(run, cofactors, -1) * A
    found = np.sum(value)
    return traced(run, np.linalg.det(A.v), found.node)


@function_rule(np.linalg.matrix_power)
def matrix_power(run: Run, A: Any, n: int) -> Any:
    """Repeated products."""
    base = lift(run, A) if n >= 0 else lift(run, np.linalg.inv(A))
    found = lift(run, np.eye(base.shape[0]))
    for _ in range(abs(n)):
        found = np.matmul(found, base)
    return found


@function_rule(np.linalg.multi_dot)
def multi_dot(run: Run, arrays: Any, **_: Any) -> Any:
    """A product of several matrices."""
    found = arrays[0]
    for other in arrays[1:]:
        found = np.matmul(found, other)
    return found


def _refused(name: str, remedy: str) -> Any:
    def rule(run: Run, *_: Any, **__: Any) -> Any:
        refuse(f"np.linalg.{name} has no rule: {remedy}")

    return rule


for _name, _remedy in (
    ("eigh", "eigenvectors have no derivative where eigenvalues repeat. Write the map without them."),
    ("eigvalsh", "eigenvalues have no derivative where they repeat. Write the map without them."),
    ("eig", "eigenvectors have no derivative where eigenvalues repeat. Write the map without them."),
    ("eigvals", "eigenvalues have no derivative where they repeat. Write the map without them."),
    ("svd", "singular vectors have no derivative where singular values repeat. Write the map without them."),
    ("lstsq", "use `np.linalg.solve` on the normal equations."),
    ("pinv", "use `np.linalg.solve` on the normal equations."),
    ("qr", "use `np.linalg.solve`."),
    ("cholesky", "use `np.linalg.solve`."),
    ("slogdet", "use `np.log(np.linalg.det(A))`."),
):
    function_rule(getattr(np.linalg, _name))(_refused(_name, _remedy))
