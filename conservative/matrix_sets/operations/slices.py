"""Slices through sets in many dimensions: what a line or a plane meets."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_distance, as_matrices, as_real_array
from conservative._core.errors import ArgumentError, ArgumentTypeError, BudgetError, EmptySetError, ShapeError
from conservative._core.exactness import Exactness
from conservative._core.matrix_norms import frobenius_bounds, spectral_norm_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, round_up
from conservative._core.printable import shown
from conservative.matrix_sets.nearest.batch_projection import pair_distances
from conservative.matrix_sets.operations.as_cells import as_cells
from conservative.matrix_sets.sets.base import MatrixSet
from conservative.matrix_sets.sets.cell_union import CellUnion
from conservative.matrix_sets.sets.template import TemplateHull

Floats = NDArray[np.float64]

_SHARE = 2.0**-8
"""Default tolerance as a share of the set's radius."""

_MOST_BOXES = 200_000


def slice_through(S: MatrixSet, point: ArrayLike, directions: ArrayLike, *, tol: float | None = None) -> MatrixSet:
    """What an affine line, plane or space meets of a set: {t ∈ Rʳ : P + Σ t_i U_i ∈ S}, as r × 1 matrices.

    Experimental: nothing else in the package relies on it, and a release may change it.

    To fix some entries and see the others, put the fixed values into `point` and take unit matrices as directions.
    Compare `project_onto`, the shadow of the whole set.

    Parameters
    ----------
    S : MatrixSet
        Of p × q matrices.
    point : array_like, shape (p, q)
        The matrix P at t = 0.
    directions : array_like, shape (r, p, q)
        Linearly independent; cost grows like (size/tol)ʳ⁻¹ for sets with an inside, (size/tol)ʳ for thin ones, so r
        is 1 or 2 as a rule.
    tol : float, optional
        Absolute: by how much points of the result may miss S, a Frobenius distance; at least `S.e_missing`. By default
        1/256 of the radius of S, plus `e_missing`. Not needed for template hulls.

    Returns
    -------
    CellUnion or TemplateHull
        OUTER: every t of the slice of the true set is in it, and every t in it has P + Σ t_i U_i within `tol` of the
        stored set. A slice does not depend continuously on its set, so nothing bounds `e_extra`, which is infinite.
        Half-spaces are cut exactly, up to rounding.

    Raises
    ------
    EmptySetError
        If the slice is empty, which is then proved.
    BudgetError
        If more than 200,000 boxes would be needed.
    ShapeError, NonFiniteError, ArgumentTypeError, ArgumentError

    Notes
    -----
    Boxes of t are halved until they are proved to be off S, proved to be within `tol` of it, or small: the distance
    of P + Σ t_i U_i to S is 1-Lipschitz in the matrix, so its bracket at the middle of a box decides for the whole box.

    Examples
    --------
    The cube [0, 1]³ is cut by x + y + z = 3/2 in a hexagon of area 3√3/4:

    >>> from conservative.matrix_sets import MatrixPolytope
    >>> corners = [[[x], [y], [z]] for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    >>> cube, root = MatrixPolytope(corners), 0.5**0.5
    >>> plane = [[[root], [-root], [0]], [[root / 3**0.5], [root / 3**0.5], [-2 * root / 3**0.5]]]
    >>> hexagon = slice_through(cube, [[0.5], [0.5], [0.5]], plane, tol=1e-2)
    >>> 0 <= hexagon.to_shapely().area - 0.75 * 3**0.5 < 0.05
    True
    """
    if not isinstance(S, MatrixSet):
        raise ArgumentTypeError(f"`slice_through(S=...)` needs a set of matrices; got {type(S).__name__}.")
    plane = _read_plane(S, point, directions)
    if not math.isfinite(S.e_missing):
        raise ArgumentError(
            "`slice_through(S=...)` needs a finite `e_missing`: nothing is known of what this set lacks. Slice an "
            "outer set, for example `FixedSet.outer`."
        )
    if isinstance(S, TemplateHull):
        return _template_slice(S, plane)
    allowed = (
        S.e_missing + (_SHARE * S.radius or 1e-300)
        if tol is None
        else as_distance(tol, call="slice_through", argument="tol")
    )
    if not S.e_missing < allowed < math.inf:
        raise ArgumentError(
            f"`slice_through(tol=...)` needs a finite distance above {S.e_missing:.3g}, the set's `e_missing`; "
            f"got {shown(tol)}."
        )
    return CellUnion(_corners(*_boxes(S, plane, allowed)), exactness=Exactness.OUTER, e_extra=math.inf)


