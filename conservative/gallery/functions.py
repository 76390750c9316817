"""Updates F(x, θ) written as sympy expressions, at the points where they are interesting."""

from collections.abc import Callable

import sympy as sp

from conservative.functions import from_sympy
from conservative.gallery.cases import FunctionCase

_TALK = "S. Vaiter, (Automatic) iterative differentiation: some old and new results, talk, 2023"
_OWN = "derived for this project"

_x, _y, _theta, _lam = sp.symbols("x y theta lambda", real=True)


def _relu(z: sp.Expr) -> sp.Expr:
    return sp.Max(z, 0)


def _heavy_ball() -> FunctionCase:
    gradient = sp.Piecewise((_x, _x >= 0), (_x / 4, True))
    step = _x - gradient + sp.Rational(3, 4) * (_x - _y)
    return FunctionCase(
        name="heavy-ball",
        title="heavy ball on f(x) = x²/2 (x ≥ 0), x²/8 (x < 0), α = 1, β = 3/4",
        source=_TALK,
        answer="J_F(0) = conv{M₁, M₂}; M₁M₁M₂M₂ has eigenvalue −9/8; joint spectral radius 1.0321435344",
        function=from_sympy([step, _x], state=(_x, _y), parameters=(_theta,)),
        at={"x": 0, "y": 0, "theta": 0},
        initial=[[["1"], ["0"]]],
    )


def _gradient_descent() -> FunctionCase:
    gradient = sp.Piecewise((_x, _x >= 0), (_x / 4, True))
    return FunctionCase(
        name="gradient-descent",
        title="gradient descent on f(x) = x²/2 (x ≥ 0), x²/8 (x < 0), minus θx, step 1",
        source=_TALK,
        answer="Assumption A holds with ρ = 3/4; J_imp = J_pb = [1, 4]",
        function=from_sympy(_x - gradient + _theta, state=(_x,), parameters=(_theta,)),
        at={"x": 0, "theta": 0},
        initial=[[[0]]],
    )


def _strictness() -> FunctionCase:
    step = _theta - sp.Piecewise((_x / 4, _x >= 0), (3 * _x / 4, True))
    return FunctionCase(
        name="strictness",
        title="θ − x/4 (x ≥ 0), θ − 3x/4 (x < 0): implicit differentiation misses what unrolling returns",
        source=_OWN,
        answer="J_imp = [4/7, 4/5] strictly inside J_pb = [4/13, 12/13]",
        function=from_sympy(step, state=(_x,), parameters=(_theta,)),
        at={"x": 0, "theta": 0},
        initial=[[[0]]],
    )


def _half_absolute() -> FunctionCase:
    return FunctionCase(
        name="half-absolute",
        title="θ − |x|/2",
        source=_OWN,
        answer="J_imp = [2/3, 2], J_pb = [0, 2]",
        function=from_sympy(_theta - sp.Abs(_x) / 2, state=(_x,), parameters=(_theta,)),
        at={"x": 0, "theta": 0},
        initial=[[[0]]],
    )


def _lasso_scalar() -> FunctionCase:
    alpha = sp.Rational(3, 2)
    inner = _x - alpha * (_x - 1)
    step = _relu(inner - alpha * _lam) - _relu(-inner - alpha * _lam)
    return FunctionCase(
        name="lasso-scalar",
        title="one-dimensional lasso, forward–backward with step 3/2, observation y = 1, at λ = 1",
        source=_OWN,
        answer="J_imp = [−1, 0], J_pb = [−max(1, α), 0] = [−3/2, 0]",
        function=from_sympy(step, state=(_x,), parameters=(_lam,)),
        at={"x": 0, "lambda": 1},
        initial=[[[0]]],
    )


def _relu_zero() -> FunctionCase:
    zero = sp.Max(-_x, 0) + _x - sp.Max(_x, 0)
    return FunctionCase(
        name="relu-zero",
        title="relu(−x) + x − relu(x), which is identically 0",
        source=_TALK,
        answer="Clarke {0}; a program may return anything in [−1, 1]",
        function=from_sympy(zero, state=(_x,)),
        at={"x": 0},
    )


_CASES: dict[str, Callable[[], FunctionCase]] = {
    "heavy-ball": _heavy_ball,
    "gradient-descent": _gradient_descent,
    "strictness": _strictness,
    "half-absolute": _half_absolute,
    "lasso-scalar": _lasso_scalar,
    "relu-zero": _relu_zero,
}


def names() -> tuple[str, ...]:
    """Names of the updates."""
    return tuple(_CASES)


def load(name: str) -> FunctionCase:
    """One update, by name."""
    return _CASES[name]()
