"""`conservative_jacobians` at many points at once: a batch of points comes in, the blocks of all pieces go out."""

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import BudgetError, ConservativeError
from conservative.functions import PiecewiseSelection
from conservative.functions.continuity.possible_branches import affine_comparison
from conservative.functions.graph.batch_evaluate import BatchTrace, groups
from conservative.functions.graph.batch_forward_mode import gradient_program
from conservative.functions.graph.batch_traces import batch_traces
from conservative.functions.graph.evaluate import comparisons
from conservative.functions.ties.batch_pieces import Selection, select
from conservative.jacobians.conservative_jacobian import conservative_jacobian
from conservative.jacobians.jacobian_set import JacobianSet
from conservative.jacobians.jacobian_zonotope import JacobianZonotope

CALL = "conservative_jacobians"
_CHUNK = 2**21
"""Numbers that one pass over a chunk of points keeps: the fastest of a few sizes tried."""
_MAX_NUMBERS = 2**28
"""Most entries of all Jacobians together, 2 GiB of doubles."""
_CLOSE = 1e-9
"""Blocks this close, relative to the largest entry at the point, are equal or get the look of the single call."""

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Part:
    """Blocks (P, q, n) with the point of each, and its place among the blocks of that point."""

    blocks: Floats
    points: Indices
    ranks: Indices


