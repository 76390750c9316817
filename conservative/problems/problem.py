"""`Problem`: what is solved, f(w; θ) + g(w; θ), with its data and an independent solution. Knows no algorithm."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.errors import ArgumentError, ArgumentTypeError
from conservative._core.result_lines import count, result_line
from conservative.problems.parameters import (
    Parameters,
    Values,
    as_fractions,
    asks_for_fractions,
    check_domain,
    read_theta,
)
from conservative.problems.penalties import Penalty
from conservative.problems.quadratic import times


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class Problem:
    """min f(w; θ) + g(w; θ) over w in R^p: f smooth, g with a proximal map; or f(w; θ) + g(Dw; θ) with a matrix D.

    Made by the functions of `cj.problems`; algorithms are made of it by those of `cj.algorithms`.

    Parameters
    ----------
    name : str
    size : int
        p, the number of unknowns.
    smooth : Any
        f: value, gradient, hessian.
    penalty : Penalty
        g: value, prox.
    parameters : Parameters
        All numbers of the problem, and which of them make up θ.
    solver : callable
        (p, values) → (w, its derivative by θ or None), independent of every algorithm.
    path : callable or None
        (values, lower, upper) → the parameters in between at which the solution has a kink.
    source : str
    """

    name: str
    size: int
    smooth: Any
    penalty: Penalty
    parameters: Parameters
    solver: Callable[["Problem", Values], NDArray[Any]]
    slopes: Callable[["Problem", NDArray[Any], Values], NDArray[Any]] | None = None
    path: Callable[["Problem", Values, float, float], NDArray[np.float64]] | None = None
    source: str = ""

    def __repr__(self) -> str:
        return result_line(
            self,
            self.name,
            count(self.size, "unknown"),
            f"θ = ({', '.join(self.theta_names)})",
            "exact data" if self.exact else "data in floats",
        )

    @property
    def theta_names(self) -> tuple[str, ...]:
        """Names of the m numbers that make up θ."""
        return self.parameters.names

    @property
    def theta(self) -> NDArray[Any]:
        """θ as the problem was given, an array of m numbers, `Fraction` objects where exact and else floats."""
        return self.parameters.default

    @property
    def exact(self) -> bool:
        """Whether all data are whole numbers or fractions, so that derivatives can be exact."""
        return self.parameters.exact

    @property
    def linked(self) -> bool:
        """Whether g is of Dw: f(w) + g(Dw) with a matrix D."""
        return self.parameters.values.get("D") is not None

    @property
    def floats(self) -> "Problem":
        """The same problem with its data in floats."""
        return replace(self, parameters=self.parameters.floats)

    def read(self, theta: Any) -> dict[str, Any]:
        """Every number of the problem by name, those in θ taken from θ.

        Parameters
        ----------
        theta : array, shape (..., m)

        Returns
        -------
        dict of str to number or array
        """
        return self.parameters.read(theta)

    def objective(self, w: ArrayLike, theta: ArrayLike | None = None) -> Any:
        """f(w; θ) + g(w; θ), over the leading axes of w.

        Parameters
        ----------
        w : array_like, shape (..., p)
        theta : array_like, shape (m,), optional

        Returns
        -------
        ndarray, shape (...)
        """
        exact = self.parameters.read(read_theta(theta, self.parameters, call="objective"))
        values = Parameters((), exact).floats.values
        point = np.asarray(w, dtype=np.float64)
        behind = times(values["D"], point) if self.linked else point
        return self.smooth.value(point, values) + self.penalty.value(behind, values)

    def solve(self, theta: ArrayLike | None = None) -> NDArray[Any]:
        """The solution, found without any of the algorithms.

        Parameters
        ----------
        theta : array_like, shape (m,), or a number where m = 1, optional
            The problem's own θ when left out.

        Returns
        -------
        ndarray, shape (p,)
            Of `Fraction` objects where θ holds fractions or rational strings, the data are exact and p is small; else
            floats.
        """
        values, exact = self._at(theta, "solve")
        w = self.solver(self, values)
        return as_fractions(w) if exact else w.astype(np.float64)

    def derivative(self, theta: ArrayLike | None = None) -> NDArray[Any]:
        """The classical derivative of the solution by θ, where there is one.

        Parameters
        ----------
        theta : array_like, shape (m,), optional

        Returns
        -------
        ndarray, shape (p, m)

        Raises
        ------
        ArgumentError
            At a kink of the solution map, or where the solution is not unique.
        """
        if self.slopes is None:
            raise ArgumentError(f"the problem {self.name} has no derivative of its own; differentiate an algorithm.")
        values, exact = self._at(theta, "derivative")
        slopes = self.slopes(self, self.solver(self, values), values)
        return as_fractions(slopes) if exact else slopes.astype(np.float64)

    def kinks(self, lower: float, upper: float) -> NDArray[np.float64]:
        """The θ in [lower, upper] at which the solution is not differentiable.

        Parameters
        ----------
        lower, upper : float

        Returns
        -------
        ndarray, shape (k,), increasing
        """
        if self.path is None or len(self.theta_names) != 1:
            raise ArgumentError(
                f"`kinks` follows a path of solutions in one parameter, which is not known for the problem {self.name} "
                f"with θ = ({', '.join(self.theta_names)}): it may have kinks all the same."
            )
        if not lower <= upper:
            raise ArgumentError(f"`kinks(lower, upper)` needs lower <= upper; got {lower!r} and {upper!r}.")
        return self.path(self, self.parameters.floats.values, float(lower), float(upper))

    def _at(self, theta: Any, call: str) -> tuple[Values, bool]:
        read = read_theta(theta, self.parameters, call=call)
        exact = self.exact and read.dtype == object
        values = self.parameters.read(read) if exact else self.parameters.floats.read(read.astype(np.float64))
        check_domain(values, call=call)
        return values, exact and (theta is None or asks_for_fractions(theta))


def check_problem(problem: Any, *, call: str, linked: bool = False) -> Problem:
    """A problem, with g of w itself unless `linked`, or a clear error."""
    if not isinstance(problem, Problem):
        raise ArgumentTypeError(
            f"`{call}(problem=...)` needs a problem of `cj.problems`, such as `cj.problems.lasso(X, y)`; got "
            f"{type(problem).__name__}."
        )
    if problem.linked and not linked:
        raise ArgumentError(
            f"`{call}(problem=...)` needs a g with a proximal map; that of {problem.name} is g(Dw), which has none. "
            "Use `dual_projected_gradient`, `admm`, `chambolle_pock` or `douglas_rachford`."
        )
    return problem
