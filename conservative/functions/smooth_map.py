"""`SmoothMap`: a smooth F(x, θ) with derivatives that its author wrote, alone or within a NumPy program."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import LinearOperator

from conservative._core.checks import as_count
from conservative._core.errors import ArgumentError, ArgumentTypeError, FunctionError
from conservative._core.printable import shown
from conservative._core.result_lines import count, result_line
from conservative.functions.leading_axes import read_batch
from conservative.functions.named_columns import NamedColumns
from conservative.functions.points import DEFAULT_TOLERANCE, Point, as_tolerance, read_point
from conservative.functions.residual import Residual
from conservative.functions.switched_jacobian import SwitchedJacobian

Floats = NDArray[np.float64]
_DENSE_ENTRIES = 1_000_000
"""Larger Jacobians stay operators."""
_AGREE = 1e-6
"""Relative: jvp and vjp of one Jacobian differ by rounding, wrong ones by more."""


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False, init=False)
class SmoothMap(NamedColumns):
    """F(x, θ) with hand-written derivatives: a `StateMap` without ties, and a function for programs with ties.

    Called on the arrays of a program that `from_numpy` reads, it is one smooth operation of it, so that kinks may come
    before and after: sparse data, solvers and transforms take part that NumPy's rules do not know.

    Parameters
    ----------
    value : callable
        (x, θ) → F, arrays (p,), (m,) → (q,).
    jvp : callable
        (x, θ, ẋ, θ̇) → ∂₁F ẋ + ∂₂F θ̇, shape (q,).
    vjp : callable
        (x, θ, u) → (∂₁Fᵀ u, ∂₂Fᵀ u), shapes (p,) and (m,).
    state : int or sequence of str
        p, or the names of the states.
    parameters : int or sequence of str
        m, or the names of the parameters.

    Raises
    ------
    ArgumentTypeError, ArgumentError

    Notes
    -----
    One vector at a time is asked for. Where F has more than 10⁶ derivatives its Jacobian stays an operator.
    `switched` compares jvp and vjp at the point, ⟨u, J v⟩ = ⟨Jᵀu, v⟩, and refuses two that are no transposes.

    Examples
    --------
    A gradient step on sparse least squares, then the projection onto x ≥ 0:

    >>> import numpy as np
    >>> import scipy.sparse as sp
    >>> import conservative as cj
    >>> X = sp.csr_array(np.array([[2.0, 1.0], [1.0, 2.0]]))
    >>> step = cj.SmoothMap(
    ...     lambda x, y: x - 0.1 * (X.T @ (X @ x - y)),
    ...     lambda x, y, dx, dy: dx - 0.1 * (X.T @ (X @ dx - dy)),
    ...     lambda x, y, u: (u - 0.1 * (X.T @ (X @ u)), 0.1 * (X @ u)),
    ...     state=2, parameters=2,
    ... )
    >>> F = cj.from_numpy(lambda x, y: np.maximum(step(x, y), 0), [1.0, 0.0], [2.0, 1.0])
    >>> F.residual().vanishes, [str(tie) for tie in F.switched().ties][0][:10]
    (True, 'maximum[1]')
    """

    value: Callable[[Any, Any], Any]
    jvp: Callable[[Any, Any, Any, Any], Any]
    vjp: Callable[[Any, Any, Any], Any]
    state_names: tuple[str, ...]
    parameter_names: tuple[str, ...]

    def __init__(
        self,
        value: Callable[[Any, Any], Any],
        jvp: Callable[[Any, Any, Any, Any], Any],
        vjp: Callable[[Any, Any, Any], Any],
        *,
        state: int | Sequence[str],
        parameters: int | Sequence[str],
    ) -> None:
        for function, name in ((value, "value"), (jvp, "jvp"), (vjp, "vjp")):
            if not callable(function):
                raise ArgumentTypeError(f"`SmoothMap({name}=...)` needs a function; got {shown(function)}.")
            object.__setattr__(self, name, function)
        object.__setattr__(self, "state_names", _names(state, "x", "state"))
        object.__setattr__(self, "parameter_names", _names(parameters, "theta", "parameters"))
        twice = [name for name, times in Counter(self.names).items() if times > 1]
        if twice or not self.state_names:
            wrong = f"{twice[0]!r} twice" if twice else "no state"
            raise ArgumentError(
                f"`SmoothMap(state=..., parameters=...)` needs a state and distinct names; got {wrong}."
            )

    def __call__(self, x: Any, theta: Any = None) -> Any:
        """F at arrays, or as an operation of the program that is being read."""
        return apply_smooth(self, x, np.zeros(0) if theta is None else theta)

    def __repr__(self) -> str:
        return result_line(self, count(self.state_size, "state"), count(self.parameter_size, "parameter"))

    @property
    def size(self) -> int:
        """The number of components: F maps the state to itself where it is a map of its own."""
        return self.state_size

    def evaluate(self, x: ArrayLike, theta: ArrayLike | None = None) -> Floats:
        """Values of F, over leading axes one by one.

        Parameters
        ----------
        x : array_like, shape (..., p)
        theta : array_like, shape (..., m), optional
            Needed where there are parameters.

        Returns
        -------
        ndarray, shape (..., q)

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentTypeError
        """
        batch = read_batch(x, theta, names=self.names, state_size=self.state_size)
        values = [self._value(*pair) for pair in zip(*batch.rows(), strict=True)]
        return np.array(values, dtype=np.float64).reshape(*batch.shape, self.size)

    def point(self, at: Any, *, tolerance: float | None = None, call: str = "point") -> Point:
        """Read a point of (state, parameters).

        Parameters
        ----------
        at : mapping of name to number, or sequence of p + m numbers
        tolerance : float, optional
            Kept with the point: F has no ties.
        call : str
            Named in error messages.

        Returns
        -------
        Point
        """
        return read_point(at, names=self.names, tolerance=tolerance, call=call)

    def residual(self, at: Any, *, tolerance: float | None = None) -> Residual:
        """F(x, θ) − x: whether a claimed fixed point is one.

        Parameters
        ----------
        at : mapping of name to number, or sequence of p + m numbers
        tolerance : float, optional
            Used for every point, for values are floats (default 1e-9).

        Returns
        -------
        Residual
        """
        x, theta = self._split(at, "residual")
        used = as_tolerance(tolerance, default=DEFAULT_TOLERANCE, call="residual")
        return Residual.of_floats(self._value(x, theta), x, used)

    def switched(self, at: Any, *, tolerance: float | None = None) -> SwitchedJacobian:
        """The Jacobian at a point; F has no ties.

        Parameters
        ----------
        at : mapping of name to number, or sequence of p + m numbers
        tolerance : float, optional
            Not used: F has no ties.

        Returns
        -------
        SwitchedJacobian

        Raises
        ------
        FunctionError
            Where jvp and vjp are not those of one Jacobian.
        """
        form = self.linearized(at, tolerance=tolerance)
        self._compare(form.base)
        if form.base.shape[0] * form.base.shape[1] > _DENSE_ENTRIES:
            return form
        dense = np.asarray(form.base @ np.eye(form.base.shape[1]))
        return _without_ties(dense, self.state_size, form.value)

    def linearized(self, at: Any, *, tolerance: float | None = None) -> SwitchedJacobian:
        """As `switched`, with an operator as its base.

        Parameters
        ----------
        at : mapping of name to number, or sequence of p + m numbers
        tolerance : float, optional
            Not used: F has no ties.

        Returns
        -------
        SwitchedJacobian
        """
        x, theta = self._split(at, "switched")
        return _without_ties(self.jacobian(x, theta), self.state_size, self._value(x, theta))

    def jacobian(self, x: Floats, theta: Floats, size: int | None = None) -> LinearOperator:
        """[A B] at a point as an operator on (ẋ, θ̇).

        Parameters
        ----------
        x : ndarray, shape (p,)
        theta : ndarray, shape (m,)
        size : int, optional
            q, where F does not map the state to itself.

        Returns
        -------
        LinearOperator, shape (q, p + m)
        """
        p, n = len(x), len(x) + len(theta)
        q = self.size if size is None else size

        def ahead(v: Any) -> Any:
            column = np.asarray(v, dtype=np.float64).reshape(n)
            return _checked(self.jvp(x, theta, column[:p], column[p:]), q, "jvp")

        def back(u: Any) -> Any:
            parts = self.vjp(x, theta, np.asarray(u, dtype=np.float64).reshape(q))
            if not isinstance(parts, tuple) or len(parts) != 2:
                raise FunctionError("`SmoothMap(vjp=...)` returns a pair: what goes to x, and what goes to θ.")
            sides = ((parts[0], p, "vjp"), (parts[1], n - p, "vjp"))
            return np.concatenate([_checked(*side) for side in sides])

        return LinearOperator((q, n), matvec=ahead, rmatvec=back, dtype=np.float64)

    def _value(self, x: Floats, theta: Floats) -> Floats:
        return _checked(self.value(x, theta), self.size, "value")

    def _split(self, at: Any, call: str) -> tuple[Floats, Floats]:
        plain = isinstance(at, np.ndarray) and at.dtype == np.float64 and at.shape == (len(self.names),)
        flat = at if plain else np.array(self.point(at, call=call).floats(), dtype=np.float64)
        return flat[: self.state_size], flat[self.state_size :]

    def _compare(self, J: LinearOperator) -> None:
        rng = np.random.default_rng(0)
        v, u = rng.normal(size=J.shape[1]), rng.normal(size=J.shape[0])
        Jv, Ju = J.matvec(v), J.rmatvec(u)
        apart = abs(float(u @ Jv - Ju @ v))
        if apart > _AGREE * max(float(np.abs(u) @ np.abs(Jv)), float(np.abs(Ju) @ np.abs(v))):
            raise FunctionError(
                f"`SmoothMap(jvp=..., vjp=...)` are no transposes of each other: ⟨u, J v⟩ and ⟨Jᵀu, v⟩ differ by "
                f"{apart:.3g} for random u and v. Compare both with differences of `value`."
            )


def apply_smooth(F: SmoothMap, x: Any, theta: Any) -> Any:
    """F at plain arrays; arrays of a program that is read take the call over, as they do NumPy's."""
    for part in (x, theta):
        if not isinstance(part, np.ndarray) and hasattr(part, "__array_function__"):
            return part.__array_function__(apply_smooth, (type(part),), (F, x, theta), {})
    return F.value(x, theta)


def _without_ties(base: Any, p: int, value: Floats) -> SwitchedJacobian:
    q, n = base.shape
    return SwitchedJacobian(
        base=base, Y=np.zeros((q, 0)), Z=np.zeros((0, n)), L=np.zeros((0, 0)), ties=(), state_size=p, value=value
    )


def _checked(value: Any, size: int, name: str) -> Floats:
    array = np.asarray(value, dtype=np.float64)
    if array.shape != (size,):
        raise FunctionError(f"`SmoothMap({name}=...)` returned shape {array.shape} where ({size},) belongs.")
    if name != "value" and not np.isfinite(array).all():
        raise FunctionError(f"`SmoothMap({name}=...)` returned numbers that are not finite.")
    return array


def _names(given: Any, letter: str, argument: str) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    if isinstance(given, Sequence):
        return tuple(name if isinstance(name, str) else shown(name) for name in given)
    size = as_count(given, call="SmoothMap", argument=argument)
    return tuple(f"{letter}[{i}]" for i in range(size))
