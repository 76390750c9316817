"""Sets of Jacobian blocks whose fixed set is known in closed form."""

from typing import Any

from conservative.gallery.cases import BlocksCase
from conservative.jacobians import JacobianSet

_OWN = "derived for this project"

# name: (A blocks, B blocks, X_0, title, answer, source)
_TABLE: dict[str, tuple[list[Any], list[Any], list[Any], str, str, str]] = {
    "nilpotent-fold": (
        [[[0, 0], [-1, 0]], [[0, 0], [1, 0]]],
        [[[-1], [0]], [[1], [0]]],
        [[[0], [0]]],
        "one sign drives both rows: ‖A‖ = 1, and yet two steps forget the start",
        "fix(𝒥) = {|y| ≤ |x| ≤ 1}, not convex, reached in two steps; the joint spectral radius is 0",
        _OWN,
    ),
    "dragon": (
        [[["1/2", "-1/2"], ["1/2", "1/2"]], [["-1/2", "-1/2"], ["1/2", "-1/2"]]],
        [[[0], [0]], [[1], [0]]],
        [[[0], [0]]],
        "the hull of the two maps of the Heighway dragon",
        "conv fix(𝒥) has 10 vertices and area 7/6",
        _OWN,
    ),
    "independent-interval": (
        [[["-1/2"]], [["-1/2"]], [[0]], [[0]]],
        [[[0]], [[1]], [[0]], [[1]]],
        [[[0]]],
        "scalars a ∈ [−1/2, 0] and b ∈ [0, 1], independent",
        "J_pb = [−2/3, 4/3]",
        _OWN,
    ),
    "correlated-interval": (
        [[["-1/2"]], [["1/2"]]],
        [[[0]], [[1]]],
        [[[0]]],
        "conv{(−1/2, 0), (1/2, 1)}",
        "J_pb = [−1, 2]",
        _OWN,
    ),
}


def names() -> tuple[str, ...]:
    """Names of the sets."""
    return tuple(_TABLE)


def load(name: str) -> BlocksCase:
    """One set, by name."""
    A, B, initial, title, answer, source = _TABLE[name]
    return BlocksCase(
        name=name,
        title=title,
        source=source,
        answer=answer,
        jacobian=JacobianSet.from_blocks(A, B),
        initial=initial,
    )
