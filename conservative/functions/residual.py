"""`Residual`: F(x) - x at a claimed fixed point."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conservative._core.result_lines import count, result_line


@dataclass(frozen=True, slots=True)
class Residual:
    """F(x) - x at a claimed fixed point.

    Parameters
    ----------
    values : ndarray, shape (p,)
        Rounded to double.
    exact : bool
        Whether it was computed in exact arithmetic.
    vanishes : bool
        At an exact point, whether it is exactly zero; at a float point, whether every component is
        within `tolerance * max(1, |F|, |x|)`.
    tolerance : float
        Zero at an exact point.
    """

    values: NDArray[np.float64]
    exact: bool
    vanishes: bool
    tolerance: float

    def __repr__(self) -> str:
        return result_line(
            self,
            count(len(self.values), "component"),
            f"largest {float(abs(self.values).max(initial=0.0)):.6g}",
            f"tolerance={self.tolerance:.6g}",
            "exact" if self.exact else "float",
            f"vanishes={self.vanishes}",
        )

    @classmethod
    def of_floats(cls, image: NDArray[np.float64], state: NDArray[np.float64], tolerance: float) -> "Residual":
        """The residual of an image in doubles.

        Parameters
        ----------
        image, state : ndarray, shape (p,)
        tolerance : float

        Returns
        -------
        Residual
        """
        values = image - state
        size = np.maximum(1.0, np.maximum(np.abs(image), np.abs(state)))
        return cls(values, False, bool((np.abs(values) <= tolerance * size).all()), tolerance)

    @property
    def largest(self) -> float:
        """The largest absolute component."""
        return float(np.abs(self.values).max())
