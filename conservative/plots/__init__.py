"""Figures: results of any room come in, matplotlib figures or files of them go out."""

from conservative.plots.analysis import FIGURE_ENDINGS as FIGURE_ENDINGS
from conservative.plots.analysis import plot_analysis as plot_analysis
from conservative.plots.analysis import plot_trajectory as plot_trajectory
from conservative.plots.counterexample_maps import plot_counterexample_map as plot_counterexample_map
from conservative.plots.families import plot_norm as plot_norm
from conservative.plots.families import plot_radius as plot_radius
from conservative.plots.norm_balls import plot_unit_ball as plot_unit_ball
from conservative.plots.sets import plot_fixed_set as plot_fixed_set
from conservative.plots.sets import plot_sets as plot_sets

__all__ = [
    "plot_analysis",
    "plot_counterexample_map",
    "plot_fixed_set",
    "plot_norm",
    "plot_radius",
    "plot_sets",
    "plot_trajectory",
    "plot_unit_ball",
]


def __dir__() -> list[str]:
    return __all__
