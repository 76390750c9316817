"""Proofs of upper bounds that are true by construction, without a solver."""

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from conservative.certificates import (
    BlocksProof,
    Certificate,
    PathCompleteProof,
    PolytopeProof,
    ProductsProof,
    Proof,
    QuadraticProof,
    SumOfSquaresProof,
    equality_certificate,
    upper_certificate,
)

Matrix = list[list[Fraction]]
rationals = st.builds(Fraction, st.integers(-5, 5), st.integers(1, 4))
TRIPLES = [(3, 4, 5), (-4, 3, 5), (5, -12, 13), (8, 15, 17), (0, 1, 1), (1, 0, 1), (-1, 0, 1)]


def identity(n: int) -> list[list[int]]:
    return [[int(i == j) for j in range(n)] for i in range(n)]


@st.composite
def matrices(draw: st.DrawFn, n: int, *, count: int | None = None, entries: Any = rationals) -> list[Matrix]:
    """One to three matrices of order n, not all zero."""
    number = draw(st.integers(1, 3)) if count is None else count
    cells = draw(st.lists(entries, min_size=number * n * n, max_size=number * n * n).filter(any))
    return [[cells[(i * n + r) * n : (i * n + r + 1) * n] for r in range(n)] for i in range(number)]


def column_sums(family: list[Matrix]) -> Fraction:
    """The largest 1-norm."""
    return max(sum(map(abs, column)) for A in family for column in zip(*A, strict=True))


def row_sums(family: list[Matrix]) -> Fraction:
    """The largest maximum norm."""
    return max(sum(map(abs, row)) for A in family for row in A)


def cross_polytope(family: list[Matrix], bound: Fraction, hull: str = "symmetric") -> PolytopeProof:
    """Unit vectors as vertices: the polytope norm is the 1-norm."""
    n = len(family[0])
    weight = math.lcm(*((x / bound).denominator for A in family for row in A for x in row))
    images = [[[(k, int(A[k][j] / bound * weight)) for k in range(n) if A[k][j]] for j in range(n)] for A in family]
    return PolytopeProof(hull, 1, identity(n), range(n), 1, identity(n), weight, images)


def cube(family: list[Matrix], bound: Fraction) -> PolytopeProof:
    """The corners (±1, .., ±1), one of each pair: the polytope norm is the maximum norm.

    x = sum over k of ((x_k - x_{k+1}) / 2) (1, .., 1, -1, .., -1) with the last term (x_n + x_1) / 2 (1, .., 1) for
    sorted entries: a point of the cube is a convex combination of the corners along its order.
    """
    n = len(family[0])
    corners = [(1, *signs) for signs in itertools.product((1, -1), repeat=n - 1)]
    index = {corner: (k, 1) for k, corner in enumerate(corners)} | {
        tuple(-x for x in corner): (k, -1) for k, corner in enumerate(corners)
    }
    chosen = [corners.index(tuple(-1 if j and j == i else 1 for j in range(n))) for i in range(n)]
    # The inverse of the matrix with these columns: e_i = (c_0 - c_i) / 2, e_0 = c_0 - sum of e_i.
    dual = [[0] * n for _ in range(n)]
    for i in range(1, n):
        dual[0][i], dual[i][i] = 1, -1
    for k in range(n):
        dual[k][0] = (2 if k == 0 else 0) - sum(dual[k][1:])
    points = [[[sum(a * x for a, x in zip(row, c, strict=True)) / bound for row in A] for c in corners] for A in family]
    weight = 2 * math.lcm(*(x.denominator for row in points for point in row for x in point))
    images = [[_corner_terms(point, index, weight) for point in row] for row in points]
    return PolytopeProof("symmetric", 1, corners, chosen, 2, dual, weight, images)


def _corner_terms(
    point: list[Fraction], index: dict[tuple[int, ...], tuple[int, int]], weight: int
) -> list[tuple[int, int]]:
    order = sorted(range(len(point)), key=lambda j: -point[j])
    corner, found = [-1] * len(point), []
    levels = [Fraction(1), *(point[j] for j in order), Fraction(-1)]
    for step in range(len(point) + 1):
        k, sign = index[tuple(corner)]
        amount = (levels[step] - levels[step + 1]) / 2
        if amount:
            found.append((k, sign * int(amount * weight)))
        if step < len(point):
            corner[order[step]] = 1
    return found


def rotation(triple: tuple[int, int, int], radius: Fraction) -> Matrix:
    c, s, r = triple
    return [[radius * c / r, -radius * s / r], [radius * s / r, radius * c / r]]


