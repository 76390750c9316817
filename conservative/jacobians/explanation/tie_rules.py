"""What each library does at one tie, in words: the rows of the table that may stand for the switch."""

from collections.abc import Callable, Sequence
from typing import Any

from conservative.jacobians.as_graph import shortened
from conservative.jacobians.explanation.in_doubles import Doubles
from conservative.jacobians.explanation.predictions import LIBRARIES, operations
from conservative.jacobians.explanation.spellings import SwitchSpellings


def tie_rules(doubles: Doubles, switches: SwitchSpellings, index: int, branches: Sequence[Any]) -> dict[str, str]:
    """Per library, what it does at a switch; `branches` are the expressions of all its branches."""
    taken = _settled(doubles, index)
    if taken is not None:
        words = f"not equal in doubles: takes {shortened(branches[taken])}"
        return dict.fromkeys(LIBRARIES, words + _rounding(doubles, index))
    return {
        framework: _words(doubles, switches, index, framework) + _rounding(doubles, index) for framework in LIBRARIES
    }


def _settled(doubles: Doubles, index: int) -> int | None:
    """The branch that doubles decide on."""
    node = doubles.graph.nodes[index]
    if node.op not in ("max", "min", "abs") or index in doubles.graph.labels:
        return None
    tied = doubles.tied(index)
    return tied[0] if len(tied) == 1 else None


def _rounding(doubles: Doubles, index: int) -> str:
    distance = doubles.uncertain.get(index)
    return "" if distance is None else f" (rounding decides: the values are {distance:.2g} apart)"


def _words(doubles: Doubles, switches: SwitchSpellings, index: int, framework: str) -> str:
    found: dict[str, list[str]] = {}
    for row in operations(doubles.graph, switches, index, framework):
        words = "any of the equal values" if row.open else _SAID[row.switch](row.observed)
        found.setdefault(words, []).append(row.operation)
    if not found:
        return "the branch of the guard that holds (where)"
    return "; ".join(f"{words} ({', '.join(names)})" for words, names in found.items())


def _bound(observed: Any) -> str:
    return {0.0: "the constant", 0.5: "1/2 of each", 1.0: "all of the other"}[observed[0]]


def _shared(observed: Any) -> str:
    return "the first" if observed[0] == 1.0 else "equal shares of those that tie"


_SAID: dict[str, Callable[[Any], str]] = {
    "bound": _bound,
    "pair": _shared,
    "many": _shared,
    "abs": lambda observed: f"slope {observed[0]:g}",
    "sign": lambda observed: "slope 0, and the value sign(0) = 0",
    "leaky": lambda observed: "slope 1" if observed[0] == 1.0 else "the slope below",
    "sorted": lambda observed: "equal values in their order" if observed[0][0] else "equal values, the first on top",
    "median": lambda observed: "equal shares of those that tie" if observed[0] else "one of the sorted values",
}
