"""Figures of norms of the plane: the unit ball and where a family maps it."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from conservative._core.families.as_family import as_family
from conservative.plots.sets import new_figure, write_figure
from conservative.spectral import PlanarNorm, barabanov_norm, planar_norm

_BALL, _COLOURS = "#31688e", ("#d1495b", "#edae49", "#66a182", "#8d96a3", "#00798c", "#9c6644")


def plot_unit_ball(matrices: Any, path: str, *, vertices: ArrayLike | None = None, title: str = "") -> PlanarNorm:
    """Write the figure of a norm of the plane in which a family of 2 x 2 matrices is (nearly) extremal.

    On the left its unit ball with the images A_i(ball), divided by the proved bound of their norms: they touch the
    boundary from inside. On the right max_i |A_i x| / |x| by the direction of x: constant for a Barabanov norm.

    Parameters
    ----------
    matrices : array_like, shape (k, 2, 2), or anything `as_family` reads
    path : str
        Ends in .png, .pdf or .svg.
    vertices : array_like, shape (m, 2), optional
        Of the unit ball (its symmetric hull is taken), an invariant polytope for example; without them, the norm of
        `barabanov_norm`.
    title : str
        Above the figure; empty for none.

    Returns
    -------
    PlanarNorm
        What is drawn.

    Raises
    ------
    ArgumentError
        For another ending, or vertices on a line.
    MissingExtraError
        When matplotlib is not installed.
    """
    family = as_family(matrices, call="plot_unit_ball")
    figure, (left, right) = new_figure(path, "plot_unit_ball", panels=2)
    norm = barabanov_norm(family) if vertices is None else planar_norm(family, np.asarray(vertices, dtype=np.float64))
    closed = np.vstack([norm.vertices, norm.vertices[:1]])
    left.fill(*closed.T, color=_BALL, alpha=0.15, linewidth=0)
    left.plot(*closed.T, color=_BALL, linewidth=1.2, label="unit ball")
    angles = np.linspace(0.0, np.pi, 721)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    lengths = norm(directions)
    for i, matrix in enumerate(family.floats):
        colour = _COLOURS[i % len(_COLOURS)]
        label = f"$A_{{{i + 1}}}$" if i < len(_COLOURS) else None
        if norm.upper > 0:
            left.plot(*(closed @ (matrix / norm.upper).T).T, color=colour, linewidth=0.9, label=label)
        right.plot(angles, norm(directions @ matrix.T) / lengths, color=colour, linewidth=0.9, label=label)
    right.axhline(norm.upper, color="black", linestyle="--", linewidth=0.9, label="proved bound")
    _finish(left, right, norm)
    write_figure(figure, path, title)
    return norm


def _finish(left: Any, right: Any, norm: PlanarNorm) -> None:
    left.set_aspect("equal", adjustable="datalim")
    left.set_xlabel("$x_1$")
    left.set_ylabel("$x_2$")
    left.set_title("unit ball, and its images divided by the bound", fontsize=9)
    left.legend(fontsize=8, loc="upper right")
    right.set_xlabel("direction of $x$ (radians)")
    right.set_ylabel("$|A_i x| / |x|$")
    right.set_title(f"joint spectral radius at most {norm.upper:.6g}", fontsize=9)
    right.grid(visible=True, alpha=0.3)
    right.legend(fontsize=8, loc="upper right")