def disc(family: list[tuple[tuple[int, int, int], Fraction]], bound: Fraction) -> PolytopeProof:
    """The vertex (1, i), whose elliptic hull is the unit disc, and rotations: the image is a multiple of the vertex."""
    weight = math.lcm(*((radius / bound / r).denominator for (_, _, r), radius in family))
    images = []
    for (c, s, r), radius in family:
        scale = int(radius / bound / r * weight)
        # (c - s i, s + c i) = (c - s i) (1, i)
        images.append([[(0, 0, c * scale, -s * scale, r * scale)]])
    return PolytopeProof("elliptic", 1, [([1, 0], [0, 1])], [(0, 0), (0, 1)], 1, identity(2), weight, images)


@st.composite
def polytopes(draw: st.DrawFn, *, equal: bool = False) -> Certificate:
    """Families with the 1-norm, the maximum norm, or a disc that rotations keep."""
    shape = draw(st.sampled_from(["cross", "cube", "monotone", "disc"]))
    proof: Proof
    if shape == "disc":
        radii = st.builds(Fraction, st.integers(1, 9), st.integers(1, 4))
        turns = draw(st.lists(st.tuples(st.sampled_from(TRIPLES), radii), min_size=1, max_size=3))
        bound = max(radius for _, radius in turns) * (1 if equal else draw(st.sampled_from([1, Fraction(5, 4)])))
        return upper_certificate([rotation(*turn) for turn in turns], disc(turns, bound), bound)
    n = draw(st.integers(1, 3))
    family = draw(matrices(n))
    if shape == "monotone":
        family = [[[abs(x) for x in row] for row in A] for A in family]
    norm = row_sums if shape == "cube" else column_sums
    bound = norm(family) * (1 if equal else draw(st.sampled_from([1, Fraction(5, 4)])))
    if shape == "cube":
        proof = cube(family, bound)
    else:
        proof = cross_polytope(family, bound, "monotone" if shape == "monotone" else "symmetric")
    return upper_certificate(
        family, proof, bound, strict=shape != "cube" and bound > norm(family) and draw(st.booleans())
    )


def scaled_identity(family: list[Matrix]) -> tuple[QuadraticProof, Fraction]:
    """The Euclidean norm, with the Frobenius norm of all matrices together, rounded up, as bound."""
    total = sum((x * x for A in family for row in A for x in row), Fraction(0))
    return QuadraticProof(identity(len(family[0]))), Fraction(math.isqrt(math.ceil(total * 10**6)) + 1, 1000)


@st.composite
def quadratics(draw: st.DrawFn) -> Certificate:
    family = draw(matrices(draw(st.integers(1, 3))))
    proof, bound = scaled_identity(family)
    return upper_certificate(family, proof, bound, strict=draw(st.booleans()))


@st.composite
def blocks(draw: st.DrawFn) -> Certificate:
    """Block triangular families with 1-norms on the blocks, moved to a sheared basis."""
    sizes = draw(st.lists(st.integers(1, 2), min_size=1, max_size=3))
    n, count = sum(sizes), draw(st.integers(1, 2))
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    above = draw(matrices(n, count=count))
    parts = [draw(matrices(size, count=count)) for size in sizes]
    for i in range(count):
        for start, size, part in zip(starts, sizes, parts, strict=True):
            for r in range(size):
                above[i][start + r][: start + size] = [Fraction(0)] * start + part[i][r]
    bound = max(map(column_sums, parts)) * draw(st.sampled_from([1, Fraction(9, 8)]))
    proofs = [
        cross_polytope(part, bound) if draw(st.booleans()) else cross_polytope(part, bound, "symmetric")
        for part in parts
    ]
    shear = draw(st.integers(-2, 2))
    T = [[Fraction(int(i == j)) + (shear if i == j + 1 else 0) for j in range(n)] for i in range(n)]
    S = [[Fraction((-shear) ** (i - j)) if i >= j else Fraction(0) for j in range(n)] for i in range(n)]
    family = [multiply(T, multiply(A, S)) for A in above]
    return upper_certificate(family, BlocksProof(T, S, sizes, proofs), bound)


def multiply(left: Matrix, right: Matrix) -> Matrix:
    return [
        [sum((a * b for a, b in zip(row, c, strict=True)), Fraction(0)) for c in zip(*right, strict=True)]
        for row in left
    ]


@st.composite
def graphs(draw: st.DrawFn) -> Certificate:
    """De Bruijn graphs of memory 1: the norm on the node of the last letter i is |x| / r_i, r_i a bound of |A_i|.

    V_j(A_j x) = |A_j x| / r_j <= |x| = r_i V_i(x), so the bound is the largest r_i.
    """
    family = draw(matrices(draw(st.integers(1, 2))))
    radii = [scaled_identity([A])[1] for A in family]
    count = len(family)
    norms = [[[Fraction(x) / radius**2 for x in row] for row in identity(len(family[0]))] for radius in radii]
    edges = [(i, j, j) for i in range(count) for j in range(count)]
    return upper_certificate(family, PathCompleteProof(count, edges, norms), max(radii))


