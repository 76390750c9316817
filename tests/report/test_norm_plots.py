"""Figures of norms of the plane."""

import numpy as np
import pytest

from conservative import ConservativeError
from conservative.plots import plot_unit_ball

UL = [[[1, 1], [0, 1]], [[1, 0], [1, 1]]]


@pytest.mark.parametrize("ending", ["pdf", *(pytest.param(e, marks=pytest.mark.slow) for e in ("png", "svg"))])
def test_the_unit_ball_is_written(tmp_path, ending):
    path = tmp_path / f"ball.{ending}"
    norm = plot_unit_ball(UL, str(path), title="free semigroup")
    assert path.stat().st_size > 1000
    assert norm.upper < 1.6181


def test_given_vertices_are_drawn_as_they_are(tmp_path):
    norm = plot_unit_ball(UL, str(tmp_path / "square.svg"), vertices=[[1, 1], [1, -1]])
    assert norm.upper == 2.0
    assert sorted(np.abs(norm.vertices).ravel().tolist()) == [1.0] * 8


def test_zero_matrices_have_a_figure_too(tmp_path):
    assert plot_unit_ball([[[0, 0], [0, 0]]], str(tmp_path / "zero.png")).upper == 0.0


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(ConservativeError, match="png"):
        plot_unit_ball(UL, str(tmp_path / "ball.gif"))
