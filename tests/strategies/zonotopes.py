"""Zonotopes with few generators, dense and rank one, often degenerate: repeated, zero and parallel generators."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conservative.matrix_sets import MatrixZonotope

ENTRIES = st.integers(-3, 3).map(float)
QUARTERS = st.integers(-12, 12).map(lambda n: n / 4)


@st.composite
def arrays(draw: Any, *, shape: tuple[int, ...], entries: Any = ENTRIES) -> Any:
    size = int(np.prod(shape))
    return np.array(draw(st.lists(entries, min_size=size, max_size=size))).reshape(shape)


@st.composite
def zonotopes(draw: Any, *, shape: tuple[int, int], most: int = 6, rank_one: bool | None = None) -> MatrixZonotope:
    """At most `most` generators, entries small integers, so that every vertex is a double."""
    p, q = shape
    k = draw(st.integers(0, most))
    if draw(st.booleans()) if rank_one is None else rank_one:
        return MatrixZonotope.from_rank_one(
            draw(arrays(shape=(p, q))), draw(arrays(shape=(k, p))), draw(arrays(shape=(k, q)))
        )
    return MatrixZonotope(draw(arrays(shape=(p, q))), draw(arrays(shape=(k, p, q))))
