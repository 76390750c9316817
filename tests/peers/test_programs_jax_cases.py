"""Algorithms of the field as JAX programs, at points where they have ties: the known sets."""

import numpy as np
import pytest

import conservative as cj

pytestmark = pytest.mark.peers
jax = pytest.importorskip("jax")
jnp = jax.numpy


def reach(blocks, directions):
    return np.einsum("kqn,dqn->dk", blocks, directions).max(axis=1)


def same_sets(one, other, *, within=1e-12):
    one, other = (np.asarray(blocks, dtype=float).reshape(len(blocks), -1) for blocks in (one, other))
    apart = np.abs(one[:, None] - other[None]).max(axis=-1)
    return max(apart.min(axis=0).max(), apart.min(axis=1).max()) <= within


@pytest.mark.parametrize("derived", [False, True], ids=["where", "grad"])
def test_heavy_ball_on_a_piecewise_quadratic_expands(derived):
    def f(x):
        return jnp.where(x >= 0, x**2 / 2, x**2 / 8)

    def step(s, theta):
        x, y = s
        slope = jax.grad(f)(x) if derived else jnp.where(x >= 0, x, x / 4)
        return jnp.stack([x - slope + 3 * (x - y) / 4 + theta, x])

    case = cj.gallery.load("heavy-ball")
    F = cj.from_jax(step, np.zeros(2), 0.0)
    J = cj.conservative_jacobian(F)
    known = cj.conservative_jacobian(case.function, case.at)
    assert same_sets(J.vertices[:, :, :2], known.vertices[:, :, :2])
    assert cj.expanding_product(J.vertices[:, :, :2], max_length=8) is not None
    np.testing.assert_allclose(F.switched().framework_choice, F.own_jacobian(), atol=1e-12)


def test_a_relu_equilibrium_has_the_set_of_the_structured_map():
    rng = np.random.default_rng(0)
    p, m, ties = 40, 4, 6
    W, U = 0.5 * rng.standard_normal((p, p)) / np.sqrt(p), rng.standard_normal((p, m))
    x, theta = np.maximum(rng.standard_normal(p), 0), rng.standard_normal(m)
    z = rng.standard_normal(p)
    z[:ties] = 0
    b = z - W @ x - U @ theta
    F = cj.from_jax(lambda x, theta: jax.nn.relu(W @ x + U @ theta + b), x, theta)
    known = cj.functions.structured(cj.functions.ScalarPiece.relu(), W, N=U, c=b)
    J, K = cj.conservative_jacobian(F), cj.conservative_jacobian(known, [*x, *theta], tolerance=1e-9)
    assert len(F.switched().ties) == ties
    assert same_sets(J.vertices, K.vertices if isinstance(K, cj.JacobianSet) else K.listed().vertices)


def test_trend_filtering_by_admm_at_the_largest_parameter():
    rng = np.random.default_rng(1)
    n, rho = 12, 10.0
    y = rng.standard_normal(n)
    D = np.diff(np.eye(n), 2, axis=0)
    dual = np.linalg.solve(D @ D.T, D @ y)
    lam = float(np.abs(dual).max())
    K = np.linalg.inv(np.eye(n) + rho * D.T @ D)

    def admm(s, theta):
        z, u = s["z"], s["u"]
        v = D @ (K @ (y + rho * D.T @ (z - u))) + u
        z = jnp.sign(v) * jnp.maximum(jnp.abs(v) - theta / rho, 0)
        return {"z": z, "u": v - z}

    F = cj.from_jax(admm, {"z": np.zeros(n - 2), "u": dual / rho}, lam)
    assert F.names[0] == "u[0]"
    assert F.names[-1] == "theta"
    S = F.switched(tolerance=1e-9)
    M = np.hstack([np.eye(n - 2) - D @ K @ (rho * D.T), D @ K @ (rho * D.T)])
    i = int(np.argmax(np.abs(dual)))
    s = np.sign(dual[i])
    dv, row = np.hstack([M, np.zeros((n - 2, 1))]), np.append(M[i], -s / rho)
    nominal = np.vstack([dv, np.zeros_like(dv)])
    turned = nominal.copy()
    turned[i] -= row
    turned[n - 2 + i] += row
    assert same_sets(S.vertices(), [nominal, turned])


def test_group_lasso_at_its_edge_and_at_zero():
    def prox(w, t):
        norm = jnp.sqrt(jnp.sum(w**2))
        return jnp.where(norm > t, 1 - t / norm, 0.0) * w

    w = np.array([3.0, 4.0])
    S = cj.from_jax(prox, w, 5.0).switched()
    edge = np.hstack([np.outer(w, w) / 25, -w[:, None] / 5])
    assert same_sets(S.vertices(), [np.zeros((2, 3)), edge])
    S = cj.from_jax(prox, np.zeros(2), 5.0).switched()
    assert same_sets(S.vertices(), [np.zeros((2, 3))])
    assert "NaN" in S.warnings[0]


