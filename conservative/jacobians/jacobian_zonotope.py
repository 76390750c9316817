"""`JacobianZonotope`: a set of blocks [A B] with many independent ties, kept without its 2^k vertices."""

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_count, as_real_array
from conservative._core.errors import ArgumentError, ArgumentTypeError, BudgetError, ShapeError
from conservative._core.exactness import Exactness
from conservative._core.families.as_family import MatrixFamily
from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, round_up
from conservative._core.rationals import as_fraction
from conservative._core.result_lines import count, result_line, shape
from conservative.jacobians.jacobian_set import READINGS, ExactBlocks, JacobianSet, NearTie, distinct, frozen
from conservative.matrix_sets import LargestNorm, MatrixZonotope, largest_norm

MAX_LISTED_TIES = 12
"""Most ties whose 2^k blocks are listed."""

ExactFactors = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
"""base, U and V as object arrays of `Fraction`."""


@final
@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class JacobianZonotope:
    """{base + Σ t_i u_i v_iᵀ : t ∈ [0, 1]^k}: each tie changes [A B] by a matrix of rank one, independently.

    Beside what is here it answers to the names of a `JacobianSet`: `vertices` and the exact blocks while k ≤ 12,
    `state`, `parameter`, `kind`, `exactness`, `tolerance`, `near_ties`.

    Parameters
    ----------
    base : ndarray, shape (q, n)
        The block with every t_i = 0; n = p + m.
    U : ndarray, shape (k, q)
    V : ndarray, shape (k, n)
        Tie i adds t_i u_i v_iᵀ. Memory is qn + k(q + n).
    exact_factors : tuple of object arrays, or None
        The same three in rational arithmetic, when the point was exact and the sizes are moderate.
    state_size : int
        p, the number of state columns, which come first.
    kind : str
        "program", "selection" or "conical"; "ties" for given arrays.
    exactness : Exactness
        Relation to Clarke's Jacobian: EXACT or OUTER.
    tight : bool
        Whether this is exactly the hull of what the program may return, and not a superset of it.
    tolerance : float
        Ties were decided within it; 0 at an exact point.
    near_ties : tuple of NearTie
    edges : tuple of str
        Powers on the edge of whose domain the point lies, as for a `JacobianSet`.
    rounding : float
        Proved Frobenius distance between this set and the one of the exact data.
    tie_names : tuple of str
        What each tie is, as far as it has a name.
    reason : str
        Why this form was chosen; empty when it was asked for.
    """

    base: NDArray[np.float64]
    U: NDArray[np.float64]
    V: NDArray[np.float64]
    exact_factors: ExactFactors | None = None
    state_size: int
    kind: str
    exactness: Exactness
    tight: bool = True
    tolerance: float = 0.0
    near_ties: tuple[NearTie, ...] = ()
    edges: tuple[str, ...] = ()
    rounding: float = 0.0
    tie_names: tuple[str, ...] = ()
    reason: str = ""

    def __repr__(self) -> str:
        q, n = self.base.shape
        k = self.tie_count
        digits = "exact" if self.exact_factors is not None else "float"
        near = [count(len(self.near_ties), "near-tie")] if self.near_ties else []
        what = f"{count(k, 'tie')} of rank one, up to 2^{k}"
        if not self.tight:
            what = f"{count(k, 'generator')} of rank one, a superset of all"
        size = shape((q, f"({self.state_size} + {n - self.state_size})"))
        blocks = f"{what} {digits} blocks [A B]"
        return result_line(self, blocks, size, f"kind={self.kind!r}", self.exactness.name, *near)

    @classmethod
    def from_ties(cls, base: Any, U: Any, V: Any, *, states: int) -> "JacobianZonotope":
        """The set {base + Σ t_i u_i v_iᵀ : t ∈ [0, 1]^k} of given arrays.

        Parameters
        ----------
        base : array_like, shape (q, p + m)
            The block [A B] with every t_i = 0.
        U : array_like, shape (k, q)
        V : array_like, shape (k, p + m)
            Integers, `Fraction` and rational strings stay exact when all entries are; one float makes all floats.
        states : int
            p, the number of state columns, which come first.

        Returns
        -------
        JacobianZonotope

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentError, ArgumentTypeError

        Examples
        --------
        >>> J = JacobianZonotope.from_ties([["1/2", 1]], [[1]], [["-1/4", 0]], states=1)
        >>> J.vertices.tolist(), J.exact_vertices[1]
        ([[[0.5, 1.0]], [[0.25, 1.0]]], Matrix([[1/4, 1]]))
        """
        call = "JacobianZonotope.from_ties"
        arrays = {"base": (base, "(q, p + m)"), "U": (U, "(k, q)"), "V": (V, "(k, p + m)")}
        read = {name: _rows(value, call, name, wanted) for name, (value, wanted) in arrays.items()}
        q, n = read["base"].shape
        p = as_count(states, call=call, argument="states", least=1, most=n)
        k = len(read["U"])
        for name, shape_wanted in (("U", (k, q)), ("V", (k, n))):
            if read[name].shape != shape_wanted:
                raise ShapeError(f"`{call}({name}=...)` needs shape {shape_wanted}; got {read[name].shape}.")
        exact = all(array.dtype == object for array in read.values())
        floats = {name: frozen(array.astype(np.float64)) for name, array in read.items()}
        return cls(
            base=floats["base"],
            U=floats["U"],
            V=floats["V"],
            exact_factors=(read["base"], read["U"], read["V"]) if exact else None,
            state_size=p,
            kind="ties",
            exactness=Exactness.EXACT,
            rounding=factor_rounding(*read.values()) if exact else 0.0,
        )

    @property
    def reading(self) -> str:
        """What the set speaks of, as for a `JacobianSet`."""
        return READINGS.get(self.kind, "given")

    @property
    def tie_count(self) -> int:
        """The number k of ties."""
        return len(self.U)

    @property
    def shape(self) -> tuple[int, int]:
        """(q, p + m), the shape of one block."""
        return int(self.base.shape[0]), int(self.base.shape[1])

    @cached_property
    def blocks(self) -> MatrixZonotope:
        """All blocks [A B] as a set of q × (p + m) matrices."""
        return self._columns(0, self.shape[1])

    @cached_property
    def state(self) -> MatrixZonotope:
        """The state blocks A, shape (q, p)."""
        return self._columns(0, self.state_size)

    @cached_property
    def parameter(self) -> MatrixZonotope:
        """The parameter blocks B, shape (q, m).

        Raises
        ------
        ShapeError
            When there are no parameters.
        """
        if self.shape[1] == self.state_size:
            raise ShapeError("`JacobianZonotope.parameter` needs a function of at least one parameter; this has none.")
        return self._columns(self.state_size, self.shape[1])

    def block(self, t: ArrayLike) -> NDArray[np.float64]:
        """One member, base + Σ t_i u_i v_iᵀ.

        Parameters
        ----------
        t : array_like, shape (k,)

        Returns
        -------
        ndarray, shape (q, p + m)

        Raises
        ------
        ShapeError
        """
        weights = np.asarray(t, dtype=np.float64)
        if weights.shape != (self.tie_count,):
            raise ShapeError(f"`block(t=...)` needs shape ({self.tie_count},), one weight a tie; got {weights.shape}.")
        return np.asarray(self.base + (self.U.T * weights) @ self.V)

    def support(self, direction: ArrayLike) -> NDArray[np.float64]:
        """Support function max ⟨D, [A B]⟩, in floating point; one inner product for each tie.

        Parameters
        ----------
        direction : array_like, shape (..., q, p + m)

        Returns
        -------
        ndarray, shape (...)
        """
        return self.blocks.support(direction)

    def contains(self, blocks: ArrayLike, *, tol: float | None = None) -> NDArray[np.bool_]:
        """Whether blocks are in the set, or within `tol` of it in the Frobenius norm; True is proved.

        Parameters
        ----------
        blocks : array_like, shape (..., q, p + m)
        tol : float, optional
            Absolute: largest Frobenius distance that counts as inside, as for every set.

        Returns
        -------
        ndarray of bool, shape (...)
        """
        return self.blocks.contains(blocks, tol=tol)

    def largest_norm(self) -> LargestNorm:
        """Bounds of max ‖A‖₂ over the state blocks: certified above, attained below.

        Returns
        -------
        LargestNorm
        """
        return largest_norm(self.state)

    def listed(self) -> JacobianSet:
        """The same set by its vertices.

        Returns
        -------
        JacobianSet

        Raises
        ------
        BudgetError
            With more than 12 ties.
        """
        k = self.tie_count
        if k > MAX_LISTED_TIES:
            raise BudgetError(
                f"{k} independent ties are up to 2^{k} blocks; at most 2^{MAX_LISTED_TIES} are listed. Use `support`, "
                "`contains`, `largest_norm`, `state` and `parameter` of the JacobianZonotope, which need no list."
            )
        exact: ExactBlocks | None = None
        choices = np.array(list(product((0.0, 1.0), repeat=k))).reshape(2**k, k)
        floats = self.base + np.einsum("sk,kq,kn->sqn", choices, self.U, self.V, optimize=True)
        if self.exact_factors is not None:
            base, U, V = self.exact_factors
            members = [base + (U.T * t.astype(int)) @ V if k else base for t in choices]
            exact = tuple(tuple(tuple(row) for row in member.tolist()) for member in members)
            floats = np.stack([member.astype(np.float64) for member in members])
        keep = distinct(floats, exact)
        return JacobianSet(
            vertices=frozen(floats[keep]),
            exact_entries=None if exact is None else tuple(exact[i] for i in keep),
            state_size=self.state_size,
            kind=self.kind,
            exactness=self.exactness,
            tolerance=self.tolerance,
            near_ties=self.near_ties,
            edges=self.edges,
        )

    @property
    def vertices(self) -> NDArray[np.float64]:
        """The distinct blocks, shape (at most 2^k, q, p + m); raises BudgetError when k > 12."""
        return self.listed().vertices

    @property
    def exact_entries(self) -> ExactBlocks | None:
        """The blocks exactly, or None; raises BudgetError when k > 12."""
        return self.listed().exact_entries

    @property
    def exact_vertices(self) -> tuple[Any, ...] | None:
        """The blocks as immutable sympy matrices, or None; raises BudgetError when k > 12."""
        return self.listed().exact_vertices

    @property
    def exact_blocks(self) -> Any:
        """The blocks as nested `Fraction`, or None; raises BudgetError when k > 12."""
        return self.listed().exact_blocks

    def state_family(self) -> MatrixFamily:
        """The distinct state blocks as a family.

        Returns
        -------
        MatrixFamily

        Raises
        ------
        BudgetError
            With more than 12 ties.
        ShapeError
            When the blocks A are not square.
        """
        return self.listed().state_family()

    def _columns(self, start: int, stop: int) -> MatrixZonotope:
        part = MatrixZonotope.from_rank_one(self.base[:, start:stop], self.U, self.V[:, start:stop])
        if self.rounding == 0.0:
            return part
        return MatrixZonotope(
            part.center, part.parts, e_missing=part.e_missing + self.rounding, e_extra=part.e_extra + self.rounding
        )


