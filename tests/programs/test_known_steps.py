"""Steps of known algorithms, written as users write them: known sets, exactly where they are rational."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import conservative as cj
from conservative.functions import ScalarPiece, structured
from conservative.gallery.lasso import diabetes_path


def same_sets(found: np.ndarray, expected: np.ndarray, tolerance: float = 1e-12) -> bool:
    gaps = np.abs(found[:, None] - expected[None]).max(axis=(2, 3))
    return bool(gaps.min(axis=1).max() <= tolerance and gaps.min(axis=0).max() <= tolerance)


def lasso_step(x: Any, theta: Any) -> Any:
    """ISTA for |Gx - c|²/2 with weight theta: x = (1, 0) at the breakpoint theta = 1, exactly."""
    gram, right = np.array([[1, 0.5], [0.5, 1]]), np.array([2, 1.5])
    z = x - 0.5 * (gram @ x - right)
    return np.sign(z) * np.maximum(np.abs(z) - 0.5 * theta, 0)


def test_the_lasso_at_a_breakpoint_has_two_blocks_and_a_fixed_set() -> None:
    F = cj.from_numpy(lasso_step, [1, 0], 1)
    assert F.residual().exact
    assert F.residual().vanishes
    half, quarter = Fraction(1, 2), Fraction(-1, 4)
    blocks = {tuple(block.ravel().tolist()) for block in F.switched().vertices()}
    assert blocks == {
        (half, quarter, -half, 0, 0, 0),
        (half, quarter, -half, quarter, half, -half),
    }
    J = cj.conservative_jacobian(F)
    assert J.exactness is cj.Exactness.EXACT
    # The two slopes of the path: with the entering coordinate, and without it.
    slopes = np.linalg.solve(np.eye(2) - J.vertices[:, :, :2], J.vertices[:, :, 2:])
    assert same_sets(slopes, np.array([[[-1.0], [0.0]], [[-2 / 3], [-2 / 3]]]))


def test_relu_equilibrium_agrees_with_the_structured_map() -> None:
    rng = np.random.default_rng(0)
    p, m, k = 30, 4, 12
    W, U = rng.integers(-4, 5, (p, p)) / 64, rng.integers(-4, 5, (p, m)) / 4
    theta, x = rng.integers(-4, 5, m) / 4, np.maximum(rng.integers(-4, 5, p), 0) / 4
    x[:k] = 0
    before = np.where(x > 0, x, -1.0)
    before[:k] = 0
    b = before - W @ x - U @ theta
    found = cj.conservative_jacobian(cj.from_numpy(lambda x, t: np.maximum(W @ x + U @ t + b, 0), x, theta))
    expected = cj.conservative_jacobian(structured(ScalarPiece.relu(), W, N=U, c=b), [*x, *theta], tolerance=1e-9)
    for direction in rng.standard_normal((10, p, p + m)):
        assert found.support(direction) == pytest.approx(expected.support(direction), rel=1e-12)
    assert found.exactness is expected.exactness


def simplex_by_sorting(v: Any) -> Any:
    u = np.sort(v)[::-1]
    sums = np.cumsum(u) - 1
    last = np.nonzero(u - sums / np.arange(1, len(v) + 1) > 0)[0][-1]
    return np.maximum(v - sums[last] / (last + 1), 0)


def simplex_by_averages(v: Any) -> Any:
    sums = (np.cumsum(np.sort(v)[::-1]) - 1) / np.arange(1, len(v) + 1)
    return np.maximum(v - np.max(sums), 0)


@pytest.mark.parametrize("project", [simplex_by_sorting, simplex_by_averages])
@pytest.mark.parametrize("at", [["1/2", "1/2", 0], [1, 0, 0], ["3/4", "1/4", "-1/4"], [2, "1/2", "1/3"]])
def test_projection_onto_the_simplex_holds_every_limit_of_its_jacobian(project: Any, at: list[Any]) -> None:
    found = cj.conservative_jacobian(cj.from_numpy(project, at)).vertices
    # Clarke's Jacobian is the hull of I - 11'/r on the supports that the point touches.
    v = np.array([float(Fraction(entry)) for entry in at])
    near = v + 1e-4 * np.random.default_rng(0).standard_normal((200, 3))
    for point in near:
        u = np.sort(point)[::-1]
        r = int(np.nonzero(u - (np.cumsum(u) - 1) / np.arange(1, 4) > 0)[0][-1]) + 1
        on = (point >= u[r - 1]).astype(float)
        limit = np.diag(on) - np.outer(on, on) / r
        assert (np.abs(found - limit).max(axis=(1, 2)) < 1e-12).any()


def test_trend_filtering_by_admm_has_one_block_for_each_choice() -> None:
    D = np.array([[1, -2, 1, 0], [0, 1, -2, 1]])
    inverse = np.linalg.inv(np.eye(4) + D.T @ D)

    def step(s: Any, lam: Any) -> Any:
        z, u = s["z"], s["u"]
        x = inverse @ (np.arange(4.0) ** 2 + D.T @ (z - u))
        moved = D @ x + u
        new = moved - np.clip(moved, -lam, lam)
        return {"z": new, "u": u + D @ x - new}

    rng = np.random.default_rng(0)
    z, u = rng.standard_normal(2), rng.standard_normal(2)
    x = inverse @ (np.arange(4.0) ** 2 + D.T @ (z - u))
    lam = abs((D @ x + u)[0])
    form = cj.from_numpy(step, {"z": z, "u": u}, lam).switched()
    assert len(form.ties) == 1
    A = D @ inverse @ D.T
    inner = np.hstack([A, np.eye(2) - A, np.zeros((2, 1))])
    side = np.sign((D @ x + u)[0])
    expected = []
    for on in (0.0, 1.0):
        second = float(abs((D @ x + u)[1]) > lam)
        picks = np.diag([on, second])
        new = picks @ inner
        new[:, 4] -= np.array([on * side, second * np.sign((D @ x + u)[1])])
        expected.append(np.vstack([new, inner - new]))
    assert same_sets(form.vertices(), np.array(expected))


def test_trend_filtering_by_admm_in_fractions() -> None:
    """With D = [1 −2 1] the matrix D (1 + DᵀD)⁻¹ Dᵀ is the number 6/7, so that the blocks are known exactly."""
    D = np.array([[1, -2, 1]])

    def step(s: Any, lam: Any) -> Any:
        x = np.linalg.solve(np.eye(3) + D.T @ D, np.array([0, 1, 4]) + D.T @ (s["z"] - s["u"]))
        moved = D @ x + s["u"]
        new = np.sign(moved) * np.maximum(np.abs(moved) - lam, 0)
        return {"z": new, "u": moved - new}

    # D x + u = (D y + 6 (z − u)) / 7 + u = (2 + 6 z + u) / 7, which is λ = 5/7 at z = 1/3, u = 1.
    form = cj.from_numpy(step, {"z": ["1/3"], "u": [1]}, "5/7").switched()
    assert form.exact
    found = {tuple(map(tuple, block)) for block in form.vertices().tolist()}
    F = Fraction
    assert found == {
        ((0, 0, 0), (F(6, 7), F(1, 7), 0)),
        ((F(6, 7), F(1, 7), -1), (0, 0, 1)),
    }
    assert (
        cj.conservative_jacobian(cj.from_numpy(step, {"z": ["1/3"], "u": [1]}, "5/7")).exactness is cj.Exactness.EXACT
    )


def group_step(x: Any, lam: Any) -> Any:
    return x * np.maximum(1 - lam / np.linalg.norm(x), 0)


def test_group_lasso_at_the_threshold_and_at_zero() -> None:
    form = cj.from_numpy(group_step, [3, 4], 5).switched()
    outward = np.array([[9, 12], [12, 16]]) / 25
    expected = np.array([np.zeros((2, 3)), np.hstack([outward, [[-0.6], [-0.8]]])])
    assert form.exact
    assert same_sets(form.vertices().astype(float), expected)
    # At 0 differentiation by rules alone gives NaN, 0 times infinity; the branch that is taken gives 0.
    with np.errstate(divide="ignore"):
        at_zero = cj.from_numpy(group_step, [0.0, 0.0], 5.0)
    assert not at_zero.switched().vertices().any()


def test_a_layer_of_lista_in_fractions() -> None:
    We, S = np.array([[1, 0.5], [0.25, 1]]), np.array([[0.5, 0], [0.25, 0.5]])

    def layer(x: Any, theta: Any) -> Any:
        z = We @ theta["y"] + S @ x
        return np.maximum(np.abs(z) - theta["t"], 0) * np.sign(z)

    form = cj.from_numpy(layer, [1, 1], {"y": ["1/2", 0], "t": 1}).switched()
    assert form.exact
    assert form.value.tolist() == [0, 0]
    assert len(form.ties) == 1
    on = np.array([[0.5, 0, 1, 0.5, -1], [0, 0, 0, 0, 0]])
    assert same_sets(form.vertices().astype(float), np.array([0 * on, on]))


def test_sinkhorn_in_logarithms_is_smooth_and_row_stochastic() -> None:
    rng = np.random.default_rng(0)
    K = np.exp(-rng.random((3, 3)))
    a = b = np.full(3, 1 / 3)
    F = cj.from_numpy(lambda x: np.log(a) - np.log(K @ (b / (K.T @ np.exp(x)))), np.zeros(3))
    x = np.zeros(3)
    for _ in range(200):
        x = F.evaluate(x)
    form = F.switched(x)
    P = np.exp(x)[:, None] * K * (b / (K.T @ np.exp(x)))[None]
    assert not form.ties
    assert form.base == pytest.approx(np.diag(1 / a) @ P @ np.diag(1 / b) @ P.T, abs=1e-12)
    assert form.base.sum(axis=1) == pytest.approx(np.ones(3))


def test_twenty_unrolled_steps_are_one_group_and_are_told_so() -> None:
    def unrolled(x: Any, theta: Any) -> Any:
        for _ in range(20):
            x = lasso_step(x, theta)
        return x

    form = cj.from_numpy(unrolled, [1, 0], 1).switched()
    assert len(form.ties) == 20
    assert len(form.groups) == 1
    assert "Trace one step and let the recursion iterate" in form.warnings[-1]


def test_values_that_rounding_could_have_parted_are_near_ties() -> None:
    form = cj.from_numpy(lambda x: np.maximum(x + 1e12 - 1e12, 0), [5e-4]).switched()
    assert not form.ties
    ((name, distance),) = form.near_ties
    assert name.startswith("maximum[0] at test_known_steps.py")
    assert distance == pytest.approx(5e-4, rel=0.1)


def test_branches_that_part_along_their_guard_are_not_taken_for_clarkes() -> None:
    form = cj.from_numpy(lambda x: np.where(x[0] > 0, x[1], 0), [0, 0]).switched()
    assert not form.clean
    assert "part to first order along the guard" in form.warnings[0]
    clean = cj.from_numpy(lambda x: np.where(x[0] > 0, x[0] + x[1], x[1] - x[0]), [0, 0]).switched()
    assert clean.clean
    joined = cj.from_numpy(lambda x: (x[0] < 1) * (x[0] + x[1]) + (1 - (x[0] < 1)) * (x[1] + 1), [1, 5]).switched()
    assert joined.clean
    assert len(joined.ties) == 1
    assert not joined.others


def project_ball(x: Any) -> Any:
    length = np.linalg.norm(x)
    return np.where(length > 1, x / length, x)


def test_a_vector_that_one_comparison_switches_is_one_tie() -> None:
    form = cj.from_numpy(project_ball, ["3/5", "4/5", 0]).switched()
    u = np.array([0.6, 0.8, 0.0])
    assert form.exact
    assert len(form.Z) == 1
    assert same_sets(form.vertices().astype(float), np.array([np.eye(3), np.eye(3) - np.outer(u, u)]))
    found = cj.conservative_jacobian(cj.from_numpy(project_ball, ["3/5", "4/5", 0]))
    assert found.exactness is cj.Exactness.EXACT


def test_masks_that_chain_many_comparisons_choose_by_themselves() -> None:
    def chain(x: Any) -> Any:
        return np.where((x[1:] > 0) & (x[:-1] > 0), np.minimum(x[1:], x[:-1]), 0)

    few, many = (cj.from_numpy(chain, [0] * n).switched() for n in (4, 9))
    assert len(many.ties) == 16
    assert not few.clean
    assert not many.clean
    assert few.choices <= many.choices


SOFT = [
    lambda z, a: np.sign(z) * np.maximum(np.abs(z) - a, 0),
    lambda z, a: np.maximum(z - a, 0) - np.maximum(-z - a, 0),
    lambda z, a: z - np.clip(z, -a, a),
    lambda z, a: np.where(z > a, z - a, np.where(z < -a, z + a, 0)),
    lambda z, a: (np.abs(z) > a) * (z - a * np.sign(z)),
]


@pytest.mark.parametrize("soft", SOFT)
def test_the_lasso_on_real_data_in_five_spellings_is_the_published_case(soft: Any) -> None:
    pytest.importorskip("sklearn")
    path = diabetes_path()
    step = float(1 / np.linalg.eigvalsh(path.gram)[-1])
    M, c = np.eye(10) - step * path.gram, step * path.correlation
    x, level = path.weights[:, 3], path.lambdas[3]
    case = cj.gallery.load("lasso-diabetes")
    expected = cj.conservative_jacobian(case.function, case.at)
    found = cj.conservative_jacobian(cj.from_numpy(lambda x, t: soft(M @ x + c, step * t), x, level))
    assert same_sets(found.vertices, expected.vertices)
    assert found.exactness is cj.Exactness.EXACT
    # The same doubles taken for exact numbers do not tie: that is told.
    form = cj.from_numpy(
        lambda x, t: soft(M @ x + c, step * t), [Fraction(float(v)) for v in x], Fraction(float(level))
    ).switched()
    assert not form.ties
    assert form.near_ties


def test_sums_and_broadcasts_of_no_columns() -> None:
    """Without live switches there is nothing to sweep, and arrays of no columns keep their shapes."""
    norm = cj.from_numpy(lambda x: np.abs(np.linalg.norm(x)) + 0 * x, [3, 4])
    assert norm.switched().vertices().tolist() == [[[Fraction(3, 5), Fraction(4, 5)]] * 2]
    with pytest.raises(cj.FunctionError, match="a norm"):
        cj.from_numpy(lambda x: np.abs(np.linalg.norm(x)) + 0 * x, [0, 0]).switched()
    stacked = cj.from_numpy(lambda x: np.sum(np.abs(np.stack([0 * x[0] + 1, -x[0]]))), [0, 1]).switched()
    assert {tuple(block.ravel()) for block in stacked.vertices()} == {(-1, 0), (1, 0)}
