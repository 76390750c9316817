"""A polytope that grows from an eigenvector of a word: the radius is that of the word, even if irrational."""

import math
from fractions import Fraction
from operator import mul
from typing import Any

from conservative.certificates.checker.eigenpair import EIGENPAIR, proved_eigenvalue
from conservative.certificates.checker.family import Bounds, Family, read_word
from conservative.certificates.checker.kernel import require, spend
from conservative.certificates.checker.parts import Kind
from conservative.certificates.checker.polytope import (
    images_cost,
    polytope_fields,
    read_basis,
    read_body,
    read_combination,
    residual,
    sum_of_vertices,
    unit_bound,
)
from conservative.certificates.checker.values import is_index, read_list, read_positive


def check_exact(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require that the polytope P of exact vertices, given with errors, is mapped into gamma P by every A_i.

    v_0 is an eigenvector of the word's product, gamma = |eigenvalue|^(1/length) is in [lower, upper], and the other
    vertices are v_j = A_i v_p / gamma for the entry [p, i] of the tree, or rational where it has null. Errors are
    counted, rounded up, in units of 1 / (denominator * error_scale).
    """
    hull, n, lower, word = proof["hull"], family.order, claim.lower, read_word(proof["word"], family)
    require(not family.nodes and lower > 0, "an exact radius has a positive lower end, and no automaton")
    denominator, weight, vertices, images = read_body(family, proof, ("symmetric", "monotone"))
    points, count = [v for (v,) in vertices], len(vertices)
    tree = read_tree(proof["tree"], count, len(family.numerators))
    image_scale, hull_scale = lower.denominator, lower.numerator * family.denominator
    error_scale = hull_scale << 64
    spend(images_cost(family, vertices, images, [image_scale * weight, error_scale, denominator]))
    mu, radius = proved_eigenvalue(family, lower, word, points[0], proof)
    spend(_power_cost(claim.upper / lower, len(word)))
    ends = abs(mu) - radius >= 1 and abs(mu) + radius <= (claim.upper / lower) ** len(word)
    require(ends, "the eigenvalue is not proved to lie in [1, (upper / lower)^length]")
    first, most = math.ceil(radius * (n - 1) * denominator * error_scale), denominator * error_scale << 64
    errors, drifts = vertex_errors(family, claim, points, tree, first, most)
    sums, over, under = [0], 0, 1
    if hull == "monotone":
        positive = min(points[0]) * error_scale >= errors[0] and proof["eigenvalue"][:1] != "-"
        require(positive, "the eigenpair is not proved to be nonnegative")
        sums = sum_of_vertices(family, vertices, error_scale, sum(errors))
    else:
        columns = read_basis(proof["basis"], vertices, hull, n)
        scale, wrong = read_positive(proof["dual_denominator"], "the dual"), [errors[k] for k in proof["basis"]]
        over, under = unit_bound(columns, denominator, proof["dual"], scale, wrong, error_scale)
    given = {(letter, parent) for parent, letter in filter(None, tree)} | {_closing_edge(tree, word)}
    for i, (A, row) in enumerate(zip(family.numerators, images, strict=True)):
        for j, image in enumerate(row):
            require((image is None) == ((i, j) in given), "an image must be null if and only if it is a vertex")
            if image is None:
                continue
            total, (part,) = read_combination(image, vertices, hull, weight)
            gap = [x << 64 for x in residual(A, points[j], part, image_scale * weight, hull_scale)]
            inexact = weight * drifts[i][j] + sum(abs(int(term[1])) * errors[term[0]] for term in image)
            if hull == "monotone":
                worst = (count * (max(x, 0) + inexact) - (weight - total) * s for x, s in zip(gap, sums, strict=True))
                inside = max(worst) <= 0
            else:
                room = (weight - total) * denominator * error_scale * under
                inside = over * (sum(map(abs, gap)) + inexact) <= room
            require(inside, f"the image of vertex {j + 1} under matrix {i + 1} is not proved to be inside")


def _power_cost(ratio: Fraction, length: int) -> float:
    return (length * max(map(int.bit_length, ratio.as_integer_ratio())) / 30) ** 2


def vertex_errors(
    family: Family, claim: Bounds, points: list[list[int]], tree: list[tuple[int, int] | None], first: int, most: int
) -> tuple[list[int], list[list[int]]]:
    """For the given v~_j, bounds of |v_j - v~_j|_1, and for every i of |A_i v_j / gamma - A_i v~_j / lower|_1."""
    image_scale, hull_scale = claim.lower.denominator, claim.lower.numerator * family.denominator
    spread = (claim.upper - claim.lower) / claim.lower
    norms: list[int] = [max(sum(map(abs, column)) for column in zip(*A, strict=True)) for A in family.numerators]
    errors: list[int] = []
    drifts: list[list[int]] = [[] for _ in family.numerators]
    for j, (point, edge) in enumerate(zip(points, tree, strict=True)):
        errors.append(0 if j else first)
        if edge is not None:
            parent, letter = edge
            gap = residual(family.numerators[letter], points[parent], ([hull_scale], [point]), image_scale, 1)
            errors[j] = (sum(map(abs, gap)) << 64) + drifts[letter][parent]
        require(errors[j] <= most, f"the error of vertex {j + 1} is too large")  # they could grow without end
        for A, norm, drift in zip(family.numerators, norms, drifts, strict=True):
            size: int = sum(abs(sum(map(mul, row, point))) for row in A) * image_scale << 64
            drift.append(
                -(-norm * image_scale * errors[j] // hull_scale) - (-size * spread.numerator // spread.denominator)
            )
    return errors, drifts


def read_tree(listed: Any, count: int, letters: int) -> list[tuple[int, int] | None]:
    """For each vertex the pair (parent, letter), or None if it is given; the first is None, parents come earlier."""
    tree: list[tuple[int, int] | None] = []
    for j, edge in enumerate(read_list(listed, count, "the tree")):
        pair = isinstance(edge, list) and len(edge) == 2 and is_index(edge[0], j) and is_index(edge[1], letters)
        require(edge is None or pair, "an entry of the tree must be null or [earlier vertex, letter]")
        tree.append(None if edge is None else (edge[0], edge[1]))
    return tree


def _closing_edge(tree: list[tuple[int, int] | None], word: list[int]) -> tuple[int, int]:
    """The letter and vertex whose image is plus or minus the first vertex; the tree must hold the rest of the cycle."""
    children = {edge: j for j, edge in enumerate(tree) if edge is not None}
    here = 0
    for letter in reversed(word[1:]):
        require((here, letter) in children, "the tree does not hold the cycle of the word")
        here = children[here, letter]
    return word[0], here


def _exact_fields(proof: dict[str, Any]) -> tuple[str, ...]:
    return ("word", *EIGENPAIR, "tree", *polytope_fields(proof))


EXACT = Kind(("=",), _exact_fields, check_exact)
