"""PyTorch's `Engine`: runs a program in double precision, opens its ties, and takes its control in every way."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import BudgetError, DiscontinuityError, FunctionError
from conservative.functions.points import DEFAULT_TOLERANCE
from conservative.functions.switched_jacobian import SwitchedJacobian
from conservative.programs.autograd.findings import compared, rule_findings
from conservative.programs.autograd.forms import form_of
from conservative.programs.autograd.gradients import pulled, rows_of
from conservative.programs.autograd.library import torch
from conservative.programs.autograd.mode import Opened
from conservative.programs.autograd.piecewise import is_custom, new_nodes, refuse_hidden
from conservative.programs.autograd.precision import double_precision, leaf_of
from conservative.programs.autograd.products import is_large
from conservative.programs.autograd.run import Run

MAX_RUNS = 512
"""Most runs of a program whose control is decided by ties."""


class TorchEngine:
    """Runs one program: `function` takes a flat tensor of p + m numbers to a flat tensor; `notes` are warnings."""

    library = "PyTorch"

    def __init__(self, function: Callable[[Any], Any], *, state_size: int, title: str, notes: tuple[str, ...]) -> None:
        self._function, self._state_size, self._title, self._notes = function, state_size, title, notes

    def evaluate(self, x: NDArray[np.float64], theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """F for one state and one parameter."""
        with double_precision():
            return np.array(self._function(leaf_of([*x, *theta])).detach().numpy())

    def exact_value(self, values: Sequence[Any]) -> None:
        """PyTorch has no rationals."""

    def own_jacobian(self, values: Sequence[float]) -> NDArray[np.float64]:
        """What autograd returns."""
        with double_precision(), self._differentiating():
            leaf = leaf_of(values)
            return rows_of(self._function(leaf), [leaf])[0]

    def switched(self, values: Sequence[Any], *, exact: bool, tolerance: float) -> SwitchedJacobian:
        """The abs-normal form; a point of rationals is rounded to doubles, with the usual tolerance."""
        floats = [float(v) for v in values]
        with double_precision(), self._differentiating():
            leaf = leaf_of(floats)
            value = self._function(leaf)
            large = is_large(len(value), len(leaf))
            made = self._united(floats, DEFAULT_TOLERANCE if exact else tolerance, matrix_free=large)
            custom = list(dict.fromkeys(type(n).__name__ for n in new_nodes([value], []) if is_custom(n)))
            own = () if large else compared(made, rows_of(value, [leaf])[0], self._title)
            findings = (*own, *self._rules(custom, floats))
        return replace(made, warnings=(*made.warnings, *findings))

    def linearized(self, values: Sequence[float], *, tolerance: float) -> SwitchedJacobian:
        """The abs-normal form with the base as an operator; not compared with autograd's own Jacobian."""
        with double_precision(), self._differentiating():
            return self._united([float(v) for v in values], tolerance, matrix_free=True)

    def _united(self, values: list[float], tolerance: float, *, matrix_free: bool) -> SwitchedJacobian:
        first, *others = self._paths(values, tolerance, matrix_free=matrix_free)
        for other in others:
            self._same_value(first, other)
        clean = first.clean and not others
        return replace(first, others=tuple(replace(other, warnings=()) for other in others), clean=clean)

    @contextmanager
    def _differentiating(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            first = str(error).strip().partition("\n")[0]
            remedy = " Call the function itself, without `torch.utils.checkpoint`." if "checkpoint" in first else ""
            raise FunctionError(f"PyTorch cannot differentiate {self._title}: {first}{remedy}") from error

    def _rules(self, custom: list[str], values: list[float]) -> tuple[str, ...]:
        return rule_findings(self._function, values, custom, self._title) if custom else ()

    def _same_value(self, first: SwitchedJacobian, other: SwitchedJacobian) -> None:
        gap = np.abs(other.value - first.value)
        if (
            other.value.shape == first.value.shape
            and (gap <= 1e3 * first.tolerance * np.maximum(1, np.abs(first.value))).all()
        ):
            return
        at = f" in component {int(np.argmax(~(gap <= 0)))}" if gap.shape == first.value.shape else ""
        raise DiscontinuityError(
            f"{self._title} jumps at the point{at}: it is {first.value.tolist()} on one side of a tie and "
            f"{other.value.tolist()} on the other. {other.warnings[-1]} Sets of derivatives need a continuous map: "
            "move the point; a line search or an adaptive step jumps, ask for the map of a fixed step."
        )

    def _paths(self, values: list[float], tolerance: float, *, matrix_free: bool) -> Iterator[SwitchedJacobian]:
        """One form for each way through the program that ties leave open; the program's own way first."""
        runs, names = 0, dict[tuple[Any, ...], str]()
        pending: list[dict[tuple[Any, ...], int]] = [{}]
        while pending:
            forced = pending.pop()
            runs += 1
            if runs > MAX_RUNS:
                raise BudgetError(
                    f"ties decide the control of {self._title} in more ways than {MAX_RUNS} runs can follow. Write "
                    "decisions as `where`, `maximum` or masks times values, which are not run once for each outcome. "
                    "A line search at a fixed point compares equal values again and again: ask for a fixed step."
                )
            run = Run(forced, tolerance)
            opened = Opened(run)
            leaf, value = self._opened(opened, values)
            backward = self._custom_backward(opened, leaf, value)
            steering = next((d for d in run.decisions if d.steers), None)
            if steering is None:
                told = "Ties decide its control, one run for each outcome: " + ", ".join(names[k] for k in forced) + "."
                notes = (*self._notes, told) if forced else self._notes
                plain = backward is None
                with nullcontext() if plain else backward:
                    form = form_of(
                        run,
                        leaf,
                        value,
                        state_size=self._state_size,
                        title=self._title,
                        warnings=notes,
                        matrix_free=matrix_free and plain,
                    )
                yield form if plain else replace(form, clean=False)
                continue
            names[steering.key] = f"{steering.name} at {steering.source}"
            states = (*reversed(steering.other_states()), steering.nominal)
            pending += [{**forced, steering.key: state} for state in states]

    def _custom_backward(self, opened: Opened, leaf: Any, value: Any) -> Any:
        """What rules of the program's own run in, if any; ties that they look at or were given steer."""
        run = opened.run
        outputs = torch.cat([value, *(site.z for site in run.sites)])
        if not any(map(is_custom, new_nodes([outputs], []))):
            return None
        before = len(run.decisions)
        with opened.backward():
            pulled(outputs, [leaf, *(site.w for site in run.sites)], torch.ones(1, len(outputs)))
        run.steer_all(i for i, decision in enumerate(run.decisions) if decision.quiet or i >= before)
        return opened.backward()

    def _opened(self, opened: Opened, values: list[float]) -> tuple[Any, Any]:
        run, leaf = opened.run, leaf_of(values)
        with opened.mode():
            run.reach(leaf)
            value = self._function(leaf)
        if (info := run.info(value)) is not None:
            run.steer(info)
        if any(decision.steers for decision in run.decisions):
            return leaf, value
        hidden = new_nodes([value, *(site.z for site in run.sites)], [])
        refuse_hidden(hidden, opened.known, what=f"an operation in {self._title} that it cannot see", source="")
        return leaf, value
