"""Matrices that change no radius: duplicates, and convex combinations of the others and of their negatives."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from conservative._core.deadlines import NEVER, is_over
from conservative._core.exact.linear_algebra import to_flint
from conservative._core.families.as_family import MatrixFamily
from conservative.spectral.reduction.modular import PRIMES

FloatArray = NDArray[np.float64]
Vector = list[Fraction]

MOST_PROGRAMS = 100
"""Matrices at most that are tried, the smallest first, each with one linear program."""

PATIENCE = 12
"""Programs in a row without success after which the rest stays; more where they are small, by `CHEAP_ENTRIES`."""

CHEAP_ENTRIES = 200_000
"""Entries of constraint matrices that are solved in any case, all programs together."""

DIRECTIONS = 64
"""Random linear functionals; the matrix where |<G, A>| is largest is a vertex and needs no program."""


@dataclass(frozen=True, slots=True, eq=False)
class Essential:
    """The matrices of a family that decide its radius, with their places in the family.

    `family`: the matrices kept, in their order. `letters`: letters[i] is the index in the original family of the i-th
    matrix kept.
    """

    family: MatrixFamily
    letters: tuple[int, ...]

    def original(self, word: Sequence[int]) -> tuple[int, ...]:
        """A word in the letters of the original family.

        `word`: indices into `family`.
        """
        return tuple(self.letters[i] for i in word)


def essential_matrices(family: MatrixFamily, *, deadline: float = NEVER) -> Essential:
    """The family without matrices in the absolutely convex hull of the others.

    Let every removed matrix be sum c_j A_j over the kept ones with sum |c_j| <= 1. A product of n such sums is a
    combination of products of the kept matrices, with coefficients whose moduli add up to at most 1: so its norm
    is at most the largest norm of a product of n kept matrices, in every norm, and the joint spectral radius, the
    limit of their n-th roots, is the same. In particular one of A, -A is enough, and 0 is never needed.

    Matrices outside every linear relation stay at once (a rank modulo a prime never exceeds the rational
    one). For the others a linear program in doubles proposes the c_j, and rational arithmetic solves for them
    again on the support; a matrix is removed only when the exact c_j are right. When in doubt it stays.

    `deadline`: after which no further matrix is tried: then it stays.

    >>> from conservative._core.families.as_family import as_family
    >>> corners = [[1, 0], [0, 0]], [[0, 0], [0, -1]]
    >>> kept = essential_matrices(as_family([*corners, [["1/2", 0], [0, "1/2"]]], call="example"))
    >>> kept.letters, kept.original((1, 0))
    ((0, 1), (1, 0))
    """
    kept = _without_duplicates(family)
    vectors = [[x for row in family.exact[i] for x in row] for i in kept]
    suspects = _dependent(vectors)
    if suspects:
        kept = _without_combinations(family, kept, vectors, suspects, deadline)
    if len(kept) == family.count:
        return Essential(family, tuple(range(family.count)))
    floats = np.ascontiguousarray(family.floats[kept])
    floats.setflags(write=False)
    return Essential(MatrixFamily(floats, tuple(family.exact[i] for i in kept)), tuple(kept))


def _without_duplicates(family: MatrixFamily) -> list[int]:
    """First occurrences up to sign, without zero matrices unless there is nothing else."""
    seen: set[tuple[object, ...]] = set()
    kept = []
    for i, matrix in enumerate(family.exact):
        entries = tuple(x for row in matrix for x in row)
        leading = next((x for x in entries if x != 0), None)
        key = tuple(-x for x in entries) if leading is not None and leading < 0 else entries
        if leading is not None and key not in seen:
            seen.add(key)
            kept.append(i)
    return kept or [0]


def _dependent(vectors: list[Vector]) -> list[int]:
    """Positions of the vectors that take part in a linear relation, modulo a prime."""
    residues = flint.nmod_mat(to_flint(vectors).numer_denom()[0], PRIMES[0]).transpose()
    reduced, rank = residues.rref()
    if rank == len(vectors):
        return []
    rows = reduced.tolist()[:rank]
    suspects: set[int] = set()
    for row in rows:
        used = [j for j, x in enumerate(row) if x != 0]
        if len(used) > 1:
            suspects.update(used)
    return sorted(suspects)


def _without_combinations(
    family: MatrixFamily, kept: list[int], vectors: list[Vector], suspects: list[int], deadline: float
) -> list[int]:
    scale = float(np.abs(family.floats[kept]).max())
    floats = _projected(family.floats[kept].reshape(len(kept), -1) / (scale or 1.0))
    vertices = _vertices(floats)
    alive = list(range(len(kept)))
    order = sorted((j for j in suspects if j not in vertices), key=lambda j: float(np.abs(floats[j]).sum()))
    failures, patience = 0, max(PATIENCE, CHEAP_ENTRIES // floats.size)
    for j in order[:MOST_PROGRAMS]:
        if failures == patience or is_over(deadline):
            break
        others = [i for i in alive if i != j]
        support = _support(floats[others], floats[j])
        if support is not None and _is_combination([vectors[others[i]] for i in support], vectors[j]):
            alive, failures = others, 0
        else:
            failures += 1
    return [kept[j] for j in alive]


def _projected(floats: FloatArray) -> FloatArray:
    """The same vectors in a random subspace where they satisfy the same linear relations, to shorten the programs."""
    count, dimension = floats.shape
    if dimension <= count:
        return floats
    return np.asarray(floats @ np.random.default_rng(1).normal(size=(dimension, count)) / np.sqrt(count))


def _vertices(floats: FloatArray) -> set[int]:
    directions = np.random.default_rng(0).normal(size=(floats.shape[1], DIRECTIONS))
    return set(np.abs(floats @ directions).argmax(axis=0).tolist())


def _support(others: FloatArray, target: FloatArray) -> list[int] | None:
    """Indices with a nonzero coefficient in the combination of least sum of moduli, when that is at most 1."""
    count = others.shape[0]
    if count == 0:
        return None
    both = np.concatenate([others, -others]).T
    solution = linprog(np.ones(2 * count), A_eq=both, b_eq=target, bounds=(0, None), method="highs-ds")
    if solution.status != 0 or solution.fun > 1 + 1e-7:
        return None
    coefficients = solution.x[:count] - solution.x[count:]
    return np.flatnonzero(np.abs(coefficients) > 1e-10).tolist()


def _is_combination(vectors: list[Vector], target: Vector) -> bool:
    """Whether a vector is sum c_j v_j with sum |c_j| <= 1 for the one solution c, exactly."""
    reduced, rank = to_flint(list(zip(*vectors, target, strict=True))).rref()
    count = len(vectors)
    if rank != count or any(reduced[i, i] != 1 for i in range(count)):
        return False
    return bool(sum(abs(reduced[i, count]) for i in range(count)) <= 1)
