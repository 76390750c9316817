"""`SmoothMap`: its derivatives are those of the same formula read by the tracer, alone and between kinks."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import conservative as cj

_RNG = np.random.default_rng(3)
X = _RNG.normal(size=(5, 3))


def step(**changed: Any) -> cj.SmoothMap:
    parts: dict[str, Any] = {
        "value": lambda x, y: x - 0.1 * (X.T @ np.tanh(X @ x - y)),
        "jvp": lambda x, y, dx, dy: dx - 0.1 * (X.T @ ((1 - np.tanh(X @ x - y) ** 2) * (X @ dx - dy))),
        "vjp": lambda x, y, u: (
            u - 0.1 * (X.T @ ((1 - np.tanh(X @ x - y) ** 2) * (X @ u))),
            0.1 * ((1 - np.tanh(X @ x - y) ** 2) * (X @ u)),
        ),
        "state": 3,
        "parameters": 5,
    } | changed
    return cj.SmoothMap(**parts)


def formula(x: Any, y: Any) -> Any:
    return x - 0.1 * (X.T @ np.tanh(X @ x - y))


AT = [0.3, -0.2, 0.5, *_RNG.normal(size=5)]


def test_alone_it_is_a_state_map_with_the_derivatives_of_its_formula() -> None:
    F, G = step(), cj.from_numpy(formula, AT[:3], AT[3:])
    assert isinstance(F, cj.functions.StateMap)
    form, wanted = F.switched(AT), G.switched(AT)
    assert not form.ties
    assert np.allclose(form.base, wanted.base, atol=1e-14)
    assert np.allclose(F.linearized(AT).vjp([], np.ones(3)), wanted.base.sum(axis=0), atol=1e-14)
    batch = np.stack([AT[:3], [1, 2, 3]])
    assert np.allclose(F.evaluate(batch, AT[3:]), G.evaluate(batch, AT[3:]), atol=1e-15)
    assert len(cj.conservative_jacobian(F, AT).vertices) == 1
    runs = [cj.piggyback(H, AT[:3], AT[3:], steps=20) for H in (F, G)]
    assert np.allclose(runs[0].derivatives[-1], runs[1].derivatives[-1], atol=1e-13)
    solved = [cj.implicit_jacobian(H, AT).vertices for H in (F, G)]
    assert np.allclose(solved[0], solved[1], atol=1e-10)


def test_between_kinks_it_is_one_operation_of_the_program() -> None:
    F = step()

    def with_map(z: Any, y: Any) -> Any:
        return np.maximum(F(np.abs(z), y * y), 0.1)

    def plain(z: Any, y: Any) -> Any:
        return np.maximum(formula(np.abs(z), y * y), 0.1)

    at = [0.0, -0.2, 0.5, *AT[3:]]
    found, wanted = (cj.from_numpy(f, at[:3], at[3:]).switched() for f in (with_map, plain))
    assert len(found.ties) == len(wanted.ties) == 1
    assert np.allclose(found.vertices(), wanted.vertices(), atol=1e-13)
    pulled = cj.vjp(cj.from_numpy(with_map, at[:3], at[3:]), at[:3], at[3:], np.ones(3), steps=4)
    assert np.allclose(
        pulled.value, cj.vjp(cj.from_numpy(plain, at[:3], at[3:]), at[:3], at[3:], np.ones(3), steps=4).value
    )


def test_large_sparse_data_stay_an_operator() -> None:
    p = 10_000
    M = sp.random_array((50, p), density=1e-3, rng=np.random.default_rng(0), format="csr")
    F = cj.SmoothMap(
        lambda x, y: x - M.T @ (M @ x - y),
        lambda x, y, dx, dy: dx - M.T @ (M @ dx - dy),
        lambda x, y, u: (u - M.T @ (M @ u), M @ u),
        state=p, parameters=50,
    )  # fmt: skip
    at = np.zeros(p + 50)
    at[:3] = 1.0
    ista = cj.from_numpy(lambda x, y: np.maximum(F(x, y) - 0.1, 0) - np.maximum(-F(x, y) - 0.1, 0), at[:p], at[p:])
    form = ista.switched(at)
    assert form.matrix_free
    assert F.switched(at).matrix_free
    v, u = _RNG.normal(size=p + 50), _RNG.normal(size=p)
    s = np.full(len(form.Z), 0.5)
    assert u @ form.jvp(s, v) == pytest.approx(form.vjp(s, u) @ v)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"jvp": 3}, "needs a function"),
        ({"state": 0}, "no state"),
        ({"state": ["a", "b", "a"]}, "'a' twice"),
    ],
)
def test_what_is_no_map_is_refused(changed: dict[str, Any], words: str) -> None:
    with pytest.raises((cj.ArgumentError, cj.ArgumentTypeError), match=words):
        step(**changed)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"vjp": lambda x, y, u: (u, np.zeros(5))}, "no transposes"),
        ({"vjp": lambda x, y, u: u}, "returns a pair"),
        ({"jvp": lambda x, y, dx, dy: dx[:2]}, r"`SmoothMap\(jvp=...\)` returned shape \(2,\)"),
        ({"value": lambda x, y: y}, r"`SmoothMap\(value=...\)` returned shape \(5,\)"),
        ({"jvp": lambda x, y, dx, dy: dx * np.nan}, "not finite"),
    ],
)
def test_derivatives_that_are_none_are_refused(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(cj.FunctionError, match=words):
        step(**changed).switched(AT)
