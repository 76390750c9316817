"""JAX's own functions: their rules are derivatives of what they compute, and where they stop gradients none is lost.

`jax.nn.relu` has a rule, and `logsumexp` subtracts a maximum that it does not differentiate, for it cancels.
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from conservative.programs.jaxpr.library import mentions

_FOLDERS = ("nn", "numpy", "scipy", "third_party/scipy", "ops", "lax/other.py", "lax/linalg.py")
_NOT_EVERYWHERE = {"_pinv", "_frexp"}
"""Rules that hold at a constant rank, or between jumps, only."""

_BY_PARTS = {"relu", "relu6", "log1mexp", "logit"}
"""JAX's functions whose rule is given by `defjvps`, which leaves no file."""

_SMOOTH = {"sinc", "expi", "exp1", "expn", "_i0"}
"""Smooth functions whose branches part where only one of them is finite, or whose loops end by comparing."""


@cache
def _home() -> str:
    return f"{Path(str(import_module('jax').__file__)).parent.as_posix()}/_src/"


def _is_jaxs(file: str) -> bool:
    path = file.replace("\\", "/")
    return path.startswith(_home()) and path.removeprefix(_home()).startswith(_FOLDERS)


def has_jaxs_rule(eqn: Any) -> bool:
    """Whether a function with a derivative of its own and its rule are JAX's, by the files that they are written in."""
    inner, rule = eqn.params.get("call_jaxpr"), eqn.params.get("jvp_jaxpr_fun")
    (name, file), (_, rules_file) = _origin(inner), _origin(rule)
    if name in _BY_PARTS and rules_file.endswith("custom_derivatives.py"):
        return _is_jaxs(file) and not mentions(inner, lambda primitive: primitive.startswith("custom_"))
    return name not in _NOT_EVERYWHERE and _is_jaxs(file) and _is_jaxs(rules_file)


def is_smooth(eqn: Any) -> bool:
    """Whether a call is of a function of JAX's that is smooth, although it is written with branches or loops."""
    name, file = _origin(eqn.params.get("jaxpr", eqn.params.get("call_jaxpr")))
    return name in _SMOOTH and _is_jaxs(file) and ("call_jaxpr" not in eqn.params or has_jaxs_rule(eqn))


def _origin(function: Any) -> tuple[str, str]:
    """The name of a jaxpr or a rule, and the file that it is written in."""
    told = getattr(getattr(getattr(function, "jaxpr", function), "debug_info", None), "func_src_info", None) or ""
    name, _, place = told.partition(" at ")
    return name, place.rpartition(":")[0]


def stopped_by(eqn: Any) -> str:
    """Who stops a gradient: "function", a function of JAX's; "branch", its vectorised `cond`; "user"."""
    traceback = eqn.source_info.traceback
    for frame in traceback.frames if traceback is not None else ():
        path = frame.file_name.replace("\\", "/")
        if not path.startswith(_home()):
            return "user"
        if path.endswith("lax/control_flow/conditionals.py"):
            return "branch"
        if _is_jaxs(path):
            return "function"
    return "user"
