"""The elephant in the room: three programs of one smooth function, and what each returns at 0."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from conservative.differentiation import finite_difference
from conservative.experiments.experiment import Experiment, MeasuredClaim, Progress, column
from conservative.jacobians import conservative_jacobian
from conservative.programs import ProgramMap, from_numpy


class _Dual(NamedTuple):
    """A value and its derivative, carried forward by the chain rule with relu'(0) = 0, as libraries do."""

    value: float
    slope: float

    def __neg__(self) -> "_Dual":
        return _Dual(-self.value, -self.slope)

    def __add__(self, other: Any) -> "_Dual":
        return _Dual(self.value + other.value, self.slope + other.slope)

    def __sub__(self, other: "_Dual") -> "_Dual":
        return self + -other


def _relu(x: Any) -> Any:
    if isinstance(x, _Dual):
        return x if x.value > 0 else _Dual(0.0, 0.0)
    return np.maximum(x, 0)


_PROGRAMS: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("relu(x)", "max(x, 0)", _relu),
    ("relu(−x) + x", "max(x, 0)", lambda x: _relu(-x) + x),
    ("relu(−x) + x − relu(x)", "0", lambda x: _relu(-x) + x - _relu(x)),
)


def _of_parameter(program: Callable[[Any], Any]) -> ProgramMap:
    return from_numpy(lambda x, theta: program(theta), [0], [0])


def elephant(*, rng: Generator | int | None = None, full: bool = False, progress: Progress | None = None) -> Experiment:
    """The elephant in the room: relu at 0 in three programs.

    relu, relu(−x) + x, and their difference, which is 0 everywhere: what a library with relu′(0) = 0 returns at 0, and
    the set of all that could be returned.

    Parameters
    ----------
    rng : Generator or int, optional
        Not used: nothing is drawn.
    full : bool
        Makes no difference.
    progress : callable, optional

    Returns
    -------
    Experiment

    Examples
    --------
    >>> import conservative as cj
    >>> found = cj.experiments.elephant()
    >>> found.columns[2].values.tolist()
    [0.0, 1.0, 1.0]
    """
    returned, lower, upper, claims = [], [], [], []
    for text, same, program in _PROGRAMS:
        J = conservative_jacobian(_of_parameter(program)).vertices[:, 0, 1]
        value = program(_Dual(0.0, 1.0)).slope
        returned.append(value)
        lower.append(float(J.min()))
        upper.append(float(J.max()))
        inside = lower[-1] <= value <= upper[-1]
        claims.append(MeasuredClaim(f"what {text} returns at 0 lies in its set", value, upper[-1], inside))
        off = [finite_difference(program, x, step=1e-6).value.item() for x in (-1.0, 1.0)]
        wanted = (0.0, 1.0) if same != "0" else (0.0, 0.0)
        claims += [
            MeasuredClaim(f"{text} has the slope {w:g} of {same} at {x:g}", s, w, abs(s - w) < 1e-9)
            for x, s, w in zip((-1.0, 1.0), off, wanted, strict=True)
        ]
    claims.append(
        MeasuredClaim(
            "a program of the function 0 returns a derivative that is not 0", returned[2], 0.0, returned[2] != 0
        )
    )

    def draw(ax: Any) -> None:
        x = np.linspace(-1, 1, 201)
        for (text, _, program), value in zip(_PROGRAMS, returned, strict=True):
            (line,) = ax.plot(x, program(x), label=f"{text}: {value:g} at 0")
            ax.plot([-0.3, 0.3], [-0.3 * value, 0.3 * value], ls=":", color=line.get_color())
        ax.set(xlabel="x", ylabel="value, and the slope returned at 0 (dotted)")
        ax.legend(loc="upper left", frameon=False)

    return Experiment(
        name="elephant",
        title="The elephant in the room: relu at 0 in three programs",
        statement="what a program returns at a kink is an element of its conservative Jacobian, not of its function's",
        assumption="the library differentiates relu at 0 to 0, as `jax.nn.relu` and `torch.relu` do",
        columns=(
            column("program", [text for text, *_ in _PROGRAMS]),
            column("function", [same for _, same, _ in _PROGRAMS]),
            column("returned at 0", returned),
            column("set from", lower),
            column("set to", upper),
        ),
        claims=tuple(claims),
        draw=draw,
    )
