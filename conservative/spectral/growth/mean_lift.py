"""The lifts of a family to the monomials of one degree, in the mean or along a graph, exactly."""

import math
from collections.abc import Sequence

import flint
import numpy as np

from conservative._core.families.as_family import ExactMatrix, MatrixFamily
from conservative.spectral.automata.automaton import Edge
from conservative.spectral.semidefinite.lift import symmetric_lift


def mean_lift(family: MatrixFamily, degree: int) -> flint.fmpq_mat:
    """(1/k) sum_i L_i, where L_i maps the monomials of a degree at x to those at A_i x. Shapes: result (N, N)."""
    lifts = exact_lifts(family, degree)
    total = lifts[0]
    for lift in lifts[1:]:
        total = total + lift
    return total / flint.fmpq(family.count)


def path_lift(family: MatrixFamily, edges: Sequence[Edge], nodes: int, degree: int) -> flint.fmpq_mat:
    """The block matrix with the sum of L_i over the edges (u, v, i) in block row u and block column v.

    Its powers hold the sums of the lifts of the products along all paths of a length.

    Shapes: result (nodes N, nodes N).
    """
    lifts = [lift.tolist() for lift in exact_lifts(family, degree)]
    size = len(lifts[0])
    rows = [[flint.fmpq(0)] * (nodes * size) for _ in range(nodes * size)]
    for u, v, letter in edges:
        for r, row in enumerate(lifts[letter]):
            for c, x in enumerate(row):
                rows[u * size + r][v * size + c] += x
    return flint.fmpq_mat(rows)


def exact_lifts(family: MatrixFamily, degree: int) -> list[flint.fmpq_mat]:
    """The lift of every matrix, from integer arithmetic over one common denominator each. Shapes: result (N, N)."""
    return [_lift(m, degree) for m in family.exact]


def _lift(matrix: ExactMatrix, degree: int) -> flint.fmpq_mat:
    denominator = math.lcm(*(x.denominator for row in matrix for x in row))
    integers = np.array([[int(x * denominator) for x in row] for row in matrix], dtype=object)
    lifted = flint.fmpz_mat(symmetric_lift(integers, degree).tolist())
    return flint.fmpq_mat(lifted) / flint.fmpq(denominator**degree)
