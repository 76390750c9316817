"""From the rules in an algorithm's file to the `Algorithm`: θ is read, the settings join the problem's numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from conservative._core.errors import ArgumentError
from conservative._core.numbers import Bracket
from conservative.algorithms.algorithm import Algorithm, Formulas
from conservative.algorithms.conditions import Setting, warn_outside
from conservative.problems import Problem
from conservative.programs import from_numpy

Rule = Callable[[Any, Any], Any]


class Rules(NamedTuple):
    """What an algorithm's file says, of arrays over leading axes: of a state z, or an answer w, and of the numbers v
    by name (`v["step"]`, `v["lambda"]`), those in θ taken from θ; all fractions or all floats.
    """

    update: Rule
    states: Mapping[str, int] | None = None
    """Sizes of the state's parts by name; w alone when left out."""
    output: Rule | None = None
    """The answer of a state; its first p entries when left out."""
    lift: Rule | None = None
    """The state of an answer; the answer itself when left out."""
    clock: int = 0
    """How many states, the last ones, count steps only."""
    start: Any = None
    """A state at which F is defined; 0 when left out."""
    batched: bool = True
    """Whether the rules take leading axes; else they are called once for each state."""


def build(
    rules: Callable[[Problem], Rules],
    problem: Problem,
    settings: Sequence[Setting] = (),
    *,
    name: str,
    rate: Bracket | None = None,
    metric: str = "none that is known",
    source: str,
    no_fixed_point: str = "",
) -> Algorithm:
    """An algorithm of its rules; its settings join the problem's numbers, so that θ may name them."""
    values = {setting.name: setting.value for setting in settings}
    for chosen in problem.parameters.chosen:
        if chosen not in values and chosen not in problem.parameters.values:
            raise ArgumentError(
                f"`{name}` has no number {chosen}, which the problem's θ names; it has {', '.join(values) or 'none'}."
            )
    warn_outside(settings, call=name)
    P = replace(problem, parameters=problem.parameters.with_settings(values))
    said = rules(P)
    exact, floats = _formulas(said, P), _formulas(rules(P.floats), P.floats)

    def by_kind(which: int) -> Rule:
        def run(z: Any, theta: Any) -> Any:
            plain = type(z) is np.ndarray and z.dtype == np.float64
            return (floats if plain else exact)[which](z, theta)

        run.__name__ = name
        return run

    labels = tuple(f"{label}[{i}]" for label, size in (said.states or {"w": P.size}).items() for i in range(size))
    theta = P.theta
    start = said.start
    if start is None:
        start = np.zeros(len(labels), dtype=object if theta.dtype == object else np.float64)
    maps = [
        replace(from_numpy(by_kind(which), start, theta), state_names=labels, parameter_names=P.theta_names)
        for which in (0, 1)
    ]
    return Algorithm(
        name=name, problem=P, F=maps[0], output_map=maps[1], formulas=floats, exact_formulas=exact,
        conditions={setting.name: setting.within for setting in settings}, rate=rate, metric=metric, source=source,
        clock=said.clock, no_fixed_point=no_fixed_point,
    )  # fmt: skip


def _formulas(rules: Rules, P: Problem) -> Formulas:
    """Rules of (z, v) as formulas of (z, θ)."""

    def of_theta(rule: Rule) -> Rule:
        def one(z: Any, theta: Any) -> Any:
            return rule(z, P.read(theta))

        def each(z: Any, theta: Any) -> Any:
            if z.ndim == 1:
                return one(z, theta)
            rows = [one(z[i], theta[i]) for i in np.ndindex(*z.shape[:-1])]
            return np.array(rows).reshape(*z.shape[:-1], rows[0].size if rows else 0)

        return one if rules.batched else each

    output, lift = rules.output or (lambda z, v: z[..., : P.size]), rules.lift or (lambda w, v: w)
    return Formulas(of_theta(rules.update), of_theta(output), of_theta(lift))
