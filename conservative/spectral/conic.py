"""Conic bounds for nonnegative families: a positive vector that every matrix maps below a multiple of itself."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from conservative._core.errors import ArgumentError
from conservative._core.exact_linalg import to_flint
from conservative._core.families import MatrixFamily, as_family
from conservative._core.numbers import float_above
from conservative.certificates import Certificate, PolytopeProof, upper_certificate
from conservative.spectral.automata import as_automaton, lifted_family
from conservative.spectral.automaton import Automaton
from conservative.spectral.raising import double_above
from conservative.spectral.semidefinite.forms import Balanced, balance
from conservative.spectral.semidefinite.options import certificate_or_none

FloatArray = NDArray[np.float64]

_STEPS = 60
_LEAST_ENTRY = 1e-9
_CLOSE = 1e-12
_BITS = 40
_CALL = "conic_bound"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ConicBound:
    """A positive vector v with A_i v <= gamma v, or A_i^T v <= gamma v, for every i.

    Parameters
    ----------
    gamma : float
        A proved upper bound of the joint spectral radius, at least `exact_gamma`.
    exact_gamma : Fraction
    vector : tuple of Fraction
        v; for the lifted family when there is an automaton.
    transposed : bool
        False: A_i v <= gamma v, the weighted maximum norm max x_r / v_r contracts. True: A_i^T v <= gamma v, the
        weighted sum norm, sum of v_r x_r, does.
    certificate : Certificate or None
        The claim as an invariant polytope; None beyond the checker's limits.
    """

    gamma: float
    exact_gamma: Fraction
    vector: tuple[Fraction, ...] = field(repr=False)
    transposed: bool
    certificate: Certificate | None

    def __repr__(self) -> str:
        norm = "sum" if self.transposed else "maximum"
        return f"ConicBound(gamma={self.gamma!r}, weighted {norm} norm, order {len(self.vector)})"


def conic_bound(matrices: Any, *, automaton: Automaton | None = None) -> ConicBound:
    """An upper bound of the joint spectral radius of nonnegative matrices by linear programming.

    A vector v > 0 with A_i v <= gamma v for every i proves jsr <= gamma: the maximum norm weighted by v grows at most
    by gamma. The same holds for the transposes and a weighted sum norm; the smaller of the two bounds is returned.
    It is exact for one matrix (Collatz and Wielandt) and at most k times the radius for the transposes.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), or anything `as_family` reads
        Entries >= 0.
    automaton : Automaton, optional
        Bound the growth of its words only.

    Returns
    -------
    ConicBound

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentTypeError
    ArgumentError
        When an entry is negative.

    Notes
    -----
    The smallest gamma is the root of the largest t with gamma v - A_i v >= t, a linear program (HiGHS); it is found by
    Newton's steps, with bisection where they leave the interval.
    The vector is rounded to rationals; gamma is then the largest quotient (A_i v)_r / v_r, computed exactly.

    References
    ----------
    [blondelnesterov2005]_, [protasov2010]_

    Examples
    --------
    >>> golden = conic_bound([[[1, 1], [0, 1]], [[1, 0], [1, 1]]])
    >>> golden.exact_gamma, [str(x) for x in golden.vector]
    (Fraction(2, 1), ['1', '1'])
    """
    family = as_family(matrices, call=_CALL)
    for i, matrix in enumerate(family.exact):
        if any(x < 0 for row in matrix for x in row):
            raise ArgumentError(
                f"`{_CALL}(matrices=...)` needs nonnegative entries; matrix {i} has a negative one. "
                "Use `sum_of_squares_bound` or `path_complete_bound`."
            )
    if automaton is not None:
        automaton = as_automaton(automaton, count=family.count, call=_CALL)
    lifted = family if automaton is None else lifted_family(family, automaton)
    rows = _bound(lifted)
    columns = _bound(_transposed(lifted))
    (gamma, vector), transposed = (columns, True) if columns[0] < rows[0] else (rows, False)
    proof = _column_proof(lifted, vector, gamma) if transposed else _row_proof(lifted, vector)
    certificate = certificate_or_none(lambda: upper_certificate(family, proof, gamma, automaton=automaton))
    return ConicBound(float_above(gamma) + 0.0, gamma, vector, transposed, certificate)


def _transposed(family: MatrixFamily) -> MatrixFamily:
    exact = tuple(tuple(zip(*matrix, strict=True)) for matrix in family.exact)
    return MatrixFamily(np.ascontiguousarray(family.floats.transpose(0, 2, 1)), exact)


def _bound(family: MatrixFamily) -> tuple[Fraction, tuple[Fraction, ...]]:
    """The best gamma found, proved, and its vector in the coordinates of the family."""
    balanced = balance(family)
    proved = (_proved(balanced, vector) for vector in _vectors(balanced.floats))
    gamma, vector = min(proved, key=lambda found: found[0])
    own = tuple(v / t for v, t in zip(vector, balanced.diagonal, strict=True))
    return double_above(gamma * balanced.unit), own


def _proved(balanced: Balanced, vector: FloatArray) -> tuple[Fraction, tuple[Fraction, ...]]:
    """The largest quotient (A_i v)_r / v_r over all rows, in exact arithmetic, for the rounded vector."""
    exact = tuple(Fraction(int(x), 1 << _BITS) for x in np.rint(np.ldexp(vector / vector.max(), _BITS)))
    if min(exact) <= 0:
        exact = (Fraction(1),) * len(exact)
    column = to_flint([[x] for x in exact])
    images = ((to_flint(matrix) * column).tolist() for matrix in balanced.exact)
    quotients = (Fraction(int(y[0].p), int(y[0].q)) / v for image in images for y, v in zip(image, exact, strict=True))
    return max(quotients), exact


def _vectors(matrices: FloatArray) -> Iterator[FloatArray]:
    """The vector of ones, then the best vector of Newton's method in doubles."""
    k, n, _ = matrices.shape
    rows = np.maximum(matrices.reshape(k * n, n), 0.0)
    identity = np.tile(np.eye(n), (k, 1))
    vector = np.ones(n)
    yield vector
    gamma = best = float(rows.sum(axis=1).max())
    low = 0.0
    objective = np.append(np.zeros(n), -1.0)
    for _ in range(_STEPS):
        if not gamma > 0:
            break
        inequalities = np.hstack([rows - gamma * identity, np.ones((k * n, 1))])
        found = linprog(
            objective,
            A_ub=inequalities,
            b_ub=np.zeros(k * n),
            A_eq=np.append(np.ones(n), 0.0)[None],
            b_eq=[float(n)],
            bounds=[(_LEAST_ENTRY, None)] * n + [(None, None)],
            method="highs",
        )
        if found.status != 0:
            break
        trial = np.maximum(found.x[:n], _LEAST_ENTRY)
        rate = float(((rows @ trial) / np.tile(trial, k)).max())
        if rate < best:
            vector, best = trial, rate
        if found.x[n] < 0 and rate > gamma:
            low = max(low, gamma)
        slope = float(-found.ineqlin.marginals @ np.tile(trial, k))
        newton = gamma - float(found.x[n]) / slope if slope > 0 else low
        if abs(newton - gamma) <= _CLOSE * gamma or best - low <= _CLOSE * best:
            break
        gamma = newton if low < newton < best else (low + best) / 2
    yield vector


