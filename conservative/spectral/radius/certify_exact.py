"""Proofs that a word attains the radius: of one block, from a polytope that holds every image strictly inside."""

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from conservative._core.errors import CertificateError
from conservative._core.families.as_family import MatrixFamily
from conservative.certificates import Certificate, exact_certificate, exact_proof
from conservative.spectral.polytope.columns import MEAN
from conservative.spectral.polytope.shape import ROOT, Polytope
from conservative.spectral.radius.block_search import BlockState, strict_polytope, with_small_polytope
from conservative.spectral.radius.certify import is_identity, of_whole_family
from conservative.spectral.reduction import BlockTriangular

_MOST_EXACT = 200_000
"""Vertices times matrices times n^2 up to which exact values are proved."""


def prove_exactly(
    family: MatrixFamily,
    form: BlockTriangular,
    states: Sequence[BlockState],
    *,
    rate: Fraction | None = None,
    deadline: float,
) -> Certificate | None:
    """A proof that a word attains the radius, which may be irrational; None where this kind of proof does not apply.

    For one block with a polytope that closes, grown from one real eigenvector, with every image strictly inside. Large
    polytopes are left out: the long numbers would take longer than the search.
    """
    state = states[0]
    if len(states) != 1 or not is_identity(form.basis) or not state.is_closed:
        return None
    if state.polytope is None and state.block.quadratic in {"normal", "single"} and state.block.family.size > 1:
        state = with_small_polytope(state, deadline=deadline) or state
    if state.polytope is None:
        return None
    size = state.polytope.count * state.block.family.count * state.block.family.size**2
    if size > _MOST_EXACT or any(x != 1 for x in state.block.balance):
        return None
    strict = strict_polytope(state, deadline=deadline)
    if strict is None:
        return None
    polytope = of_whole_family(replace(state, polytope=strict), math.inf).polytope
    assert polytope is not None
    tree = [None if p == ROOT else (int(p), int(i)) for p, i in zip(polytope.parent, polytope.letter, strict=True)]
    try:
        proof = exact_proof(
            family,
            word=polytope.cycles[0].word,
            vertices=polytope.vertices,
            tree=tree,
            images=_combinations(polytope),
            hull=polytope.kind.value,
            rate=rate,
        )
        return exact_certificate(family, proof)
    except (CertificateError, OverflowError, np.linalg.LinAlgError, ZeroDivisionError):
        return None


def _combinations(polytope: Polytope) -> list[list[list[tuple[int, float]]]]:
    """Pairs (vertex, coefficient) for every settled image, in doubles."""
    k = polytope.matrices.shape[0]
    table: list[list[list[tuple[int, float]]]] = [[[] for _ in range(polytope.count)] for _ in range(k)]
    for points in (*polytope.settled, polytope.pending):
        signed = (points.coefficients * points.factor.real).tolist()
        for (letter, vertex), code, weight in zip(points.image.tolist(), points.code.tolist(), signed, strict=True):
            entries = [(c // 2, w) for c, w in zip(code, weight, strict=True) if c >= 0 and w != 0]
            spread = sum(w for c, w in zip(code, weight, strict=True) if c == MEAN) / max(polytope.mean_count, 1)
            if spread:
                entries += [(j, spread) for j in range(polytope.mean_count)]
            table[letter][vertex] = entries
    return table
