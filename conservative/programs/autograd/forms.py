"""From one opened run to its abs-normal form: derivatives of the outputs and of all z, without what cannot move."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import FunctionError
from conservative.functions.switched_cones import Cone, cone_of_sides, cones_of_extremum
from conservative.functions.switched_jacobian import SwitchedJacobian, SwitchedTie
from conservative.programs.autograd.decisions import Decision
from conservative.programs.autograd.gradients import pulled, rows_of
from conservative.programs.autograd.library import torch
from conservative.programs.autograd.products import columns_of, operator_of
from conservative.programs.autograd.run import Run
from conservative.programs.parting import factor_of, parting_warning
from conservative.programs.unrolled import unrolled_warning


def form_of(
    run: Run, leaf: Any, value: Any, *, state_size: int, title: str, warnings: tuple[str, ...], matrix_free: bool
) -> SwitchedJacobian:
    """[B Y; Z L] of a run; ties that reach no output, or that nothing moves, are named as inactive."""
    _refuse_watched(run, value, title)
    alive = _seen_from(value, run)
    B, Y, Z, L = (_products if matrix_free else _matrices)(run, leaf, value, alive)
    _refuse_infinite(run, (Y, Z, L, B @ np.ones(len(leaf))) if matrix_free else (B, Y, Z, L), title)
    live = _moving(Z, Y, L)
    keep = {alive[i]: new for new, i in enumerate(live)}
    Z, Y, L = (Z if len(live) == len(Z) else Z[live]), _columns([Y], live), L[np.ix_(live, live)]
    factors, parting = _along(run, leaf, np.concatenate([Z, L], axis=1), keep)
    ties, inactive = [], []
    for decision, known in zip(run.decisions, factors, strict=True):
        patterns = decision.patterns(keep)
        if patterns:
            slots = tuple(sorted({i for pattern in patterns for i in pattern}))
            cones = _cones(decision, keep, known)
            ties.append(SwitchedTie(decision.name, decision.source, slots, patterns, decision.distance, cones))
        else:
            inactive.append(f"{decision.name} at {decision.source}" if decision.source else decision.name)
    kept = list(keep)
    return SwitchedJacobian(
        base=B,
        Y=Y,
        Z=Z,
        L=L,
        ties=tuple(ties),
        state_size=state_size,
        value=value.detach().numpy().copy(),
        tolerance=run.tolerance,
        inactive=tuple(inactive),
        near_ties=tuple(run.near.items()),
        warnings=(*warnings, *run.warnings, *run.taken_out, *parting, *unrolled_warning(tuple(ties), L)),
        framework=np.array([run.framework[i] for i in kept]),
        clean=not (run.forced or run.taken_out or parting),
    )


def _along(
    run: Run, leaf: Any, changes: NDArray[np.float64], keep: dict[int, int]
) -> tuple[list[tuple[int, float] | None], tuple[str, ...]]:
    """For each guard a switch and the factor of its row over the guard's; and what part along their guard."""
    factors: list[tuple[int, float] | None] = [None] * len(run.decisions)
    told: dict[str, None] = {}
    open_ = [(d, g[i]) for owners, g in run.lines for i, d in enumerate(owners) if run.decisions[d].patterns(keep)]
    if not open_:
        return factors, ()
    blocks = rows_of(torch.stack([g for _, g in open_]), [leaf, *(site.w for site in run.sites)])
    rows = np.concatenate([blocks[0], _columns(blocks[1:], list(keep))], axis=1)
    for (d, _), row in zip(open_, rows, strict=True):
        decision = run.decisions[d]
        for slot in sorted({i for pattern in decision.patterns(keep) for i in pattern}):
            factor = factor_of(changes[slot], row, exact=False)
            if factor is not None:
                factors[d] = factors[d] or (slot, factor)
            else:
                told[parting_warning(f"{decision.name} at {decision.source}")] = None
    return factors, tuple(told)


