"""What NumPy hands on: its calls go to the rules, once for the same operands."""

import inspect
from collections.abc import Sequence
from functools import cache
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from conservative._core.errors import FunctionError
from conservative.programs.array.registry import FUNCTIONS, LINEAR, UFUNCS
from conservative.programs.array.run import Run
from conservative.programs.source_lines import users_line

KEY_BYTES = 400_000
"""Larger constants are not compared, so that operations on them are not known to be the same."""


def refuse(message: str) -> NoReturn:
    """Refuse with the user's line in front."""
    raise FunctionError(f"{users_line()}: {message}")


class Dispatched(NDArrayOperatorsMixin):
    """What `Traced` and `Tabled` share: NumPy hands its calls to the rules."""

    __slots__ = ("run",)
    __hash__ = None  # type: ignore[assignment]
    keeps_masks = False
    run: Run

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **named: Any) -> Any:
        return call_ufunc(self.run, ufunc, method, inputs, named)

    def __array_function__(self, function: Any, types: Any, args: Any, named: Any) -> Any:
        return call_function(self.run, function, args, named)

    def settled_operand(self) -> Any:
        """What rules get of it where they do not keep masks apart."""
        return self

    def key(self) -> Any:
        """A hashable that is equal for equal values; None where that is not known."""

    def again(self) -> Any:
        """The same for another use."""
        return self

    def assign(self, other: Any) -> None:
        """Take another's values in place."""
        refuse("a traced value is stored into masks. Make an array by `np.zeros_like(x)`.")


def call_ufunc(run: Run, ufunc: Any, method: str, inputs: Sequence[Any], named: dict[str, Any]) -> Any:
    """A ufunc by its rule; results of the same operation on the same operands are the same."""
    named = {key: value for key, value in named.items() if value is not None and not _is_default(key, value)}
    out = named.pop("out", (None,))[0]
    if any(isinstance(x, Dispatched) and x.keeps_masks for x in inputs):
        if method == "__call__" and ufunc.__name__ in LINEAR:
            return LINEAR[ufunc.__name__](run, *inputs)
        inputs = [_settled(x) for x in inputs]
    named = {key: value for key, value in named.items() if not (key == "dtype" and np.dtype(value) == np.float64)}
    rule = UFUNCS.get(f"{ufunc.__name__}.{method}" if method != "__call__" else ufunc.__name__)
    if rule is None or (named and method == "__call__"):
        known = "" if rule is None else f" with {', '.join(named)}"
        part = "" if method == "__call__" else f".{method}"
        refuse(
            f"`{_title(ufunc)}{part}`{known} has no rule here. Write it with arithmetic, `np.maximum`, `np.where` and "
            "the like; `cj.programs` lists what is known."
        )
    result = remembered(run, (ufunc, method), rule, inputs, named)
    if out is None:
        return result
    return _stored(out, result)


def _stored(out: Any, result: Any) -> Any:
    if not isinstance(out, Dispatched):
        refuse("a traced value is stored into a plain array. Make it by `np.zeros_like(x)`.")
    out.assign(result)
    return out


def _settled(x: Any) -> Any:
    return x.settled_operand() if isinstance(x, Dispatched) else x


def call_function(run: Run, function: Any, args: Any, named: dict[str, Any]) -> Any:
    """A function of NumPy's by its rule."""
    rule = FUNCTIONS.get(function)
    if rule is None:
        refuse(
            f"`{_title(function)}` has no rule here. Write it with arithmetic, sums, `np.maximum`, `np.where`, "
            "`np.sort` and the like."
        )
    args = list(map(_settled, args))
    _refuse_ignored(function, rule, named)
    out = named.get("out")
    if out is not None:
        named = {key: value for key, value in named.items() if key != "out"}
        return _stored(out, remembered(run, function, rule, args, named))
    return remembered(run, function, rule, args, named)


_HARMLESS = frozenset(
    ("casting", "copy", "dtype", "kind", "optimize", "order", "out", "overwrite_input", "returned", "stable", "subok")
)


@cache
def _known(rule: Any) -> frozenset[str] | None:
    """Names of a rule's parameters; None where it looks at all that it is given."""
    parameters = inspect.signature(rule).parameters
    loses = any(p.kind is p.VAR_KEYWORD and not p.name.strip("_") for p in parameters.values())
    return frozenset(parameters) if loses else None


def _refuse_ignored(function: Any, rule: Any, named: dict[str, Any]) -> None:
    """A rule that takes what it does not know as `**_` must not lose what matters."""
    parameters = _known(rule) if named else None
    if parameters is None:
        return
    for name, value in named.items():
        idle = value is None or value is False or value is np._NoValue or (name == "where" and value is True)
        if name not in parameters and not (idle or name in _HARMLESS):
            refuse(f"`{_title(function)}({name}=...)` has no rule here. Write out what it does.")


def remembered(run: Run, what: Any, rule: Any, args: Sequence[Any], named: dict[str, Any]) -> Any:
    """The result of an earlier call with the same operands, or of this one."""
    key = key_of((tuple(args), tuple(sorted(named.items()))))
    if key is not None and (what, key) in run.memo:
        return _again(run.memo[what, key])
    with np.errstate(all="ignore"):
        result = rule(run, *args, **named)
    views = [part for part in (result if isinstance(result, list) else [result]) if getattr(part, "_origin", None)]
    if key is not None and not views:
        run.memo[what, key] = result
        return _again(result)
    return result


def _again(result: Any) -> Any:
    """A fresh array of the same values, for the first may be written to."""
    if isinstance(result, Dispatched):
        return result.again()
    return list(map(_again, result)) if isinstance(result, list) else result


def key_of(value: Any) -> Any:
    """A hashable that is equal for equal operands; None where that is not known."""
    if isinstance(value, Dispatched):
        return value.key()
    if isinstance(value, (tuple, list)):
        parts = tuple(map(key_of, value))
        return None if any(part is None for part in parts) else (type(value), parts)
    if isinstance(value, np.ndarray):
        if value.nbytes > KEY_BYTES:
            return None
        content = tuple(map(key_of, value.ravel())) if value.dtype == object else value.tobytes()
        if value.dtype == object and any(part is None for part in content):
            return None
        return ("array", value.shape, value.dtype.str, content)
    if (
        value is None
        or isinstance(value, (bool, int, float, str, np.generic, slice, type))
        or hasattr(value, "as_integer_ratio")
    ):
        return (type(value).__name__, str(value) if isinstance(value, slice) else value)
    return None


def _is_default(key: str, value: Any) -> bool:
    return (
        (key == "where" and value is True)
        or (key == "casting" and value == "same_kind")
        or (key in ("order", "subok", "initial") and value in ("K", True))
        or value is np._NoValue
    )


def _title(function: Any) -> str:
    module = getattr(function, "__module__", None) or "numpy"
    name = getattr(function, "__name__", str(function))
    return f"{module.replace('numpy', 'np')}.{name}"
