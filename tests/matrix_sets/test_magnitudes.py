"""Sets of every size that doubles have: no overflow is warned of, and brackets are those of size one, scaled."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from conservative._core.errors import ArgumentError, ConservativeError
from conservative.iteration import FixedSet, fixed_set, iterate_set, iterate_templates, iterate_true, set_image
from conservative.matrix_sets import (
    CellUnion,
    FiniteSet,
    MatrixPolytope,
    MatrixSet,
    MatrixZonotope,
    PlanarRegion,
    TemplateHull,
    affine_image,
    gap,
    hull,
    principal_axes,
    simplify,
)
from conservative.spectral import export_sdpa

SHAPES = [(1, 1), (2, 1), (2, 2)]
EXPONENTS = [-1073, -1040, -1022, -540, 500, 1000, 1020, 1023]


def every_kind(exponent: int, shape: tuple[int, int]) -> dict[str, Callable[[], MatrixSet]]:
    """Sets with entries up to 2^exponent."""
    rng, d = np.random.default_rng(0), shape[0] * shape[1]
    points, cells = rng.uniform(-1.0, 1.0, size=(5, *shape)), rng.uniform(-1.0, 1.0, size=(3, 4, *shape))
    axes = np.concatenate([np.eye(d), -np.eye(d)]).reshape(-1, *shape)

    def at(x: Any) -> Any:
        return np.ldexp(x, exponent)

    kinds: dict[str, Callable[[], MatrixSet]] = {
        "points": lambda: FiniteSet(at(points)),
        "hull": lambda: MatrixPolytope(at(points)),
        "cells": lambda: CellUnion(at(cells)),
        "balls": lambda: CellUnion(at(cells[1:]), float(at(0.1))),
        "zonotope": lambda: MatrixZonotope(at(points[0] / 4), at(points[1:3] / 4)),
        "template": lambda: TemplateHull(axes, at(np.full(2 * d, 0.9))),
    }
    if d == 2:
        region = MatrixPolytope(cells[0]).to_shapely()
        kinds["region"] = lambda: PlanarRegion(shapely.transform(region, at), shape)
    return kinds


def answered(call: Callable[[], Any]) -> Any:
    """The answer, or `None` where the size is refused."""
    try:
        return call()
    except ConservativeError:
        return None


def bounds(S: MatrixSet, points: np.ndarray) -> np.ndarray:
    found = S.project(points)
    return np.stack([found.lower, found.upper], axis=-1).reshape(-1, 2)


def assert_agree(near: Any, far: Any, exponent: int) -> None:
    """Two lists of brackets overlap once one is scaled, up to some of the smallest doubles."""
    scale, least = Fraction(2) ** exponent, Fraction(5e-324) * 64
    for one, other in zip(np.reshape(near, (-1, 2)).tolist(), np.reshape(far, (-1, 2)).tolist(), strict=True):
        assert 0.0 <= other[0] <= other[1]
        low, high = (Fraction(x) * scale for x in one)
        assert Fraction(other[0]) <= high * (1 + Fraction(1, 10**9)) + least
        assert other[1] == np.inf or low <= Fraction(other[1]) * (1 + Fraction(1, 10**9)) + least


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("exponent", EXPONENTS)
def test_every_set(exponent: int, shape: tuple[int, int]) -> None:
    points = np.random.default_rng(1).uniform(-1.0, 1.0, size=(6, *shape))
    direction = np.random.default_rng(2).uniform(-1.0, 1.0, size=shape)
    made = {name: answered(make) for name, make in every_kind(exponent, shape).items()}
    assert all(made[name] is not None for name in ("points", "hull", "cells", "balls"))
    for name, S in made.items():
        if S is None:
            continue
        near = every_kind(0, shape)[name]()
        assert_agree(bounds(near, points), bounds(S, np.ldexp(points, exponent)), exponent)
        with np.errstate(over="ignore"):
            expected = np.ldexp(near.support(direction), exponent)
        assert S.support(direction) == pytest.approx(expected, rel=1e-9, abs=1e-320)
        for call in (hull, principal_axes, repr, lambda S: S.radius, lambda S: S.contains(S.extreme)):
            answered(lambda call=call, S=S: call(S))
        answered(lambda S=S: affine_image(S, np.eye(shape[0]) / 2, np.zeros(shape)))
    simplify(made["hull"])
    others = [made[name] for name in ("points", "cells") if made[name] is not None]
    for X in others:
        assert gap(X, X).lower == 0.0


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("exponent", EXPONENTS)
def test_every_iteration(exponent: int, shape: tuple[int, int]) -> None:
    rng, (p, m) = np.random.default_rng(3), shape
    A = rng.normal(size=(2, p, p))
    A *= 0.5 / np.linalg.norm(A, 2, axis=(1, 2))[:, None, None]
    B, start = rng.uniform(-0.5, 0.5, size=(2, p, m)), rng.uniform(-0.5, 0.5, size=(3, p, m))
    tol = 0.1

    def answers(exponent: int) -> dict[str, Any]:
        J = np.concatenate([A, np.ldexp(B, exponent)], axis=2)
        X, close = np.ldexp(start, exponent), max(float(np.ldexp(tol, exponent)), 5e-324)
        calls: dict[str, Callable[[], Any]] = {
            "hulls": lambda: iterate_set(J, X, steps=2).gaps,
            "true": lambda: iterate_true(J, X, steps=1 if p * m > 2 else 2, step_tol=5.0 * close).gaps,
            "finite": lambda: iterate_true(FiniteSet(J), FiniteSet(X), steps=2, step_tol=close).gaps,
            "fixed": lambda: fixed_set(J, tol=close, representation="hull"),
            "templates": lambda: iterate_templates(J, X, steps=2),
            "image": lambda: set_image(FiniteSet(J), MatrixPolytope(X), tol=close),
        }
        return {name: answered(call) for name, call in calls.items()}

    near, far = answers(0), answers(exponent)
    for name in ("hulls", "true", "finite"):
        if far[name] is not None:  # an iteration may end early, with a status that says so
            one, other = ([[b.lower, b.upper] for b in found[name]] for found in (near, far))
            assert_agree(one[: len(other)], other, exponent)
    assert isinstance(far["fixed"], FixedSet)
    assert np.isfinite(far["fixed"].hull.vertices).all()
    assert far["image"] is not None
    if far["templates"] is not None:
        lower, upper = near["templates"].lower, far["templates"].upper
        with np.errstate(under="ignore"):
            assert (np.ldexp(lower, exponent) <= upper + 1e-9 * np.abs(upper) + 1e-299).all()


def test_what_is_too_large_is_refused_with_the_remedy(tmp_path: Path) -> None:
    J = np.array([[[0.5, 1e308]], [[0.25, -1e308]]])
    for call in (iterate_templates, iterate_true):
        with pytest.raises(ArgumentError, match="power of two"):
            call(J, [[[1e308]]], steps=1)
    for gamma, degree in ((1e-160, 2), (1e-80, 4)):
        problem = "quadratic" if degree == 2 else "sum-of-squares"
        with pytest.raises(ArgumentError, match=r"gamma.*joint_spectral_radius"):
            export_sdpa(tmp_path / "a.dat-s", [[[1.0, 1.0], [0.0, 1.0]]], gamma=gamma, problem=problem)
    assert not list(tmp_path.iterdir())


def test_zero_stays_zero() -> None:
    """Maps of the plane without B, from 0, and maps that lead to 0 at once."""
    for A, X in ((0.5 * np.eye(2), np.zeros((1, 2, 1))), (np.zeros((2, 2)), np.ones((1, 2, 1)))):
        J = np.concatenate([np.stack([A, 0.5 * A]), np.zeros((2, 2, 1))], axis=2)
        run = iterate_true(J, X, steps=2)
        assert (run.sets[2].extreme == 0.0).all()
        assert run.gaps[1].upper <= 1e-300
