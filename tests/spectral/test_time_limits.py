"""Every call reads its time limit alike: None is no limit, 0 is what costs nothing, and the rest is refused alike."""

import math

import numpy as np
import pytest

import conservative as cj
from conservative._core.checks import as_time_limit
from conservative._core.deadlines import NEVER, deadline_after, is_over, seconds_left, time_limit_until
from conservative._core.errors import ArgumentError, ArgumentTypeError
from conservative.spectral import (
    common_quadratic_norm,
    contraction_verdict,
    lower_spectral_radius,
    path_complete_bound,
    polytope_norm,
    shortest_expanding,
    sum_of_squares_bound,
    zonotope_radius,
)
from conservative.spectral.counterexamples import counterexample, counterexample_map

HEAVY_BALL = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]
IN_PARAMETERS = [[["1 + b - 1", "-b"], ["1", "0"]], [["1 + b - k", "-b"], ["1", "0"]]]
RANGES = {"b": (0, 1), "k": (0, 1)}
SEGMENT = cj.MatrixZonotope(np.eye(2) / 2, np.eye(2)[None] / 4)

CALLS = {
    "joint_spectral_radius": lambda limit: cj.joint_spectral_radius(HEAVY_BALL, time_limit=limit),
    "joint_spectral_radius ": lambda limit: cj.joint_spectral_radius(SEGMENT, time_limit=limit),
    "contraction_verdict": lambda limit: contraction_verdict(HEAVY_BALL, time_limit=limit),
    "zonotope_radius": lambda limit: zonotope_radius(SEGMENT, time_limit=limit),
    "shortest_expanding": lambda limit: shortest_expanding(HEAVY_BALL, max_length=3, time_limit=limit),
    "common_quadratic_norm": lambda limit: common_quadratic_norm(HEAVY_BALL, time_limit=limit),
    "sum_of_squares_bound": lambda limit: sum_of_squares_bound(HEAVY_BALL, time_limit=limit),
    "path_complete_bound": lambda limit: path_complete_bound(HEAVY_BALL, time_limit=limit),
    "lower_spectral_radius": lambda limit: lower_spectral_radius(HEAVY_BALL, time_limit=limit),
    "polytope_norm": lambda limit: polytope_norm(HEAVY_BALL, time_limit=limit),
    "counterexample": lambda limit: counterexample(IN_PARAMETERS, ranges=RANGES, time_limit=limit),
    "counterexample_map": lambda limit: counterexample_map(IN_PARAMETERS, ranges=RANGES, time_limit=limit),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("value", [-1, float("nan")])
def test_negative_limits_and_nan_are_refused_by_name(call, value):
    with pytest.raises(ArgumentError, match=rf"`{call.strip()}\(time_limit=...\)` needs seconds, at least 0"):
        CALLS[call](value)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("value", ["1", True, [1]])
def test_what_is_no_number_is_refused_by_name(call, value):
    with pytest.raises(ArgumentTypeError, match=rf"`{call.strip()}\(time_limit=...\)` needs seconds, at least 0"):
        CALLS[call](value)


def test_none_is_no_limit():
    assert as_time_limit(None, call="example") == math.inf
    assert as_time_limit(0, call="example") == 0.0
    assert deadline_after(None, call="example") == NEVER
    assert not is_over(NEVER)
    assert (seconds_left(NEVER), time_limit_until(NEVER)) == (math.inf, None)
    assert is_over(deadline_after(0, call="example"))
    assert time_limit_until(deadline_after(0, call="example")) == 0.0
