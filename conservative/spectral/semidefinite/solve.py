"""The smallest s of a pencil: Newton's steps on the largest margin, each of them one semidefinite program."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import NEVER, is_over, seconds_left
from conservative.spectral.semidefinite.pencil import Pencil
from conservative.spectral.semidefinite.program_time import is_affordable, program_seconds

FloatArray = NDArray[np.float64]

_STEPS = 40
_LEAST_EIGENVALUE = 1e-9
"""Of the H_u, whose traces add up to their orders: it keeps the answer where positivity can be proved."""

_DIRECT = 200.0
"""Seconds up to which the interior-point method is used; beyond it the first-order method SCS."""

CLOSE = 1e-10
"""Relative accuracy in s at which the steps end, unless a coarser one is asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class MarginProgram:
    """Maximise t subject to s G(x) - C(x) >= t Id, compiled once and solved for many s.

    `problem`, `square`, `x`, `margin`: the problem, the parameter s, and the variables x and t. `constraints`: the
    inequalities that hold s; their multipliers give the slope of t in s.
    """

    problem: Any
    square: Any
    x: Any
    margin: Any
    constraints: list[Any]

    def solve(self, square: float, *, solver: str, deadline: float) -> bool:
        """Solve for one s; whether the solver came back with numbers."""
        self.square.value = square
        return solve_quietly(self.problem, solver=solver, deadline=deadline)

    def slope(self, pencil: Pencil) -> float:
        """dt/ds at the solution: the sum of <Z_b, G_b(x)> over the multipliers Z_b."""
        duals = [constraint.dual_value for constraint in self.constraints]
        if any(dual is None for dual in duals):
            return 0.0
        pairs = zip(duals, pencil.growth, strict=True)
        return float(sum(np.asarray(dual).ravel() @ (growth @ self.x.value) for dual, growth in pairs))


_TIME_OPTION = {"CLARABEL": "time_limit", "SCS": "time_limit_secs"}


def solve_quietly(problem: Any, *, solver: str, deadline: float) -> bool:
    """Solve a program of cvxpy; whether every variable has finite numbers. Its status is not trusted, and not read."""
    import cvxpy as cp

    options: dict[str, Any] = {} if deadline == NEVER else {_TIME_OPTION[solver]: seconds_left(deadline)}
    if solver == "SCS":
        options |= {"eps_abs": 1e-7, "eps_rel": 1e-7, "max_iters": 20_000}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            problem.solve(solver=solver, **options)
    except cp.SolverError:
        return False
    values = [variable.value for variable in problem.variables()]
    return all(value is not None and np.isfinite(value).all() for value in values)


def compile_program(pencil: Pencil) -> MarginProgram:
    """The program of a pencil, with s as a parameter."""
    import cvxpy as cp

    x, margin, square = cp.Variable(pencil.variables), cp.Variable(), cp.Parameter(nonneg=True)
    inequalities = []
    for growth, image, size in zip(pencil.growth, pencil.image, pencil.sizes, strict=True):
        entries = square * (growth @ x) - image @ x
        inequalities.append(cp.reshape(entries, (size, size), order="C") - margin * np.eye(size) >> 0)
    weights, trace = [], 0
    for weight, size in zip(pencil.weights, pencil.weight_sizes, strict=True):
        matrix = cp.reshape(weight @ x, (size, size), order="C")
        weights.append(matrix >> _LEAST_EIGENVALUE * np.eye(size))
        trace = trace + cp.trace(matrix)
    problem = cp.Problem(cp.Maximize(margin), [*inequalities, *weights, trace == sum(pencil.weight_sizes)])
    return MarginProgram(problem, square, x, margin, inequalities)


def solutions(
    pencil: Pencil,
    *,
    low: float = 0.0,
    close: float = CLOSE,
    deadline: float = NEVER,
    solver: str | None = None,
) -> Iterator[tuple[FloatArray, float]]:
    """Points x with smaller and smaller rates, the identity first; they end at the solver's accuracy.

    The smallest s is the root of t(s), the largest margin, which increases with s. Newton's steps use the slope that
    the multipliers give (Dinkelbach); a step that leaves the interval known to hold the root becomes a bisection.
    Each program is strictly feasible, whether or not s is attainable.

    Shapes: result (variables,).
    """
    start = pencil.identity()
    high = pencil.rate(start)
    yield start, high
    if not (0 < high < np.inf):
        return
    sizes = (*pencil.sizes, *pencil.weight_sizes)
    engine = solver or ("CLARABEL" if program_seconds(sizes) <= _DIRECT else "SCS")
    if not is_affordable(sizes, deadline):
        return
    program, trial = compile_program(pencil), high
    for _ in range(_STEPS):
        if high <= low * (1 + close) or is_over(deadline):
            return
        if not program.solve(trial, solver=engine, deadline=deadline):
            return
        x, margin = np.asarray(program.x.value, dtype=np.float64), float(program.margin.value)
        rate, slope = pencil.rate(x), program.slope(pencil)
        if rate < high:
            high = rate
            yield x, high
        if margin <= 0 and rate > trial:
            low = max(low, trial)
        newton = trial - margin / slope if slope > 0 else low
        if abs(trial - newton) <= close * trial:
            return
        trial = newton if low < newton < high else (low + high) / 2
