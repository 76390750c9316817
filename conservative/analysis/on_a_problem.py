"""An algorithm on a problem, of the gallery or of the user's own arrays: names and arrays come in, a case goes out."""

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from conservative import algorithms, problems
from conservative._core.errors import ArgumentError
from conservative._core.families.numpy_files import arrays_of_npz
from conservative._core.safe_files import read_bytes
from conservative.algorithms import Algorithm
from conservative.functions.points import read_number
from conservative.gallery import FunctionCase, ProblemCase
from conservative.problems import Problem


def algorithm_names() -> list[str]:
    """All algorithms as they are written on the command line, with hyphens."""
    return _functions(algorithms, Algorithm)


def problem_names() -> list[str]:
    """All problems as they are written on the command line, with hyphens."""
    return _functions(problems, Problem)


def case_by_algorithm(
    case: ProblemCase, algorithm: str | None = None, *, settings: Mapping[str, Any] | None = None, theta: Any = None
) -> FunctionCase:
    """A problem of the gallery by its own algorithm or another one, at its own parameter or another one."""
    own = algorithm is None or algorithm.replace("-", "_") == case.algorithm
    chosen = _built(case.problem, algorithm or case.algorithm, {**(case.settings if own else {}), **(settings or {})})
    moved = theta is not None
    answer = "" if moved else case.answer
    return _at_solution(chosen, theta if moved else case.theta, case.name, case.title, case.source, answer)


def arrays_by_algorithm(
    arrays: Mapping[str, Any],
    problem: str,
    algorithm: str,
    *,
    settings: Mapping[str, Any] | None = None,
    theta: Any = None,
    title: str = "",
) -> FunctionCase:
    """A problem of the user's own arrays, by an algorithm."""
    stated = _called(_found(problems, Problem, problem, "--problem"), (), arrays, "array")
    return _at_solution(_built(stated, algorithm, settings or {}), theta, problem, title or problem, "", "")


def read_arrays(path: str, *, variables: Sequence[str] = ()) -> dict[str, Any]:
    """The arrays of an .npz file by name, those of `variables` only where some are named."""
    if Path(path).suffix.lower() != ".npz":
        raise ArgumentError(f"{path}: the arrays of a problem come in an .npz file, as `numpy.savez` writes it.")
    arrays = arrays_of_npz(read_bytes(path), name=path)
    missing = [name for name in variables if name not in arrays]
    if missing:
        raise ArgumentError(f"{path} has no array {missing[0]}; it has {', '.join(sorted(arrays))}.")
    return {name: a.item() if a.ndim == 0 else a for name, a in arrays.items() if not variables or name in variables}


def _functions(room: Any, result: type) -> list[str]:
    made = (name for name in room.__all__ if inspect.isfunction(getattr(room, name)))
    return [n.replace("_", "-") for n in made if inspect.signature(getattr(room, n)).return_annotation is result]


def _found(room: Any, result: type, name: str, option: str) -> Callable[..., Any]:
    known = _functions(room, result)
    if name.replace("_", "-") not in known:
        near = difflib.get_close_matches(name, known, n=2)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"They are {', '.join(known)}."
        raise ArgumentError(f"{option}: none is called {name!r}. {hint}")
    made: Callable[..., Any] = getattr(room, name.replace("-", "_"))
    return made


def _built(problem: Problem, name: str, settings: Mapping[str, Any]) -> Algorithm:
    make = _found(algorithms, Algorithm, name, "--algorithm")
    made: Algorithm = _called(
        make, (problem,), {key: _number(value, key) for key, value in settings.items()}, "setting"
    )
    return made


def _called(make: Callable[..., Any], given: Sequence[Any], named: Mapping[str, Any], kind: str) -> Any:
    """A call whose arguments a user named: what is unknown or missing is told by name."""
    known = list(inspect.signature(make).parameters.values())[len(given) :]
    names = [parameter.name for parameter in known]
    needed = [p.name for p in known if p.default is inspect.Parameter.empty]
    wrong = [name for name in named if name not in names]
    if wrong or any(name not in named for name in needed):
        what = f"has no {kind} {wrong[0]!r}" if wrong else f"needs the {kind}s {', '.join(needed)}"
        raise ArgumentError(f"{make.__name__.replace('_', '-')} {what}; it takes {', '.join(names) or 'none'}.")
    return make(*given, **named)


def _number(value: Any, name: str) -> Any:
    return read_number(value, name, "--setting") if isinstance(value, str) else value


def _at_solution(algorithm: Algorithm, theta: Any, name: str, title: str, source: str, answer: str) -> FunctionCase:
    """The algorithm at its lifted solution."""
    stated = algorithm.problem
    given = stated.theta if theta is None else theta
    chosen = _in_order(given, stated.theta_names) if isinstance(given, Mapping) else list(given)
    if not stated.exact or any(isinstance(x, float) for x in chosen):
        chosen = [float(x) for x in chosen]
    at = [*algorithm.lift(stated.solve(chosen), chosen), *chosen]
    by = f"{title}, by {algorithm.name.replace('_', ' ')}"
    return FunctionCase(name, by, source, answer, algorithm, dict(zip(algorithm.names, at, strict=True)))


def _in_order(theta: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    if set(theta) != set(names):
        raise ArgumentError(
            f"--at of an algorithm gives each parameter a value: {', '.join(names)}; got {', '.join(theta) or 'none'}. "
            "The state is found by solving the problem."
        )
    return [_number(theta[name], name) for name in names]
