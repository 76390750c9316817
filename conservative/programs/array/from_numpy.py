"""`from_numpy`: a NumPy function as a map with set-valued derivatives."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from conservative._core.errors import ArgumentTypeError
from conservative._core.printable import shown
from conservative.programs.arguments import read_arguments
from conservative.programs.array import (
    comparison_rules,  # noqa: F401
    composed_rules,  # noqa: F401
    handwritten_rules,  # noqa: F401
    matrix_rules,  # noqa: F401
    moving_rules,  # noqa: F401
    order_rules,  # noqa: F401
    switch_rules,  # noqa: F401
)
from conservative.programs.array.engine import ArrayEngine
from conservative.programs.program_map import ProgramMap
from conservative.programs.runs import check_callable, first_value, prints_warning

_CALL = "from_numpy"


def from_numpy(F: Callable[..., Any], x: Any, theta: Any = None, *, exact: bool | None = None) -> ProgramMap:
    """A step F(x, θ) written in NumPy, with all Jacobians that it may return at ties.

    F is run with arrays that record each operation to first order and each decision. Where a `np.maximum`, `np.abs`,
    `np.clip`, `np.sort`, `np.where` or a mask times a value ties at the point, both sides are kept: [B Y; Z L] with
    J(s) = B + Y (I - S L)⁻¹ S Z, S = diag(s), s in {0, 1}^k. Where a tie steers Python itself (`if`, `argmax`,
    an index), the program is run once for each outcome. 2^k is never listed, and no other library is needed.

    Parameters
    ----------
    F : callable
        x or (x, θ) → the next state; any function of NumPy arrays without randomness or memory of its own.
    x : array_like, or tuple or mapping of them
        The point at which F is looked at, usually a fixed point. F gets arrays of these shapes. Names are `x[0]`, and
        `w[0]` for the key w of a mapping.
    theta : the same, optional
        Parameters, when F takes them.
    exact : bool, optional
        Integers, `Fraction` and rational strings ("1/3") make an exact point, at which values, ties and derivatives are
        rationals; constants of the program are read as the exact values of their doubles. Where F leaves the rationals
        (`np.exp`), the point is taken in floats and the result's warnings say so; True refuses that instead, False
        never tries.

    Returns
    -------
    ProgramMap
        A map like every other: `conservative_jacobian`, `explain`, `analyze` take it.

    Raises
    ------
    ArgumentTypeError, ShapeError, NonFiniteError
        When F is no function of x and θ, or these are no real numbers.
    FunctionError
        When F returns two values at one point, NaN, or nothing, or changes its arguments in place. What has no rule is
        refused where the map is used, by name and line of the user's program.

    Examples
    --------
    Soft thresholding where two of three entries lie at the threshold:

    >>> import numpy as np
    >>> import conservative as cj
    >>> def step(x, threshold):
    ...     return np.sign(x) * np.maximum(np.abs(x) - threshold, 0)
    >>> F = cj.from_numpy(step, ["1/2", "-1/2", 3], "1/2")
    >>> F
    ProgramMap(NumPy program step, 3 states, 1 parameter, 3 components)
    >>> J = cj.conservative_jacobian(F)
    >>> len(J.vertices), J.exactness
    (4, <Exactness.EXACT: 'equal to the true set'>)
    >>> print(F.switched().ties[0].name)
    maximum[0]
    """
    if exact is not None and not isinstance(exact, bool):
        raise ArgumentTypeError(f"`{_CALL}(exact=...)` is True, False or None; got {shown(exact)}.")
    title = check_callable(F, call=_CALL, with_theta=theta is not None)
    state, parameter = read_arguments(x, theta, call=_CALL)
    at = (*state.values, *parameter.values)
    rational = not any(isinstance(value, float) for value in at)
    if exact and not rational:
        raise ArgumentTypeError(
            f"`{_CALL}(exact=True)` needs integers, fractions or rational strings for all of x and theta; one is "
            "a float."
        )
    values = at if rational and exact is not False else tuple(float(value) for value in at)
    engine = ArrayEngine(
        F=F, state=state, parameter=parameter, with_theta=theta is not None, exact=exact, title=title, size=-1
    )
    floats = np.array([float(value) for value in values])
    p = len(state.values)
    value, printed = first_value(lambda: engine.evaluate(floats[:p], floats[p:]), title=title)
    engine = replace(engine, size=value.size, notes=prints_warning(printed, title=title))
    return ProgramMap(
        engine=engine, at=values, state_names=state.names, parameter_names=parameter.names, size=value.size, title=title
    )
