"""From a structured map at a point to its zonotope of Jacobians."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import BudgetError, ConservativeError
from conservative._core.exactness import Exactness
from conservative._core.numbers import UNIT_ROUNDOFF, round_up
from conservative.functions.arrays.structured_map import StructuredMap
from conservative.functions.arrays.structured_values import Linearization, Segments
from conservative.jacobians.independence import independent_rows
from conservative.jacobians.jacobian_set import NearTie, frozen
from conservative.jacobians.jacobian_zonotope import JacobianZonotope, factor_rounding, largest_size, row_sizes

_EXACT_SIZE = 100_000
"""Most numbers of base, U and V that are kept as `Fraction`; beyond it ties are still decided exactly."""


def structured_jacobian(F: StructuredMap, at: Any, *, kind: str, tolerance: float | None) -> JacobianZonotope:
    """{base + Σ t_i u_i v_iᵀ}, which is what the program may return, from the tied components.

    The tied numbers z_i − b_ij λ have the gradients v_i up to a factor, by continuity of φ. Where these are
    linearly independent, every combination of sides is met by an open cone of directions, so that Clarke's Jacobian is
    the same set.
    """
    call = "conservative_jacobian"
    point = F.point(at, tolerance=tolerance, call=call)
    segments = F.segments(point, call=call)
    size = F.size * F.inner.shape[1] + len(segments.ties) * (F.size + F.inner.shape[1])
    exact = point.exact and size + F.inner.size <= _EXACT_SIZE
    found = F.linearization(point, segments, exact=exact)
    full = len(found.ties) <= 1 or (_one_tie_each(found) and independent_rows(found.V))
    if kind == "conical" and not full:
        raise BudgetError(
            f'`{call}(kind="conical")`: the gradients of the {len(found.ties)} ties are not proved linearly '
            "independent, and cells of a structured map are listed only through its expressions: pass "
            '`F.to_selection()`, or use kind="program".'
        )
    return JacobianZonotope(
        base=frozen(found.base),
        U=frozen(found.U),
        V=frozen(found.V),
        exact_factors=(found.base, found.U, found.V) if exact else None,
        state_size=F.state_size,
        kind=kind,
        exactness=Exactness.EXACT if full else Exactness.OUTER,
        tight=_one_tie_each(found),
        tolerance=point.tolerance,
        near_ties=_near(segments),
        rounding=_rounding(found, F),
        tie_names=tuple(_name(i, j) for i, j in found.ties),
    )


class StructuredSweep:
    """The sets of a large map at many points, one after the other; as `Sweep`, with `run` to fill the rest."""

    def __init__(self, F: StructuredMap, points: NDArray[np.float64], *, kind: str, tolerance: float) -> None:
        self.F, self.points, self.kind, self.tolerance = F, points, kind, tolerance
        self.ties = np.zeros(len(points), dtype=np.intp)
        self.near = np.zeros(len(points), dtype=np.bool_)
        self.zonotopes: dict[int, JacobianZonotope] = {}

    def run(self) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """The blocks of the points without ties, and how many each point has; zonotopes stand for the others."""
        blocks = []
        for row, point in enumerate(self.points):
            try:
                found = structured_jacobian(self.F, point.tolist(), kind=self.kind, tolerance=self.tolerance)
            except ConservativeError as error:
                raise type(error)(f"`conservative_jacobians(points=...)`, point {row}: {error}") from error
            self.ties[row], self.near[row] = found.tie_count, bool(found.near_ties)
            if found.tie_count or found.near_ties:
                self.zonotopes[row] = found
            else:
                blocks.append(found.base)
        counts = np.array([int(row not in self.zonotopes) for row in range(len(self.points))], dtype=np.intp)
        return np.array(blocks).reshape(len(blocks), self.F.size, len(self.F.names)), counts


def _one_tie_each(found: Linearization) -> bool:
    return len({i for i, _ in found.ties}) == len(found.ties)


def _name(component: int, kink: int) -> str:
    return f"component {component} at its breakpoint {kink}"


def _near(segments: Segments) -> tuple[NearTie, ...]:
    return tuple(NearTie(_name(i, j), distance) for i, j, distance in segments.near)


def _rounding(found: Linearization, F: StructuredMap) -> float:
    """Bounds the rounding of the base, whose entries are sums of h terms of three factors, and of the rank-one rows."""
    if found.base.dtype == object:
        return factor_rounding(found.base, found.U, found.V)
    terms = 1 if F.outer is None else len(F.inner)
    base = (terms + 8) * UNIT_ROUNDOFF * 1.01 * largest_size(found.magnitude)
    return round_up(base + 8.0 * UNIT_ROUNDOFF * float(row_sizes(found.U) @ row_sizes(found.V)))
