"""Reading x and θ: names, exactness, containers and back, and what is refused by name."""

from collections import namedtuple
from fractions import Fraction

import numpy as np
import pytest

from conservative._core.errors import ArgumentTypeError, EmptySetError, FunctionError, NonFiniteError, ShapeError
from conservative.programs.arguments import in_order_of, read_arguments
from conservative.programs.runs import check_callable, first_value, flat_floats, prints_warning, returned_leaves
from conservative.programs.source_lines import users_line

Pair = namedtuple("Pair", ["w", "b"])


def test_names_and_values_of_all_that_users_give() -> None:
    x, theta = read_arguments([[1, "1/3"], [0, 2]], 0.5, call="from_numpy")
    assert x.names == ("x[0,0]", "x[0,1]", "x[1,0]", "x[1,1]")
    assert x.values == (1, Fraction(1, 3), 0, 2)
    assert x.exact
    assert (theta.names, theta.values, theta.exact) == (("theta",), (0.5,), False)
    x, theta = read_arguments({"w": np.ones(2), "b": 0.0}, (np.zeros((1, 1)), [1, 2]), call="from_numpy")
    assert x.names == ("w[0]", "w[1]", "b")
    assert theta.names == ("theta[0][0,0]", "theta[1][0]", "theta[1][1]")
    x, theta = read_arguments({"w": 1.0}, {"w": 2.0}, call="from_numpy")
    assert x.names + theta.names == ("x.w", "theta.w")
    x, theta = read_arguments(np.array([1, 2]), None, call="from_numpy")
    assert x.exact
    assert theta.names == ()


def test_containers_come_back_around_new_leaves() -> None:
    x, _ = read_arguments({"pair": Pair(np.zeros((2, 2)), 1.0), "rest": [np.ones(3), 0]}, None, call="from_numpy")
    back = x.from_flat(np.arange(9.0))
    assert back["pair"].w.tolist() == [[0, 1], [2, 3]]
    assert back["pair"].b == 4
    assert back["rest"][0].tolist() == [5, 6, 7]
    assert back["rest"][1] == 8
    assert in_order_of({"rest": 2, "pair": 1}, x.tree) == [1, 2]
    assert in_order_of((1, [2, 3]), None) == [1, 2, 3]


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.ones(2) + 1j, ArgumentTypeError, "x is complex"),
        ([1, 1j], ArgumentTypeError, "x is complex"),
        ([True, False], ArgumentTypeError, "truth values"),
        ([0.0, np.nan], NonFiniteError, "x = nan"),
        (np.array([np.inf]), NonFiniteError, "holds inf"),
        ({"w": None}, ArgumentTypeError, "w = None"),
        ([], EmptySetError, "at least one number"),
        ("abc", ValueError, "rational number"),
        ([1.0, [2.0, 3.0]], None, ""),
    ],
)
def test_what_is_no_array_of_real_numbers_is_refused_by_name(
    x: object, error: type[Exception] | None, message: str
) -> None:
    if error is None:
        assert read_arguments(x, None, call="from_numpy")[0].names == ("x[0]", "x[1][0]", "x[1][1]")
        return
    with pytest.raises(error, match=message):
        read_arguments(x, None, call="from_numpy")


def test_integers_are_refused_where_a_library_does_not_differentiate_them() -> None:
    with pytest.raises(ArgumentTypeError, match="n holds integers"):
        read_arguments({"n": np.arange(2)}, None, call="from_jax", integers=False)


def test_functions_are_checked_before_they_run() -> None:
    assert check_callable(lambda x: x, call="from_numpy", with_theta=False) == "<lambda>"
    for F, with_theta, message in [
        (3, False, "needs a function"),
        (lambda x: x, True, "Leave `theta` out"),
        (lambda x, theta: x, False, "as `theta`"),
        (lambda x, theta, data: x, True, "Bind what is not differentiated"),
    ]:
        with pytest.raises(ArgumentTypeError, match=message):
            check_callable(F, call="from_numpy", with_theta=with_theta)


def test_what_is_no_function_of_its_arguments_is_refused() -> None:
    state, _ = read_arguments([0.0, 0.0], None, call="from_numpy")
    rng = np.random.default_rng(0)
    sizes = iter([1, 2])
    with pytest.raises(FunctionError, match="random numbers or keeps a state"):
        first_value(lambda: rng.standard_normal(2), title="step")
    with pytest.raises(ShapeError, match="1 numbers at the point, then 2"):
        first_value(lambda: np.zeros(next(sizes)), title="step")
    with pytest.raises(FunctionError, match="NaN at the point, in component 1"):
        first_value(lambda: np.array([0.0, np.nan]), title="step")
    with pytest.raises(FunctionError, match="has it a `return`"):
        returned_leaves(None, state, title="step")
    for bad, message in [([1j], "complex"), (["a"], "no array of real numbers")]:
        with pytest.raises(FunctionError, match=message):
            flat_floats(bad, title="step")


def test_prints_are_heard_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    def run() -> np.ndarray:
        print("step")
        return np.zeros(1)

    _, printed = first_value(run, title="step")
    assert capsys.readouterr().out == ""
    assert "prints while it runs" in prints_warning(printed, title="step")[0]
    assert prints_warning("", title="step") == ()


def test_lines_are_those_of_the_users_file() -> None:
    assert users_line().startswith("test_arguments.py:")
