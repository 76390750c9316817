"""One small certificate of every kind and hull, with residuals where the kind allows them."""

from fractions import Fraction
from typing import Any

import numpy as np

from conservative._core.families.as_family import MatrixFamily, as_family
from conservative.certificates import (
    Certificate,
    PathCompleteProof,
    PolytopeProof,
    ProductsProof,
    QuadraticProof,
    SumOfSquaresProof,
    contraction_certificate,
    equality_certificate,
    exact_certificate,
    exact_proof,
    expansion_certificate,
    slowest_certificate,
    upper_certificate,
)
from conservative.certificates.lower_parts import BlockPart, ConePart, DeterminantsPart, InversesPart
from conservative.certificates.sealing import inequality, proved, seal
from conservative.certificates.word_proofs import real_eigenpair
from strategies.proofs import (
    blocks_of,
    cross_polytope,
    disc,
    grown_polytope,
    identity,
    leading_word,
    rotation,
    rounded_polytope,
)

F = Fraction
HEAVY_BALL = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]
PAIR = [[[1, 1], [-1, 1]], [[1, 2], [0, -1]]]
GOLDEN = [[[1, 1], [0, 1]], [[1, 0], [1, 1]]]
DIAGONAL = [[[F(1, 2), F(0)], [F(0), F(2)]], [[F(-1), F(0)], [F(0), F(1, 3)]]]
FOLDED = [[[0, 8], [2, 0]], [[1, -3], [1, 3]]]
"""The square of the first matrix is 16."""
FOLDED_WORDS = [(0, 0), (0, 1, 0), (0, 1, 1), (1,)]
SWITCH = (2, [(0, 1, 0), (1, 0, 1)])
"""Strict alternation of two letters."""


def symmetric() -> Certificate:
    matrices = np.array(PAIR, dtype=float)
    grown = grown_polytope(matrices, leading_word(matrices, 3))
    assert grown is not None
    return upper_certificate(PAIR, *rounded_polytope(matrices, grown))


def elliptic() -> Certificate:
    turns = [((3, 4, 5), F(1)), ((5, -12, 13), F(3, 4))]
    proof = disc(turns, F(1))
    # c / 1000 instead of the exact multiples of the vertex: a residual remains.
    images = [[[(0, 0, 600, -800, 1000)]], [[(0, 0, 288, 692, 750)]]]
    rounded = PolytopeProof("elliptic", 1, proof.vertices, proof.basis, 1, proof.dual, 1000, images)
    return upper_certificate([rotation(*turn) for turn in turns], rounded, F(1))


def monotone() -> Certificate:
    third = [[[F(1, 3)] * 2] * 2]
    images = [[[(0, 47), (1, 47)], [(0, 48), (1, 46)]]]
    proof = PolytopeProof("monotone", 2, [[2, 0], [0, 2]], [], 1, [], 100, images)
    return upper_certificate(third, proof, F(7, 10), strict=True)


def path_complete() -> Certificate:
    norms = [[[F(1, r**2) * x for x in row] for row in identity(2)] for r in (2, 1)]
    edges = [(i, j, j) for i in range(2) for j in range(2)]
    return upper_certificate(DIAGONAL, PathCompleteProof(2, edges, norms), 2)


def sum_of_squares() -> Certificate:
    """p = x^4 + y^4 for the diagonal family: 16 p - p(A x) has the slacks (255/16, 0) and (15, 16 - 1/81)."""
    gram = [[F(1), F(0), F(-1, 2)], [F(0), F(1), F(0)], [F(-1, 2), F(0), F(1)]]
    slacks = [
        [[255 * F(1, 16), F(0), F(0)], [F(0), F(0), F(0)], [F(0), F(0), F(0)]],
        [[F(15), F(0), F(0)], [F(0), F(0), F(0)], [F(0), F(0), 16 - F(1, 81)]],
    ]
    return upper_certificate(DIAGONAL, SumOfSquaresProof(2, gram, slacks), 2)


def exact() -> Certificate:
    matrices = np.array(PAIR, dtype=float)
    grown: dict[str, Any] | None = grown_polytope(matrices, leading_word(matrices, 3))
    assert grown is not None
    return exact_certificate(PAIR, exact_proof(PAIR, **grown, bits=128))


def exact_monotone() -> Certificate:
    matrices = np.array(GOLDEN, dtype=float)
    grown = grown_polytope(matrices, (0, 1), "monotone")
    assert grown is not None
    return exact_certificate(GOLDEN, exact_proof(GOLDEN, **grown, bits=128))


def family(matrices: Any) -> MatrixFamily:
    return as_family(matrices, call="samples")


