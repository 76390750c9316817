"""One-sided and Hausdorff distances between sets of matrices, between proved bounds."""

import math
import warnings

import numpy as np
from numpy.typing import NDArray

from conservative._core.checks import as_positive
from conservative._core.errors import InterruptedWarning
from conservative._core.numbers import Bracket, largest, round_down, round_up
from conservative.matrix_sets.distance.between_clouds import farthest_in_cloud
from conservative.matrix_sets.distance.from_balls import farthest_in_balls
from conservative.matrix_sets.distance.from_cells import farthest_in_cells
from conservative.matrix_sets.distance.from_points import farthest_point
from conservative.matrix_sets.distance.from_template import gap_from_template
from conservative.matrix_sets.distance.from_zonotope import gap_from_zonotope
from conservative.matrix_sets.distance.rescaled import far_exponent, scaled, scaled_back
from conservative.matrix_sets.distance.to_nonconvex import farthest_in_hull
from conservative.matrix_sets.distance.to_region import farthest_in_plane
from conservative.matrix_sets.interrupts import InterruptedSearch
from conservative.matrix_sets.operations.as_cells import as_cells, vertex_rounding
from conservative.matrix_sets.sets.base import MatrixSet
from conservative.matrix_sets.sets.cell_union import CellUnion
from conservative.matrix_sets.sets.finite import FiniteSet
from conservative.matrix_sets.sets.pair_checks import check_pair, is_empty
from conservative.matrix_sets.sets.planar import planar_collection
from conservative.matrix_sets.sets.polytope import MatrixPolytope
from conservative.matrix_sets.sets.region import PlanarRegion
from conservative.matrix_sets.sets.template import TemplateHull
from conservative.matrix_sets.zonotopes.zonotope import MatrixZonotope

Floats = NDArray[np.float64]

_FEW_CELLS = 300
"""From a hull, branch and bound over boxes is faster than Voronoi edges when Y has more cells."""

_FINEST = 2.0**-44
"""Relative width below which searches would go on for the sake of rounding alone."""


def gap(X: MatrixSet, Y: MatrixSet, *, tol: float | None = None) -> Bracket:
    """One-sided Frobenius distance max_{x ∈ X} min_{y ∈ Y} ‖x − y‖, between proved bounds.

    To a convex Y, and from finitely many points, the maximum is attained at an extreme point of X, so it is a maximum
    of finitely many distances and the bracket is as narrow as rounding allows. From a hull to finitely many points it
    may be attained inside (the gap from [0, 1] to {0, 1/3, 2/3, 1} is 1/6); then the hull is divided until the
    bracket is narrow enough or the budget of cells is spent. From a zonotope or a template hull whose vertices are too
    many to list the bracket is valid but may stay wide, and so it may for p·q > 4 where a margin sticks out of a convex
    Y that holds the cells.

    Parameters
    ----------
    X, Y : MatrixSet
        Sets of matrices of one shape. An array of shape (0, p, q) as X stands for the empty set, and gap(∅, Y) = 0 by
        convention: no element of ∅ is missing in Y. An empty Y is refused, since the gap to it is infinite.
    tol : float, optional
        Absolute: width at which division stops, where it is needed. By default 1e-9 times the size of the sets.

    Returns
    -------
    Bracket
        Holds the gap between the stored sets; their `e_missing` and `e_extra` are not added.

    Raises
    ------
    ArgumentTypeError
        If an argument is not a set.
    EmptySetError
        If Y is an empty array.
    ShapeError
        If the sets hold matrices of different shapes.
    ArgumentError
        If `tol` is not positive.

    Notes
    -----
    Distances to hulls come from Wolfe's algorithm [Wolfe1976]_, all points advancing together; points that cannot
    exceed the largest distance found so far stop early, with a valid upper bound. Rounding errors are added outward
    (see `MatrixPolytope.project`).

    An interrupt from the keyboard ends the search: the bracket proved until then comes back with an
    `InterruptedWarning`; turned into an error by a filter of `warnings`, it stops a loop over many gaps.

    References
    ----------
    .. [Wolfe1976] P. Wolfe, Finding the nearest point in a polytope, Mathematical Programming 11, 1976.

    Examples
    --------
    >>> from conservative.matrix_sets import FiniteSet, MatrixPolytope
    >>> box = MatrixPolytope([[[-1, -1]], [[-1, 1]], [[1, -1]], [[1, 1]]])
    >>> point = FiniteSet([[[2, 0]]])
    >>> 10**0.5 in gap(box, point).widen(1e-15), 1.0 in gap(point, box)
    (True, True)
    """
    try:
        return measured_gap(X, Y, tol=tol)
    except KeyboardInterrupt as stop:
        return _last_bracket(stop, X, Y, call="gap")


