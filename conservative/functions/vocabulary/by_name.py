"""The part of the vocabulary that expressions written as text can call, with arguments in order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

from conservative._core.errors import FunctionError
from conservative.functions.vocabulary.activations import (
    clip,
    hard_tanh,
    hinge,
    huber,
    insensitive,
    leaky_relu,
    relu,
    soft_tanh,
)
from conservative.functions.vocabulary.norms import norm1, norm2, norm_inf, total_variation
from conservative.functions.vocabulary.order import median, order_statistic, sum_largest
from conservative.functions.vocabulary.projections import project_l1_ball, project_simplex
from conservative.functions.vocabulary.proximal import prox_hinge, soft_threshold


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """One function: its call, the names of the arguments in order, and how many of them must be given."""

    function: Callable[..., Any]
    names: tuple[str, ...]
    required: int


def _of_one(function: Callable[..., Any], *names: str, required: int | None = None) -> Entry:
    def call(z: Any, *rest: Any) -> Any:
        return function(z, **dict(zip(names, rest, strict=False)))

    return Entry(call, ("z", *names), 1 + len(names) if required is None else required)


def _of_values(function: Callable[..., Any]) -> Entry:
    return Entry(lambda *values: function(values), ("...",), 1)


def _ranked(function: Callable[..., Any]) -> Entry:
    return Entry(lambda k, *values: function(values, k=k), ("k", "..."), 2)


def _component(function: Callable[..., Any]) -> Entry:
    def call(i: Any, *values: Any) -> Any:
        if not i.is_Integer or not 1 <= i <= len(values):
            raise FunctionError(f"the component needs a whole number from 1 to {len(values)}; got {i}.")
        return function(values)[int(i) - 1]

    return Entry(call, ("i", "..."), 2)


FUNCTIONS = {
    "relu": _of_one(relu),
    "leaky_relu": _of_one(leaky_relu, "slope", required=1),
    "clip": _of_one(clip, "lower", "upper"),
    "hard_tanh": _of_one(hard_tanh),
    "soft_tanh": _of_one(soft_tanh),
    "hinge": _of_one(hinge),
    "insensitive": _of_one(insensitive, "width"),
    "huber": _of_one(huber, "width", required=1),
    "soft_threshold": _of_one(soft_threshold, "threshold"),
    "prox_hinge": _of_one(prox_hinge, "weight"),
    "norm1": _of_values(norm1),
    "norm2": _of_values(norm2),
    "norm_inf": _of_values(norm_inf),
    "total_variation": _of_values(total_variation),
    "median": _of_values(median),
    "order_statistic": _ranked(order_statistic),
    "sum_largest": _ranked(sum_largest),
    "project_simplex": _component(project_simplex),
    "project_l1_ball": _component(project_l1_ball),
}
"""`clip(x, 0, 1)`, `median(x, y, z)`, `order_statistic(2, x, y, z)`, `project_simplex(1, x, y, z)` (one component)."""


def apply(name: str, arguments: Sequence[Any]) -> Any:
    """The expression of a call by name.

    Raises FunctionError, ArgumentError for a wrong number of arguments, or arguments the function refuses.
    """
    entry = FUNCTIONS[name]
    most = len(arguments) if entry.names[-1] == "..." else len(entry.names)
    if not entry.required <= len(arguments) <= most:
        raise FunctionError(f"{name} is written {name}({', '.join(entry.names)}); got {len(arguments)} arguments.")
    return entry.function(*arguments)
