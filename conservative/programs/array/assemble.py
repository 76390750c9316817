"""From the tape of a run to [B Y; Z L]: live switches and their ties, and what the reader should know of them."""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator

from conservative._core.errors import FunctionError
from conservative.functions.switched_jacobian import SwitchedJacobian
from conservative.programs.array.guard_lines import control_rows, guards_along
from conservative.programs.array.linear_maps import Matrix
from conservative.programs.array.rounding import sweep_rounding
from conservative.programs.array.run import Run
from conservative.programs.array.ties import drop_dead, join_twins, ties_of
from conservative.programs.array.traced import Traced
from conservative.programs.unrolled import unrolled_warning

_DENSE_ENTRIES = 10_000_000
"""Larger bases are operators."""

_COLUMNS = 256
"""Columns that are swept at once where the base is an operator."""


class Assembly:
    """The sweeps of one run, from its inputs (n columns) and switches to its outputs and z."""

    def __init__(
        self, run: Run, inputs: list[tuple[int, int, int]], outputs: list[Traced], *, matrix_free: bool
    ) -> None:
        self.run, self.inputs, self.outputs = run, inputs, outputs
        self.n = sum(stop - start for _, start, stop in inputs)
        self.q = sum(x.size for x in outputs)
        self.dense = not matrix_free and self.q * self.n <= _DENSE_ENTRIES
        opened: list[Any] = [*run.switches, *run.guarded]
        self.opened = sorted(opened, key=lambda part: part.start)
        self.dtype: Any = object if run.exact else np.float64

    def seeds(self, columns: Matrix) -> dict[int, Matrix]:
        """Columns of the inputs by node."""
        return {node: columns[start:stop] for node, start, stop in self.inputs}

    def slot_seeds(self, columns: Matrix) -> dict[int, Matrix]:
        """Columns of the switches by node."""
        return {part.w: columns[part.start : part.start + self._count(part)] for part in self.opened}

    def stacked(self, nodes: list[int], sizes: list[int], seeds: dict[int, Matrix], width: int) -> Matrix:
        """A forward sweep, the wanted nodes one below the other."""
        found = self.run.tape.forward(seeds, nodes)
        parts = [
            np.zeros((size, width), dtype=self.dtype) if columns is None else columns
            for columns, size in zip(found, sizes, strict=True)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, width), dtype=self.dtype)

    def ahead(self, columns: Matrix) -> Matrix:
        """B times columns."""
        return self.stacked(self._out_nodes, [x.size for x in self.outputs], self.seeds(columns), columns.shape[1])

    def behind(self, seeds: dict[int, Matrix], width: int) -> Matrix:
        """The transposes of the inputs' columns."""
        found = self.run.tape.backward(seeds, [node for node, _, _ in self.inputs])
        parts = [
            np.zeros((stop - start, width), dtype=self.dtype) if columns is None else columns
            for columns, (_, start, stop) in zip(found, self.inputs, strict=True)
        ]
        return np.concatenate(parts)

    def out_seeds(self, columns: Matrix) -> dict[int, Matrix]:
        """Columns of the outputs by node."""
        found: dict[int, Matrix] = {}
        start = 0
        for x in self.outputs:
            if x.node >= 0:
                part = columns[start : start + x.size]
                found[x.node] = part if x.node not in found else found[x.node] + part
            start += x.size
        return found

    @property
    def _out_nodes(self) -> list[int]:
        # A node that never was stands for constants.
        return [x.node if x.node >= 0 else self._empty for x in self.outputs]

    @property
    def _empty(self) -> int:
        return self.run.tape.add(0)

    @staticmethod
    def _count(part: Any) -> int:
        return len(part.owner) if hasattr(part, "owner") else len(part.decisions)

    def live(self) -> NDArray[np.intp]:
        """Switches that may move an output and are moved by an input: the others are dead by their pattern alone."""
        tape, k = self.run.tape, self.run.slots
        alive = np.ones(k, dtype=bool)
        if not k:
            return np.flatnonzero(alive)
        while True:
            before = alive.copy()
            sources = {node: np.ones(stop - start, dtype=bool) for node, start, stop in self.inputs}
            sources |= {part.w: alive[self._slots(part)] for part in self.opened}
            forward = tape.reach(sources)
            for part in self.opened:
                moved = forward[part.z]
                alive[self._slots(part)] &= False if moved is None else moved
            ends = {x.node: np.ones(x.size, dtype=bool) for x in self.outputs if x.node >= 0}
            ends |= {part.z: alive[self._slots(part)] for part in self.opened}
            backward = tape.reach_back(ends)
            for part in self.opened:
                counts = backward[part.w]
                alive[self._slots(part)] &= False if counts is None else counts
            if (alive == before).all():
                return np.flatnonzero(alive)

    def _slots(self, part: Any) -> slice:
        return slice(part.start, part.start + self._count(part))

    def matrices(self, live: NDArray[np.intp]) -> tuple[Any, Matrix, Matrix, Matrix]:
        """B, Y, Z, L over live switches."""
        k = len(live)
        outs, sizes = self._out_nodes, [x.size for x in self.outputs]
        zs, z_sizes = [part.z for part in self.opened], [self._count(part) for part in self.opened]
        slots = np.zeros((self.run.slots, k), dtype=self.dtype)
        slots[live, np.arange(k)] = 1
        YL = self._by_columns(
            slots, lambda columns: self.stacked(outs + zs, sizes + z_sizes, self.slot_seeds(columns), columns.shape[1])
        )
        Y, L = YL[: self.q], YL[self.q :][live]
        if self.dense:
            identity = np.eye(self.n, dtype=self.dtype)
            BZ = self.stacked(outs + zs, sizes + z_sizes, self.seeds(identity), self.n)
            return BZ[: self.q], Y, BZ[self.q :][live], L
        Z = self._by_columns(
            slots,
            lambda columns: self.behind({part.z: columns[self._slots(part)] for part in self.opened}, columns.shape[1]),
        ).T
        return TapeOperator(self), Y, np.ascontiguousarray(Z), L

    def _by_columns(self, columns: Matrix, sweep: Any) -> Matrix:
        width = columns.shape[1]
        step = width if self.dense else _COLUMNS
        parts = [sweep(columns[:, i : i + step]) for i in range(0, width, max(1, step))]
        return np.concatenate(parts, axis=1) if parts else sweep(columns)

    def reached(self, columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Rows of the base that marked columns may move: all others are 0 there."""
        masks = self.run.tape.reach({node: columns[start:stop] for node, start, stop in self.inputs})
        parts = [None if x.node < 0 else masks[x.node] for x in self.outputs]
        return np.concatenate(
            [np.zeros(x.size, bool) if part is None else part for part, x in zip(parts, self.outputs, strict=True)]
        )


class TapeOperator(LinearOperator):  # type: ignore[misc]
    """The base as products with the tape."""

    def __init__(self, work: Assembly) -> None:
        super().__init__(np.float64, (work.q, work.n))
        self.work = work

    def _matmat(self, X: Matrix) -> Matrix:
        return self.work.ahead(np.asarray(X, dtype=float).reshape(self.shape[1], -1))

    def _rmatmat(self, X: Matrix) -> Matrix:
        columns = np.asarray(X, dtype=float).reshape(self.shape[0], -1)
        return self.work.behind(self.work.out_seeds(columns), columns.shape[1])

    def reached(self, columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Rows that marked columns may move."""
        return self.work.reached(columns)


def assemble(
    run: Run, inputs: list[tuple[int, int, int]], outputs: list[Traced], *, state_size: int, matrix_free: bool = False
) -> SwitchedJacobian:
    """The abs-normal form of one run."""
    work = Assembly(run, inputs, outputs, matrix_free=matrix_free)
    nodes = [x.node for x in outputs if x.node >= 0] + [part.z for part in work.opened]
    if run.singular:
        run.tape.drop_unused([node for node, _, _ in inputs] + [part.w for part in work.opened], nodes)
    value = np.concatenate([np.asarray(x.v).reshape(-1) for x in outputs])
    live = work.live()
    with np.errstate(all="ignore"):
        base, Y, Z, L = work.matrices(live)
    _finite_or_refused(run, base, Y, Z, L)
    apart = Y
    Y, Z, L = join_twins(run, live, Y, Z, L)
    swept = run.exact or (work.dense and Y is apart)
    keep = drop_dead(Y, Z, L)
    live, Y, Z, L = live[keep], Y[:, keep], Z[keep], L[np.ix_(keep, keep)]
    if run.exact:
        base, Y, Z, L, value = (_fractions(part) for part in (base, Y, Z, L, value))
    clean, parting, factors = guards_along(work, live, Z, L)
    ties, inactive = ties_of(run, live, factors)
    # Along a loop nobody reads near ties, and the analysis of rounding costs more than the step.
    near = dict([*([] if matrix_free else run.within_rounding()), *run.near])
    return SwitchedJacobian(
        base=base, Y=Y, Z=Z, L=L, ties=ties, state_size=state_size, value=value, tolerance=run.tolerance,
        inactive=inactive, near_ties=tuple(near.items()), clean=clean,
        rounding=sweep_rounding(run, inputs, [x.node for x in outputs]) if swept else None,
        warnings=(*dict.fromkeys(run.warnings), *parting, *unrolled_warning(ties, L)),
        control=control_rows(work, live) if run.forced else None,
    )  # fmt: skip


def _finite_or_refused(run: Run, *parts: Any) -> None:
    if run.exact or not run.singular:
        return
    if all(isinstance(part, LinearOperator) or np.isfinite(part).all() for part in parts):
        return
    raise FunctionError(
        f"the program's derivative is not finite at the point: {run.singular[0]}. Move the point, or rewrite that "
        "operation; a branch that is never taken there may keep it out by `np.where` around the operand."
    )


def _fractions(array: Matrix) -> Matrix:
    out = np.empty(array.shape, dtype=object)
    flat = out.reshape(-1)
    for i, entry in enumerate(array.ravel().tolist()):
        flat[i] = entry if type(entry) is Fraction else Fraction(entry)
    return out
