"""`ArrayEngine`: a NumPy program is run by the tracer, once for each outcome of what steers it."""

from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from fractions import Fraction
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import BudgetError, ConservativeError, DiscontinuityError, FunctionError
from conservative._core.printable import one_line
from conservative.functions.points import DEFAULT_TOLERANCE
from conservative.functions.switched_jacobian import SwitchedJacobian
from conservative.programs.arguments import Argument
from conservative.programs.array.assemble import assemble
from conservative.programs.array.run import ForkSignal, LeavesRationals, Run
from conservative.programs.array.traced import Traced, TracedArray, lift
from conservative.programs.runs import check_size, flat_floats, returned_leaves
from conservative.programs.source_lines import is_users, short_line

_MOST_PATHS = 512
_MISREAD = 1e-5
"""Relative difference of values, beyond any rounding, that shows a call misread."""


@dataclass(frozen=True, slots=True)
class ArrayEngine:
    """Runs F of NumPy arrays.

    Parameters
    ----------
    F : callable
    state, parameter : Argument
    with_theta : bool
        Whether F takes θ.
    exact : bool or None
        True refuses what leaves the rationals, False never tries, None falls back on floats.
    title : str
    size : int
        q, as the first run had it.
    notes : tuple of str
        Warnings that go with every answer.
    """

    F: Callable[..., Any]
    state: Argument
    parameter: Argument
    with_theta: bool
    exact: bool | None
    title: str
    size: int
    notes: tuple[str, ...] = ()

    @property
    def library(self) -> str:
        """NumPy."""
        return "NumPy"

    def evaluate(self, x: NDArray[np.float64], theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """F for one state and one parameter, by NumPy itself."""
        value = run_plainly(self.F, self.state, self.parameter, x, theta, with_theta=self.with_theta, title=self.title)
        if self.size >= 0:
            check_size(value, self.size, title=self.title)
        return value

    def exact_value(self, values: Sequence[Any]) -> NDArray[Any] | None:
        """F of rationals, exactly; None where it leaves the rationals."""
        if self.exact is False or not _rational(values):
            return None
        try:
            _, outputs = self._trace(Run(exact=True, tolerance=0.0, forced={}, nominal=True), values)
        except LeavesRationals:
            return None
        return np.concatenate([x.v.reshape(-1) for x in outputs])

    def linearized(self, values: Sequence[float], *, tolerance: float) -> SwitchedJacobian:
        """The abs-normal form in floats, with the base as an operator whatever its size."""
        return self._all_paths(values, exact=False, tolerance=tolerance, notes=self.notes, matrix_free=True)

    def switched(self, values: Sequence[Any], *, exact: bool, tolerance: float) -> SwitchedJacobian:
        """The abs-normal form at p + m numbers."""
        rational = exact and self.exact is not False and _rational(values)
        notes = self.notes
        if rational:
            try:
                return self._all_paths(values, exact=True, tolerance=0.0, notes=notes)
            except LeavesRationals as error:
                if self.exact:
                    raise FunctionError(
                        f"{error}; `from_numpy(exact=True)` was asked for. Leave `exact` out."
                    ) from error
                notes = (*notes, f"{error}: the point was taken in floats, its ties within {DEFAULT_TOLERANCE:g}.")
        return self._all_paths(
            [float(v) for v in values],
            exact=False,
            tolerance=tolerance or (DEFAULT_TOLERANCE if exact else 0.0),
            notes=notes,
        )

    def own_jacobian(self, values: Sequence[float]) -> NDArray[np.float64] | None:
        """NumPy does not differentiate."""
        return None

    def _all_paths(
        self,
        values: Sequence[Any],
        *,
        exact: bool,
        tolerance: float,
        notes: tuple[str, ...],
        matrix_free: bool = False,
    ) -> SwitchedJacobian:
        """One run for every combination of decisions that control depends on; the point's own comes first."""
        pending: list[dict[int, tuple[int, ...]]] = [{}]
        found: list[SwitchedJacobian] = []
        steering: dict[str, None] = {}
        runs = deepest = 0
        while pending:
            forced = pending.pop()
            runs, deepest = runs + 1, max(deepest, len(forced))
            if runs > 2 * _MOST_PATHS:
                raise BudgetError(
                    f"{deepest} ties or more steer {self.title}, along more than {_MOST_PATHS} paths: "
                    f"{' '.join(list(steering)[:3])} Write decisions as `np.where`, `np.maximum` or masks times "
                    "values, which are not run once for each outcome."
                )
            run = Run(exact=exact, tolerance=tolerance, forced=forced)
            try:
                inputs, outputs = self._trace(run, values)
            except ForkSignal as fork:
                steering[f"{fork.line}: {fork.name} steers the program, which was run once for each outcome."] = None
                pending += [{**forced, fork.decision: group} for group in reversed(fork.groups)]
                continue
            path = assemble(run, inputs, outputs, state_size=len(self.state.values), matrix_free=matrix_free)
            if found:
                self._compare(found[0], path, list(steering))
            found.append(path)
        first = found[0]
        if not matrix_free:
            self._agrees(first, values)
        others: tuple[SwitchedJacobian, ...] = ()
        for path in found[1:]:
            if not any(_same(path, other) for other in (first, *others)):
                others = (*others, path)
        warnings = (*notes, *first.warnings, *(w for path in others for w in path.warnings), *steering)
        clean = first.clean and not others and (len(found) == 1 or not len(first.Z))
        return replace(first, others=others, clean=clean, warnings=tuple(dict.fromkeys(warnings)))

    def _compare(self, first: SwitchedJacobian, path: SwitchedJacobian, steering: list[str]) -> None:
        if path.value.shape != first.value.shape:
            raise DiscontinuityError(
                f"{self.title} returns {first.value.size} numbers or {path.value.size}, as a tie decides: {steering[0]}"
            )
        a, b = (part.value.astype(np.float64) for part in (first, path))
        apart = np.abs(a - b) > 10 * path.tolerance * np.maximum(1.0, np.maximum(np.abs(a), np.abs(b)))
        if apart.any():
            i = int(np.flatnonzero(apart)[0])
            raise DiscontinuityError(
                f"{self.title} jumps at the point: component {i} is {a[i]:.6g} or {b[i]:.6g}, as a tie decides: "
                f"{'; '.join(steering)} A map that jumps at the point has no conservative Jacobian there."
            )

    def _agrees(self, path: SwitchedJacobian, values: Sequence[Any]) -> None:
        """Refuse where NumPy's own value is another: a rule then misread a call, and so did its derivative."""
        p = len(self.state.values)
        floats = np.array([float(value) for value in values])
        with np.errstate(all="ignore"), redirect_stdout(StringIO()):
            try:
                plain, traced = self.evaluate(floats[:p], floats[p:]), path.value.astype(np.float64)
            except FunctionError:  # a value that was kept from the traced run: the next run tells
                return
            apart = np.abs(plain - traced) > _MISREAD * np.maximum(1.0, np.abs(plain))
        if apart.any():
            i = int(np.flatnonzero(apart)[0])
            raise FunctionError(
                f"{self.title} is {plain[i]:.6g} in component {i} by NumPy, and {traced[i]:.6g} when traced: it "
                "depends on how it is run, or calls a function in a way that is not known here. Write that call out."
            )

    def _trace(self, run: Run, values: Sequence[Any]) -> tuple[list[tuple[int, int, int]], list[Traced]]:
        """The program on traced arrays: input nodes with their columns, and outputs."""
        given = values if isinstance(values, np.ndarray) else list(values)
        flat = run.constant(np.array(given, dtype=object if run.exact else np.float64))
        inputs: list[tuple[int, int, int]] = []
        start = 0
        arguments = []
        for argument in (self.state, self.parameter):
            leaves = []
            for leaf in argument.leaves:
                size = leaf.stop - leaf.start
                node = run.tape.add(size)
                v = flat[start : start + size].reshape(leaf.shape)
                leaves.append((TracedArray if v.ndim else Traced)(run, v, node, frozen=True))
                inputs.append((node, start, start + size))
                start += size
            arguments.append(argument.rebuild(leaves))
        try:
            with redirect_stdout(StringIO()):
                result = self.F(*arguments) if self.with_theta else self.F(arguments[0])
        except Exception as error:
            if isinstance(error, (ConservativeError, LeavesRationals)):
                raise
            raise FunctionError(_remedy(error, self.title, forced=bool(run.forced))) from error
        finally:
            run.release()
        outputs = [lift(run, leaf) for leaf in returned_leaves(result, self.state, title=self.title)]
        self._refuse_nan(run, outputs)
        return inputs, outputs

    def _refuse_nan(self, run: Run, outputs: list[Traced]) -> None:
        if not run.exact and any(np.isnan(x.v).any() for x in outputs):
            where = f": {run.singular[0]}" if run.singular else ""
            raise FunctionError(f"{self.title} is NaN at the point{where}.")


def run_plainly(
    F: Callable[..., Any], state: Argument, parameter: Argument, x: Any, theta: Any, *, with_theta: bool, title: str
) -> NDArray[np.float64]:
    """F of plain arrays, flat; refuses a program that changes its arguments."""
    flat_x, flat_theta = np.array(x, dtype=np.float64), np.array(theta, dtype=np.float64)
    arguments = [state.from_flat(flat_x)] + ([parameter.from_flat(flat_theta)] if with_theta else [])
    value = flat_floats(returned_leaves(F(*arguments), state, title=title), title=title)
    for flat, given, name in ((flat_x, x, "x"), (flat_theta, theta, "theta")):
        if not np.array_equal(flat, np.asarray(given, dtype=np.float64)):
            raise FunctionError(
                f"{title} changes its argument {name} in place, so that it is no function of it. Copy first: "
                f"`{name} = {name}.copy()`."
            )
    return value


def _remedy(error: Exception, title: str, *, forced: bool) -> str:
    """What to say where plain arrays serve a program and traced ones do not; NumPy does not name the line."""
    trace, line = error.__traceback__, ""
    while trace is not None:
        if is_users(trace.tb_frame.f_code.co_filename):
            line = short_line(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    if "setting an array element" in str(error):
        return (
            f"{line}: a traced value is stored into a plain array, which would lose its derivative. Make the array by "
            "`np.zeros_like(x)` or `np.zeros(n, like=x)`, or join values with `np.stack`."
        )
    if "read-only" in str(error):
        return (
            f"{line}: {title} writes into a large array of its own while it runs, so that what it computed before "
            "would change. Make a new array instead."
        )
    if forced:
        return (
            f"{line}: {title} raised {type(error).__name__} on a path that a tie opens: {one_line(str(error))[:200]} A "
            "line search or an adaptive step that compares equal values has no way on there: ask for the map of a "
            "fixed step."
        )
    return (
        f"{line}: {title} runs on plain arrays; with arrays that are traced it raised {type(error).__name__}: "
        f"{one_line(str(error))[:200]}. Traced arrays are no `np.ndarray` and go into NumPy's own functions only: "
        "leave checks of the type out, and write what SciPy or compiled code does with NumPy, such as "
        "`np.linalg.solve`."
    )


def _rational(values: Sequence[Any]) -> bool:
    return all(isinstance(value, (int, Fraction)) for value in values)


def _same(a: SwitchedJacobian, b: SwitchedJacobian) -> bool:
    """Whether path a adds nothing to path b."""
    if a.control is not None and (b.control is None or not np.array_equal(a.control, b.control)):
        return False
    parts = [(a.base, b.base), (a.Y, b.Y), (a.Z, b.Z), (a.L, b.L)]
    return all(isinstance(x, np.ndarray) and x.shape == np.shape(y) and bool((x == y).all()) for x, y in parts)
