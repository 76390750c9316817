"""The averaged norm: of known families, and of many as of each."""

import numpy as np

from conservative.spectral.norms.averaged import averaged_norm


def test_the_norm_of_one_matrix_weighs_its_leading_left_eigenvector() -> None:
    # A^T X A = X t for X = w w^T, where w = (1, 1) is the left eigenvector of the eigenvalue 3.
    P = averaged_norm(np.array([[[2.0, 1.0], [1.0, 2.0]]]))
    np.testing.assert_allclose(P, [[0.5, 0.5], [0.5, 0.5]], atol=1e-8)
    assert np.linalg.eigvalsh(P)[0] > 0


def test_families_that_vanish_get_the_identity() -> None:
    np.testing.assert_array_equal(averaged_norm(np.array([[[0.0, 1.0], [0.0, 0.0]]]), ridge=0.0), np.eye(2))
    np.testing.assert_array_equal(averaged_norm(np.zeros((3, 2, 4, 4))), np.broadcast_to(np.eye(4), (3, 4, 4)))


def test_many_families_at_once_are_as_each_alone() -> None:
    families = np.random.default_rng(0).standard_normal((5, 3, 4, 4))
    families[2] = 0.0
    together = averaged_norm(families)
    for P, family in zip(together, families, strict=True):
        np.testing.assert_allclose(P, averaged_norm(family), rtol=1e-12)
        assert np.linalg.eigvalsh(P)[0] > 0
