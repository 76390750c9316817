"""Strict homogeneous inequalities decided exactly, by a simplex method on rational numbers."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import flint

from conservative._core.exact.linear_algebra import as_python_fraction, to_flint


def strict_solution(strict: Sequence[Any], equal: Sequence[Any], width: int) -> tuple[Fraction, ...] | None:
    """A rational d with g . d > 0 for every strict row and e . d = 0 for every equation, or None when there is none.

    By Gordan's theorem there is none exactly when some convex combination of the strict rows lies in the span of the
    equations. Phase one of the simplex method looks for that combination; its multipliers are the direction
    otherwise. Bland's rule ends the search. Cost: a product of matrices of `width` + 2 rows for each pivot.
    """
    columns = [[*map(Fraction, g), Fraction(1)] for g in strict]
    columns += [[*(Fraction(sign * x) for x in e), Fraction(0)] for e in equal for sign in (1, -1)]
    right = [Fraction(0)] * width + [Fraction(1)]
    multipliers = _phase_one([list(row) for row in zip(*columns, strict=True)], right)
    return None if multipliers is None else tuple(-m for m in multipliers[:width])


def _phase_one(rows: list[list[Fraction]], right: list[Fraction]) -> list[Fraction] | None:
    """Multipliers that prove that rows x = right has no x >= 0, or None when there is one.

    The table has a column for each unknown, one for each artificial unknown and the right side; its last row holds
    the reduced costs of the sum of the artificial unknowns, which is brought down.
    """
    height, count = len(rows), len(rows[0])
    wide = [[*row, *(Fraction(i == j) for j in range(height)), right[i]] for i, row in enumerate(rows)]
    costs = [-sum(column, Fraction(0)) for column in zip(*wide, strict=True)]
    costs[count : count + height] = [Fraction(0)] * height
    table, basis = to_flint([*wide, costs]), list(range(count, count + height))
    while (entering := next((j for j in range(count) if table[height, j] < 0), None)) is not None:
        column = [table[i, entering] for i in range(height + 1)]
        rising = [i for i in range(height) if column[i] > 0]
        at = min(rising, key=lambda i: (table[i, count + height] / column[i], basis[i]))
        pivot_row = flint.fmpq_mat([[table[at, j] / column[at] for j in range(count + height + 1)]])
        column[at] -= 1
        table -= flint.fmpq_mat([[x] for x in column]) * pivot_row
        basis[at] = entering
    if table[height, count + height] == 0:
        return None
    return [1 - as_python_fraction(table[height, count + i]) for i in range(height)]
