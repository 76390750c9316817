"""`analyze`: from a function to its conservative Jacobian, products, set iteration and certificate."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from conservative._core.checks import as_count
from conservative._core.deadlines import NEVER, deadline_after, seconds_left
from conservative._core.errors import ArgumentError, BudgetError, ConservativeError, ExpansionError, ShapeError
from conservative._core.families.as_family import MatrixFamily
from conservative._core.numbers import Bracket
from conservative._core.printable import shown
from conservative._core.rationals import as_fraction, nearest_double
from conservative.analysis.problem import Problem, as_problem
from conservative.analysis.record import Analysis
from conservative.analysis.ties import without_a_list
from conservative.analysis.verdict import ContractionOutcome
from conservative.differentiation import ImplicitJacobian, implicit_jacobian
from conservative.functions import Residual, StructuredMap
from conservative.iteration import FixedSet, SetTrajectory, fixed_set, iterate_set
from conservative.iteration.fixed.fixed_set import hull_of_fixed_set
from conservative.jacobians import JacobianSet, JacobianZonotope, jacobian_readings
from conservative.jacobians.jacobian_zonotope import MAX_LISTED_TIES
from conservative.jacobians.structured_ties import state_size
from conservative.matrix_sets import MatrixSet
from conservative.spectral import (
    AssumptionA,
    Contraction,
    ContractionVerdict,
    ExpansionStatus,
    JointSpectralRadius,
    ShortestExpanding,
    Side,
    assumption_a,
    contraction_verdict,
    euclidean_certificate,
    joint_spectral_radius,
    shortest_expanding,
)
from conservative.spectral.words.spectral_radius import exact_seconds

Report = Callable[[str], None]

_MOST_WORDS = 2_000_000
"""Words tried for a shortest expanding product."""

_NEAR_ONE = 1e-9
"""Radii of at most one plus this may be those of a common direction that a quotient removes."""

_MANY_BLOCKS = 64
"""Blocks beyond which iterating their set would take minutes."""

_CELLS, _PRODUCTS, _RADIUS, _RADIUS_ALONE, _ITERATION = 0.3, 0.2, 0.5, 0.8, 0.6
"""Parts of the time left that the stages may take: few need theirs, and the later ones have the rest."""

_FIXED_SECONDS = 10.0

_FEW_VERTICES = 200
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
    source : str, path, gallery case, PiecewiseSelection, StructuredMap, JacobianSet or array_like (k, n, n)
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
        Seconds; 60 by default, None is no limit. They are for the products, the joint spectral radius, and the
        iteration and fixed set together; what is known by then is reported.
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
    deadline = deadline_after(time_limit, call="analyze")
    max_length = as_count(max_length, call="analyze", argument="max_length", least=1)
    steps = None if steps is None else as_count(steps, call="analyze", argument="steps", least=1)
    problem = as_problem(source, at=at, initial=initial, tolerance=tolerance)
    tell("conservative Jacobian")
    residual = fixed_point_residual(problem)
    jacobian, conical = _jacobians(problem, kind, _until(deadline, _CELLS))
    if isinstance(jacobian, JacobianZonotope):
        return without_a_list(problem, residual, jacobian, time_limit=_share(deadline, _RADIUS_ALONE))
    family = _state_family(problem, jacobian)
    if family is None:
        return Analysis(problem=problem, residual=residual, jacobian=jacobian, conical=conical)
    tell("norms and products")
    assumption = assumption_a(family)
    products = _products(family, max_length, deadline)
    tell("joint spectral radius")
    iterates = jacobian is not None and _parameter_count(jacobian) > 0
    radius = joint_spectral_radius(family, time_limit=_share(deadline, _RADIUS if iterates else _RADIUS_ALONE))
    adapted = _adapted(family, assumption, radius, deadline)
    contraction = _verdict(assumption, radius, adapted)
    implicit, trajectory, fixed, left_out = None, None, None, ""
    if jacobian is not None and iterates and family.count > _MANY_BLOCKS:
        left_out = f"the set of derivatives was not iterated: {family.count} blocks; `iterate_set` takes them"
    elif jacobian is not None and iterates:
        tell("set iteration")
        implicit = _implicit(jacobian)
        within = _share(deadline, _ITERATION)
        trajectory = _iterate(problem, jacobian, steps=steps or _telling_steps(radius), time_limit=within)
        if contraction is ContractionOutcome.PROVED:
            tell("fixed set")
            fixed, left_out = _fixed(jacobian, trajectory, deadline)
    return Analysis(
        problem=problem,
        residual=residual,
        jacobian=jacobian,
        conical=conical,
        assumption=assumption,
        expanding=products.product,
        searched_length=int(min(products.proved_length, max_length)),
        radius=radius,
        implicit=implicit,
        trajectory=trajectory,
        fixed=fixed,
        contraction=contraction,
        adapted=adapted,
        left_out=left_out,
    )


def affordable_length(count: int, max_length: int) -> int:
    """The longest words of which there are few enough to try all of them. Returns: at least 1, at most `max_length`.

    >>> affordable_length(2, 12), affordable_length(1024, 12)
    (12, 2)
    """
    return max_length if count < 2 else max(1, min(max_length, int(math.log(_MOST_WORDS) / math.log(count))))


def _products(family: MatrixFamily, max_length: int, deadline: float) -> ShortestExpanding:
    """A shortest expanding word; not even letters are tried where exact decisions would take longer than there is."""
    seconds = _share(deadline, _PRODUCTS)
    if seconds is not None and family.count * exact_seconds(family) > seconds:
        return ShortestExpanding(None, 0, ExpansionStatus.TIME_LIMIT)
    return shortest_expanding(family, max_length=affordable_length(family.count, max_length), time_limit=seconds)


def _share(deadline: float, part: float) -> float | None:
    """A part of the time that is left, as a `time_limit`."""
    return None if deadline == NEVER else part * seconds_left(deadline)


def _until(deadline: float, part: float) -> float:
    """The moment at which a part of the time that is left will be over."""
    return deadline_after(_share(deadline, part), call="analyze")


def _fixed(jacobian: JacobianSet, trajectory: SetTrajectory, deadline: float) -> tuple[FixedSet | None, str]:
    """The fixed set, or the reason why it was left out: the verdict stands without it."""
    tol, seconds = _hull_tolerance(trajectory), min(_FIXED_SECONDS, seconds_left(deadline))
    try:
        if trajectory.decay.contracts:
            return hull_of_fixed_set(jacobian, trajectory.decay, tol=tol, time_limit=seconds), ""
        return fixed_set(jacobian, tol=tol, representation="hull", time_limit=seconds), ""
    except (BudgetError, ExpansionError) as error:
        return None, f"the fixed set was not computed: {error}"


def fixed_point_residual(problem: Problem) -> Residual | None:
    """F(x̄, θ) − x̄ at the point of a problem.

    Raises ArgumentError when the point is not a fixed point: exactly at an exact point, else to within the tolerance.
    """
    F = problem.function
    if F is None or (F.size if isinstance(F, StructuredMap) else len(F.expressions)) != state_size(F):
        return None
    residual = F.residual(problem.at, tolerance=problem.tolerance)
    if not residual.vanishes:
        worst = int(np.abs(residual.values).argmax())
        raise ArgumentError(
            f"`analyze(at=...)` needs a fixed point, F(x, θ) = x; the residual F(x, θ) − x is "
            f"{residual.values[worst]:.6g} in {F.names[worst]}. Solve for the fixed point first, or use "
            "`conservative_jacobian` for derivatives at another point."
        )
    return residual


def state_matrices(source: Any, *, kind: str = "program") -> MatrixFamily:
    """The square matrices whose products decide contraction, from any source.

    Parameters
    ----------
    source, kind : as for `analyze`

    Returns
    -------
    MatrixFamily

    Raises
    ------
    ArgumentError
        When the Jacobian has no square state part.
    """
    problem = as_problem(source)
    family = _state_family(problem, _jacobians(problem, kind)[0])
    if family is None:
        raise ArgumentError("`state_matrices(source=...)` needs as many components of F as states.")
    return family


def iterated(
    source: Any,
    *,
    kind: str = "program",
    steps: int = 40,
    tol: float | None = None,
    time_limit: float | None = None,
) -> SetTrajectory:
    """The iterated hull of a source, from its X_0.

    Parameters
    ----------
    source, kind : as for `analyze`
    steps : int
        How often the set is iterated.
    tol : float, optional
        Absolute: stop once this close to the fixed set.
    time_limit : float, optional
        As in `iterate_set`.

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
    found = _jacobians(problem, kind)[0]
    jacobian = found.listed() if isinstance(found, JacobianZonotope) else found
    if jacobian is None or not _parameter_count(jacobian):
        raise ArgumentError(
            "`iterated(source=...)` needs blocks [A B] with a parameter part, to differentiate by; the source "
            "holds square matrices only. Name a function with parameters."
        )
    return _iterate(problem, jacobian, steps=steps, tol=tol, time_limit=time_limit)


