"""Sorting on the graph: networks of switches whose number is polynomial in the number of values.

A comparator puts two values in order by two Piecewise nodes with one guard, which share their choice at a
tie; every piece of a sorted list is therefore a permutation of the values, and every one that sorts occurs.
"""

from fractions import Fraction
from typing import final

from conservative._core.errors import FunctionError
from conservative.functions.graph.builder import Builder
from conservative.functions.graph.nodes import Label


@final
class Networks:
    """Sorted values and sums of largest values of lists of nodes, each list expanded once."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self._sorted: dict[tuple[int, ...], list[int]] = {}
        self._sums: dict[tuple[int, ...], list[list[int]]] = {}

    def sorted_value(self, inputs: list[int]) -> int:
        """The k-th smallest of values; `inputs` are the node of k, then the values."""
        rank, values = self._rank(inputs, "SortedValue")
        return self._sort(values)[rank - 1]

    def largest_sum(self, inputs: list[int]) -> int:
        """The sum of the k largest values; `inputs` are the node of k, then the values."""
        rank, values = self._rank(inputs, "LargestSum")
        return self._sums_of(values, rank)[rank][len(values)]

    def _rank(self, inputs: list[int], name: str) -> tuple[int, tuple[int, ...]]:
        if len(inputs) < 2:
            raise FunctionError(f"{name} needs a rank and at least one value.")
        rank, values = self.builder.nodes[inputs[0]].data, tuple(inputs[1:])
        if not isinstance(rank, Fraction) or rank.denominator != 1 or not 1 <= rank <= len(values):
            raise FunctionError(f"{name} needs a whole number between 1 and {len(values)} as its rank.")
        return int(rank), values

    def _sort(self, values: tuple[int, ...]) -> list[int]:
        """Merge sort whose merge is Batcher's: the same comparisons whatever the values are."""
        if len(values) == 1:
            return [values[0]]
        if values not in self._sorted:
            half = len(values) // 2
            self._sorted[values] = self._merge(self._sort(values[:half]), self._sort(values[half:]), values)
        return self._sorted[values]

    def _merge(self, left: list[int], right: list[int], values: tuple[int, ...]) -> list[int]:
        if not left or not right:
            return left or right
        if len(left) == len(right) == 1:
            return self._label([*self._comparator(left[0], right[0])], values)
        odd, even = (self._merge(a, b, (*a, *b)) for a, b in ((left[i::2], right[i::2]) for i in (0, 1)))
        paired = min(len(even), len(odd) - 1)
        merged = [odd[0]]
        for low, high in zip(even[:paired], odd[1 : paired + 1], strict=True):
            merged.extend(self._comparator(low, high))
        return self._label(merged + odd[paired + 1 :] + even[paired:], values)

    def _comparator(self, left: int, right: int) -> tuple[int, int]:
        build = self.builder
        in_order, otherwise = build.relation("le", left, right), build.truth(True)
        smaller = build.piecewise([(left, in_order), (right, otherwise)])
        return smaller, build.piecewise([(right, in_order), (left, otherwise)])

    def _label(self, ranked: list[int], values: tuple[int, ...]) -> list[int]:
        for rank, node in enumerate(ranked, start=1):
            self.builder.label(node, Label("SortedValue", rank, values))
        return ranked

    def _sums_of(self, values: tuple[int, ...], most: int) -> list[list[int]]:
        """sums[k][i] is the sum of the k largest of the first i values; only i >= k is filled.

        sums[k][i] = max(sums[k][i-1], sums[k-1][i-1] + values[i-1]) is tied along the way to an answer only where
        two sets of k values share the largest sum, so that the pieces are those sets, each met once.
        """
        build = self.builder
        sums = self._sums.setdefault(values, [[build.constant(Fraction(0))] * (len(values) + 1)])
        while len(sums) <= most:
            k, before = len(sums), sums[-1]
            row = [before[0]] * k + [build.add(values[:k])]
            for i in range(k + 1, len(values) + 1):
                added = build.add([before[i - 1], values[i - 1]])
                row.append(build.extremum("max", [row[-1], added]))
                if k > 1:
                    build.label(row[-1], Label("LargestSum", k, values[:i]))
            sums.append(row)
        return sums
