"""Zonotopes of matrices: a centre plus generators, each with a weight between −1 and 1."""

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_real_array
from conservative._core.errors import BudgetError, ShapeError
from conservative._core.exactness import Exactness
from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, round_up
from conservative._core.result_lines import count, result_line, shape
from conservative.matrix_sets.nearest.proved_projection import hull_distances
from conservative.matrix_sets.sets.base import MatrixSet, Projection, check_errors, keep
from conservative.matrix_sets.sets.planar import planar_hull
from conservative.matrix_sets.zonotopes.box_least_squares import nearest_in_zonotope
from conservative.matrix_sets.zonotopes.generators import DenseGenerators, Generators, RankOneGenerators
from conservative.matrix_sets.zonotopes.vertices import planar_vertices, sign_vectors

Floats = NDArray[np.float64]

MAX_ENUMERATED = 14
"""Most generators whose 2^k sign vectors are listed."""

_FEW = 256
"""With at most so many vertices, distances are those to their hull."""

_NOISE, _CLOSE = 1e-13, 1e-6
"""Parts of the radius between which a distance that may be zero is measured in weights too: they suffer less from
generators of very different sizes."""

_MATERIALISED = 20_000_000
"""Most numbers written out by `generators` for factors."""


@final
@dataclass(frozen=True, slots=True, eq=False, init=False, repr=False)
class MatrixZonotope(MatrixSet):
    """The set {C + Σ s_i G_i : |s_i| ≤ 1} of p × q matrices.

    Parameters
    ----------
    center : array_like, shape (p, q)
    generators : array_like, shape (k, p, q)
        k = 0 is the single point C.
    exactness : Exactness
        Relation to the set this zonotope stands for.
    e_missing, e_extra : float
        Proved one-sided Frobenius distances to that set: from it to the zonotope, and from the zonotope to it.

    Raises
    ------
    ShapeError, NonFiniteError, ArgumentTypeError, ArgumentError

    Notes
    -----
    Generators of rank one are held as factors by `from_rank_one`. Support, membership and projection never list the
    2^k vertices.

    Examples
    --------
    >>> box = MatrixZonotope([[0, 0]], [[[1, 0]], [[0, 2]]])
    >>> float(box.support([[1, 1]])), box.contains([[[1, 2]], [[1.5, 0]]]).tolist()
    (3.0, [True, False])
    """

    center: Floats
    parts: Generators
    exactness: Exactness = field(default=Exactness.EXACT)
    e_missing: float = field(default=0.0)
    e_extra: float = field(default=0.0)

    def __init__(
        self,
        center: ArrayLike,
        generators: ArrayLike | Generators,
        exactness: Exactness = Exactness.EXACT,
        e_missing: float = 0.0,
        e_extra: float = 0.0,
    ) -> None:
        middle = as_real_array(center, call="MatrixZonotope", argument="center", wanted="shape (p, q), a matrix")
        if middle.ndim != 2 or 0 in middle.shape:
            raise ShapeError(f"`MatrixZonotope(center=...)` needs shape (p, q), a matrix; got {middle.shape}.")
        parts = generators if isinstance(generators, Generators) else _dense(generators, middle.shape)
        keep(self, center=middle, parts=parts, exactness=exactness, e_missing=e_missing, e_extra=e_extra)
        check_errors(self)

    @classmethod
    def from_rank_one(cls, base: ArrayLike, U: ArrayLike, V: ArrayLike) -> "MatrixZonotope":
        """The set {base + Σ t_i u_i v_iᵀ : 0 ≤ t_i ≤ 1}, its generators u_i v_iᵀ/2 held as factors.

        Parameters
        ----------
        base : array_like, shape (p, q)
        U : array_like, shape (k, p)
            The columns u_i, as rows.
        V : array_like, shape (k, q)
            The rows v_iᵀ.

        Returns
        -------
        MatrixZonotope
            Memory pq + k(p + q). The rounding of the centre, base + Σ u_i v_iᵀ/2, is in `e_missing` and `e_extra`.

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentTypeError

        Examples
        --------
        >>> segment = MatrixZonotope.from_rank_one([[0, 0], [0, 1]], U=[[1, 0]], V=[[2, 3]])
        >>> segment.center.tolist(), float(segment.support([[1, 1], [1, 1]]))
        ([[1.0, 1.5], [0.0, 1.0]], 6.0)
        """
        call = "MatrixZonotope.from_rank_one"
        start = as_real_array(base, call=call, argument="base", wanted="shape (p, q), a matrix")
        if start.ndim != 2 or 0 in start.shape:
            raise ShapeError(f"`{call}(base=...)` needs shape (p, q), a matrix; got {start.shape}.")
        p, q = start.shape
        left = _factor(U, width=p, call=call, argument="U")
        right = _factor(V, width=q, call=call, argument="V")
        if len(left) != len(right):
            raise ShapeError(f"`{call}(U=..., V=...)` needs as many rows in both; got {len(left)} and {len(right)}.")
        parts = RankOneGenerators(_read_only(0.5 * left), right)
        center = start + left.T @ (0.5 * right)
        rounding = _sum_rounding(start, parts)
        return cls(center, parts, e_missing=rounding, e_extra=rounding)

    @property
    def shape(self) -> tuple[int, int]:
        """(p, q), the shape of one matrix."""
        return int(self.center.shape[0]), int(self.center.shape[1])

    @property
    def convex(self) -> bool:
        """True."""
        return True

    @property
    def generators(self) -> Floats:
        """The generators as matrices, shape (k, p, q), written out on every access.

        Raises
        ------
        BudgetError
            When factors stand for more than 20 million numbers.
        """
        size = self.parts.count * self.center.size
        if isinstance(self.parts, RankOneGenerators) and size > _MATERIALISED:
            raise BudgetError(
                f"`MatrixZonotope.generators` would write out {self.parts.count} matrices, {size:,} numbers. "
                "Use the factors, `Z.factors`."
            )
        return self.parts.dense()

    @property
    def factors(self) -> tuple[Floats, Floats] | None:
        """(U, V) with generators u_i v_iᵀ, shapes (k, p) and (k, q); None when they are held as matrices."""
        return (self.parts.U, self.parts.V) if isinstance(self.parts, RankOneGenerators) else None

    @property
    def enumerable(self) -> bool:
        """Whether `extreme` can list the vertices."""
        return self.center.size <= 2 or self.parts.count <= MAX_ENUMERATED

    @property
    def extreme(self) -> Floats:
        """Matrices whose hull is the set: at most 2k in the plane (exactly its vertices), else all 2^k combinations.

        Raises
        ------
        BudgetError
            Outside the plane when there are more than 14 generators.
        """
        if self.center.size <= 2:
            flat = planar_vertices(self.center.ravel(), self.parts.dense().reshape(-1, self.center.size))
            return np.asarray(flat.reshape(-1, *self.shape))
        if not self.enumerable:
            raise BudgetError(
                f"`MatrixZonotope.extreme` would list 2^{self.parts.count} vertices; at most 2^{MAX_ENUMERATED} are. "
                "Use `support`, `contains`, `project` or `largest_norm`, which need none of them."
            )
        return np.asarray(self.center + self.parts.combine(sign_vectors(self.parts.count)))

    @property
    def radius(self) -> float:
        """An upper bound of the Frobenius norm over the set, rounded up."""
        return round_up(float(frobenius_bounds(self.center)[1]) + self.spread)

    @property
    def spread(self) -> float:
        """An upper bound of the Frobenius distance of the set's matrices to the centre, rounded up."""
        exponent = self.parts.exponent()
        with np.errstate(under="ignore", over="ignore"):
            unit = self.parts.shifted(-exponent)
            sizes = unit.sizes()
            slack = 1.0 + (len(sizes) + 8) * UNIT_ROUNDOFF
            apart = float(sizes.sum()) * slack
            products = float(np.abs(unit.gram()).sum()) * (1.0 + len(sizes) ** 2 * UNIT_ROUNDOFF)
            together = (products + (unit.roundings + 8) * UNIT_ROUNDOFF * 1.01 * apart * apart) ** 0.5 * slack
            found = float(np.ldexp(min(apart, together) + 1e-300, exponent))
        return round_up(found) if apart > 0.0 else 0.0

    @property
    def rounding(self) -> float:
        """More than the Frobenius rounding error of any one sum C + Σ s_i G_i."""
        return _sum_rounding(self.center, self.parts)

    def support(self, direction: ArrayLike) -> Floats:
        """Support function h(D) = ⟨D, C⟩ + Σ |⟨D, G_i⟩|, in floating point; k inner products.

        Parameters
        ----------
        direction : array_like, shape (..., p, q)

        Returns
        -------
        ndarray, shape (...)

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentTypeError
        """
        flat, batch = self._flatten(direction, call="support", argument="direction")
        inner = self.parts.inner(flat.reshape(-1, *self.shape))
        return np.asarray((flat @ self.center.ravel() + np.abs(inner).sum(axis=1)).reshape(batch))

    def project(self, points: ArrayLike, *, stop_below: float = 0.0) -> Projection:
        """Nearest matrices of the set, with proved distances.

        Parameters
        ----------
        points : array_like, shape (..., p, q)
        stop_below : float
            Points known to be at most this far may keep a wide (valid) bracket.

        Returns
        -------
        Projection

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentTypeError

        Notes
        -----
        With few vertices (always in the plane) by Wolfe's algorithm on their hull. Otherwise the weights solve a least
        squares problem over the box by projected Newton, in k unknowns whatever p and q are. The upper end is the
        distance to the point that clipped weights make, the lower end (⟨W, X − C⟩ − Σ|⟨W, G_i⟩|)/‖W‖ for a direction
        W, so neither trusts the search. Rounding, that of the vertices included, is added outward.
        """
        flat, batch = self._flatten(points, call="project", argument="points")
        stack = flat.reshape(-1, *self.shape)
        if len(flat) == 0:
            return Projection(np.zeros((*batch, *self.shape)), np.zeros(batch), np.zeros(batch))
        planar = self.center.size <= 2
        if planar or 2**self.parts.count <= _FEW:
            corners = self.extreme.reshape(-1, self.center.size)
            nearest, lower, upper = self._by_vertices(flat, corners, stop_below)
            blurred = (upper > stop_below) & (upper > _NOISE * self.radius) & (upper < _CLOSE * self.radius)
            blurred &= lower < 0.5 * upper
            if not planar and blurred.any():
                box = nearest_in_zonotope(stack[blurred], self.center, self.parts, stop_below=stop_below)
                closer = (box.upper < upper[blurred])[:, None]
                nearest[blurred] = np.where(closer, box.nearest.reshape(-1, flat.shape[1]), nearest[blurred])
                lower[blurred] = np.maximum(lower[blurred], box.lower)
                upper[blurred] = np.minimum(upper[blurred], box.upper)
        else:
            box = nearest_in_zonotope(stack, self.center, self.parts, stop_below=stop_below)
            nearest, lower, upper = box.nearest, box.lower, box.upper
        return Projection(nearest.reshape(*batch, *self.shape), lower.reshape(batch), upper.reshape(batch))

    def _by_vertices(self, flat: Floats, corners: Floats, stop_below: float) -> tuple[Floats, Floats, Floats]:
        """Nearest points of the hull of the vertices, and proved distances."""
        found = hull_distances(flat, corners, stop_below=stop_below)
        share = found.weights / found.weights.sum(axis=1, keepdims=True)
        nearest = np.einsum("nm,nmd->nd", share, corners[found.corral])
        error, lower, upper = self.rounding, found.lower, found.upper
        if error > 0.0:
            lower = np.maximum(np.nextafter(lower - error, -np.inf), 0.0)
            upper = np.nextafter(upper + error, np.inf)
        return nearest, lower, upper

    def to_shapely(self) -> Any:
        """The set as a shapely point, segment or polygon; rows and columns become x and y.

        Returns
        -------
        shapely.Point, shapely.LineString or shapely.Polygon

        Raises
        ------
        ShapeError
            If p·q is not 2.
        """
        return planar_hull(self.extreme if self.center.size == 2 else self.center[None])

    def __repr__(self) -> str:
        rank = "rank-one " if self.factors is not None else ""
        return result_line(self, count(self.parts.count, f"{rank}generator"), shape(self.shape), self.exactness.name)