def expansion(proof: dict[str, Any], matrices: Any, bound: str) -> Certificate:
    """A strict lower bound with a proof as it stands in the document."""
    return proved(seal(family(matrices), "expansion", inequality(">", F(bound)), proof))


def slowest() -> dict[str, Certificate]:
    """Of each part of the kind: a cone of each side and along an automaton, determinants, inverses, and one block."""
    ones = [[[(0, 1)]], [[(0, 1)]]]
    spread = [[[2, 1], [1, 1]], [[1, 1], [1, 3]]]
    two = ConePart("rows", [[1, 0], [0, 1]], [0, 0], [[[(0, 2), (1, 1)], [(0, 1), (1, 1)]], [[(0, 1), (1, 1)]] * 2])
    turned = ConePart("columns", [[1, 0], [1, 1]], [0, 1], [[[(1, 1)], None], [None, [(0, 1)]]])
    halves = [[[F(1, 2), F(0)], [F(0), F(-2)]], [[F(3), F(0)], [F(0), F(1)]]]
    inverse = [[[F(2), F(0)], [F(0), F(-1, 2)]], [[F(1, 3), F(0)], [F(0), F(1)]]]
    triangular = [[[2, 5], [0, 0]], [[3, 1], [0, 1]]]
    block = BlockPart(identity(2), identity(2), [1, 1], 0, DeterminantsPart())
    return {
        "slowest columns": slowest_certificate(
            GOLDEN, word=[0], lower=1, upper=1, part=ConePart("columns", [[1, 1]], [0], ones)
        ),
        "slowest rows": slowest_certificate(spread, word=[0], lower="3/2", upper=F(27, 10), part=two),
        "slowest automaton": slowest_certificate(
            GOLDEN, word=[0, 1], lower=1, upper=F(17, 10), part=turned, automaton=SWITCH
        ),
        "slowest determinants": slowest_certificate(PAIR, word=[1], lower=1, upper=F(3, 2), part=DeterminantsPart()),
        "slowest inverses": slowest_certificate(
            halves, word=[0], lower="1/2", upper=2, part=InversesPart(inverse, QuadraticProof(identity(2)))
        ),
        "slowest block": slowest_certificate(triangular, word=[0], lower=2, upper=2, part=block),
        "slowest zero": slowest_certificate([[[0, 1], [0, 0]]], word=[0], lower=0, upper=0),
    }


def samples() -> dict[str, Certificate]:
    """By the name of the kind, and of the hull or the automaton."""
    bounded = PathCompleteProof(2, [(0, 0, 0), (0, 1, 1), (1, 0, 0), (1, 1, 1)], [identity(4)] * 2)
    return {
        "expansion": expansion_certificate(HEAVY_BALL, (0, 0, 1, 1)),
        "vector": expansion({"word": [0, 1], "vector": ["89", "55"]}, GOLDEN, "8/5"),
        "eigenpair": expansion(
            {"word": [0, 0, 1, 1], "eigenpair": real_eigenpair(family(HEAVY_BALL), [0, 0, 1, 1], F(1))}, HEAVY_BALL, "1"
        ),
        "contraction": contraction_certificate([[["1/2", "1/4"], [0, "1/2"]]], [[1, 0], [0, 2]], "4/5"),
        "symmetric": symmetric(),
        "elliptic": elliptic(),
        "monotone": monotone(),
        "path-complete": path_complete(),
        "rows": upper_certificate(FOLDED, ProductsProof("rows", [1, 1], FOLDED_WORDS), 6, strict=True),
        "columns": upper_certificate(FOLDED, ProductsProof("columns", [2, 3], FOLDED_WORDS), 6, strict=True),
        "quadratic products": upper_certificate(FOLDED, ProductsProof("quadratic", identity(2), FOLDED_WORDS), 6),
        "sum-of-squares": sum_of_squares(),
        "blocks": upper_certificate(*blocks_of(DIAGONAL, F(2))),
        "equality": equality_certificate(DIAGONAL, word=[0], lower=2, upper=2, proof=cross_polytope(DIAGONAL, F(2))),
        "bracket": equality_certificate(DIAGONAL, word=[0], lower="19/10", upper=2, proof=QuadraticProof(identity(2))),
        "exact": exact(),
        "exact monotone": exact_monotone(),
        "automaton": equality_certificate(
            DIAGONAL, word=[0, 1], lower="4/5", upper=2, proof=QuadraticProof(identity(4)), automaton=SWITCH
        ),
        "automaton word": expansion_certificate(DIAGONAL, [0, 1], bound="4/5", automaton=SWITCH),
        "automaton graph": upper_certificate(DIAGONAL, bounded, 2, automaton=SWITCH),
        **slowest(),
    }