def measured_gap(X: MatrixSet, Y: MatrixSet, *, tol: float | None = None) -> Bracket:
    """As `gap`, for loops that keep records of their own: an interrupt from the keyboard is raised.

    Raises KeyboardInterrupt: an `InterruptedSearch` where a bracket is known.
    """
    empty = is_empty(X, Y)
    check_pair(Y if empty else X, Y, call="gap")
    if empty:
        return Bracket(0.0, 0.0)
    if tol is not None:
        as_positive(tol, call="gap", argument="tol")
    exponent = far_exponent(X, Y)
    return _far_gap(X, Y, tol, exponent) if exponent else _near_gap(X, Y, tol)


def _near_gap(X: MatrixSet, Y: MatrixSet, tol: float | None) -> Bracket:
    # A width below the rounding of the sets is never reached.
    tol = None if tol is None else max(tol, _FINEST * max(X.radius, Y.radius))
    if isinstance(X, MatrixZonotope) and not X.enumerable:
        return gap_from_zonotope(X, Y)
    if isinstance(X, TemplateHull) and not X.enumerable:
        return gap_from_template(X, Y)
    if isinstance(X, FiniteSet) and isinstance(Y, FiniteSet):
        return farthest_in_cloud(X, Y)
    if isinstance(X, CellUnion) and isinstance(Y, CellUnion) and np.array_equal(X.cells, Y.cells):
        # In any direction the farthest point of one is as far from the other as the margins differ.
        wider = max(0.0, X.margin - Y.margin)
        return Bracket(round_down(wider), round_up(wider)) if wider > 0.0 else Bracket(0.0, 0.0)
    fattened = isinstance(X, CellUnion) and X.margin > 0.0
    if isinstance(X, CellUnion) and fattened and Y.convex:
        return _gap_of_fattened(X, Y, tol)
    if isinstance(Y, CellUnion) and Y.margin > 0.0:
        return _gap_to_fattened(X, Y, tol)
    if isinstance(Y, CellUnion) and Y.convex:
        Y = MatrixPolytope(Y.cells[0])
    region = _as_region(Y, most=_most_cells(X)) if _fills_the_plane(X) else None
    vertices = (Y.convex and region is None) or isinstance(X, FiniteSet)
    rounding = vertex_rounding(X)
    try:
        if region is not None:
            found = farthest_in_plane(X, region, tol=tol)
        elif isinstance(Y, CellUnion) and not (vertices or fattened) and _has_solid_cells(Y):
            found = farthest_in_cells(as_cells(X), Y, tol=tol)
        else:
            found = farthest_point(X.extreme, Y) if vertices else farthest_in_hull(X, Y, tol=tol)
    except InterruptedSearch as stop:
        raise InterruptedSearch(_widened(stop.bracket, rounding)) from None
    return _widened(found, rounding)


def _far_gap(X: MatrixSet, Y: MatrixSet, tol: float | None, exponent: int) -> Bracket:
    """The gap of sets whose size 2^exponent leaves no room for squares, from that of sets of size one."""
    with np.errstate(over="ignore", under="ignore"):
        near = None if tol is None else max(float(np.ldexp(tol, -exponent)), 5e-324)
    entries = X.shape[0] * X.shape[1]
    try:
        found = _near_gap(scaled(X, -exponent), scaled(Y, -exponent), near)
    except InterruptedSearch as stop:
        raise InterruptedSearch(scaled_back(stop.bracket, exponent, entries=entries)) from None
    return scaled_back(found, exponent, entries=entries)


def hausdorff_distance(X: MatrixSet, Y: MatrixSet, *, tol: float | None = None) -> Bracket:
    """Hausdorff distance max(gap(X, Y), gap(Y, X)) in the Frobenius norm, between proved bounds.

    Parameters
    ----------
    X, Y : MatrixSet
        Sets of matrices of one shape.
    tol : float, optional
        Absolute, as in `gap`.

    Returns
    -------
    Bracket

    Raises
    ------
    ArgumentTypeError, EmptySetError, ShapeError, ArgumentError

    Notes
    -----
    An interrupt from the keyboard is answered as in `gap`.

    Examples
    --------
    >>> from conservative.matrix_sets import MatrixPolytope
    >>> hausdorff_distance(MatrixPolytope([[[2]], [[3]]]), MatrixPolytope([[[-1]], [[1.5]]])).lower > 2.999999
    True
    """
    try:
        return measured_distance(X, Y, tol=tol)
    except KeyboardInterrupt as stop:
        return _last_bracket(stop, X, Y, call="hausdorff_distance")