def _iterate(
    problem: Problem, jacobian: JacobianSet, *, steps: int, tol: float | None = None, time_limit: float | None = None
) -> SetTrajectory:
    """Hulls from X_0; beyond three dimensions with few vertices, whose missing distance is carried."""
    size = jacobian.vertices.shape[1] * _parameter_count(jacobian)
    few = None if size <= 3 else _FEW_VERTICES
    initial = _initial(problem, jacobian)
    return iterate_set(jacobian, initial, steps=steps, tol=tol, max_vertices=few, time_limit=time_limit)


def _hull_tolerance(trajectory: SetTrajectory) -> float:
    """A millionth of the size of the sets where hulls are cheap, a hundredth beyond three dimensions."""
    last = trajectory.sets[-1]
    share = 1e-6 if math.prod(last.shape) <= 3 else 1e-2
    return share * max(last.radius, 1e-12)


def _jacobians(
    problem: Problem, kind: str = "program", deadline: float = NEVER
) -> tuple[JacobianSet | JacobianZonotope | None, JacobianSet | None]:
    """The reading asked for and the conical one, from one search of cells; a zonotope stays one only when its ties are
    too many to list, and then has no second reading.
    """
    if problem.function is None:
        return problem.jacobian, None
    found = jacobian_readings(problem.function, problem.at, kind=kind, tolerance=problem.tolerance, deadline=deadline)
    if isinstance(found.asked, JacobianZonotope) and found.asked.tie_count > MAX_LISTED_TIES:
        return found.asked, None
    asked = found.asked.listed() if isinstance(found.asked, JacobianZonotope) else found.asked
    conical = found.conical
    return asked, conical.listed() if isinstance(conical, JacobianZonotope) else conical


