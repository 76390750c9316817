"""Choosing λ: min over λ of h(λ) = ½‖D w(λ) − t‖², w(λ) the solution of another problem."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from conservative._core.errors import ArgumentError, DiscontinuityError, ShapeError
from conservative.problems.optimal_transport import NoPenalty
from conservative.problems.parameters import Parameters, Values, as_floats, choose, read_array
from conservative.problems.penalties import L1, SquaredL2
from conservative.problems.problem import Problem, check_problem
from conservative.problems.quadratic import Quadratic, inverse_of, times

_SOURCE = (
    "Q. Bertrand et al., Implicit differentiation for fast hyperparameter selection in non-smooth convex learning, 2022"
)
_AT_A_KINK = 1e-9
FLAT = (
    "every lambda >= lambda_max = {most:.6g} is a fixed point of hypergradient descent: the solution is 0 there and h "
    "is flat; start below"
)


def tuning(problem: Problem, *, target: Any, design: Any = None, theta: Sequence[str] = ("target",)) -> Problem:
    """The λ whose solution is nearest to a target: h(λ) = ½‖D w(λ) − t‖², w(λ) that of a lasso or ridge problem.

    On the path of the lasso h is quadratic between breakpoints, where h' jumps, and flat from λ_max on.

    Parameters
    ----------
    problem : Problem
        lasso, elastic_net or ridge with θ = ("lambda",).
    target : array_like, shape (q,)
        t.
    design : array_like, shape (q, p), optional
        D, the rows of other data, say; the identity when left out.
    theta : sequence of str
        Of "target", "design", the data of the inner problem, and the numbers of an algorithm, such as "step".

    Returns
    -------
    Problem
        Its one unknown is λ.

    Raises
    ------
    ArgumentTypeError, ArgumentError, ShapeError

    References
    ----------
    [bertrand2022]_

    Examples
    --------
    >>> import conservative as cj
    >>> lasso = cj.problems.lasso([[2, 1], [1, 2], [0, 1]], [4, 3, -1])
    >>> cj.problems.tuning(lasso, target=[1, 0]).solve().astype(float).round(6).tolist()
    [6.0]
    """
    call = "tuning"
    inner = check_problem(problem, call=call)
    if not (
        isinstance(inner.smooth, Quadratic) and isinstance(inner.penalty, (L1, SquaredL2))
        and inner.parameters.chosen == ("lambda",) and np.ndim(inner.parameters.values["lambda"]) == 0
    ):  # fmt: skip
        raise ArgumentError(
            f'`{call}(problem=...)` needs lasso, elastic_net or ridge with θ = ("lambda",), one number; got '
            f"{inner.name} with θ = ({', '.join(inner.theta_names[:4])})."
        )
    t = read_array(target, 1, call=call, argument="target")
    D = None if design is None else read_array(design, 2, call=call, argument="design")
    rows, columns = (inner.size, inner.size) if D is None else D.shape
    if t.shape != (rows,) or columns != inner.size:
        raise ShapeError(
            f"`{call}(target=..., design=...)` needs one number a row of the design, with {inner.size} columns, one an "
            f"unknown; got shapes {t.shape} and {(rows, columns)}."
        )
    values = {**inner.parameters.values, "target": t, "design": D}
    parameters = Parameters(choose(theta, values, call=call), values).unified
    if isinstance(inner.penalty, SquaredL2):
        parameters = parameters.floats
    return Problem(
        name=f"tuning of {inner.name}", size=1, smooth=Tuning(inner), penalty=NoPenalty(), parameters=parameters,
        solver=_solve, source=_SOURCE,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tuning:
    """h and its slopes, at one λ."""

    inner: Problem

    def value(self, w: Any, v: Values) -> Any:
        """h(λ), over leading axes."""
        points = np.asarray(w, dtype=np.float64)
        found = [((self._misfit(self.at(x, v)[0], v)) ** 2).sum() / 2 for x in points.reshape(-1, 1)]
        return np.array(found).reshape(points.shape[:-1])

    def gradient(self, w: Any, v: Values) -> Any:
        """h'(λ) = ⟨D w − t, D w'⟩ on the face of the solution; refused at breakpoints, where it jumps."""
        solution, z = self.at(w, v)
        slack = float(np.min(self.inner.penalty.slack(z, {**v, "lambda": plain(w)})))
        if slack <= (0 if solution.dtype == object else _AT_A_KINK * (1 + float(np.abs(z).max()))):
            self._refuse(w, v)
        return self.on_face(w, self.inner.penalty.classify(solution, v, 1e-9 * (solution.dtype != object)), v)

    def on_face(self, w: Any, states: Any, v: Values) -> Any:
        """h'(λ) where the entries of the solution have these states."""
        free = np.flatnonzero(states)
        if not len(free):
            return w * 0
        H, c = self.inner.smooth.hessian(v)[np.ix_(free, free)], self.inner.smooth.linear(v)[free]
        if isinstance(self.inner.penalty, L1):
            signs = states[free]
            found, slope = _solved(H, c - w * signs), -_solved(H, H[:, 0] * 0 + signs)
        else:
            H = H + w[:, None] * np.eye(len(free), dtype=int)
            found = _solved(H, c)
            slope = -_solved(H, found)
        D = np.eye(self.inner.size, dtype=int) if v["design"] is None else v["design"]
        D = D[:, free]
        return ((D @ found - v["target"]) * (D @ slope)).sum(axis=-1, keepdims=True)

    def curvature(self, w: Any, v: Values) -> float:
        """h''(λ) on the segment of λ, by differences that are exact for the lasso."""
        states = self.inner.penalty.classify(self.at(w, v)[0], v, 1e-9)
        width = 1e-4 * (1 + float(w[0]))
        up, down = (self.on_face(w + side * width, states, v) for side in (1, -1))
        return float(up[0] - down[0]) / (2 * width)

    def at(self, w: Any, v: Values) -> tuple[Any, Any]:
        """w(λ) and w − ∇f(w), plain numbers."""
        numbers = {name: plain(value) for name, value in v.items()} | {"lambda": plain(w)}
        if any(getattr(value, "dtype", None) == np.float64 for value in numbers.values()):
            numbers = {name: as_floats(value) for name, value in numbers.items()}
        if not numbers["lambda"][0] >= 0:
            raise ArgumentError(
                f"lambda = {float(numbers['lambda'][0]):.6g} is below 0, where {self.inner.name} is none: take a "
                "shorter step of hypergradient descent, or another start."
            )
        solution = np.asarray(self.inner.solver(self.inner, numbers))
        return solution, solution - self.inner.smooth.gradient(solution, numbers)

    def _misfit(self, solution: Any, v: Values) -> Any:
        return (solution if v["design"] is None else times(v["design"], solution)) - v["target"]

    def _refuse(self, w: Any, v: Values) -> None:
        at = float(plain(w)[0])
        numbers = {name: as_floats(plain(value)) for name, value in v.items()}
        shift = 1e-5 * (1 + at)
        sides = [
            float(self.gradient(np.array([at + side * shift]), numbers)[0])
            for side in (-1, 1)
            if at + side * shift >= 0
        ]
        jumps = " and ".join(f"{slope:.6g}" for slope in sides)
        raise DiscontinuityError(
            f"hypergradient descent jumps at lambda = {at:.6g}, a breakpoint of {self.inner.name}: h' is {jumps} on "
            "its sides. A map that jumps has no conservative Jacobian there; take a lambda between breakpoints."
        )


