"""How far rounding may have moved the members of a set in doubles: running error analysis of the sweeps."""

import math

import numpy as np

from conservative._core.numbers import UNIT_ROUNDOFF, round_up
from conservative.programs.array.run import Run

_MOST = 1e-3
"""Roundings in units of the last place beyond which nothing is claimed."""


def sweep_rounding(run: Run, inputs: list[tuple[int, int, int]], outputs: list[int]) -> float | None:
    """A bound of the Frobenius error of every B + Y (I − S L)⁻¹ S Z; None where factors depend on rounded values.

    Each entry is a sum over ways through the tape, on which w follows z, of products of constants. With at most D
    roundings on a way its error is at most γ_D = D u / (1 − D u) times the sum of absolute values [Higham 2002]; the
    sum over columns, one sweep of a vector, bounds the row. Constants of the program count as they are in doubles.
    """
    if run.exact:
        return 0.0
    if run.curved:
        return None
    after = {part.w: part.z for part in run.switches} | {part.w: part.z for part in run.guarded}
    found: list[np.ndarray] = []
    depth = 4.0 * run.slots + 8
    seeds = {node for node, _, _ in inputs}
    for node, edges in enumerate(run.tape.edges):
        total = found[after[node]] if node in after else np.full((run.tape.sizes[node], 1), float(node in seeds))
        longest = 0.0
        for parent, maps in edges:
            columns = found[parent]
            for step in maps:
                columns = step.bound(columns)
            total = total + columns
            longest = max(longest, sum(step.roundings for step in maps))
        found.append(total)
        depth += longest + max(0, len(edges) - 1)
    ends = [found[node] for node in outputs if node >= 0]
    size = math.sqrt(sum(float((end**2).sum()) for end in ends))
    if not (math.isfinite(size) and depth * UNIT_ROUNDOFF < _MOST):
        return None
    return round_up(1.01 * depth * UNIT_ROUNDOFF * size + 1e-300)
