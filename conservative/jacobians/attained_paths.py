"""Whether paths of control are all taken nearby, and meet without a jump: then the hull of their blocks is Clarke's."""

from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.exact.hull_membership import hull_contains
from conservative.functions.switched_jacobian import SwitchedJacobian
from conservative.jacobians.attained import is_open, line_of, spanned

Matrix = NDArray[Any]

Path = tuple[SwitchedJacobian, Matrix]
"""A path of control with the forms that are positive where it is taken."""

_PATHS = 64
_ENTRIES = 200_000
"""Most entries of all blocks together that are looked at."""
_PARALLEL = 1e-9


def paths_are_clarkes(S: SwitchedJacobian) -> bool:
    """Whether the hull of all paths, none with ties of its own, is the hull of those that open cones take.

    Two of these that part at a guard must agree along it, else the program jumps beside the point.
    """
    paths = (S, *S.others)
    if any(len(path.Z) or path.matrix_free for path in paths):
        return False
    known = [(path, path.control) for path in paths if path.control is not None]
    if not known or len(known) > _PATHS or len(paths) * S.base.size > _ENTRIES:
        return False
    joined = np.concatenate([rows for _, rows in known])
    reduced = spanned(joined) if len(joined) else joined
    if reduced is None:
        return False
    parts = pairwise(np.cumsum([0, *(len(rows) for _, rows in known)]).tolist())
    taken = [one for one, (a, b) in zip(known, parts, strict=True) if is_open(reduced[a:b], exact=S.exact)]
    if not all(_meet(one, other, exact=S.exact) for one, other in combinations(taken, 2)):
        return False
    bases = [path.base for path in paths if all(path is not other for other, _ in taken)]
    held = np.array([path.base for path, _ in taken])
    return not bases or hull_contains(held, np.array(bases), exact=S.exact)


def _meet(one: Path, other: Path, *, exact: bool) -> bool:
    """Whether two paths agree along the guard that parts them; those that two guards part have no common face."""
    lines = [{line_of(row): row for row in rows} for _, rows in (one, other)]
    parting = [row for line, row in lines[0].items() if line in lines[1] and _against(row, lines[1][line])]
    return len(parting) != 1 or _is_multiple(one[0].base - other[0].base, parting[0], exact=exact)


def _against(row: Matrix, other: Matrix) -> bool:
    place = int(np.argmax(np.abs(row.astype(np.float64))))
    return bool(row[place] * other[place] < 0)


def _is_multiple(change: Matrix, row: Matrix, *, exact: bool) -> bool:
    """Whether each row of a change is a multiple of one row."""
    place = int(np.argmax(np.abs(row.astype(np.float64))))
    rest = change - np.multiply.outer(change[:, place] / row[place], row)
    if exact:
        return not (rest != 0).any()
    return bool(np.abs(rest).max(initial=0.0) <= _PARALLEL * max(1.0, float(np.abs(change).max(initial=0.0))))
