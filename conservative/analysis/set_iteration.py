"""The set of derivatives of a source, iterated from its X_0, and the hull of its fixed set."""

import math
from typing import Any

import numpy as np

from conservative._core.deadlines import NEVER, seconds_left
from conservative._core.errors import ArgumentError, BudgetError, ConservativeError, ExpansionError, ShapeError
from conservative._core.printable import shown
from conservative._core.rationals import as_fraction, nearest_double
from conservative.analysis.blocks import fixed_point_residual, jacobians_of, parameter_count
from conservative.analysis.subject import Subject, as_subject
from conservative.iteration import FixedSet, SetTrajectory, fixed_set, iterate_set
from conservative.iteration.fixed.fixed_set import hull_of_fixed_set
from conservative.jacobians import JacobianSet, JacobianZonotope
from conservative.matrix_sets import MatrixSet
from conservative.spectral import JointSpectralRadius

_FIXED_SECONDS = 10.0
"""Seconds for the hull of the fixed set, where time is limited."""

_FEW_VERTICES = 200
"""Vertices kept by the set iteration beyond three dimensions: seconds instead of minutes."""


def iterated(
    source: Any,
    *,
    kind: str = "program",
    steps: int = 40,
    tol: float | None = None,
    time_limit: float | None = None,
) -> SetTrajectory:
    """The iterated hull of a source, from its X_0.

    `steps`: how often the set is iterated. `tol`: absolute: stop once this close to the fixed set. `time_limit`: as in
    `iterate_set`. Raises ArgumentError when there is no parameter to differentiate by.
    """
    subject = as_subject(source)
    fixed_point_residual(subject)
    found = jacobians_of(subject, kind)[0]
    jacobian = found.listed() if isinstance(found, JacobianZonotope) else found
    if jacobian is None or not parameter_count(jacobian):
        raise ArgumentError(
            "`iterated(source=...)` needs blocks [A B] with a parameter part, to differentiate by; the source "
            "holds square matrices only. Name a function with parameters."
        )
    return iterate_from_start(subject, jacobian, steps=steps, tol=tol, time_limit=time_limit)


def iterate_from_start(
    subject: Subject, jacobian: JacobianSet, *, steps: int, tol: float | None = None, time_limit: float | None = None
) -> SetTrajectory:
    """Hulls from X_0; beyond three dimensions with few vertices, whose missing distance is carried."""
    size = jacobian.vertices.shape[1] * parameter_count(jacobian)
    few = None if size <= 3 else _FEW_VERTICES
    initial = _initial(subject, jacobian)
    return iterate_set(jacobian, initial, steps=steps, tol=tol, max_vertices=few, time_limit=time_limit)


def fixed_hull(jacobian: JacobianSet, trajectory: SetTrajectory, deadline: float) -> tuple[FixedSet | None, str]:
    """The fixed set, or the reason why it was left out: the verdict stands without it."""
    tol = _hull_tolerance(trajectory)
    seconds = None if deadline == NEVER else min(_FIXED_SECONDS, seconds_left(deadline))
    try:
        if trajectory.decay.contracts:
            return hull_of_fixed_set(jacobian, trajectory.decay, tol=tol, time_limit=seconds), ""
        return fixed_set(jacobian, tol=tol, representation="hull", time_limit=seconds), ""
    except (BudgetError, ExpansionError) as error:
        return None, f"the fixed set was not computed: {error}"


def _hull_tolerance(trajectory: SetTrajectory) -> float:
    """A millionth of the size of the sets where hulls are cheap, a hundredth beyond three dimensions."""
    last = trajectory.sets[-1]
    share = 1e-6 if math.prod(last.shape) <= 3 else 1e-2
    return share * max(last.radius, 1e-12)


def telling_steps(radius: JointSpectralRadius) -> int:
    """As many steps as it takes a proved rate above one to show."""
    if radius.lower <= 1:
        return 40
    return min(400, max(40, math.ceil(math.log(1000) / math.log(radius.lower))))


def _initial(subject: Subject, jacobian: JacobianSet) -> Any:
    if subject.initial is not None and not isinstance(subject.initial, MatrixSet):
        try:
            entry = "`analyze(initial=...)`: an entry"
            return [[[nearest_double(as_fraction(x), what=entry) for x in row] for row in X] for X in subject.initial]
        except TypeError as error:
            if isinstance(error, ConservativeError):
                raise
            raise ShapeError(
                f"`analyze(initial=...)` needs shape (k, p, m), a list of matrices; got {shown(subject.initial)}."
            ) from error
    if subject.initial is not None:
        return subject.initial
    return np.zeros((1, jacobian.vertices.shape[1], parameter_count(jacobian)))
