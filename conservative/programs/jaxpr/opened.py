"""A program with its ties opened, compiled by JAX: (z, w) ↦ (F(z), differences of switches), and what it meets."""

import math
from bisect import bisect_right
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from conservative.programs.jaxpr.library import core, jax, jnp, quick_options
from conservative.programs.jaxpr.live import Live
from conservative.programs.jaxpr.record import Decisions, Record, flat
from conservative.programs.jaxpr.values import MOVES, Value
from conservative.programs.jaxpr.walk import Walk

_SMALL = 2**14
"""Most entries of [B Y; Z L], all switches counted, up to which it is computed along with what the program meets."""

QUICK = 256
"""Up to this size it takes longer to compile a program well than to run it."""


class Look(NamedTuple):
    """What a program meets at a point; arrays over guards, ties and switches. `dense`: [B Y; Z L] where small."""

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
    block: Any
    dense: Any = None


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
        self.loops = [line for line, _ in met.loops]
        self.rule_lines, self.warnings = list(dict.fromkeys(met.rule_lines)), list(dict.fromkeys(met.warnings))
        ends = np.cumsum([math.prod(slot[2].shape) for slot in met.slots], dtype=int).tolist()
        self.spans = tuple(zip([0, *ends[:-1]], ends, strict=True)) if ends else ()
        forced = jax.ShapeDtypeStruct((self.guard_count,), jnp.int8)
        weights = jax.ShapeDtypeStruct((self.slot_count,), jnp.float64)
        closed, shape = jax.make_jaxpr(lambda *a: run(*a)[0], return_shape=True)(z, number, forced, weights)
        self._jaxpr, self._outline = closed.jaxpr, jax.tree_util.tree_structure(shape)
        self.constants = [jnp.asarray(const) for const in closed.consts]  # arguments: XLA would fold them in for long
        self.value_size = shape.value.size
        self._live: dict[tuple[int, ...], Live] = {}
        rows, columns = self.value_size + self.slot_count, size + self.slot_count
        self._look = self.compiled(self._whole if rows * columns <= _SMALL else self._met)
        self._turned = self.compiled(self._moved)

    def compiled(self, function: Any) -> Any:
        """A function of the program, compiled by JAX; quickly where it is small."""
        return jax.jit(function, compiler_options=quick_options() if self.size + self.slot_count < QUICK else None)

    def evaluate(self, at: tuple[Any, ...], weights: Any) -> Look:
        """What it meets at `at` = (constants, z, tolerance, forced) with weights at its switches; traced."""
        constants, *point = at
        outs = core.jaxpr_as_fun(core.ClosedJaxpr(self._jaxpr, constants))(*point, weights)
        found: Look = jax.tree_util.tree_unflatten(self._outline, outs)
        return found

    def _met(self, *at: Any) -> Look:
        return self.evaluate(at, np.zeros(self.slot_count))

    def _whole(self, constants: Any, z: Any, tolerance: Any, forced: Any) -> Look:
        def both(zw: Any) -> tuple[Any, Look]:
            out = self.evaluate((constants, zw[: self.size], tolerance, forced), zw[self.size :])
            return jnp.concatenate([out.value, out.difference]), out

        dense, met = jax.jacfwd(both, has_aux=True)(jnp.concatenate([z, np.zeros(self.slot_count)]))
        return met._replace(dense=dense)  # type: ignore[no-any-return]

    def _moved(self, at: tuple[Any, ...], w: Any, v: Any, dw: Any) -> Any:
        constants, z, *rest = at

        def both(z: Any, w: Any) -> Any:
            out = self.evaluate((constants, z, *rest), w)
            return jnp.concatenate([out.value, out.difference])

        return jax.jvp(both, (z, w), (v, dw))

    def look(self, *at: Any) -> Look:
        """What it meets at `at` = (z, tolerance, forced)."""
        found: Look = jax.tree_util.tree_map(np.asarray, self._look(self.constants, *at))
        return found

    def turned(self, at: tuple[Any, ...], w: Any, v: Any, dw: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        """(F, differences) with weights w at the switches, and their derivative along (v, dw)."""
        value, moved = self._turned((self.constants, *at), w, v, dw)
        return np.asarray(value), np.asarray(moved)

    def live(self, slots: NDArray[Any]) -> Live:
        """Derivatives where these switches tie: of the arrays of switches that they stand in."""
        starts = [start for start, _ in self.spans]
        arrays = tuple(np.unique(np.searchsorted(starts, slots, side="right") - 1).tolist())
        if arrays not in self._live:
            self._live[arrays] = Live(self, arrays)
        return self._live[arrays]

    def named(self, owner: int) -> tuple[str, str]:
        """What a guard or a tie decides, and its line."""
        item = self.decisions(owner)
        return item.name((owner if owner >= 0 else -2 - owner) - item.start), item.line

    def decisions(self, owner: int) -> Decisions:
        """The array of decisions that a guard or a tie is of."""
        items, number = (self.guards, owner) if owner >= 0 else (self.ties, -2 - owner)
        return items[bisect_right(items, number, key=lambda item: item.start) - 1]

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
