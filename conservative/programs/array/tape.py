"""The tape of a run: a graph of linear maps between flat vectors, swept forward, backward, and for its pattern."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.programs.array.linear_maps import LinearMap, Mask, Matrix, Scale

_ROUNDED = 4 * float(np.finfo(np.float64).eps)

Edge = tuple[int, tuple[LinearMap, ...]]


class Tape:
    """Nodes in order of the run; each has its size and the edges that lead into it."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.edges: list[tuple[Edge, ...]] = []

    def add(self, size: int, edges: Iterable[Edge] = ()) -> int:
        """A new node; edges from node -1, a constant, are left out."""
        self.sizes.append(size)
        self.edges.append(tuple(edge for edge in edges if edge[0] >= 0))
        return len(self.sizes) - 1

    def forward(self, seeds: Mapping[int, Matrix], wanted: Sequence[int]) -> list[Matrix | None]:
        """Columns at the wanted nodes from columns at the seeds; None where nothing arrives."""
        last = self._last_uses(wanted)
        found: dict[int, Matrix] = dict(seeds)
        for node, edges in enumerate(self.edges):
            for parent, maps in edges:
                columns = found.get(parent)
                if columns is not None:
                    for step in maps:
                        columns = step.forward(columns)
                    found[node] = columns if node not in found else found[node] + columns
            for parent, _ in edges:
                if last[parent] == node:
                    found.pop(parent, None)
        return [found.get(node) for node in wanted]

    def backward(self, seeds: Mapping[int, Matrix], wanted: Sequence[int]) -> list[Matrix | None]:
        """Columns at the wanted nodes, by transposes."""
        found: dict[int, Matrix] = dict(seeds)
        kept = set(wanted)
        for node in reversed(range(len(self.edges))):
            columns = found.get(node) if node in kept else found.pop(node, None)
            if columns is None:
                continue
            for parent, maps in self.edges[node]:
                moved = columns
                for step in reversed(maps):
                    moved = step.backward(moved)
                found[parent] = moved if parent not in found else found[parent] + moved
        return [found.get(node) for node in wanted]

    def reach(self, seeds: Mapping[int, Mask], *, zeros: bool = True) -> list[Mask | None]:
        """At every node, which entries depend on the marked ones."""
        found: list[Mask | None] = [seeds.get(node) for node in range(len(self.edges))]
        for node, edges in enumerate(self.edges):
            for parent, maps in edges:
                mask = found[parent]
                if mask is not None:
                    for step in maps:
                        mask = step.reach(mask, zeros=zeros)
                    before = found[node]
                    found[node] = mask if before is None else before | mask
        return found

    def reach_back(self, seeds: Mapping[int, Mask], *, zeros: bool = True) -> list[Mask | None]:
        """At every node, which entries the marked ones depend on."""
        found: list[Mask | None] = [seeds.get(node) for node in range(len(self.edges))]
        for node in reversed(range(len(self.edges))):
            mask = found[node]
            if mask is not None:
                for parent, maps in self.edges[node]:
                    moved = mask
                    for step in reversed(maps):
                        moved = step.reach_back(moved, zeros=zeros)
                    before = found[parent]
                    found[parent] = moved if before is None else before | moved
        return found

    def errors(self, values: Mapping[int, Matrix], rounded: Container[int]) -> list[NDArray[np.float64]]:
        """At every node, about the most that rounding may have moved its entries: running error analysis."""
        found: list[NDArray[np.float64]] = []
        for node, edges in enumerate(self.edges):
            total = np.zeros((self.sizes[node], 1))
            for parent, maps in edges:
                columns = found[parent]
                if any(step.rounds for step in maps) and parent in values:
                    columns = columns + _ROUNDED * np.abs(values[parent].reshape(-1, 1))
                for step in maps:
                    columns = step.bound(columns)
                total = total + columns
            if node in rounded:
                total = total + _ROUNDED * np.abs(values[node].reshape(-1, 1))
            found.append(total)
        return [total[:, 0] for total in found]

    def drop_unused(self, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        """Take factors that are not finite for 0 where nothing that counts depends on them, as in unselected branches.

        Zero factors do count here: 0 times infinity is not known to be 0.
        """
        ahead = self.reach({node: np.ones(self.sizes[node], dtype=bool) for node in inputs}, zeros=False)
        behind = self.reach_back({node: np.ones(self.sizes[node], dtype=bool) for node in outputs}, zeros=False)
        for node, edges in enumerate(self.edges):
            for parent, maps in edges:
                arriving, leaving = ahead[parent], behind[node]
                if not any(isinstance(step, Scale) and not _finite(step.factor).all() for step in maps):
                    continue
                masks = []
                for step in reversed(maps):
                    masks.append(leaving)
                    leaving = None if leaving is None else step.reach_back(leaving, zeros=False)
                for step, after in zip(maps, reversed(masks), strict=True):
                    if isinstance(step, Scale):
                        counts = np.zeros(len(step.factor), dtype=bool)
                        if arriving is not None and after is not None:
                            counts = arriving & after
                        step.factor = np.where(_finite(step.factor) | counts[:, None], step.factor, 0)
                    arriving = None if arriving is None else step.reach(arriving, zeros=False)

    def _last_uses(self, wanted: Sequence[int]) -> NDArray[np.intp]:
        last = np.full(len(self.sizes), -1)
        for node, edges in enumerate(self.edges):
            for parent, _ in edges:
                last[parent] = node
        last[list(wanted)] = len(self.sizes)
        return last


def _finite(array: Any) -> Mask:
    return np.asarray(np.isfinite(array.astype(np.float64)))