def _state_family(problem: Problem, jacobian: JacobianSet | JacobianZonotope | None) -> MatrixFamily | None:
    if jacobian is None:
        return problem.family
    q, n = jacobian.vertices.shape[1:]
    square = n >= q and (problem.function is None or state_size(problem.function) == q)
    return jacobian.state_family() if square else None


def _parameter_count(jacobian: JacobianSet) -> int:
    q, n = jacobian.vertices.shape[1:]
    return int(n - q)


def _verdict(
    assumption: AssumptionA, radius: JointSpectralRadius, adapted: ContractionVerdict | None
) -> ContractionOutcome:
    if assumption.holds or radius.upper < 1:
        return ContractionOutcome.PROVED
    if adapted is not None and adapted.quotient is not None:
        return ContractionOutcome.QUOTIENT if adapted.quotient.side is Side.QUOTIENT else ContractionOutcome.SUBSPACE
    return ContractionOutcome.REFUTED if radius.lower >= 1 else ContractionOutcome.UNDECIDED


def _adapted(
    family: MatrixFamily, assumption: AssumptionA, radius: JointSpectralRadius, deadline: float
) -> ContractionVerdict | None:
    """In which norm the family contracts; near radius one, whether it does on a quotient or a subspace."""
    if assumption.holds:
        certificate = None if _shows(radius) else euclidean_certificate(family, assumption.norm.upper)
        return ContractionVerdict(Contraction.EUCLIDEAN, Bracket(0.0, assumption.norm.upper), certificate=certificate)
    if radius.upper < 1 and not _shows(radius):
        return contraction_verdict(family, radius=radius, time_limit=_share(deadline, _ITERATION))
    if radius.upper < 1:
        return ContractionVerdict(Contraction.POLYTOPE, radius.bracket, certificate=radius.certificate)
    if radius.lower <= 1 + _NEAR_ONE and radius.upper >= 1 and family.size > 1:
        return contraction_verdict(family, radius=radius, time_limit=_share(deadline, _ITERATION))
    return None


def _shows(radius: JointSpectralRadius) -> bool:
    """Whether the certificate of a radius proves that it is below one."""
    return radius.certificate is not None and radius.certificate.claim.contracts


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
        try:
            entry = "`analyze(initial=...)`: an entry"
            return [[[nearest_double(as_fraction(x), what=entry) for x in row] for row in X] for X in problem.initial]
        except TypeError as error:
            if isinstance(error, ConservativeError):
                raise
            raise ShapeError(
                f"`analyze(initial=...)` needs shape (k, p, m), a list of matrices; got {shown(problem.initial)}."
            ) from error
    if problem.initial is not None:
        return problem.initial
    return np.zeros((1, jacobian.vertices.shape[1], _parameter_count(jacobian)))
