"""The lasso on scikit-learn's diabetes data at a breakpoint of the LARS path (Efron et al. 2004)."""

import numpy as np
import pytest

import conservative as cj

pytest.importorskip("sklearn")

from conservative.gallery.lasso import BREAKPOINT, diabetes_path


@pytest.fixture(scope="module", params=[6, pytest.param(30, marks=pytest.mark.slow)])
def result(request: pytest.FixtureRequest) -> cj.Analysis:
    return cj.analyze("lasso-diabetes", steps=request.param, time_limit=None)


def test_blocks_have_shape_10_by_11_and_one_coordinate_at_its_kink(result: cj.Analysis) -> None:
    vertices = result.jacobian.vertices
    assert vertices.shape == (2, 10, 11)
    assert np.linalg.matrix_rank(vertices[1] - vertices[0]) == 1
    case = cj.gallery.load("lasso-diabetes")
    zero = [v for v in list(case.at.values())[:-1] if v == 0]
    assert len(zero) == 10 - BREAKPOINT


def test_vertex_solves_are_the_slopes_of_the_path_left_and_right(result: cj.Analysis) -> None:
    path = diabetes_path()
    slopes = np.diff(path.weights, axis=1) / np.diff(path.lambdas)
    wanted = slopes[:, [BREAKPOINT - 1, BREAKPOINT]].T
    found = result.implicit.vertices[:, :, 0]
    order = [0, 1] if np.linalg.norm(found[0] - wanted[0]) < np.linalg.norm(found[1] - wanted[0]) else [1, 0]
    np.testing.assert_allclose(found[order], wanted, rtol=1e-8, atol=1e-10)


def test_assumption_a_is_decided_and_the_bound_holds(result: cj.Analysis) -> None:
    assert result.assumption.holds
    assert result.contraction.name == "PROVED"
    assert cj.check(result.certificate).valid
    # A steps by a symmetric matrix and a projection: the Euclidean norm of that block is the radius, in a few numbers.
    assert result.radius.upper <= result.radius.lower * (1 + 1e-9)
    assert result.certificate.claim.upper <= result.radius.upper
    assert len(result.certificate.text) < 20_000
    exact = result.implicit.vertices
    for X, bound in zip(result.trajectory.sets, result.trajectory.bounds, strict=False):
        # Vertex solves belong to fix(𝒥), so the proved bound must cover their distance to every X_t.
        assert (X.project(exact).lower <= bound.best).all()


def test_the_hull_of_the_fixed_set_has_an_error_bound_and_holds_the_solves(result: cj.Analysis) -> None:
    hull = result.fixed.hull
    assert max(hull.e_missing, hull.e_extra) < 1e-2
    assert (hull.project(result.implicit.vertices).lower <= hull.e_missing).all()
