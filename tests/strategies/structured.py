"""Small structured maps with small rational data and a point at which many components are tied."""

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from conservative.functions import ScalarPiece, StructuredMap, structured

SMALL = st.integers(-2, 2)
NAMES = ["relu", "leaky", "absolute", "clip", "soft", "soft by a parameter", "hat", "identity"]


def piece_of(name: str, *, parameters: int) -> ScalarPiece:
    match name:
        case "relu":
            return ScalarPiece.relu()
        case "leaky":
            return ScalarPiece.leaky_relu("1/3")
        case "absolute":
            return ScalarPiece.absolute()
        case "clip":
            return ScalarPiece.clip(-1, 2)
        case "soft":
            return ScalarPiece.soft_threshold("1/2")
        case "soft by a parameter":
            return ScalarPiece.soft_threshold(0, rows=[1] + [0] * (parameters - 1))
        case "hat":
            return ScalarPiece.piecewise_linear([-1, 0, 1], [0, 1, -1, 0])
    return ScalarPiece.identity()


@st.composite
def matrices(draw: Any, *, rows: int, columns: int) -> list[list[int]]:
    return draw(st.lists(st.lists(SMALL, min_size=columns, max_size=columns), min_size=rows, max_size=rows))


@st.composite
def tied_maps(draw: Any) -> tuple[StructuredMap, list[Fraction]]:
    """A map and an exact point: c is chosen so that the drawn components sit at a drawn breakpoint."""
    h, p, m = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    pieces = [piece_of(draw(st.sampled_from(NAMES)), parameters=m) for _ in range(h)]
    M, N = draw(matrices(rows=h, columns=p)), draw(matrices(rows=h, columns=m))
    state = [Fraction(draw(SMALL), 2) for _ in range(p)]
    theta = [Fraction(draw(st.integers(1, 3)), 3)] + [Fraction(draw(SMALL)) for _ in range(m - 1)]
    c = []
    for i, piece in enumerate(pieces):
        kinks = [Fraction(float(b)) for b in piece.breakpoints[0]]
        scale = Fraction(piece.scale[0]) if isinstance(piece.scale[0], Fraction) else Fraction(float(piece.scale[0]))
        if piece.scale_rows is not None:
            scale += theta[0]
        z = sum(a * x for a, x in zip(M[i], state, strict=True)) + sum(b * t for b, t in zip(N[i], theta, strict=True))
        wanted = draw(st.sampled_from(kinks)) * scale if kinks and draw(st.booleans()) else Fraction(draw(SMALL), 3)
        c.append(wanted - z)
    q = draw(st.integers(1, 3))
    outer = draw(st.one_of(st.none(), matrices(rows=q, columns=h)))
    width = h if outer is None else q
    direct = draw(st.one_of(st.none(), matrices(rows=width, columns=p + m)))
    return structured(pieces, M, N=N, c=c, outer=outer, direct=direct), [*state, *theta]
