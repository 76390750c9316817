"""The integers of the checker against the formulas of the documentation page, in plain fractions."""

import math
from fractions import Fraction
from typing import Any

import flint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.certificates import seal
from strategies.samples import samples
from strategies.stages import drawn

from conservative.certificates import check, checker
from conservative.certificates.checker import exact as growing
from conservative.certificates.checker.eigenpair import proved_eigenvalue
from conservative.certificates.checker.family import Bounds

F = Fraction
Complex = tuple[Fraction, Fraction]


def times(a: Complex, b: Complex) -> Complex:
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def unit_bound(columns: list[list[Fraction]], Y: list[list[Fraction]]) -> Fraction | None:
    """K of the lemma, or None where q is not below 1."""
    n = len(columns)
    product = [[sum((columns[k][r] * Y[k][c] for k in range(n)), F(0)) for c in range(n)] for r in range(n)]
    q = max(sum(abs((r == c) - product[r][c]) for r in range(n)) for c in range(n))
    return None if q >= 1 else max(sum(abs(Y[k][c]) for k in range(n)) for c in range(n)) / (1 - q)


def inside(document: dict[str, Any]) -> bool:
    """The inequalities of the kind `polytope` as they are written down."""
    proof, gamma = document["proof"], F(document["claim"]["bound"])
    hull, D, weight = proof["hull"], int(proof["denominator"]), int(proof["weight"])
    matrices = [[[F(x) for x in row] for row in A] for A in document["problem"]["matrices"]]
    pairs = proof["vertices"] if hull == "elliptic" else [[v, ["0"] * len(v)] for v in proof["vertices"]]
    vertices = [[(F(int(x), D), F(int(y), D)) for x, y in zip(*pair, strict=True)] for pair in pairs]
    n, K = len(matrices[0]), F(0)
    mean = [sum(v[r][0] for v in vertices) / len(vertices) for r in range(n)]
    if hull == "monotone":
        if min(mean) <= 0:
            return False
    else:
        entries = [entry if hull == "elliptic" else [entry, 0] for entry in proof["basis"]]
        Y = [[F(int(x), int(proof["dual_denominator"])) for x in row] for row in proof["dual"]]
        found = unit_bound([[x[part] for x in vertices[k]] for k, part in entries], Y)
        if found is None:
            return False
        K = found
    for A, row in zip(matrices, proof["images"], strict=True):
        for v, image in zip(vertices, row, strict=True):
            r = [tuple(sum(a * x[part] for a, x in zip(line, v, strict=True)) / gamma for part in (0, 1)) for line in A]
            total = F(0)
            for term in image:
                if hull == "elliptic":
                    k, conjugate, re, im, modulus = term
                    c, total = (F(int(re), weight), F(int(im), weight)), total + F(int(modulus), weight)
                else:
                    k, conjugate, c = term[0], 0, (F(int(term[1]), weight), F(0))
                    total += abs(c[0])
                for place, (x, y) in enumerate(vertices[k]):
                    moved = times(c, (x, -y if conjugate else y))
                    r[place] = (r[place][0] - moved[0], r[place][1] - moved[1])
            if hull == "monotone":
                total += max(max(x, F(0)) / u for (x, _), u in zip(r, mean, strict=True))
            else:
                total += K * sum(abs(x) + abs(y) for x, y in r)
            if total > 1 or (total == 1 and document["claim"]["relation"] == "<"):
                return False
    return True


@st.composite
def attempts(draw: st.DrawFn) -> dict[str, Any]:
    """Two real vertices or one complex vertex, near enough to be accepted about as often as not."""
    hull = draw(st.sampled_from(["symmetric", "monotone", "elliptic"]))
    low = 0 if hull == "monotone" else -3
    number = st.integers(low, 3)
    matrices = [[[F(draw(number), draw(st.integers(1, 3))) for _ in range(2)] for _ in range(2)] for _ in range(2)]
    D, weight, scale = draw(st.integers(1, 4)), draw(st.sampled_from([7, 100, 1000])), draw(st.sampled_from([1, 6, 50]))
    vectors = [[draw(st.integers(4, 6)), draw(number)], [draw(number), draw(st.integers(4, 6))]]
    gamma = draw(st.builds(F, st.integers(2, 30), st.integers(2, 5)))
    determinant = vectors[0][0] * vectors[1][1] - vectors[0][1] * vectors[1][0]
    inverse = [[vectors[1][1], -vectors[1][0]], [-vectors[0][1], vectors[0][0]]]
    Y = [[F(D * x, determinant or 1) for x in row] for row in inverse]
    wrong = draw(st.sampled_from([0, 0, 0, 1]))
    dual = [[round(x * scale) + wrong for x in row] for row in Y]
    images: list[list[Any]] = []
    for A in matrices:
        rows = []
        for v in vectors:
            point = [sum(a * F(x, D) for a, x in zip(line, v, strict=True)) / gamma for line in A]
            c = [sum(y * p for y, p in zip(line, point, strict=True)) for line in Y]
            if hull == "monotone":
                c = [max(x, F(0)) for x in c]
            rows.append([[k, str(round(x * weight))] for k, x in enumerate(c) if round(x * weight)])
        images.append(rows)
    proof: dict[str, Any] = {"hull": hull, "denominator": str(D), "vertices": [list(map(str, v)) for v in vectors]}
    if hull == "elliptic":  # A (x + i y) = sum of (s_k + t_k i) v_k with v = x + i y: re and im from both images
        proof["vertices"] = [proof["vertices"]]
        images = [[_complex_terms(row)] for row in images]
    if hull != "monotone":
        basis = [[0, 0], [0, 1]] if hull == "elliptic" else [0, 1]
        proof |= {"basis": basis, "dual_denominator": str(scale), "dual": [list(map(str, row)) for row in dual]}
    proof |= {"weight": str(weight), "images": images}
    claim = {"quantity": "joint spectral radius", "relation": draw(st.sampled_from(["<", "<="])), "bound": str(gamma)}
    head = {"format": checker.FORMAT, "version": checker.VERSION, "kind": "polytope", "claim": claim}
    problem = {"matrices": [[list(map(str, row)) for row in A] for A in matrices]}
    return seal({**head, "problem": problem, "proof": proof})


