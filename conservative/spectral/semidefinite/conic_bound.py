"""Conic bounds for nonnegative families: a positive vector that every matrix maps below a multiple of itself."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse.csgraph import connected_components

from conservative._core.errors import ArgumentError
from conservative._core.exact.linear_algebra import to_flint
from conservative._core.families.as_family import ExactMatrix, MatrixFamily, as_family
from conservative._core.numbers import float_above
from conservative._core.result_lines import result_line
from conservative.certificates import Certificate, PolytopeProof, upper_certificate
from conservative.spectral.automata.automaton import Automaton
from conservative.spectral.automata.lifting import as_automaton, lifted_family
from conservative.spectral.norms.raise_bound import double_above
from conservative.spectral.semidefinite.options import certificate_or_none
from conservative.spectral.semidefinite.polynomial_forms import BalancedFamily, balance

FloatArray = NDArray[np.float64]

_STEPS = 60
_LEAST_ENTRY, _LEAST_POSITIVE = 1e-9, 1e-30
_CLOSE = 1e-12
_BITS = 40
_ROOM = Fraction(1, 1 << 40)
"""What a bound of a family that falls into parts may add to those of the parts, relative to the largest entry."""

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
        return result_line(self, f"gamma={self.gamma!r}", f"weighted {norm} norm in dimension {len(self.vector)}")


def conic_bound(matrices: Any, *, automaton: Automaton | None = None) -> ConicBound:
    """An upper bound of the joint spectral radius of nonnegative matrices by linear programming.

    Experimental: nothing else in the package relies on it, and a release may change it.

    A vector v > 0 with A_i v <= gamma v for every i proves jsr <= gamma: the maximum norm weighted by v grows at most
    by gamma. The same holds for the transposes and a weighted sum norm; the smaller of the two bounds is returned.
    It is the radius for one matrix (Collatz and Wielandt) and at most k times the radius for k, but for rounding and,
    where matrices fall into parts, 2^-40 of their largest entry.

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
    Newton's steps, with bisection where they leave the interval. The positive eigenvector of the sum of the matrices is
    tried as well. Where no vector of a moderate range is best, the parts that reach each other (the strong components
    of all entries) are bounded one by one, and their vectors are put together, each much smaller than those before it.
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
    """The best gamma found, proved, and its vector in the coordinates of the family: of the whole or by its parts."""
    whole = _bound_whole(family)
    parts = _parts(family)
    if len(parts) == 1:
        return whole
    found = [_bound_whole(_restricted(family, part)) for part in parts]
    best = max(gamma for gamma, _ in found)
    room = _ROOM * (best or max(x for matrix in family.exact for row in matrix for x in row))
    if whole[0] <= best + room:
        return whole
    vector = _graded(family, parts, [own for _, own in found], best + room)
    return min(whole, (double_above(_rate(family.exact, vector)), vector), key=lambda one: one[0])


def _parts(family: MatrixFamily) -> list[list[int]]:
    """The strong components of the graph of all entries, each before those that it reaches."""
    edges = np.array([[any(m[i][j] for m in family.exact) for j in range(family.size)] for i in range(family.size)])
    count, labels = connected_components(edges, connection="strong")
    reached = edges | np.eye(family.size, dtype=bool)
    for _ in range(family.size.bit_length()):
        reached = reached @ reached
    return sorted(
        (np.flatnonzero(labels == c).tolist() for c in range(count)), key=lambda part: -reached[part[0]].sum()
    )


def _restricted(family: MatrixFamily, part: list[int]) -> MatrixFamily:
    exact = tuple(tuple(tuple(m[i][j] for j in part) for i in part) for m in family.exact)
    return MatrixFamily(np.ascontiguousarray(family.floats[:, part][:, :, part]), exact)


def _graded(
    family: MatrixFamily, parts: list[list[int]], own: list[tuple[Fraction, ...]], gamma: Fraction
) -> tuple[Fraction, ...]:
    """The vectors of the parts, each made so small that what comes from it fits below gamma in all parts before."""
    vector = [Fraction(0)] * family.size
    left: list[dict[int, Fraction]] = [{} for _ in family.exact]
    for number, (part, values) in enumerate(zip(parts, own, strict=True)):
        come = [_images(m, [*rows], part, values) for m, rows in zip(family.exact, left, strict=True)]
        shares = [rows[r] / x for rows, new in zip(left, come, strict=True) for r, x in new.items() if x]
        size = min([Fraction(1), *shares]) / (len(parts) - number)
        scale = Fraction(1, 1 << max(0, size.denominator.bit_length() - size.numerator.bit_length() + 1))
        for m, rows, new in zip(family.exact, left, come, strict=True):
            rows.update({r: rows[r] - scale * x for r, x in new.items()})
            inner = _images(m, part, part, values)
            rows.update({r: scale * (gamma * v - inner[r]) for r, v in zip(part, values, strict=True)})
        for j, v in zip(part, values, strict=True):
            vector[j] = scale * v
    return tuple(vector)


def _images(m: ExactMatrix, rows: Sequence[int], columns: Sequence[int], v: Sequence[Fraction]) -> dict[int, Fraction]:
    return {r: sum((m[r][j] * x for j, x in zip(columns, v, strict=True)), Fraction(0)) for r in rows}


def _bound_whole(family: MatrixFamily) -> tuple[Fraction, tuple[Fraction, ...]]:
    balanced = balance(family)
    proved = (_proved(balanced, vector) for vector in _vectors(balanced.floats))
    gamma, vector = min(proved, key=lambda found: found[0])
    own = tuple(v / t for v, t in zip(vector, balanced.diagonal, strict=True))
    return double_above(gamma * balanced.unit), own


def _proved(balanced: BalancedFamily, vector: FloatArray) -> tuple[Fraction, tuple[Fraction, ...]]:
    """The rate of a vector, in exact arithmetic, each of its entries rounded to a few bits."""
    digits, powers = np.frexp(vector)
    exact = tuple(Fraction(x) for x in np.ldexp(np.rint(np.ldexp(digits, _BITS)), powers - _BITS).tolist())
    if min(exact) <= 0:
        exact = (Fraction(1),) * len(exact)
    return _rate(balanced.exact, exact), exact


def _rate(matrices: Sequence[ExactMatrix], vector: tuple[Fraction, ...]) -> Fraction:
    """The largest quotient (A_i v)_r / v_r over all rows."""
    column = to_flint([[x] for x in vector])
    images = ((to_flint(matrix) * column).tolist() for matrix in matrices)
    return max(Fraction(int(y[0].p), int(y[0].q)) / v for image in images for y, v in zip(image, vector, strict=True))


def _vectors(matrices: FloatArray) -> Iterator[FloatArray]:
    """The vector of ones, the positive vector of the sum, then the best vector of Newton's method in doubles."""
    k, n, _ = matrices.shape
    rows = np.maximum(matrices.reshape(k * n, n), 0.0)
    identity = np.tile(np.eye(n), (k, 1))
    vector = np.ones(n)
    yield vector
    yield _perron(np.maximum(matrices, 0.0).sum(axis=0))
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


def _perron(total: FloatArray) -> FloatArray:
    """The eigenvector of the largest eigenvalue of a nonnegative matrix, made positive."""
    values, vectors = np.linalg.eig(total)
    vector = np.abs(vectors[:, int(np.argmax(values.real))])
    for _ in range(len(total)):  # small entries come out by sums of positive terms, with small relative errors
        vector = vector + total @ vector / max(float(values.real.max()), 1e-300)
        vector = vector / vector.max()
    return np.asarray(np.maximum(vector, _LEAST_POSITIVE))


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
