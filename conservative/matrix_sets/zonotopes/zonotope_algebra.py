"""Images and sums of zonotopes, which are zonotopes again."""

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentTypeError, ShapeError
from conservative._core.matrix_norms import frobenius_bounds, spectral_norm_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, round_up
from conservative.matrix_sets.zonotopes.generators import DenseGenerators, Generators, RankOneGenerators
from conservative.matrix_sets.zonotopes.zonotope import MatrixZonotope

Floats = NDArray[np.float64]


def zonotope_image(S: MatrixZonotope, A: Floats, B: Floats) -> MatrixZonotope:
    """The zonotope {A X + B : X ∈ S}; factors stay factors.

    Shapes: `A` (r, p), `B` (r, q). Returns: its errors are those of S times ‖A‖₂, plus rounding.

    >>> import numpy as np
    >>> S = MatrixZonotope([[1.0]], [[[0.5]]])
    >>> zonotope_image(S, np.array([[2.0]]), np.array([[1.0]]))
    MatrixZonotope(1 generator, 1 × 1, EXACT)
    """
    norm = float(spectral_norm_bounds(A[None])[1][0])
    size = float(frobenius_bounds(A)[1]) * (float(frobenius_bounds(S.center)[1]) + float(S.parts.sizes().sum()))
    rounding = (A.shape[1] + S.parts.count + 8) * UNIT_ROUNDOFF * 1.01 * (size + float(frobenius_bounds(B)[1]))
    return MatrixZonotope(
        A @ S.center + B,
        S.parts.image(A),
        exactness=S.exactness,
        e_missing=round_up(round_up(norm * S.e_missing) + rounding),
        e_extra=round_up(round_up(norm * S.e_extra) + rounding),
    )


def zonotope_shadow(S: MatrixZonotope, U: Floats) -> MatrixZonotope:
    """The zonotope of all (⟨U_1, X⟩, ..., ⟨U_r, X⟩), X ∈ S; no generator is written out.

    Shapes: `U` (r, p, q). Returns: of r × 1 matrices; its errors are those of S times the norm of U as an r × pq
    matrix, plus rounding.

    >>> import numpy as np
    >>> float(zonotope_shadow(MatrixZonotope([[1.0, 0.0]], [[[0.5, 2.0]]]), np.ones((1, 1, 2))).support([[1.0]]))
    3.5
    """
    rows = U.reshape(len(U), -1)
    norm = float(spectral_norm_bounds(rows[None])[1][0])
    size = float(frobenius_bounds(rows)[1]) * (float(frobenius_bounds(S.center)[1]) + float(S.parts.sizes().sum()))
    rounding = (rows.shape[1] + S.parts.roundings + S.parts.count + 8) * UNIT_ROUNDOFF * 1.01 * size
    return MatrixZonotope(
        (rows @ S.center.ravel())[:, None],
        S.parts.inner(U).T[:, :, None],
        exactness=S.exactness,
        e_missing=round_up(round_up(norm * S.e_missing) + rounding),
        e_extra=round_up(round_up(norm * S.e_extra) + rounding),
    )


def minkowski_sum(X: MatrixZonotope, Y: MatrixZonotope) -> MatrixZonotope:
    """The zonotope {x + y : x ∈ X, y ∈ Y}; factors stay factors when both have them.

    Parameters
    ----------
    X, Y : MatrixZonotope
        Of matrices of one shape, both exact or inner, or both exact or outer.

    Returns
    -------
    MatrixZonotope
        Its errors are the sums of the errors, plus the rounding of the centre.

    Raises
    ------
    ArgumentTypeError, ShapeError

    Examples
    --------
    >>> square = minkowski_sum(MatrixZonotope([[0, 0]], [[[1, 0]]]), MatrixZonotope([[0, 0]], [[[0, 1]]]))
    >>> square.to_shapely().area
    4.0
    """
    for name, value in (("X", X), ("Y", Y)):
        if not isinstance(value, MatrixZonotope):
            raise ArgumentTypeError(
                f"`minkowski_sum({name}=...)` needs a MatrixZonotope; got {type(value).__name__}. For vertices add "
                "all pairs and take their `hull`."
            )
    if X.shape != Y.shape:
        raise ShapeError(f"`minkowski_sum(X, Y)` needs sets of matrices of one shape; got {X.shape} and {Y.shape}.")
    exactness = X.exactness.then(Y.exactness)
    if exactness is None:
        raise ArgumentTypeError("`minkowski_sum(X, Y)` needs sets that are not one inner and the other outer.")
    rounding = round_up(UNIT_ROUNDOFF * 1.01 * (X.radius + Y.radius))
    return MatrixZonotope(
        X.center + Y.center,
        _joined(X.parts, Y.parts),
        exactness=exactness,
        e_missing=round_up(round_up(X.e_missing + Y.e_missing) + rounding),
        e_extra=round_up(round_up(X.e_extra + Y.e_extra) + rounding),
    )


def _joined(first: Generators, second: Generators) -> Generators:
    if isinstance(first, RankOneGenerators) and isinstance(second, RankOneGenerators):
        return RankOneGenerators(np.concatenate([first.U, second.U]), np.concatenate([first.V, second.V]))
    return DenseGenerators(np.concatenate([first.dense(), second.dense()]))
