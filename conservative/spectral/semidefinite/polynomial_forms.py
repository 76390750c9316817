"""Forms found in doubles, rounded to rationals, and the bound that exact arithmetic proves for them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import flint
import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import NEVER
from conservative._core.exact.linear_algebra import from_flint, to_flint
from conservative._core.families.as_family import ExactMatrix, MatrixFamily
from conservative.spectral.norms.raise_bound import raised
from conservative.spectral.norms.scaling import balanced_family, diagonal_balance
from conservative.spectral.semidefinite.adapted import adapted_basis, in_first_basis
from conservative.spectral.semidefinite.graph import LyapunovGraph, graph_pencil
from conservative.spectral.semidefinite.lift import monomial_weights, monomials, symmetric_lift, vanishing_matrix
from conservative.spectral.semidefinite.pencil import Pencil, symmetric_basis
from conservative.spectral.semidefinite.positivity import is_proved_semidefinite
from conservative.spectral.semidefinite.program_time import is_affordable
from conservative.spectral.semidefinite.quadratic_norm import common_quadratic_norm
from conservative.spectral.semidefinite.solve import solutions

FloatArray = NDArray[np.float64]

_SHORT_BITS = (16, 24, 36)
"""Fractional bits that are tried for the entries of the forms, to keep certificates short."""

_LOSS = 1e-9
"""Relative loss of the bound that shorter entries may cost."""

_SAFE_ORDER = 12
"""Order of the inequalities above which the bound is raised at once by what the quick proof needs."""


@dataclass(frozen=True, slots=True, eq=False)
class ProvedForms:
    """A form p_u(x) = m(x)^T G_u m(x) for each node of a graph, and the growth that they prove.

    `gamma`: gamma^(2 d) p_u(x) - p_v(A_i x) is a sum of squares for each edge (u, v, i), and every G_u is positive
    definite, both proved. `half_degree`: d, the degree of the monomials m. `grams`: g_u, one a node. `slacks`: positive
    semidefinite Q_e with gamma^(2 d) p_u(x) - p_v(A_i x) = m(x)^T Q_e m(x), one an edge.
    """

    gamma: Fraction
    half_degree: int
    grams: tuple[ExactMatrix, ...]
    slacks: tuple[ExactMatrix, ...]


@dataclass(frozen=True, slots=True, eq=False)
class BalancedFamily:
    """A family in a diagonal basis of powers of two, divided by a power of two: doubles near it, and exactly.

    Shapes: `floats` (k, n, n). `exact`: b_i = T A_i T^-1 / unit. `diagonal`: the diagonal of T.
    """

    floats: FloatArray
    exact: tuple[ExactMatrix, ...]
    diagonal: tuple[Fraction, ...]
    unit: Fraction


def balance(family: MatrixFamily) -> BalancedFamily:
    """The family with entries of about one, whatever the size of its own."""
    scaled = balanced_family(family)
    diagonal = tuple(Fraction(float(x)) for x in np.diag(diagonal_balance(family)))
    n = range(family.size)
    exact = tuple(
        tuple(tuple(a[i][j] * diagonal[i] / diagonal[j] / scaled.scale for j in n) for i in n) for a in family.exact
    )
    return BalancedFamily(scaled.floats, exact, diagonal, scaled.scale)


def proved_forms(
    family: MatrixFamily,
    graph: LyapunovGraph,
    *,
    half_degree: int = 1,
    low: Fraction = Fraction(0),
    deadline: float = NEVER,
    solver: str | None = None,
) -> ProvedForms:
    """The best forms that semidefinite programming finds on a graph, with the growth that is proved for them."""
    orders = [len(monomials(family.size, half_degree))] * (graph.count + len(graph.edges))
    if half_degree > 1 and not is_affordable(orders, deadline):
        return powers(
            proved_forms(family, graph, low=low, deadline=deadline, solver=solver), family, graph, half_degree
        )
    if not is_affordable(orders, deadline):
        return _of_one_norm(family, graph)
    balanced = balance(family)
    pencil = graph_pencil(graph, list(balanced.floats), half_degree=half_degree)
    floor = _raised(low / balanced.unit, 2 * half_degree)
    x = _solved(balanced.floats, graph, pencil, half_degree, _Limits(floor, deadline, solver))
    scale = _plain_scale(graph, pencil, family.size, half_degree)
    rounded = _shortened(pencil, x, scale)
    found = _prove(balanced, graph, pencil.rate(rounded / scale), rounded, half_degree)
    if found is None:
        start = pencil.identity()
        found = _prove(balanced, graph, pencil.rate(start), start * scale, half_degree)
    if found is None:
        raise ArithmeticError("the identity was not proved positive definite")
    return _in_given_basis(found, balanced, family.size)


def _of_one_norm(family: MatrixFamily, graph: LyapunovGraph) -> ProvedForms:
    """One quadratic norm on all nodes, which costs no program."""
    norm = common_quadratic_norm(family, time_limit=0.0)
    P, square = to_flint(norm.exact_weight), _power(norm.exact_gamma, 2)
    matrices = [to_flint(a) for a in family.exact]
    slacks = tuple(from_flint(P * square - matrices[i].transpose() * P * matrices[i]) for _, _, i in graph.edges)
    return ProvedForms(norm.exact_gamma, 1, (norm.exact_weight,) * graph.count, slacks)


def powers(found: ProvedForms, family: MatrixFamily, graph: LyapunovGraph, half_degree: int) -> ProvedForms:
    """The forms (x^T P_u x)^d of quadratic forms that are proved; what they prove needs no other proof.

    With W^2 the multinomial coefficients and L the symmetric lift, (x^T P x)^d = m(x)^T W^2 L(P) m(x), and the slack
    is W^2 (gamma^(2 d) L(P_u) - L(A_i^T P_v A_i)): symmetric powers keep the order of semidefinite matrices.
    """
    weights = [round(x) for x in monomial_weights(family.size, half_degree) ** 2]
    factor = _power(found.gamma, 2 * half_degree)

    def weighted(matrix: flint.fmpq_mat) -> ExactMatrix:
        return tuple(tuple(w * x for x in row) for w, row in zip(weights, from_flint(matrix), strict=True))

    lifts = [_rational_lift(gram, half_degree) for gram in found.grams]
    slacks = []
    for u, v, i in graph.edges:
        a = to_flint(family.exact[i])
        image = from_flint(a.transpose() * to_flint(found.grams[v]) * a)
        slacks.append(weighted(lifts[u] * factor - _rational_lift(image, half_degree)))
    return ProvedForms(found.gamma, half_degree, tuple(weighted(lift) for lift in lifts), tuple(slacks))


class _Limits(NamedTuple):
    floor: float
    deadline: float
    solver: str | None


def _solved(
    matrices: FloatArray, graph: LyapunovGraph, pencil: Pencil, half_degree: int, limits: _Limits
) -> FloatArray:
    """The best variables found in an adapted basis, or the identity, in the coordinates of the matrices."""
    best = pencil.identity()
    rate = pencil.rate(best)
    if not (rate > limits.floor and matrices.any()):
        return best
    change = adapted_basis(matrices, refine=graph.count > 1 or half_degree > 1, deadline=limits.deadline)
    if not is_affordable((*pencil.sizes, *pencil.weight_sizes), limits.deadline):
        own = in_first_basis(graph, best, change, half_degree=half_degree)  # the identity of the adapted basis
        return own if pencil.rate(own) < rate else best
    moved = change @ matrices @ np.linalg.inv(change)
    adapted = graph_pencil(graph, list(moved), half_degree=half_degree)
    for x, _ in solutions(adapted, low=limits.floor, deadline=limits.deadline, solver=limits.solver):
        own = in_first_basis(graph, x, change, half_degree=half_degree)
        found = pencil.rate(own)
        if found < rate:
            best, rate = own, found
    return best


def _plain_scale(graph: LyapunovGraph, pencil: Pencil, n: int, half_degree: int) -> FloatArray:
    """Factors that take x to entries in the plain monomials: those of the G_u hold two weights."""
    weight = monomial_weights(n, half_degree)
    upper = np.outer(weight, weight)[np.triu_indices(len(weight))]
    scale = np.ones(pencil.variables)
    scale[: graph.count * upper.size] = np.tile(upper, graph.count)
    return scale


def _shortened(pencil: Pencil, x: FloatArray, scale: FloatArray) -> FloatArray:
    """The entries in the plain monomials, in multiples of a power of two as coarse as the rate allows."""
    rate = pencil.rate(x)
    plain = x * scale
    plain /= np.abs(plain).max()
    for bits in _SHORT_BITS:
        coarse = np.ldexp(np.round(np.ldexp(plain, bits)), -bits)
        if pencil.rate(coarse / scale) <= rate * (1 + _LOSS):
            return coarse
    return plain


def _prove(
    balanced: BalancedFamily, graph: LyapunovGraph, estimate: float, x: FloatArray, half_degree: int
) -> ProvedForms | None:
    """Raise gamma until every inequality is proved, from the root of an estimate; None when no G_u need be positive."""
    n, power = balanced.floats.shape[1], 2 * half_degree
    grams = _rational_forms(graph, x, n, half_degree)
    if not np.isfinite(estimate) or not all(is_proved_semidefinite(gram, strict=True) for gram in grams):
        return None
    lifts = [_rational_lift(a, half_degree) for a in balanced.exact]
    rates = _estimates(estimate ** (1 / power), large=grams[0].nrows() > _SAFE_ORDER)
    gamma, images = next(rates), []
    for (u, v, i), vanishing in zip(graph.edges, _rational_vanishing(graph, x, n, half_degree), strict=True):
        image = vanishing - lifts[i].transpose() * grams[v] * lifts[i]
        while not is_proved_semidefinite(grams[u] * _power(gamma, power) + image):
            gamma = next(rates)
        images.append((u, image))
    factor = _power(gamma, power)
    slacks = tuple(from_flint(grams[u] * factor + image) for u, image in images)
    return ProvedForms(gamma, half_degree, tuple(from_flint(gram) for gram in grams), slacks)


def _power(gamma: Fraction, power: int) -> flint.fmpq:
    return flint.fmpq(gamma.numerator, gamma.denominator) ** power


def _estimates(estimate: float, *, large: bool) -> Iterator[Fraction]:
    """Candidates for gamma; for large matrices only those that leave the quick proof some room."""
    gamma = Fraction(max(estimate, 0.0))
    for value in raised(gamma):
        if not large or value >= gamma * (1 + Fraction(1, 10**12)) or gamma == 0:
            yield value


def _rational_forms(graph: LyapunovGraph, x: FloatArray, n: int, half_degree: int) -> list[flint.fmpq_mat]:
    """G_u in the plain monomials, exactly the doubles that they are."""
    size = len(monomials(n, half_degree))
    basis = symmetric_basis(size)
    triangles = x[: graph.count * basis.shape[1]].reshape(graph.count, -1)
    return [_as_rational((basis @ row).reshape(size, size)) for row in triangles]


def _as_rational(matrix: FloatArray) -> flint.fmpq_mat:
    return flint.fmpq_mat([[flint.fmpq(*float(x).as_integer_ratio()) for x in row] for row in matrix])


def _rational_lift(matrix: ExactMatrix, half_degree: int) -> flint.fmpq_mat:
    whole = flint.fmpq_mat([[flint.fmpq(x.numerator, x.denominator) for x in row] for row in matrix])
    numerators, denominator = whole.numer_denom()
    integers = np.array([[int(x) for x in row] for row in numerators.tolist()], dtype=object)
    lifted = symmetric_lift(integers.reshape(len(matrix), -1), half_degree)
    return flint.fmpq_mat(flint.fmpz_mat(lifted.tolist())) / flint.fmpq(int(denominator) ** half_degree)


def _rational_vanishing(graph: LyapunovGraph, x: FloatArray, n: int, half_degree: int) -> list[flint.fmpq_mat]:
    """N_e in the plain monomials, whose forms vanish exactly."""
    size = len(monomials(n, half_degree))
    used = graph.count * size * (size + 1) // 2
    coordinates = x[used:].reshape(len(graph.edges), -1)
    if coordinates.shape[1] == 0:
        return [flint.fmpq_mat(size, size)] * len(graph.edges)
    matrices = (vanishing_matrix(n, half_degree, [Fraction(float(c)) for c in row]) for row in coordinates)
    return [flint.fmpq_mat([[flint.fmpq(c.numerator, c.denominator) for c in row] for row in m]) for m in matrices]


def _in_given_basis(found: ProvedForms, balanced: BalancedFamily, n: int) -> ProvedForms:
    """The forms in the coordinates of the family itself: p(T x), and the slacks times unit^(2 d)."""
    scale = [Fraction(1)] * len(monomials(n, found.half_degree))
    for j, monomial in enumerate(monomials(n, found.half_degree)):
        for variable in monomial:
            scale[j] *= balanced.diagonal[variable]
    power = balanced.unit ** (2 * found.half_degree)

    def moved(matrix: ExactMatrix, factor: Fraction) -> ExactMatrix:
        return tuple(
            tuple(x * row_scale * column * factor for x, column in zip(row, scale, strict=True))
            for row, row_scale in zip(matrix, scale, strict=True)
        )

    grams = tuple(moved(gram, Fraction(1)) for gram in found.grams)
    slacks = tuple(moved(slack, power) for slack in found.slacks)
    return ProvedForms(found.gamma * balanced.unit, found.half_degree, grams, slacks)


def as_floats(matrices: Sequence[ExactMatrix]) -> FloatArray:
    """Rational matrices rounded to doubles, read-only; entries beyond doubles become infinite.

    Shapes: result (count, n, n).
    """

    def near(x: Fraction) -> float:
        try:
            return float(x)
        except OverflowError:
            return float("inf") if x > 0 else float("-inf")

    floats = np.array([[[near(x) for x in row] for row in matrix] for matrix in matrices])
    floats.setflags(write=False)
    return floats


def _raised(value: Fraction, exponent: int) -> float:
    """A power of a number that is at least 0, infinite beyond the doubles."""
    try:
        return math.pow(float(value), exponent)
    except OverflowError:
        return math.inf