def test_unrolled_layers_make_one_group_whose_choices_are_products_of_masks():
    rng = np.random.default_rng(2)
    W, b = 0.5 * np.eye(4) + 0.1 * rng.standard_normal((4, 4)), rng.standard_normal(4)

    def layers(x, t):
        for k in range(3):
            z = W @ x + b
            x = jnp.sign(z) * jax.nn.relu(jnp.abs(z) - t[k])
        return x

    x, t = np.zeros(4), np.full(3, 0.1)
    for k in range(3):  # a kink in every layer
        z = W @ x + b
        t[k] = np.abs(z[k])
        x = np.sign(z) * np.maximum(np.abs(z) - t[k], 0)
    S = cj.from_jax(layers, np.zeros(4), t).switched()
    assert len(S.ties) == 3
    known = []
    for choice in np.ndindex(2, 2, 2):
        x, J = np.zeros(4), np.hstack([np.eye(4), np.zeros((4, 3))])
        for k in range(3):
            z = W @ x + b
            mask = (np.abs(z) > t[k]).astype(float)
            mask[k] = choice[k]
            J = mask[:, None] * (W @ J)
            J[:, 4 + k] -= mask * np.sign(z)
            x = np.sign(z) * np.maximum(np.abs(z) - t[k], 0)
        known.append(J)
    assert same_sets(S.vertices(), known)


def test_sinkhorn_is_smooth_although_it_takes_maxima():
    rng = np.random.default_rng(3)
    C = rng.random((3, 3))

    def sweep(f, eps):
        g = -eps * jax.scipy.special.logsumexp((f[:, None] - C) / eps, axis=0) - eps * jnp.log(3)
        return -eps * jax.scipy.special.logsumexp((g[None] - C) / eps, axis=1) - eps * jnp.log(3)

    C[0] = C[1]
    F = cj.from_jax(sweep, np.zeros(3), 0.5)
    S = F.switched()
    assert len(S.vertices()) == 1
    np.testing.assert_allclose(S.vertices()[0], F.own_jacobian(), atol=1e-12)


@pytest.mark.parametrize("at", [(1.0, 0.0, 0.0), (0.5, 0.5, 0.0), (1.0, 0.5, -0.5)])
def test_the_projection_to_the_simplex_by_sorting_holds_the_known_derivatives(at):
    def project(v):
        descending = jnp.sort(v)[::-1]
        sums = jnp.cumsum(descending) - 1
        support = jnp.sum(descending * jnp.arange(1, len(v) + 1) > sums)
        return jnp.maximum(v - sums[support - 1] / support, 0)

    F = cj.from_jax(project, np.array(at))
    S = F.switched()
    formula = cj.from_sympy([f"project_simplex({i}, x, y, z)" for i in (1, 2, 3)], state=list("xyz"))
    directions = np.random.default_rng(0).standard_normal((40, 3, 3))
    for kind in ("conical", "selection"):
        known = cj.conservative_jacobian(formula, list(at), kind=kind).vertices
        assert (reach(S.vertices(), directions) >= reach(known, directions) - 1e-12).all()
    assert S.warnings == ()


def test_steps_unrolled_in_a_loop_are_one_group():
    S = cj.from_jax(lambda x: jax.lax.fori_loop(0, 5, lambda _, a: jnp.abs(a) / 2, x), 0.0).switched()
    assert [len(group) for group in S.groups] == [5]
    assert "abs at test_programs_jax_cases.py" in S.warnings[0]
    assert "Trace one step and let the recursion iterate" in S.warnings[0]
    assert same_sets(S.vertices(), [[[1 / 32]], [[-1 / 32]]])


def test_a_large_program_is_left_as_an_operator():
    p = 2100
    x = np.ones(p)
    x[:3] = 0
    S = cj.from_jax(lambda x, t: jnp.maximum(x, 0) / 2 + t * jnp.roll(x, 1), x, 2.0).switched()
    assert S.matrix_free
    assert len(S.ties) == 3
    assert S.warnings == ()
    v, u = np.random.default_rng(0).standard_normal((2, p + 1))
    known = [
        np.where(np.arange(p) < 3, side, 1.0) * v[:p] / 2 + 2 * np.roll(v[:p], 1) + np.roll(x, 1) * v[p]
        for side in (0, 1)
    ]
    found = [S.jvp(s, v) for s in (np.zeros(3), np.ones(3))]
    assert same_sets(found, known)
    assert abs(u[:p] @ found[1] - S.vjp(np.ones(3), u[:p]) @ v) < 1e-10
