"""A lower bound of the slowest growth: a set of nonnegative vectors that is kept away from zero."""

from fractions import Fraction
from operator import mul
from typing import Any

from conservative.certificates.checker.family import Family
from conservative.certificates.checker.kernel import Matrix, require, spend
from conservative.certificates.checker.lower import LowerKind
from conservative.certificates.checker.values import MAX_ENTRIES, is_index, read_list, read_positive, read_vector


def check_cone(family: Family, bound: Fraction, part: dict[str, Any]) -> None:
    """Require A_i >= 0, v_j >= 0, and A_i v_j >= bound sum c_k v_k with c >= 0, sum c = 1, along every edge.

    Every vertex is at a node. For an edge (u, v, i) and a vertex at v the combination is of vertices at u; its list
    holds pairs [k, c], c over their own sum. For the side "columns" matrices are transposed and edges turned round.
    """
    n, side = family.order, part["side"]
    require(side in ("rows", "columns"), "the side of a cone must be rows or columns")
    matrices: list[Matrix] = [*family.numerators]
    edges = family.edges or tuple((0, 0, i) for i in range(len(matrices)))
    if side == "columns":
        matrices = [list(zip(*A, strict=True)) for A in matrices]
        edges = tuple((v, u, i) for u, v, i in edges)
    require(min(x for A in matrices for row in A for x in row) >= 0, "a cone needs nonnegative matrices")
    listed = part["vertices"]
    require(isinstance(listed, list) and 0 < len(listed) * n <= MAX_ENTRIES, "a cone needs vertices, and not too many")
    vertices, count = [read_vector(v, n, "a vertex") for v in listed], len(listed)
    require(all(min(v) >= 0 and any(v) for v in vertices), "the vertices of a cone are nonnegative and not zero")
    at = read_list(part["nodes"], count, "the nodes of the vertices")
    require(all(is_index(u, max(family.nodes, 1)) for u in at), "a vertex must be at a node")
    require({x for u, v, _ in edges for x in (u, v)} <= set(at), "every node of an edge needs a vertex")
    rows = [read_list(row, count, "images[e]") for row in read_list(part["images"], len(edges), "images")]
    standing: list[set[int]] = [set() for _ in range(max(family.nodes, 1))]
    for k, u in enumerate(at):
        standing[u].add(k)
    spend(_cone_cost(family, bound, len(edges), vertices, rows))
    for (u, v, letter), row in zip(edges, rows, strict=True):
        for j, image in enumerate(row):
            require((image is None) == (at[j] != v), "an image must be null if and only if its vertex is elsewhere")
            if image is not None:
                gain = _image_in_cone(matrices[letter], vertices, j, image, standing[u])
                image_scale, cone_scale = bound.denominator, bound.numerator * family.denominator
                inside = all(image_scale * x >= cone_scale * y for x, y in gain)
                require(inside, f"the image of vertex {j + 1} under matrix {letter + 1} is not proved to be inside")


def _cone_cost(
    family: Family, bound: Fraction, edges: int, vertices: list[list[int]], images: list[list[Any]]
) -> float:
    n, terms = family.order, sum(len(image) for row in images for image in row if isinstance(image, list))
    bits, long = max(x.bit_length() for v in vertices for x in v), sum(x.bit_length() for x in bound.as_integer_ratio())
    moved = n * (n * (50 + family.bits * bits / 900) + 300 + long * (family.bits + bits) / 900)
    return len(vertices) * edges * moved + terms * n * (100 + bits)


def _image_in_cone(
    A: Matrix, vertices: list[list[int]], j: int, image: Any, allowed: set[int]
) -> list[tuple[int, int]]:
    """The entries of (sum of weights) A v_j, and those of the weighted sum of the vertices of an image."""
    require(isinstance(image, list) and bool(image), "an image must be a list of weights")
    weights = []
    for term in image:
        good = isinstance(term, list) and len(term) == 2 and type(term[0]) is int and term[0] in allowed
        require(good, "a weight must be [vertex, weight], of a vertex at the node where the edge begins")
        weights.append(read_positive(term[1], "a weight"))
    total, chosen = sum(weights), [vertices[term[0]] for term in image]
    spend(len(A) * (50.0 + total.bit_length()))
    mixed = [sum(map(mul, weights, column)) for column in zip(*chosen, strict=True)]
    return [(total * sum(map(mul, row, vertices[j])), y) for row, y in zip(A, mixed, strict=True)]


CONE = LowerKind(("side", "vertices", "nodes", "images"), check_cone)
