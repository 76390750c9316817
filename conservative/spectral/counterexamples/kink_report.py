"""What is known of the derivatives along trajectories off a kink."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from conservative._core.numbers import Estimate
from conservative._core.result_lines import count, result_line
from conservative.spectral.counterexamples.claims import FunctionClaim, FunctionScope
from conservative.spectral.counterexamples.planar_cones import (
    Rows,
)


class KinkStatus(Enum):
    """What is known of the derivatives along trajectories that start off the kink; the value is the sentence.

    They speak of the map of two linear pieces, or, where the matrices make none, of trajectories of the function near
    its fixed point; `KinkReport.subject` says which, and `KinkReport.function` what is proved for the function.
    """

    DECAYS = (
        "along every trajectory of the two-piece linear map of its Jacobians that starts off the kink and does not "
        "land on it, the products of Jacobians tend to 0 (proved): the failure of that map is set-valued, at exact "
        "ties, and an unlucky choice at the kink itself is needed"
    )
    CONVERGES = (
        "every trajectory of the two-piece linear map of its Jacobians that starts off the kink converges (proved); "
        "whether the products of Jacobians along it tend to 0 was not decided within the steps followed"
    )
    DIVERGES = (
        "trajectories of the two-piece linear map of its Jacobians that start in some open cone off the kink diverge "
        "(proved), and its derivatives with them"
    )
    OBSERVED = (
        "along the trajectories followed, which start off the kinks, the products of Jacobians became small "
        "(observed, not proved): the failure shown is set-valued, at exact ties"
    )
    UNDECIDED = (
        "whether trajectories that start off the kink converge, and their derivatives with them, was not decided "
        "within the steps followed"
    )
    NO_FUNCTION = (
        "no continuous map of two linear pieces has these matrices as its Jacobians (that needs two matrices that "
        "differ by rank one), so no trajectories were followed"
    )


@dataclass(frozen=True, slots=True)
class KinkReport:
    """The map x -> A x where v.x >= 0, B x elsewhere, and what happens off its kink v.x = 0.

    Parameters
    ----------
    status : KinkStatus
    steps : int
        Steps followed. With `DECAYS`, every word of so many letters that is read off the kink begins with a word
        whose product has norm below one.
    words : int
        How many such beginnings there are (in the plane), or the number of starting points followed.
    growth : Estimate
        The largest ||M_w||^(1/length) over those words, in doubles.
    normal : tuple of Fraction
        v, empty without a map.
    returns : int or None
        In the plane: the number of steps after which a trajectory that starts on the kink, away from 0, is on the kink
        again. `None` when that was not seen.
    map_converges : bool
        Whether every trajectory of the map that starts off the kink is proved to converge to 0.
    weight : tuple of rows of int
        P of the norm sqrt(x^T P x) of the proofs, in the plane.
    peak : Fraction
        In the plane: no product followed has a norm above it.
    block : Fraction
        With `DECAYS`, the norm of every product at which a beginning ends is below it, and it is below one.
    function : FunctionClaim or None
        What of this is proved for the function from which the matrices came; None for matrices given as such.
    """

    status: KinkStatus
    steps: int
    words: int
    growth: Estimate
    normal: tuple[Fraction, ...]
    returns: int | None
    map_converges: bool
    weight: Rows = ()
    peak: Fraction = Fraction(1)
    block: Fraction = Fraction(1)
    function: FunctionClaim | None = None

    def __repr__(self) -> str:
        return result_line(
            self, count(self.steps, "step"), count(self.words, "word"), f"growth={self.growth.value}", self.status.name
        )

    @property
    def converges(self) -> bool:
        """Whether every trajectory that starts off the kink is proved to converge to the fixed point.

        Of the map for matrices given as such; of the function itself, from everywhere, where there is one.
        """
        return self.map_converges and (self.function is None or self.function.scope is FunctionScope.EVERYWHERE)

    @property
    def subject(self) -> str:
        """What was followed."""
        if self.normal or self.status is KinkStatus.NO_FUNCTION:
            return "the two-piece linear map of its Jacobians"
        return "the function itself, near the fixed point"

    def __str__(self) -> str:
        text = self.status.value
        if self.status in {KinkStatus.OBSERVED, KinkStatus.UNDECIDED}:
            text = f"of {self.subject}: {text}"
        if self.returns is not None:
            text += f". A trajectory of the map that starts on the kink meets it again after {self.returns} steps"
        if self.function is not None:
            return f"{text}. {self.function}."
        return (
            f"{text}. A function with these Jacobians may be another map away from its kink."
            if self.normal
            else f"{text}."
        )
