"""conical ⊆ hull of sampled gradients ⊆ selection, on many random functions.

Source: the definition of Clarke's Jacobian as the hull of limits of derivatives at nearby points (F. H. Clarke,
Optimization and Nonsmooth Analysis, 1983), between the two readings. Samples lie along exact directions inside every
cell, along a fan of others and along parabolas, at a distance where derivatives are within `NEAR` of their limits; they
are computed in rational arithmetic by the trees of `strategies`, which share no code with the package.
"""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.functions import PIECEWISE_LINEAR
from strategies.piecewise_polynomials import PIECEWISE_POLYNOMIAL
from strategies.stages import drawn

from conservative._core.exactness import Exactness
from conservative.functions import from_sympy
from conservative.functions.ties.first_order_cells import CellSearch
from conservative.jacobians import conservative_jacobian, jacobian_sandwich
from conservative.matrix_sets import MatrixPolytope

STEP = Fraction(1, 10**9)
NEAR = 1e-6
FAN = [
    (Fraction(a, 97), Fraction(b, 89))
    for a, b in np.random.default_rng(2).integers(-1000, 1000, (150, 2)).tolist()
    if a or b
]


def cell_directions(F, at):
    """Exact directions inside all cells, slightly turned as well, because a cell's middle may be another one's edge."""
    point = F.point(at)
    found = []
    for trace in F.traces(point):
        for cell in CellSearch(F.graph, trace, point.arithmetic, F.graph.outputs):
            x, y = (Fraction(v) for v in cell.interior)
            found += [(x, y), (x + y / 10**6, y - x / 10**6), (x - y / 10**6, y + x / 10**6)]
    return found


def near(inner, outer):
    return MatrixPolytope(outer).contains(inner, tol=NEAR).all()


def check(F, gradients):
    """The two inclusions; `gradients` are those sampled near the origin."""
    found = jacobian_sandwich(F, [0, 0])
    samples = np.array(sorted(gradients), dtype=np.float64).reshape(-1, 1, 2)
    assert near(samples, found.selection.vertices)
    if found.conical is not None:
        assert near(found.conical.vertices, samples)
        if found.conical.exactness is Exactness.EXACT:
            assert near(samples, found.conical.vertices)
    return found


def linear_gradients(tree, F):
    """Derivatives at exact points, by differences that are exact in a cell of a piecewise linear function."""
    h = Fraction(1, 10**15)
    for x, y in [*cell_directions(F, [0, 0]), *FAN]:
        scale = max(abs(x), abs(y), h)
        x, y = x / scale, y / scale
        here = exactly(tree, x, y)
        slopes = [
            [(exactly(tree, x + s * h * e, y + s * h * (1 - e)) - here) / (s * h) for s in (1, -1)] for e in (1, 0)
        ]
        if all(ahead == behind for ahead, behind in slopes):
            yield tuple(float(ahead) for ahead, _ in slopes)


def exactly(tree, x, y):
    """The tree's own evaluator on rational numbers: NumPy's maximum and where work on objects."""
    return Fraction(np.asarray(tree(np.array(x, dtype=object), np.array(y, dtype=object)), dtype=object)[()])


def polynomial_gradients(tree, F):
    """Derivatives along rays and, for cusps between tangent curves, along parabolas."""
    rays = [*cell_directions(F, [0, 0]), *FAN]
    units = [(x / max(abs(x), abs(y)), y / max(abs(x), abs(y))) for x, y in rays if x or y]
    points = [(STEP * x, STEP * y) for x, y in units]
    points += [(STEP * x, STEP**2 * 3 * y) for x, y in units] + [(STEP**2 * 3 * x, STEP * y) for x, y in units]
    for x, y in points:
        jet = tree.jet(x, y)
        if jet is not None:
            yield float(jet[1]), float(jet[2])


@drawn(8, 60, tree=PIECEWISE_LINEAR)
def test_piecewise_linear_functions(tree):
    F = from_sympy(tree.text, state=["x", "y"])
    assert check(F, set(linear_gradients(tree, F))).conical.exactness is Exactness.EXACT


@drawn(8, 60, tree=PIECEWISE_POLYNOMIAL)
def test_piecewise_polynomial_functions(tree):
    F = from_sympy(tree.text, state=["x", "y"])
    check(F, set(polynomial_gradients(tree, F)))


@pytest.mark.slow
@settings(max_examples=40)
@given(tree=PIECEWISE_POLYNOMIAL, at=st.tuples(st.integers(-1, 1), st.integers(-1, 1)))
def test_piecewise_polynomial_functions_at_other_points(tree, at):
    F = from_sympy(tree.text, state=["x", "y"])
    check(F, set(polynomial_gradients(tree, F)))
    # away from the origin only the inclusion of the two readings is known
    inner, outer = jacobian_sandwich(F, at).conical, conservative_jacobian(F, at)
    assert inner is None or near(inner.vertices, outer.vertices)
