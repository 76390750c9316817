"""What is proved of a function itself, beside the two-piece linear map of its Jacobians."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction


class FunctionScope(Enum):
    """Where a function is proved to be the two-piece linear map of its Jacobians at a fixed point."""

    EVERYWHERE = "everywhere"
    BOX = "on a box around the fixed point"
    NEAR = "up to terms of higher order, near the fixed point"
    NOT_PROVED = "nowhere"


@dataclass(frozen=True, slots=True)
class FunctionClaim:
    """What of a statement about the two-piece linear map is proved for the function F with that fixed point x̄.

    Parameters
    ----------
    scope : FunctionScope
    box : Fraction or None
        For BOX and NEAR: F is the map, or close to it, where |x_i - x̄_i| <= box for all i.
    radius : Fraction or None
        Iterates that start where |x_i - x̄_i| <= radius for all i stay in the box and converge to x̄; None where that is
        not proved. With BOX, all that is said of derivatives along trajectories of the map holds for these.
    """

    scope: FunctionScope
    box: Fraction | None = None
    radius: Fraction | None = None

    def __str__(self) -> str:
        if self.scope is FunctionScope.EVERYWHERE:
            return "The function itself is this map everywhere (proved, as F is continuous), so all this holds for it"
        if self.scope is FunctionScope.NOT_PROVED:
            return (
                "The function itself was not proved to be this map near the fixed point: nothing is claimed of its own "
                "trajectories"
            )
        if self.scope is FunctionScope.BOX:
            where = f"The function is this map where |x_i - x̄_i| <= {self.box} for all i (proved, as F is continuous)"
            if self.radius is None:
                return f"{where}; beyond that nothing is claimed of its own trajectories"
            return (
                f"{where}, and its iterates that start where |x_i - x̄_i| <= {self.radius} stay there, so all this "
                "holds for these; nothing is claimed of others"
            )
        return (
            "The function itself is this map up to terms of higher order: its iterates that start where "
            f"|x_i - x̄_i| <= {self.radius} converge to the fixed point (proved), whether the products of its Jacobians "
            "along them tend to 0 is not, and nothing is claimed of other trajectories"
        )
