"""Figures: the iterated hulls where they are planar, and gaps against their bounds."""

import math
from typing import Any

from conservative._core.errors import ArgumentError
from conservative.analysis import Analysis
from conservative.iteration import SetTrajectory
from conservative.jacobians import JacobianSet
from conservative.plots.families import plot_radius
from conservative.plots.sets import draw_curves, new_figure, write_figure

FIGURE_ENDINGS = (".png", ".pdf", ".svg")
"""What the name of a figure may end in."""


def plot_analysis(analysis: Analysis, path: str) -> None:
    """Write the figure of an analysis: its set iteration, or, for a family of matrices, its radius and norm.

    Parameters
    ----------
    analysis : Analysis
    path : str
        Ends in .png, .pdf or .svg.

    Raises
    ------
    ArgumentError
        For another ending, or when there is nothing to draw.
    MissingExtraError
        When matplotlib is not installed.
    """
    if analysis.trajectory is None:
        held = analysis.jacobian
        family = held.state_family() if isinstance(held, JacobianSet) else analysis.subject.family
        if analysis.radius is None or family is None:
            raise ArgumentError(
                "`plot_analysis(analysis=...)` draws a set iteration or a joint spectral radius; this analysis has "
                "neither. Leave `--plot` out."
            )
        plot_radius(family, analysis.radius, path, title=analysis.subject.title)
        return
    plot_trajectory(analysis.trajectory, path, title=analysis.subject.title)


def plot_trajectory(trajectory: SetTrajectory, path: str, *, title: str = "") -> None:
    """Write the figure of a set iteration: its hulls in the plane, and its gaps on a log scale.

    Parameters
    ----------
    trajectory : SetTrajectory
    path : str
        Ends in .png, .pdf or .svg.
    title : str
        Above the figure; empty for none.

    Raises
    ------
    ArgumentError
        For another ending.
    MissingExtraError
        When matplotlib is not installed.
    """
    planar = math.prod(trajectory.sets[0].shape) == 2
    figure, panels = new_figure(path, "plot_trajectory", panels=2 if planar else 1)
    if planar:
        _draw_hulls(panels[0], trajectory)
    draw_curves(panels[-1], trajectory)
    write_figure(figure, path, title)


def _draw_hulls(axes: Any, trajectory: SetTrajectory) -> None:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.ticker import MaxNLocator

    count = len(trajectory.sets)
    for t, hull in enumerate(trajectory.sets):
        shape = hull.to_shapely()
        x, y = (shape.exterior if hasattr(shape, "exterior") else shape).xy
        colour = colormaps["viridis"](t / max(count - 1, 1))
        axes.plot(x, y, color=colour, linewidth=1, marker="o" if len(x) == 1 else None, markersize=4)
    steps = ScalarMappable(Normalize(0, max(count - 1, 1)), "viridis")
    axes.figure.colorbar(steps, ax=axes, label="$t$", ticks=MaxNLocator(integer=True))
    rows = trajectory.sets[0].shape[0]
    axes.set_xlabel("entry (1, 1)")
    axes.set_ylabel("entry (2, 1)" if rows == 2 else "entry (1, 2)")
    axes.set_title("hulls of $X_{t+1} = \\mathcal{J}(X_t)$", fontsize=9)
    axes.set_aspect("equal", adjustable="datalim")
