"""Polytope norms of contracting families: their constants bound every product, and they exist up to radius one."""

import itertools

import numpy as np
import pytest

from conservative import ConservativeError, check
from conservative.iteration.bounds.choose_norm import adapted_decay
from conservative.spectral import common_quadratic_norm, polytope_norm

HEAVY_BALL = np.array([[[0.75, -0.75], [1, 0]], [[1.5, -0.75], [1, 0]]])
RADIUS = 1.03214353442003


def largest_norms(matrices, length):
    """max ||A_w||_2 over the words of each length up to one, in doubles."""
    products, found = np.eye(matrices.shape[1])[None], []
    for _ in range(length):
        products = np.concatenate([products @ m for m in matrices])
        found.append(np.linalg.norm(products, 2, axis=(1, 2)).max())
    return np.array(found)


def random_family(seed, kind):
    rng = np.random.default_rng(seed)
    if kind == "nonnegative":
        return rng.random((3, 4, 4)) / 4
    if kind == "rotation":
        turn = np.array([[0.8, -0.6], [0.6, 0.8]])
        return 0.93 * np.array([turn, np.diag([0.9, -0.4]) @ turn])
    if kind == "unbalanced":
        scale = np.array([1.0, 2.0**30])
        return 0.9 / RADIUS * HEAVY_BALL * scale[:, None] / scale
    return rng.standard_normal((2, 3, 3)) / 3.4


@pytest.mark.parametrize(
    ("seed", "kind"), list(itertools.product(range(3), ["nonnegative", "rotation", "unbalanced", "signed"]))
)
def test_every_product_is_within_its_bound(seed, kind):
    matrices = random_family(seed, kind)
    found = polytope_norm(matrices, time_limit=None)
    lower = max(np.abs(np.linalg.eigvals(m)).max() for m in matrices)
    if found is None:
        assert lower > 0.9
        return
    assert check(found.certificate).valid
    assert lower <= found.gamma < 1
    norms = largest_norms(matrices, 8)
    assert (norms <= found.spread * found.gamma ** np.arange(1, 9)).all()


@pytest.mark.parametrize("radius", [0.5, 0.98, 0.999])
def test_families_close_to_one_contract(radius):
    matrices = HEAVY_BALL * (radius / RADIUS)
    found = polytope_norm(matrices, time_limit=None)
    assert radius < found.gamma < 1
    decay = adapted_decay(matrices)
    assert decay.contracts
    norms = largest_norms(matrices, 10)
    assert all(norms[n] <= decay.at(n + 1) for n in range(10))


@pytest.mark.parametrize("radius", [1.0, 1.001, 3.0])
def test_families_that_do_not_contract_have_none(radius):
    assert polytope_norm(HEAVY_BALL * (radius / RADIUS), time_limit=None) is None


def test_zero_matrices_have_none():
    assert polytope_norm(np.zeros((2, 2, 2)), time_limit=None) is None


@pytest.mark.parametrize("kind", ["nonnegative", "rotation", "unbalanced", "signed"])
def test_the_ball_is_mapped_into_gamma_times_itself(kind):
    """Vertices have norm one at most, their images gamma at most, and farthest points lie on the boundary."""
    matrices = random_family(0, kind)
    found = polytope_norm(matrices, time_limit=None)
    assert found is not None
    vertices = found.vertices[:12]
    assert found.vertices.shape[1] == matrices.shape[1]
    assert (found.evaluate(vertices.real) <= 1 + 1e-6).all()
    for matrix in matrices:
        assert (found.evaluate((vertices @ matrix.T).real) <= found.gamma * (1 + 1e-6)).all()
    far = found.ball.farthest(np.eye(matrices.shape[1])[:2])
    np.testing.assert_allclose(found.evaluate(far), 1.0, rtol=1e-6)
    assert found.evaluate(np.zeros(matrices.shape[1])) == 0


def test_norms_of_points_of_another_length_are_refused():
    found = polytope_norm(0.9 / RADIUS * HEAVY_BALL, time_limit=None)
    with pytest.raises(ConservativeError, match=r"shape \(\.\.\., 2\)"):
        found.evaluate([1, 2, 3])


def test_a_quadratic_norm_carries_its_certificate_and_its_ball():
    norm = common_quadratic_norm([[["1/2", 4], [0, "1/2"]], [["1/3", 0], [0, "-1/2"]]])
    claim = norm.certificate.claim
    assert check(norm.certificate)
    assert (claim.relation, float(claim.bound)) == ("<=", norm.gamma)
    np.testing.assert_allclose(norm.ball.evaluate([[1, 2], [0, -3]]) ** 2, [[1, 2] @ norm.P @ [1, 2], 9 * norm.P[1, 1]])
    zero = common_quadratic_norm([[[0]]])
    assert (zero.gamma, check(zero.certificate).valid) == (0.0, True)
