"""Arguments of other kinds than sets of matrices and numbers: one clear error each."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from conservative._core.errors import ArgumentError, ArgumentTypeError
from conservative._core.exactness import Exactness
from conservative.matrix_sets import (
    CellUnion,
    FiniteSet,
    MatrixPolytope,
    affine_image,
    gap,
    hull,
    simplify,
    slice_through,
)

S = MatrixPolytope([[[0.0, 0.0]], [[1.0, 0.0]], [[0.0, 1.0]]])


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: hull(None), "sets"),  # type: ignore[arg-type]
        (lambda: hull("x"), "sets"),  # type: ignore[arg-type]
        (lambda: affine_image(None, [[1.0]], [[0.0]]), "S"),  # type: ignore[arg-type]
        (lambda: simplify(None), "S"),  # type: ignore[arg-type]
        (lambda: simplify(S, tol="x"), "tol"),  # type: ignore[arg-type]
        (lambda: simplify(S, max_vertices=1.5), "max_vertices"),  # type: ignore[arg-type]
        (lambda: simplify(S, max_vertices=int(1e308)), "max_vertices"),
        (lambda: slice_through(S, [[0.0, 0.0]], [[[1.0, 0.0]]], tol="x"), "tol"),  # type: ignore[arg-type]
        (lambda: S.contains([[0.0, 0.0]], tol=[]), "tol"),  # type: ignore[arg-type]
        (lambda: FiniteSet([[[1.0]]], e_missing=None), "e_missing"),  # type: ignore[arg-type]
        (lambda: MatrixPolytope([[[1.0]]], Exactness.OUTER, e_extra=-1.0), "e_extra"),
        (lambda: CellUnion([[[[1.0]]]], None), "margin"),  # type: ignore[arg-type]
        (lambda: gap(S, S, tol=np.nan), "tol"),
    ],
)
def test_what_is_no_set_and_no_number(call: Callable[[], Any], argument: str) -> None:
    with pytest.raises((ArgumentTypeError, ArgumentError), match=rf"\({argument}=...\)` needs"):
        call()


def test_a_width_below_rounding_ends() -> None:
    found = gap(S, FiniteSet(S.vertices[:2]), tol=1e-320)
    assert found.lower == pytest.approx(1.0, abs=1e-9)
    assert found.width < 1e-9


@pytest.mark.parametrize("size", [1e-200, 1e155, 1e200])
def test_hulls_of_extreme_sizes_in_the_plane(size: float) -> None:
    square = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.5]])[:, None]
    corners = np.array(MatrixPolytope(square * size).to_shapely().exterior.coords) / size
    assert sorted(map(tuple, corners[:-1].round(9).tolist())) == [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]