@st.composite
def forms(draw: st.DrawFn) -> Certificate:
    """The form (sum of x_j^2)^d or sum of x_j^(2d) of scaled signed permutations, which keep both."""
    n, degree = draw(st.sampled_from([(1, 1), (1, 3), (2, 1), (2, 2), (2, 3), (3, 2)]))
    monomials = list(itertools.combinations_with_replacement(range(n), degree))
    gram = [
        [
            Fraction(math.factorial(degree), math.prod(math.factorial(m.count(j)) for j in range(n)))
            if m == k
            else Fraction(0)
            for k in monomials
        ]
        for m in monomials
    ]
    family, radii = [], []
    for _ in range(draw(st.integers(1, 2))):
        radius = draw(st.builds(Fraction, st.integers(1, 5), st.integers(1, 3)))
        order = draw(st.permutations(range(n)))
        signs = draw(st.lists(st.sampled_from([1, -1]), min_size=n, max_size=n))
        family.append([[radius * signs[r] if order[r] == c else Fraction(0) for c in range(n)] for r in range(n)])
        radii.append(radius)
    bound = max(radii) * draw(st.sampled_from([1, Fraction(6, 5)]))
    slacks = [[[(bound ** (2 * degree) - radius ** (2 * degree)) * x for x in row] for row in gram] for radius in radii]
    strict = bound > max(radii) and draw(st.booleans())
    return upper_certificate(family, SumOfSquaresProof(degree, gram, slacks), bound, strict=strict)


@st.composite
def equalities(draw: st.DrawFn) -> Certificate:
    """Diagonal families, whose radius is the largest entry, with the 1-norm; or rotations with the disc."""
    if draw(st.booleans()):
        turns = draw(
            st.lists(st.tuples(st.sampled_from(TRIPLES), st.integers(1, 4).map(Fraction)), min_size=1, max_size=3)
        )
        radius = max(r for _, r in turns)
        word = [[r for _, r in turns].index(radius)] * draw(st.integers(1, 2))
        family = [rotation(*turn) for turn in turns]
        upper = radius * draw(st.sampled_from([1, Fraction(5, 4)]))
        return equality_certificate(family, word=word, lower=radius, upper=upper, proof=disc(turns, upper))
    n = draw(st.integers(1, 3))
    family = [
        [[x if r == c else Fraction(0) for c, x in enumerate(row)] for r, row in enumerate(A)]
        for A in draw(matrices(n))
    ]
    if not any(x for A in family for row in A for x in row):
        family[0][0][0] = Fraction(3, 2)
    radius = column_sums(family)
    letter = [column_sums([A]) for A in family].index(radius)
    upper = radius * draw(st.sampled_from([1, Fraction(5, 4)]))
    return equality_certificate(family, word=[letter], lower=radius, upper=upper, proof=cross_polytope(family, upper))


@st.composite
def products(draw: st.DrawFn) -> Certificate:
    """All words of one length, in a weighted maximum norm or sum norm, with the least bound of few digits."""
    n, length = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    family = draw(matrices(n))
    weight = draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))
    rows = draw(st.booleans())
    words = list(itertools.product(range(len(family)), repeat=length))
    largest = Fraction(0)
    for word in words:
        product = family[word[0]]
        for letter in word[1:]:
            product = multiply(product, family[letter])
        lines = product if rows else [list(column) for column in zip(*product, strict=True)]
        sums = (
            sum(abs(x) * d for x, d in zip(line, weight, strict=True)) / w
            for line, w in zip(lines, weight, strict=True)
        )
        largest = max(largest, *sums)
    bound = largest if length == 1 else Fraction(math.ceil(float(largest) ** (1 / length) * 1000) + 1, 1000)
    strict = length > 1 and draw(st.booleans())
    return upper_certificate(family, ProductsProof("rows" if rows else "columns", weight, words), bound, strict=strict)


upper_kinds = st.one_of(polytopes(), quadratics(), blocks(), graphs(), forms(), products())
proved = st.one_of(upper_kinds, equalities())


def leading_word(matrices: NDArray[np.float64], length: int) -> tuple[int, ...]:
    """The shortest word up to a length whose product has the largest normalised spectral radius."""
    words = [w for k in range(1, length + 1) for w in itertools.product(range(len(matrices)), repeat=k)]

    def radius(word: tuple[int, ...]) -> float:
        product = np.linalg.multi_dot([np.eye(len(matrices[0])), *matrices[list(word)]])
        return float(round(np.abs(np.linalg.eigvals(product)).max() ** (1 / len(word)), 10))

    return max(words, key=lambda word: (radius(word), -len(word)))


