"""Figures of sets: intervals in one dimension, regions in two, shadows on two directions beyond."""

import io
import textwrap
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.errors import ArgumentError, MissingExtraError
from conservative._core.printable import one_line
from conservative._core.safe_files import as_path, write_atomically
from conservative.iteration import DrivenTrajectory, FixedSet, SetTrajectory
from conservative.matrix_sets import CellUnion, MatrixSet, principal_axes, project_onto
from conservative.matrix_sets.sets.intervals import intervals
from conservative.matrix_sets.sets.planar import planar_parts
from conservative.matrix_sets.sets.triangles import simple_parts

_FORMATS = {".png": "png", ".pdf": "pdf", ".svg": "svg"}
_THINNED = 1e-9
"""Carried errors of this share of the size are more than rounding, and worth a curve."""

_VISIBLE = 1e-2
"""Share of the gaps from which a carried error is drawn."""

_ROUNDING = 1e-16
"""Share of the size of the sets that is the lowest a curve is drawn at: what is less is rounding."""

_MANY = 2000
"""Parts beyond which they are drawn as they are, not united, and as pixels also where the format has lines."""

_LETTERS = 12
"""Of a title in an inch."""

_INNER, _OUTER = "#31688e", "#fde725"


def plot_fixed_set(found: FixedSet, path: str, *, directions: ArrayLike | None = None, title: str = "") -> None:
    """Write the figure of a fixed set: `inner` over `outer`.

    Parameters
    ----------
    found : FixedSet
    path : str
        Ends in .png, .pdf or .svg.
    directions : array_like, shape (2, p, m), optional
        For p·m > 2; the principal axes of the hull by default.
    title : str
        Above the figure; empty for none.

    Raises
    ------
    ArgumentError
        For another ending.
    MissingExtraError
        When matplotlib is not installed.
    """
    figure, (axes,) = new_figure(path, "plot_fixed_set", panels=1)
    chosen = _chosen(found.hull, directions)
    for part, colour, label, width in ((found.outer, _OUTER, "outer", 14.0), (found.inner, _INNER, "inner", 6.0)):
        _draw(axes, _planar(part, chosen), colour, label, width=width)
    _finish(axes, found.hull.shape, chosen)
    if found.hull.shape == (1, 1):
        axes.set_ylim(-1.0, 1.0)
        axes.set_yticks([])
    low, high = found.distance.lower, found.distance.upper
    axes.set_title(f"dist(inner, outer) between {low:.3g} and {high:.3g}", fontsize=9)
    write_figure(figure, path, title)


def plot_sets(
    trajectory: SetTrajectory | DrivenTrajectory, path: str, *, directions: ArrayLike | None = None, title: str = ""
) -> None:
    """Write the figure of an iteration: the hulls of X_t, and their gaps under their bounds.

    Parameters
    ----------
    trajectory : SetTrajectory or DrivenTrajectory
    path : str
        Ends in .png, .pdf or .svg.
    directions : array_like, shape (2, p, m), optional
        For p·m > 2; the principal axes of the last hull by default.
    title : str
        Above the figure; empty for none.

    Raises
    ------
    ArgumentError
        For another ending.
    MissingExtraError
        When matplotlib is not installed.
    """
    figure, (left, right) = new_figure(path, "plot_sets", panels=2)
    from matplotlib import colormaps

    last = trajectory.sets[-1]
    chosen = _chosen(last, directions)
    count = len(trajectory.sets)
    for t, stored in enumerate(trajectory.sets):
        label = f"$X_{{{t}}}$" if t in (0, count - 1) else None
        _draw(left, _planar(stored, chosen), colormaps["viridis"](t / max(count - 1, 1)), label, fill=False, level=t)
    _finish(left, last.shape, chosen)
    if last.shape == (1, 1):
        left.set_ylabel("$t$")
        left.yaxis.get_major_locator().set_params(integer=True)
    draw_curves(right, trajectory)
    write_figure(figure, path, title)


