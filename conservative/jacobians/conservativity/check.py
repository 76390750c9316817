"""`check_conservativity`: is a set-valued map a conservative Jacobian of F? Tried along curves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_count, as_generator, as_positive, as_real_array
from conservative._core.errors import ArgumentError, ArgumentTypeError, FunctionError, ShapeError
from conservative._core.result_lines import count, result_line
from conservative.functions import PiecewiseSelection, StateMap, StructuredMap
from conservative.jacobians.as_graph import as_selection
from conservative.jacobians.boxes import read_box
from conservative.jacobians.conservativity.curves import CurveBox, polygons_through, polygons_through_ties
from conservative.jacobians.conservativity.line_integrals import TIE_TOLERANCE, Extremes, Integrals, integrate
from conservative.jacobians.many_points import conservative_jacobians

Floats = NDArray[np.float64]
CALL = "check_conservativity"
_CHECKS = 9
_CURVES = 48
_CURVES_OF_PROGRAMS = 6


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ConservativityTest:
    """What `check_conservativity` found.

    Parameters
    ----------
    passed : bool
        Whether no tried curve contradicts J: `worst <= tolerance`. It proves nothing; False shows a curve.
    worst : float
        The largest |∫⟨v, γ'⟩ − ΔF| / max(1, ∫ max |⟨v, γ'⟩|), less the error of the quadrature.
    tolerance : float
    curve : ndarray, shape (k, n)
        The corners of the polygon on which it was found.
    segment, component : int
        Where: between corners `segment` and `segment + 1`, in that component of F.
    integral, difference : float
        The worst integral there, and the difference of F between the two corners.
    curves : int
        How many polygons were tried.
    """

    passed: bool
    worst: float
    tolerance: float
    curve: Floats = field(repr=False)
    segment: int
    component: int
    integral: float
    difference: float
    curves: int

    def __repr__(self) -> str:
        return result_line(
            self,
            f"passed={self.passed}",
            f"worst={self.worst:.6g}",
            f"tolerance={self.tolerance:.6g}",
            count(self.curves, "curve"),
        )


def check_conservativity(
    F: PiecewiseSelection | StructuredMap | StateMap,
    J: Callable[[Floats], Any] | None = None,
    *,
    rng: Any = None,
    curves: int | None = None,
    tolerance: float = 1e-6,
    box: tuple[ArrayLike, ArrayLike] = (-2.0, 2.0),
) -> ConservativityTest:
    """Try whether J is a conservative Jacobian of F: whether ∫⟨v, γ'⟩ = F(γ(1)) − F(γ(0)) for every selection v of J.

    The curves are polygons: random ones, ones whose corners are tied points, ones that run inside ties, where J has
    many elements for a positive time, and lines through integer points. On each segment the worst measurable
    selections are those of the largest and the least ⟨v, γ'⟩; both integrals must equal the difference of F in every
    component, within ``tolerance * max(1, ∫ max |⟨v, γ'⟩|)`` and the error of the quadrature.

    What J says at points that a curve meets for no positive time is irrelevant: the definition of conservative
    Jacobians does not see it, and no curve can.

    Parameters
    ----------
    F : PiecewiseSelection, StructuredMap, or any StateMap such as `from_numpy` makes
    J : callable, optional
        From a point, an array (n,) of state and parameters, to a `JacobianSet`, or an array (k, q, n) or (q, n). None
        stands for `conservative_jacobian` with ties within 1e-13, or between equal doubles only where that is too wide.
    rng : optional
        Seed or generator for `numpy.random.default_rng`.
    curves : int, optional
        How many polygons, at most: 48 for formulas and arrays, 6 for programs, which are run point by point.
    tolerance : float
        Relative: the part of max(1, ∫ max |⟨v, γ'⟩|) by which an integral may miss the difference of F and pass.
    box : pair of float or array_like of shape (n,)
        Lower and upper ends of the box in which the curves run. Curves on which F is not defined are left out.

    Returns
    -------
    ConservativityTest

    Raises
    ------
    ArgumentError, ArgumentTypeError
    FunctionError, DiscontinuityError
        Where F has no Jacobian on a curve.
    ShapeError
        When J returns an array of another shape.

    Notes
    -----
    Segments are cut where the pieces of F change, by bisection, and integrated between by Gauss-Kronrod
    quadrature with halving. Kinks on curved sets are crossed, but no polygon runs inside them.

    Examples
    --------
    >>> from conservative.functions import from_sympy
    >>> F = from_sympy("Max(-x, 0) + x - Max(x, 0)", state=["x", "y"])
    >>> check_conservativity(F, rng=0).passed
    True
    >>> check_conservativity(F, lambda point: np.array([[[0.0, 0.0]], [[0.0, 0.1]]]), rng=0).passed
    False
    """
    formula = isinstance(F, (PiecewiseSelection, StructuredMap)) or not isinstance(F, StateMap)
    F = as_selection(F, call=CALL) if formula else F
    if J is not None and not callable(J):
        raise ArgumentTypeError(f"`{CALL}(J=...)` needs a function of a point, or None; got {type(J).__name__}.")
    default = _CURVES if formula else _CURVES_OF_PROGRAMS
    curves = as_count(default if curves is None else curves, call=CALL, argument="curves", least=1, most=10**6)
    tolerance = as_positive(tolerance, call=CALL, argument="tolerance", noun="tolerance")
    if tolerance == np.inf:
        raise ArgumentError(f"`{CALL}(tolerance=...)` needs a finite tolerance; got {tolerance}.")
    within = CurveBox(*read_box(box, len(F.names), call=CALL))
    polygons = _defined_polygons(F, within, as_generator(rng, call=CALL), curves)
    starts = np.concatenate([polygon[:-1] for polygon in polygons])
    ends = np.concatenate([polygon[1:] for polygon in polygons])
    difference = _evaluate(F, ends) - _evaluate(F, starts)

    def tried(extremes: Extremes) -> ConservativityTest:
        integrals = integrate(getattr(F, "graph", None), starts, ends, extremes, accuracy=tolerance / 10)
        return _verdict(integrals, difference, polygons, tolerance)

    if J is not None:
        return tried(_given_extremes(F, J))
    found = tried(_own_extremes(F, TIE_TOLERANCE))
    # Where values of F are tiny, all within the tolerance are tied, for a positive time: equal doubles decide then.
    return found if found.passed else tried(_own_extremes(F, 0.0))


check_conservativity.__test__ = False  # type: ignore[attr-defined]  # a user's pytest must not collect it


def _verdict(integrals: Integrals, difference: Floats, polygons: list[Floats], tolerance: float) -> ConservativityTest:
    apart = [np.abs(total - difference) for total in (integrals.lower, integrals.upper)]
    excess = np.maximum(np.stack(apart) - integrals.error, 0.0) / np.maximum(1.0, integrals.size)
    side, segment, component = (int(i) for i in np.unravel_index(int(excess.argmax()), excess.shape))
    sizes = np.array([len(polygon) - 1 for polygon in polygons])
    owner = int(np.searchsorted(np.cumsum(sizes), segment, side="right"))
    worst = float(excess.max())
    curve = polygons[owner].copy()
    curve.setflags(write=False)
    return ConservativityTest(
        passed=worst <= tolerance,
        worst=worst,
        tolerance=tolerance,
        curve=curve,
        segment=segment - int(sizes[:owner].sum()),
        component=component,
        integral=float((integrals.lower, integrals.upper)[side][segment, component]),
        difference=float(difference[segment, component]),
        curves=len(polygons),
    )


def _defined_polygons(F: Any, box: CurveBox, rng: np.random.Generator, count: int) -> list[Floats]:
    found = []
    for polygon in _polygons(F, box, rng, count):
        times = np.linspace(0.0, 1.0, _CHECKS)[:, None, None]
        points = polygon[:-1] + times * (polygon[1:] - polygon[:-1])
        if np.isfinite(_evaluate(F, points)).all():
            found.append(polygon)
    if not found:
        raise FunctionError(f"`{CALL}`: F is defined on none of the curves tried. Give a smaller `box`.")
    return found


def _polygons(F: Any, box: CurveBox, rng: np.random.Generator, count: int) -> list[Floats]:
    """Through the ties of a formula; through the point that a program was built at."""
    if isinstance(F, PiecewiseSelection):
        return polygons_through_ties(F.graph, box, rng, count)
    known = np.array([[float(x) for x in F.at]]) if hasattr(F, "at") else np.zeros((1, len(F.names)))
    return polygons_through(known, box, rng, count)


def _evaluate(F: Any, points: Floats) -> Floats:
    split = F.state_size
    return np.asarray(F.evaluate(points[..., :split], points[..., split:]))


def _own_extremes(F: Any, tolerance: float) -> Extremes:
    def extremes(points: Floats, velocity: Floats) -> tuple[Floats, Floats]:
        return conservative_jacobians(F, points, tolerance=tolerance).extreme_rates(velocity)

    return extremes


def _given_extremes(F: Any, J: Callable[[Floats], Any]) -> Extremes:
    def extremes(points: Floats, velocity: Floats) -> tuple[Floats, Floats]:
        low, high = [], []
        for point, speed in zip(points, velocity, strict=True):
            rates = _blocks(F, J(point.copy())) @ speed
            low.append(rates.min(axis=0))
            high.append(rates.max(axis=0))
        return np.stack(low), np.stack(high)

    return extremes


def _blocks(F: Any, value: Any) -> Floats:
    blocks = as_real_array(
        getattr(value, "vertices", value), call=CALL, argument="J", wanted="a set of Jacobians from J, shape (k, q, n)"
    )
    wanted = (F.size, len(F.names))
    blocks = blocks[None] if blocks.ndim == 2 else blocks
    if blocks.ndim != 3 or blocks.shape[1:] != wanted or not len(blocks):
        raise ShapeError(
            f"`{CALL}(J=...)` must return a JacobianSet or an array of shape (k, {wanted[0]}, {wanted[1]}); "
            f"got shape {np.shape(getattr(value, 'vertices', value))}."
        )
    return blocks
