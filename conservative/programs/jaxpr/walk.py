"""The walk through a jaxpr: every decision recorded, every tied switch opened, calls and loops inlined.

It runs on arrays at a point, and traced by JAX for all points at once.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from conservative._core.errors import BudgetError, FunctionError
from conservative.programs.jaxpr.custom_rules import custom_rule
from conservative.programs.jaxpr.guards import SINGLE, TRUTH, compare, step
from conservative.programs.jaxpr.library import bind_again, core, jax, jnp, line_of, mentions, own_jaxprs, read_jaxpr
from conservative.programs.jaxpr.orders import argument, sorted_together, top
from conservative.programs.jaxpr.own_rules import is_smooth, stopped_by
from conservative.programs.jaxpr.pointwise import POINTWISE, choose, moved, pointwise
from conservative.programs.jaxpr.record import Record
from conservative.programs.jaxpr.singular import note_singular
from conservative.programs.jaxpr.switches import SWITCHES, largest
from conservative.programs.jaxpr.values import FIXED, MOVES, Open, Value
from conservative.programs.jaxpr.windows import pooled_gradient, pooled_tangent, scattered, windowed

CALLS = {"jit", "pjit", "closed_call", "core_call", "remat", "checkpoint", "remat2", "custom_lin"}
CUSTOM = {"custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr"}
STEPS = {"sign", "floor", "ceil", "round"}
MOVING = {"broadcast_in_dim", "reshape", "squeeze", "transpose", "rev", "slice", "expand_dims", "copy", "copy_p",
          "stop_gradient", "dynamic_slice", "reduce_precision", "concatenate"}  # fmt: skip
REFUSED = {"approx_top_k": "take `jax.lax.top_k`"}
OPENED = {**SWITCHES, "reduce_window_max": windowed, "reduce_window_min": windowed, **dict.fromkeys(
    ("scatter_max", "scatter-max", "scatter_min", "scatter-min"), scattered)}  # fmt: skip
CALLBACKS = {"pure_callback", "io_callback"}
PRINTS = {"debug_callback", "debug_print"}
PICKED = {"select_and_scatter_add": pooled_gradient, "select_and_gather_add": pooled_tangent}
NONSMOOTH = {
    *TRUTH,
    *STEPS,
    *OPENED,
    *PICKED,
    *CUSTOM,
    *REFUSED,
    "argmax",
    "argmin",
    "top_k",
    "select_n",
    "cond",
    "rem",
}
MAX_PASSES = 100_000


class NeedsPlanError(Exception):
    """A loop whose number of passes depends on numbers: the program has to be run at the point first."""


class Walk:
    """One walk. `inline`: look into functions with custom derivatives. `level`: what derivatives are taken by."""

    def __init__(self, record: Record, *, inline: bool, level: int = MOVES, lines: tuple[str, ...] = ()) -> None:
        self.record, self.inline, self.level, self.lines = record, inline, level, list(lines)
        self.unused: Callable[[Any], bool] = lambda var: False
        self.branches = 0

    def below(self, record: Record, level: int, line: str) -> "Walk":
        """A walk of a rule within this one."""
        walk = Walk(record, inline=self.inline, level=level, lines=(*self.lines, line))
        walk.branches = self.branches
        return walk

    def run(self, jaxpr: Any, values: list[Value], consts: list[Any] | None = None) -> list[Value]:
        """The outputs of a jaxpr."""
        inner, own = read_jaxpr(jaxpr)
        held = {var: self._constant(const) for var, const in zip(inner.constvars, consts or own, strict=True)}
        held.update(zip(inner.invars, values, strict=True))

        def read(atom: Any) -> Value:
            return self._literal(atom) if isinstance(atom, core.Literal) else held[atom]

        used = {var for eqn in inner.eqns for var in eqn.invars if not isinstance(var, core.Literal)}
        used |= {var for var in inner.outvars if not isinstance(var, core.Literal)}
        for eqn in inner.eqns:
            self.unused = lambda var: var not in used
            outs = self.equation(eqn, [read(atom) for atom in eqn.invars])
            held.update(zip(eqn.outvars, outs, strict=True))
        return [read(atom) for atom in inner.outvars]

    def equation(self, eqn: Any, ins: list[Value]) -> list[Value]:
        """The outputs of one equation."""
        name = eqn.primitive.name
        self.record.count()
        if name in PRINTS:
            return []
        if name in CALLBACKS and self.branches:  # of a branch that need not be taken: a check that raises, say
            return [Value(jnp.zeros(v.aval.shape, v.aval.dtype), FIXED, self.record.number()) for v in eqn.outvars]
        moves = any(v.depends for v in ins)
        line = line_of(eqn) or next((at for at in reversed(self.lines) if at), "")
        if name in CALLS | CUSTOM and moves and not self.inline and is_smooth(eqn):
            return self._plain(eqn, ins)
        if name in CALLS or (name in CUSTOM and moves and (self.inline or self.level > MOVES)):
            return self._inside(line, next(own_jaxprs(eqn.params)), ins)
        if not moves:
            return self._plain(eqn, ins)
        self._warn_of_rounding(eqn, line)
        if name in CUSTOM:
            return custom_rule(self, eqn, line, ins)
        if name == "scan" and mentions(eqn.params["jaxpr"], NONSMOOTH.__contains__):
            return self._scan(eqn, line, ins)
        if name == "while" and not _smooth_loop(eqn):
            return self._while(eqn, line, ins)
        if name == "cond":
            return self._cond(eqn, line, ins)
        if name in REFUSED and any(self.active(v) for v in ins):
            raise FunctionError(f"{name} at {line}: its ties are not opened. Instead, {REFUSED[name]}.")
        if name == "stop_gradient" and any(self.active(v) for v in ins):
            by = stopped_by(eqn)
            if by == "branch":  # what is not taken is guarded so; in what is taken derivatives pass
                return ins
            if by == "user":
                self._warn_of_stop(line)
        return self._primitive(eqn, name, line, ins)

    def _warn_of_rounding(self, eqn: Any, line: str) -> None:
        for var in eqn.outvars:
            dtype = getattr(var.aval, "dtype", np.dtype(float))
            if jnp.issubdtype(dtype, jnp.floating) and dtype.itemsize < 8:
                self.record.warnings.append(
                    f"{eqn.primitive.name} at {line} is computed in {dtype}: ties there are decided within {SINGLE:g}, "
                    "the size of its rounding."
                )

    def _warn_of_stop(self, line: str) -> None:
        self.record.rule_lines.append(line)
        self.record.warnings.append(
            f"stop_gradient at {line}: derivatives do not pass there, as the program asks; the set is that of its "
            "own derivatives, which need not hold those of the function."
        )

    def active(self, value: Value) -> bool:
        """Whether derivatives pass through a value."""
        return value.floating and value.depends >= self.level and value.open is None

    def _primitive(self, eqn: Any, name: str, line: str, ins: list[Value]) -> list[Value]:
        record, depends = self.record, max(v.depends for v in ins)
        lively = any(self.active(v) for v in ins)
        if name in TRUTH and ins[0].floating and not any(v.open for v in ins):
            (native,) = bind_again(eqn, [v.array for v in ins])
            value, opened = compare(record, name, line, ins[0], ins[1], native)
            return [self._made(eqn, value, depends, ins, opened)]
        if ins[0].floating and ins[0].open is None and _steps(eqn):
            (native,) = bind_again(eqn, [ins[0].array])
            value, opened = step(record, name, eqn.params, line, ins[0], native)
            return [self._made(eqn, value, depends, ins, opened)]
        if name == "rem" and lively and not any(v.open for v in ins):
            return [self._remainder(eqn, line, ins, depends)]
        if name in PICKED or name in ("argmax", "argmin", "top_k") or (name == "sort" and len(ins) > 1):
            return self._order(eqn, name, line, ins)
        if name in OPENED and not any(v.open for v in ins):
            out = OPENED[name](record, eqn, line, ins) if lively else bind_again(eqn, [v.array for v in ins])[0]
            made = self._made(eqn, out, depends, ins)
            if name in ("max", "min") and ins[0].floating:
                record.extremes[made.number] = (name, ins[0], ins[1])
            return [made]
        if any(v.open for v in ins):
            found = self._open(eqn, name, line, ins, lively, depends)
            if found is not None:
                return [found]
            for value in ins:
                record.close(value)
        if lively:
            note_singular(record, eqn, line, ins)
        return self._plain(eqn, ins)

    def _remainder(self, eqn: Any, line: str, ins: list[Value], depends: int) -> Value:
        """The remainder of x by y: x − y k, with a step k."""
        x, y = ins
        note_singular(self.record, eqn, line, ins)
        ratio = Value(x.array / y.array, depends, self.record.number("ratio", x.number, y.number))
        whole, opened = step(self.record, "rem", {}, line, ratio, jnp.trunc(ratio.array))
        k = Value(whole, depends, self.record.number("whole", ratio.number), opened)
        out, _ = pointwise(self.record, lambda a, b, c: a - b * c, [x, y, k], self.active)
        return self._made(eqn, out, depends, ins)

    def _open(self, eqn: Any, name: str, line: str, ins: list[Value], lively: bool, depends: int) -> Value | None:
        """An operation on discrete values that are open, alone or together with numbers."""

        def again(*arrays: Any) -> Any:
            return bind_again(eqn, list(arrays))[0]

        if name in MOVING:
            if lively or any(v.depends and not v.open for v in ins):
                return None
            out = again(*[v.array for v in ins])
            return self._made(eqn, out, depends, ins, moved(again, ins, join=name == "concatenate"))
        if name in POINTWISE:
            out, opened = pointwise(self.record, again, ins, self.active)
            return self._made(eqn, out, depends, ins, opened)
        return None

    def _order(self, eqn: Any, name: str, line: str, ins: list[Value]) -> list[Value]:
        """What an order of values decides, places among it: the program is run once for each order of equal ones."""
        for value in ins:
            self.record.close(value)
        record, arrays = self.record, [v.array for v in ins]
        ordering = ins[-1] if name in PICKED else ins[0]
        if not (ordering.floating and ordering.depends):
            return self._plain(eqn, ins)
        depends = max(v.depends for v in ins)
        if name in PICKED:
            outs = PICKED[name](record, eqn, line, arrays)
        elif name == "sort":
            outs = sorted_together(record, eqn, line, arrays)
        elif name == "top_k" and self.unused(eqn.outvars[1]):
            outs = [largest(record, eqn, line, arrays[0]), bind_again(eqn, arrays)[1]]
        else:
            outs = (top if name == "top_k" else argument)(record, eqn, line, arrays[0])
        return [Value(out, depends, record.number()) for out in outs]

    def _inside(self, line: str, jaxpr: Any, ins: list[Value]) -> list[Value]:
        self.lines.append(line)
        count = len(read_jaxpr(jaxpr)[0].invars)
        outs = self.run(jaxpr, ins[len(ins) - count :])
        self.lines.pop()
        return outs

    def _plain(self, eqn: Any, ins: list[Value]) -> list[Value]:
        outs = bind_again(eqn, [v.array for v in ins])
        depends = max((v.depends for v in ins), default=FIXED)
        if len(outs) == 1:
            return [self._made(eqn, outs[0], depends, ins)]
        return [Value(out, depends, self.record.number()) for out in outs]

    def _made(self, eqn: Any, array: Any, depends: int, ins: list[Value], opened: Open | None = None) -> Value:
        name, params = eqn.primitive.name, eqn.params
        if name == "convert_element_type" and ins[0].array.dtype == array.dtype:
            return Value(array, depends, ins[0].number, opened)
        if any(True for _ in own_jaxprs(params)):
            return Value(array, depends, self.record.number(), opened)
        shown = str(sorted((k, str(v)) for k, v in params.items() if "sharding" not in k))
        return Value(array, depends, self.record.number(name, shown, *(v.number for v in ins)), opened)

    def _constant(self, const: Any) -> Value:
        return const if isinstance(const, Value) else Value(const, FIXED, self.record.number("constant", id(const)))

    def _literal(self, atom: Any) -> Value:
        array = np.asarray(atom.val, dtype=atom.aval.dtype)
        number = self.record.number("literal", str(array.dtype), array.tobytes())
        return Value(jnp.asarray(array), FIXED, number)

    def _scan(self, eqn: Any, line: str, ins: list[Value]) -> list[Value]:
        p = eqn.params
        consts, carries = p["num_consts"], p["num_carry"]
        fixed, carry, sliced = ins[:consts], ins[consts : consts + carries], ins[consts + carries :]
        order = range(p["length"])
        rows: dict[int, list[Value]] = {}
        for i in reversed(order) if p["reverse"] else order:
            outs = self._inside(line, p["jaxpr"], [*fixed, *carry, *(self._row(v, i) for v in sliced)])
            carry, rows[i] = outs[:carries], outs[carries:]
        stacked = [self._stacked(list(column)) for column in zip(*(rows[i] for i in order), strict=True)]
        return [*carry, *stacked]

    def _row(self, value: Value, i: int) -> Value:
        opened = moved(lambda a: a[i], [value], join=False) if value.open else None
        return Value(value.array[i], value.depends, self.record.number("row", i, value.number), opened)

    def _stacked(self, column: list[Value]) -> Value:
        def stack(*arrays: Any) -> Any:
            return jnp.stack(arrays)

        opened = moved(stack, column, join=True) if any(v.open for v in column) else None
        number = self.record.number("stack", *(v.number for v in column))
        return Value(stack(*(v.array for v in column)), max(v.depends for v in column), number, opened)

    def _while(self, eqn: Any, line: str, ins: list[Value]) -> list[Value]:
        p = eqn.params
        c, b = p["cond_nconsts"], p["body_nconsts"]
        asked, worked, carry = ins[:c], ins[c : c + b], ins[c + b :]
        record, place = self.record, len(self.record.passes)
        record.passes.append(0)
        while True:
            (go,) = self._inside(line, p["cond_jaxpr"], [*asked, *carry])
            if go.open is not None:
                record.loops.append((line, go.open.guard))
            if not self._goes_on(jnp.any(go.array), place):
                return carry
            after = self._inside(line, p["body_jaxpr"], [*worked, *carry])
            carry = after if not go.array.shape else [self._kept(go, *pair) for pair in zip(carry, after, strict=True)]
            record.passes[place] += 1
            if record.passes[place] > MAX_PASSES:
                raise BudgetError(f"the loop at {line} does not end within {MAX_PASSES:,} passes.")

    def _kept(self, go: Value, before: Value, after: Value) -> Value:
        """Of a vectorised loop: a number that goes on, or that of a loop that is over."""
        extra = after.array.ndim - go.array.ndim

        def spread(which: Any) -> Any:
            return jnp.broadcast_to(which.reshape(which.shape + (1,) * extra), after.array.shape)

        opened = moved(spread, [go], join=False) if go.open else None
        which = Value(spread(go.array), go.depends, self.record.number("spread", go.number, extra), opened)
        return choose(self.record, which, [before, after], 2, self.active)

    def _goes_on(self, go: Any, place: int) -> bool:
        if self.record.planned is not None:
            return self.record.passes[place] < self.record.planned[place]
        if isinstance(go, jax.core.Tracer):
            raise NeedsPlanError
        return bool(go)

    def _cond(self, eqn: Any, line: str, ins: list[Value]) -> list[Value]:
        """All branches are run, and one is selected, as where the program is vectorised."""
        index, *operands = ins
        branches = eqn.params["branches"]
        self.branches += 1
        outs = [self._inside(line, branch, operands) for branch in branches]
        self.branches -= 1
        return [
            choose(self.record, index, list(cases), len(branches), self.active) for cases in zip(*outs, strict=True)
        ]


def _steps(eqn: Any) -> bool:
    name = eqn.primitive.name
    to_integer = name == "convert_element_type" and jnp.issubdtype(eqn.params["new_dtype"], jnp.integer)
    return name in STEPS or to_integer


def _smooth_loop(eqn: Any) -> bool:
    """A loop that counts, and decides nothing."""
    body, asks = eqn.params["body_jaxpr"], read_jaxpr(eqn.params["cond_jaxpr"])[0]
    counts = all(not jnp.issubdtype(v.aval.dtype, jnp.inexact) for e in asks.eqns for v in e.invars)
    return counts and not mentions(body, NONSMOOTH.__contains__)
