"""`structured`: maps from arrays and scalar pieces, so that a thousand states never pass through symbolic algebra."""

from typing import Any

import numpy as np

from conservative._core.errors import ArgumentTypeError, ShapeError
from conservative.functions.arrays.number_arrays import Numbers, read_numbers
from conservative.functions.arrays.scalar_piece import ScalarPiece, piece_arrays
from conservative.functions.arrays.structured_map import StructuredMap


def structured(
    piece: ScalarPiece | list[ScalarPiece] | tuple[ScalarPiece, ...],
    M: Any,
    *,
    N: Any = None,
    c: Any = None,
    outer: Any = None,
    direct: Any = None,
    offset: Any = None,
) -> StructuredMap:
    """F(x, θ) = W φ(M x + N θ + c) + [P Q](x, θ) + d from arrays.

    For soft-thresholding, box projections, one layer of rectifiers: a thousand states never pass through symbolic
    algebra, and `conservative_jacobian` returns a zonotope of rank-one changes. Rational strings and `Fraction`
    entries stay exact.

    Parameters
    ----------
    piece : ScalarPiece or sequence of h of them
        φ, for all components or one for each.
    M : array_like, shape (h, p)
    N : array_like, shape (h, m), optional
        None is no parameter inside, or zero where the scale of `piece` or `direct` has parameters.
    c : array_like, shape (h,), optional
        The shift of φ's argument; zero by default.
    outer : array_like, shape (q, h), optional
        W; by default the identity.
    direct : array_like, shape (q, p + m), optional
        [P Q], what passes beside φ.
    offset : array_like, shape (q,), optional
        d.

    Returns
    -------
    StructuredMap

    Raises
    ------
    ShapeError, ArgumentTypeError, NonFiniteError, ArgumentError

    Examples
    --------
    One step of ISTA for the lasso with data matrix I/2 and step 1, x ↦ soft(3x/4 + θ_1/2, θ_2):

    >>> import numpy as np
    >>> soft = ScalarPiece.soft_threshold(0, rows=[0, 1])
    >>> F = structured(soft, [[0.75]], N=[[0.5, 0]])
    >>> F.evaluate([[1.0], [4.0]], [2.0, 1.0]).tolist()
    [[0.75], [3.0]]
    """
    call = "structured"
    chosen = piece if isinstance(piece, ScalarPiece) else _stacked(piece)
    left = read_numbers(M, call=call, argument="M", wanted="shape (h, p)")
    if left.ndim != 2 or 0 in left.shape:
        raise ShapeError(f"`{call}(M=...)` needs shape (h, p), a matrix; got {left.shape}.")
    h, p = left.shape
    scale_rows = chosen.scale_rows
    m = 0 if scale_rows is None else scale_rows.shape[1]
    right = np.zeros((h, m)) if N is None else _shaped(N, (h, None), argument="N")
    if scale_rows is not None and scale_rows.shape[1] != right.shape[1]:
        raise ShapeError(
            f"`{call}(N=...)` needs as many columns as the scale of the piece has parameters, {scale_rows.shape[1]}; "
            f"got {right.shape}."
        )
    weights = None if outer is None else _shaped(outer, (None, h), argument="outer")
    q = h if weights is None else len(weights)
    beside = None if direct is None else _shaped(direct, (q, None), argument="direct")
    if beside is not None and N is None and scale_rows is None and beside.shape[1] > p:
        right = np.zeros((h, beside.shape[1] - p))
    inner = np.concatenate([left, right], axis=1)
    if beside is not None and beside.shape[1] != inner.shape[1]:
        raise ShapeError(f"`{call}(direct=...)` needs shape ({q}, {inner.shape[1]}), [P Q]; got {beside.shape}.")
    for array in piece_arrays(chosen):
        if array is not None and len(array) not in (1, h):
            raise ShapeError(f"`{call}(piece=...)` needs pieces for {h} components, the rows of M; got {len(array)}.")
    shift = np.zeros(h) if c is None else _shaped(c, (h,), argument="c")
    added = np.zeros(q) if offset is None else _shaped(offset, (q,), argument="offset")
    return StructuredMap(chosen, inner, shift, weights, beside, added, p)


def _stacked(pieces: Any) -> ScalarPiece:
    if not isinstance(pieces, (list, tuple)) or not all(isinstance(p, ScalarPiece) for p in pieces):
        raise ArgumentTypeError(
            f"`structured(piece=...)` needs a ScalarPiece, or one for each component; got {type(pieces).__name__}. "
            "For example `ScalarPiece.relu()`."
        )
    return ScalarPiece.stack(pieces)


def _shaped(value: Any, shape: tuple[int | None, ...], *, argument: str) -> Numbers:
    wanted = (
        "shape (" + ", ".join("any" if n is None else str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"
    )
    array = read_numbers(value, call="structured", argument=argument, wanted=wanted)
    if array.ndim != len(shape) or any(n is not None and n != got for n, got in zip(shape, array.shape, strict=True)):
        raise ShapeError(f"`structured({argument}=...)` needs {wanted}; got {array.shape}.")
    return array