def _complex_terms(row: list[list[Any]]) -> list[list[Any]]:
    """A x = a x + b y and A y = c x + d y as p v + q conj(v), v = x + i y, over the same weight, halves rounded."""
    (a, b), (c, d) = ([int(dict(map(tuple, image)).get(k, "0")) for k in range(2)] for image in row)
    p, q = ((a + d) // 2, (c - b) // 2), ((a - d) // 2, (b + c) // 2)
    return [[0, s, str(z[0]), str(z[1]), str(math.isqrt(z[0] ** 2 + z[1] ** 2) + 1)] for s, z in enumerate((p, q))]


@drawn(120, 750, attempts())
def test_the_checker_agrees_with_the_formulas(document: dict[str, Any]) -> None:
    assert check(document).valid is inside(document), check(document).reason


def test_the_attempts_are_accepted_and_refused() -> None:
    found: set[tuple[str, bool]] = set()

    @settings(deadline=None, max_examples=300, derandomize=True, database=None)
    @given(attempts())
    def collect(document: dict[str, Any]) -> None:
        found.add((document["proof"]["hull"], check(document).valid))

    collect()
    assert found == {(hull, valid) for hull in ("symmetric", "monotone", "elliptic") for valid in (True, False)}


@pytest.mark.parametrize("name", ["exact", "exact monotone"])
def test_the_errors_of_exact_vertices_hold_in_ball_arithmetic(name: str) -> None:
    """The true vertices from an eigenvector in 600 bits are within the errors of the given ones."""
    document = samples()[name].document
    proof, (_, family) = document["proof"], checker.read_document(samples()[name].text)
    lower, upper = F(document["claim"]["lower"]), F(document["claim"]["upper"])
    claim, tree = Bounds("=", lower, upper), growing.read_tree(proof["tree"], len(proof["vertices"]), 2)
    points, D = [[int(x) for x in v] for v in proof["vertices"]], int(proof["denominator"])
    fine = lower.numerator * family.denominator << 64
    n = family.order
    _, radius = proved_eigenvalue(family, lower, proof["word"], points[0], proof)
    first = math.ceil(radius * (n - 1) * D * fine)
    errors, _ = growing.vertex_errors(family, claim, points, tree, first, D * fine << 64)
    with flint.ctx.workprec(600):
        matrices = [
            flint.arb_mat([[flint.arb(x) / family.denominator for x in row] for row in A]) for A in family.numerators
        ]
        M = matrices[proof["word"][0]]
        for letter in proof["word"][1:]:
            M = M * matrices[letter]
        trace, determinant = M[0, 0] + M[1, 1], M[0, 0] * M[1, 1] - M[0, 1] * M[1, 0]
        sign = -1 if proof["eigenvalue"].startswith("-") else 1
        value = (trace + sign * (trace * trace - 4 * determinant).sqrt()) / 2
        vector = [M[0, 1], value - M[0, 0]]
        exact = [flint.arb_mat([[x / vector[proof["pivot"]]] for x in vector])]
        gamma = abs(value) ** (flint.arb(1) / len(proof["word"]))
        assert gamma > flint.arb(lower.numerator) / lower.denominator
        assert gamma < flint.arb(upper.numerator) / upper.denominator
        for j, edge in enumerate(tree[1:], 1):
            given_vertex = flint.arb_mat([[flint.arb(x) / D] for x in points[j]])
            exact.append(given_vertex if edge is None else matrices[edge[1]] * exact[edge[0]] * (1 / gamma))
        for v, point, error in zip(exact, points, errors, strict=True):
            distance = sum((abs(v[r, 0] - flint.arb(point[r]) / D) for r in range(n)), flint.arb(0))
            assert distance <= flint.arb(error) / (D * fine) + flint.arb(2) ** -500
