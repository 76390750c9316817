"""A program with its ties opened, compiled by JAX: (z, w) ↦ (F(z), differences of switches), and its derivatives."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from conservative.programs.jaxpr.library import core, jax, jnp
from conservative.programs.jaxpr.record import Record, flat
from conservative.programs.jaxpr.values import MOVES, Value
from conservative.programs.jaxpr.walk import Walk

_CELLS = 2**22
"""Most entries of a batch of directions at once."""


_SMALL, _QUICK = 4096, {"xla_backend_optimization_level": 0}
"""Up to this size it takes longer to compile a program well than to run it."""


class Look(NamedTuple):
    """What a program meets at a point; arrays over guards, over ties, and over switches."""

    value: NDArray[Any]
    owner: NDArray[Any]
    choices: NDArray[Any]
    difference: NDArray[Any]
    weight: NDArray[Any]
    guard_gap: NDArray[Any]
    guard_ratio: NDArray[Any]
    outcome: NDArray[Any]
    tie_gap: NDArray[Any]
    tie_ratio: NDArray[Any]
    control: NDArray[Any]
    loops: list[Any]
    singular: list[Any]
    orders: list[Any]
    block: Any


def walked(jaxpr: Any, record: Record, z: Any, *, inline: bool) -> Look:
    """One walk through the program at z."""
    (out,) = Walk(record, inline=inline).run(jaxpr, [Value(z, MOVES, record.number("z"))])
    record.close(out)
    owner, choices, difference, weight = (
        flat([slot[i] for slot in record.slots], dtype)
        for i, dtype in enumerate((jnp.int32, jnp.int32, jnp.float64, jnp.float64))
    )
    return Look(
        value=out.array,
        owner=owner,
        choices=choices,
        difference=difference,
        weight=weight,
        guard_gap=record.guards.flat(0, jnp.float64),
        guard_ratio=record.guards.flat(1, jnp.float64),
        outcome=record.guards.flat(2, jnp.int8),
        tie_gap=record.ties.flat(0, jnp.float64),
        tie_ratio=record.ties.flat(1, jnp.float64),
        control=flat(record.control, jnp.int32),
        loops=[guard for _, guard in record.loops],
        singular=[flag for *_, flag in record.singular],
        orders=[flag for *_, flag in record.orders],
        block=jnp.max(jnp.stack([jnp.asarray(b) for b in record.blocks])) if record.blocks else jnp.zeros((), int),
    )


class Opened:
    """One compiled program: for given numbers of passes of its loops and rounds of its sorts."""

    def __init__(self, jaxpr: Any, size: int, *, inline: bool, passes: tuple[int, ...] | None, rounds: int) -> None:
        self.size = size

        def run(z: Any, tolerance: Any, forced: Any, weights: Any) -> tuple[Look, Record]:
            record = Record(tolerance, forced, weights, planned=passes, rounds=rounds, rules=self.rules)
            return walked(jaxpr, record, z, inline=inline), record

        self.rules: dict[int, Any] = {}
        found: list[Record] = []

        def layout(z: Any, tolerance: Any) -> None:
            found.append(run(z, tolerance, None, None)[1])

        z, number = jax.ShapeDtypeStruct((size,), jnp.float64), jax.ShapeDtypeStruct((), jnp.float64)
        jax.eval_shape(layout, z, number)
        met = found[0]
        self.guards, self.ties = met.guards.items, met.ties.items
        self.guard_count, self.slot_count = met.guards.size, met.slot_count
        self.singular = [(name, line) for name, line, _ in met.singular]
        self.orders = [(name, line) for name, line, _ in met.orders]
        self.loops = [line for line, _ in met.loops]
        self.rule_lines, self.warnings = list(dict.fromkeys(met.rule_lines)), list(dict.fromkeys(met.warnings))
        forced = jax.ShapeDtypeStruct((self.guard_count,), jnp.int8)
        weights = jax.ShapeDtypeStruct((self.slot_count,), jnp.float64)
        closed, shape = jax.make_jaxpr(lambda *a: run(*a)[0], return_shape=True)(z, number, forced, weights)
        outline = jax.tree_util.tree_structure(shape)
        evaluate = core.jaxpr_as_fun(closed)
        zeros = np.zeros(self.slot_count)

        def look(z: Any, tolerance: Any, forced: Any) -> Any:
            return jax.tree_util.tree_unflatten(outline, evaluate(z, tolerance, forced, zeros))

        def both(zw: Any, tolerance: Any, forced: Any) -> Any:
            out = jax.tree_util.tree_unflatten(outline, evaluate(zw[:size], tolerance, forced, zw[size:]))
            return jnp.concatenate([out.value, out.difference])

        def push(z: Any, tolerance: Any, forced: Any, directions: Any, rows: Any) -> Any:
            zw = jnp.concatenate([z, zeros])
            _, linear = jax.linearize(lambda q: both(q, tolerance, forced), zw)
            one = jnp.arange(len(zw))
            return jax.vmap(lambda i: linear((one == i).astype(z.dtype))[rows])(directions)

        def pull(z: Any, tolerance: Any, forced: Any, rows: Any) -> Any:
            zw = jnp.concatenate([z, zeros])
            out, back = jax.vjp(lambda q: both(q, tolerance, forced), zw)
            one = jnp.arange(len(out))
            return jax.vmap(lambda i: back((one == i).astype(z.dtype))[0][:size])(rows)

        def along(z: Any, tolerance: Any, forced: Any, v: Any) -> Any:
            return jax.jvp(lambda q: both(q, tolerance, forced), (jnp.concatenate([z, zeros]),), (v,))[1]

        def against(z: Any, tolerance: Any, forced: Any, u: Any) -> Any:
            return jax.vjp(lambda q: both(q, tolerance, forced), jnp.concatenate([z, zeros]))[1](u)[0]

        def turned(z: Any, tolerance: Any, forced: Any, w: Any, v: Any, dw: Any) -> Any:
            return jax.jvp(
                lambda q: both(q, tolerance, forced), (jnp.concatenate([z, w]),), (jnp.concatenate([v, dw]),)
            )

        self.rows_count = shape.value.size + self.slot_count
        small = size + self.slot_count < _SMALL
        compiled = partial(jax.jit, compiler_options=_QUICK) if small else jax.jit
        functions = (look, push, pull, along, against, turned)
        self._look, self._push, self._pull, self._along, self._against, self._turned = map(compiled, functions)

    def look(self, z: NDArray[np.float64], tolerance: float, forced: NDArray[np.int8]) -> Look:
        """What it meets at z."""
        found: Look = jax.tree_util.tree_map(np.asarray, self._look(z, tolerance, forced))
        return found

    def named(self, owner: int) -> tuple[str, str]:
        """What a guard or a tie decides, and its line."""
        decisions, number = (self.guards, owner) if owner >= 0 else (self.ties, -2 - owner)
        starts = [item.start for item in decisions]
        item = decisions[int(np.searchsorted(starts, number, side="right")) - 1]
        return item.name(number - item.start), item.line

    def label(self, owner: int) -> str:
        """The same in one text."""
        name, line = self.named(owner)
        return f"{name} at {line}" if line else name

    def not_finite(self, look: Look, what: str) -> str:
        """What is not finite, and which operations stand at points where they have no finite derivative."""
        named = [f"{name} at {line}" for (name, line), flag in zip(self.singular, look.singular, strict=True) if flag]
        told = f": {', '.join(dict.fromkeys(named))}" if named else ""
        return (
            f"{what}{told}. Move the point, or keep the argument of that operation away from it (`jnp.where` on the "
            "argument, not only on the result)."
        )

    def columns(self, z: Any, tolerance: float, forced: Any, directions: Any, rows: Any) -> NDArray[np.float64]:
        """Derivatives along unit directions of (z, w), the given rows of them: shape (rows, directions)."""
        padded = _padded(rows, np.int32)
        step = min(max(16, _CELLS // max(self.size + self.slot_count, 1)), 256)
        parts = [
            np.asarray(self._push(z, tolerance, forced, _padded(directions[i : i + step], np.int32), padded))
            for i in range(0, len(directions), step)
        ]
        kept = [part[: min(step, len(directions) - i * step), : len(rows)] for i, part in enumerate(parts)]
        return np.concatenate(kept).T if kept else np.zeros((len(rows), 0))

    def rows(self, z: Any, tolerance: float, forced: Any, rows: Any) -> NDArray[np.float64]:
        """Derivatives of the given rows with respect to z, by reverse mode."""
        step = min(max(16, _CELLS // max(self.size + self.slot_count, 1)), 256)
        parts = [
            np.asarray(self._pull(z, tolerance, forced, _padded(rows[i : i + step], np.int32)))[
                : len(rows[i : i + step])
            ]
            for i in range(0, len(rows), step)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self.size))

    def along(self, z: Any, tolerance: float, forced: Any, v: Any) -> NDArray[np.float64]:
        """One directional derivative of (F, differences) along (z, w)."""
        return np.asarray(self._along(z, tolerance, forced, v))

    def against(self, z: Any, tolerance: float, forced: Any, u: Any) -> NDArray[np.float64]:
        """One pullback."""
        return np.asarray(self._against(z, tolerance, forced, u))

    def turned(
        self, z: Any, tolerance: float, forced: Any, w: Any, v: Any, dw: Any
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """(F, differences) with weights w at the switches, and their derivative along (v, dw)."""
        value, moved = self._turned(z, tolerance, forced, w, v, dw)
        return np.asarray(value), np.asarray(moved)

    def alive(self, z: Any, tolerance: float, forced: Any, slots: Any) -> NDArray[Any]:
        """Those switches that random directions move and that move random cotangents."""
        rng = np.random.default_rng(0)
        size = self.slot_count
        v = np.append(rng.standard_normal(self.size), rng.standard_normal(size))
        moved = self.along(z, tolerance, forced, v)[-size:] if size else np.zeros(0)
        u = rng.standard_normal(self.rows_count)
        moves = self.against(z, tolerance, forced, u)[self.size :]
        return np.asarray(slots[(moved[slots] != 0) & (moves[slots] != 0)])


def _padded(indices: Any, dtype: Any) -> NDArray[Any]:
    """Indices filled up to a power of two, so that few shapes are compiled."""
    size = max(16, 1 << (len(indices) - 1).bit_length()) if len(indices) else 16
    out = np.zeros(size, dtype=dtype)
    out[: len(indices)] = indices
    return out