def _cones(decision: Decision, keep: dict[int, int], line: tuple[int, float] | None) -> tuple[Cone | None, ...]:
    """Where the choices of a tie are taken, as far as is known."""
    if decision.sign:
        # Where a choice is met twice its switches have one row.
        return cones_of_extremum([pattern[0] for pattern in decision.patterns(keep)], decision.sign)
    if line is None:
        return ()
    return tuple(cone_of_sides([state - 1 for state in states], *line) for states in decision.states_of(keep).values())


def _matrices(run: Run, leaf: Any, value: Any, alive: list[int]) -> tuple[Any, ...]:
    """B, Y, Z, L from one batch of rows."""
    ws, q = [site.w for site in run.sites], len(value)
    blocks = rows_of(torch.cat([value, _differences(run, alive)]), [leaf, *ws])
    columns = _columns(blocks[1:], alive) if ws else np.zeros((q, 0))
    return blocks[0][:q], columns[:q], blocks[0][q:], columns[q:]


def _products(run: Run, leaf: Any, value: Any, alive: list[int]) -> tuple[Any, ...]:
    """B as an operator, Y by columns, Z and L by rows."""
    ws = [site.w for site in run.sites]
    rows = rows_of(_differences(run, alive), [leaf, *ws])
    Y = _columns(columns_of(value, ws), alive) if ws else np.zeros((len(value), 0))
    L = _columns(rows[1:], alive) if ws else np.zeros((0, 0))
    return operator_of(value, leaf), Y, rows[0], L


def _columns(blocks: list[NDArray[np.float64]], keep: list[int]) -> NDArray[np.float64]:
    """Blocks side by side, with some of their columns; large ones are not copied for nothing."""
    whole = blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)
    return whole if len(keep) == whole.shape[1] else whole[:, keep]


def _differences(run: Run, alive: list[int]) -> Any:
    z = torch.cat([site.z for site in run.sites]) if run.sites else torch.zeros(0, dtype=torch.float64)
    return z[torch.tensor(alive, dtype=torch.long)]


def _seen_from(value: Any, run: Run) -> list[int]:
    """The switches that an output, or a later switch, depends on: those that one random product does not miss."""
    if not run.sites:
        return []
    generator = torch.Generator().manual_seed(0)
    ws = [site.w for site in run.sites]
    alive: list[bool] = []
    every = torch.cat([value, *(site.z for site in run.sites)])
    if not every.requires_grad:
        return []
    parts = pulled(every, ws, torch.randn(1, len(every), generator=generator, dtype=torch.float64))
    for part in parts:
        alive += (part[0] != 0).tolist()
    return [i for i, lives in enumerate(alive) if lives]


def _moving(Z: NDArray[Any], Y: NDArray[Any], L: NDArray[Any]) -> list[int]:
    """The switches that something moves and that move something, through others too."""
    moved, seen = (Z != 0).any(axis=1), (Y != 0).any(axis=0)
    for i in range(len(Z)):
        moved[i] |= bool((L[i, :i] != 0) @ moved[:i])
    for i in reversed(range(len(Z))):
        seen[i] |= bool(seen[i + 1 :] @ (L[i + 1 :, i] != 0))
    return [int(i) for i in np.flatnonzero(moved & seen)]


def _refuse_watched(run: Run, value: Any, title: str) -> None:
    if not run.watched or not value.requires_grad:
        return
    everything = torch.cat([value, *(site.z for site in run.sites)])
    for site in run.watched:
        (found,) = pulled(everything, [site.w], torch.ones(1, len(everything)) + torch.rand(1, len(everything)))
        if bool((found != 0).any()):
            raise FunctionError(
                f"{title} has no derivative at the point, nor finitely many: {site.what}. Move the point, or write the "
                "norm of a number as `abs`."
            )


def _refuse_infinite(run: Run, parts: tuple[NDArray[Any], ...], title: str) -> None:
    if all(np.isfinite(part).all() for part in parts):
        return
    where = f" It meets {', '.join(list(run.singular)[:3])}." if run.singular else ""
    raise FunctionError(
        f"the derivative of {title} at the point is not finite in PyTorch.{where} A branch that is not taken makes NaN "
        "too: give its argument a safe value with `where` before the operation."
    )
