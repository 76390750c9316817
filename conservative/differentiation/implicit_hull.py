"""Gaps to and from conv J_imp, also where the vertex solves of J_imp do not span it: an inner and an outer set."""

import itertools
from fractions import Fraction

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.exact.linear_algebra import to_flint
from conservative._core.families.as_family import ExactMatrix
from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket, round_down, round_up
from conservative.differentiation.solve_cells import SolveCells
from conservative.matrix_sets import MatrixPolytope

Floats = NDArray[np.float64]

_ROUNDS = 200
"""Most directions in which the support function of J_imp is bounded for one gap."""

_CELLS = 60_000
"""Most cells of solves."""

_GUESSES = 200
"""Most choices of generators that are tried on a set of blocks."""


class ImplicitHull:
    """conv{(Id − A)⁻¹B} over the hull of blocks.

    Shapes: `blocks` (k, p, p + m), `vertices` (k, p, m). `vertices`: the solves at the blocks, correctly rounded.
    `total`: at least ‖(Id − A)⁻¹‖₂ over the hull of the blocks. `whole`: whether the vertex solves are proved to have
    the same hull as all solves.
    """

    def __init__(self, blocks: Floats, vertices: Floats, total: float, *, whole: bool) -> None:
        self.whole = whole or len(blocks) == 1
        self.cells = None if self.whole else SolveCells(blocks, total, most=_CELLS)
        self.points = vertices
        self.rounding = UNIT_ROUNDOFF * float(frobenius_bounds(vertices)[1].max()) * 1.01
        if self.cells is not None:
            self.rounding = max(self.rounding, float(self.cells.loose.max()))

    @property
    def inner(self) -> MatrixPolytope:
        """The hull of the solves that questions came across."""
        return MatrixPolytope(self.points)

    def gap_from(self, X: MatrixPolytope, *, tol: float) -> Bracket:
        """gap(X, conv J_imp): to the nearest solves found from above, by support planes from below.

        The vertex of X that may be farthest is looked at until it is settled: with D from its nearest point in the hull
        of the known solves, ⟨D, X⟩ − h(D) bounds its distance from below, and the solve that attains h(D) joins them.
        """
        lower = np.zeros(len(X.vertices))
        for _ in range(_ROUNDS):
            found = self.inner.project(X.vertices)
            if self.cells is None:
                return _widened(Bracket(float(found.lower.max()), float(found.upper.max())), self.rounding)
            worst = int(found.upper.argmax())
            most = float(found.upper[worst])
            if most <= float(lower.max()) + tol:
                break
            D = X.vertices[worst] - found.nearest[worst]
            size = float(np.sqrt((D * D).sum()))
            if size < 1e-300:
                break
            D *= (1.0 - 1e-14) / size  # at most of norm 1, rounding included
            support, solve = self._support(D, tol=0.25 * tol)
            reach = float(frobenius_bounds(X.vertices[worst])[1]) + abs(support.upper)
            noise = 4.0 * (D.size + 8) * UNIT_ROUNDOFF * reach
            improved = max(float(lower[worst]), float((D * X.vertices[worst]).sum()) - support.upper - noise)
            settled = improved <= lower[worst] and bool((self.points == solve).all(axis=(1, 2)).any())
            lower[worst] = improved
            if settled:
                break
            self.points = np.concatenate([self.points, solve[None]])
        upper = float(self.inner.project(X.vertices).upper.max())
        return _widened(Bracket(min(float(lower.max()), upper), upper), self.rounding)

    def gap_to(self, Y: MatrixPolytope, *, tol: float) -> Bracket:
        """gap(conv J_imp, Y)."""
        if self.cells is None:
            ends = Y.project(self.points)
            return _widened(Bracket(float(ends.lower.max()), float(ends.upper.max())), self.rounding)

        def away(points: Floats) -> tuple[Floats, Floats]:
            found = Y.project(points)
            return found.lower, found.upper

        found, solve = self.cells.largest(away, tol=tol)
        self.points = np.concatenate([self.points, solve[None]])
        return Bracket(max(0.0, found.lower), max(0.0, found.upper))

    def _support(self, D: Floats, *, tol: float) -> tuple[Bracket, Floats]:
        assert self.cells is not None

        def along(points: Floats) -> tuple[Floats, Floats]:
            values = np.einsum("nij,ij->n", points, D)
            noise = (D.size + 4) * UNIT_ROUNDOFF * frobenius_bounds(points)[1]
            return values - noise, values + noise

        return self.cells.largest(along, tol=tol)


def _widened(found: Bracket, rounding: float) -> Bracket:
    """The same gap where points stand for others within this distance."""
    lower = max(0.0, round_down(found.lower - rounding))
    return Bracket(lower, round_up(found.upper + rounding) if found.upper > 0.0 else rounding)


def is_box_of_rank_one(blocks: tuple[ExactMatrix, ...]) -> bool:
    """Whether the blocks are the 2^t vertices of base + Σ [0, 1] u_i v_iᵀ: then vertex solves have the hull of all.

    Each t_i moves the solve along a segment, by Sherman–Morrison.
    """
    count, ties = len(blocks), len(blocks).bit_length() - 1
    if count != 1 << ties:
        return False
    flat = [tuple(x for row in block for x in row) for block in blocks]
    base, width = flat[0], len(blocks[0][0])
    steps = [tuple(a - b for a, b in zip(other, base, strict=True)) for other in flat[1:]]
    thin = [step for step in steps if _rank(step, width) == 1]
    wanted = set(flat)
    guesses = itertools.islice(itertools.combinations(thin, ties), _GUESSES)
    return any(_corners(base, chosen) == wanted for chosen in guesses)


def _rank(step: tuple[Fraction, ...], width: int) -> int:
    rows = tuple(step[i : i + width] for i in range(0, len(step), width))
    matrix: flint.fmpq_mat = to_flint(rows)
    return int(matrix.rank())


def _corners(base: tuple[Fraction, ...], steps: tuple[tuple[Fraction, ...], ...]) -> set[tuple[Fraction, ...]]:
    corners = {base}
    for step in steps:
        corners |= {tuple(a + b for a, b in zip(corner, step, strict=True)) for corner in corners}
    return corners
