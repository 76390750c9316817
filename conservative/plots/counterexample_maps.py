"""Maps of counterexamples: a picture by verdict and winning word."""

import io
from collections import Counter
from typing import Any

import numpy as np

from conservative._core.errors import ArgumentError, MissingExtraError
from conservative._core.printable import one_line, shown
from conservative._core.safe_files import as_path, write_atomically
from conservative.spectral import word_text
from conservative.spectral.counterexamples import CounterexampleMap, RegionVerdict
from conservative.spectral.counterexamples.plane import require_map

_FORMATS = {".png": "png", ".pdf": "pdf", ".svg": "svg"}

_COLOURS = {
    RegionVerdict.NOT_REACHED: "#3f3f3f",
    RegionVerdict.UNDEFINED: "#8a8a8a",
    RegionVerdict.VERTEX_UNSTABLE: "#d9d9d9",
    RegionVerdict.EUCLIDEAN: "#08519c",
    RegionVerdict.QUADRATIC: "#4292c6",
    RegionVerdict.PRODUCTS: "#9ecae1",
    RegionVerdict.UNDECIDED: "#ffffff",
}
_WORD_COLOURS = ("#fdd49e", "#fdae6b", "#f16913", "#d94801", "#cb181d", "#99000d", "#67001f", "#4a1486", "#807dba")
"""For the words that win most cells, shorter ones first; all others share the last colour."""


def plot_counterexample_map(counterexample_map: CounterexampleMap, path: str, *, title: str = "") -> None:
    """Write the picture of a map of counterexamples.

    Parameters
    ----------
    counterexample_map : CounterexampleMap
    path : str
        Ends in .png, .pdf or .svg.
    title : str
        Above the figure; empty for none.

    Raises
    ------
    ArgumentError
        For another ending.
    ArgumentTypeError
        For anything but a map.
    MissingExtraError
        When matplotlib is not installed.
    """
    require_map(counterexample_map, "plot_counterexample_map")
    kind = _FORMATS.get(as_path(path).suffix.lower())
    if kind is None:
        raise ArgumentError(f"`plot_counterexample_map(path=...)` writes {', '.join(_FORMATS)}; got {shown(path)}.")
    try:
        from matplotlib.colors import BoundaryNorm, ListedColormap
        from matplotlib.figure import Figure
        from matplotlib.patches import Patch
    except ImportError as error:
        raise MissingExtraError(
            "a figure needs matplotlib. Install it with `pip install 'conservative[plot]'`."
        ) from error
    image, labels, colours = _classes(counterexample_map)
    figure = Figure(figsize=(8.6, 4.8), layout="constrained")
    axes = figure.subplots()
    (left, right), (low, high) = (tuple(map(float, ends)) for ends in counterexample_map.ranges)
    axes.imshow(
        image,
        origin="lower",
        extent=(left, right, low, high),
        aspect="auto",
        interpolation="nearest",
        cmap=ListedColormap(colours),
        norm=BoundaryNorm(np.arange(len(colours) + 1) - 0.5, len(colours)),
    )
    names = [_letter(name) for name in counterexample_map.names]
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    fixed = ", ".join(f"{_letter(name)} = {value}" for name, value in counterexample_map.fixed.items())
    axes.set_title(one_line(title) or (f"at {fixed}" if fixed else ""), fontsize=10, parse_math=not title)
    patches = [Patch(facecolor=c, edgecolor="#555555", label=t) for c, t in zip(colours, labels, strict=True)]
    figure.legend(handles=patches, loc="outside right upper", fontsize=8, frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=150)
    write_atomically(path, buffer.getvalue())


def _classes(shown: CounterexampleMap) -> tuple[np.ndarray[Any, Any], list[str], list[str]]:
    """The picture as class numbers, with a label and a colour for each class that occurs."""
    image = np.full(shown.codes.shape, -1)
    labels: list[str] = []
    colours: list[str] = []
    for code, verdict in enumerate(RegionVerdict):
        cells = shown.codes == code
        if verdict is RegionVerdict.EXPANDS or not cells.any():
            continue
        image[cells] = len(labels)
        suffix = f" up to length {shown.max_length}" if verdict is RegionVerdict.UNDECIDED else ""
        labels.append(verdict.value + suffix)
        colours.append(_COLOURS[verdict])
    counts = Counter(shown.word_codes[shown.word_codes >= 0].tolist())
    kept = sorted([w for w, _ in counts.most_common(len(_WORD_COLOURS) - 1)], key=lambda w: _order(shown, w))
    for position, word in enumerate(kept):
        image[shown.word_codes == word] = len(labels)
        labels.append(f"{word_text(shown.words[word])} expands")
        colours.append(_WORD_COLOURS[position])
    if (image < 0).any():
        image[image < 0] = len(labels)
        labels.append("another product expands")
        colours.append(_WORD_COLOURS[-1])
    return image, labels, colours


def _order(shown: CounterexampleMap, word: int) -> tuple[int, tuple[int, ...]]:
    return len(shown.words[word]), shown.words[word]


def _letter(name: str) -> str:
    greek = {"alpha": "α", "beta": "β", "gamma": "γ", "kappa": "κ", "lambda": "λ", "mu": "μ", "theta": "θ", "eta": "η"}
    return greek.get(name, name)
