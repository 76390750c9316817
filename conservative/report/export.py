"""Sets of matrices as files that other programs read: GeoJSON and SVG in the plane, NPZ everywhere."""

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from conservative._core.errors import ArgumentError, ArgumentTypeError
from conservative._core.files import write_atomically
from conservative.matrix_sets import CellUnion, MatrixSet, TemplateHull

_ENDINGS = (".geojson", ".json", ".npz", ".svg")
_PIXELS = 640.0


def export_set(S: MatrixSet, path: str, *, name: str = "") -> None:
    """Write a set, whole or not at all.

    Parameters
    ----------
    S : MatrixSet
    path : str
        Ends in .geojson or .json (one feature, for p·q = 2), .svg (a picture, for p·q = 2), or .npz (arrays).
    name : str
        Title in the file.

    Raises
    ------
    ArgumentTypeError
        If `S` is not a set.
    ArgumentError
        For another ending.
    ShapeError
        For GeoJSON and SVG of a set that is not planar: use `project_onto` first.
    FileFormatError
        When the folder is missing or not writable.

    Notes
    -----
    An .npz file holds ``points`` (all extreme points), or ``cells`` and ``margin`` of a union, or ``directions`` and
    ``heights`` of a template hull; and ``exactness``, ``e_missing``, ``e_extra``. GeoJSON has the same three as
    properties, an infinite error as null; its coordinates are plain numbers, not degrees.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from conservative.matrix_sets import MatrixPolytope
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = pathlib.Path(folder, "square.geojson")
    ...     export_set(MatrixPolytope([[[0, 0]], [[1, 0]], [[1, 1]], [[0, 1]]]), str(target))
    ...     json.loads(target.read_text())["geometry"]["type"]
    'Polygon'
    """
    if not isinstance(S, MatrixSet):
        raise ArgumentTypeError(f"`export_set(S=...)` needs a set of matrices; got {type(S).__name__}.")
    ending = Path(path).suffix.lower()
    if ending not in _ENDINGS:
        raise ArgumentError(f"`export_set(path=...)` writes {', '.join(_ENDINGS)}; got {str(path)!r}.")
    if ending == ".npz":
        data = _npz(S, name)
    elif ending == ".svg":
        data = _svg(S, name).encode()
    else:
        data = (json.dumps(_feature(S, name), indent=1, allow_nan=False) + "\n").encode()
    write_atomically(path, data)


def _feature(S: MatrixSet, name: str) -> dict[str, Any]:
    from shapely.geometry import mapping

    finite = {key: value if math.isfinite(value) else None for key, value in _errors(S).items()}
    properties = {"name": name, "shape": list(S.shape), "exactness": S.exactness.name, **finite}
    return {"type": "Feature", "properties": properties, "geometry": mapping(S.to_shapely())}


def _errors(S: MatrixSet) -> dict[str, float]:
    return {"e_missing": float(S.e_missing), "e_extra": float(S.e_extra)}


def _npz(S: MatrixSet, name: str) -> bytes:
    if isinstance(S, CellUnion):
        arrays = {"cells": S.cells, "margin": np.array(S.margin)}
    elif isinstance(S, TemplateHull):
        arrays = {"directions": S.directions, "heights": S.heights}
    else:
        arrays = {"points": S.extreme}
    told = {key: np.array(value) for key, value in _errors(S).items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, exactness=np.array(S.exactness.name), name=np.array(name), **arrays, **told)  # type: ignore[arg-type]
    return buffer.getvalue()


def _svg(S: MatrixSet, name: str) -> str:
    """One path for all rings, y upward, scaled to the picture; points become small circles."""
    from xml.sax.saxutils import escape

    from shapely.affinity import affine_transform

    shape = S.to_shapely()
    left, low, right, high = shape.bounds
    size = max(right - left, high - low)
    scale = _PIXELS / size if size > 0.0 else 1.0
    placed = affine_transform(shape, [scale, 0.0, 0.0, -scale, 10.0 - scale * left, 10.0 + scale * high])
    width, height = scale * (right - left) + 20.0, scale * (high - low) + 20.0
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.6g} {height:.6g}"><title>{escape(name)}</title>'
    )
    return head + "".join(_drawn(part) for part in getattr(placed, "geoms", [placed])) + "</svg>\n"


def _drawn(part: Any) -> str:
    if part.geom_type == "Point":
        return f'<circle cx="{part.x:.6f}" cy="{part.y:.6f}" r="2" fill="#31688e"/>'
    if part.geom_type == "LineString":
        return f'<path d="{_ring(part)}" fill="none" stroke="#31688e" stroke-width="2"/>'
    rings = " ".join(_ring(ring) + " Z" for ring in (part.exterior, *part.interiors))
    return f'<path d="{rings}" fill="#31688e" fill-opacity="0.4" fill-rule="evenodd" stroke="#31688e"/>'


def _ring(line: Any) -> str:
    return "M " + " L ".join(f"{x:.6f} {y:.6f}" for x, y in line.coords)
