"""Implicit derivatives of algorithms: the truth table's values, outputs, quotients, many ties, and products alone."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import conservative as cj
from conservative._core.errors import ArgumentError
from conservative._core.exactness import Exactness
from conservative.differentiation.implicit_reduced import ReducedTies
from conservative.functions.switched_jacobian import SwitchedJacobian

LASSO = cj.problems.lasso([[2, 1], [1, 2], [0, 1]], [4, 3, -1])
QUARTER, TENTH = Fraction(1, 4), Fraction(1, 10)
SEGMENT = {((Fraction(-1, 5),), (Fraction(0),)), ((Fraction(-1, 7),), (Fraction(-1, 14),))}


@pytest.mark.parametrize(
    "algorithm",
    [
        cj.algorithms.forward_backward(LASSO, step=TENTH),
        cj.algorithms.coordinate_descent(LASSO),
        cj.algorithms.fista(LASSO, step=TENTH, momentum=Fraction(1, 2)),
        cj.algorithms.douglas_rachford(LASSO, step=QUARTER),
        cj.algorithms.admm(LASSO, penalty=4),
        cj.algorithms.chambolle_pock(LASSO, step=QUARTER, dual_step=QUARTER),
    ],
    ids=lambda algorithm: algorithm.name,
)
def test_the_segment_belongs_to_the_solution(algorithm: cj.algorithms.Algorithm) -> None:
    """L1 of the truth table: all six algorithms have the derivatives (−1/5, 0) and (−1/7, −1/14) of their answer."""
    at = [*algorithm.lift([Fraction(2), Fraction(0)], [Fraction(1)]), 1]
    found = cj.implicit_jacobian(algorithm, at)
    assert found.exact_output_vertices is not None
    assert set(found.exact_output_vertices) == SEGMENT
    assert found.exactness is Exactness.EXACT
    assert found.residual == 0.0
    assert found.output_entries is not None
    np.testing.assert_allclose(found.output_entries[:, 0], [[-1 / 5, -1 / 7], [-1 / 14, 0]], atol=1e-15)


def test_the_state_of_douglas_rachford_has_derivatives_of_its_own() -> None:
    """L1: (1/20, 1/5) and (3/28, 5/28) for z, by the tie that its answer shares."""
    algorithm = cj.algorithms.douglas_rachford(LASSO, step=QUARTER)
    found = cj.implicit_jacobian(algorithm, [Fraction(9, 4), QUARTER, 1])
    assert found.exact_vertices is not None
    states = {tuple(row[0] for row in vertex) for vertex in found.exact_vertices}
    assert states == {(Fraction(1, 20), Fraction(1, 5)), (Fraction(3, 28), Fraction(5, 28))}
    assert algorithm.joint_map.switched([Fraction(9, 4), QUARTER, 1]).choices == 2


def test_a_constraint_written_twice_determines_the_output_alone() -> None:
    """DUP of the truth table: Id − A is singular along (1, −1), and x = θ + u₁ + u₂ has the derivative 0."""

    class Twice:
        def __init__(self) -> None:
            self.F = cj.from_numpy(lambda u, t: np.maximum(u - (u.sum() + t) / 4, 0), [1, 1], [-1])
            self.joint_map = cj.from_numpy(
                lambda u, t: np.concatenate([np.maximum(u - (u.sum() + t) / 4, 0), t + u.sum()]), [1, 1], [-1]
            )

        def __getattr__(self, name: str) -> object:
            return getattr(self.F, name)

    half = Fraction(1, 2)
    found = cj.implicit_jacobian(Twice(), [half, half, -1])  # type: ignore[arg-type]
    assert found.exact_output_vertices == (((Fraction(0),),),)
    assert found.exact_vertices == (((-half,), (-half,)),)
    assert found.quotient is not None
    np.testing.assert_array_equal(found.quotient, [[-1], [1]])
    assert found.invertible is True
    # Where both bounds are weakly active only one vertex is singular, and the answer is that of the projection at 0.
    kink = cj.implicit_jacobian(Twice(), [0, 0, 0])  # type: ignore[arg-type]
    assert {vertex[0][0] for vertex in kink.exact_output_vertices or ()} == {0, 1}
    assert kink.quotient is None
    with pytest.raises(ArgumentError, match="is singular at vertex"):
        cj.implicit_jacobian(Twice().F, [0, 0, 0])


def test_what_b_moves_along_a_kernel_that_a_keeps_is_refused() -> None:
    """A = [[1, 1], [0, 1]]: on the quotient by (1, 0) the eigenvalue 1 is left."""
    J = cj.JacobianSet.from_blocks([[[1, 1], [0, 1]]], [[[0], [1]]])
    with pytest.raises(ArgumentError, match="is singular at vertex 1"):
        cj.implicit_jacobian(J)


def test_two_lines_by_douglas_rachford() -> None:
    """DR2: the derivative (1/4, 0)."""
    J = cj.JacobianSet.from_blocks([[["9/25", "-12/25"], ["12/25", "9/25"]]], [[["4/25"], ["-3/25"]]])
    assert cj.implicit_jacobian(J).exact_vertices == (((QUARTER,), (Fraction(0),)),)


@pytest.mark.parametrize("damping", [1, Fraction(1, 2)])
def test_relu_equilibrium_has_the_same_derivatives_whatever_the_damping(damping: object) -> None:
    """D1: [1 0; 0 0] and [3/4 1/2; −1/2 1]."""
    layer = cj.algorithms.relu_equilibrium([[0, "1/2"], ["-1/2", "1/4"]], damping=damping)
    found = cj.implicit_jacobian(layer, [1, 0, 1, Fraction(1, 2)])
    known = {((1, 0), (0, 0)), ((Fraction(3, 4), Fraction(1, 2)), (Fraction(-1, 2), 1))}
    assert set(found.exact_vertices or ()) == known


@pytest.mark.parametrize("name", ["heavy_ball", "nesterov"])
def test_momentum_on_ridge(name: str) -> None:
    """R1: (−19/52, 2/13) by either."""
    problem = cj.problems.ridge([[2, 1], [1, 2], [0, 1]], [4, 3, -1])
    algorithm = getattr(cj.algorithms, name)(problem, step=TENTH, momentum=QUARTER)
    found = cj.implicit_jacobian(algorithm, [*algorithm.lift([Fraction(41, 26), Fraction(5, 13)], [Fraction(1)]), 1])
    assert found.exact_output_vertices == (((Fraction(-19, 52),), (Fraction(2, 13),)),)


def test_newton_root() -> None:
    """NR: 1/(2√2) at √2; at an iterate the error covers what is missing."""
    F = cj.from_sympy("(x + t/x)/2", state="x", parameters="t")
    exact = 0.3535533905932738
    assert abs(cj.implicit_jacobian(F, [2**0.5, 2.0]).vertices.item() - exact) < 1e-15
    for x in (1.5, 1.5 - 1 / 12, 1.41):
        found = cj.implicit_jacobian(F, [x, 2.0])
        assert found.residual == pytest.approx(abs((x + 2 / x) / 2 - x))
        assert 0 < abs(found.vertices.item() - exact) <= found.error < 0.1
        assert not found.proved


K2 = {"C": [[0, 1, 4], [1, 0, 1], [4, 1, 0]], "a": [0.2, 0.3, 0.5], "b": [0.4, 0.4, 0.2]}


def test_sinkhorn_by_the_quotient() -> None:
    """K1: dP₁₁/dε = −e^{−1/ε}/(2ε²(1 + e^{−1/ε})²); K2: by ε, by C₁₂ and along (1, −1, 0) of a."""
    for strength in (0.3, 1.0, 2.5):
        problem = cj.problems.optimal_transport([[0, 1], [1, 0]])
        algorithm = cj.algorithms.sinkhorn(problem)
        at = [*algorithm.lift(problem.solve(strength), [strength]), strength]
        found = cj.implicit_jacobian(algorithm, at)
        decay = np.exp(-1 / strength)
        known = -decay / (2 * strength**2 * (1 + decay) ** 2)
        np.testing.assert_allclose(found.output_vertices.ravel(), known * np.array([1, -1, -1, 1]), atol=1e-12)
        assert found.quotient is not None
        np.testing.assert_allclose(abs(found.quotient.ravel()), 2**-0.5, atol=1e-12)
    known = {
        "epsilon": (
            [1.0],
            [-0.0384088108478, 0.0369869652934, 0.00142184555443, -0.0363331938782, 0.0113818409494, 0.0249513529288,
             0.074742004726, -0.0483688062428, -0.0263731984832],
        ),
        "C": (
            [0, 1, 0, 0, 0, 0, 0, 0, 0],
            [0.0140389935277, -0.0140797384981, 4.07449703626e-5, -0.00897040768641, 0.00843780090483,
             0.00053260678159, -0.0050685858413, 0.00564193759325, -0.000573351751952],
        ),
        "a": (
            [1, -1, 0],
            [0.8679281176, 0.130411329152, 0.00166055324801, -0.7541273204, -0.221687626187, -0.0241850534136,
             -0.113800797201, 0.0912762970353, 0.0225245001655],
        ),
    }  # fmt: skip
    for name, (direction, values) in known.items():
        algorithm = cj.algorithms.sinkhorn(cj.problems.optimal_transport(**K2, theta=(name,)))
        found = cj.implicit_jacobian(algorithm)
        np.testing.assert_allclose(found.output_vertices[0] @ direction, values, atol=1e-10)
        run = cj.piggyback(algorithm, np.zeros(3), [float(x) for x in algorithm.problem.theta], steps=60)
        np.testing.assert_allclose(run.output_derivatives[-1] @ direction, values, atol=1e-10)


def tied_layer(ties: int, p: int) -> SwitchedJacobian:
    """x = relu(Wx + θ) with some preactivations at 0, all others active or not."""
    rng = np.random.default_rng(ties)
    W = rng.standard_normal((p, p)) * 0.4 / p**0.5
    base = np.zeros((p, 2 * p))
    base[ties : p // 2 + ties, :p], base[ties : p // 2 + ties, p:] = (
        W[ties : p // 2 + ties], np.eye(p)[ties : p // 2 + ties],
    )  # fmt: skip
    F = cj.from_numpy(
        lambda x, t: np.maximum(W @ x + t, 0), np.zeros(p), np.concatenate([np.zeros(ties), np.ones(p - ties)])
    )
    x = np.zeros(p)
    theta = np.concatenate([np.zeros(ties), np.where(np.arange(p - ties) % 2, 1.0, -1.0)])
    for _ in range(200):
        x[ties:] = np.maximum(W[ties:] @ x + theta[ties:], 0)
    theta[:ties] = -W[:ties] @ x
    return F.switched([*x, *theta])


def test_many_ties_lie_between_bounds_without_vertices() -> None:
    S = tied_layer(20, 36)
    assert len(S.ties) == 20
    found = cj.implicit_jacobian(S)
    assert found.invertible is True
    assert found.entries is not None
    rng = np.random.default_rng(1)
    s = np.vstack([rng.integers(0, 2, (20, 20)).astype(float), rng.uniform(size=(20, 20))])
    blocks = S.blocks(s)
    solves = np.linalg.solve(np.eye(36) - blocks[:, :, :36], blocks[:, :, 36:])
    assert (found.entries[..., 0] <= solves.min(axis=0) + 1e-12).all()
    assert (solves.max(axis=0) - 1e-12 <= found.entries[..., 1]).all()
    assert (found.entries[..., 1] - found.entries[..., 0]).max() < 4.0
    # Every solve that is shown is one of the set.
    assert (found.entries[..., 0] <= found.vertices.min(axis=0) + 1e-9).all()


def test_few_ties_give_the_same_by_vertices_and_by_ties() -> None:
    S = tied_layer(4, 20)
    listed = cj.implicit_jacobian(cj.JacobianSet.from_blocks(*np.split(S.vertices(), 2, axis=2)))
    reduced = ReducedTies(S)
    solves = reduced.solves(S.weights(list(S.patterns())))[0]
    gaps = np.abs(listed.vertices[:, None] - solves[None]).max(axis=(2, 3))
    assert gaps.min(axis=1).max() < 1e-12
    assert (reduced.bounds(reduced.X0, reduced.G)[..., 0] <= listed.vertices.min(axis=0)).all()
    rows, columns = np.divmod(np.arange(400), 20)
    ends, weights = reduced.attained(reduced.X0[rows], reduced.G[rows], columns)
    for side, best in ((ends[:, 0], listed.vertices.min(axis=0)), (-ends[:, 1], -listed.vertices.max(axis=0))):
        assert (side >= best.ravel() - 1e-12).all()
        assert (side <= best.ravel() + 1e-12).mean() > 0.95
    assert weights.shape == (400, 2, 4)
    whole = cj.implicit_jacobian(S)
    assert whole.invertible is True
    assert whole.entries is not None
    np.testing.assert_allclose(whole.entries[..., 0], listed.vertices.min(axis=0), atol=1e-9)


@pytest.mark.parametrize("solver", ["auto", "krylov"])
def test_large_programs_are_solved_on_the_rows_that_move(solver: str) -> None:
    """Lasso, p = 300 with 12 active: (X_SᵀX_S)⁻¹ sign(w_S) on the support S."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 300)) / 80**0.5
    w = np.zeros(300)
    w[::25] = 2.0
    algorithm = cj.algorithms.forward_backward(cj.problems.lasso(X, X @ w), step=0.1)
    z = np.zeros(300)
    for _ in range(4000):
        z = algorithm.evaluate(z, [0.3])
    S = np.flatnonzero(z)
    found = cj.implicit_jacobian(algorithm, [*z, 0.3], solver=solver)
    known = np.zeros(300)
    known[S] = -np.linalg.solve(X[:, S].T @ X[:, S], np.sign(z[S]))
    np.testing.assert_allclose(found.vertices[0, :, 0], known, atol=1e-9)
    assert found.exactness is Exactness.EXACT


def test_maps_that_are_no_map_of_the_state_are_refused() -> None:
    F = cj.from_numpy(lambda x, t: np.concatenate([x, t]), [1.0], [1.0])
    with pytest.raises(ArgumentError, match="F has 2 components for 1 states"):
        cj.implicit_jacobian(F)
    with pytest.raises(cj.ConservativeError, match="needs a map F"):
        cj.implicit_jacobian(np.eye(2))  # type: ignore[arg-type]


def test_rationals_are_refused_where_vertices_are_not_listed() -> None:
    with pytest.raises(ArgumentError, match=r'solver="rational"\)` lists the vertices of few ties and states'):
        cj.implicit_jacobian(tied_layer(20, 36), solver="rational")


def test_a_zonotope_that_covers_its_set_gives_solves_that_need_not_belong() -> None:
    F = cj.from_numpy(lambda x, t: np.maximum(x / 4 + t, 0), np.zeros(14), np.zeros(14))
    J = cj.conservative_jacobian(F)
    assert cj.implicit_jacobian(J).exactness is Exactness.INNER
    assert cj.implicit_jacobian(replace(J, tight=False)).exactness is Exactness.OUTER
