"""Figures: the iterated hulls where they are planar, and gaps against their bounds."""

import io
import math
import textwrap
from typing import Any

import numpy as np

from conservative._core.errors import ArgumentError, MissingExtraError
from conservative._core.files import as_path, write_atomically
from conservative._core.text import one_line, shown
from conservative.analysis import Analysis
from conservative.iteration import SetTrajectory
from conservative.jacobians import JacobianSet
from conservative.report.family_plots import plot_radius

FIGURE_ENDINGS = (".png", ".pdf", ".svg")
"""What the name of a figure may end in."""

_FORMATS = {".png": "png", ".pdf": "pdf", ".svg": "svg"}


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
        family = held.state_family() if isinstance(held, JacobianSet) else analysis.problem.family
        if analysis.radius is None or family is None:
            raise ArgumentError(
                "`plot_analysis(analysis=...)` draws a set iteration or a joint spectral radius; this analysis has "
                "neither. Leave `--plot` out."
            )
        plot_radius(family, analysis.radius, path, title=analysis.problem.title)
        return
    plot_trajectory(analysis.trajectory, path, title=analysis.problem.title)


def plot_trajectory(trajectory: SetTrajectory, path: str, *, title: str = "") -> None:
    """Write the figure of a set iteration: its hulls in the plane, and its gaps on a log scale.

    Parameters
    ----------
    trajectory : SetTrajectory
    path : str
        Ends in .png, .pdf or .svg.
    title : str

    Raises
    ------
    ArgumentError
        For another ending.
    MissingExtraError
        When matplotlib is not installed.
    """
    kind = _FORMATS.get(as_path(path).suffix.lower())
    if kind is None:
        raise ArgumentError(f"`plot_trajectory(path=...)` writes {', '.join(_FORMATS)}; got {shown(path)}.")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError(
            "a figure needs matplotlib. Install it with `pip install 'conservative[plot]'`."
        ) from error
    planar = math.prod(trajectory.sets[0].shape) == 2
    figure = Figure(figsize=(10, 4.2) if planar else (5.6, 4.2), layout="constrained")
    panels = figure.subplots(1, 2 if planar else 1, squeeze=False)[0]
    if planar:
        _draw_hulls(panels[0], trajectory)
    _draw_gaps(panels[-1], trajectory)
    figure.suptitle(textwrap.fill(one_line(title), 120 if planar else 68), fontsize=10, parse_math=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=150)
    write_atomically(path, buffer.getvalue())


def _draw_hulls(axes: Any, trajectory: SetTrajectory) -> None:
    from matplotlib import colormaps

    count = len(trajectory.sets)
    for t, hull in enumerate(trajectory.sets):
        shape = hull.to_shapely()
        x, y = (shape.exterior if hasattr(shape, "exterior") else shape).xy
        colour = colormaps["viridis"](t / max(count - 1, 1))
        axes.plot(x, y, color=colour, linewidth=1, marker="o" if len(x) == 1 else None, markersize=4)
    axes.plot([], [], color=colormaps["viridis"](0.0), label="$X_0$")
    axes.plot([], [], color=colormaps["viridis"](1.0), label=f"$X_{{{count - 1}}}$")
    rows = trajectory.sets[0].shape[0]
    axes.set_xlabel("entry (1, 1)")
    axes.set_ylabel("entry (2, 1)" if rows == 2 else "entry (1, 2)")
    axes.set_title("hulls of $X_{t+1} = \\mathcal{J}(X_t)$", fontsize=9)
    axes.set_aspect("equal", adjustable="datalim")
    axes.legend(fontsize=8, loc="upper right")


def _draw_gaps(axes: Any, trajectory: SetTrajectory) -> None:
    gaps = np.array([gap.upper for gap in trajectory.gaps])
    bounds = np.array([bound.a_priori for bound in trajectory.bounds])
    steps = np.arange(len(gaps))
    seen = gaps > 0
    axes.semilogy(steps[seen], gaps[seen], ".-", label="dist$(X_t, X_{t+1})$")
    finite = np.isfinite(bounds) & (bounds > 0)
    if finite.any():
        axes.semilogy(np.arange(len(bounds))[finite], bounds[finite], "--", label="a-priori bound of dist$(X_t$, fix)")
    axes.set_xlabel("$t$")
    axes.set_title("gaps against bounds (Frobenius norm)", fontsize=9)
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=8, loc="upper right")