@dataclass(frozen=True, slots=True, eq=False)
class _Plane:
    """P + Σ t_i U_i, in rows; `stretch` bounds ‖ΣU_i t_i‖/‖t‖ from above, `least` from below."""

    origin: Floats
    rows: Floats
    stretch: float
    least: float

    def at(self, t: Floats) -> Floats:
        """The matrices, flat, shape (n, p·q)."""
        return self.origin + t @ self.rows

    def rounding(self, reach: float) -> float:
        """More than the rounding of `at` for ‖t‖ ≤ reach."""
        r = len(self.rows)
        size = float(frobenius_bounds(self.origin[None])[1]) + float(frobenius_bounds(self.rows)[1]) * reach
        return (r + 4) * UNIT_ROUNDOFF * 1.01 * size


def _read_plane(S: MatrixSet, point: ArrayLike, directions: ArrayLike) -> _Plane:
    p, q = S.shape
    origin = as_real_array(point, call="slice_through", argument="point", wanted=f"shape ({p}, {q}), a matrix")
    U = as_matrices(directions, call="slice_through", argument="directions")
    if origin.shape != (p, q) or U.shape[1:] != (p, q):
        raise ShapeError(
            f"`slice_through(point=..., directions=...)` needs shapes ({p}, {q}) and (r, {p}, {q}), matrices of the "
            f"set's shape; got {origin.shape} and {U.shape}."
        )
    rows = U.reshape(len(U), -1)
    sigma = np.linalg.svd(rows, compute_uv=False)
    least = float(sigma[-1]) * (1.0 - 1e-9) if len(rows) <= p * q else 0.0
    if not least > 1e-6 * float(sigma[0]):
        raise ArgumentError(
            "`slice_through(directions=...)` needs linearly independent directions; the singular values are "
            f"{np.array2string(sigma, precision=3)}. Take fewer, or orthonormal ones."
        )
    return _Plane(origin.ravel(), rows, float(spectral_norm_bounds(rows[None])[1][0]), least)


def _template_slice(S: TemplateHull, plane: _Plane) -> TemplateHull:
    """Half-spaces ⟨U_j, P + Σ t_i U_i⟩ ≤ h_j in t, with heights raised by their rounding."""
    D = S.directions.reshape(len(S.directions), -1)
    turned, base = D @ plane.rows.T, D @ plane.origin
    size, d, r = frobenius_bounds(S.directions)[1], D.shape[1], len(plane.rows)
    reach = (S.radius + float(frobenius_bounds(plane.origin[None])[1])) / plane.least * (1.0 + 1e-9)
    moved = float(frobenius_bounds(plane.origin[None])[1]) + plane.stretch * reach
    heights = S.heights - base + 2.02 * (d + 8) * UNIT_ROUNDOFF * size * moved + 4.0 * UNIT_ROUNDOFF * np.abs(S.heights)
    heights = heights + size * S.e_missing * (1.0 + 1e-15)
    flat = np.abs(turned).max(axis=1) == 0.0
    if (heights[flat] < 0.0).any():
        raise _empty()
    box = np.concatenate([np.eye(r), -np.eye(r)])
    directions, heights = np.concatenate([turned[~flat], box]), np.concatenate([heights[~flat], np.full(2 * r, reach)])
    try:
        return TemplateHull(directions[:, :, None], heights)
    except EmptySetError:
        raise _empty() from None


def _empty() -> EmptySetError:
    return EmptySetError(
        "`slice_through(point=..., directions=...)`: no matrix of this line or plane is in the set. Move `point` to a "
        "matrix of the set, for example a row of `extreme`, or their mean."
    )


