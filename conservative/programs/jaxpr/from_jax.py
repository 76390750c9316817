"""`from_jax`: a JAX function as a map with set-valued derivatives."""

from collections.abc import Callable
from typing import Any

from conservative._core.errors import ArgumentError
from conservative.programs.jaxpr.traced import traced_map
from conservative.programs.program_map import ProgramMap

RULES = ("honour", "inline")


def from_jax(F: Callable[..., Any], x: Any, theta: Any = None, *, custom_rules: str = "honour") -> ProgramMap:
    """Take a JAX function, at a point, for a map with set-valued derivatives.

    The program is traced in double precision, and every decision is looked at, at the point. Where two values tie, both
    sides are opened, so that all derivatives that the program may return are held: J(s) = B + Y (I − S L)⁻¹ S Z.

    Parameters
    ----------
    F : callable
        F(x, theta), or F(x) when `theta` is left out. One step of an algorithm, not the loop around it.
    x, theta : pytree of floats
        Where. Leaves that are not double precision are traced in it, and told of in the warnings.
    custom_rules : str
        "honour": functions with a derivative of their own (`custom_jvp`, `custom_vjp`) are differentiated by it, as JAX
        does. "inline": by what they compute.

    Returns
    -------
    ProgramMap

    Raises
    ------
    MissingExtraError
        When JAX is not installed.
    ArgumentError, ArgumentTypeError, ShapeError, NonFiniteError
    FunctionError
        Where the program cannot be traced; the message names its line.

    Notes
    -----
    Ties are opened at `maximum`, `minimum`, `abs`, `clip`, `where`, comparisons and masks, `max` and `min` over axes,
    windows and scattered updates, `sort`, the values of `top_k`, `cummax` and `cond`. Where a tie decides an index, as
    that of `argmax` or `argsort`, a count or an integer, the program is run once for each outcome, and the sets are
    united. Loops are unrolled. The derivative that `jax.jacobian` returns at the point is compared with the set; a
    difference is told of in the warnings.

    Examples
    --------
    >>> import conservative as cj
    >>> import jax.numpy as jnp  # doctest: +SKIP
    >>> def step(x, theta):
    ...     return jnp.maximum(x - theta, 0) / 2
    >>> F = cj.from_jax(step, jnp.ones(1), jnp.ones(1))  # doctest: +SKIP
    >>> cj.conservative_jacobian(F).vertices.tolist()  # doctest: +SKIP
    [[[0.5, -0.5]], [[0.0, 0.0]]]
    """
    if custom_rules not in RULES:
        raise ArgumentError(
            f"`from_jax(custom_rules=...)` is one of {', '.join(map(repr, RULES))}; got {custom_rules!r}."
        )
    return traced_map(F, x, theta, inline=custom_rules == "inline")
