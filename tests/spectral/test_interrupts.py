"""Ctrl-C at any moment: the interrupt comes at the k-th call of a function of the package, for many k."""

import sys
from pathlib import Path

import numpy as np
import pytest

import conservative as cj
from conservative._core.families.as_family import as_family
from conservative.certificates import check
from conservative.spectral import contraction_verdict
from conservative.spectral.radius import family_radius
from conservative.spectral.radius.search import RadiusStatus

# An interrupt may fall into a generator that is being closed: Python can only report it there.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ROOM = str(Path(family_radius.__file__).parents[1])
HEAVY_BALL = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]
RATE = 1.03214353442003
BLOCKS = [[[1, 2, 0], [0, 0, 1], [0, 1, 1]], [[0, 1, 1], [0, 1, 0], [0, "1/2", "1/3"]]]
OPEN = np.random.default_rng(0).standard_normal((2, 5, 5))
LARGE = np.random.default_rng(1).standard_normal((2, 8, 8))
ZONOTOPE = cj.MatrixZonotope(np.eye(3) / 2, np.random.default_rng(2).standard_normal((8, 3, 3)) / 50)


class Interrupt:
    """Raises KeyboardInterrupt at the k-th call within the package, counted from the first call of a function."""

    def __init__(self, k, begin):
        self.k, self.begin, self.calls = k, begin, -1

    def __call__(self, frame, event, argument):
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(ROOM):
            if self.calls >= 0 or code.co_name in self.begin:
                self.calls += 1
            if self.calls == self.k:
                sys.settrace(None)
                raise KeyboardInterrupt
        return


def interrupted(call, k, *begin):
    """The result of a call that is interrupted, and the number of calls that it made by then."""
    interrupt, before = Interrupt(k, begin), sys.gettrace()
    sys.settrace(interrupt)
    try:
        result = call()
    finally:
        sys.settrace(before)
    return result, interrupt.calls


def moments(call, *begin):
    """Calls at which to interrupt: each of the first, then fewer and fewer."""
    _, total = interrupted(call, -2, *begin)
    return sorted({*range(1, min(total, 8)), *(int(total * x) for x in np.linspace(0.001, 0.999, 14))} - {0})


RADII = {
    "heavy ball": (HEAVY_BALL, RATE, RATE),
    "blocks": (BLOCKS, 1.0, 2.0),
    "open": (OPEN, float(np.abs(np.linalg.eigvals(OPEN)).max()), 4.5),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RADII)
def test_a_radius_is_bracketed_at_any_moment(name):
    matrices, low, high = RADII[name]
    family = as_family(matrices, call="test")

    def call():
        return cj.joint_spectral_radius(family, tol=1e-9 if name != "open" else 0.2)

    for k in moments(call, "_compute"):
        found, _ = interrupted(call, k, "_compute")
        assert found.lower <= high * (1 + 1e-12)
        assert low * (1 - 1e-12) <= found.upper
        assert found.status in set(RadiusStatus) - {RadiusStatus.TIME_LIMIT, RadiusStatus.WORK_LIMIT}
        assert found.certificate is None or check(found.certificate).valid


@pytest.mark.parametrize(
    "name", ["heavy ball", *(pytest.param(name, marks=pytest.mark.slow) for name in ("blocks", "open", "small"))]
)
def test_a_later_interrupt_never_knows_less(name, monkeypatch):
    monkeypatch.setattr(family_radius, "_GRACE", 1e9)  # what is proved at last does not depend on the clock
    matrices = {**RADII, "small": (np.random.default_rng(5).standard_normal((2, 3, 3)), 0, 0)}[name][0]
    family = as_family(matrices, call="test")

    def call():
        return cj.joint_spectral_radius(family, tol=1e-9 if name != "open" else 0.2)

    every = moments(call, "_compute")
    found = [interrupted(call, k, "_compute")[0] for k in (every[7::2] if name == "heavy ball" else every)]
    assert [x.upper for x in found] == sorted((x.upper for x in found), reverse=True)
    assert [x.lower for x in found] == sorted(x.lower for x in found)
    assert found[0].upper > found[-1].upper


def test_a_radius_is_bracketed_before_anything_is_known():
    found, _ = interrupted(lambda: cj.joint_spectral_radius(HEAVY_BALL), 1, "_compute")
    assert (found.lower, found.upper, found.word, found.certificate) == (0.0, np.inf, (), None)
    assert found.status is RadiusStatus.INTERRUPTED
    early, _ = interrupted(lambda: cj.joint_spectral_radius(HEAVY_BALL), 1, "stages")
    assert 0.8 < early.lower <= RATE <= early.upper < 2


@pytest.mark.slow
@pytest.mark.parametrize("matrices", [HEAVY_BALL, LARGE / 5, ZONOTOPE, [[["1/2", "1/2"], ["1/4", "3/4"]]]])
def test_a_verdict_is_given_at_any_moment(matrices):
    whole = contraction_verdict(matrices, time_limit=None)

    def call():
        return contraction_verdict(matrices, time_limit=None)

    for k in moments(call, "_of_family", "_bounded"):
        verdict, _ = interrupted(call, k, "_of_family", "_bounded")
        if verdict.quotient is None and whole.quotient is None:
            assert verdict.radius.lower <= whole.radius.upper * (1 + 1e-12)
            assert whole.radius.lower <= verdict.radius.upper * (1 + 1e-12)
        assert verdict.how.name in {whole.how.name, "INTERRUPTED", "UNDECIDED", "POLYTOPE", "QUADRATIC", "REFUTED"}
        assert verdict.contracts <= whole.contracts


def test_an_early_verdict_is_interrupted():
    verdict, _ = interrupted(lambda: contraction_verdict(HEAVY_BALL), 1, "_of_family")
    assert (verdict.how.name, verdict.radius.lower, verdict.radius.upper) == ("INTERRUPTED", 0.0, np.inf)
