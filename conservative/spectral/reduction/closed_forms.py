"""Families whose joint spectral radius is the radius of a known word, by a theorem instead of a search."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

import flint

from conservative._core.exact.linear_algebra import to_flint
from conservative._core.families.as_family import ExactMatrix, MatrixFamily
from conservative._core.numbers import Bracket, largest
from conservative.spectral.reduction.nilpotent import is_nilpotent_family
from conservative.spectral.reduction.rank_one import best_cycle
from conservative.spectral.words.cyclic_words import Word
from conservative.spectral.words.products import proved_rate


class FormKind(Enum):
    """Why a radius is known; the value is the sentence to print."""

    NILPOTENT = "every product of n matrices vanishes: the joint spectral radius is 0"
    SINGLE = "there is one matrix: the joint spectral radius is its spectral radius"
    NORMAL = "every matrix is normal, so its Euclidean norm is its spectral radius: the largest of them is the answer"
    COMMUTING = "the matrices commute: the joint spectral radius is the largest of their spectral radii"
    RANK_ONE = "every matrix has rank at most one: a simple cycle of letters attains the joint spectral radius"


@dataclass(frozen=True, slots=True, eq=False)
class ClosedForm:
    """The joint spectral radius of a family of a special kind.

    `word`: a word of rate within `radius`, primitive and least among its rotations. It attains the joint spectral
    radius, except that single letters whose radii lie within `radius` are not told apart. `radius`: the joint spectral
    radius, proved. `weight`: P with A_i^T P A_i <= rho^2 P for every i and the exact radius rho, when the theorem gives
    one.
    """

    kind: FormKind
    word: Word
    radius: Bracket
    weight: ExactMatrix | None = None


def closed_form(family: MatrixFamily) -> ClosedForm | None:
    """The joint spectral radius of a nilpotent, single, normal, commuting or rank-one family; None for others.

    Each kind is decided exactly.

    * Normal (symmetric matrices among them): ||A_i||_2 = rho(A_i), so the Euclidean norm is extremal, and P = Id.
    * Commuting (multiples of one matrix among them): ||A_1^a A_2^b ...|| <= ||A_1^a|| ||A_2^b|| ..., and ||A_i^a||
      <= C_e (rho(A_i) + e)^a for every e > 0. So the radius is the largest rho(A_i).
    * Rank one: see `best_cycle`.

    Triangular families fall apart into blocks of order one, which are normal.

    >>> from conservative._core.families.as_family import as_family
    >>> form = closed_form(as_family([[[1, 1], [0, 0]], [[1, 0], [1, 0]]], call="example"))
    >>> form.kind.name, form.word, round(form.radius.upper**2, 12)
    ('RANK_ONE', (0, 1), 2.0)
    """
    if is_nilpotent_family(family):
        return ClosedForm(FormKind.NILPOTENT, (0,), Bracket(0.0, 0.0))
    matrices = [to_flint(m) for m in family.exact]
    if all(_is_normal(m) for m in matrices):
        n = family.size
        identity = tuple(tuple(Fraction(int(i == j)) for j in range(n)) for i in range(n))
        return _largest_letter(family, FormKind.NORMAL, weight=identity)
    if family.count == 1:
        return _largest_letter(family, FormKind.SINGLE)
    if commute(matrices):
        return _largest_letter(family, FormKind.COMMUTING)
    word = best_cycle(family)
    return None if word is None else ClosedForm(FormKind.RANK_ONE, word, proved_rate(family, word))


def _largest_letter(family: MatrixFamily, kind: FormKind, *, weight: ExactMatrix | None = None) -> ClosedForm:
    rates = [proved_rate(family, (i,)) for i in range(family.count)]
    best = max(range(family.count), key=lambda i: (rates[i].lower, -i))
    return ClosedForm(kind, (best,), largest(rates), weight)


def _is_normal(matrix: flint.fmpq_mat) -> bool:
    transpose = matrix.transpose()
    if matrix == transpose:
        return True
    return _agree_on_a_vector((matrix, transpose), (transpose, matrix)) and matrix * transpose == transpose * matrix


def commute(matrices: Sequence[flint.fmpq_mat]) -> bool:
    """Whether every two of some matrices commute."""
    if not all(_agree_on_a_vector((a, b), (b, a)) for a, b in _pairs(matrices)):
        return False
    return all(a * b == b * a for a, b in _pairs(matrices))


def _pairs(matrices: Sequence[flint.fmpq_mat]) -> Iterator[tuple[flint.fmpq_mat, flint.fmpq_mat]]:
    for i, a in enumerate(matrices):
        for b in matrices[:i]:
            yield a, b


def _agree_on_a_vector(
    first: tuple[flint.fmpq_mat, flint.fmpq_mat], second: tuple[flint.fmpq_mat, flint.fmpq_mat]
) -> bool:
    """Whether two products of two matrices map the vector (1, 2, .., n) to the same: a test that mostly fails fast."""
    n = first[0].nrows()
    vector = flint.fmpq_mat(n, 1, list(range(1, n + 1)))
    return bool(first[0] * (first[1] * vector) == second[0] * (second[1] * vector))
