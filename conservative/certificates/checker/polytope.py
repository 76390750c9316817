"""A convex body that every matrix maps into a multiple of itself: the norm of which it is the unit ball."""

from collections.abc import Sequence
from operator import mul
from typing import Any

from conservative.certificates.checker.family import Bounds, Family
from conservative.certificates.checker.kernel import InvalidError, Matrix, minus_multiple, multiply, require, spend
from conservative.certificates.checker.parts import UPPER_RELATIONS, Kind
from conservative.certificates.checker.values import (
    MAX_ENTRIES,
    is_index,
    read_integer,
    read_list,
    read_positive,
    read_vector,
)


def check_polytope(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require that A_i v_j / bound lies in P for every i and every vertex v_j of a convex body P with interior.

    P is {sum c_k v_k : sum |c_k| <= 1}, with complex c_k and v_k and the real part taken for an elliptic hull. For
    a monotone hull, P is {0 <= x <= sum c_k v_k : c >= 0, sum c_k <= 1}.
    """
    hull, n, bound, strict = proof["hull"], family.order, claim.upper, claim.relation == "<"
    require(bound > 0, "the bound of a polytope must be positive")
    denominator, weight, vertices, images = read_body(family, proof, ("symmetric", "monotone", "elliptic"))
    count = len(vertices)
    # A_i v_j / bound = combination + residual; all of it times bound * family.denominator * denominator * weight.
    image_scale, hull_scale = bound.denominator * weight, bound.numerator * family.denominator
    spend(images_cost(family, vertices, images, [image_scale, hull_scale, weight]))
    sums, over, under = [0], 0, 1
    if hull == "monotone":
        sums = sum_of_vertices(family, vertices, 1, 0)
    else:
        columns = read_basis(proof["basis"], vertices, hull, n)
        over, under = unit_bound(columns, denominator, proof["dual"], read_positive(proof["dual_denominator"], "dual"))
    for i, (A, row) in enumerate(zip(family.numerators, images, strict=True), 1):
        for j, (vertex, image) in enumerate(zip(vertices, row, strict=True), 1):
            total, parts = read_combination(image, vertices, hull, weight)
            residuals = [residual(A, v, part, image_scale, hull_scale) for v, part in zip(vertex, parts, strict=True)]
            room = (weight - total) * hull_scale
            if hull == "monotone":
                margin = min(room * s - count * max(x, 0) for x, s in zip(residuals[0], sums, strict=True))
            else:
                margin = room * denominator * under - over * sum(sum(map(abs, r)) for r in residuals)
            inside = margin > 0 if strict else margin >= 0
            require(inside, f"the image of vertex {j} under matrix {i} is not proved to be inside")


Part = tuple[list[int], list[list[int]]]


def read_body(
    family: Family, proof: dict[str, Any], hulls: tuple[str, ...]
) -> tuple[int, int, list[list[list[int]]], list[list[Any]]]:
    """The denominator, the weight, the vertices and the images of a polytope.

    The numerators of a vertex are [real part], or [real part, imaginary part] for an elliptic hull.
    """
    hull, listed, n = proof["hull"], proof["vertices"], family.order
    require(hull in hulls, f"the hull must be {' or '.join(hulls)}")
    denominator, weight = (read_positive(proof[name], f"the {name}") for name in ("denominator", "weight"))
    require(isinstance(listed, list) and bool(listed), "a polytope needs vertices")
    require(len(listed) * n <= MAX_ENTRIES, f"the vertices have more than {MAX_ENTRIES} entries")
    pairs = [read_list(v, 2, "a vertex") for v in listed] if hull == "elliptic" else [[v] for v in listed]
    vertices = [[read_vector(part, n, "a vertex or a part of a vertex") for part in parts] for parts in pairs]
    rows = read_list(proof["images"], len(family.numerators), "images")
    return denominator, weight, vertices, [read_list(row, len(vertices), "images[i]") for row in rows]


def read_basis(chosen: Any, vertices: list[list[list[int]]], hull: str, n: int) -> list[list[int]]:
    """The n vectors in P that `basis` chooses: real vertices k, or parts [k, 0 or 1] of complex ones."""
    found = []
    for entry in read_list(chosen, n, "the basis"):
        pair = [entry, 0] if hull == "symmetric" else entry
        require(isinstance(pair, list) and len(pair) == 2, "the basis of an elliptic hull has entries [vertex, part]")
        k, part = pair
        require(is_index(k, len(vertices)) and is_index(part, len(vertices[k])), "the basis must name vertices")
        found.append(vertices[k][part])
    return found


def unit_bound(
    columns: list[list[int]], denominator: int, dual: Any, scale: int, errors: Sequence[int] = (), error_scale: int = 1
) -> tuple[int, int]:
    """A bound K on the P-norm of every unit vector, as a ratio of integers.

    With the matrix B of the columns, which are in P, and Y = dual / scale: if q, the largest column sum of |I - B Y|,
    is below 1, then K = max_l |Y e_l|_1 / (1 - q). Column k may be wrong by errors[k] / (denominator * error_scale)
    in all.
    """
    n = len(columns)
    Y = [read_vector(row, n, "a row of the dual") for row in read_list(dual, n, "the dual")]
    spend(_dual_cost(columns, Y))
    B = list(zip(*columns, strict=True))
    defect = minus_multiple(multiply(B, Y), denominator * scale)
    q = [error_scale * sum(map(abs, column)) for column in zip(*defect, strict=True)]
    for k, error in enumerate(errors):
        q = [x + error * abs(y) for x, y in zip(q, Y[k], strict=True)]
    under = denominator * scale * error_scale - max(q)
    require(under > 0, "the basis is not proved to span the space: |I - B Y| is not below 1")
    return max(sum(map(abs, column)) for column in zip(*Y, strict=True)) * denominator * error_scale, under


def _dual_cost(columns: list[list[int]], Y: list[list[int]]) -> float:
    bits = max(abs(x).bit_length() for rows in (columns, Y) for row in rows for x in row)
    return len(columns) ** 3 * (50 + (bits / 30) ** 2)


def images_cost(family: Family, vertices: list[list[list[int]]], images: list[list[Any]], scales: list[int]) -> float:
    """Of the combinations of all images; `scales` are the factors that clear denominators."""
    n, parts = family.order, len(vertices[0])
    bits = max(abs(x).bit_length() for vertex in vertices for part in vertex for x in part)
    long = sum(x.bit_length() for x in scales)
    terms = sum(len(image) for row in images for image in row if isinstance(image, list))
    moved = 3000 + n * (n * (50 + family.bits * bits / 900) + 200 + long * (family.bits + bits + long) / 900)
    return parts * len(vertices) * len(images) * moved + parts**2 * terms * n * (50 + long * bits / 900)


def sum_of_vertices(family: Family, vertices: list[list[list[int]]], error_scale: int, error: int) -> list[int]:
    """The sum of all vertices of a monotone hull, in units of 1 / error_scale, less an error; all positive."""
    signs = min(x for A in family.numerators for row in A for x in row), min(x for (v,) in vertices for x in v)
    require(min(signs) >= 0, "a monotone hull needs nonnegative matrices and vertices")
    sums = [sum(column) * error_scale - error for column in zip(*(v for (v,) in vertices), strict=True)]
    require(min(sums) > 0, "every coordinate needs a vertex in which it is positive")
    return sums


def read_combination(image: Any, vertices: list[list[list[int]]], hull: str, weight: int) -> tuple[int, list[Part]]:
    """The sum of the moduli of the coefficients of an image, and for each of its parts coefficients and vectors."""
    require(isinstance(image, list), "an image must be a list of coefficients")
    width = 5 if hull == "elliptic" else 2
    count, total = len(vertices), 0
    parts: list[Part] = [([], []) for _ in vertices[0]]
    for term in image:
        if not isinstance(term, list) or len(term) != width or not is_index(term[0], count):
            raise InvalidError(f"a coefficient of an image must have {width} entries, the first a vertex below {count}")
        vertex, numbers = vertices[term[0]], [read_integer(x) for x in term[width // 2 :]]
        if hull != "elliptic":
            require(numbers[0] >= 0 or hull == "symmetric", "a monotone hull needs nonnegative coefficients")
            total += abs(numbers[0])
            parts[0][0].append(numbers[0])
            parts[0][1].append(vertex[0])
            continue
        require(is_index(term[1], 2), "the second entry of a coefficient must be 0, or 1 for the conjugate vertex")
        real, imaginary, modulus = numbers
        require(modulus >= 0 and real**2 + imaginary**2 <= modulus**2, "a modulus is too small")
        total += modulus
        sign = -1 if term[1] else 1
        for part, pair in zip(parts, ((real, -sign * imaginary), (imaginary, sign * real)), strict=True):
            part[0].extend(pair)
            part[1].extend(vertex)
    require(total <= weight, "the coefficients of an image have a sum of moduli above 1")
    return total, parts


def residual(A: Matrix, vertex: list[int], part: Part, image_scale: int, hull_scale: int) -> list[int]:
    """image_scale * A v - hull_scale * (sum of coefficients times vectors)."""
    coefficients, vectors = part
    image = [image_scale * sum(map(mul, row, vertex)) for row in A]
    if not vectors:
        return image
    columns = zip(*vectors, strict=True)
    return [x - hull_scale * sum(map(mul, coefficients, column)) for x, column in zip(image, columns, strict=True)]


def polytope_fields(proof: dict[str, Any]) -> tuple[str, ...]:
    """A monotone hull has interior for another reason than the others, which need a basis and its dual."""
    basis = () if proof.get("hull") == "monotone" else ("basis", "dual_denominator", "dual")
    return ("hull", "denominator", "vertices", "weight", "images", *basis)


POLYTOPE = Kind(UPPER_RELATIONS, polytope_fields, check_polytope)
