"""`joint_spectral_radius`: matrices, a hull, a set of Jacobians or a zonotope come in, a bracket goes out."""

from typing import Any

from conservative._core.families.as_family import as_family
from conservative.jacobians import JacobianZonotope
from conservative.matrix_sets import MatrixZonotope
from conservative.spectral.automata.automaton import Automaton
from conservative.spectral.radius.family_radius import JointSpectralRadius, check_limits, family_radius
from conservative.spectral.radius.search import RadiusStatus
from conservative.spectral.radius.zonotope_radius import (
    ZonotopeStatus,
    has_few_vertices,
    listed_vertices,
    zonotope_radius,
)
from conservative.spectral.zonotopes import as_square_zonotope


def joint_spectral_radius(
    matrices: Any, *, tol: float = 1e-9, time_limit: float | None = None, automaton: Automaton | None = None
) -> JointSpectralRadius:
    """Bounds of the largest growth rate of products of a family: lim max ||M_w||^(1/|w|).

    The radius of the convex hull of the family is the same number. Below 1, and only then, some norm makes every
    matrix of the hull a contraction with a common factor.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), `JacobianSet`, `MatrixPolytope`, `MatrixZonotope`, `JacobianZonotope`
        Doubles are taken as exact; rationals stay exact. Of Jacobian blocks [A B] the state part is taken. The vertices
        of a zonotope are listed up to 6 generators; beyond, `zonotope_radius` bounds its radius without them.
    tol : float
        Relative: the work ends when ``upper <= lower (1 + tol)``.
    time_limit : float, optional
        Seconds; None, the default, is no limit. The best bracket so far is proved and returned. Without
        a limit the search ends when it closes, or by its budgets of vertices and products, which no clock changes.
    automaton : Automaton, optional
        Only products that it reads count: the constrained joint spectral radius.

    Returns
    -------
    JointSpectralRadius

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentError, ArgumentTypeError

    Notes
    -----
    The family is taken apart into irreducible blocks by exact invariant subspaces. In each, a search of bounded width
    proposes a word, and the invariant polytope algorithm grows the hull of its leading eigenvectors until the family
    maps it into itself; slow growth makes the search go on in the norm that the vertices suggest. The closed polytope
    is written down in integers and proved by the exact checker for the bound ``lower (1 + tol / 2)``; where all images
    lie strictly inside, it proves that the word attains the radius, and the bracket is two neighbouring doubles.
    Where no polytope closes, the upper end is the least of the Euclidean, maximum and sum norms (in balanced scales
    too), of quadratic norms that need no solver, of a sum of squares of degree four in small dimension, of norms of
    products, and of the polytope as it is. A certificate lists the products; where they are too many, it claims a
    bound a little above, or the next best one. Radii of words are enclosed from exact characteristic polynomials. A
    keyboard interrupt at any moment returns what is proved by then.

    References
    ----------
    [jungers2009]_, [guglielmiprotasov2013]_, [mejstrik2020]_, [gripenberg1996]_, [parrilo2008]_

    Examples
    --------
    >>> golden = joint_spectral_radius([[[1, 1], [0, 1]], [[1, 0], [1, 1]]])
    >>> golden.word, golden.lower <= (1 + 5**0.5) / 2 <= golden.upper
    ((0, 1), True)
    """
    if isinstance(matrices, (MatrixZonotope, JacobianZonotope)) and automaton is None:
        return _of_zonotope(matrices, tol=tol, time_limit=time_limit)
    family = as_family(matrices, call="joint_spectral_radius")
    return family_radius(family, tol=tol, time_limit=time_limit, automaton=automaton)


def _of_zonotope(zonotope: Any, *, tol: float, time_limit: float | None) -> JointSpectralRadius:
    """The bounds of a zonotope: of its vertices where they are few, otherwise without them."""
    tol = check_limits(tol, time_limit)
    square = as_square_zonotope(zonotope)
    if has_few_vertices(square):
        return family_radius(listed_vertices(square)[1], tol=tol, time_limit=time_limit)
    found = zonotope_radius(zonotope, time_limit=time_limit)
    closed = found.upper <= found.lower * (1 + tol)
    ended = {
        ZonotopeStatus.TIME_LIMIT: RadiusStatus.TIME_LIMIT,
        ZonotopeStatus.INTERRUPTED: RadiusStatus.INTERRUPTED,
    }
    status = RadiusStatus.CLOSED if closed else ended.get(found.status, RadiusStatus.ZONOTOPE)
    return JointSpectralRadius(found.lower, found.upper, (), status, (), None)
