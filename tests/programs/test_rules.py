# ruff: noqa: E501
"""Every rule against central differences of NumPy's own values, forward, and by its transpose."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import sparse, special

import conservative as cj
from conservative import FunctionError

RNG = np.random.default_rng(1)
M, V = RNG.standard_normal((4, 4)), RNG.standard_normal(4)
SPARSE = sparse.random_array((4, 4), density=0.6, rng=RNG, format="csr")
A, B, C = RNG.standard_normal((3, 2, 2))


def square(x: Any) -> Any:
    return np.reshape(x, (2, 2))


UFUNCS = [
    np.exp, np.expm1, np.exp2, np.sin, np.cos, np.tan, np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh, np.square,
    np.negative, np.positive, np.absolute, np.fabs, np.cbrt, np.reciprocal, np.deg2rad, np.rad2deg, special.expit,
    special.log_expit, special.erf, special.erfc, special.ndtr, np.conjugate,
]  # fmt: skip
POSITIVE = [np.log, np.log2, np.log10, np.log1p, np.sqrt, special.gammaln]
FUNCTIONS: list[Callable[[Any], Any]] = [
    lambda x: x + V, lambda x: V - x, lambda x: x * V, lambda x: V / x, lambda x: x / V, lambda x: x**3, lambda x: x**2.0,
    lambda x: 2.0**x, lambda x: np.abs(x) ** x, lambda x: +x - -x, lambda x: np.hypot(x[:2], x[2:]),
    lambda x: np.arctan2(np.abs(x[:2]), x[2:]), lambda x: np.logaddexp(x, V), lambda x: special.xlogy(x, np.abs(x) + 1),
    lambda x: np.arcsin(x / 9), lambda x: np.arccos(x / 9), lambda x: np.arctanh(x / 9), lambda x: np.arccosh(x**2 + 2),
    lambda x: special.logit(special.expit(x) / 2), lambda x: x % 0.7, lambda x: np.fmod(x, 0.7), lambda x: x // 10 + x,
    lambda x: M @ x, lambda x: x @ M, lambda x: x @ x, lambda x: np.dot(M, x), lambda x: x.dot(M), lambda x: SPARSE @ x,
    lambda x: x @ SPARSE, lambda x: SPARSE.T.dot(x), lambda x: np.matmul(square(x), square(x)),
    lambda x: square(x) @ A, lambda x: square(x) @ V[:2], lambda x: V[:2] @ square(x), lambda x: np.inner(x, V),
    lambda x: np.vdot(x, x), lambda x: np.outer(x, x), lambda x: np.tensordot(square(x), A, axes=1),
    lambda x: np.tensordot(square(x), square(x), axes=([0], [1])), lambda x: np.kron(square(x), A),
    lambda x: np.einsum("i,ij,j->", x, M, x), lambda x: np.einsum("ij,jk,kl->il", square(x), A, square(x)),
    lambda x: np.einsum("ii->i", square(x)), lambda x: np.einsum("ij->j", square(x)), lambda x: np.einsum("ii", square(x)),
    lambda x: np.einsum("ij,kl->ijkl", square(x), A), lambda x: np.einsum("i,j", x, V), lambda x: np.cross(x[:3], V[1:]),
    lambda x: np.einsum("ijk,k->ij", np.stack([A, B, C]), x[:2]), lambda x: np.stack([A, B]) @ square(x),
    lambda x: np.linalg.multi_dot([A, square(x), B]), lambda x: np.linalg.matrix_power(square(x), 3),
    lambda x: np.linalg.matrix_power(square(x), -1), lambda x: np.trace(square(x)),
    lambda x: np.sum(x), lambda x: square(x).sum(axis=0), lambda x: np.sum(square(x), axis=1, keepdims=True),
    lambda x: x.mean(), lambda x: np.mean(square(x), axis=-1), lambda x: np.average(x, weights=np.abs(V)),
    lambda x: np.var(x), lambda x: np.std(square(x), axis=0, ddof=1), lambda x: np.prod(x),
    lambda x: np.prod(square(x), axis=0), lambda x: np.cumsum(x), lambda x: np.cumsum(square(x), axis=1),
    lambda x: np.cumprod(x), lambda x: np.diff(x), lambda x: np.diff(x, n=2),
    lambda x: np.diff(x, prepend=0, append=[2.0, 3.0]), lambda x: np.diff(square(x), axis=0, append=x[0]),
    lambda x: np.ediff1d(x, to_begin=1.0), lambda x: np.gradient(x, 0.5), lambda x: np.trapezoid(square(x), axis=0),
    lambda x: np.trapezoid(x, np.cumsum(np.abs(V))), lambda x: np.convolve(x, V[:3], mode="same"),
    lambda x: np.convolve(V[:3], x), lambda x: np.convolve(x, x[:2], mode="valid"), lambda x: np.max(x, initial=0.1), lambda x: np.add.accumulate(x),
    lambda x: np.add.reduce(x), lambda x: np.multiply.reduce(x), lambda x: np.add.outer(x, V), lambda x: np.multiply.outer(x, V),
    lambda x: np.linalg.norm(x), lambda x: np.linalg.norm(x, 1), lambda x: np.linalg.norm(x, np.inf), lambda x: np.linalg.norm(x, 3),
    lambda x: np.linalg.norm(square(x)), lambda x: np.linalg.norm(square(x), axis=1), lambda x: np.linalg.norm(square(x), 1),
    lambda x: np.linalg.norm(square(x), axis=0, keepdims=True), lambda x: np.linalg.norm(square(x), np.inf),
    lambda x: np.linalg.solve(M, x), lambda x: np.linalg.solve(square(x), V[:2]), lambda x: np.linalg.solve(square(x), A),
    lambda x: np.linalg.solve(square(x), square(x) @ A), lambda x: np.linalg.inv(square(x)), lambda x: np.linalg.det(square(x)),
    lambda x: np.reshape(x, (2, -1)).T, lambda x: x.reshape(2, 2)[::-1], lambda x: square(x).ravel(), lambda x: square(x).flatten(),
    lambda x: np.transpose(square(x)), lambda x: np.concatenate([x, V, x[:1]]), lambda x: np.stack([x, 2 * x], axis=1),
    lambda x: np.hstack([x, 1.0]), lambda x: np.vstack([x, V]), lambda x: np.column_stack([x, V]), lambda x: np.append(x, 3.0),
    lambda x: np.block([[square(x), A], [B, square(x)]]), lambda x: np.tile(x, 2), lambda x: np.repeat(x, 2), lambda x: np.roll(x, 1),
    lambda x: np.flip(x), lambda x: np.diag(x), lambda x: np.diag(square(x)), lambda x: np.triu(square(x)), lambda x: np.tril(square(x)),
    lambda x: np.pad(x, 1), lambda x: np.pad(x, 1, mode="edge"), lambda x: np.broadcast_to(x, (2, 4)), lambda x: np.take(x, [1, 1, 3]),
    lambda x: np.delete(x, 1), lambda x: np.insert(x, 1, 5.0), lambda x: np.split(x, 2)[1], lambda x: np.expand_dims(x, 0),
    lambda x: x[[0, 0, 2]], lambda x: x[V > 0], lambda x: x[1:-1], lambda x: x[..., None] * V, lambda x: square(x)[:, 0], lambda x: x[-1],
    lambda x: np.maximum(x, V), lambda x: np.fmin(x, V), lambda x: np.clip(x, -0.5, 0.5), lambda x: x.clip(0), lambda x: np.where(x > V, x, V * x),
    lambda x: (x > 0) * x + (x <= 0) * 3 * x, lambda x: np.sign(x) * x, lambda x: np.heaviside(x, 0.5) * x, lambda x: np.sort(x),
    lambda x: np.sort(square(x), axis=0), lambda x: np.partition(x, 2).sum(), lambda x: np.median(x), lambda x: np.quantile(x, 0.3),
    lambda x: np.percentile(x, [25, 50]), lambda x: np.max(x), lambda x: x.min(), lambda x: square(x).max(axis=1), lambda x: np.ptp(x),
    lambda x: np.maximum.accumulate(x), lambda x: np.maximum.reduce(x), lambda x: x[np.argsort(x)] * V, lambda x: x[np.argmax(x)] * 2,
    lambda x: np.select([x > 0.5, x > 0], [x, 2 * x], 3 * x), lambda x: np.piecewise(x, [x < 0, x >= 0], [lambda v: -v, lambda v: v]),
    lambda x: np.copy(x) * 2, lambda x: x.astype(float), lambda x: np.ones_like(x) * x, lambda x: np.full_like(x, x[0]), lambda x: np.real(x),
    lambda x: [x[0], x[1] * x[2]], lambda x: (x, x.sum()), lambda x: np.array([x[0], x[1] * 2, x[2]]), lambda x: np.array([x[0], 1.0]) @ A,
    lambda x: sum(x), lambda x: np.stack(x.tolist()), lambda x: [v.item() for v in x], lambda x: np.nan_to_num(x),
    lambda x: np.concatenate(np.broadcast_arrays(x, 1.0)), lambda x: x.T.conj(), lambda x: np.atleast_2d(x), lambda x: abs(x).max() * x,
    lambda x: np.round(x, 1) + x, lambda x: np.nansum(x), lambda x: np.nanmean(square(x), axis=0), lambda x: np.polyval([1, 2, 3], x),
    lambda x: np.polyval(x, 0.5), lambda x: np.linspace(x[0], x[1], 5), lambda x: np.interp(x, [-1, 0.2, 0.9], [0, 1, -1]),
    lambda x: np.interp(x, [-1, 0.2], [x[0], 1], left=3.0),
    lambda x: np.concatenate(np.meshgrid(x, x[:2])), lambda x: np.where(np.isfinite(x), x, 0), lambda x: np.zeros(4, like=x) + x,
    lambda x: np.array([x[0], 1], like=x), lambda x: x if np.all(x < 100) else -x, lambda x: x / np.maximum(1, np.linalg.norm(x)), lambda x: np.float64(2.0) * x[0] * np.eye(2),
]  # fmt: skip


def filled(x: Any) -> Any:
    y = np.zeros_like(x)
    y[0] = x[1] * x[2]
    y[1:3] = x[:2] ** 2
    y[[3]] = 1.0
    return y


def scattered(x: Any) -> Any:
    y = np.zeros_like(x)
    np.add.at(y, [0, 0, 2], x[:3] ** 2)
    return y


def changed_in_place(x: Any) -> Any:
    y = x.copy()
    y[y > 0.2] *= 2
    y[1:] += y[:-1]
    y -= 1
    row = y.reshape(2, 2)[1]
    row *= x[0]
    np.fill_diagonal(y.reshape(2, 2), x[3])
    return y


def sorted_in_place(x: Any) -> Any:
    y = x * V
    y.sort()
    np.maximum(y, 0.1, out=y)
    return y


def random_point(F: Callable[..., Any]) -> Any:
    rng = np.random.default_rng(3)
    return np.abs(rng.standard_normal(4)) + 0.3 if F in POSITIVE else rng.standard_normal(4) + 0.05


@pytest.mark.parametrize("F", [*UFUNCS, *POSITIVE, *FUNCTIONS, filled, scattered, changed_in_place, sorted_in_place])
def test_a_rule_is_the_derivative(F: Callable[..., Any]) -> None:
    x = random_point(F)
    program = cj.from_numpy(F, x)
    form = program.switched()
    assert not form.ties
    assert form.value.astype(float) == pytest.approx(program.evaluate(x), rel=1e-13, abs=1e-13)
    h = 1e-6 * np.eye(4)
    differences = (program.evaluate(x + h) - program.evaluate(x - h)).T / 2e-6
    assert np.abs(form.base - differences).max() <= 1e-7 * max(1.0, np.abs(differences).max())


@pytest.mark.parametrize("F", [*UFUNCS, *POSITIVE, *FUNCTIONS, filled, scattered, changed_in_place, sorted_in_place])
def test_a_transpose_is_the_transpose(F: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    program = cj.from_numpy(F, random_point(F))
    dense = program.switched().base
    monkeypatch.setattr("conservative.programs.array.assemble._DENSE_ENTRIES", 0)
    free = program.switched()
    assert free.matrix_free
    assert np.abs(free.base @ np.eye(4) - dense).max() <= 1e-12 * max(1.0, np.abs(dense).max())
    assert np.abs(free.base.T @ np.eye(len(dense)) - dense.T).max() <= 1e-12 * max(1.0, np.abs(dense).max())


RATIONAL: list[Callable[[Any], Any]] = [
    lambda x: np.exp(0 * x) * x, lambda x: np.sqrt(x**2 + 0 * x), lambda x: x ** Fraction(1, 2), lambda x: np.linalg.norm(x[:2]),
    lambda x: np.linalg.solve(np.diag(x), np.ones(3)), lambda x: np.linalg.inv(np.diag(x) + 1), lambda x: np.prod(x) / x, lambda x: np.cumsum(x) ** 3,
    lambda x: np.sort(x)[::-1] @ np.arange(9).reshape(3, 3), lambda x: np.clip(x, 0, np.inf), lambda x: np.median(x) * x, lambda x: x.mean() - x,
    lambda x: np.einsum("i,j->ij", x, x).sum(axis=0), lambda x: np.max(x, keepdims=True) * x, lambda x: x**-2, lambda x: np.hypot(x[0], x[1]),
    lambda x: np.concatenate([x, [0.5]]), lambda x: np.array([x[0], x[1]]) / 3, lambda x: np.tril(np.outer(x, x)), filled,
]  # fmt: skip


@pytest.mark.parametrize("F", RATIONAL)
def test_fractions_agree_with_floats(F: Callable[..., Any]) -> None:
    point = [9, 16, 4, 1] if F is filled else [9, 16, 4] if F is RATIONAL[2] else [3, 4, Fraction(9, 2)]
    if F in RATIONAL[3:4] or F is RATIONAL[15]:
        point = [3, 4, 1]
    exact = cj.from_numpy(F, point).switched()
    floats = cj.from_numpy(F, point, exact=False).switched()
    assert exact.exact
    assert all(isinstance(entry, Fraction) for entry in exact.base.ravel())
    assert exact.base.astype(float) == pytest.approx(floats.base, rel=1e-12, abs=1e-12)
    assert exact.value.astype(float) == pytest.approx(floats.value, rel=1e-12)
    assert cj.from_numpy(F, point).engine.exact_value([Fraction(v) for v in point]).tolist() == exact.value.tolist()


SCALAR: list[Callable[[Any], Any]] = [
    lambda x: x + 1, lambda x: 1 - x, lambda x: x * x, lambda x: 1 / x, lambda x: x**3, lambda x: 2 / x**2, lambda x: np.sqrt(x), lambda x: abs(-x),
    lambda x: max(x, 1), lambda x: np.maximum(x, 4) + np.minimum(x, 4), lambda x: np.clip(x, 0, 1) + x, lambda x: np.where(x > 4, x, 2 * x - 4) * 3,
    lambda x: (x >= 4) * (x - 4), lambda x: (x > 1) * x, lambda x: np.sign(x) * x, lambda x: np.stack([x, 2 * x]), lambda x: np.sum(x), lambda x: [x, x],
    lambda x: np.full_like(x, 3) * x, lambda x: np.hypot(x - 1, 4), lambda x: np.linalg.norm(np.stack([x - 1, x])), lambda x: x.reshape(1) * 2,
    lambda x: (x < 4) * x + (x >= 4) * 4, lambda x: (1 - (x > 4)) * x + (x > 4) * (2 * x - 4), lambda x: np.exp(x - 4), lambda x: -x, lambda x: +x,
    lambda x: np.heaviside(x - 4, 1) * (x - 4), lambda x: np.median(np.stack([x, 4, 5])), lambda x: np.array([x, 1, x]), lambda x: x // 3 + x % 3,
]  # fmt: skip


@pytest.mark.parametrize("F", SCALAR)
def test_numbers_without_axes_agree_exactly_with_floats_at_ties_and_off(F: Callable[..., Any]) -> None:
    exact, floats = cj.from_numpy(F, 4).switched(), cj.from_numpy(F, 4.0).switched()
    assert exact.exact
    assert exact.vertices().astype(float) == pytest.approx(floats.vertices(), rel=1e-12)
    assert [str(tie) for tie in exact.ties] == [str(tie) for tie in floats.ties]
    assert exact.value.astype(float) == pytest.approx(floats.value)


def test_a_view_that_is_out_of_date_is_refused() -> None:
    def stale(x: Any) -> Any:
        y = x.copy()
        top = y[:2]
        y[0] = 5.0
        return top

    with pytest.raises(FunctionError, match="through a view that was made before"):
        cj.from_numpy(stale, [1.0, 2.0, 3.0]).switched()


def test_a_value_kept_from_an_earlier_run_is_refused() -> None:
    kept: list[Any] = []

    def keeps(x: Any) -> Any:
        kept.append(x)
        return kept[2] * 2 if len(kept) > 3 else x * 2

    program = cj.from_numpy(keeps, [1.0])
    program.switched()
    with pytest.raises(FunctionError, match="earlier run was kept"):
        program.switched()
