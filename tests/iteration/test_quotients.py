"""Fixed and driven sets modulo what all state blocks leave in place: rows that sum to one, and Sinkhorn's steps."""

import numpy as np
import pytest

import conservative as cj
from conservative._core.errors import ArgumentError
from conservative.iteration import iterate_driven, iterate_sequence

SUMS = [[[0.5, 0.5, 1.0], [0.25, 0.75, 0.0]], [[0.5, 0.5, 1.0], [0.5, 0.5, 0.0]]]


def test_rows_that_sum_to_one_have_a_fixed_set_modulo_constants() -> None:
    """The difference δ of the two states follows δ ← aδ + 1 with a in [0, 1/4]: it fills [1, 4/3]."""
    found = cj.fixed_set(SUMS, tol=1e-9, representation="hull", time_limit=None)
    assert found.quotient is not None
    np.testing.assert_allclose(abs(found.quotient), 0.5**0.5)
    ends = sorted((found.hull.vertices[:, 0] - found.hull.vertices[:, 1]).ravel())
    np.testing.assert_allclose([ends[0], ends[-1]], [1, 4 / 3], atol=1e-8)
    np.testing.assert_allclose(found.hull.vertices.sum(axis=1), 0, atol=1e-12)
    assert "modulo 1 direction" in repr(found)


def test_sequences_tend_to_the_limit_modulo_constants() -> None:
    run = iterate_sequence([SUMS] * 20, [[[5.0], [1.0]]], limit=SUMS)
    assert run.quotient is not None
    assert run.to_limit[-1].upper < 1e-8
    with pytest.raises(ArgumentError, match="move that out of itself"):
        iterate_sequence([[[[0.5, 0.0, 1.0], [0.0, 0.25, 0.0]]]], [[[0.0], [0.0]]], limit=SUMS)


def test_sinkhorn_is_followed_at_the_quotient() -> None:
    """K2: both agree with the implicit derivative, orthogonal to constants."""
    problem = cj.problems.optimal_transport([[0, 1, 4], [1, 0, 1], [4, 1, 0]], a=[0.2, 0.3, 0.5], b=[0.4, 0.4, 0.2])
    algorithm = cj.algorithms.sinkhorn(problem)
    x = [float(value) for value in algorithm.lift(problem.solve(1.0), [1.0])]
    implicit = cj.implicit_jacobian(algorithm, [*x, 1.0]).vertices
    fixed = cj.fixed_set(algorithm, at=[*x, 1.0])
    np.testing.assert_allclose(fixed.hull.vertices, implicit, atol=1e-12)
    run = iterate_driven(algorithm, np.zeros(3), [1.0], steps=40, fixed_point=x)
    assert run.to_limit[-1].upper < 1e-8
    np.testing.assert_allclose(run.sets[-1].vertices, implicit, atol=1e-8)


def test_families_that_keep_nothing_have_no_quotient() -> None:
    assert cj.fixed_set([[[0.5, 0.0, 1.0], [0.0, 0.25, 1.0]]]).quotient is None
    with pytest.raises(cj.ConservativeError, match="contract in some norm"):
        cj.fixed_set([[[1.0, 1.0]]])
