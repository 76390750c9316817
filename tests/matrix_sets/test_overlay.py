"""Unions and differences where shapely's floating-point overlay gives up."""

from typing import Any

import numpy as np
import pytest
import shapely

from conservative.matrix_sets._overlay import difference, united

SQUARE, SHIFTED = shapely.box(0.0, 0.0, 2.0, 2.0), shapely.box(1.0, 1.0, 3.0, 3.0)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Overlays fail unless coordinates are snapped to a grid."""
    calls: list[str] = []
    for name in ("union_all", "difference"):
        original = getattr(shapely, name)

        def strict(*arguments: Any, _original: Any = original, _name: str = name, **options: Any) -> Any:
            calls.append(_name)
            if "grid_size" not in options:
                raise shapely.errors.GEOSException("TopologyException: side location conflict")
            return _original(*arguments, **options)

        monkeypatch.setattr(shapely, name, strict)
    return calls


def test_snapped_overlays_are_as_good(failing: list[str]) -> None:
    union, rest = united([SQUARE, SHIFTED]), difference(SQUARE, SHIFTED)
    assert failing == ["union_all"] * 2 + ["difference"] * 2
    assert union.area == pytest.approx(7.0, rel=1e-11)
    assert rest.area == pytest.approx(3.0, rel=1e-11)
    assert union.is_valid
    assert rest.is_valid


@pytest.mark.usefixtures("failing")
def test_invalid_parts_and_lines_are_united_too() -> None:
    bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    line = shapely.LineString([(0, 0), (9, 9)])
    union = united(np.array([bow, line, SHIFTED]))
    assert union.is_valid
    assert union.area == pytest.approx(2.0 + 4.0 - 0.5, rel=1e-11)
    assert shapely.distance(union, shapely.Point(8.0, 8.0)) <= 1e-11


@pytest.mark.usefixtures("failing")
def test_parts_that_snapping_would_lose_are_not_lost_silently() -> None:
    """Triangles thinner than the grid: a union would lose one, of a difference a line is left."""
    with pytest.raises(shapely.errors.GEOSException):
        united([SQUARE, shapely.Polygon([(5.0, 0.0), (5.0, 3.0), (5.0 + 1e-14, 1.5)])])
    rest = difference(shapely.Polygon([(1.0, 1.0), (1.0, 5.0), (1.0 + 1e-14, 3.0)]), SQUARE)
    assert shapely.length(rest) >= 3.0 - 1e-10