def draw_curves(axes: Any, trajectory: SetTrajectory | DrivenTrajectory) -> None:
    """Gaps and their bounds on a log scale; what is below rounding is drawn at its height, which the legend says."""
    curves: list[tuple[str, str, list[float]]] = [(".-", "dist$(X_t, X_{t+1})$", [g.upper for g in trajectory.gaps])]
    if isinstance(trajectory, DrivenTrajectory):
        curves.append(("o-", "gap$(X_t$, fix), upper end", [g.upper for g in trajectory.to_limit]))
        curves.append(("--", "proved bound of it", list(trajectory.bounds)))
        curves.append((":", "the theorem's rate $\\rho^{t/2}$, not a bound", list(trajectory.rate)))
    else:
        curves.append(("--", "a-priori bound of dist$(X_t$, fix)", [b.a_priori for b in trajectory.bounds]))
        curves.append((":", "a-posteriori bound", [b.a_posteriori for b in trajectory.bounds]))
        carried, gaps = np.array(trajectory.carried), np.array([g.upper for g in trajectory.gaps])
        if (carried[: len(gaps)] > _VISIBLE * gaps).any() and carried.max() > _THINNED * trajectory.sets[-1].radius:
            # What is far below all gaps would only stretch the axis.
            carried[carried < _VISIBLE * gaps.min()] = np.nan
            curves.append(("-.", "floor of the bounds, by thinning", carried.tolist()))
    floor = _ROUNDING * max(S.radius for S in trajectory.sets)
    below = False
    for style, label, given in curves:
        values = np.array(given)
        seen = np.isfinite(values) & (values > 0.0)
        if seen.any():
            below |= bool((values[seen] < floor).any())
            heights = np.maximum(values[seen], floor)
            axes.semilogy(np.flatnonzero(seen), heights, style, markersize=3, linewidth=1, label=label)
    if below:
        axes.axhline(floor, color="gray", linewidth=0.8, label="rounding: what is less is drawn here")
    axes.set_xlabel("$t$")
    axes.xaxis.get_major_locator().set_params(integer=True)
    unknown = isinstance(trajectory, DrivenTrajectory) and trajectory.limit is None
    bounded = any(np.isfinite(given).any() for _, label, given in curves if "bound" in label)
    title = "gaps against bounds" if bounded else "gaps; no bound is finite"
    axes.set_title(f"{'gaps; no limit is known' if unknown else title} (Frobenius norm)")
    axes.title.set_fontsize(9)
    axes.grid(visible=True, alpha=0.3)
    if axes.lines:
        legend_below(axes)


def legend_below(axes: Any) -> None:
    """A legend under the axes, where it covers no curve."""
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.16), frameon=False)


def new_figure(path: str, call: str, *, panels: int) -> tuple[Any, Any]:
    """A figure with panels side by side, after a check of the file's ending."""
    if as_path(path).suffix.lower() not in _FORMATS:
        raise ArgumentError(f"`{call}(path=...)` writes {', '.join(_FORMATS)}; got {str(path)!r}.")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError(
            "a figure needs matplotlib. Install it with `pip install 'conservative[plot]'`."
        ) from error
    figure = Figure(figsize=(5.6 * panels, 4.8), layout="constrained")
    return figure, figure.subplots(1, panels, squeeze=False)[0]


def write_figure(figure: Any, path: str, title: str) -> None:
    """Write a figure in the format of the file's ending, all at once."""
    if title:
        width = int(_LETTERS * figure.get_figwidth())
        figure.suptitle(textwrap.fill(one_line(title), width), fontsize=10, parse_math=False)
    # Equal scales change the ticks, for which the layout of the second drawing has room.
    figure.draw_without_rendering()
    buffer = io.BytesIO()
    figure.savefig(buffer, format=_FORMATS[as_path(path).suffix.lower()], dpi=150)
    write_atomically(path, buffer.getvalue())


def _chosen(S: MatrixSet, directions: ArrayLike | None) -> NDArray[np.float64] | None:
    """Two directions to project onto, or none where the set is planar or an interval."""
    if directions is not None:
        return np.asarray(directions, dtype=np.float64)
    return principal_axes(S) if S.shape[0] * S.shape[1] > 2 else None


