"""`analyze`: from a function to its conservative Jacobian, products, set iteration and certificate."""

import math
from collections.abc import Callable
from typing import Any

from conservative._core.checks import as_count
from conservative._core.deadlines import deadline_after, time_limit_until
from conservative._core.errors import ArgumentError, ConservativeError
from conservative._core.families.as_family import MatrixFamily
from conservative.algorithms import Algorithm
from conservative.analysis.blocks import fixed_point_residual, jacobians_of, parameter_count, state_family
from conservative.analysis.record import Analysis
from conservative.analysis.set_iteration import fixed_hull, iterate_from_start, telling_steps
from conservative.analysis.subject import Subject, as_subject
from conservative.analysis.ties import without_a_list
from conservative.analysis.verdict import ContractionOutcome, adapted_verdict, is_within_rounding, outcome_of
from conservative.differentiation import DerivativeRange, ImplicitJacobian, derivative_range, implicit_jacobian
from conservative.jacobians import JacobianSet, JacobianZonotope
from conservative.spectral import (
    ExpansionStatus,
    ShortestExpanding,
    assumption_a,
    joint_spectral_radius,
    shortest_expanding,
)
from conservative.spectral.words.spectral_radius import exact_seconds

Report = Callable[[str], None]

_MOST_WORDS = 2_000_000
"""Words tried for a shortest expanding product."""

_MANY_BLOCKS = 64
"""Blocks beyond which iterating their set would take minutes."""

_MOST_ENTRIES = 400
"""Entries of a derivative that are bounded one by one."""

_CELLS, _PRODUCTS, _RADIUS, _RADIUS_ALONE, _ITERATION = 0.3, 0.2, 0.5, 0.8, 0.6
"""Parts of the time left that the stages may take: few need theirs, and the later ones have the rest."""


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
    source : str, path, gallery case, StateMap, JacobianSet or array_like (k, n, n)
        A gallery name, a file (.toml function, or .json, .npz, .npy, .mat, .csv family), or an object: a formula,
        arrays, or a program as `from_numpy`, `from_jax` and `from_torch` make them.
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
    subject = as_subject(source, at=at, initial=initial, tolerance=tolerance)
    tell("conservative Jacobian")
    residual = fixed_point_residual(subject)
    jacobian, conical = jacobians_of(
        subject, kind, deadline_after(time_limit_until(deadline, part=_CELLS), call="analyze")
    )
    if isinstance(jacobian, JacobianZonotope):
        return without_a_list(subject, residual, jacobian, time_limit=time_limit_until(deadline, part=_RADIUS_ALONE))
    family = state_family(subject, jacobian)
    if family is None:
        return Analysis(subject=subject, residual=residual, jacobian=jacobian, conical=conical)
    tell("norms and products")
    assumption = assumption_a(family)
    products = _products(family, max_length, deadline)
    tell("joint spectral radius")
    iterates = jacobian is not None and parameter_count(jacobian) > 0
    part = _RADIUS if iterates else _RADIUS_ALONE
    radius = joint_spectral_radius(family, time_limit=time_limit_until(deadline, part=part))
    within = time_limit_until(deadline, part=_ITERATION)
    rounded = residual is not None and not residual.exact and is_within_rounding(family, radius)
    adapted = adapted_verdict(family, assumption, radius, time_limit=within, rounded=rounded)
    contraction = outcome_of(assumption, radius, adapted, rounded=rounded)
    implicit, trajectory, fixed, entries, left_out = None, None, None, None, ""
    if jacobian is not None and iterates and family.count > _MANY_BLOCKS:
        left_out = f"the set of derivatives was not iterated: {family.count} blocks; `iterate_set` takes them"
    elif jacobian is not None and iterates:
        tell("set iteration")
        implicit = _implicit(subject, jacobian, rounded=rounded)
        within = time_limit_until(deadline, part=_ITERATION)
        trajectory = iterate_from_start(subject, jacobian, steps=steps or telling_steps(radius), time_limit=within)
        if contraction is ContractionOutcome.PROVED:
            tell("fixed set")
            fixed, left_out = fixed_hull(jacobian, trajectory, deadline)
            entries = _entries(subject, kind)
    return Analysis(
        subject=subject,
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
        entries=entries,
        contraction=contraction,
        adapted=adapted,
        left_out=left_out,
        rounded=rounded,
    )


def affordable_length(count: int, max_length: int) -> int:
    """The longest words of which there are few enough to try all of them. Returns: at least 1, at most `max_length`.

    >>> affordable_length(2, 12), affordable_length(1024, 12)
    (12, 2)
    """
    return max_length if count < 2 else max(1, min(max_length, int(math.log(_MOST_WORDS) / math.log(count))))


def _products(family: MatrixFamily, max_length: int, deadline: float) -> ShortestExpanding:
    """A shortest expanding word; not even letters are tried where exact decisions would take longer than there is."""
    seconds = time_limit_until(deadline, part=_PRODUCTS)
    if seconds is not None and family.count * exact_seconds(family) > seconds:
        return ShortestExpanding(None, 0, ExpansionStatus.TIME_LIMIT)
    return shortest_expanding(family, max_length=affordable_length(family.count, max_length), time_limit=seconds)


def _implicit(subject: Subject, jacobian: JacobianSet, *, rounded: bool) -> ImplicitJacobian | None:
    """Derivatives of the fixed point, and of the output where the map has one; only that where Id − A is singular."""
    F = subject.function
    if rounded and not isinstance(F, Algorithm):
        return None
    try:
        return implicit_jacobian(F, subject.at) if isinstance(F, Algorithm) else implicit_jacobian(jacobian)
    except ArgumentError:
        return None


def _entries(subject: Subject, kind: str) -> DerivativeRange | None:
    """Bounds of every entry that a loop at the point may return, where there are several; None where none are found."""
    F = subject.function
    if F is None or kind != "program" or subject.tolerance is not None:
        return None
    if not 1 < F.state_size * F.parameter_size <= _MOST_ENTRIES:
        return None
    at = F.point(subject.at, tolerance=subject.tolerance, call="analyze").values
    try:
        return derivative_range(F, at[: F.state_size], at[F.state_size :])
    except ConservativeError:
        return None
