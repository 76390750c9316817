"""JAX, loaded on first use; and all that differs between its versions, or is not quite public."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from conservative._core.errors import MissingExtraError
from conservative.programs.source_lines import is_users, short_line


class _Lazy:
    """A module that is imported when something of it is asked for: JAX is an extra, and takes a second to load."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):  # what inspects objects asks for `__wrapped__`, and must not load JAX
            raise AttributeError(attribute)
        try:
            value = getattr(import_module(self._name), attribute)
        except ImportError as error:
            raise MissingExtraError(
                "`from_jax` needs JAX. Install it with `pip install 'conservative[jax]'`."
            ) from error
        setattr(self, attribute, value)
        return value


jax: Any = _Lazy("jax")
jnp: Any = _Lazy("jax.numpy")
lax: Any = _Lazy("jax.lax")
core: Any = _Lazy("jax.extend.core")


def doubles() -> AbstractContextManager[Any]:
    """JAX in double precision, in this context only."""
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)  # type: ignore[no-any-return]
    return import_module("jax.experimental").enable_x64(True)  # type: ignore[no-any-return]


def bind_again(eqn: Any, values: list[Any]) -> list[Any]:
    """The outputs of an equation for other inputs; functions among its parameters keep their own derivative."""
    bind, got = eqn.primitive.bind, eqn.primitive.get_bind_params(eqn.params)
    out = bind(*got[0], *values, **got[1]) if isinstance(got, tuple) else bind(*values, **got)
    return list(out) if eqn.primitive.multiple_results else [out]


def line_of(eqn: Any) -> str:
    """File and line of the innermost frame that is the user's; empty where an equation is JAX's own."""
    traceback = eqn.source_info.traceback
    for frame in traceback.frames if traceback is not None else ():
        if is_users(frame.file_name):
            return short_line(frame.file_name, frame.line_num)
    return ""


def read_jaxpr(jaxpr: Any) -> tuple[Any, list[Any]]:
    """An open jaxpr and its constants."""
    return (jaxpr.jaxpr, list(jaxpr.consts)) if isinstance(jaxpr, core.ClosedJaxpr) else (jaxpr, [])


def own_jaxprs(params: dict[str, Any]) -> Iterator[Any]:
    """The jaxprs among an equation's parameters."""
    for value in params.values():
        for item in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(item, (core.ClosedJaxpr, core.Jaxpr)):
                yield item


def without_unused(closed: Any) -> Any:
    """A jaxpr without the equations that its outputs do not need."""
    needed = {var for var in closed.jaxpr.outvars if not isinstance(var, core.Literal)}
    kept = []
    for eqn in reversed(closed.jaxpr.eqns):
        if eqn.effects or needed.intersection(eqn.outvars):
            kept.append(eqn)
            needed |= {var for var in eqn.invars if not isinstance(var, core.Literal)}
    return core.ClosedJaxpr(closed.jaxpr.replace(eqns=kept[::-1]), closed.consts)


def mentions(jaxpr: Any, names: Callable[[str], bool]) -> bool:
    """Whether an equation, however deep, has a primitive of these names."""
    return any(
        names(eqn.primitive.name) or any(mentions(inner, names) for inner in own_jaxprs(eqn.params))
        for eqn in read_jaxpr(jaxpr)[0].eqns
    )


@cache
def quick_options() -> dict[str, Any] | None:
    """For XLA to compile small programs in a third of the time; None where its version has no such options."""
    options = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}
    try:
        jax.jit(lambda: 0.0, compiler_options=options)()
    except RuntimeError:
        return None
    return options


@cache
def slope_of_abs() -> float:
    """What JAX takes for the derivative of |x| at 0: 1 or 0, by its version."""
    with jax.ensure_compile_time_eval():
        return float(jax.grad(abs)(0.0))


def literals(jaxpr: Any) -> list[bytes]:
    """The numbers that are written into a program, in order."""
    inner, consts = read_jaxpr(jaxpr)
    found = [np.asarray(const).tobytes() for const in consts if hasattr(const, "dtype")]
    for eqn in inner.eqns:
        found += [np.asarray(atom.val).tobytes() for atom in eqn.invars if isinstance(atom, core.Literal)]
        for own in own_jaxprs(eqn.params):
            found += literals(own)
    return found