def _row_proof(family: MatrixFamily, vector: Sequence[Fraction]) -> PolytopeProof:
    """The box 0 <= x <= v, which A_i / gamma maps into itself: one vertex, its own image."""
    common = _common_denominator(vector)
    vertices = [[int(x * common) for x in vector]]
    return PolytopeProof("monotone", common, vertices, [], 1, [], 1, [[[(0, 1)]] for _ in range(family.count)])


def _column_proof(family: MatrixFamily, vector: Sequence[Fraction], gamma: Fraction) -> PolytopeProof:
    """The simplex x >= 0, sum v_r x_r <= 1 with vertices e_r / v_r; images have coefficients v_j A_jr / (v_r gamma)."""
    n = family.size
    corners = [1 / x for x in vector]
    common = _common_denominator(corners)
    vertices = [[int(corners[r] * common) if r == c else 0 for c in range(n)] for r in range(n)]
    divisor = gamma if gamma > 0 else Fraction(1)
    images = [
        [[(j, vector[j] * a[j][r] / (vector[r] * divisor)) for j in range(n) if a[j][r] != 0] for r in range(n)]
        for a in family.exact
    ]
    weight = _common_denominator([c for rows in images for image in rows for _, c in image])
    whole = [[[(j, int(c * weight)) for j, c in image] for image in rows] for rows in images]
    return PolytopeProof("monotone", common, vertices, [], 1, [], weight, whole)


def _common_denominator(values: Sequence[Fraction]) -> int:
    common = 1
    for value in values:
        common = math.lcm(common, value.denominator)
    return common
