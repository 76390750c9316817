"""Antinorms of nonnegative families: sets that matrices keep from zero prove lower bounds of the slowest growth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from conservative._core.exact.linear_algebra import as_python_fraction, to_flint
from conservative._core.families.as_family import MatrixFamily
from conservative.certificates import ConePart
from conservative.spectral.automata.automaton import Edge

FloatArray = NDArray[np.float64]

MOST_VERTICES = 80
"""Vertices at most; each image costs a linear program with one column per vertex."""

LARGEST_QUOTIENT = 1e100
"""Entries are compared with the rate up to here: beyond, products of a few matrices overflow, and no bound comes."""

SLACKS = (1e-11, 1e-6, 1e-3, 1e-2)
"""Relative amounts by which a rate below that of the candidate is tried, one after the other."""

_DIGITS = 40
"""Binary digits of vertices and weights, which keep certificates short."""


@dataclass(frozen=True, slots=True, eq=False)
class WeightedGraph:
    """The matrices of a nonnegative family along the edges (u, v, i) of an automaton; one node, if there is none.

    `family`: a matrix for each edge.
    """

    family: MatrixFamily
    edges: Sequence[Edge]
    nodes: int

    def transposed(self) -> "WeightedGraph":
        """The transposed matrices along the edges turned round."""
        exact = tuple(tuple(zip(*m, strict=True)) for m in self.family.exact)
        floats = np.ascontiguousarray(self.family.floats.transpose(0, 2, 1))
        return WeightedGraph(MatrixFamily(floats, exact), [(v, u, i) for u, v, i in self.edges], self.nodes)


@dataclass(frozen=True, slots=True)
class _Cone:
    """Vertices, each at a node, and for each edge and vertex the weights of the combination below its image."""

    vertices: FloatArray
    at: list[int]


def proved_antinorm_rates(
    graph: WeightedGraph, word: Sequence[int], rate: float, *, side: str
) -> Iterator[tuple[Fraction, ConePart]]:
    """Better and better proved lower bounds of the lower spectral radius of a nonnegative family.

    Let v_1..v_m >= 0 be nonzero, each at a node, and for every edge (u, v, i) and v_j at v let A_i v_j >= g sum_k c_k
    v_k with c >= 0, sum c = 1 and v_k at u. Every point of K_v = conv{v_j at v} + R^n_+ is then mapped into g K_u by
    A_i, since A_i >= 0. So M_w v_j is in g^|w| K_u, and K_u stays away from 0: ||M_w|| >= C g^|w|, hence the lower
    spectral radius is at least g. The vector of ones at every node comes first: it proves the least row sum. Then
    images of eigenvectors, added until none leaves K; doubles and linear programs choose them, and g is the least
    quotient of entries in exact arithmetic, valid for any choice.

    `rate`: about rho(M_w)^(1/|w|), positive. Yields: each one proved; the last need not be the largest.

    [guglielmiprotasov2013]_
    """
    n, nodes = graph.family.size, sorted({x for u, v, _ in graph.edges for x in (u, v)})
    with np.errstate(over="ignore"):
        scaled = graph.family.floats / rate
    yield _proved(graph, _Cone(np.ones((len(nodes), n)), nodes), scaled, side)
    if not scaled.max() < LARGEST_QUOTIENT:
        return
    for slack in SLACKS:
        cone = _grown(graph, scaled / (1 - slack), _cycle(graph, scaled, word))
        missing = [u for u in nodes if u not in cone.at]
        if missing:
            seeds = _Cone(np.vstack([cone.vertices, np.ones((len(missing), n))]), cone.at + missing)
            cone = _grown(graph, scaled / (1 - slack), seeds)
        if set(cone.at) >= set(nodes):
            yield _proved(graph, cone, scaled, side)
        if len(cone.at) < MOST_VERTICES:
            return


def _cycle(graph: WeightedGraph, scaled: FloatArray, word: Sequence[int]) -> _Cone:
    """The leading eigenvector of a product, and its images along the word."""
    product = np.linalg.multi_dot([np.eye(scaled.shape[1]), *scaled[list(word)], np.eye(scaled.shape[1])])
    values, vectors = np.linalg.eig(product)
    v = np.abs(vectors[:, np.argmax(np.abs(values))].real)
    points: list[FloatArray] = []
    for edge in reversed(word):
        v = scaled[edge] @ v
        points.append(v / v.sum() if not points and v.sum() > 0 else v)
        v = points[-1]
    kept = [(p, graph.edges[e][0]) for p, e in zip(points, reversed(word), strict=True) if p.sum() > 0]
    return _Cone(_short(np.array([p for p, _ in kept]).reshape(-1, scaled.shape[1])), [u for _, u in kept])


def _grown(graph: WeightedGraph, matrices: FloatArray, start: _Cone) -> _Cone:
    """Vertices of sets that are mapped into each other, or as many as are allowed."""
    vertices, at = start.vertices[:MOST_VERTICES], list(start.at[:MOST_VERTICES])
    fresh = list(range(len(at)))
    while fresh and len(at) < MOST_VERTICES:
        images = [
            (matrices[e] @ vertices[j], u) for j in fresh for e, (u, v, _) in enumerate(graph.edges) if v == at[j]
        ]
        fresh = []
        for image, u in sorted(images, key=lambda pair: float(pair[0].sum())):
            if len(at) >= MOST_VERTICES:
                break
            here = vertices[[k for k, w in enumerate(at) if w == u]]
            if not image.any() or (len(here) and _largest_factor(here, image)[0] >= 1 - 1e-13):
                continue
            fresh.append(len(at))
            vertices, at = np.vstack([vertices, _short(image)]), [*at, u]
    return _Cone(vertices, at)


def _short(vectors: FloatArray) -> FloatArray:
    """Doubles with few digits, never zero where they were not."""
    mantissas, exponents = np.frexp(vectors)
    return np.asarray(np.ldexp(np.round(np.ldexp(mantissas, _DIGITS)), exponents - _DIGITS))


def _largest_factor(vertices: FloatArray, image: FloatArray) -> tuple[float, FloatArray]:
    """The largest t and c >= 0 with sum c = 1 and image >= t sum_k c_k v_k, as t and t c."""
    dominated = (vertices <= image).all(axis=1)
    if dominated.any():
        chosen = np.zeros(vertices.shape[0])
        chosen[np.argmax(dominated)] = 1.0
        return 1.0, chosen
    solution = linprog(-np.ones(vertices.shape[0]), A_ub=vertices.T, b_ub=image, bounds=(0, None), method="highs-ds")
    return (0.0, np.zeros(vertices.shape[0])) if solution.status != 0 else (-float(solution.fun), solution.x)


def _proved(graph: WeightedGraph, cone: _Cone, scaled: FloatArray, side: str) -> tuple[Fraction, ConePart]:
    """The least quotient (A_i v_j)_r / (sum_k c_k v_k)_r over everything, with sum c = 1, in rationals."""
    columns = to_flint([[Fraction(float(x)) for x in row] for row in cone.vertices.T])
    images: list[list[list[tuple[int, int]] | None]] = []
    rate: Fraction | None = None
    for e, (u, v, _) in enumerate(graph.edges):
        moved = to_flint(graph.family.exact[e]) * columns
        allowed = [k for k, w in enumerate(cone.at) if w == u]
        row: list[list[tuple[int, int]] | None] = []
        for j, node in enumerate(cone.at):
            weights = _weights(cone.vertices[allowed], scaled[e] @ cone.vertices[j]) if node == v else None
            row.append(None if weights is None else [(allowed[k], weight) for k, weight in weights])
            if row[-1] is not None:
                found = _least_quotient(moved, columns, j, row[-1])
                rate = found if rate is None else min(rate, found)
        images.append(row)
    integers, _ = columns.numer_denom()
    vertices = [[int(integers[r, j]) for r in range(integers.nrows())] for j in range(integers.ncols())]
    return rate or Fraction(0), ConePart(side, vertices, cone.at, images)


def _weights(vertices: FloatArray, image: FloatArray) -> list[tuple[int, int]]:
    """The combination that lies deepest below an image, in integers; the first vertex where there is none."""
    chosen = np.maximum(_largest_factor(vertices, image)[1], 0.0)
    if not chosen.any():
        return [(0, 1)]
    whole = np.round(np.ldexp(chosen / chosen.max(), _DIGITS))
    return (
        [(k, int(x)) for k, x in enumerate(whole) if x] if np.count_nonzero(whole) > 1 else [(int(whole.argmax()), 1)]
    )


def _least_quotient(moved: flint.fmpq_mat, columns: flint.fmpq_mat, j: int, weights: list[tuple[int, int]]) -> Fraction:
    """The largest g with moved_j >= g (sum of weights times columns) / (sum of weights)."""
    total = sum(weight for _, weight in weights)
    mixed = [sum((columns[r, k] * weight for k, weight in weights), flint.fmpq(0)) for r in range(columns.nrows())]
    return as_python_fraction(min(moved[r, j] * total / x for r, x in enumerate(mixed) if x != 0))