def _solved(H: Any, right: Any) -> Any:
    """H⁻¹ r of plain numbers, fractions or what a run records."""
    exact = isinstance(H, np.ndarray) and H.dtype == object
    return inverse_of(H) @ right if exact else np.linalg.solve(H, right)


def plain(value: Any) -> Any:
    """The values of numbers that a program's run records."""
    return getattr(value, "v", value)


def largest_weight(P: Problem) -> float:
    """λ_max, from which on the lasso's solution is 0; infinite for ridge."""
    inner = P.smooth.inner
    return (
        float(np.abs(as_floats(inner.smooth.linear(inner.parameters.values))).max())
        if isinstance(inner.penalty, L1)
        else np.inf
    )


def _solve(problem: Problem, v: Values) -> NDArray[Any]:
    """The least value on a grid over λ, refined between its neighbours; for the lasso then h' = 0 on its face."""
    smooth = problem.smooth
    floats = Parameters((), v).floats.values
    top = min(largest_weight(problem), 1e3 * float(smooth.inner.smooth.curvatures(floats)[1]))
    grid = np.concatenate([[0.0], top * np.geomspace(1e-4, 1, 40)])
    heights = smooth.value(grid[:, None], floats)
    best = int(np.argmin(heights))
    ends = grid[max(0, best - 1)], grid[min(len(grid) - 1, best + 1)]
    found = minimize_scalar(lambda x: float(smooth.value(np.array([x]), floats)), bounds=ends, method="bounded")
    at = found.x if found.fun <= heights[best] else grid[best]
    states = smooth.inner.penalty.classify(smooth.at(np.array([at]), floats)[0], floats, 1e-7)
    if isinstance(smooth.inner.penalty, L1) and np.any(states):
        zero, one = (
            smooth.on_face(np.array([x], dtype=object if Parameters((), v).exact else float), states, v) for x in (0, 1)
        )
        if one[0] != zero[0] and abs(float(-zero[0] / (one[0] - zero[0])) - at) < 1e-3 * (1 + at):
            return np.asarray(-zero / (one - zero))
    return np.array([at])
