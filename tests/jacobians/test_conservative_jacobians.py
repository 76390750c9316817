"""`conservative_jacobians` against the single call, point by point."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.functions import PIECEWISE_LINEAR
from strategies.stages import drawn

import conservative as cj

SHIFT = "Max(Max(x, y, z) - 1, (x + y + z - Min(x, y, z) - 1)/2, (x + y + z - 1)/3)"
FUNCTIONS = {
    "soft threshold": ([f"Max({v} - l, 0) - Max(-{v} - l, 0)" for v in "xyz"], "xyz", "l"),
    "soft threshold by sign": ([f"sign({v})*Max(Abs({v}) - l**2, 0)" for v in "xy"], "xy", "l"),
    "simplex projection": ([f"Max({v} - {SHIFT}, 0)" for v in "xyz"], "xyz", ""),
    "guards": (
        ["Piecewise((x*x, x > 0), (x*y, And(x < 0, y > 0)), (0, True))", "Piecewise((x, x <= y), (y, True))"],
        "xy",
        "l",
    ),
    "shared guards": (["Piecewise((x, x > 0), (2*x, True)) - Piecewise((-x, x > 0), (3*x, True))"], "x", "l"),
    "smooth between kinks": (
        ["exp(Abs(x - y))*Min(x, y, l) + Max(x, 0)**2", "sqrt(1 + Max(x*y, 0))/(2 + Abs(l))"],
        "xy",
        "l",
    ),
    "root of a switched value": (["sqrt(Max(x, 0) + Max(y, 1) - 1 + l**2)*Max(x - 5, 0) + Max(x, y)"], "xy", "l"),
    "powers and logarithms": (["(1 + Abs(x))**y + log(2 + Max(x, y)) + atan(x)*sin(y)"], "xy", "l"),
    "nested": (["Max(Min(x, Abs(y)), Piecewise((2*x - Min(x, y), x < y), (Max(x, y), True)))"], "xy", "l"),
    "constant": (["3", "Max(1, 2)"], "x", "l"),
}  # fmt: skip


def build(name):
    F, state, parameters = FUNCTIONS[name]
    return cj.from_sympy(F, state=list(state), parameters=list(parameters))


def assert_equal_to_single_calls(F, points, kind="selection", tolerance=None):
    together = cj.jacobians.conservative_jacobians(F, points, kind=kind, tolerance=tolerance)
    assert len(together) == len(points)
    for i, point in enumerate(points):
        alone = cj.conservative_jacobian(F, [float(v) for v in point], kind=kind, tolerance=tolerance)
        blocks = together.vertices[together.offsets[i] : together.offsets[i + 1]]
        assert blocks.shape == alone.vertices.shape, point
        np.testing.assert_allclose(blocks, alone.vertices, rtol=1e-11, atol=1e-11)
        taken = together[i]
        np.testing.assert_allclose(taken.vertices, alone.vertices, rtol=1e-11, atol=1e-11)
        assert (taken.kind, taken.exactness, taken.tolerance) == (alone.kind, alone.exactness, alone.tolerance)
        assert taken.near_ties == alone.near_ties


@pytest.mark.parametrize("count", [30, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["selection", "conical"])
@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n != "root of a switched value"])
def test_known_functions_at_tied_and_untied_points(name, kind, count):
    F = build(name)
    rng = np.random.default_rng(len(name))
    points = rng.integers(-2, 3, size=(count, len(F.symbols))) / 2
    points[2 * count // 3 :] += rng.normal(size=(count // 3, len(F.symbols)))
    if name == "soft threshold" and kind == "conical":
        points = points[5 * count // 12 :]  # cells of six ties are many linear programs
    try:
        assert_equal_to_single_calls(F, points, kind=kind)
    except cj.EmptySetError:
        with pytest.raises(cj.EmptySetError):
            [cj.conservative_jacobian(F, p.tolist(), kind=kind) for p in points]


def test_an_infinite_slope_behind_a_zero_goes_through_the_single_call():
    F = build("root of a switched value")
    points = np.array([[-1.0, 0.5, 0.0], [-1.0, -1.0, 0.0], [1.0, 2.0, 0.5]])
    with pytest.raises(cj.ConservativeError, match=r"point 0: .*not finite"):
        cj.jacobians.conservative_jacobians(F, points)
    assert_equal_to_single_calls(F, points[2:])


@settings(deadline=None, max_examples=30)
@given(PIECEWISE_LINEAR, st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2)), min_size=1, max_size=6))
def test_random_piecewise_linear_functions(tree, corners):
    F = cj.from_sympy(tree.text, state=["x", "y"])
    points = np.array(corners, dtype=np.float64)
    try:
        expected = [cj.conservative_jacobian(F, p.tolist()) for p in points]
    except cj.ConservativeError as error:
        with pytest.raises(type(error)):
            cj.jacobians.conservative_jacobians(F, points)
        return
    found = cj.jacobians.conservative_jacobians(F, points)
    assert found.counts.tolist() == [len(J.vertices) for J in expected]
    np.testing.assert_allclose(found.vertices, np.concatenate([J.vertices for J in expected]), atol=1e-12)


@drawn(4, 12, st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1e-9, 0.3]))
def test_values_near_a_tie(seed, tolerance):
    F = build("nested")
    rng = np.random.default_rng(seed)
    points = rng.integers(-1, 2, size=(6, 3)) + rng.choice([0, 3e-10, 1e-8, 0.2], size=(6, 3))
    assert_equal_to_single_calls(F, points, tolerance=tolerance)


def test_shape_and_counts():
    F = build("soft threshold")
    points = np.zeros((2, 3, 4))
    points[..., 3] = 1.0
    points[1, 2, 0] = 1.0
    J = cj.jacobians.conservative_jacobians(F, points)
    assert len(J) == 6
    assert J.ties.tolist() == [0, 0, 0, 0, 0, 1]
    assert J.offsets.tolist() == [0, 1, 2, 3, 4, 5, 7]
    np.testing.assert_array_equal(J[1, 2].vertices, J[5].vertices)
    np.testing.assert_array_equal(J[-1].vertices, J[5].vertices)
    assert [len(s.vertices) for s in J] == J.counts.tolist()
    assert "1 of them tied" in repr(J)
    with pytest.raises(IndexError):
        J[6]
    assert not J.vertices.flags.writeable


def test_points_in_chunks(monkeypatch):
    from conservative.jacobians import batch

    F = build("soft threshold")
    points = np.random.default_rng(0).integers(-1, 2, size=(700, 4)).astype(float)
    whole = cj.jacobians.conservative_jacobians(F, points)
    monkeypatch.setattr(batch, "_CHUNK", 1)
    pieces = cj.jacobians.conservative_jacobians(F, points)
    np.testing.assert_array_equal(whole.vertices, pieces.vertices)
    np.testing.assert_array_equal(whole.offsets, pieces.offsets)


def test_no_points():
    J = cj.jacobians.conservative_jacobians(build("nested"), np.zeros((0, 3)))
    assert len(J) == 0
    assert J.vertices.shape == (0, 1, 3)
    assert list(J) == []


@pytest.mark.parametrize(
    ("points", "options", "error", "words"),
    [
        (np.zeros((3, 2)), {}, cj.ShapeError, r"x, y, z, l; got \(3, 2\)"),
        (0.0, {}, cj.ShapeError, "needs shape"),
        ([[0, 0, 0, np.nan]], {}, ValueError, "finite"),
        (np.zeros((1, 4)), {"kind": "clarke"}, ValueError, "selection"),
        (np.zeros((1, 4)), {"tolerance": -1.0}, ValueError, "tolerance"),
    ],
)
def test_bad_arguments(points, options, error, words):
    with pytest.raises(error, match=words):
        cj.jacobians.conservative_jacobians(build("soft threshold"), points, **options)


def test_bad_points_are_named():
    F = cj.from_sympy("log(x)*Max(x, 1)", state="x")
    with pytest.raises(cj.ConservativeError, match=r"point 1: .*positive"):
        cj.jacobians.conservative_jacobians(F, [[1.0], [-1.0]])
    jump = cj.from_sympy("sign(x)*Max(y - 1, 0)", state=["x", "y"])
    with pytest.raises(cj.ConservativeError, match=r"point 2: .*disagree"):
        cj.jacobians.conservative_jacobians(jump, [[1.0, 1.0], [0.0, -1.0], [0.0, 2.0]])
    with pytest.raises(TypeError, match="PiecewiseSelection"):
        cj.jacobians.conservative_jacobians(lambda x: x, [[1.0]])


def test_many_patterns_of_ties_keep_their_own_branches():
    names = [f"x{i}" for i in range(12)]
    F = cj.from_sympy([f"Max({v} - 1, 0) - Max(-{v} - 1, 0)" for v in names], state=names)
    rng = np.random.default_rng(1)
    points = rng.normal(size=(400, 12)) * 2
    points[np.arange(400), rng.integers(0, 12, 400)] = 1.0
    J = cj.jacobians.conservative_jacobians(F, points)
    assert J.counts.tolist() == [2] * 400
    diagonal = np.einsum("kii->ki", J.vertices)
    expected = np.repeat((np.abs(points) > 1).astype(float), 2, axis=0)
    expected[1::2][np.where(points == 1.0)] = 1.0
    np.testing.assert_array_equal(diagonal, expected)
