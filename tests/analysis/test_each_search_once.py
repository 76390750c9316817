"""`analyze` makes each search once: the joint spectral radius, the norms of products, the polytope."""

import time
from collections import Counter
from itertools import count
from types import ModuleType
from typing import Any

import pytest

from conservative.analysis import analyze, pipeline
from conservative.iteration import FixedSetStatus
from conservative.iteration.bounds import choose_norm
from conservative.iteration.trajectories import hulls
from conservative.jacobians import JacobianSet
from conservative.spectral import RadiusStatus, joint_spectral_radius
from conservative.spectral.radius import block_search
from conservative.spectral.verdict import contraction_verdict as verdicts


def counted(patch: pytest.MonkeyPatch, places: list[tuple[ModuleType, str]]) -> Counter[str]:
    calls: Counter[str] = Counter()

    def counting(function: Any, name: str) -> Any:
        def counted_call(*arguments: Any, **options: Any) -> Any:
            calls[name] += 1
            return function(*arguments, **options)

        return counted_call

    for module, name in places:
        patch.setattr(module, name, counting(getattr(module, name), name))
    return calls


# The norms of single blocks are below one; a quadratic norm is needed; an adapted norm that is not quadratic.
@pytest.mark.parametrize(
    "blocks",
    [
        [[["1/2", 1]], [["1/4", 0]]],
        [[["1/2", 4, 1], [0, "1/2", 0]], [["1/3", 2, 0], [0, "1/4", 1]]],
        [[[0, "9/10", 1], ["9/10", 0, 0]], [["9/10", 0, 1], ["9/10", 0, 1]]],
    ],
)
def test_one_radius_and_one_norm_serve_trajectory_fixed_set_and_verdict(
    blocks: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    p = len(blocks[0])
    source = JacobianSet.from_blocks(
        [[row[:p] for row in block] for block in blocks], [[row[p:] for row in block] for block in blocks]
    )
    radii = [(pipeline, "joint_spectral_radius"), (verdicts, "joint_spectral_radius")]
    calls = counted(monkeypatch, [*radii, (hulls, "adapted_decay"), (choose_norm, "adapted_decay")])
    found = analyze(source, steps=5, time_limit=None)
    assert found.fixed is not None
    assert found.fixed.decay == found.trajectory.decay
    assert calls == {"joint_spectral_radius": 1, "adapted_decay": 1}


@pytest.mark.parametrize(
    "family",
    [
        [[[0, 1, -2], [1, 1, 0], [2, -1, 1]], [[1, 2, 0], [0, -1, 3], [1, 1, 1]]],
        [
            [[1, 1, 0, 2], [0, 2, 1, 0], [3, 0, 1, 1], [1, 0, 0, 1]],
            [[0, 1, 2, 0], [1, 0, 1, 3], [0, 2, 0, 1], [1, 1, 1, 0]],
        ],
    ],
)
def test_an_exact_radius_grows_its_polytope_once(family: list, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(monkeypatch, [(block_search, "start")])
    assert joint_spectral_radius(family).status is RadiusStatus.EXACT
    assert calls == {"start": 1}


def test_without_a_time_limit_no_clock_ends_the_search_for_the_fixed_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours pass between any two looks at it."""
    source = JacobianSet.from_blocks(
        [[["1/2", "1/10"], [0, "2/5"]], [["3/10", "-1/5"], ["1/10", "2/5"]]], [[[1], [1]], [[1], [0]]]
    )
    calm = analyze(source, steps=2, time_limit=None).fixed
    hours = count(0, 3600)
    with monkeypatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: float(next(hours)))
        slow = analyze(source, steps=2, time_limit=None).fixed
    assert calm is not None
    assert slow is not None
    assert slow.status is calm.status is not FixedSetStatus.TIME_LIMIT
    assert slow.hull.e_missing == calm.hull.e_missing
