"""`Algorithm`: an update map z ↦ F(z, θ) on a problem, with its output w and its lift. It owns no loop."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.numbers import Bracket
from conservative._core.result_lines import count, result_line
from conservative.algorithms.conditions import Range
from conservative.functions.leading_axes import read_batch
from conservative.functions.points import Point, read_number
from conservative.functions.residual import Residual
from conservative.functions.state_map import refuse_without_fixed_point
from conservative.functions.switched_jacobian import SwitchedJacobian
from conservative.problems import Problem
from conservative.problems.parameters import as_floats, asks_for_fractions, numbers
from conservative.programs import ProgramMap


class Formulas(NamedTuple):
    """Three functions of arrays z, or w, and θ, over leading axes."""

    update: Callable[[Any, Any], Any]
    output: Callable[[Any, Any], Any]
    lift: Callable[[Any, Any], Any]


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class Algorithm:
    """One step z ↦ F(z, θ) of an algorithm, its output w(z, θ), and the state z that a solution w has.

    Made by the functions of `cj.algorithms`. It is a `StateMap`: `conservative_jacobian`, `fixed_set`,
    `implicit_jacobian`, `analyze` take it.

    Parameters
    ----------
    name : str
    problem : Problem
    F : ProgramMap
        The update map.
    output_map : ProgramMap
        (z, θ) → w, for derivatives of outputs.
    formulas, exact_formulas : Formulas
        The update, output and lift in floats, and with the constants as they were given.
    conditions : mapping of str to Range
        For each setting the range in which the algorithm is known to converge.
    rate : Bracket or None
        Proved contraction factor of F at the problem's own θ in `metric`, where one is known.
    metric : str
        The norm in which F contracts.
    source : str
    clock : int
        How many states, the last ones, count steps only: F depends on the step's number through them.
    no_fixed_point : str
        Why F has no fixed point; empty where it may have one.
    """

    name: str
    problem: Problem
    F: ProgramMap
    output_map: ProgramMap
    formulas: Formulas
    exact_formulas: Formulas
    conditions: Mapping[str, Range]
    rate: Bracket | None
    metric: str
    source: str
    clock: int = 0
    no_fixed_point: str = ""

    def __repr__(self) -> str:
        settings = [f"{name} = {self.problem.parameters.values[name]}" for name in self.conditions]
        return result_line(
            self,
            f"{self.name} on {self.problem.name}",
            f"{count(self.state_size, 'state')}",
            f"{count(self.parameter_size, 'parameter')}",
            *settings,
        )

    @property
    def title(self) -> str:
        """Which algorithm on which problem, for the head of a report."""
        return f"{self.name.replace('_', ' ')} on {self.problem.name.replace('_', ' ')}"

    @property
    def at(self) -> list[Any]:
        """The lifted solution at the problem's own θ, then θ: where derivatives are taken unless a point is given."""
        theta = self.problem.theta
        return [*self.lift(self.problem.solve(), theta), *theta]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the states, then of the parameters."""
        return self.F.names

    @property
    def state_size(self) -> int:
        """The number of states of F; the problem has `problem.size` unknowns."""
        return self.F.state_size

    @property
    def parameter_size(self) -> int:
        """The number m of parameters."""
        return self.F.parameter_size

    @property
    def size(self) -> int:
        """The number of components of F, that of its states."""
        return self.F.size

    @property
    def joint_map(self) -> ProgramMap:
        """(z, θ) → (F(z, θ), w) in one run: a tie of F that is also one of the output is one tie."""
        update, output = (part.engine.F for part in (self.F, self.output_map))  # type: ignore[attr-defined]

        def both(z: Any, theta: Any) -> Any:
            return np.concatenate([update(z, theta), output(z, theta)])

        size = self.F.size + self.output_map.size
        engine = replace(self.F.engine, F=both, size=size)  # type: ignore[type-var]
        return replace(self.F, engine=engine, size=size)

    def evaluate(self, z: ArrayLike, theta: ArrayLike | None = None) -> NDArray[np.float64]:
        """One step F(z, θ), vectorised over leading axes.

        Parameters
        ----------
        z : array_like, shape (..., state_size)
        theta : array_like, shape (..., m), optional
            The problem's own θ when left out.

        Returns
        -------
        ndarray, shape (..., state_size)

        Raises
        ------
        ShapeError, NonFiniteError, ArgumentTypeError
        """
        states, parameters = self._columns(z, theta, "evaluate")
        return np.asarray(self.formulas.update(states, parameters))

    def output(self, z: ArrayLike, theta: ArrayLike | None = None) -> NDArray[Any]:
        """The algorithm's answer w at a state, vectorised over leading axes.

        Parameters
        ----------
        z : array_like, shape (..., state_size)
        theta : array_like, shape (..., m), optional

        Returns
        -------
        ndarray, shape (..., p)
            Of `Fraction` objects where z and θ are given in fractions.
        """
        return self._apply(1, z, theta, "output")

    def lift(self, w: ArrayLike, theta: ArrayLike | None = None) -> NDArray[Any]:
        """The state that has the answer w; the fixed point of F where w solves the problem.

        Parameters
        ----------
        w : array_like, shape (..., p)
        theta : array_like, shape (..., m), optional

        Returns
        -------
        ndarray, shape (..., state_size)
            Of `Fraction` objects where w and θ are given in fractions.
        """
        return self._apply(2, w, theta, "lift")

    def point(self, at: Any = None, *, tolerance: float | None = None, call: str = "point") -> Point:
        """Read a point of (state, parameters).

        Parameters
        ----------
        at : mapping of name to number, or sequence of numbers, optional
            The lifted solution at the problem's own θ when left out.
        tolerance : float, optional
            At float points, values within `tolerance * max(1, |a|, |b|)` are tied (default 1e-9).
        call : str

        Returns
        -------
        Point
        """
        return self.F.point(self.at if at is None else at, tolerance=tolerance, call=call)

    def residual(self, at: Any = None, *, tolerance: float | None = None) -> Residual:
        """F(z, θ) − z: whether a claimed fixed point is one.

        Parameters
        ----------
        at : mapping of name to number, or sequence of numbers, optional
        tolerance : float, optional
            At float points, values within `tolerance * max(1, |a|, |b|)` are tied (default 1e-9).

        Returns
        -------
        Residual
        """
        refuse_without_fixed_point(self, call="residual")
        return self.F.residual(self.at if at is None else at, tolerance=tolerance)

    def switched(self, at: Any = None, *, tolerance: float | None = None) -> SwitchedJacobian:
        """All Jacobians that a step may return at a point, in abs-normal form.

        Parameters
        ----------
        at : mapping of name to number, or sequence of numbers, optional
            The lifted solution at the problem's own θ when left out.
        tolerance : float, optional
            At float points, values within `tolerance * max(1, |a|, |b|)` are tied (default 1e-9).

        Returns
        -------
        SwitchedJacobian
        """
        return self.F.switched(self.at if at is None else at, tolerance=tolerance)

    def linearized(self, at: Any = None, *, tolerance: float | None = None) -> SwitchedJacobian:
        """As `switched`, in floats, with an operator as its base where the program is large.

        Parameters
        ----------
        at : mapping of name to number, or sequence of numbers, optional
        tolerance : float, optional
            Values within `tolerance * max(1, |a|, |b|)` are tied (default 1e-9).

        Returns
        -------
        SwitchedJacobian
        """
        return self.F.linearized(self.at if at is None else at, tolerance=tolerance)

    def own_jacobian(self, at: Any = None) -> None:
        """NumPy does not differentiate."""
        return

    def _columns(self, z: Any, theta: Any, call: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        given = as_floats(self.problem.theta) if theta is None else theta
        states, argument = self.names[: self.state_size], "z"
        if call == "lift":
            states, argument = tuple(f"w[{i}]" for i in range(self.problem.size)), "w"
        names = states + self.names[self.state_size :]
        return read_batch(
            z, given, names=names, state_size=len(states), call=call, argument=argument, numbers=True
        ).wide()

    def _apply(self, which: int, z: Any, theta: Any, call: str) -> NDArray[Any]:
        given = self.problem.theta if theta is None else theta
        if self.problem.exact and np.ndim(z) == 1 and asks_for_fractions(z, given):
            exact = [
                numbers([read_number(entry, call, call) for entry in np.atleast_1d(np.asarray(value, dtype=object))])
                for value in (z, given)
            ]
            self._columns(as_floats(exact[0]), as_floats(exact[1]), call)
            return np.asarray(self.exact_formulas[which](*exact))
        return np.asarray(self.formulas[which](*self._columns(z, as_floats(np.asarray(given)), call)))