def _rows(value: Any, call: str, argument: str, wanted: str) -> NDArray[Any]:
    """A matrix, of fractions where no entry is a float."""
    given = np.asarray(value)
    if given.dtype.kind == "f" or any(isinstance(x, (float, np.floating)) for x in given.ravel().tolist()):
        read: NDArray[Any] = as_real_array(value, call=call, argument=argument, wanted=f"shape {wanted}")
    else:
        try:
            read = np.array([as_fraction(x) for x in given.ravel().tolist()], dtype=object).reshape(given.shape)
        except (TypeError, ArgumentError, ArgumentTypeError) as error:
            raise ArgumentTypeError(
                f"`{call}({argument}=...)` needs shape {wanted} of real numbers: {error}"
            ) from error
    if read.ndim != 2 or 0 in read.shape[1:]:
        raise ShapeError(f"`{call}({argument}=...)` needs shape {wanted}; got {read.shape}.")
    return read


def factor_rounding(base: NDArray[Any], U: NDArray[Any], V: NDArray[Any]) -> float:
    """How far the set of {base + Σ t_i u_i v_iᵀ} moves when its exact numbers are rounded to doubles."""
    if all((a.astype(np.float64) == a).all() for a in (base, U, V)):
        return 0.0
    size = largest_size(base) + float(row_sizes(U) @ row_sizes(V))
    return round_up(4.0 * UNIT_ROUNDOFF * size + 1e-300)


def largest_size(array: NDArray[Any]) -> float:
    """An upper bound of the Frobenius norm."""
    return float(frobenius_bounds(array.astype(np.float64))[1]) if array.size else 0.0


def row_sizes(array: NDArray[Any]) -> Any:
    """Upper bounds of the norms of the rows. Shapes: `array` (k, n), result (k,)."""
    return frobenius_bounds(array.astype(np.float64)[:, None, :])[1] if array.size else np.zeros(len(array))
