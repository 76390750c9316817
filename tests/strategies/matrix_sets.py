"""Sets of matrices: ordinary, flat, repeated, collinear, nearly flat, and at every scale."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from conservative.matrix_sets import FiniteSet, MatrixPolytope, MatrixSet

Floats = NDArray[np.float64]

SHAPES = [(1, 1), (1, 2), (2, 1), (3, 1), (2, 2)]


def coordinates() -> st.SearchStrategy[float]:
    """Small integers often (ties, repeats, flat sets), other doubles too."""
    return st.one_of(
        st.integers(-3, 3).map(float),
        st.floats(-10.0, 10.0, allow_nan=False).map(lambda x: x if abs(x) > 1e-12 else 0.0),
    )


@st.composite
def clouds(draw: Any, *, shape: tuple[int, int], most: int = 7) -> Floats:
    """Between 1 and `most` matrices; sometimes squeezed to a thin or flat cloud."""
    p, q = shape
    count = draw(st.integers(1, most))
    values = draw(st.lists(coordinates(), min_size=count * p * q, max_size=count * p * q))
    cloud = np.array(values).reshape(count, p, q)
    squeeze = draw(st.sampled_from([1.0, 1.0, 0.0, 1e-7, 1e-13]))
    cloud[:, 0, 0] *= squeeze
    return cloud


@st.composite
def sets(draw: Any, *, shape: tuple[int, int], most: int = 7) -> MatrixSet:
    """A set of any type."""
    kind = draw(st.sampled_from([MatrixPolytope, FiniteSet]))
    return kind(draw(clouds(shape=shape, most=most)))


def rotation(size: int, seed: int) -> Floats:
    """An orthogonal matrix, up to rounding."""
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


def polygon(points: object) -> MatrixPolytope:
    """The hull of rows, as 2 × 1 matrices."""
    array = np.asarray(points, dtype=float)
    return MatrixPolytope(array.reshape(len(array), -1, 1))
