"""`one_step_jacobian`: the derivative of the last few steps alone, and how far it is from that of the fixed point."""

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from conservative._core.checks import as_count
from conservative._core.errors import ArgumentError, ArgumentTypeError
from conservative._core.matrix_norms import frobenius_bounds
from conservative._core.null_spaces import DECOMPOSED, null_space
from conservative._core.numbers import UNIT_ROUNDOFF
from conservative._core.printable import shown
from conservative._core.result_lines import count, result_line
from conservative.differentiation.enclosures import PowerDecay, power_decay
from conservative.differentiation.implicit_systems import form_at
from conservative.differentiation.jumps import refuse_jumps
from conservative.differentiation.resolvents import StatePart
from conservative.functions import StateMap
from conservative.functions.state_map import refuse_without_fixed_point
from conservative.functions.switched_jacobian import SwitchedJacobian

Floats = NDArray[np.float64]
_CALL = "one_step_jacobian"
_MOST_OUTPUTS = 400
"""Outputs up to which C is formed for their bound."""


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
    output_value : ndarray, shape (q, m)
        C J_K + D for a map with an output w = output(z, θ); else `value`.
    output_bound : float
        The bound of the output, at most ‖C‖_F times that of the state.
    quotient : ndarray, shape (p, d), or None
        What Id − A sends to 0, modulo which the state's bound holds; the bound of an output that does not see it holds
        as it is.
    """

    value: Floats = field(repr=False)
    bound: float
    proved: bool
    rate: float
    norm_steps: int
    residual: float
    steps: int
    ties: int
    output_value: Floats = field(repr=False)
    output_bound: float = field(repr=False)
    quotient: Floats | None = field(repr=False, default=None)

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

    A program of many states is asked for products only; from the second term on they live on the rows R that A moves,
    so that ρ is that of A_RR, an active set, and the bound ρᴷ⁻¹‖AB‖/(1 − ρ).

    *Warm starts.* A loop of K steps that is started at its solution, as between the steps of an outer descent, and
    unrolled returns J_K, whatever it was started from before: the bias is that of this call, ρᴷ‖B‖/(1 − ρ).

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
    refuse_without_fixed_point(F, call=_CALL)
    point = F.point(at, call=_CALL)
    residual = F.residual(point.values)
    S = form_at(F, point.values)
    refuse_jumps(F, S, point.values, call=_CALL)
    found = carried(S, steps)
    exact = residual.exact and residual.vanishes
    drift = (0.0, 0.0) if exact else _moved(F, point.floats(), residual.values, steps, found)
    bound, output_bound = found.bound + drift[0], found.output_bound + drift[1]
    sure = exact and not S.matrix_free and S.rounding is not None and found.quotient is None
    return OneStepJacobian(
        value=found.value,
        bound=_number(bound),
        proved=sure and math.isfinite(bound),
        rate=found.decay.rate,
        norm_steps=found.decay.steps,
        residual=float(np.linalg.norm(residual.values)),
        steps=steps,
        ties=len(S.ties),
        output_value=found.output,
        output_bound=_number(output_bound),
        quotient=found.quotient,
    )


class Carried(NamedTuple):
    """J_K of the state and of the output, bounds of the rest of their series, and how powers of A decay."""

    value: Floats
    output: Floats
    bound: float
    output_bound: float
    decay: PowerDecay
    quotient: Floats | None


def carried(S: SwitchedJacobian, steps: int) -> Carried:
    """The nominal choice carried through the last steps."""
    p = S.state_size
    value, bound, found, quotient = _by_products(S, steps) if S.matrix_free else _by_blocks(S, steps)
    if S.shape[0] == p:
        return Carried(value, value, bound, bound, found, quotient)
    m = value.shape[1]
    output = np.asarray(S.base @ np.concatenate([value, np.eye(m)]), dtype=np.float64)[p:]
    rows = _output_rows(S)
    large = _size(rows) if rows is not None else math.inf
    if quotient is not None and rows is not None and _size(rows @ quotient) > 1e-9 * max(1.0, large):
        large = math.inf
    return Carried(value, output, bound, bound * large if bound else 0.0, found, quotient)


def _output_rows(S: SwitchedJacobian) -> Floats | None:
    """C, where it is stored or has few rows."""
    p, (rows, n) = S.state_size, S.shape
    if not S.matrix_free:
        return np.asarray(S.base[p:, :p], dtype=np.float64)
    if rows - p > _MOST_OUTPUTS:
        return None
    units = np.zeros((rows, rows - p))
    units[p:] = np.eye(rows - p)
    return np.asarray(S.base.T @ units)[:n][:p].T


def _by_blocks(S: SwitchedJacobian, steps: int) -> tuple[Floats, float, PowerDecay, Floats | None]:
    """Sums of products of the stored blocks, with their roundings."""
    p = S.state_size
    base = np.asarray(S.base[:p], dtype=np.float64)
    A, B = base[:, :p], base[:, p:]
    away, away_term = (_rounding(S) + UNIT_ROUNDOFF * _size(M) * S.exact for M in (A, B))
    term, value = B, np.zeros_like(B)
    for _ in range(steps):
        value, term = value + term, A @ term
    kernel = null_space(np.eye(p) - A) if 1 < p <= DECOMPOSED else np.zeros((p, 0))
    quotient = kernel if 0 < kernel.shape[1] < p else None
    if quotient is not None:
        A, B = (M - quotient @ (quotient.T @ M) for M in (A, B))
    return value, *_rest(A, B, steps, away, away_term), quotient


def _rest(A: Floats, B: Floats, steps: int, away: float, away_term: float) -> tuple[float, PowerDecay]:
    """A bound of ‖Aᴷ(Id − A)⁻¹B‖, and how powers of A decay. `away`, `away_term`: how far A and B may be off."""
    found = power_decay(A, off=away)
    if found is None:
        return math.inf, PowerDecay(0, math.nan, math.inf)
    if found.steps == 1:
        size = _size(B) + away_term
        return found.rate**steps * size / (1.0 - found.rate) * (1.0 + 1e-14 * steps), found
    # ‖AᴷX‖ ≤ ‖Aⁿ‖^q ‖A^(K − qn)X‖: what rounding adds to powers that are formed grows with their number.
    whole, left = divmod(steps, found.steps)
    few = found.rate**whole * (1.0 + 1e-14 * whole) * _after(A, B, left, away, away_term, found)
    return min(few, _after(A, B, steps, away, away_term, found)), found


def _after(A: Floats, B: Floats, steps: int, away: float, away_term: float, found: PowerDecay) -> float:
    """A bound of ‖Aᴷ(Id − A)⁻¹B‖ from Aᴷ and the n − 1 powers that follow."""
    growth = (_size(A) + away, (len(A) + 2) * UNIT_ROUNDOFF * 1.01 * _size(A) + away)
    term = B
    for _ in range(steps):
        term, away_term = A @ term, growth[0] * away_term + growth[1] * _size(term)
    tail, off = term, away_term
    for _ in range(found.steps - 1):
        term, away_term = A @ term, growth[0] * away_term + growth[1] * _size(term)
        tail, off = tail + term, off + away_term + UNIT_ROUNDOFF * _size(tail)
    return (_size(tail) + off) / (1.0 - found.rate) * (1.0 + 1e-14)


def _rounding(S: SwitchedJacobian) -> float:
    return 0.0 if S.rounding is None else S.rounding


def _size(matrix: Floats) -> float:
    return float(frobenius_bounds(matrix)[1]) if matrix.size else 0.0


def _number(bound: float) -> float:
    return math.inf if math.isnan(bound) else float(bound)


def _by_products(S: SwitchedJacobian, steps: int) -> tuple[Floats, float, PowerDecay, Floats | None]:
    """The same by products with the operator: from the second term on, terms live on the rows R that A moves.

    J − J_K = Σ A_RRⁱ A_R Aᴷ⁻²... B, so that its bound is ρᴷ⁻¹‖AB‖/(1 − ρ) with ρ that of A_RR.
    """
    p, n = S.state_size, S.shape[1]
    part = StatePart(S)
    units = np.zeros((n, n - p))
    units[p:] = np.eye(n - p)
    value = np.asarray(S.base @ units)[:p]
    first = part.times(value)
    term = first
    for step in range(1, steps):
        value = value + term
        if step + 1 < steps:
            term = part.times(term)
    R = part.rows
    if len(R) <= DECOMPOSED:
        return value, *_rest(part.block(), first[R], steps - 1, 0.0, 0.0), None
    rate = _largest_stretch(part)
    if not rate < 1.0:
        return value, math.inf, PowerDecay(0, rate, math.inf), None
    bound = rate ** (steps - 1) * float(np.linalg.norm(first)) / (1.0 - rate)
    return value, bound, PowerDecay(1, rate, 1.0 / (1.0 - rate)), None


def _largest_stretch(part: StatePart) -> float:
    """‖A_RR‖₂ by power iteration on its Gram matrix from a fixed start: an estimate from below."""
    p, R = part.p, part.rows
    vector = np.zeros((p, 1))
    vector[R, 0] = np.random.default_rng(0).standard_normal(len(R))
    found = 0.0
    for _ in range(40):
        vector /= max(float(np.linalg.norm(vector)), 1e-300)
        image = np.zeros((part.base.shape[0], 1))
        image[R] = part.times(vector)[R]
        found = float(np.linalg.norm(image))
        vector = np.zeros((p, 1))
        vector[R] = np.asarray(part.base.T @ image)[:p][R]
    return found


def _moved(F: StateMap, at: list[float], moved: Floats, steps: int, found: Carried) -> tuple[float, float]:
    """What the residual moves: T times how far one more step of the iteration moves J_K, T = ‖(Id − A)⁻¹‖."""
    if not moved.any():
        return 0.0, 0.0
    p = F.state_size
    later = carried(form_at(F, (*(np.array(at[:p]) + moved).tolist(), *at[p:])), steps)
    pairs = ((later.value, found.value), (later.output, found.output))
    first, second = (found.decay.total * float(np.linalg.norm(a - b)) for a, b in pairs)
    return first, second
