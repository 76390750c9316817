"""A small structured map as symbolic expressions, for what only the expression graph can do."""

from typing import Any

import numpy as np
import sympy

from conservative.functions.arrays.structured_values import Structured
from conservative.functions.from_sympy import from_sympy
from conservative.functions.graph.arithmetic import as_sympy
from conservative.functions.selection import PiecewiseSelection


def written_out(F: Structured, names: tuple[str, ...]) -> PiecewiseSelection:
    """W (s_0 z + c_0 λ + Σ (s_j − s_{j−1}) Max(z − b_j λ, 0)) + [P Q](x, θ) + d, all numbers exact."""
    symbols = sympy.symbols(names, real=True)
    columns = list(symbols)
    hidden = [_component(F, i, columns) for i in range(len(F.inner))]
    outputs = []
    for row in range(len(F.offset)):
        terms = (
            [hidden[row]] if F.outer is None else [as_sympy(w) * h for w, h in zip(F.outer[row], hidden, strict=True)]
        )
        if F.direct is not None:
            terms.append(_affine(F.direct[row], columns))
        outputs.append(sympy.Add(*terms, as_sympy(F.offset[row])))
    return from_sympy(outputs, state=columns[: F.state_size], parameters=columns[F.state_size :])


def _component(F: Structured, index: int, columns: list[Any]) -> Any:
    piece = F.piece
    breakpoints, slopes, intercepts, scales = (
        a[index] if len(a) > 1 else a[0] for a in (piece.breakpoints, piece.slopes, piece.intercepts, piece.scale)
    )
    scale = as_sympy(scales)
    if piece.scale_rows is not None:
        row = piece.scale_rows[index] if len(piece.scale_rows) > 1 else piece.scale_rows[0]
        scale = scale + _affine(row, columns[F.state_size :])
    z = _affine(F.inner[index], columns) + as_sympy(F.shift[index])
    terms = [as_sympy(slopes[0]) * z, as_sympy(intercepts[0]) * scale]
    for kink, before, after in zip(breakpoints, slopes, slopes[1:], strict=False):
        if kink != np.inf:
            terms.append(as_sympy(after - before) * sympy.Max(sympy.expand(z - as_sympy(kink) * scale), 0))
    return sympy.Add(*terms)


def _affine(row: Any, columns: list[Any]) -> Any:
    return sympy.Add(*(as_sympy(a) * x for a, x in zip(row, columns, strict=True) if a != 0))