def measured_distance(X: MatrixSet, Y: MatrixSet, *, tol: float | None = None) -> Bracket:
    """As `hausdorff_distance`, for loops that keep records of their own: an interrupt from the keyboard is raised.

    Raises KeyboardInterrupt: an `InterruptedSearch` where a bracket is known.
    """
    check_pair(X, Y, call="hausdorff_distance")
    forward = _unknown(X, Y)
    try:
        forward = measured_gap(X, Y, tol=tol)
        return largest((forward, measured_gap(Y, X, tol=tol)))
    except KeyboardInterrupt as stop:
        raise InterruptedSearch(largest((forward, _known(stop, X, Y)))) from None


def _unknown(X: MatrixSet, Y: MatrixSet) -> Bracket:
    """What holds of every distance between points of two sets."""
    return Bracket(0.0, round_up(X.radius + Y.radius))


def _known(stop: KeyboardInterrupt, X: MatrixSet, Y: MatrixSet) -> Bracket:
    """What was proved before an interrupt."""
    most = _unknown(X, Y).upper
    found = stop.bracket if isinstance(stop, InterruptedSearch) else Bracket(0.0, most)
    return Bracket(min(found.lower, most), min(found.upper, most))


def _last_bracket(stop: KeyboardInterrupt, X: MatrixSet, Y: MatrixSet, *, call: str) -> Bracket:
    """The bracket proved before an interrupt, with a warning, since a bracket has no status."""
    warnings.warn(
        f"`{call}` was interrupted from the keyboard; its bracket is valid, but wider than `tol`",
        InterruptedWarning,
        stacklevel=3,
    )
    return _known(stop, X, Y)


def _fills_the_plane(X: MatrixSet) -> bool:
    """Whether the set is polygons and balls around them, up to the rounding of unions and of vertices."""
    kinds = (PlanarRegion, MatrixPolytope, MatrixZonotope, CellUnion)
    return X.shape in ((2, 1), (1, 2)) and isinstance(X, kinds)


def _most_cells(X: MatrixSet) -> float:
    """How many cells Y may have if its region is to be made: arcs need it sooner than straight sides."""
    if not X.convex:
        return math.inf
    return 10 * _FEW_CELLS if getattr(X, "margin", 0.0) > 0.0 else _FEW_CELLS


def _as_region(Y: MatrixSet, *, most: float) -> PlanarRegion | None:
    """A region, points or a union of cells of the plane as a region, unless there are too many."""
    if isinstance(Y, PlanarRegion):
        return Y
    if isinstance(Y, FiniteSet):
        return None if len(Y.points) > most else PlanarRegion(Y.to_shapely(), Y.shape)
    if not isinstance(Y, CellUnion) or Y.convex or Y.margin or len(Y.cells) > most:
        return None
    return PlanarRegion(planar_collection(Y.cells), Y.shape)


def _has_solid_cells(Y: CellUnion) -> bool:
    """Whether Y has cells, not only points, of at least three dimensions; lines and the plane have exact answers."""
    return bool(Y.cells.shape[1] > 1 and Y.cells[0, 0].size >= 3)


def _widened(found: Bracket, rounding: float) -> Bracket:
    """Room for the rounding of vertices."""
    wide = found.widen(rounding) if rounding > 0.0 else found
    return Bracket(max(0.0, wide.lower), wide.upper)


def _gap_of_fattened(X: CellUnion, Y: MatrixSet, tol: float | None) -> Bracket:
    """The gap from a union with a margin to a convex set: what their margins share cancels.

    Away from Y the ball adds its radius; where Y holds the core, it may stick out of Y.
    """
    if isinstance(Y, CellUnion) and Y.margin > 0.0:
        shared = min(X.margin, Y.margin)
        rest = CellUnion(X.cells, X.margin - shared), CellUnion(Y.cells, Y.margin - shared)
        rounding = max(rest[0].margin, rest[1].margin) * 2.0**-52
        return _widened(measured_gap(*rest, tol=tol), rounding)
    hull = MatrixPolytope(Y.cells[0]) if isinstance(Y, CellUnion) else Y
    core = measured_gap(X.core, hull)
    if core.lower > 0.0:
        return Bracket(round_down(core.lower + X.margin), round_up(core.upper + X.margin))
    return farthest_in_balls(X, hull, tol=tol)


def _gap_to_fattened(X: MatrixSet, Y: CellUnion, tol: float | None) -> Bracket:
    """The gap to a union with a margin, which is as much nearer to every point outside of it."""
    core = FiniteSet(Y.cells[:, 0]) if Y.cells.shape[1] == 1 else Y.core
    try:
        return _lessened(measured_gap(X, core, tol=tol), Y.margin)
    except InterruptedSearch as stop:
        raise InterruptedSearch(_lessened(stop.bracket, Y.margin)) from None


def _lessened(found: Bracket, margin: float) -> Bracket:
    lower, upper = (max(0.0, end - margin) for end in (found.lower, found.upper))
    return Bracket(max(0.0, round_down(lower)), round_up(upper) if upper > 0.0 else 0.0)
