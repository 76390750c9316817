"""From the abs-normal form of a program at a point to its set of Jacobians: vertices, a zonotope, or a cover.

J(s) = B + Σ_g Y_g (I − S_g L_gg)⁻¹ S_g Z_g over the groups g of ties that L joins: the set of all choices is a sum over
groups. A tie alone is one rank-one term, exactly. A small group is listed; where its changes lie on one line they are
one term again, else they are covered by their terms. A large group is covered entry by entry, by interval arithmetic.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import BudgetError, FunctionError
from conservative._core.exactness import Exactness
from conservative._core.numbers import round_up
from conservative.functions.state_map import StateMap
from conservative.functions.switched_jacobian import SwitchedJacobian, SwitchedTie, moved_rows
from conservative.jacobians.attained import choices_are_clarkes
from conservative.jacobians.attained_paths import paths_are_clarkes
from conservative.jacobians.covers import Term, box_terms, cover, distinct_changes
from conservative.jacobians.jacobian_set import JacobianSet, NearTie, distinct, frozen
from conservative.jacobians.jacobian_zonotope import JacobianZonotope, factor_rounding

_GROUP = 256
"""Most combinations of choices of one group that are listed; larger groups are covered entry by entry."""

_LISTED_ENTRIES = 2_000_000
"""Most numbers of all blocks together that are listed; beyond it the set is a zonotope."""

_TERMS = 20_000
"""Most terms of a cover."""

Matrix = NDArray[Any]


def switched_set(S: SwitchedJacobian, *, max_pieces: int) -> JacobianSet | JacobianZonotope:
    """The set of Jacobians: listed where combinations are few, else a zonotope.

    EXACT, equal to Clarke's Jacobian, only where ties are switches met in the open, and every choice is taken along an
    open cone of directions or lies in the hull of those that are: with linearly independent rows of Z, always.
    """
    paths = (S, *S.others)
    total = sum(path.choices for path in paths)
    if total <= max_pieces and total * S.shape[0] * S.shape[1] <= _LISTED_ENTRIES:
        return _listed(S, max_pieces)
    if S.others:
        return _paths_cover(S, paths, total)
    return _zonotope(S, f"{len(S.ties)} ties leave {total:,} combinations of choices, more than are listed")


class ProgramSweep:
    """The sets of any map at many points, one after the other; as `Sweep`, with `run` to fill the rest."""

    def __init__(self, F: StateMap, points: NDArray[np.float64], *, tolerance: float, limit: int) -> None:
        self.F, self.points, self.tolerance, self.limit = F, points, tolerance, limit
        self.ties = np.zeros(len(points), dtype=np.intp)
        self.near = np.zeros(len(points), dtype=np.bool_)
        self.zonotopes: dict[int, JacobianZonotope] = {}

    def run(self) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """The blocks of all points in order, and how many each point has; zonotopes stand for the others."""
        blocks: list[Matrix] = []
        counts = np.zeros(len(self.points), dtype=np.intp)
        for row, point in enumerate(self.points):
            form = self.F.switched(point.tolist(), tolerance=self.tolerance)
            found = switched_set(form, max_pieces=self.limit)
            self.ties[row], self.near[row] = len(form.ties), bool(form.near_ties)
            if isinstance(found, JacobianZonotope):
                self.zonotopes[row] = found
            else:
                blocks.extend(found.vertices)
                counts[row] = len(found.vertices)
        return np.array(blocks).reshape(len(blocks), self.F.size, len(self.F.names)), counts


def _listed(S: SwitchedJacobian, max_pieces: int) -> JacobianSet:
    blocks = S.vertices(max_blocks=max_pieces)
    floats = _finite(blocks)
    exact = tuple(tuple(map(tuple, block)) for block in blocks.tolist()) if S.exact else None
    keep = distinct(floats, exact)
    return JacobianSet(
        vertices=frozen(floats[keep]),
        exact_entries=None if exact is None else tuple(exact[i] for i in keep),
        state_size=S.state_size,
        kind="program",
        exactness=_exactness(S, single=len(keep) == 1),
        tolerance=S.tolerance,
        near_ties=_near(S),
    )


def _zonotope(S: SwitchedJacobian, reason: str) -> JacobianZonotope:
    base = np.array(S.dense_base())
    U, V, names, tight = [], [], [], True
    alone = [tie for group in S.groups if len(group) == 1 for tie in group if len(tie.slots) == 1]
    slots = [tie.slots[0] for tie in alone]
    if alone:
        U.append(S.Y.T[slots])
        V.append(S.Z[slots])
        names = [str(tie) for tie in alone]
    for group in S.groups:
        if len(group) > 1 or len(group[0].slots) > 1:
            shift, terms, exactly = _group_terms(S, group)
            base = base + shift
            tight &= exactly
            U.extend(u[None] for u, _ in terms)
            V.extend(v[None] for _, v in terms)
            names += [str(group[0])] * len(terms)
    exactness = _exactness(S, single=False) if tight else Exactness.OUTER
    largest = max(S.groups, key=_combinations, default=())
    if _combinations(largest) > _GROUP:
        reason += f"; {len(largest)} of them act on each other ({_combinations(largest):,} combinations: covered)"
    return _sum(S, base, U, V, names=names, exactness=exactness, tight=tight, reason=reason)


def _paths_cover(S: SwitchedJacobian, paths: tuple[SwitchedJacobian, ...], total: int) -> JacobianZonotope:
    """All paths of control entry by entry, where they are too many to list."""
    boxes = [_box(path) for path in paths]
    floor = np.minimum.reduce([low for low, _ in boxes])
    terms = box_terms(np.maximum.reduce([high for _, high in boxes]) - floor)
    told = f"{len(paths)} paths of control leave {total:,} combinations of choices, more than are listed"
    if len(terms) > _TERMS:
        raise BudgetError(
            f"{told}, which change {len(terms):,} entries of [A B]: too many even for a cover. Write decisions as "
            "`where`, `maximum` or masks, which are not run once for each outcome, or raise `max_pieces`."
        )
    U, V = [u[None] for u, _ in terms], [v[None] for _, v in terms]
    reason = f"{told}: they are covered entry by entry"
    return _sum(S, floor, U, V, names=[], exactness=Exactness.OUTER, tight=False, reason=reason)


def _box(path: SwitchedJacobian) -> tuple[Matrix, Matrix]:
    """Bounds of all entries of one path's blocks."""
    if path.choices <= _GROUP:
        blocks = path.blocks(path.weights(list(path.patterns())))
        return blocks.min(axis=0), blocks.max(axis=0)
    floor, roof = _changes_box(path.Y, *_row_boxes(path.Z, path.L))
    base = path.dense_base()
    return base + floor, base + roof


