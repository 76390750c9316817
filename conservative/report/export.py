"""Sets of matrices as files that other programs read: GeoJSON and SVG in the plane, NPZ everywhere."""

import io
import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError, ArgumentTypeError
from conservative._core.exactness import Exactness
from conservative._core.printable import one_line
from conservative._core.safe_files import as_path, write_atomically
from conservative.matrix_sets import CellUnion, MatrixSet, MatrixZonotope, PlanarRegion, TemplateHull
from conservative.matrix_sets.sets.triangles import simple_parts, triangulated

_ENDINGS = (".geojson", ".json", ".npz", ".svg")
_PIXELS = 640.0

_BALL_EXCESS = 0.005
"""Share of the radius by which a polygon of 32 sides around a disc reaches beyond it, rounded up."""


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
    An .npz file holds ``points`` of a polytope or a finite set, ``cells`` and ``margin`` of a union (of a region:
    triangles), ``directions`` and ``heights`` of a template hull, ``center`` and ``generators`` of a zonotope, or ``U``
    and ``V`` with generators u_i v_iᵀ; and ``kind``, the type's name, ``exactness``, ``e_missing``, ``e_extra``.
    GeoJSON has the last three as properties, an infinite error as null; its coordinates are plain numbers, not
    degrees. Balls are drawn as polygons around them, which its errors count.

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
    name = one_line(name)
    ending = as_path(path).suffix.lower()
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

    errors, exactness = _errors(S), S.exactness
    if isinstance(S, CellUnion) and S.margin > 0.0:
        errors["e_extra"] += _BALL_EXCESS * S.margin
        exactness = Exactness.OUTER if exactness is Exactness.EXACT else exactness
    finite = {key: value if math.isfinite(value) else None for key, value in errors.items()}
    properties = {"name": name, "shape": list(S.shape), "exactness": exactness.name, **finite}
    return {"type": "Feature", "properties": properties, "geometry": mapping(S.to_shapely())}


def _errors(S: MatrixSet) -> dict[str, float]:
    return {"e_missing": float(S.e_missing), "e_extra": float(S.e_extra)}


def _npz(S: MatrixSet, name: str) -> bytes:
    told = {key: np.array(value) for key, value in _errors(S).items()}
    told |= {"kind": np.array(type(S).__name__), "exactness": np.array(S.exactness.name), "name": np.array(name)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **_arrays(S), **told)  # type: ignore[arg-type]
    return buffer.getvalue()


def _arrays(S: MatrixSet) -> dict[str, NDArray[Any]]:
    """What the set is made of, none of it hulled."""
    if isinstance(S, CellUnion):
        return {"cells": S.cells, "margin": np.array(S.margin)}
    if isinstance(S, PlanarRegion):
        return {"cells": triangulated(S.geometry).triangles.reshape(-1, 3, *S.shape), "margin": np.array(0.0)}
    if isinstance(S, TemplateHull):
        return {"directions": S.directions, "heights": S.heights}
    if isinstance(S, MatrixZonotope):
        factors = S.factors
        held = {"generators": S.generators} if factors is None else {"U": factors[0], "V": factors[1]}
        return {"center": S.center, **held}
    return {"points": S.extreme}


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
    return head + "".join(_drawn(part) for part in simple_parts(placed)) + "</svg>\n"


def _drawn(part: Any) -> str:
    if part.geom_type == "Point":
        return f'<circle cx="{part.x:.6f}" cy="{part.y:.6f}" r="2" fill="#31688e"/>'
    if part.geom_type == "LineString":
        return f'<path d="{_ring(part)}" fill="none" stroke="#31688e" stroke-width="2"/>'
    rings = " ".join(_ring(ring) + " Z" for ring in (part.exterior, *part.interiors))
    return f'<path d="{rings}" fill="#31688e" fill-opacity="0.4" fill-rule="evenodd" stroke="#31688e"/>'


def _ring(line: Any) -> str:
    return "M " + " L ".join(f"{x:.6f} {y:.6f}" for x, y in line.coords)
