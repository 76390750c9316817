"""Whether the branches that a guard parts agree along it: a switch's row is a multiple of the guard's then."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[Any]

_PARALLEL = 1e-9


def factor_of(a: Matrix, b: Matrix, *, exact: bool) -> Any:
    """The number c that is not 0 with a = c b; None where there is none."""
    if exact:
        place = next((i for i, entry in enumerate(b) if entry != 0), None)
        parallel = place is not None and bool((a * b[place] == b * a[place]).all())
        return a[place] / b[place] if parallel and a[place] != 0 else None
    size = float(np.abs(b).max(initial=0.0))
    if size == 0.0:
        return None
    place = int(np.abs(b).argmax())
    share = a[place] / b[place]
    gap = np.abs(a - b * share).max()
    return share if share != 0 and gap <= _PARALLEL * max(1e-300, float(np.abs(a).max())) else None


def parting_warning(tie: str) -> str:
    """What to say of branches that do not."""
    return (
        f"{tie}: the branches part to first order along the guard, not only across it, so that the program may jump "
        "near the point; the set holds what it may return there."
    )
