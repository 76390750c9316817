"""Tracing a user's function: its jaxpr in double precision, or why there is none."""

import io
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import numpy as np

from conservative._core.errors import ConservativeError, FunctionError, ShapeError
from conservative._core.printable import one_line, shown
from conservative.programs.jaxpr.engine import JaxEngine
from conservative.programs.jaxpr.library import doubles, jax, jnp, literals
from conservative.programs.jaxpr.pytrees import Pytree, read_pytree
from conservative.programs.program_map import ProgramMap
from conservative.programs.runs import check_callable, prints_warning
from conservative.programs.source_lines import is_users, short_line

_CALL = "from_jax"


def traced_map(F: Callable[..., Any], x: Any, theta: Any, *, inline: bool) -> ProgramMap:
    """The map of one JAX function at one point."""
    title = check_callable(F, call=_CALL, with_theta=theta is not None)
    state = read_pytree(x, "x", call=_CALL)
    parameter = read_pytree(theta, "theta", call=_CALL)
    state, parameter = _apart(state, parameter)
    p = len(state.values)

    def flat(z: Any) -> Any:
        arguments = (state.build(z[:p]),) if theta is None else (state.build(z[:p]), parameter.build(z[p:]))
        return _flattened(F(*arguments), state, title)

    point = (*state.values, *parameter.values)
    heard = io.StringIO()
    with doubles(), redirect_stdout(heard):
        jaxpr = _traced(flat, len(point), title)
        again = _traced(flat, len(point), title)
    if literals(jaxpr) != literals(again):
        raise FunctionError(
            f"{title} is another function each time it is traced: it draws random numbers outside JAX, or keeps a "
            "state of its own. Draw random numbers outside and bind them, or pass a key."
        )
    size = jaxpr.out_avals[0].size
    engine = JaxEngine(flat, jaxpr, state_size=p, size=size, title=title, inline=inline)
    engine.warnings = (*state.warnings, *parameter.warnings, *prints_warning(heard.getvalue(), title=title))
    return ProgramMap(
        engine=engine,
        at=point,
        state_names=state.names,
        parameter_names=parameter.names,
        size=size,
        title=title,
    )


def _apart(state: Pytree, parameter: Pytree) -> tuple[Pytree, Pytree]:
    """Names that differ: with the argument in front where both have the same."""
    if not set(state.names) & set(parameter.names):
        return state, parameter
    return state.prefixed("x"), parameter.prefixed("theta")


def _flattened(result: Any, state: Pytree, title: str) -> Any:
    leaves, outline = jax.tree_util.tree_flatten(result)
    if not leaves:
        raise FunctionError(f"{title} returned {shown(result)}. It must return F(x, θ): has it a `return`?")
    for leaf in leaves:
        kind = jnp.result_type(leaf)
        if jnp.issubdtype(kind, jnp.complexfloating):
            raise FunctionError(f"{title} returned complex numbers. Return real and imaginary parts as two arrays.")
    shapes = tuple(np.shape(leaf) for leaf in leaves)
    sizes = sum(int(np.prod(shape)) for shape in shapes)
    if sizes == len(state.values) and (outline != state.outline or shapes != state.shapes):
        raise ShapeError(
            f"{title} returned as many numbers as x has, but otherwise arranged: shapes {list(shapes)} for "
            f"{list(state.shapes)}, {outline} for {state.outline}. Return the state as it came."
        )
    return jnp.concatenate([jnp.ravel(leaf).astype(jnp.float64) for leaf in leaves])


def _jaxpr(flat: Callable[[Any], Any], size: int) -> Any:
    """In doubles. What JAX traced in single precision before keeps its constants, until it is forgotten."""
    try:
        return jax.make_jaxpr(lambda z: flat(z))(jax.ShapeDtypeStruct((size,), jnp.float64))
    except TypeError as error:
        if "dtypes" not in str(error):
            raise
        jax.clear_caches()
        return jax.make_jaxpr(lambda z: flat(z))(jax.ShapeDtypeStruct((size,), jnp.float64))


def _traced(flat: Callable[[Any], Any], size: int, title: str) -> Any:
    try:
        return _jaxpr(flat, size)
    except ConservativeError as error:
        raise type(error)(*error.args) from None  # without the notes that JAX adds on the way
    except jax.errors.TracerBoolConversionError as error:
        raise FunctionError(
            f"{title} branches on a number that depends on x or theta, at {_line(error)}: `if` and `while` cannot be "
            "traced. Use `jnp.where` or `jax.lax.cond`, and `jax.lax.while_loop` for loops."
        ) from error
    except (jax.errors.ConcretizationTypeError, jax.errors.TracerArrayConversionError, IndexError) as error:
        raise FunctionError(
            f"{title} needs the value of a number while it is traced, at {_line(error)}: NumPy functions, `int`, "
            "`float`, shapes and Boolean masks as indices do. Use `jax.numpy`, and `jnp.where` instead of masks."
        ) from error
    except jax.errors.UnexpectedTracerError as error:
        raise FunctionError(
            f"{title} keeps a value of an earlier trace, at {_line(error)}: a side effect. Return it instead."
        ) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise FunctionError(f"{title} cannot be traced, at {_line(error)}: {one_line(str(error))[:300]}") from error


def _line(error: BaseException) -> str:
    """The innermost line of the user's that an error passed."""
    found, at = "a line of a library", error.__traceback__
    while at is not None:
        if is_users(at.tb_frame.f_code.co_filename):
            found = short_line(at.tb_frame.f_code.co_filename, at.tb_lineno)
        at = at.tb_next
    return found