class Sweep:
    """One call; `run` fills `ties`, `near` and `zonotopes` on the way."""

    def __init__(self, F: PiecewiseSelection, points: Floats, *, kind: str, tolerance: float, limit: int) -> None:
        self.F, self.points, self.kind, self.tolerance, self.limit = F, points, kind, tolerance, limit
        self.program = gradient_program(F.graph)
        self.affine = all(F.graph.linear) and not any(node.is_nearest for node in F.graph.nodes)
        self.ties = np.zeros(len(points), dtype=np.intp)
        self.near = np.zeros(len(points), dtype=np.bool_)
        self.zonotopes: dict[int, JacobianZonotope] = {}
        self._guards = {
            i: sorted({c for guard in node.branches()[1] for c in comparisons(F.graph, guard)})
            for i, node in enumerate(F.graph.nodes)
            if node.op == "piecewise"
        }
        read = {c for compared in self._guards.values() for c in compared}
        self._crossing = {c for c in read if affine_comparison(F.graph, c)}
        self._single = np.zeros(len(points), dtype=np.bool_)
        self._like = np.arange(len(points))
        self._entries = 0

    def run(self) -> tuple[Floats, Indices]:
        """The blocks of all points in order, and how many each point has."""
        parts = []
        step = max(256, _CHUNK // len(self.F.graph.nodes))
        for start in range(0, len(self.points), step):
            rows = np.arange(start, min(start + step, len(self.points)))
            traces = batch_traces(self.F.graph, self.points[rows], tolerance=self.tolerance)
            for place, (here, trace) in enumerate(traces):
                parts.append(self._part(rows[here], trace, place))
        if self._single.any():
            parts = [self._without_single(part) for part in parts] + self._singles(self._single)
        blocks, counts, doubtful = self._gathered(parts)
        doubtful &= ~self._single
        if doubtful.any():
            self._single = doubtful
            known = _Part(blocks, np.repeat(np.arange(len(counts)), counts), _ranks(counts))
            blocks, counts, _ = self._gathered([self._without_single(known), *self._singles(doubtful)])
        return blocks, counts

    def _part(self, rows: Indices, trace: BatchTrace, place: int) -> _Part:
        if self.kind != "selection":
            trace = trace.decided()
        selection = select(self.F.graph, trace, limit=self.limit)
        self.ties[rows] = np.maximum(self.ties[rows], selection.ties)
        self.near[rows] |= trace.near
        odd = trace.odd | selection.odd | self._first_on_guards(trace)
        looked_at = selection.ties > 0
        if self.kind != "conical":
            looked_at &= self._undecided(trace)
        if looked_at.any():
            odd |= looked_at
            if self.affine and not trace.forced:
                self._find_alike(rows, trace, np.flatnonzero(odd & ~trace.odd))
        blocks = self._blocks(trace, selection)
        wrong = ~np.isfinite(blocks).all(axis=(1, 2))
        self._single[rows[odd]] = True
        self._single[rows[selection.columns[wrong]]] = True
        return _Part(blocks, rows[selection.columns], place * (self.limit + 1) + selection.ranks)

    def _undecided(self, trace: BatchTrace) -> Flags:
        """Points with a Piecewise whose tied guards may yet be decided: not those of one affine comparison."""
        found = np.zeros(len(trace.odd), dtype=np.bool_)
        if self.kind == "selection":
            return found
        for index, options in trace.guarded.items():
            read = self._guards[index]
            tied = np.stack([trace.signs[c] == 0 for c in read if c not in trace.forced] or [found])
            crossing = reduce(np.logical_or, [trace.signs[c] == 0 for c in read if c in self._crossing], found)
            found = found | ((options.sum(axis=0) > 1) & ~((tied.sum(axis=0) == 1) & crossing))
        return found

    def _first_on_guards(self, trace: BatchTrace) -> Flags:
        """One point of every pattern of guards on their boundary: the single call looks for jumps beside it."""
        first = np.zeros(len(trace.odd), dtype=np.bool_)
        guards = [s == 0 for s in trace.signs.values()]
        if guards:
            tied = np.flatnonzero(np.logical_or.reduce([*guards, np.full(len(first), bool(trace.forced))]))
            for group in groups(np.stack(guards)[:, tied]) if len(tied) else ():
                first[tied[group[0]]] = True
        return first

    def _blocks(self, trace: BatchTrace, selection: Selection) -> Floats:
        columns = selection.columns
        shape = (len(columns), len(self.F.graph.outputs), self.F.graph.width)
        self._entries += shape[0] * shape[1] * shape[2]
        if self._entries > _MAX_NUMBERS:
            raise BudgetError(
                f"`{CALL}`: the Jacobians have more than {_MAX_NUMBERS:,} entries in all. Give fewer points at a time."
            )
        if len(columns) == len(trace.odd) and not selection.ties.any():
            return self.program.run(trace, None, selection.branches)
        blocks = np.empty(shape)
        step = max(256, _CHUNK // max(1, sum(map(len, self.program.supports))))
        for start in range(0, len(columns), step):
            part = slice(start, start + step)
            branches = {index: taken[part] for index, taken in selection.branches.items()}
            blocks[part] = self.program.run(trace, columns[part], branches)
        return blocks

    def _find_alike(self, rows: Indices, trace: BatchTrace, tied: Indices) -> None:
        """Where F is piecewise affine and nothing jumps, equal signs and branches mean equal cells."""
        if not len(tied):
            return
        signs = [s[None] == v for s in trace.signs.values() for v in (-1, 0, 1)]
        key = np.concatenate([*trace.options.values(), *signs])[:, tied]
        for group in groups(key):
            self._like[rows[tied[group]]] = rows[tied[group[0]]]

    def _without_single(self, part: _Part) -> _Part:
        keep = ~self._single[part.points]
        return _Part(part.blocks[keep], part.points[keep], part.ranks[keep])

    def _singles(self, which: Flags) -> list[_Part]:
        rows = np.flatnonzero(which)
        leaders, follows = np.unique(self._like[rows], return_inverse=True)
        found = [self._one(int(leader)) for leader in leaders]
        parts = []
        for position, blocks in enumerate(found):
            members = rows[follows.ravel() == position]
            points = np.repeat(members, len(blocks))
            ranks = np.tile(np.arange(len(blocks)), len(members))
            parts.append(_Part(np.tile(blocks, (len(members), 1, 1)), points, ranks))
            if int(leaders[position]) in self.zonotopes:
                self.zonotopes.update(dict.fromkeys(members.tolist(), self.zonotopes[int(leaders[position])]))
        return parts

    def _one(self, row: int) -> Floats:
        """The blocks of one point; none where it has a zonotope."""
        at = self.points[row].tolist()
        try:
            found = conservative_jacobian(self.F, at, kind=self.kind, tolerance=self.tolerance, max_pieces=self.limit)
            if isinstance(found, JacobianSet):
                return found.vertices
            self.zonotopes[row] = found
            return np.zeros((0, *found.shape))
        except ConservativeError as error:
            raise type(error)(f"`{CALL}(points=...)`, point {row}: {error}") from error

    def _gathered(self, parts: list[_Part]) -> tuple[Floats, Indices, Flags]:
        """The blocks in order, each once, how many each point has, and where two are close without being equal."""
        count = len(self.points)
        if not parts:
            shape = (0, len(self.F.graph.outputs), self.F.graph.width)
            return np.zeros(shape), np.zeros(count, dtype=np.intp), np.zeros(count, dtype=np.bool_)
        if len(parts) == 1 and len(parts[0].points) == count and not self.ties.any():
            return parts[0].blocks, np.ones(count, dtype=np.intp), np.zeros(count, dtype=np.bool_)
        points = np.concatenate([p.points for p in parts])
        order = np.lexsort((np.concatenate([p.ranks for p in parts]), points))
        blocks = np.concatenate([p.blocks for p in parts])[order]
        counts = np.bincount(points, minlength=count)
        keep, doubtful = self._first_of_equals(blocks, counts)
        kept = np.bincount(points[order][keep], minlength=count)
        return blocks[keep], kept, doubtful

    def _first_of_equals(self, blocks: Floats, counts: Indices) -> tuple[Flags, Flags]:
        """Which blocks differ from those before them at the same point, and points where that needs a closer look."""
        keep, doubtful = np.ones(len(blocks), dtype=np.bool_), np.zeros(len(counts), dtype=np.bool_)
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        flat = blocks.reshape(len(blocks), blocks.shape[1] * blocks.shape[2])
        for count in np.unique(counts[counts > 1]).tolist():
            of_count = np.flatnonzero(counts == count)
            step = max(1, _CHUNK // (count * flat.shape[1]))
            for first in range(0, len(of_count), step):
                members = of_count[first : first + step]
                places = starts[members, None] + np.arange(count)
                keep[places], close = _fresh(flat[places])
                doubtful[members] = close
                if self.affine and close.any():
                    self._share(members[close], flat[places[close]])
        return keep, doubtful

    def _share(self, rows: Indices, sets: Floats) -> None:
        """Where F is piecewise affine, points with the same blocks have the same choices."""
        _, first, group = np.unique(sets.reshape(len(sets), -1), axis=0, return_index=True, return_inverse=True)
        self._like[rows] = rows[first[group.ravel()]]


def _ranks(counts: Indices) -> Indices:
    """0, 1, ... within each point."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _fresh(sets: Floats) -> tuple[Flags, Flags]:
    """Which blocks of sets (G, count, entries) differ from those before them, and sets with two that are close.

    Blocks that are close are close in a fixed generic direction too, so that most sets are settled by sorting.
    """
    scale = _CLOSE * np.abs(sets).max(axis=(1, 2))
    direction = np.random.default_rng(0).uniform(-1.0, 1.0, size=sets.shape[2])
    along = np.sort(sets @ direction, axis=1)
    reach = scale * np.abs(direction).sum() + 1e-14 * np.abs(sets).sum(axis=2).max(axis=1)
    unsettled = np.flatnonzero((np.diff(along, axis=1) <= reach[:, None]).any(axis=1))
    fresh, close = np.ones(sets.shape[:2], dtype=np.bool_), np.zeros(len(sets), dtype=np.bool_)
    for place in range(1, sets.shape[1] if len(unsettled) else 0):
        distance = np.abs(sets[unsettled, :place] - sets[unsettled, place : place + 1]).max(axis=2)
        fresh[unsettled, place] = (distance > 0.0).all(axis=1)
        close[unsettled] |= ((distance > 0.0) & (distance <= scale[unsettled, None])).any(axis=1)
    return fresh, close
