"""Structured maps against their own symbolic form, exactly, and against NumPy."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import strategies as st
from strategies.stages import drawn
from strategies.structured import tied_maps

import conservative as cj
from conservative._core.errors import ArgumentError, ArgumentTypeError, FunctionError, NonFiniteError, ShapeError
from conservative.functions import ScalarPiece, StructuredMap, structured

Z = np.linspace(-3, 3, 25)


def values(piece: ScalarPiece, z: Any) -> Any:
    return structured(piece, [[1.0]]).evaluate(np.asarray(z)[:, None])[:, 0]


@pytest.mark.parametrize(
    ("piece", "formula"),
    [
        (ScalarPiece.relu(), lambda z: np.maximum(z, 0)),
        (ScalarPiece.leaky_relu(0.25), lambda z: np.where(z > 0, z, 0.25 * z)),
        (ScalarPiece.absolute(), np.abs),
        (ScalarPiece.identity(), lambda z: z),
        (ScalarPiece.clip(-1, 2), lambda z: np.clip(z, -1, 2)),
        (ScalarPiece.soft_threshold(0.5), lambda z: np.sign(z) * np.maximum(np.abs(z) - 0.5, 0)),
        (ScalarPiece.piecewise_linear([-1, 0, 1], [0, 1, -1, 0]), lambda z: np.maximum(0, 1 - np.abs(z))),
        (ScalarPiece.piecewise_linear([1], [2, 0], value=5), lambda z: np.minimum(2 * z + 3, 5)),
        (ScalarPiece.clip(-1, 1).scaled(2.0), lambda z: np.clip(z, -2, 2)),
    ],
    ids=lambda value: str(value) if isinstance(value, ScalarPiece) else "formula",
)
def test_pieces_have_their_values(piece: ScalarPiece, formula: Any) -> None:
    np.testing.assert_array_equal(values(piece, Z), formula(Z))


@drawn(5, 20, case=tied_maps(), data=st.data())
def test_values_equal_those_of_the_symbolic_form_exactly(case: tuple[StructuredMap, list[Fraction]], data: Any) -> None:
    F, at = case
    selection = F.to_selection()
    shift = data.draw(st.lists(st.integers(0, 1), min_size=len(at), max_size=len(at)))
    point = [a + s for a, s in zip(at, shift, strict=True)]
    exact = [Fraction(int(v.p), int(v.q)) for v in selection.value(point)]
    floats = F.evaluate([float(x) for x in point[: F.state_size]], [float(x) for x in point[F.state_size :]])
    np.testing.assert_allclose(floats, [float(v) for v in exact], rtol=1e-12, atol=1e-12)


def test_evaluation_broadcasts_and_knows_the_lasso_step() -> None:
    rng = np.random.default_rng(0)
    K, y = rng.normal(size=(6, 4)), rng.normal(size=6)
    step = 0.1
    soft = ScalarPiece.soft_threshold(0, rows=[step])
    F = structured(soft, np.eye(4) - step * K.T @ K, c=step * K.T @ y)
    x, lam = rng.normal(size=(5, 1, 4)), rng.uniform(0.1, 1, size=(7, 1))
    z = x - step * (x @ K.T - y) @ K
    expected = np.sign(z) * np.maximum(np.abs(z) - step * lam, 0)
    np.testing.assert_allclose(F.evaluate(x, lam), expected, atol=1e-14)
    assert np.isnan(F.evaluate(x[0, 0], [-1.0])).all()
    assert F.parameter_size == 1
    assert F.names == ("x0", "x1", "x2", "x3", "theta0")


def test_rationals_stay_exact() -> None:
    F = structured(ScalarPiece.leaky_relu("1/3"), [["1/3", sympy.Rational(2, 7)]], c=[Fraction(1, 9)])
    point = F.point(["1/3", "-7/9"])
    assert F.segments(point).ties == ((0, 0),)
    found = F.linearization(point, F.segments(point), exact=True)
    assert found.base.tolist() == [[Fraction(1, 9), Fraction(2, 21)]]
    assert found.V.tolist() == [[Fraction(2, 9), Fraction(4, 21)]]
    assert F.segments(F.point([1 / 3, -7 / 9])).ties == ((0, 0),)
    assert F.segments(F.point([1 / 3, -7 / 9], tolerance=0.0)).ties in (((0, 0),), ())


def test_near_ties_are_reported() -> None:
    F = structured(ScalarPiece.relu(), [[1.0]])
    segments = F.segments(F.point([1e-7]))
    assert segments.ties == ()
    assert segments.near == ((0, 0, 1e-7),)


@pytest.mark.parametrize(
    ("F", "at", "distance"),
    [
        (structured(ScalarPiece.relu(), [[0.1]], c=[-0.1 * 3]), [3], 2.8e-17),
        (structured(ScalarPiece.relu(), [[1, 1], [0.1, 0.2]], c=[0, -0.3]), [1, 1], 2.8e-17),
        (structured(ScalarPiece.soft_threshold(0.3), [[1]]), ["0.3"], 1.1e-17),
        (structured(ScalarPiece.soft_threshold(0, rows=[1]), [[0.1]]), [3, "0.3"], 1.7e-17),
        (structured(ScalarPiece.relu(), [[1]]), [Fraction(1, 2**90)], None),
        (structured(ScalarPiece.relu(), [[0.1]], c=[-0.3]), ["3.0000001"], None),
        (structured(ScalarPiece.relu(), [[1]], c=[-(2**60)]), [2**60 + 1], None),
    ],
)
def test_values_that_rounding_has_parted_are_listed_as_a_selection_lists_them(F, at, distance) -> None:
    listed = cj.conservative_jacobian(F, at).near_ties
    assert [tie.distance for tie in listed] == ([] if distance is None else [pytest.approx(distance, rel=0.2)])
    written = cj.conservative_jacobian(F.to_selection(), at).near_ties
    assert [tie.distance for tie in written] == [tie.distance for tie in listed]


def test_residual_is_exact_at_exact_points() -> None:
    F = structured(ScalarPiece.relu(), [["1/2"]], N=[[1]])
    assert F.residual([2, 1]).vanishes
    assert F.residual([2, 1]).exact
    assert not F.residual([2, "1/3"]).vanishes
    assert F.residual([2.0, 1.0 + 1e-12]).vanishes
    with pytest.raises(ArgumentError, match="map of the state to itself"):
        structured(ScalarPiece.relu(), [[1.0, 1.0]]).residual([0, 0])


def test_scales_must_be_positive_where_derivatives_are_taken() -> None:
    F = structured(ScalarPiece.soft_threshold(0, rows=[1]), [[1.0]])
    for scale in (0, -1):
        with pytest.raises(FunctionError, match="scale of component 0"):
            F.segments(F.point([0, scale]))


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"M": [1.0]}, ShapeError, "M=..."),
        ({"M": [[1.0], [2.0, 3.0]]}, ShapeError, "M=..."),
        ({"M": [[float("nan")]]}, NonFiniteError, "M=..."),
        ({"M": [["x"]]}, ArgumentError, "M=..."),
        ({"M": [[1j]]}, ArgumentTypeError, "M=..."),
        ({"M": [[1.0]], "N": [[1.0], [1.0]]}, ShapeError, "N=..."),
        ({"M": [[1.0]], "c": [1.0, 2.0]}, ShapeError, "c=..."),
        ({"M": [[1.0]], "outer": [[1.0, 2.0]]}, ShapeError, "outer=..."),
        ({"M": [[1.0]], "N": [[1.0]], "direct": [[1.0]]}, ShapeError, "direct=..."),
        ({"M": [[1.0]], "offset": [[1.0]]}, ShapeError, "offset=..."),
        ({"M": [[1.0]], "piece": "relu"}, ArgumentTypeError, "piece=..."),
        ({"M": [[1.0]], "piece": [ScalarPiece.relu()] * 2}, ShapeError, "piece=..."),
        ({"M": [[1.0]], "N": [[1.0, 2.0]], "piece": ScalarPiece.soft_threshold(1, rows=[1])}, ShapeError, "N=..."),
    ],
)
def test_bad_maps_are_refused(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    chosen = {"piece": ScalarPiece.relu(), **arguments}
    with pytest.raises(error, match=text.replace(".", r"\.")):
        structured(chosen.pop("piece"), chosen.pop("M"), **chosen)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: ScalarPiece.piecewise_linear([1, 0], [0, 1, 2]), ArgumentError),
        (lambda: ScalarPiece.piecewise_linear([0], [1]), ShapeError),
        (lambda: ScalarPiece.piecewise_linear([0], [1, 2], value=[[1]]), ShapeError),
        (lambda: ScalarPiece.clip(1, 1), ArgumentError),
        (lambda: ScalarPiece.clip([0, 0], [1, 1, 1]), ShapeError),
        (lambda: ScalarPiece.soft_threshold(1, rows=[[[1]]]), ShapeError),
        (lambda: ScalarPiece.soft_threshold([[1]]), ShapeError),
        (lambda: ScalarPiece.stack([]), ShapeError),
        (lambda: ScalarPiece.stack([ScalarPiece.clip([0, 0], [1, 1])]), ShapeError),
    ],
)
def test_bad_pieces_are_refused(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"ScalarPiece\."):
        make()


def test_large_maps_are_not_written_out() -> None:
    F = structured(ScalarPiece.relu(), np.eye(100))
    with pytest.raises(ArgumentError, match="conservative_jacobian"):
        F.to_selection()
