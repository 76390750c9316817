"""Functions with a derivative of their own (`custom_jvp`, `custom_vjp`): its rule is opened, not what they compute.

JAX differentiates them by u ↦ ūJ, whose program is walked with its ties opened: (u, w') ↦ (ū, z') is linear,
[ū; z'] = [Bᵀ Y'; Z' L'] (u; w'). Its transpose maps (v, w) to (Jv, z): Y = Z'ᵀ, Z = Y'ᵀ and L = L'ᵀ, which is lower
triangular once the switches of the rule are numbered the other way round.
"""

from typing import Any

import numpy as np

from conservative._core.errors import FunctionError
from conservative.programs.jaxpr.library import bind_again, jax, jnp, without_unused
from conservative.programs.jaxpr.own_rules import has_jaxs_rule
from conservative.programs.jaxpr.record import Record, flat
from conservative.programs.jaxpr.values import COTANGENT, MOVES, Value


def custom_rule(walk: Any, eqn: Any, line: str, ins: list[Value]) -> list[Value]:
    """The outputs of a function with its own derivative, which has the rule's ties opened."""
    record: Record = walk.record
    for value in ins:
        record.close(value)
    moving = [i for i, v in enumerate(ins) if v.floating and v.depends]
    arrays = [jnp.asarray(v.array) for v in ins]
    if not moving:
        return _valued(record, eqn, bind_again(eqn, arrays), ins)
    if not has_jaxs_rule(eqn):
        record.rule_lines.append(line)
    if id(eqn) not in record.rules:
        record.rules[id(eqn)] = pullback_jaxpr(eqn, moving)
    rule, outputs = record.rules[id(eqn)]

    def backward(own: Record, primals: list[Any], cotangents: list[Any]) -> list[Any]:
        values = [Value(a, min(v.depends, MOVES), v.number) for a, v in zip(primals, ins, strict=True)]
        values += [Value(u, COTANGENT, own.number("cotangent", id(eqn), i)) for i, u in enumerate(cotangents)]
        return [v.array for v in walk.below(own, COTANGENT, line).run(rule, values)]

    start, count_before = record.clone(), record.slot_count
    kept, record.extremes = record.extremes, {}
    place = len(record.slots)
    backward(record, arrays, [jnp.zeros(a.shape, a.dtype) for a in outputs])
    record.extremes = kept
    met, record.slots = record.slots[place:], record.slots[:place]
    count = record.slot_count - count_before
    if not count and eqn.primitive.name == "custom_jvp_call":
        return _valued(record, eqn, bind_again(eqn, arrays), ins)

    def primal(tolerance: Any, forced: Any, turned: Any, *primals: Any) -> Any:
        return tuple(bind_again(eqn, list(primals))), jnp.zeros(count)

    def forward(given: Any, tangents: Any) -> Any:
        tolerance, forced, _, *primals = given
        _, _, turned, *moves = tangents

        def linear(cotangents: list[Any], turned: Any) -> Any:
            own = start.clone()
            own.tolerance, own.forced, own.weights, own.slots, own.slot_count = tolerance, forced, turned, [], 0
            pulled = backward(own, primals, cotangents)
            return pulled, flat([slot[2] for slot in own.slots], jnp.float64)

        like = [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in outputs]
        try:
            transposed = jax.linear_transpose(linear, like, jax.ShapeDtypeStruct((count,), jnp.float64))
            pushed, differences = transposed(([moves[i] for i in moving], turned[::-1]))
        except (TypeError, NotImplementedError, AssertionError) as error:
            raise FunctionError(
                f"the backward rule of the custom_vjp function at {line} is not linear in the cotangents: it is no "
                "derivative. Correct the rule, or look inside with `custom_rules='inline'`."
            ) from error
        out = primal(*given)
        following = iter(pushed)
        moved = tuple(
            next(following) if jnp.issubdtype(a.dtype, jnp.inexact) else np.zeros(a.shape, jax.dtypes.float0)
            for a in out[0]
        )
        return out, (moved, differences[::-1])

    call = jax.custom_jvp(primal)
    call.defjvp(forward)
    turned = jnp.zeros(count) if record.weights is None else record.weights[count_before : record.slot_count]
    forced = jnp.zeros(0, jnp.int8) if record.forced is None else record.forced
    outs, differences = call(jnp.asarray(record.tolerance, jnp.float64), forced, turned, *arrays)
    if count:
        owner, choices, _, weight = (
            flat([slot[i] for slot in met], dtype)[::-1]
            for i, dtype in enumerate((jnp.int32, jnp.int32, jnp.float64, jnp.float64))
        )
        record.slots.append((owner, choices, differences, weight))
    return _valued(record, eqn, list(outs), ins)


def pullback_jaxpr(eqn: Any, moving: list[int]) -> tuple[Any, list[Any]]:
    """The jaxpr of (inputs, cotangents of the floating outputs) ↦ cotangents of the inputs that move."""
    inputs = [jax.ShapeDtypeStruct(v.aval.shape, v.aval.dtype) for v in eqn.invars]
    outputs = [
        jax.ShapeDtypeStruct(v.aval.shape, v.aval.dtype)
        for v in eqn.outvars
        if jnp.issubdtype(v.aval.dtype, jnp.inexact)
    ]

    def pulled(primals: list[Any], cotangents: list[Any]) -> Any:
        def call(*numbers: Any) -> list[Any]:
            full = list(primals)
            for i, number in zip(moving, numbers, strict=True):
                full[i] = number
            return [out for out in bind_again(eqn, full) if jnp.issubdtype(out.dtype, jnp.inexact)]

        return jax.vjp(call, *(primals[i] for i in moving))[1](cotangents)

    return without_unused(jax.make_jaxpr(pulled)(inputs, outputs)), outputs


def _valued(record: Record, eqn: Any, outs: list[Any], ins: list[Value]) -> list[Value]:
    depends = max(v.depends for v in ins)
    inner = eqn.params.get("call_jaxpr", eqn)
    key = ("custom", id(inner), *(v.number for v in ins))
    return [Value(out, depends, record.number(*key, i)) for i, out in enumerate(outs)]
