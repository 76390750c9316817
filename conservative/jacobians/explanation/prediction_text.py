"""What libraries return, and numbers, on one line each."""

from collections.abc import Mapping, Sequence
from typing import Any

from conservative.jacobians.explanation.conventions import VERSIONS
from conservative.jacobians.explanation.predictions import Derivative


def predictions(derivatives: Sequence[Derivative]) -> list[tuple[str, str]]:
    """Per library and version, its result, then those of other modes and spellings that differ from it."""
    found: dict[str, dict[str, dict[str, list[str]]]] = {}
    for derivative in derivatives:
        texts = found.setdefault(f"{derivative.framework} {VERSIONS[derivative.framework]}", {})
        spelling = "" if derivative.spelling == "maximum" else f"written with {derivative.spelling}"
        texts.setdefault(spelling, {}).setdefault(matrix_text(derivative.matrix), []).append(derivative.mode)
    return [(library, _one_library(results)) for library, results in found.items()]


def _one_library(results: Mapping[str, Mapping[str, list[str]]]) -> str:
    default = results[""]
    differing: dict[str, list[str]] = {}
    for spelling, texts in results.items():
        if texts != default or not spelling:
            words = "; ".join(
                text + (f" by {modes[0]} mode" if len(texts) > 1 else "") for text, modes in texts.items()
            )
            differing.setdefault(words, []).append(spelling.removeprefix("written with "))
    return "; ".join(
        words + (f" written with {', '.join(filter(None, spellings))}" if any(spellings) else "")
        for words, spellings in differing.items()
    )


def matrix_text(matrix: Any) -> str:
    """A matrix on one line."""
    return "[" + ", ".join("[" + ", ".join(number_text(x) for x in row) + "]" for row in matrix.tolist()) + "]"


def number_text(value: Any) -> str:
    """A number, floats with six digits."""
    if value is None:
        return "undefined"
    return f"{value + 0.0:.6g}" if isinstance(value, float) else str(value)
