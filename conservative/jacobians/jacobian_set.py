"""`JacobianSet`: a compact set of blocks [A B], the hull of finitely many."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.checks import as_matrices
from conservative._core.errors import ShapeError
from conservative._core.exactness import Exactness
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative._core.rationals import as_fraction, nearest_double
from conservative._core.result_lines import count, result_line, shape
from conservative.functions.graph.arithmetic import as_sympy_matrix
from conservative.matrix_sets import MatrixPolytope

READINGS = {"program": "program", "selection": "selection", "calculus": "program", "conical": "function"}
"""What a set of each kind speaks of."""

ExactBlocks = tuple[tuple[tuple[Any, ...], ...], ...]
"""Matrices as nested tuples of `Fraction`, or of real sympy numbers where irrational."""


@dataclass(frozen=True, slots=True)
class NearTie:
    """Two values that are not tied, yet suspiciously close.

    Parameters
    ----------
    expression : str
        The switch or comparison.
    distance : float
        The difference of the two values: at a float point between one and a thousand tolerances, at an exact point no
        more than rounding the decimals they come from to doubles.
    """

    expression: str
    distance: float


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class JacobianSet:
    """conv{[A_i B_i]}, usually a conservative Jacobian of F(x, theta) at one point.

    Parameters
    ----------
    vertices : ndarray, shape (k, q, n)
        Distinct blocks whose hull is the set, n = p + m. Every distinct Jacobian of a piece is listed, also one
        in the hull of the others.
    exact_entries : nested tuples or None
        The same blocks exactly, when the point was exact.
    state_size : int
        p, the number of state columns, which come first.
    kind : str
        "program", "selection", "conical", "calculus" for a set made by a rule of calculus, or "blocks" for given
        blocks.
    exactness : Exactness
        Relation to Clarke's Jacobian; `EXACT` for given blocks.
    tolerance : float
        Ties were decided within it; 0 at an exact point.
    near_ties : tuple of NearTie
        Worth a look: a point given to more digits might be tied there.
    edges : tuple of str
        Powers such as x**(3/2) on the edge of whose domain the point lies: F has no value beyond, so that Clarke's
        Jacobian, which speaks of a neighbourhood, is not defined and `exactness` is not EXACT.
    """

    vertices: NDArray[np.float64]
    exact_entries: ExactBlocks | None = field(default=None)
    state_size: int
    kind: str
    exactness: Exactness
    tolerance: float = 0.0
    near_ties: tuple[NearTie, ...] = ()
    edges: tuple[str, ...] = ()

    def __repr__(self) -> str:
        k, q, n = self.vertices.shape
        digits = "exact" if self.exact_entries is not None else "float"
        kind = [f"kind={self.kind!r}"] if self.kind != self.reading else []
        near = [count(len(self.near_ties), "near-tie")] if self.near_ties else []
        edge = ["on the domain's edge"] if self.edges else []
        return result_line(
            self,
            f"hull of {count(k, f'{digits} block')} [A B]",
            shape((q, f"({self.state_size} + {n - self.state_size})")),
            *kind,
            f"reading={self.reading!r}",
            self.exactness.name,
            *near,
            *edge,
        )

    @property
    def reading(self) -> str:
        """What the set speaks of.

        "program": all that automatic differentiation of this formula may return. "selection": the Jacobians of all
        branches that have the value of the function, also of those that a guard has decided against. "function":
        limits of derivatives of the function, however it is written. "given": blocks as they came.
        """
        return READINGS.get(self.kind, "given")

    @classmethod
    def from_blocks(cls, A: Any, B: Any = None) -> "JacobianSet":
        """The hull of given blocks [A_i B_i].

        Parameters
        ----------
        A : array_like, shape (k, p, p)
        B : array_like, shape (k, p, m), optional
            None for m = 0. Entries that are integers, `Fraction`, sympy rationals or rational strings stay exact
            when all entries of A and B are; one float makes the set floating-point.

        Returns
        -------
        JacobianSet

        Raises
        ------
        ShapeError, EmptySetError, NonFiniteError, ArgumentError, ArgumentTypeError

        Examples
        --------
        >>> JacobianSet.from_blocks([[["1/2"]], [["-1/2"]]], [[[1]], [[0]]]).exact_vertices[0]
        Matrix([[1/2, 1]])
        """
        family = as_family(A, call="JacobianSet.from_blocks", argument="A")
        p = family.size
        if B is None:
            exact_b: Any = tuple(((),) * p for _ in range(family.count))
            floats = np.concatenate([family.floats, np.zeros((family.count, p, 0))], axis=2)
        else:
            exact_b, floats_b = _read_b(B)
            if floats_b.shape[:2] != (family.count, p):
                raise ShapeError(
                    f"`JacobianSet.from_blocks(B=...)` needs shape ({family.count}, {p}, m), one block for each of "
                    f"A's {family.count}; got {floats_b.shape}."
                )
            floats = np.concatenate([family.floats, floats_b], axis=2)
        exact = None
        if exact_b is not None and not _holds_floats(A):
            exact = tuple(
                tuple(a + tuple(b) for a, b in zip(rows_a, rows_b, strict=True))
                for rows_a, rows_b in zip(family.exact, exact_b, strict=True)
            )
        keep = distinct(floats, exact)
        entries = None if exact is None else tuple(exact[i] for i in keep)
        return cls(
            vertices=frozen(floats[keep]),
            exact_entries=entries,
            state_size=p,
            kind="blocks",
            exactness=Exactness.EXACT,
        )

    @property
    def exact_vertices(self) -> tuple[Any, ...] | None:
        """The vertices as immutable sympy matrices; None when they are floating-point."""
        if self.exact_entries is None:
            return None
        return tuple(as_sympy_matrix(block) for block in self.exact_entries)

    @property
    def exact_blocks(self) -> tuple[tuple[tuple[Fraction, ...], ...], ...] | None:
        """The vertices as nested `Fraction`; None when an entry is floating-point or irrational."""
        entries = self.exact_entries
        if entries is None or not all(isinstance(x, Fraction) for block in entries for row in block for x in row):
            return None
        return entries

    @property
    def state(self) -> MatrixPolytope:
        """The hull of the state blocks A_i, shape (q, p)."""
        return MatrixPolytope(self.vertices[:, :, : self.state_size])

    @property
    def parameter(self) -> MatrixPolytope:
        """The hull of the parameter blocks B_i, shape (q, m).

        Raises
        ------
        ShapeError
            When there are no parameters.
        """
        if self.vertices.shape[2] == self.state_size:
            raise ShapeError("`JacobianSet.parameter` needs a function of at least one parameter; this one has none.")
        return MatrixPolytope(self.vertices[:, :, self.state_size :])

    def state_family(self) -> MatrixFamily:
        """The distinct state blocks A_i as a family: exact rationals where the blocks are, else the doubles.

        Returns
        -------
        MatrixFamily

        Raises
        ------
        ShapeError
            When the blocks A are not square.
        """
        p = self.state_size
        if self.vertices.shape[1] != p:
            raise ShapeError(
                f"`JacobianSet.state_family` needs square blocks A; got {self.vertices.shape[1]} × {p}. "
                "Only a map of the state to itself has a family."
            )
        blocks = self.exact_blocks
        floats = self.vertices[:, :, :p]
        exact = None if blocks is None else tuple(tuple(row[:p] for row in block) for block in blocks)
        keep = distinct(floats, exact)
        source = np.ascontiguousarray(floats[keep]) if exact is None else [exact[i] for i in keep]
        return as_family(source, call="JacobianSet.state_family")


def distinct(floats: NDArray[np.float64], exact: Any = None) -> list[int]:
    """Positions of the first occurrence of every block. Shapes: `floats` (k, q, n)."""
    keys = exact if exact is not None else [block.tobytes() for block in np.ascontiguousarray(floats) + 0.0]
    first: dict[Any, int] = {}
    for position, key in enumerate(keys):
        first.setdefault(key, position)
    return list(first.values())


def frozen(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """A contiguous, read-only copy."""
    copy = np.array(array, dtype=np.float64, order="C")
    copy.setflags(write=False)
    return copy


def _holds_floats(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f" or (value.dtype.kind == "O" and _holds_floats(value.tolist()))
    if isinstance(value, (list, tuple)):
        return any(_holds_floats(x) for x in value)
    return isinstance(value, (float, np.floating))


def _read_b(B: Any) -> tuple[Any, NDArray[np.float64]]:
    nested = B.tolist() if hasattr(B, "tolist") else B
    if isinstance(B, np.ndarray) or _holds_floats(nested):
        floats = as_matrices(B, call="JacobianSet.from_blocks", argument="B")
        return (None, floats) if _holds_floats(B) else (_fractions(floats.tolist()), floats)
    try:
        exact = _fractions(nested)
        what = "an entry of `JacobianSet.from_blocks(B=...)`"
        rounded = [[[nearest_double(x, what=what) for x in row] for row in block] for block in exact]
    except TypeError as error:
        raise ShapeError(
            "`JacobianSet.from_blocks(B=...)` needs shape (k, p, m), a stack of matrices of real numbers."
        ) from error
    return exact, as_matrices(rounded, call="JacobianSet.from_blocks", argument="B")


def _fractions(nested: Any) -> Any:
    rows_of = [block.tolist() if hasattr(block, "tolist") else block for block in nested]
    return tuple(tuple(tuple(as_fraction(x) for x in row) for row in block) for block in rows_of)