def _sum(
    S: SwitchedJacobian, base: Matrix, U: list[Matrix], V: list[Matrix], *, names: list[str], exactness: Exactness,
    tight: bool, reason: str,
) -> JacobianZonotope:  # fmt: skip
    q, n = S.shape
    ends = np.concatenate(U) if U else np.zeros((0, q), dtype=S.Z.dtype)
    rows = np.concatenate(V) if V else np.zeros((0, n), dtype=S.Z.dtype)
    floats = [_finite(part) for part in (base, ends, rows)]
    rounding = factor_rounding(base, ends, rows) if S.exact else 0.0
    return JacobianZonotope(
        base=frozen(floats[0]),
        U=frozen(floats[1]),
        V=frozen(floats[2]),
        exact_factors=(base, ends, rows) if S.exact else None,
        state_size=S.state_size,
        kind="program",
        exactness=exactness,
        tight=tight,
        tolerance=S.tolerance,
        near_ties=_near(S),
        rounding=round_up(rounding + (S.rounding or 0.0)),
        tie_names=tuple(names) if len(names) <= 64 else (),
        reason=reason,
    )


def _combinations(group: tuple[SwitchedTie, ...]) -> int:
    return math.prod(1 + len(tie.patterns) for tie in group)


def _group_terms(S: SwitchedJacobian, group: tuple[SwitchedTie, ...]) -> tuple[Matrix | int, list[Term], bool]:
    """A shift and terms of rank one that hold all changes of one group, and whether they hold only their hull."""
    slots = sorted(i for tie in group for i in tie.slots)  # a switch acts on later ones only
    Y, Z, L = S.Y[:, slots], S.Z[slots], S.L[np.ix_(slots, slots)]
    if _combinations(group) <= _GROUP:
        weights = S.weights(list(S.patterns(group)))[:, slots]
        changes = Y @ moved_rows(weights, Z, L)
        return cover(distinct_changes(list(changes), exact=S.exact), exact=S.exact)
    low, high = _row_boxes(Z, L)
    floor, roof = _changes_box(Y, low, high)
    if np.count_nonzero(high - low) < np.count_nonzero(roof - floor):
        # A box of each switch's row, times its column, is smaller than the box of their sum.
        terms = [(Y[:, i], u[0] * v) for i in range(len(Z)) for u, v in box_terms((high - low)[[i]])]
        floor = Y @ low
    else:
        terms = box_terms(roof - floor)
    if len(terms) > _TERMS:
        raise BudgetError(
            f"a group of {len(group)} ties that act on each other, {_combinations(group):,} combinations, may change "
            f"{len(terms):,} entries of [A B]: too many even for a cover. Trace one step of the algorithm and let the "
            "recursion iterate it."
        )
    return floor, terms, False


def _changes_box(Y: Matrix, low: Matrix, high: Matrix) -> tuple[Matrix, Matrix]:
    """Bounds of Y times a matrix between two others, entry by entry."""
    return (
        np.minimum(Y, 0) @ high + np.maximum(Y, 0) @ low,
        np.minimum(Y, 0) @ low + np.maximum(Y, 0) @ high,
    )


def _row_boxes(Z: Matrix, L: Matrix) -> tuple[Matrix, Matrix]:
    """Bounds of the rows of (I − S L)⁻¹ S Z over s ∈ [0, 1]^k, entry by entry."""
    low, high = np.zeros_like(Z), np.zeros_like(Z)
    for i in range(len(Z)):
        down, up = np.minimum(L[i, :i], 0), np.maximum(L[i, :i], 0)
        low[i] = np.minimum(0, Z[i] + down @ high[:i] + up @ low[:i])
        high[i] = np.maximum(0, Z[i] + down @ low[:i] + up @ high[:i])
    return low, high


def _exactness(S: SwitchedJacobian, *, single: bool) -> Exactness:
    if S.others:
        return Exactness.EXACT if paths_are_clarkes(S) else Exactness.OUTER
    if not S.clean:
        return Exactness.OUTER
    if single:
        return Exactness.EXACT
    return Exactness.EXACT if choices_are_clarkes(S) else Exactness.OUTER


def _near(S: SwitchedJacobian) -> tuple[NearTie, ...]:
    return tuple(NearTie(name, distance) for name, distance in S.near_ties)


def _finite(array: Matrix) -> NDArray[np.float64]:
    try:
        with np.errstate(over="ignore"):
            floats = array.astype(np.float64)
    except OverflowError:
        floats = np.full(array.shape, np.inf)
    if not np.isfinite(floats).all():
        raise FunctionError(
            "the program's derivative at the point is not finite there. Its warnings name the operation; move the "
            "point, or rewrite that operation."
        )
    return floats
