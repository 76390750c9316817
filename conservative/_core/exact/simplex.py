"""Strict homogeneous inequalities decided exactly, by a simplex method on rational numbers."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any


def strict_solution(strict: Sequence[Any], equal: Sequence[Any], width: int) -> tuple[Fraction, ...] | None:
    """A rational d with g . d > 0 for every strict row and e . d = 0 for every equation, or None when there is none.

    By Gordan's theorem there is none exactly when some convex combination of the strict rows lies in the span of the
    equations. Phase one of the simplex method looks for that combination; its multipliers are the direction
    otherwise. Bland's rule ends the search. Cost: pivots of a table of n + 1 rows in `Fraction`.
    """
    columns = [([Fraction(x) for x in g], Fraction(1)) for g in strict]
    for e in equal:
        columns += [([Fraction(s * x) for x in e], Fraction(0)) for s in (1, -1)]
    rows = [[c[0][i] for c in columns] for i in range(width)]
    rows.append([c[1] for c in columns])
    table = _Table(rows, [Fraction(0)] * width + [Fraction(1)])
    multipliers = table.minimise()
    return None if multipliers is None else tuple(-m for m in multipliers[:width])


class _Table:
    """min sum of artificial variables subject to rows x + artificials = right, x >= 0."""

    def __init__(self, rows: list[list[Fraction]], right: list[Fraction]) -> None:
        self.count, self.height = len(rows[0]), len(rows)
        unit = [[Fraction(int(i == j)) for j in range(self.height)] for i in range(self.height)]
        self.rows = [row + unit[i] + [right[i]] for i, row in enumerate(rows)]
        self.basis = [self.count + i for i in range(self.height)]
        self.cost = [-sum(column, Fraction(0)) for column in zip(*self.rows, strict=True)]
        for i in range(self.height):
            self.cost[self.count + i] = Fraction(0)

    def minimise(self) -> list[Fraction] | None:
        """The multipliers that prove the minimum positive, or None when it is zero."""
        while True:
            entering = next((j for j in range(self.count) if self.cost[j] < 0), None)
            if entering is None:
                break
            ratios = [
                (row[-1] / row[entering], self.basis[i], i) for i, row in enumerate(self.rows) if row[entering] > 0
            ]
            self._pivot(min(ratios)[2], entering)
        if self.cost[-1] == 0:
            return None
        return [1 - self.cost[self.count + i] for i in range(self.height)]

    def _pivot(self, at: int, entering: int) -> None:
        scale = self.rows[at][entering]
        pivot_row = self.rows[at] = [x / scale for x in self.rows[at]]
        for i, row in enumerate(self.rows):
            if i != at and row[entering]:
                factor = row[entering]
                self.rows[i] = [x - factor * y for x, y in zip(row, pivot_row, strict=True)]
        factor = self.cost[entering]
        self.cost = [x - factor * y for x, y in zip(self.cost, pivot_row, strict=True)]
        self.basis[at] = entering
