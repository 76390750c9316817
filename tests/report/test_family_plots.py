"""Figures of families: what is drawn, at every size, and what is refused."""

import itertools

import numpy as np
import pytest

from conservative import ConservativeError, analyze, joint_spectral_radius
from conservative.plots import plot_analysis, plot_norm, plot_radius
from conservative.plots.families import growth_along, length_bounds
from conservative.spectral import UnitBall, ball_of, common_quadratic_norm, polytope_norm

UL = np.array([[[1.0, 1], [0, 1]], [[1, 0], [1, 1]]])
GOLDEN = (1 + 5**0.5) / 2
TURN = np.array([[0.8, -0.6], [0.6, 0.8]])
FAMILIES = {
    "plane": UL,
    "shadow": np.random.default_rng(0).normal(size=(2, 3, 3)),
    "positive": np.random.default_rng(0).random((2, 4, 4)),
    "ellipses": np.array([TURN, np.diag([0.9, -0.4]) @ TURN]),
    "line": np.array([[[0.5]], [[-2.0]]]),
    "zero": np.zeros((1, 2, 2)),
    "blocks": np.array([[[1.0, 2, 0], [0, 1, 0], [0, 0, 3]]]),
    "huge": 1e300 * UL,
    "tiny": 1e-300 * UL,
    "beyond": 1.7e308 * UL,
    "many": np.random.default_rng(0).normal(size=(9, 2, 2)),
}


QUICK = ("shadow", "positive", "line", "zero", "beyond")
"""One of each way to draw: a shadow, a cone, no plane, no growth, and numbers that overflow."""


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in FAMILIES]
)
def test_every_family_has_a_figure(tmp_path, name):
    radius = joint_spectral_radius(FAMILIES[name])
    plot_radius(FAMILIES[name], radius, str(tmp_path / "radius.svg"), title=name)
    text = (tmp_path / "radius.svg").read_text()
    assert "joint spectral radius in" in text or len(text) > 10_000  # text may be drawn as paths


@pytest.mark.parametrize("ending", ["png", *(pytest.param(e, marks=pytest.mark.slow) for e in ("pdf", "svg"))])
def test_an_analysis_of_a_family_is_drawn(tmp_path, ending):
    path = tmp_path / f"family.{ending}"
    plot_analysis(analyze(UL, time_limit=None), str(path))
    assert path.stat().st_size > 1000


def test_the_bounds_by_length_are_those_of_all_words():
    lengths, lower, upper, _ = length_bounds(UL)
    for length in lengths[:6]:
        words = [np.linalg.multi_dot([np.eye(2), *UL[list(w)]]) for w in itertools.product((0, 1), repeat=int(length))]
        norms = max(np.linalg.norm(m, 2) for m in words) ** (1 / length)
        assert upper[length - 1] == pytest.approx(min(norms, *upper[: length - 1], np.inf))
    assert lower[0] == 1
    assert lower[1:] == pytest.approx(np.full(len(lower) - 1, GOLDEN))
    assert (np.diff(upper) <= 0).all()
    _, huge, _, scale = length_bounds(1e300 * UL)
    assert (scale, huge[1]) == (1e300, pytest.approx(GOLDEN))


def test_growth_along_a_word_has_its_rate():
    steps, products, points, logs = growth_along(1e200 * UL, (0, 1))
    assert steps[0] == 1
    assert (products[-1] - products[-3]) / 2 == pytest.approx(200 + np.log10(GOLDEN))
    assert logs[-1] / steps[-1] == pytest.approx(200 + np.log10(GOLDEN))
    assert np.linalg.norm(points, axis=1) == pytest.approx(np.ones(len(points)))


@pytest.mark.parametrize("name", ["plane", "shadow", "positive", "ellipses", "tiny"])
def test_farthest_points_are_on_the_boundary_and_images_inside(name):
    """The support function of the ball of a certificate bounds that of its images over the radius."""
    matrices, radius = FAMILIES[name], joint_spectral_radius(FAMILIES[name])
    ball = ball_of(radius.certificate)
    directions = np.random.default_rng(1).normal(size=(40, matrices.shape[1]))
    support = (ball.farthest(directions) * directions).sum(axis=1)
    assert (support > 0).all()
    for matrix in matrices:
        image = ball.farthest(directions @ matrix) @ (matrix / radius.upper).T
        assert ((image * directions).sum(axis=1) <= support * (1 + 1e-6)).all()


def test_norms_are_drawn_with_their_images(tmp_path):
    rows = np.random.default_rng(0).standard_normal((2, 3, 3)) / 3.4
    for norm in (polytope_norm(rows, time_limit=None), common_quadratic_norm(rows)):
        plot_norm(rows, norm, str(tmp_path / "norm.png"), directions=np.eye(3)[:2], title="shadow")
        assert (tmp_path / "norm.png").stat().st_size > 1000
        with pytest.raises(ConservativeError, match="one order"):
            plot_norm(UL, norm, str(tmp_path / "norm.png"))
        with pytest.raises(ConservativeError, match="directions"):
            plot_norm(rows, norm, str(tmp_path / "norm.png"), directions=np.eye(3))
        with pytest.raises(ConservativeError, match="gif"):
            plot_norm(rows, norm, str(tmp_path / "norm.gif"))
    plot_norm(rows, norm, str(tmp_path / "norm.pdf"))
    assert (tmp_path / "norm.pdf").stat().st_size > 1000


def test_other_things_are_refused(tmp_path):
    path = str(tmp_path / "x.png")
    with pytest.raises(ConservativeError, match="joint_spectral_radius"):
        plot_radius(UL, 1.6, path)
    with pytest.raises(ConservativeError, match="PolytopeNorm"):
        plot_norm(UL, UnitBall("symmetric", np.eye(2)), path)
    with pytest.raises(ConservativeError, match="gif"):
        plot_radius(UL, joint_spectral_radius(UL), str(tmp_path / "x.gif"))
