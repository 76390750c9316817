"""`SwitchedJacobian`: all Jacobians that a program may return at a point, in abs-normal form.

Every decision of a program is fixed at the point; at a tied switch the nominal branch + w is returned and
z = other − nominal is reported. Differentiating (x, θ, w) ↦ (y, z) gives [B Y; Z L], and choosing s ∈ {0, 1}^k at the
switches gives J(s) = B + Y (I − S L)⁻¹ S Z, S = diag(s). Switches are numbered in the order in which the program meets
them, so that L is strictly lower triangular and I − S L is always invertible.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator

from conservative._core.errors import BudgetError, ShapeError
from conservative._core.result_lines import count, result_line
from conservative.functions.switched_cones import Cone

Matrix = NDArray[Any]
"""A float64 array, or an object array of `Fraction`."""

MAX_BLOCKS = 4096
"""Most combinations of choices that are listed unless the caller allows more."""


@dataclass(frozen=True, slots=True)
class SwitchedTie:
    """One decision that the point leaves open, and the switches that follow it.

    Parameters
    ----------
    name : str
        What is tied, with its element: "maximum[3]".
    source : str
        File and line of the user's program, "step.py:12"; empty where it is not known.
    slots : tuple of int
        The switches (rows of Z) that this decision moves.
    patterns : tuple of tuple of int
        Its choices: which switches are turned to their other branch. The nominal choice, none of them, goes without
        saying. One switch i has the one pattern (i,); the largest of r equal values has r − 1 patterns of one switch.
    distance : float
        The difference of the values that tie, 0 where they are equal.
    cones : tuple
        For each choice, the nominal one first, the linear forms in z that are positive where it is taken next to the
        point; None where it is taken on no open set. Empty where that is not known.
    """

    name: str
    source: str
    slots: tuple[int, ...]
    patterns: tuple[tuple[int, ...], ...]
    distance: float = 0.0
    cones: tuple[Cone | None, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} at {self.source}" if self.source else self.name


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class SwitchedJacobian:
    """{B + Y (I − S L)⁻¹ S Z}: what a program may return at a point, without listing its 2^k choices.

    Parameters
    ----------
    base : ndarray, shape (q, n), or LinearOperator of that shape
        B, the Jacobian of the nominal choice, n = p + m; an operator where the program is large.
    Y : ndarray, shape (q, k)
    Z : ndarray, shape (k, n)
    L : ndarray, shape (k, k)
        Strictly lower triangular. All of float64, or all of object dtype with `Fraction` entries: exact.
    ties : tuple of SwitchedTie
        Their slots are a partition of the k switches.
    state_size : int
        p, the number of state columns, which come first.
    value : ndarray, shape (q,)
        F at the point.
    tolerance : float
        Ties were decided within it; 0 at an exact point.
    inactive : tuple of str
        Ties that are proved to move no derivative.
    near_ties : tuple of (str, float)
        Values that do not tie, yet are suspiciously close, with their distance.
    warnings : tuple of str
        What the reader should know: custom rules, control decided by a tie, values that are not finite.
    framework : ndarray of float, shape (k,), or None
        The weights s that the library's own derivative is predicted to use; None where no library differentiates, as
        with NumPy: then nothing is compared with the set.
    clean : bool
        Whether every tie is a switch that the program meets in the open: no control decided by a tie, no rule of the
        user's own, no jump along what decides. Only then may the set be called Clarke's.
    rounding : float or None
        Proved bound of the Frobenius error of every member; 0 for exact entries. Constants of a program count as they
        are in doubles. None where it is not enclosed: where a factor of the derivative depends on rounded values.
    others : tuple of SwitchedJacobian
        The same program with decisions of its control taken otherwise; the set is the hull of all of them.
    control : ndarray, shape (number, n), or None
        Linear forms in (x, θ) that are positive where this path of control is taken next to the point; None where it is
        taken on no open set, or where that is not known.
    """

    base: Any
    Y: Matrix
    Z: Matrix
    L: Matrix
    ties: tuple[SwitchedTie, ...]
    state_size: int
    value: Matrix
    tolerance: float = 0.0
    inactive: tuple[str, ...] = ()
    near_ties: tuple[tuple[str, float], ...] = ()
    warnings: tuple[str, ...] = ()
    framework: NDArray[np.float64] | None = None
    clean: bool = True
    rounding: float | None = None
    others: tuple["SwitchedJacobian", ...] = ()
    control: Matrix | None = None

    def __post_init__(self) -> None:
        q, n = self.base.shape
        k = len(self.Z)
        if self.Y.shape != (q, k) or self.Z.shape != (k, n) or self.L.shape != (k, k):
            raise ShapeError(
                f"`SwitchedJacobian` needs Y ({q}, k), Z (k, {n}) and L (k, k) beside its base ({q}, {n}); got "
                f"{self.Y.shape}, {self.Z.shape} and {self.L.shape}."
            )
        if np.triu(self.L != 0).any():
            raise ShapeError("`SwitchedJacobian(L=...)` needs a strictly lower triangular L: switches in their order.")
        if sorted(i for tie in self.ties for i in tie.slots) != list(range(k)):
            raise ShapeError(f"`SwitchedJacobian(ties=...)` needs ties whose slots are the {k} switches, each once.")

    def __repr__(self) -> str:
        q, n = self.shape
        return result_line(
            self,
            f"{count(len(self.ties), 'tie')} in {count(len(self.groups), 'group')}",
            f"blocks [A B] of shape ({q}, {self.state_size} + {n - self.state_size})",
            "exact" if self.exact else "float",
            *([f"{count(len(self.others), 'other path')} of control"] if self.others else []),
            *([f"{len(self.near_ties)} near-ties"] if self.near_ties else []),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """(q, p + m), the shape of one block."""
        return int(self.base.shape[0]), int(self.base.shape[1])

    @property
    def exact(self) -> bool:
        """Whether the entries are rationals."""
        return bool(self.Z.dtype == object)

    @property
    def matrix_free(self) -> bool:
        """Whether the base is an operator, whose entries are not stored."""
        return isinstance(self.base, LinearOperator)

    @property
    def choices(self) -> int:
        """How many combinations of choices there are, in this path of control."""
        return math.prod(1 + len(tie.patterns) for tie in self.ties)

    @property
    def groups(self) -> tuple[tuple[SwitchedTie, ...], ...]:
        """The ties that act on each other's derivatives, by the pattern of L; each group in the program's order."""
        owner = {slot: index for index, tie in enumerate(self.ties) for slot in tie.slots}
        parent = list(range(len(self.ties)))

        def root(i: int) -> int:
            while parent[i] != i:
                parent[i] = parent[parent[i]]
                i = parent[i]
            return i

        for after, before in np.argwhere(self.L != 0).tolist():
            parent[root(owner[after])] = root(owner[before])
        found: dict[int, list[SwitchedTie]] = {}
        for index, tie in enumerate(self.ties):
            found.setdefault(root(index), []).append(tie)
        return tuple(tuple(group) for group in found.values())

    def blocks(self, s: Any) -> Matrix:
        """J(s) for many choices at once, by forward substitution.

        Parameters
        ----------
        s : array_like, shape (..., k)

        Returns
        -------
        ndarray, shape (..., q, p + m)

        Raises
        ------
        ShapeError
        """
        weights = self._weights(s)
        lead = weights.shape[:-1]
        if not len(self.Z):
            return np.broadcast_to(self.dense_base(), (*lead, *self.shape)).copy()
        moved = moved_rows(weights.reshape(-1, len(self.Z)), self.Z, self.L)
        with np.errstate(invalid="ignore"):
            return np.asarray(self.dense_base() + self.Y @ moved).reshape(*lead, *self.shape)

    def block(self, s: Any) -> Matrix:
        """J(s) for one choice.

        Parameters
        ----------
        s : array_like, shape (k,)

        Returns
        -------
        ndarray, shape (q, p + m)
        """
        return self.blocks(s)

    def jvp(self, s: Any, v: Any) -> Matrix:
        """J(s) v without forming J(s).

        Parameters
        ----------
        s : array_like, shape (k,)
        v : array_like, shape (p + m,) or (p + m, c)

        Returns
        -------
        ndarray, shape (q,) or (q, c)
        """
        v, s = np.asarray(v), self._weights(s)
        rows = self.Z @ v
        rows = s.reshape(-1, *[1] * (v.ndim - 1)) * rows
        for i in np.flatnonzero((self.L != 0).any(axis=1)):
            rows[i] += s[i] * (self.L[i, :i] @ rows[:i])
        return np.asarray(self.base @ v + self.Y @ rows)

    def vjp(self, s: Any, u: Any) -> Matrix:
        """J(s)ᵀ u without forming J(s).

        Parameters
        ----------
        s : array_like, shape (k,)
        u : array_like, shape (q,) or (q, c)

        Returns
        -------
        ndarray, shape (p + m,) or (p + m, c)
        """
        u, s = np.asarray(u), self._weights(s)
        rows = self.Y.T @ u
        rows = s.reshape(-1, *[1] * (u.ndim - 1)) * rows
        for i in np.flatnonzero((self.L != 0).any(axis=0))[::-1]:
            rows[i] += s[i] * (self.L[i + 1 :, i] @ rows[i + 1 :])
        return np.asarray(self.base.T @ u + self.Z.T @ rows)

    @property
    def framework_choice(self) -> Matrix | None:
        """The Jacobian that the library's own derivative is predicted to be; None where no library differentiates."""
        return None if self.framework is None else self.block(self.framework)

    def patterns(self, ties: Sequence[SwitchedTie] | None = None) -> Iterator[tuple[int, ...]]:
        """Every combination of choices, as the switches that are turned; of some ties, the others staying nominal.

        Parameters
        ----------
        ties : sequence of SwitchedTie, optional

        Yields
        ------
        tuple of int
        """
        for chosen in product(*(((), *tie.patterns) for tie in (self.ties if ties is None else ties))):
            yield tuple(i for pattern in chosen for i in pattern)

    def vertices(self, *, max_blocks: int = MAX_BLOCKS) -> Matrix:
        """The blocks of all combinations of choices, in all paths of control.

        Parameters
        ----------
        max_blocks : int
            Most blocks that are listed.

        Returns
        -------
        ndarray, shape (number, q, p + m)

        Raises
        ------
        BudgetError
            When there are more than `max_blocks` combinations.
        """
        paths = (self, *self.others)
        total = sum(path.choices for path in paths)
        if total > max_blocks:
            raise BudgetError(
                f"{count(len(self.ties), 'tie')} leave {total:,} combinations of choices, more than {max_blocks:,}. "
                "Use `jvp`, `vjp`, or the zonotope or cover that `conservative_jacobian` makes of many ties."
            )
        return np.concatenate([path.blocks(path.weights(list(path.patterns()))) for path in paths])

    def weights(self, patterns: Sequence[Sequence[int]]) -> Matrix:
        """The weights s ∈ {0, 1}^k of combinations of choices.

        Parameters
        ----------
        patterns : sequence of sequence of int

        Returns
        -------
        ndarray, shape (number, k)
        """
        s = np.zeros((len(patterns), len(self.Z)), dtype=np.int64 if self.exact else np.float64)
        rows = [row for row, pattern in enumerate(patterns) for _ in pattern]
        s[rows, [i for pattern in patterns for i in pattern]] = 1
        return s.astype(object) if self.exact else s

    def dense_base(self) -> Matrix:
        """B as an array, formed where it is an operator.

        Returns
        -------
        ndarray, shape (q, p + m)
        """
        if self.matrix_free:
            return np.asarray(self.base @ np.eye(self.shape[1]))
        return np.asarray(self.base)

    def _weights(self, s: Any) -> Matrix:
        weights = np.asarray(s)
        if weights.ndim == 0 or weights.shape[-1] != len(self.Z):
            raise ShapeError(
                f"`SwitchedJacobian` needs one weight s in [0, 1] for each of its {len(self.Z)} switches; got shape "
                f"{weights.shape}."
            )
        return weights


def moved_rows(s: Matrix, Z: Matrix, L: Matrix) -> Matrix:
    """(I − S L)⁻¹ S Z by forward substitution. Shapes: `s` (c, k), `Z` (k, n), `L` (k, k), result (c, k, n)."""
    with np.errstate(invalid="ignore"):  # a row of Z that is not finite is told of where a set is made
        rows = np.multiply(s[:, :, None], Z)
    for i in np.flatnonzero((L != 0).any(axis=1)):
        rows[:, i] += s[:, i, None] * (L[i, :i] @ rows[:, :i])
    return rows