def _boxes(S: MatrixSet, plane: _Plane, allowed: float) -> tuple[Floats, Floats]:
    """Middles, shape (n, r), and half widths, shape (n,), of boxes of t that cover the slice."""
    r = len(plane.rows)
    # P + Σ t_i U_i in S bounds ‖t‖: the part of it along the directions is at most radius + ‖P‖.
    away = float(frobenius_bounds(plane.origin[None])[1])
    # A power of two, so that middles and corners of boxes are exact.
    reach = float(np.ldexp(1.0, np.frexp((S.radius + S.e_missing + away) / plane.least * (1.0 + 1e-9))[1]))
    noise = plane.rounding(reach * r**0.5)
    if allowed - S.e_missing <= 8.0 * noise:
        raise BudgetError(f"`slice_through(tol={allowed:.3g})` is below the rounding of the matrices; raise it.")
    cells = None if S.convex else as_cells(S)
    middles, half = np.zeros((1, r)), reach
    kept: list[Floats] = []
    widths: list[Floats] = []
    while len(middles):
        arm = round_up(plane.stretch * half * r**0.5 * (1.0 + 1e-12) + noise)
        found = S.project(plane.at(middles).reshape(-1, *S.shape))
        alive = found.lower <= S.e_missing + arm
        done = alive & (found.upper + arm <= allowed)
        open_ = np.flatnonzero(alive & ~done)
        done[open_] = _covered(S, cells, plane, _corners(middles[open_], half)[..., 0], allowed - noise)
        kept.append(middles[done])
        widths.append(np.full(int(done.sum()), half))
        half *= 0.5
        middles = _halves(middles[alive & ~done], half)
        if sum(map(len, kept)) + len(middles) > _MOST_BOXES:
            raise BudgetError(
                f"`slice_through(tol={allowed:.3g})` needs more than {_MOST_BOXES:,} boxes; raise `tol` or take fewer "
                "directions."
            )
    if not sum(map(len, kept)):
        raise _empty()
    return np.concatenate(kept), np.concatenate(widths)


def _covered(
    S: MatrixSet, cells: CellUnion | None, plane: _Plane, corners: Floats, allowed: float
) -> NDArray[np.bool_]:
    """Whether boxes with these corners, shape (n, 2ʳ, r), are proved to be within reach of one convex part of the set.

    The distance to a convex set is convex, so the corners decide. Of a union the cell with the nearest middle is
    tried: for a box inside a cell another choice costs only more halving.
    """
    n, k, r = corners.shape
    points = plane.at(corners.reshape(-1, r))
    if cells is None:
        upper = S.project(points.reshape(-1, *S.shape)).upper
        return np.asarray(upper.reshape(n, k).max(axis=1, initial=0.0) <= allowed)
    if cells.cells.shape[1] == 1 or n == 0:
        return np.zeros(n, dtype=bool)
    middles = plane.at(corners.mean(axis=1)).reshape(-1, *S.shape)
    nearest = np.repeat(cells.nearest_middles(middles), k)
    upper = pair_distances(points, cells.cells.reshape(*cells.cells.shape[:2], -1)[nearest])[2]
    return np.asarray(upper.reshape(n, k).max(axis=1) <= allowed - cells.margin)


def _halves(middles: Floats, half: float) -> Floats:
    """The middles of the 2ʳ parts of each box."""
    r = middles.shape[1]
    signs = np.stack(np.meshgrid(*[[-1.0, 1.0]] * r, indexing="ij"), axis=-1).reshape(-1, r)
    return np.asarray((middles[:, None] + half * signs).reshape(-1, r))


def _corners(middles: Floats, widths: Floats | float) -> Floats:
    """The vertices of boxes, shape (n, 2ʳ, r, 1)."""
    r = middles.shape[1]
    turn = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]
    signs = np.array(turn) if r == 2 else np.stack(np.meshgrid(*[[-1.0, 1.0]] * r, indexing="ij"), axis=-1)
    return np.asarray((middles[:, None] + np.reshape(widths, (-1, 1, 1)) * signs.reshape(-1, r))[..., None])