def _sum_rounding(start: Floats, parts: Generators) -> float:
    """Bounds the rounding of start + Σ s_i G_i, |s_i| ≤ 1 (or of twice the sum when factors were halved exactly)."""
    size = float(frobenius_bounds(np.abs(start) + 2.0 * parts.total())[1])
    return round_up((parts.count + 8) * UNIT_ROUNDOFF * 1.01 * size + 1e-300) if parts.count else 0.0


def _dense(generators: ArrayLike, shape: tuple[int, ...]) -> DenseGenerators:
    wanted = f"shape (k, {shape[0]}, {shape[1]}), matrices of the centre's shape"
    array = as_real_array(generators, call="MatrixZonotope", argument="generators", wanted=wanted)
    if array.size == 0 and array.ndim < 3:
        return DenseGenerators(np.zeros((0, *shape)))
    if array.ndim != 3 or array.shape[1:] != shape:
        raise ShapeError(
            f"`MatrixZonotope(generators=...)` needs {wanted}; got {array.shape}. For one generator G pass `[G]`."
        )
    return DenseGenerators(array)


def _factor(value: ArrayLike, *, width: int, call: str, argument: str) -> Floats:
    wanted = f"shape (k, {width})"
    array = as_real_array(value, call=call, argument=argument, wanted=wanted)
    if array.size == 0 and array.ndim < 2:
        return np.zeros((0, width))
    if array.ndim != 2 or array.shape[1] != width:
        raise ShapeError(f"`{call}({argument}=...)` needs {wanted}, one row for each generator; got {array.shape}.")
    return array


def _read_only(array: Floats) -> Floats:
    array.setflags(write=False)
    return array
