"""JAX's side of a `ProgramMap`: evaluates, opens and differentiates one program."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import BudgetError, ConservativeError, DiscontinuityError, FunctionError
from conservative._core.printable import one_line
from conservative.functions.points import DEFAULT_TOLERANCE
from conservative.functions.switched_jacobian import SwitchedJacobian
from conservative.programs.jaxpr.library import doubles, jax, quick_options
from conservative.programs.jaxpr.matrices import open_matrices
from conservative.programs.jaxpr.opened import QUICK, Look, Opened, walked
from conservative.programs.jaxpr.record import COMPARE, PICK, Record
from conservative.programs.jaxpr.walk import NeedsPlanError
from conservative.programs.own_derivative import finding, same_switches

MAX_BLOCK = 8
"""Most equal values in a sort whose orders are opened."""

MAX_PATHS = 81
"""Most runs with decisions of control forced."""

_SLACK = 1e-8


class JaxEngine:
    """One program: its jaxpr of the p + m numbers, and what was compiled of it."""

    library = "JAX"

    def __init__(self, function: Any, jaxpr: Any, *, state_size: int, size: int, title: str, inline: bool) -> None:
        self.function, self.jaxpr, self.title, self.inline = function, jaxpr, title, inline
        self.state_size, self.size = state_size, size
        self.warnings: tuple[str, ...] = ()
        self._opened: dict[Any, Opened] = {}
        self._rounds = 1
        self._plans = False
        self._run = jax.jit(function)

    def evaluate(self, x: NDArray[np.float64], theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """F for one state and one parameter."""
        with doubles(), self._told_of_errors():
            return np.asarray(self._run(np.concatenate([x, theta])), dtype=np.float64)

    @contextmanager
    def _told_of_errors(self) -> Iterator[None]:
        """What a program raises while it runs, a callback or a check of a library, as an error of this package."""
        try:
            yield
        except RuntimeError as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip("- ")]
            named = [line for line in lines if line.split(":")[0].split(" ")[0].endswith("Error")]
            told = one_line((named or lines or ["nothing is told"])[-1])[:300]
            raise FunctionError(f"{self.title} raised while it ran: {told}") from error
        except (TypeError, ValueError, NotImplementedError) as error:
            if isinstance(error, ConservativeError):
                raise
            told = f"{self.title} cannot be differentiated by JAX: {one_line(str(error))[:300]}"
            raise FunctionError(told) from error

    def exact_value(self, values: Sequence[Any]) -> None:
        """JAX has no exact arithmetic."""
        return

    def own_jacobian(self, values: Sequence[float]) -> NDArray[np.float64] | None:
        """What `jax.jacobian` returns, by forward mode where loops forbid the other."""
        z = np.array([float(v) for v in values])
        with doubles(), self._told_of_errors():
            return _first_that_runs(self._reverse, self._forward, z)

    @cached_property
    def _reverse(self) -> Any:
        return jax.jit(jax.jacrev(self.function))

    @cached_property
    def _forward(self) -> Any:
        return jax.jit(jax.jacfwd(self.function))

    @cached_property
    def _pullback(self) -> Any:
        options = quick_options() if self.jaxpr.in_avals[0].size < QUICK else None
        return jax.jit(lambda z, u: jax.vjp(self.function, z)[1](u)[0], compiler_options=options)

    @cached_property
    def _pushforward(self) -> Any:
        return jax.jit(lambda z, v: jax.jvp(self.function, (z,), (v,))[1])

    def switched(self, values: Sequence[Any], *, exact: bool, tolerance: float) -> SwitchedJacobian:
        """The abs-normal form at floats; at rationals, at the doubles next to them."""
        z = np.array([float(v) for v in values])
        used = DEFAULT_TOLERANCE if exact else tolerance
        with doubles(), self._told_of_errors():
            paths = self._paths(z, used)
            told = self._told(paths, z)
            if len(paths) == 1 and not paths[0].clean and self._says_what_is_computed(paths[0], z, used):
                paths = [replace(paths[0], clean=True)]
        if not told and len(paths) == 1 and not self.warnings:
            return paths[0]
        return replace(
            paths[0],
            others=tuple(paths[1:]),
            warnings=tuple(dict.fromkeys((*self.warnings, *paths[0].warnings, *told))),
            clean=paths[0].clean and len(paths) == 1,
        )

    def _says_what_is_computed(self, S: SwitchedJacobian, z: NDArray[np.float64], tolerance: float) -> bool:
        """Whether the user's own rules give, here, the switches of what they are the rules of."""
        if self.inline or any("stop_gradient" in warning for warning in S.warnings):
            return False
        try:
            inside = self._inlined._paths(z, tolerance)
        except ConservativeError:
            return False
        return len(inside) == 1 and inside[0].clean and same_switches(S, inside[0])

    @cached_property
    def _inlined(self) -> "JaxEngine":
        sizes = {"state_size": self.state_size, "size": self.size}
        return JaxEngine(self.function, self.jaxpr, **sizes, title=self.title, inline=True)

    def _told(self, paths: list[SwitchedJacobian], z: NDArray[np.float64]) -> tuple[str, ...]:
        """What to tell of JAX's own derivative: nothing where it is the predicted one along a random direction."""
        S = paths[0]
        weights = np.zeros(len(S.Z)) if S.framework is None else S.framework
        draw = np.random.default_rng(0)
        u, v = (draw.choice([-1.0, 1.0], size) * draw.uniform(1, 2, size) for size in S.shape)
        own, expected = _first_that_runs(self._pullback, None, z, u), S.vjp(weights, u)
        if own is None:
            own, expected = _first_that_runs(self._pushforward, None, z, v), S.jvp(weights, v)
        if own is None or np.abs(own - expected).max(initial=0) <= _SLACK * max(1.0, np.abs(own).max(initial=0)):
            return ()
        if S.matrix_free:
            return (
                "JAX's own derivative along a random direction is not the one that is predicted from its conventions.",
            )
        return finding(replace(S, others=tuple(paths[1:])), self.own_jacobian(z.tolist()), call="jax.jacobian")

    def _paths(self, z: NDArray[np.float64], tolerance: float) -> list[SwitchedJacobian]:
        """One abs-normal form for every way in which ties may decide control."""
        waiting: list[dict[int, int]] = [{}]
        found: list[tuple[SwitchedJacobian, list[str]]] = []
        runs = 0
        while waiting:
            states = waiting.pop(0)
            runs += 1
            if runs > MAX_PATHS:
                raise BudgetError(
                    f"ties of {self.title} decide its control in more than {MAX_PATHS} ways. Write decisions as "
                    "`where`, `maximum` or masks, which are not run once for each outcome."
                )
            S, steering, opened = self._path(z, tolerance, states)
            if steering:
                waiting += [{**states, **more} for more in self._outcomes(opened, steering)]
                continue
            names = [opened.label(guard) for guard in states]
            if not any(_same(S, other) for other, _ in found):
                found.append((S, names))
        self._require_continuous(found, tolerance)
        return [S for S, _ in found]

    def _outcomes(self, opened: Opened, steering: list[int]) -> list[dict[int, int]]:
        """All combinations of what these guards may be forced to, the nominal one first."""
        groups: dict[tuple[int, int], list[int]] = {}
        for guard in steering:
            item = opened.decisions(guard)
            row = (guard - item.start) // item.shape[-1] if item.outcomes == PICK else guard
            groups.setdefault((item.start, row), []).append(guard)
        options = [_options(opened.decisions(group[0]).outcomes, group) for group in groups.values()]
        if math.prod(map(len, options)) > MAX_PATHS:
            raise BudgetError(
                f"{len(steering)} ties of {self.title} decide its control. Write decisions as `where`, `maximum` or "
                "masks, which are not run once for each outcome, and take sorted values rather than their places."
            )
        return [{guard: state for option in chosen for guard, state in option.items()} for chosen in product(*options)]

    def _require_continuous(self, found: list[tuple[SwitchedJacobian, list[str]]], tolerance: float) -> None:
        first, _ = found[0]
        scale = max(1.0, float(np.abs(first.value).max(initial=0)))
        for S, guards in found[1:]:
            apart = np.abs(S.value - first.value)
            if not apart.max(initial=0) <= 1e4 * tolerance * scale:
                i = int(np.argmax(apart))
                raise DiscontinuityError(
                    f"{self.title} jumps at this point: {', '.join(guards)} decides whether component {i} is "
                    f"{first.value[i]:.6g} or {S.value[i]:.6g}. A set of Jacobians needs a continuous function there."
                )

    def _path(
        self, z: NDArray[np.float64], tolerance: float, states: dict[int, int]
    ) -> tuple[SwitchedJacobian, list[int], Opened]:
        """One path of control, and the guards that have to be forced before it is one."""
        opened, look, forced = self._looked(z, tolerance, states)
        for line, guard in zip(opened.loops, look.loops, strict=True):
            if (np.asarray(guard) >= 0).any():
                raise FunctionError(
                    f"the number of passes of the loop at {line} hangs on a tie. A line search or a stopping test at "
                    "its fixed point? Ask for the map of one step with a fixed step size."
                )
        if not np.isfinite(look.value).all():
            where = " and ".join(f"{opened.label(guard)} decided otherwise" for guard in states)
            told = f"at the point with {where}" if where else "at the point"
            raise FunctionError(opened.not_finite(look, f"{self.title} is not finite {told}"))
        S, jumping = open_matrices(opened, look, z, tolerance, forced, state_size=self.state_size)
        control = np.unique(look.control[look.control >= 0]).tolist()
        return S, sorted({*control, *jumping}), opened

    def _looked(
        self, z: NDArray[np.float64], tolerance: float, states: dict[int, int]
    ) -> tuple[Opened, Look, NDArray[np.int8]]:
        """What the program meets, by the compiled walk that fits its loops and sorts at this point."""
        passes = self._passes(z, tolerance, states) if self._plans else None
        opened = self._compiled(passes)
        if opened is None:
            self._plans = True
            return self._looked(z, tolerance, states)
        forced = np.full(opened.guard_count, -1, dtype=np.int8)
        for guard, state in states.items():
            forced[guard] = state
        look = opened.look(z, tolerance, forced)
        block = int(look.block)
        if block > max(self._rounds, 2):
            if block > MAX_BLOCK:
                raise BudgetError(f"{self.title} sorts {block} equal values; the orders of {MAX_BLOCK} are opened.")
            self._rounds = block
            return self._looked(z, tolerance, states)
        return opened, look, forced

    def _compiled(self, passes: tuple[int, ...] | None) -> Opened | None:
        key = (passes, self._rounds)
        if key not in self._opened:
            size = self.jaxpr.in_avals[0].size
            try:
                self._opened[key] = Opened(self.jaxpr, size, inline=self.inline, passes=passes, rounds=self._rounds)
            except NeedsPlanError:
                return None
            except ConservativeError as error:
                raise type(error)(*error.args) from None  # without the notes that JAX adds on the way
        return self._opened[key]

    def _passes(self, z: NDArray[np.float64], tolerance: float, states: dict[int, int]) -> tuple[int, ...]:
        """How often the loops of the program turn at this point."""
        forced = np.full(1 + max(states, default=-1), -1, dtype=np.int8)
        for guard, state in states.items():
            forced[guard] = state
        record = Record(tolerance, jax.numpy.asarray(forced), rounds=self._rounds)
        walked(self.jaxpr, record, jax.numpy.asarray(z), inline=self.inline)
        return tuple(record.passes)


def _same(one: SwitchedJacobian, other: SwitchedJacobian) -> bool:
    """Whether two paths are one; operators are not compared."""
    if one.matrix_free or len(one.Z) != len(other.Z):
        return False
    parts = ((S.value, S.base, S.Y, S.Z, S.L) for S in (one, other))
    return all(np.array_equal(a, b) for a, b in zip(*parts, strict=True))


def _first_that_runs(one: Any, other: Any, *arguments: Any) -> NDArray[np.float64] | None:
    """A compiled derivative, or another one where JAX has none of that kind."""
    for compiled in (one, other):
        if compiled is not None:
            try:
                return np.asarray(compiled(*arguments), dtype=np.float64)
            except (TypeError, ValueError, NotImplementedError):
                continue
    return None


def _options(outcomes: str, guards: list[int]) -> list[dict[int, int]]:
    """What one guard may be forced to, or the guards of a row together, of which one at most is picked."""
    if outcomes == PICK:
        still = dict.fromkeys(guards, 0)
        return [still, *({**still, guard: 1} for guard in guards)]
    return [{guards[0]: state} for state in ((1, 0, 2) if outcomes == COMPARE else (0, 1))]