def grown_polytope(
    matrices: NDArray[np.float64], word: tuple[int, ...], hull: str = "symmetric", most: int = 60
) -> dict[str, Any] | None:
    """The invariant polytope of a word by linear programs, as `exact_proof` takes it; None where it does not close."""
    product = np.linalg.multi_dot([np.eye(len(matrices[0])), *matrices[list(word)]])
    values, vectors = np.linalg.eig(product)
    lead = int(np.argmax(np.abs(values)))
    if abs(values[lead].imag) > 1e-9 or abs(values[lead]) < 1e-3:
        return None
    gamma, n = abs(values[lead]) ** (1 / len(word)), len(product)
    vertices, tree = [np.real(vectors[:, lead]) / np.abs(vectors[:, lead]).max()], [None]
    for letter in reversed(word[1:]):
        vertices.append(matrices[letter] @ vertices[-1] / gamma)
        tree.append((len(vertices) - 2, letter))
    vertices += [0.02 * row for row in np.eye(n)]
    tree += [None] * n
    closing, images, j = (word[0], len(word) - 1), [[] for _ in matrices], 0
    while j < len(vertices):
        for i, A in enumerate(matrices):
            point = A @ vertices[j] / gamma
            if (i, j) == closing or (j, i) in tree:
                images[i].append(None)
                continue
            c = _least(np.array(vertices).T, point, hull)
            if np.abs(c).sum() > 1 - 1e-7:
                vertices.append(point)
                tree.append((j, i))
                images[i].append(None)
                if len(vertices) > most:
                    return None
            else:
                images[i].append([(k, float(x)) for k, x in enumerate(c) if x])
        j += 1
    return {"word": word, "vertices": np.array(vertices), "tree": tree, "images": images, "hull": hull}


def _least(V: NDArray[np.float64], point: NDArray[np.float64], hull: str) -> NDArray[np.float64]:
    """Coefficients of the least sum that reach a point, or one above it."""
    if hull == "monotone":
        return np.asarray(linprog(np.ones(V.shape[1]), A_ub=-V, b_ub=-point).x)
    found = linprog(np.ones(2 * V.shape[1]), A_eq=np.hstack([V, -V]), b_eq=point).x
    return np.asarray(found[: V.shape[1]] - found[V.shape[1] :])


def leading_value(matrices: NDArray[np.float64], word: tuple[int, ...]) -> tuple[float, float]:
    """The normalised radius of a word, and the sign of its leading eigenvalue."""
    values = np.linalg.eigvals(np.linalg.multi_dot([np.eye(len(matrices[0])), *matrices[list(word)]]))
    lead = values[np.argmax(np.abs(values))]
    return float(abs(lead) ** (1 / len(word))), float(np.sign(lead.real))


def rounded_polytope(
    matrices: NDArray[np.float64], grown: dict[str, Any], bits: int = 30
) -> tuple[PolytopeProof, Fraction]:
    """A polytope in floats as a proof with residuals, of a bound that is larger by a part in 10^6."""
    vertices, weight = grown["vertices"], 2**bits
    n, (gamma, sign) = vertices.shape[1], leading_value(matrices, grown["word"])
    start = len(grown["word"])
    points = [[round(x * 2**bits) for x in v.tolist()] for v in vertices]
    chosen = list(range(start, start + n))
    images = [
        [[(k, int(c * weight)) for k, c in _image(grown, i, j, sign)] for j in range(len(points))]
        for i in range(len(grown["images"]))
    ]
    dual = [[round(x * 2**bits) for x in row] for row in np.linalg.inv(vertices[chosen].T).tolist()]
    bound = Fraction(gamma * (1 + 1e-6)).limit_denominator(10**12)
    return PolytopeProof("symmetric", 2**bits, points, chosen, 2**bits, dual, weight, images), bound


def _image(grown: dict[str, Any], i: int, j: int, sign: float) -> list[tuple[int, float]]:
    """The combination of an image; for one that is a vertex, that vertex, a little smaller."""
    if grown["images"][i][j] is not None:
        return list(grown["images"][i][j])
    if (j, i) in grown["tree"]:
        return [(grown["tree"].index((j, i)), 1 - 1e-6)]
    return [(0, sign * (1 - 1e-6))]


def blocks_of(family: list[Matrix], bound: Fraction) -> tuple[list[Matrix], BlocksProof, Fraction]:
    """A sheared diagonal family of order 2, and the 1-norm of each block."""
    T, S = [[1, 0], [1, 1]], [[1, 0], [-1, 1]]
    parts = [cross_polytope([[[A[k][k]]] for A in family], bound) for k in range(2)]
    return [multiply(T, multiply(A, S)) for A in family], BlocksProof(T, S, [1, 1], parts), bound
