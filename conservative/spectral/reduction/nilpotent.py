"""Whether a family has joint spectral radius zero, decided exactly."""

from collections.abc import Sequence
from typing import Any

import flint

from conservative._core.exact.linear_algebra import to_flint
from conservative._core.families.as_family import MatrixFamily
from conservative.spectral.reduction.modular import PRIMES


def is_nilpotent_family(family: MatrixFamily) -> bool:
    """Whether the joint spectral radius is zero: every product of n matrices vanishes.

    V_0 = R^n, V_{j+1} = sum of A_i V_j. The dimension falls strictly until it stays, so V_n = 0 exactly for these
    families. Products that vanish vanish modulo a prime too, where most families are seen not to; the others are
    decided by exact ranks, each step one reduction of an n x k n rational matrix.

    `family`: n x n matrices.

    >>> from conservative._core.families.as_family import as_family
    >>> is_nilpotent_family(as_family([[[0, 1], [0, 0]]], call="example"))
    True
    """
    if any(sum(m[i][i] for i in range(family.size)) != 0 for m in family.exact):
        return False
    matrices = [to_flint(m).transpose() for m in family.exact]
    residues = [flint.nmod_mat(m.numer_denom()[0], PRIMES[0]) for m in matrices]
    return _vanishes(residues, _identity_modulo(family.size)) and _vanishes(matrices, _identity(family.size))


def _identity(n: int) -> flint.fmpq_mat:
    return flint.fmpq_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])


def _identity_modulo(n: int) -> flint.nmod_mat:
    return flint.nmod_mat(n, n, [int(i == j) for i in range(n) for j in range(n)], PRIMES[0])


def _vanishes(operators: Sequence[Any], rows: Any) -> bool:
    """Whether repeated images of the whole row space end at zero."""
    n = dimension = rows.ncols()
    while dimension:
        entries = [x for m in operators for x in (rows * m).entries()]
        shape = (len(entries) // n, n)
        modular = isinstance(rows, flint.nmod_mat)
        images = flint.nmod_mat(*shape, entries, PRIMES[0]) if modular else flint.fmpq_mat(*shape, entries)
        reduced, rank = images.rref()
        if rank == dimension:
            return False
        dimension, kept = rank, reduced.entries()[: rank * n]
        if rank:
            rows = flint.nmod_mat(rank, n, kept, PRIMES[0]) if modular else flint.fmpq_mat(rank, n, kept)
    return True
