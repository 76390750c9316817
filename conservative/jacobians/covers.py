"""Terms of rank one that cover the changes of [A B] which interacting choices make."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[Any]

Term = tuple[Matrix, Matrix]
"""u and v of the matrix u vᵀ."""


def distinct_changes(deltas: list[Matrix], *, exact: bool) -> list[Matrix]:
    """The nonzero changes, each once."""
    scale = 0.0 if exact else 1e-12 * max(1.0, max(float(np.abs(d).max()) for d in deltas))
    kept: list[Matrix] = []
    for delta in deltas:
        if (np.abs(delta) > scale).any() and not any((np.abs(delta - other) <= scale).all() for other in kept):
            kept.append(delta)
    return kept


def cover(deltas: list[Matrix], *, exact: bool) -> tuple[Matrix | int, list[Term], bool]:
    """A shift and generators that hold 0 and all changes, and whether they hold nothing else but their hull."""
    if not deltas:
        return 0, [], True
    split = [_rank_one_terms(delta, exact=exact) for delta in deltas]
    if all(len(terms) == 1 for terms in split):
        u, v = split[0][0]
        shares = [_multiple(delta, u, v, exact=exact) for delta in deltas]
        known = [share for share in shares if share is not None]
        if len(known) == len(shares):
            low, high = min(0, *known), max(0, *known)
            return low * np.multiply.outer(u, v), [((high - low) * u, v)], True
    return 0, [term for terms in split for term in terms], False


def box_terms(widths: Matrix) -> list[Term]:
    """One generator for each entry of a box that is wider than 0."""
    terms = []
    for row, column in np.argwhere(widths != 0).tolist():
        u, v = widths[:, column] * 0, widths[row] * 0
        u[row], v[column] = widths[row, column], v[column] + 1
        terms.append((u, v))
    return terms


def _rank_one_terms(delta: Matrix, *, exact: bool) -> list[Term]:
    """Pairs (u, v) with Σ u vᵀ = delta: crosses through the largest entry, until nothing is left."""
    scale = 0.0 if exact else 1e-13 * float(np.abs(delta).max())
    rest = delta
    terms: list[Term] = []
    while (np.abs(rest) > scale).any() and len(terms) < min(delta.shape):
        row, column = np.unravel_index(int(np.argmax(np.abs(rest).astype(np.float64))), rest.shape)
        u, v = rest[:, column] / rest[row, column], rest[row]
        terms.append((u, v))
        rest = rest - np.multiply.outer(u, v)
    return terms


def _multiple(delta: Matrix, u: Matrix, v: Matrix, *, exact: bool) -> Any:
    """The number c with delta = c u vᵀ, or None."""
    row, column = int(np.argmax(np.abs(u).astype(np.float64))), int(np.argmax(np.abs(v).astype(np.float64)))
    share = delta[row, column] / (u[row] * v[column])
    scale = 0.0 if exact else 1e-12 * float(np.abs(delta).max())
    return share if (np.abs(delta - share * np.multiply.outer(u, v)) <= scale).all() else None
