"""Maps of every kind read batches of states and parameters alike: leading axes broadcast, errors say what is wanted."""

import re
from typing import Any

import numpy as np
import pytest

import conservative as cj
from conservative.functions import ScalarPiece, StateMap, from_sympy, structured


def formula() -> StateMap:
    return from_sympy(["Max(x, 0) - t", "Max(y, 0) - t"], state="x y", parameters="t")


def arrays() -> StateMap:
    rows = np.concatenate([np.zeros((2, 2)), -np.ones((2, 1))], axis=1)
    return structured(ScalarPiece.relu(), np.eye(2), N=np.zeros((2, 1)), direct=rows)


def program() -> StateMap:
    return cj.from_numpy(lambda x, t: np.maximum(x, 0) - t, [1.0, 1.0], [1.0])


def smooth() -> StateMap:
    """Smooth where the states are positive."""
    return cj.SmoothMap(
        lambda x, t: abs(x) * (x > 0) - t,
        lambda x, t, dx, dt: dx * (x > 0) - dt,
        lambda x, t, u: (u * (x > 0), [-u.sum()]),
        state=2,
        parameters=1,
    )


MAPS = [formula, arrays, program, smooth]


@pytest.mark.parametrize("make", MAPS)
def test_leading_axes_broadcast(make: Any) -> None:
    F = make()
    x, theta = np.array([[1.0, -1.0], [2.0, 3.0], [-4.0, 5.0]]), np.array([[[0.0]], [[1.0]]])
    wanted = np.maximum(x, 0) - theta
    assert F.evaluate(x, theta).shape == (2, 3, 2)
    assert (F.evaluate(x, theta) == wanted).all()
    assert F.evaluate([1, 2], [3]).tolist() == [-2, -1]
    assert F.evaluate(np.zeros((0, 2)), [1.0]).shape == (0, 2)


@pytest.mark.parametrize("make", MAPS)
def test_wrong_shapes_are_refused_with_what_the_last_axis_holds(make: Any) -> None:
    F = make()
    first, last = re.escape(F.names[0]), re.escape(F.names[2])
    with pytest.raises(
        cj.ShapeError, match=rf"`evaluate\(x=...\)` needs shape \(..., 2\), the last axis holding {first}"
    ):
        F.evaluate([1.0], [1.0])
    for theta in (None, [1.0, 2.0], 1.0):
        with pytest.raises(
            cj.ShapeError, match=rf"`evaluate\(theta=...\)` needs shape .* the last axis holding {last}"
        ):
            F.evaluate([1.0, 2.0], theta)
    with pytest.raises(cj.ShapeError, match=r"needs leading axes that broadcast; got \(3, 2\) and \(2, 1\)"):
        F.evaluate(np.zeros((3, 2)), np.zeros((2, 1)))
    with pytest.raises(cj.NonFiniteError, match=r"`evaluate\(x=...\)`"):
        F.evaluate([np.nan, 0.0], [1.0])


def test_an_algorithm_takes_a_number_where_there_is_one_and_names_what_lift_wants() -> None:
    step = cj.algorithms.forward_backward(cj.problems.lasso([[1]], [2]), step=1)
    assert step.evaluate(5.0, 1.0).tolist() == [1.0]
    with pytest.raises(cj.ShapeError, match=r"`lift\(w=...\)` needs shape \(..., 1\), the last axis holding w\[0\]"):
        step.lift([1.0, 2.0])
