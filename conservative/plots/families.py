"""Figures of families of matrices: the bracket of the radius, growth along the best word, the unit ball of a norm."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.errors import ArgumentTypeError, ShapeError
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative.analysis.layout import value_text
from conservative.plots.sets import legend_below, new_figure, write_figure
from conservative.spectral import JointSpectralRadius, PolytopeNorm, QuadraticNorm, UnitBall, ball_of, word_text

FloatArray = NDArray[np.float64]

_BALL, _COLOURS = "#31688e", ("#d1495b", "#edae49", "#66a182", "#8d96a3", "#00798c", "#9c6644")
_MOST_ENTRIES, _LONGEST = 400_000, 16
"""Of all products of one length that the bounds are drawn from, and of their words."""
_STEPS, _MOST_PROGRAMS = 60, 40
"""Of the growth along a word, and points of it whose norm takes a linear program each."""
_TINY = 1e-100
"""Entries below, and above its inverse, are drawn over their scale: axes overflow near the ends of doubles."""
_HULLS = {
    "symmetric": "polytope",
    "monotone": "monotone polytope",
    "elliptic": "complex polytope",
    "ellipsoid": "ellipsoid",
}
_WIDEST = 60
"""Characters of a word that a title shows."""


def plot_radius(matrices: Any, radius: JointSpectralRadius, path: str, *, title: str = "") -> None:
    """Write the figure of a joint spectral radius: its bracket by stage, growth along its word, and its unit ball.

    On the left the bounds from all words of one length, in doubles, stage by stage, and the proved bracket. In the
    middle the norms along the powers of the best word, against its rate. On the right the unit ball of the norm that
    the certificate holds, beyond two dimensions its shadow on a plane, with its images over the proved bound.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), or anything `as_family` reads
    radius : JointSpectralRadius
        Of these matrices.
    path : str
        Ends in .png, .pdf or .svg.
    title : str
        Above the figure; empty for none.

    Raises
    ------
    ArgumentError
        For another ending.
    ArgumentTypeError
        When `radius` is no result of `joint_spectral_radius`.
    MissingExtraError
        When matplotlib is not installed.
    """
    if not isinstance(radius, JointSpectralRadius):
        raise ArgumentTypeError(
            f"`plot_radius(radius=...)` needs the result of `joint_spectral_radius`; got {type(radius).__name__}."
        )
    family = as_family(matrices, call="plot_radius")
    figure, (left, middle, right) = new_figure(path, "plot_radius", panels=3)
    ball = None if radius.certificate is None else ball_of(radius.certificate)
    ball = ball if ball is not None and ball.size == family.size else None
    _draw_bounds(left, family, radius)
    _draw_growth(middle, family, radius, ball)
    if ball is None or family.size == 1:
        right.set_axis_off()
        reason = (
            "in one dimension every norm is a modulus" if family.size == 1 else "the proof holds no single unit ball"
        )
        right.text(0.5, 0.5, reason, ha="center", va="center", fontsize=9, transform=right.transAxes)
    else:
        _draw_ball(right, family.floats, ball, radius.upper, None)
    write_figure(figure, path, title)


def plot_norm(
    matrices: Any,
    norm: PolytopeNorm | QuadraticNorm,
    path: str,
    *,
    directions: ArrayLike | None = None,
    title: str = "",
) -> None:
    """Write the figure of the unit ball of a norm, with its images under a family over the proved bound of their norms.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), or anything `as_family` reads
    norm : PolytopeNorm or QuadraticNorm
        Of R^n.
    path : str
        Ends in .png, .pdf or .svg.
    directions : array_like, shape (2, n), optional
        The plane of the shadow for n > 2; by default that of the two longest axes.
    title : str
        Above the figure; empty for none.

    Raises
    ------
    ArgumentError
        For another ending.
    ArgumentTypeError
        For another norm.
    ShapeError
        When norm or directions do not fit the matrices, or n = 1.
    MissingExtraError
        When matplotlib is not installed.
    """
    family = as_family(matrices, call="plot_norm")
    if not isinstance(norm, (PolytopeNorm, QuadraticNorm)):
        raise ArgumentTypeError(
            f"`plot_norm(norm=...)` needs a `PolytopeNorm` or a `QuadraticNorm`; got {type(norm).__name__}. "
            "`plot_unit_ball` draws norms of the plane from vertices."
        )
    if norm.ball.size != family.size or family.size == 1:
        raise ShapeError(
            f"`plot_norm(matrices=..., norm=...)` needs matrices of one order n > 1 with the norm; got {family.size} "
            f"and {norm.ball.size}."
        )
    plane = None if directions is None else np.asarray(directions, dtype=np.float64)
    if plane is not None and plane.shape != (2, family.size):
        raise ShapeError(f"`plot_norm(directions=...)` needs shape (2, {family.size}); got {plane.shape}.")
    figure, (axes,) = new_figure(path, "plot_norm", panels=1)
    _draw_ball(axes, family.floats, norm.ball, norm.gamma, plane)
    write_figure(figure, path, title)


def _draw_bounds(axes: Any, family: MatrixFamily, radius: JointSpectralRadius) -> None:
    """Best rates and smallest norms of all words up to each length, which close in on the proved bracket."""
    lengths, lower, upper, scale = length_bounds(family.floats)
    moderate = _TINY < scale < 1 / _TINY
    unit = 1.0 if moderate else scale
    low, high = radius.lower / unit, min(radius.upper, np.finfo(float).max) / unit
    lower, upper = scale / unit * lower, scale / unit * upper
    axes.step(lengths, upper, where="mid", color=_COLOURS[0], label="above: largest norm, all words of a length")
    axes.step(
        lengths,
        lower,
        where="mid",
        color=_COLOURS[1],
        linestyle="--",
        label="below: largest rate, all words of a length",
        zorder=3,
    )
    axes.axhspan(low, high, color=_BALL, alpha=0.25)
    axes.axhline(low, color=_BALL, linewidth=1.2, label="proved")
    axes.set_xlabel("stage: words of length up to")
    axes.set_ylabel("" if moderate else f"over {unit:.6g}")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_title(f"joint spectral radius {value_text(radius.bracket)}", fontsize=9)
    axes.grid(visible=True, alpha=0.3)
    if low > 0 and max(upper[0], high) - min(lower[0], low) <= 1e-6 * low:
        axes.set_ylim(0.9 * low, 1.1 * low)
    legend_below(axes)


def length_bounds(matrices: FloatArray) -> tuple[NDArray[np.int64], FloatArray, FloatArray, float]:
    """Running bounds from all products of each length that is affordable, in doubles.

    Shapes: `matrices` (k, n, n). `lengths, lower, upper`: the largest rho(M_w)^(1/|w|), and the least over lengths of
    the largest ||M_w||_2^(1/|w|), over the scale.
    """
    k, n = matrices.shape[:2]
    scale = float(np.abs(matrices).max()) or 1.0
    unit, products, lower, upper = matrices / scale, np.eye(n)[None], [0.0], [np.inf]
    for length in range(1, _LONGEST + 1):
        if length > 1 and k**length * n * n > _MOST_ENTRIES:
            break
        products = (products[:, None] @ unit[None]).reshape(-1, n, n)
        rates = np.abs(np.linalg.eigvals(products)).max() ** (1 / length)
        norms = np.linalg.norm(products, 2, axis=(1, 2)).max() ** (1 / length)
        lower.append(max(lower[-1], float(rates)))
        upper.append(min(upper[-1], float(norms)))
    return np.arange(1, len(lower)), np.array(lower[1:]), np.array(upper[1:]), scale


def _draw_growth(axes: Any, family: MatrixFamily, radius: JointSpectralRadius, ball: UnitBall | None) -> None:
    """Decimal logarithms of norms along the powers of the best word: no size of them overflows."""
    word, name = radius.word, word_text(radius.word, family.count)
    if not word or radius.lower == 0:
        axes.set_axis_off()
        reason = "no word of positive rate" if word else "bounds of many ties, without a word"
        axes.text(0.5, 0.5, reason, ha="center", va="center", fontsize=9, transform=axes.transAxes)
        return
    steps, products, points, logs = growth_along(family.floats, word)
    axes.plot(steps, products, color=_COLOURS[4], linewidth=1.0, label="the product, in the Euclidean norm")
    if ball is not None and ball.hull != "elliptic" and family.size > 1:
        shown = slice(0, _MOST_PROGRAMS if ball.hull != "ellipsoid" else None)
        norms = ball.evaluate(points[shown])
        if (norms > 0).all() and np.isfinite(norms).all():
            along = np.log10(norms) + logs[shown]
            axes.plot(
                steps[shown],
                along,
                ".",
                color=_COLOURS[0],
                markersize=4,
                label="its leading vector, in the norm of the proof",
            )
    line = steps * np.log10(radius.lower)
    axes.plot(steps, line, "--", color="black", linewidth=0.9, label="rate of the word")
    axes.set_xlabel("number of factors")
    axes.set_ylabel("$\\log_{10}$ of the norm")
    short = name if len(name) <= _WIDEST else f"of {len(word)} letters"
    axes.set_title(f"growth along the word {short}", fontsize=9)
    axes.grid(visible=True, alpha=0.3)
    legend_below(axes)


def growth_along(
    matrices: FloatArray, word: tuple[int, ...]
) -> tuple[NDArray[np.int64], FloatArray, FloatArray, FloatArray]:
    """The product and the leading vector of a word, letter by letter, in doubles with logarithms of their size.

    Shapes: `matrices` (k, n, n), result (T,), result (T, n).
    """
    count = max(_STEPS, 2 * len(word))
    largest = float(np.abs(matrices).max()) or 1.0
    matrices, product = matrices / largest, np.eye(matrices.shape[1])
    for letter in word:
        product, _ = _unit(product @ matrices[letter], 0.0)
    values, vectors = np.linalg.eig(product)
    leading = vectors[:, int(np.abs(values).argmax())].real
    x, _ = _unit(leading if leading.any() else np.ones(len(leading)), 0.0)
    running, log, rows, points, logs = np.eye(len(x)), 0.0, [], [], []
    shift = 0.0
    for t in range(count):
        letter = word[-1 - t % len(word)]
        running, log = _unit(matrices[letter] @ running, log)
        x, shift = _unit(matrices[letter] @ x, shift)
        rows.append(log)
        points.append(x)
        logs.append(shift)
    steps = np.arange(1, count + 1)
    size = steps * np.log10(largest)
    return steps, np.array(rows) + size, np.array(points), np.array(logs) + size


def _unit(value: FloatArray, log: float) -> tuple[FloatArray, float]:
    """A vector or matrix of Euclidean or spectral norm one, and the decimal logarithm of what was divided out."""
    largest = float(np.abs(value).max())
    if not largest > 0:
        return value, log
    value = value / largest
    size = float(np.linalg.norm(value, 2))
    return value / size, log + float(np.log10(largest) + np.log10(size))


def _draw_ball(axes: Any, matrices: FloatArray, ball: UnitBall, bound: float, plane: FloatArray | None) -> None:
    """The boundary of the shadow of the ball, and of its images over the bound of their norms."""
    n = ball.size
    chosen = np.eye(2) if n == 2 and plane is None else _longest_axes(ball) if plane is None else plane
    basis = np.linalg.qr(chosen.T)[0].T if plane is None and n > 2 else chosen
    angles = np.linspace(0.0, 2 * np.pi, 721)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1) @ basis
    outline = _closed(ball.farthest(directions) @ basis.T)
    axes.fill(*outline.T, color=_BALL, alpha=0.15, linewidth=0)
    axes.plot(*outline.T, color=_BALL, linewidth=1.2, label="unit ball" if n == 2 else "shadow of the unit ball")
    for i, matrix in enumerate(matrices[: len(_COLOURS)]):
        if 0 < bound < np.inf:
            image = ball.farthest(directions @ matrix) @ (matrix / bound).T @ basis.T
            axes.plot(*_closed(image).T, color=_COLOURS[i], linewidth=0.9, label=f"its image by $A_{{{i + 1}}}$")
    left_out = len(matrices) - len(_COLOURS)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel("$x_1$" if n == 2 and plane is None else "first direction")
    axes.set_ylabel("$x_2$" if n == 2 and plane is None else "second direction")
    more = f" ({left_out} more)" if left_out > 0 else ""
    axes.set_title(f"norm of the proof ({_HULLS[ball.hull]}), images over the bound{more}", fontsize=9)
    legend_below(axes)


def _closed(outline: FloatArray) -> FloatArray:
    """A polygon that ends where it begins: of two farthest points in one direction, each turn may show the other."""
    return np.vstack([outline, outline[:1]])


def _longest_axes(ball: UnitBall) -> FloatArray:
    """Two orthonormal directions in which the vertices spread most."""
    parts = np.concatenate([ball.vertices.real, ball.vertices.imag])
    return np.asarray(np.linalg.svd(parts, full_matrices=True)[2][:2])
