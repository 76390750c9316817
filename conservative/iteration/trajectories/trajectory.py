"""What an iteration of sets returns: the sets, their gaps, bounds of the distance to the limit, and why it ended."""

from dataclasses import dataclass, field
from enum import Enum

from conservative._core.numbers import Bracket, round_up
from conservative._core.result_lines import above, between, count, result_line, shape
from conservative.iteration.bounds.decay import Decay
from conservative.matrix_sets import MatrixPolytope
from conservative.spectral import Product

MOST_STEPS = 10_000
"""Steps after which a tolerance is given up."""


class TrajectoryStatus(Enum):
    """Why the iteration ended; the value is the sentence a report prints."""

    STEPS_DONE = "all steps asked for were made"
    TOLERANCE_REACHED = "the distance to the fixed set is proved to be at most `tol`"
    STEP_LIMIT = f"{MOST_STEPS} steps did not reach `tol`; raise `tol`, or give `steps` to see the bounds so far"
    ROUNDING_LIMIT = (
        "the steps became smaller than the carried errors, so that more of them bring nothing; raise `tol` if it was "
        "not reached, and `max_vertices` if sets are thinned"
    )
    NO_CONTRACTION = (
        "Assumption A fails: no product length tried has all norms below 1, so no bound is finite; "
        "pass an adapted norm as `norm`, or look for an expanding word with `expanding_product`"
    )
    OVERFLOW = "Assumption A fails and the sets grew beyond 1e140; take fewer `steps`"
    INTERRUPTED = "interrupted from the keyboard; the steps made until then are valid"
    DIVERGING = (
        "the steps from x_t to x_{t+1} grow to the end, so that x_t does not seem to converge and no limit is known: "
        "start nearer to a fixed point, or choose another step size"
    )
    UNCONVERGED = (
        "all steps asked for were made, but x_t has not come to rest: `residual` says how far F moves the last one. "
        "There is no limit to compare with; take more `steps`, or give `fixed_point`"
    )
    NEAR_REST = (
        "all steps asked for were made; x_t has not come to rest, but F is proved to have one fixed point at most "
        "`to_fixed_point` from the last one. The limit is that of the derivatives there, and what is not known of them "
        "is in its errors: take more `steps` for less"
    )
    TIME_LIMIT = "the time limit was reached; the steps made until then are valid, raise `time_limit`"
    CELL_LIMIT = (
        "the next set needs too many cells; the steps made until then are valid: raise `step_tol`, take fewer `steps`, "
        "or ask `fixed_set` for the limit and `iterate_set` for hulls"
    )


@dataclass(frozen=True, slots=True)
class StepBound:
    """Upper bounds for one set of a trajectory, all in the Frobenius norm and rounded up.

    Parameters
    ----------
    a_priori : float
        Bound of the distance of the stored set to conv fix(𝒥), from the first step alone: T_t dist(X_0, X_1) plus
        carried errors; ρᵗ dist(X_0, X_1)/(1 − ρ) when ‖A‖₂ ≤ ρ < 1. Infinite if nothing contracts.
    a_posteriori : float
        The same from the last step: ρ/(1 − ρ) dist(X_{t−1}, X_t) plus carried errors. Equals `a_priori` at t = 0.
    e_missing, e_extra : float
        Carried errors of the stored set: what the exact hull 𝒥ᵗ(X_0) has more, and less.
    """

    a_priori: float
    a_posteriori: float
    e_missing: float
    e_extra: float

    def __repr__(self) -> str:
        names = ("a_priori", "a_posteriori", "e_missing", "e_extra")
        return result_line(self, *(f"{name}={above(getattr(self, name))}" for name in names))

    @property
    def best(self) -> float:
        """The smaller bound."""
        return min(self.a_priori, self.a_posteriori)


@dataclass(frozen=True, slots=True, eq=False)
class SetTrajectory:
    """The hulls of X_0, X_1 = 𝒥(X_0), ..., X_T, and what is proved about them.

    Parameters
    ----------
    sets : tuple of MatrixPolytope
        conv X_t for t = 0..T; `e_missing` and `e_extra` relate each to the exact hull.
    gaps : tuple of Bracket
        Hausdorff distance of conv X_t and conv X_{t+1} (the exact hulls), t = 0..T−1: from the stored sets and their
        errors, or from earlier distances by contraction, whichever is less.
    bounds : tuple of StepBound
        For each set, bounds of its distance to conv fix(𝒥).
    status : TrajectoryStatus
        Why the iteration ended.
    decay : Decay
        The constants behind the bounds; `decay.one_step` is ρ of Assumption A.
    expanding : Product or None
        When nothing contracts, a short word with spectral radius above 1, which proves that nothing can.
    """

    sets: tuple[MatrixPolytope, ...] = field(repr=False)
    gaps: tuple[Bracket, ...] = field(repr=False)
    bounds: tuple[StepBound, ...] = field(repr=False)
    status: TrajectoryStatus
    decay: Decay
    expanding: Product | None = None

    def __repr__(self) -> str:
        return result_line(
            self,
            count(self.steps, "step"),
            shape(self.sets[-1].shape),
            f"last gap {between(self.gaps[-1])}" if self.gaps else "no gap",
            f"rate={self.decay.rate:.6g}",
            self.status.name,
        )

    @property
    def steps(self) -> int:
        """Number T of steps made."""
        return len(self.gaps)

    @property
    def carried(self) -> tuple[float, ...]:
        """How far each stored set may be from the exact one, by thinning and rounding: the floor of all its bounds."""
        return tuple(max(bound.e_missing, bound.e_extra) for bound in self.bounds)


def contracted(measured: Bracket, gaps: list[Bracket], decay: Decay) -> Bracket:
    """The distance of the next two exact sets: as measured, or c_s times that of the sets s steps before.

    What thinning loses is in every measurement, and hides distances below it; contraction sees them all the same.
    """
    if not (decay.contracts and gaps):
        return measured
    known = min(round_up(decay.at(s) * gaps[-s].upper) for s in range(1, min(len(gaps), len(decay.norms)) + 1))
    upper = min(measured.upper, known)
    return Bracket(min(measured.lower, upper), upper)
