"""`one_step_jacobian`: the derivative of the last few steps alone, and how far it is from that of the fixed point."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.checks import as_count
from conservative._core.errors import ArgumentError, ArgumentTypeError
from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.numbers import UNIT_ROUNDOFF
from conservative._core.printable import shown
from conservative._core.result_lines import count, result_line
from conservative.differentiation.enclosures import Decay, decay
from conservative.functions import StateMap
from conservative.functions.switched_jacobian import SwitchedJacobian

Floats = NDArray[np.float64]
_CALL = "one_step_jacobian"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class OneStepJacobian:
    """B + AB + … + A^(K−1)B: derivatives carried through the last K steps from zero.

    Parameters
    ----------
    value : ndarray, shape (p, m)
        In doubles.
    bound : float
        At least ‖J_K − (Id − A)⁻¹B‖_F at the fixed point: ρᴷ‖B‖_F/(1 − ρ) plus what the residual moves. Infinite
        where no power of A is known to contract.
    proved : bool
        Whether `bound` is proved. It is for exact points with F(x, θ) = x and A, B with enclosed roundings; otherwise
        what the residual moves is estimated, and so is ρ where A is an operator.
    rate : float
        ρ: ‖A^n‖₂ with n = `norm_steps`.
    norm_steps : int
        1 where A contracts in the Euclidean norm; else the power of A that is known to.
    residual : float
        ‖F(x, θ) − x‖₂.
    steps : int
        K.
    ties : int
        How many ties the point leaves open: value and bound are those of the choice that the program takes.
    """

    value: Floats = field(repr=False)
    bound: float
    proved: bool
    rate: float
    norm_steps: int
    residual: float
    steps: int
    ties: int

    def __repr__(self) -> str:
        p, m = self.value.shape
        return result_line(
            self,
            f"{p} × {m} from {count(self.steps, 'step')}",
            f"{'within' if self.proved else 'about within'} {self.bound:.6g}",
            f"rate {self.rate:.6g}" + (f" in {self.norm_steps} steps" if self.norm_steps > 1 else ""),
            f"residual {self.residual:.2g}",
            *([f"{count(self.ties, 'tie')} taken one way"] if self.ties else []),
        )


def one_step_jacobian(F: StateMap, at: Any = None, *, steps: int = 1) -> OneStepJacobian:
    """The derivative that differentiating only the last K steps gives, and its bias.

    At a fixed point J = (Id − A)⁻¹B, and J − J_K = Aᴷ(Id − A)⁻¹B: at most ρᴷ‖B‖/(1 − ρ) with ρ = ‖A‖₂. A loop that is
    started at its solution and unrolled for K steps returns the same value. For Newton's method A = 0, and one step
    is all of the derivative.

    Parameters
    ----------
    F : StateMap
        From `from_sympy`, `from_numpy`, an algorithm, or any other; with at least one parameter.
    at : mapping or sequence of numbers, optional
        (x, θ), the state's numbers first: a fixed point, or the last iterate. A program's own point when left out.
    steps : int
        K, the number of last steps, at least 1.

    Returns
    -------
    OneStepJacobian

    Raises
    ------
    ArgumentError, ArgumentTypeError, ShapeError, FunctionError

    Notes
    -----
    Where ‖A‖₂ ≥ 1, a power Aⁿ with ‖Aⁿ‖₂ ≤ ρ < 1 is looked for, n a power of two: then the error is at most
    ‖(Aᴷ + … + A^(K+n−1))B‖_F/(1 − ρ). Roundings of products and norms are enclosed.

    An iterate x that is no fixed point is within T‖F(x, θ) − x‖ of one, T = 1/(1 − ρ), and its derivative moves on the
    way: by T times what one more step moves J_K, to first order. That is added, and the bound is then not proved.

    At a tie the program's own choice is taken; all choices together are `implicit_jacobian`.

    Examples
    --------
    >>> import conservative as cj
    >>> F = cj.from_sympy("x/2 + t", state="x", parameters="t")
    >>> found = cj.one_step_jacobian(F, [2, 1], steps=3)
    >>> found.value.item(), round(found.bound, 12), found.proved
    (1.75, 0.25, True)
    """
    steps = as_count(steps, call=_CALL, argument="steps", least=1)
    if not isinstance(F, StateMap):
        raise ArgumentTypeError(
            f"`{_CALL}(F=...)` needs a map with a state, as `from_sympy` or `from_numpy` make; got {shown(F)}."
        )
    if F.size != F.state_size or not F.parameter_size:
        raise ArgumentError(
            f"`{_CALL}(F=...)` needs a map of the state to itself with at least one parameter; got {F.size} components "
            f"of {F.state_size} states and {F.parameter_size} parameters."
        )
    point = F.point(at, call=_CALL)
    residual = F.residual(point.values)
    S = F.switched(point.values)
    value, moved, found = _carried(S, steps)
    bound = moved
    exact = residual.exact and residual.vanishes
    if not exact:
        bound += found.total * _moved(F, point.floats(), residual.values, steps, value)
    return OneStepJacobian(
        value=value,
        bound=float(bound) if not math.isnan(bound) else math.inf,
        proved=exact and not S.matrix_free and S.rounding is not None and math.isfinite(bound),
        rate=found.rate,
        norm_steps=found.steps,
        residual=float(np.linalg.norm(residual.values)),
        steps=steps,
        ties=len(S.ties),
    )


def _carried(S: SwitchedJacobian, steps: int) -> tuple[Floats, float, Decay]:
    """J_K, a bound of the rest of the series, and how powers of A decay."""
    p = S.state_size
    if S.matrix_free:
        return _carried_by_products(S, steps)
    base = np.asarray(S.base, dtype=np.float64)
    A, B = base[:, :p], base[:, p:]
    away, away_term = (_rounding(S) + UNIT_ROUNDOFF * _size(M) * S.exact for M in (A, B))
    found = decay(A, off=away)
    term, value = B, np.zeros_like(B)
    growth = (_size(A) + away, (p + 2) * UNIT_ROUNDOFF * 1.01 * _size(A) + away)
    for _ in range(steps):
        value = value + term
        term, away_term = A @ term, growth[0] * away_term + growth[1] * _size(term)
    if found is None:
        return value, math.inf, Decay(0, math.nan, math.inf)
    if found.steps == 1:
        size = _size(B) + _rounding(S)
        return value, found.rate**steps * size / (1.0 - found.rate) * (1.0 + 1e-14 * steps), found
    tail, off = term, away_term
    for _ in range(found.steps - 1):
        term, away_term = A @ term, growth[0] * away_term + growth[1] * _size(term)
        tail, off = tail + term, off + away_term + UNIT_ROUNDOFF * _size(tail)
    return value, (_size(tail) + off) / (1.0 - found.rate) * (1.0 + 1e-14), found


def _rounding(S: SwitchedJacobian) -> float:
    return 0.0 if S.rounding is None else S.rounding


def _size(matrix: Floats) -> float:
    return float(frobenius_bounds(matrix)[1])


def _carried_by_products(S: SwitchedJacobian, steps: int) -> tuple[Floats, float, Decay]:
    """The same by products with the operator: ρ is the growth that a few products show, an estimate."""
    p, n = S.state_size, S.shape[1]
    base = S.base

    def step(X: Floats, B: Any) -> Floats:
        return np.asarray(base @ np.concatenate([X, B]))

    select = np.eye(n - p)
    value = np.zeros((p, n - p))
    for _ in range(steps):
        value = step(value, select)
    first = step(np.zeros((p, n - p)), select)
    rate = _largest_stretch(base, p)
    if not rate < 1.0:
        return value, math.inf, Decay(0, rate, math.inf)
    return value, rate**steps * float(np.linalg.norm(first)) / (1.0 - rate), Decay(1, rate, 1.0 / (1.0 - rate))


def _largest_stretch(base: Any, p: int) -> float:
    """‖A‖₂ by power iteration on AᵀA from a fixed start: an estimate from below."""
    vector = np.random.default_rng(0).standard_normal(p)
    rest = np.zeros(base.shape[1] - p)
    found = 0.0
    for _ in range(40):
        vector /= max(float(np.linalg.norm(vector)), 1e-300)
        image = base @ np.concatenate([vector, rest])
        found = float(np.linalg.norm(image))
        vector = np.asarray(base.T @ image)[:p]
    return found


def _moved(F: StateMap, at: list[float], moved: Floats, steps: int, value: Floats) -> float:
    """How far one more step of the iteration moves J_K."""
    if not moved.any():
        return 0.0
    p = F.state_size
    later = F.switched([*(np.array(at[:p]) + moved).tolist(), *at[p:]])
    return float(np.linalg.norm(_carried(later, steps)[0] - value))
