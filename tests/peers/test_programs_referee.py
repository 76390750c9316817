"""What a referee found in JAX and PyTorch programs: stopped gradients, scattered maxima, rules of two comparisons."""

import numpy as np
import pytest

import conservative as cj

pytestmark = pytest.mark.peers


def test_a_stopped_gradient_is_no_derivative_of_the_function_and_not_called_clarkes() -> None:
    """x·stop(x) has the slope x by its own rule, and 2x as a function."""
    jax = pytest.importorskip("jax")
    F = cj.from_jax(lambda x: jax.lax.stop_gradient(x) * x, np.array([1.0, 2.0]))
    J = cj.conservative_jacobian(F)
    assert J.exactness is cj.Exactness.OUTER
    assert np.diag(J.vertices[0]).tolist() == [1.0, 2.0]
    assert any("stop_gradient" in note for note in F.switched().warnings)
    assert "where the program's own rules are derivatives" in str(cj.explain(F))


def test_a_detached_tensor_is_none_either() -> None:
    torch = pytest.importorskip("torch")
    F = cj.from_torch(lambda x: x.detach() * x, torch.tensor([1.0, 2.0], dtype=torch.float64))
    assert cj.conservative_jacobian(F).exactness is cj.Exactness.OUTER
    assert any("detach" in note for note in F.switched().warnings)


def test_a_rule_of_two_comparisons_opens_the_one_that_ties() -> None:
    """relu6 decides by (x > 0) & (x < 6): at 0 and at 6 only one of them is tied."""
    jax = pytest.importorskip("jax")
    form = cj.from_jax(jax.nn.relu6, np.array([0.0, 6.0, 3.0])).switched()
    slopes = {tuple(np.diag(block).tolist()) for block in form.vertices()}
    assert slopes == {(a, b, 1.0) for a in (0.0, 1.0) for b in (0.0, 1.0)}