def _planar(S: MatrixSet, directions: NDArray[np.float64] | None) -> MatrixSet:
    return S if directions is None else project_onto(S, directions)


def _draw(
    axes: Any,
    S: MatrixSet,
    colour: Any,
    label: str | None,
    *,
    fill: bool = True,
    width: float = 2.0,
    level: float = 0.0,
) -> None:
    if S.shape == (1, 1):
        _draw_line(axes, S, colour, label, width=width, level=level)
        return
    import shapely
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.colors import to_rgb

    parts = _parts(S)
    kind = shapely.get_type_id(parts)
    points, lines = shapely.get_coordinates(parts[kind == 0]), parts[kind == 1]
    dense = len(parts) > _MANY and not shapely.get_num_interior_rings(parts).any()
    if (kind == 3).any() and fill:
        if dense:  # One path for so many is slow; overlaps of paler colours do not show.
            corners = [shapely.get_coordinates(part) for part in parts[kind == 3]]
            pale = 0.9 * np.array(to_rgb(colour)) + 0.1
            axes.add_collection(PolyCollection(corners, facecolors=[pale], linewidths=0, label=label, rasterized=True))
        else:
            axes.add_patch(_patch(parts[kind == 3], colour, label))
        label = None
    else:
        lines = np.concatenate([lines, shapely.get_exterior_ring(parts[kind == 3])])
    if len(lines):
        ends = [shapely.get_coordinates(line) for line in lines]
        axes.add_collection(LineCollection(ends, colors=[colour], linewidths=1, label=label, rasterized=dense))
        label = None
    if len(points):
        axes.plot(*points.T, ".", color=colour, markersize=3, label=label, rasterized=dense)
    axes.update_datalim(shapely.get_coordinates(parts))
    axes.autoscale_view()


def _parts(S: MatrixSet) -> Any:
    """Points, lines and polygons to draw; many cells are not united, since filled together they look alike."""
    if isinstance(S, CellUnion) and len(S.cells) > _MANY:
        return planar_parts(S.cells, margin=S.margin)
    return simple_parts(S.to_shapely())


def _draw_line(axes: Any, S: MatrixSet, colour: Any, label: str | None, *, width: float, level: float) -> None:
    """Intervals as bars, points as ticks."""
    for low, high in intervals(S):
        if low < high:
            axes.plot([low, high], [level] * 2, color=colour, linewidth=width, solid_capstyle="butt", label=label)
        else:
            axes.plot([low], [level], "|", color=colour, markersize=width + 8.0, markeredgewidth=1.5, label=label)
        label = None


def _patch(parts: Any, colour: Any, label: str | None) -> Any:
    """Polygons as one path; holes are left free, so that what is below shows through."""
    import shapely
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    rings = shapely.get_rings(shapely.orient_polygons(parts))
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    codes = np.full(len(corners), Outline.LINETO, dtype=Outline.code_type)
    starts = np.flatnonzero(np.r_[True, ring[1:] != ring[:-1]])
    codes[starts], codes[np.r_[starts[1:], len(ring)] - 1] = Outline.MOVETO, Outline.CLOSEPOLY
    outline = Outline(corners, codes)
    return PathPatch(outline, facecolor=colour, alpha=0.9, linewidth=0, label=label)


def _finish(axes: Any, shape: tuple[int, int], directions: NDArray[np.float64] | None) -> None:
    if shape == (1, 1):
        axes.set_xlabel("derivative")
    elif directions is None:
        axes.set_xlabel("entry (1, 1)")
        axes.set_ylabel("entry (2, 1)" if shape[0] == 2 else "entry (1, 2)")
        axes.set_aspect("equal", adjustable="datalim")
    else:
        axes.set_xlabel("along the first direction")
        axes.set_ylabel("along the second direction")
        axes.set_aspect("equal", adjustable="datalim")
    axes.legend(fontsize=8, loc="upper right")
