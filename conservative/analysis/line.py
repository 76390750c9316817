"""The straight line: function, conservative Jacobian, products, set iteration, certificate."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from conservative._core.errors import ArgumentError, BudgetError, ExpansionError
from conservative._core.families import MatrixFamily
from conservative._core.numbers import Bracket
from conservative._core.rationals import as_fraction
from conservative.analysis.problem import Problem, as_problem
from conservative.analysis.record import Analysis
from conservative.analysis.ties import by_largest_norm
from conservative.analysis.verdict import Contraction
from conservative.differentiation import ImplicitJacobian, implicit_jacobian
from conservative.functions import Residual
from conservative.iteration import FixedSet, SetTrajectory, fixed_set, iterate_set
from conservative.jacobians import JacobianSet, JacobianZonotope, jacobian_readings
from conservative.matrix_sets import MatrixSet
from conservative.spectral import (
    AssumptionA,
    ContractionVerdict,
    JointSpectralRadius,
    assumption_a,
    contraction_verdict,
    expanding_product,
    joint_spectral_radius,
)
from conservative.spectral import Contraction as Adapted

Report = Callable[[str], None]

_MOST_WORDS = 2_000_000
"""Words tried for a shortest expanding product."""

_NEAR_ONE = 1e-9
"""Radii of at most one plus this may be those of a common direction that a quotient removes."""

_MANY_BLOCKS = 64
"""Blocks beyond which iterating their set would take minutes."""

_FEW_VERTICES = 120
"""Vertices kept by the set iteration beyond three dimensions: seconds instead of minutes."""


def analyze(
    source: Any,
    *,
    at: Any = None,
    initial: Any = None,
    kind: str = "program",
    tolerance: float | None = None,
    steps: int | None = None,
    max_length: int = 12,
    time_limit: float | None = 60.0,
    on_stage: Report | None = None,
) -> Analysis:
    """Analyse a nonsmooth iterative algorithm from its update to a proved verdict.

    Parameters
    ----------
    source : str, path, gallery case, PiecewiseSelection, JacobianSet or array_like of shape (k, n, n)
        A gallery name, a file (.toml function, or .json, .npz, .npy, .mat, .csv family), or an object.
    at : mapping or sequence, optional
        The point (x̄, θ), for a function whose source names none.
    initial : array_like, shape (k, p, m), optional
        X_0, whose hull is iterated; {0} unless given or named by the source.
    kind : {"program", "selection", "conical"}
        The reading of the Jacobian of a function that the verdict is about, as in `conservative_jacobian`: what the
        program may return, all branches of equal value, or limits of derivatives only.
    tolerance : float, optional
        For ties, and for F(x, θ) = x, at a floating-point point (default 1e-9).
    steps : int, optional
        How often the set is iterated. By default 40, or, for a family that expands, as often as
        it takes the proved rate to show: until lower^steps reaches 1000, at most 400.
    max_length : int
        Longest word tried for a shortest expanding product.
    time_limit : float, optional
        Seconds for the spectral search.
    on_stage : callable, optional
        Called with one line before each stage, for progress display.

    Returns
    -------
    Analysis

    Raises
    ------
    ArgumentError, FunctionError, FileFormatError
        For unusable input; the message names the fault and the remedy. In particular a claimed
        fixed point with F(x̄, θ) ≠ x̄ is refused with its residual.

    Examples
    --------
    >>> import conservative as cj
    >>> result = cj.analyze("half-absolute", steps=5)
    >>> result.contraction.name
    'PROVED'
    """
    tell = on_stage or (lambda _: None)
    problem = as_problem(source, at=at, initial=initial, tolerance=tolerance)
    tell("conservative Jacobian")
    residual = fixed_point_residual(problem)
    jacobian, conical = _jacobians(problem, kind)
    if isinstance(jacobian, JacobianZonotope):
        return by_largest_norm(problem, residual, jacobian)
    family = _state_family(problem, jacobian)
    if family is None:
        return Analysis(problem=problem, residual=residual, jacobian=jacobian, conical=conical)
    tell("norms and products")
    assumption = assumption_a(family)
    searched = affordable_length(family.count, max_length)
    expanding = expanding_product(family, max_length=searched)
    tell("joint spectral radius")
    radius = joint_spectral_radius(family, time_limit=time_limit)
    contraction = _verdict(assumption, radius)
    adapted = _adapted(family, assumption, radius, time_limit)
    implicit, trajectory, fixed, left_out = None, None, None, ""
    if jacobian is not None and _parameter_count(jacobian) and family.count > _MANY_BLOCKS:
        left_out = f"the set of derivatives was not iterated: {family.count} blocks; `iterate_set` takes them"
    elif jacobian is not None and _parameter_count(jacobian):
        tell("set iteration")
        implicit = _implicit(jacobian)
        trajectory = _iterate(problem, jacobian, steps=steps or _telling_steps(radius))
        if contraction is Contraction.PROVED:
            tell("fixed set")
            fixed, left_out = _fixed(jacobian, tol=_hull_tolerance(trajectory))
    return Analysis(
        problem=problem,
        residual=residual,
        jacobian=jacobian,
        conical=conical,
        assumption=assumption,
        expanding=expanding,
        searched_length=searched,
        radius=radius,
        implicit=implicit,
        trajectory=trajectory,
        fixed=fixed,
        contraction=contraction,
        adapted=adapted,
        left_out=left_out,
    )


def affordable_length(count: int, max_length: int) -> int:
    """The longest words of which there are few enough to try all of them.

    Parameters
    ----------
    count : int
        Number of matrices.
    max_length : int
        What the caller asked for.

    Returns
    -------
    int
        At least 1, at most `max_length`.

    Examples
    --------
    >>> affordable_length(2, 12), affordable_length(1024, 12)
    (12, 2)
    """
    return max_length if count < 2 else max(1, min(max_length, int(math.log(_MOST_WORDS) / math.log(count))))


def _fixed(jacobian: JacobianSet, *, tol: float) -> tuple[FixedSet | None, str]:
    """The fixed set, or the reason why it was left out: the verdict stands without it."""
    try:
        return fixed_set(jacobian, tol=tol, representation="hull"), ""
    except (BudgetError, ExpansionError) as error:
        return None, f"the fixed set was not computed: {error}"


def fixed_point_residual(problem: Problem) -> Residual | None:
    """F(x̄, θ) − x̄ at the point of a problem.

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    Residual, or None
        `None` when there is no function, or F does not map the state to itself.

    Raises
    ------
    ArgumentError
        When the point is not a fixed point: exactly at an exact point, else to within the tolerance.
    """
    F = problem.function
    if F is None or len(F.expressions) != len(F.state):
        return None
    residual = F.residual(problem.at, tolerance=problem.tolerance)
    if not residual.vanishes:
        worst = int(np.abs(residual.values).argmax())
        raise ArgumentError(
            f"`analyze(at=...)` needs a fixed point, F(x, θ) = x; the residual F(x, θ) − x is "
            f"{residual.values[worst]:.6g} in {F.state[worst]}. Solve for the fixed point first, or use "
            "`conservative_jacobian` for derivatives at another point."
        )
    return residual


def state_matrices(source: Any) -> MatrixFamily:
    """The square matrices whose products decide contraction, from any source.

    Parameters
    ----------
    source : as for `analyze`

    Returns
    -------
    MatrixFamily

    Raises
    ------
    ArgumentError
        When the Jacobian has no square state part.
    """
    problem = as_problem(source)
    family = _state_family(problem, _jacobians(problem)[0])
    if family is None:
        raise ArgumentError("`state_matrices(source=...)` needs as many components of F as states.")
    return family


def iterated(source: Any, *, steps: int = 40, tol: float | None = None) -> SetTrajectory:
    """The iterated hull of a source, from its X_0.

    Parameters
    ----------
    source : as for `analyze`
    steps : int
        How often the set is iterated.
    tol : float, optional
        Stop once this close to the fixed set.

    Returns
    -------
    SetTrajectory

    Raises
    ------
    ArgumentError
        When there is no parameter to differentiate by.
    """
    problem = as_problem(source)
    fixed_point_residual(problem)
    found = _jacobians(problem)[0]
    jacobian = found.listed() if isinstance(found, JacobianZonotope) else found
    if jacobian is None or not _parameter_count(jacobian):
        raise ArgumentError(
            "`iterated(source=...)` needs blocks [A B] with a parameter part, to differentiate by; the source "
            "holds square matrices only. Name a function with parameters."
        )
    return _iterate(problem, jacobian, steps=steps, tol=tol)


def _iterate(problem: Problem, jacobian: JacobianSet, *, steps: int, tol: float | None = None) -> SetTrajectory:
    """Hulls from X_0; beyond three dimensions with few vertices, whose missing distance is carried."""
    size = jacobian.vertices.shape[1] * _parameter_count(jacobian)
    few = None if size <= 3 else _FEW_VERTICES
    return iterate_set(jacobian, _initial(problem, jacobian), steps=steps, tol=tol, max_vertices=few)


def _hull_tolerance(trajectory: SetTrajectory) -> float:
    """A millionth of the size of the sets where hulls are cheap, a hundredth beyond three dimensions."""
    last = trajectory.sets[-1]
    share = 1e-6 if math.prod(last.shape) <= 3 else 1e-2
    return share * max(last.radius, 1e-12)


def _jacobians(
    problem: Problem, kind: str = "program"
) -> tuple[JacobianSet | JacobianZonotope | None, JacobianSet | None]:
    """The reading asked for and the conical one, from one search of cells; a zonotope stays one only when its ties are
    too many to list, and then has no second reading.
    """
    if problem.function is None:
        return problem.jacobian, None
    found = jacobian_readings(problem.function, problem.at, kind=kind, tolerance=problem.tolerance)
    if isinstance(found.asked, JacobianZonotope):
        return found.asked, None
    conical = found.conical
    return found.asked, conical.listed() if isinstance(conical, JacobianZonotope) else conical


def _state_family(problem: Problem, jacobian: JacobianSet | JacobianZonotope | None) -> MatrixFamily | None:
    if jacobian is None:
        return problem.family
    q, n = jacobian.vertices.shape[1:]
    square = n >= q and (problem.function is None or len(problem.function.state) == q)
    return jacobian.state_family() if square else None


def _parameter_count(jacobian: JacobianSet) -> int:
    q, n = jacobian.vertices.shape[1:]
    return int(n - q)


def _verdict(assumption: AssumptionA, radius: JointSpectralRadius) -> Contraction:
    if assumption.holds or radius.upper < 1:
        return Contraction.PROVED
    return Contraction.REFUTED if radius.lower >= 1 else Contraction.UNDECIDED


def _adapted(
    family: MatrixFamily, assumption: AssumptionA, radius: JointSpectralRadius, time_limit: float | None
) -> ContractionVerdict | None:
    """In which norm the family contracts; near radius one, whether it does on a quotient or a subspace."""
    if assumption.holds:
        return ContractionVerdict(Adapted.EUCLIDEAN, Bracket(0.0, assumption.norm.upper))
    if radius.upper < 1:
        return ContractionVerdict(Adapted.POLYTOPE, radius.bracket, certificate=radius.certificate)
    if radius.lower <= 1 + _NEAR_ONE and radius.upper >= 1 and family.size > 1:
        split = contraction_verdict(family, radius=radius, time_limit=time_limit)
        return split if split.quotient is not None else None
    return None


def _telling_steps(radius: JointSpectralRadius) -> int:
    if radius.lower <= 1:
        return 40
    return min(400, max(40, math.ceil(math.log(1000) / math.log(radius.lower))))


def _implicit(jacobian: JacobianSet) -> ImplicitJacobian | None:
    try:
        return implicit_jacobian(jacobian)
    except ArgumentError:
        return None


def _initial(problem: Problem, jacobian: JacobianSet) -> Any:
    if problem.initial is not None and not isinstance(problem.initial, MatrixSet):
        return [[[float(as_fraction(x)) for x in row] for row in X] for X in problem.initial]
    if problem.initial is not None:
        return problem.initial
    return np.zeros((1, jacobian.vertices.shape[1], _parameter_count(jacobian)))
