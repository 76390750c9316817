"""`JacobianZonotope.from_ties`: sets of ties from arrays, exact where the arrays are."""

from fractions import Fraction

import numpy as np
import pytest

import conservative as cj
from conservative.jacobians import JacobianZonotope

BASE, U, V = [["1/2", 0, 1], [0, "2/5", 0]], [[0, 1], [1, 1]], [["3/10", "1/5", "1/2"], [0, "-1/4", 0]]


def test_blocks_are_the_base_and_what_ties_add():
    J = JacobianZonotope.from_ties(BASE, U, V, states=2)
    found = {tuple(map(tuple, block)) for block in J.exact_blocks}
    base, u, v = (np.array([[Fraction(x) for x in row] for row in rows], dtype=object) for rows in (BASE, U, V))
    wanted = {
        tuple(map(tuple, (base + s * np.outer(u[0], v[0]) + t * np.outer(u[1], v[1])).tolist()))
        for s in (0, 1)
        for t in (0, 1)
    }
    assert found == wanted
    assert (J.state.shape, J.parameter.shape, J.reading) == ((2, 2), (2, 1), "given")
    floats = JacobianZonotope.from_ties(base.astype(float), u.astype(float), v.astype(float), states=2)
    assert floats.exact_factors is None
    assert np.allclose(np.sort(floats.vertices, axis=0), np.sort(J.vertices, axis=0), atol=1e-15)


def test_they_are_iterated_solved_and_judged_as_their_list_is():
    J = JacobianZonotope.from_ties(BASE, U, V, states=2)
    listed = J.listed()
    assert cj.contraction_verdict(J).contracts
    bounds = [cj.fixed_set(K, tol=1e-3, representation="hull", time_limit=None).entries for K in (J, listed)]
    assert np.allclose(*bounds, atol=5e-3)
    assert np.allclose(
        np.sort(cj.implicit_jacobian(J).vertices, axis=0), np.sort(cj.implicit_jacobian(listed).vertices, axis=0)
    )


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"base": [1, 2, 3]}, cj.ShapeError, r"base=\.\.\.\)` needs shape \(q, p \+ m\)"),
        ({"U": [[1], [1]]}, cj.ShapeError, r"U=\.\.\.\)` needs shape \(2, 2\); got \(2, 1\)"),
        ({"V": [[0, 0, 0]]}, cj.ShapeError, r"V=\.\.\.\)` needs shape \(2, 3\); got \(1, 3\)"),
        ({"base": [["a", 0, 1], [0, 1, 0]]}, cj.ArgumentTypeError, "a rational number looks like"),
        ({"base": [[np.nan, 0, 1], [0, 1, 0]]}, cj.NonFiniteError, "finite numbers"),
        ({"states": 4}, cj.ArgumentError, "from 1 to 3"),
    ],
)
def test_wrong_arrays_are_refused_by_name(changed, error, message):
    with pytest.raises(error, match=message):
        JacobianZonotope.from_ties(**{"base": BASE, "U": U, "V": V, "states": 2, **changed})
