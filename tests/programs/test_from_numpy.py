"""NumPy programs: known sets exactly, shared decisions, control, jumps and singular points by line."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

import conservative as cj
from conservative import ArgumentTypeError, BudgetError, DiscontinuityError, Exactness, FunctionError


def blocks(F: Callable[..., Any], x: Any, theta: Any = None) -> set[tuple[Any, ...]]:
    """The listed blocks as tuples of exact entries."""
    form = cj.from_numpy(F, x, theta).switched()
    return {tuple(block.ravel().tolist()) for block in form.vertices()}


def heavy_ball_where(s: Any) -> Any:
    x, y = s
    return np.stack([x - np.where(x >= 0, x, x / 4) + 0.75 * (x - y), x])


def heavy_ball_slopes(s: Any) -> Any:
    x, y = s
    return [x - np.where(x >= 0, 1, 0.25) * x + 0.75 * (x - y), x]


def heavy_ball_masks(s: Any) -> Any:
    x, y = s
    above = x > 0
    return np.array([x - (above * x + ~above * x / 4) + 0.75 * (x - y), x])


def heavy_ball_branch(s: Any) -> Any:
    x, y = s
    slope = 1 if x > 0 else 0.25
    return x - slope * x + 0.75 * (x - y), x


@pytest.mark.parametrize("step", [heavy_ball_where, heavy_ball_slopes, heavy_ball_masks, heavy_ball_branch])
def test_heavy_ball_in_four_spellings_is_the_published_family(step: Callable[..., Any]) -> None:
    family = {
        (Fraction(3, 4), Fraction(-3, 4), 1, 0),
        (Fraction(3, 2), Fraction(-3, 4), 1, 0),
    }
    assert blocks(step, [0, 0]) == family


def soft_signs(z: Any, a: Any) -> Any:
    return np.sign(z) * np.maximum(np.abs(z) - a, 0)


def soft_relus(z: Any, a: Any) -> Any:
    return np.maximum(z - a, 0) - np.maximum(-z - a, 0)


def soft_clip(z: Any, a: Any) -> Any:
    return z - np.clip(z, -a, a)


def soft_where(z: Any, a: Any) -> Any:
    return np.where(z > a, z - a, np.where(z < -a, z + a, 0))


def soft_masks(z: Any, a: Any) -> Any:
    return (z > a) * (z - a) + (z < -a) * (z + a)


@pytest.mark.parametrize("soft", [soft_signs, soft_relus, soft_clip, soft_where, soft_masks])
def test_soft_thresholding_in_five_spellings_has_the_same_four_blocks(soft: Callable[..., Any]) -> None:
    form = cj.from_numpy(soft, ["1/2", "-1/2", 3, 0], "1/2").switched()
    found = {tuple(block.ravel().tolist()) for block in form.vertices()}
    on, off = [(1, -1), (-1, 1)], (0, 0)
    expected = set()
    for first in (off, (1, -1)):
        for second in (off, (1, 1)):
            rows = [(first[0], 0, 0, 0, first[1]), (0, second[0], 0, 0, second[1]), (0, 0, 1, 0, -1), (0, 0, 0, 0, 0)]
            expected.add(tuple(entry for row in rows for entry in row))
    assert on
    assert found == expected
    assert form.clean
    J = cj.conservative_jacobian(cj.from_numpy(soft, ["1/2", "-1/2", 3, 0], "1/2"))
    assert J.exactness is Exactness.EXACT


def test_decisions_are_shared_between_equal_operands_only() -> None:
    assert blocks(lambda x: np.maximum(-x, 0) + x - np.maximum(x, 0), [0]) == {(-1,), (0,), (1,)}
    assert blocks(lambda x: np.maximum(x, 0) - np.maximum(x, 0), [0]) == {(0,)}
    assert blocks(lambda x: abs(x) - abs(-x), [0]) == {(-2,), (0,), (2,)}
    assert blocks(lambda x: np.where(x > 0, x, 0) - np.where(np.less(0, x), x, 0), [0]) == {(0,)}
    assert blocks(lambda x: np.where(x > 0, x, 0) - np.where(~(x <= 0), x, 0), [0]) == {(0,)}
    assert blocks(lambda x: np.where(x > 0, x, 0) - np.where(x >= 0, x, 0), [0]) == {(-1,), (0,), (1,)}
    assert blocks(lambda x: np.where(x == 0, 5 * x, x), [0]) == {(5,), (1,)}


def test_largest_and_sorted_entries_take_every_order() -> None:
    unit = np.eye(4, dtype=int)
    assert blocks(lambda x: np.max(x), [1, 1, 1, 0]) == {tuple(row) for row in unit[:3].tolist()}
    assert blocks(lambda x: np.min(x, keepdims=True), [2, 1, 1, 4]) == {tuple(row) for row in unit[1:3].tolist()}
    orders = blocks(np.sort, [2, 1, 1, 1])
    assert len(orders) == 6
    assert all(order[12:] == (1, 0, 0, 0) for order in orders)
    assert len(blocks(lambda x: x[np.argsort(x)], [1, 1, 1])) == 6


def test_ties_in_control_are_run_once_for_each_outcome() -> None:
    F = cj.from_numpy(lambda x: x[np.argmax(x)] * 2, [1, 1, 0])
    form = F.switched()
    assert {tuple(block.ravel().tolist()) for block in form.vertices()} == {(2, 0, 0), (0, 2, 0)}
    assert not form.clean
    assert "argmax of 2 equal values steers the program" in form.warnings[0]


def jumps(x: Any) -> Any:
    return np.where(x > 0, 1.0, 0.0)


def test_ties_that_steer_are_followed_two_by_two_and_refused_with_their_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("conservative.programs.array.engine._MOST_PATHS", 32)

    def relu(x: Any) -> Any:
        return np.stack([max(v, 0) for v in x])

    assert len(cj.from_numpy(relu, np.zeros(5)).switched().vertices()) == 32
    with pytest.raises(BudgetError, match=r"6 ties or more steer relu.*less at test_from_numpy.py:\d+ steers"):
        cj.from_numpy(relu, np.zeros(6)).switched()


def test_a_line_search_that_finds_no_step_on_a_path_of_a_tie_is_told_of() -> None:
    def search(x: Any) -> Any:
        step = next(s for s in (1.0, 0.5) if np.sum((x - s * x) ** 2) <= np.sum(x**2))
        return x - step * x

    with pytest.raises(FunctionError, match=r"raised StopIteration on a path that a tie opens.*a fixed step"):
        cj.from_numpy(search, [0.0, 0.0]).switched()


def test_jumps_are_refused_with_both_values_and_the_line() -> None:
    with pytest.raises(DiscontinuityError, match=r"component 0 is 0 or 1.*greater\[0\] at test_from_numpy.py"):
        cj.from_numpy(jumps, [0]).switched()
    with pytest.raises(DiscontinuityError, match=r"test_from_numpy.py:\d+: np.floor jumps at 2, from 1 to 2"):
        cj.from_numpy(lambda x: np.floor(x), [2.0]).switched()


@pytest.mark.parametrize(
    ("F", "x", "message"),
    [
        (lambda x: np.linalg.norm(x) * x, [0.0, 0.0], "a norm"),
        (lambda x: np.sqrt(x), [0.0], "np.sqrt of 0"),
        (lambda x: np.sqrt(x * x), [0.0], "np.sqrt of 0"),
        (lambda x: np.abs(x) ** 0.5, [0.0], "a power of 0"),
    ],
)
def test_singular_points_are_named_by_line(F: Callable[..., Any], x: Any, message: str) -> None:
    with pytest.raises(FunctionError, match=rf"not finite at the point: {message}.*test_from_numpy.py:\d+"):
        cj.from_numpy(F, x).switched()


def test_branches_that_are_never_taken_may_be_anything() -> None:
    def guarded(x: Any) -> Any:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(x > 0, np.sqrt(x) + np.log(x), 2 * x)

    assert cj.from_numpy(guarded, [-1.0]).switched().base.tolist() == [[2.0]]


def stores(x: Any) -> Any:
    y = np.zeros(2)
    y[0] = x[0]
    return y


@pytest.mark.parametrize(
    ("F", "error", "message"),
    [
        (stores, FunctionError, r"test_from_numpy.py:\d+: a traced value is stored into a plain array"),
        (lambda x: np.asarray(x) * 2, FunctionError, r"test_from_numpy.py:\d+: a traced array is asked for"),
        (lambda x: x * float(x[0]), FunctionError, "as a Python float"),
        (lambda x: np.fft.fft(x).real, FunctionError, "fft` has no rule"),
        (lambda x: np.linalg.eigh(np.outer(x, x))[0], FunctionError, "eigenvalues repeat"),
        (lambda x: np.modf(x)[0], FunctionError, "modf. has no rule"),
        (lambda x: np.ones((2, 2)).dot(x), FunctionError, r"write `A @ x` for `A.dot\(x\)`"),
        (lambda x: np.median(x, keepdims=True), FunctionError, r"median\(keepdims=...\)` has no rule"),
        (lambda x: np.sum(x, where=[True, False]), FunctionError, r"sum\(where=...\) has no rule"),
        (lambda x: splu(csc_array(np.eye(2))).solve(x), FunctionError, r"raised TypeError.*no `np.ndarray`"),
        (lambda x: x if isinstance(x, np.ndarray) else 2 * x, FunctionError, "by NumPy, and 2 when traced"),
    ],
)
def test_what_is_not_known_is_refused_by_name_and_line(
    F: Callable[..., Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        cj.from_numpy(F, [1.0, 2.0]).switched()


def test_values_may_be_printed_and_do_not_change_the_derivative() -> None:
    def prints(x: Any) -> Any:
        print(f"{x[0]:.3f}", x)
        return x

    assert cj.from_numpy(prints, [1.0, 2.0]).switched().base.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def changes_argument(x: Any) -> Any:
    x += 1
    return x


def test_what_is_no_function_is_refused_at_once() -> None:
    with pytest.raises(FunctionError, match="changes its argument x in place"):
        cj.from_numpy(changes_argument, [1.0])
    rng = np.random.default_rng(0)
    with pytest.raises(FunctionError, match="draws random numbers"):
        cj.from_numpy(lambda x: x + rng.standard_normal(), [1.0])
    with pytest.raises(ArgumentTypeError, match="needs integers, fractions or rational strings"):
        cj.from_numpy(lambda x: x, [0.5], exact=True)
    with pytest.raises(FunctionError, match="exp leaves the rationals"):
        cj.from_numpy(lambda x: np.exp(x), [1], exact=True).switched()


def test_where_a_program_leaves_the_rationals_floats_serve_and_say_so() -> None:
    form = cj.from_numpy(lambda x: np.maximum(np.exp(x) - np.e, 0), [1]).switched()
    assert not form.exact
    assert "np.exp leaves the rationals" in form.warnings[0]
    assert len(form.ties) == 1
    assert cj.from_numpy(lambda x: np.maximum(np.exp(x) - 1, 0), [0]).switched().exact


def test_control_takes_every_relation_of_a_comparison_together() -> None:
    def two_tests(x: Any) -> Any:
        y = x[0] * 0
        if x[0] > 0:
            y = y + 3 * x[0]
        if x[0] < 0:
            y = y - x[0]
        return y

    assert blocks(two_tests, [0]) == {(0,), (3,), (-1,)}
    # The masks jump apart, together they do not: their decisions are taken jointly.
    assert blocks(lambda x: (x > 0) * (x + 1) + (x == 0) + (x < 0) * (1 - x), [0]) == {(1,), (0,), (-1,)}


def test_decisions_keep_their_numbers_where_others_are_forced() -> None:
    """Another relation of a forced comparison must not shift the decisions after it."""

    def steered(x: Any) -> Any:
        y = np.where(x[0] > 0, x[0], 0) + np.where(x[0] >= 0, 0, x[0])
        if x[1] > 0:
            y = y + x[1]
        if x[0] > 0:
            y = y + 2 * x[0]
        return y + x[2] * (x[2] > 0)

    form = cj.from_numpy(steered, [0, 0, 0]).switched()
    found = {tuple(block.ravel().tolist()) for block in form.vertices()}
    # Along the first axis the masks give 1, 0 or 1 at <, = and >, and control adds 2 at > alone.
    assert {entry[0] for entry in found} == {1, 0, 3}
    assert {entry[1:] for entry in found} == {(a, b) for a in (0, 1) for b in (0, 1)}
    assert form.others
