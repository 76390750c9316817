"""What a published case is: a function at a point, a problem or a family of matrices, its known answer, its source."""

from dataclasses import dataclass
from typing import Any

from conservative._core.families.as_family import MatrixFamily
from conservative._core.result_lines import result_line
from conservative.functions import StateMap
from conservative.jacobians import JacobianSet
from conservative.problems import Problem


@dataclass(frozen=True, slots=True, eq=False)
class FunctionCase:
    """An update F(x, θ) at a point, with what is known of it.

    Parameters
    ----------
    name, title : str
        The name on the command line, and one line that says what it is.
    source : str
        Where the case and its answer come from.
    answer : str
        The known answer, in words.
    function : StateMap
        The update.
    at : dict of str to number
        The point: a value for every state and parameter.
    initial : nested sequence of shape (k, p, m), optional
        A first set X_0 of derivatives.
    """

    name: str
    title: str
    source: str
    answer: str
    function: StateMap
    at: dict[str, Any]
    initial: Any = None

    def __repr__(self) -> str:
        return result_line(self, repr(self.name), repr(self.title))


@dataclass(frozen=True, slots=True, eq=False)
class FamilyCase:
    """A finite family of square matrices, with what is known of its joint spectral radius.

    Parameters
    ----------
    name, title : str
        The name on the command line, and one line that says what it is.
    source : str
        Where the case and its answer come from.
    answer : str
        The known answer, in words.
    family : MatrixFamily
        The matrices, exactly.
    radius : float
        The joint spectral radius as published, rounded to a double.
    word : tuple of int, optional
        A spectrum-maximizing product as 0-based letters; `None` when none exists.
    """

    name: str
    title: str
    source: str
    answer: str
    family: MatrixFamily
    radius: float
    word: tuple[int, ...] | None

    def __repr__(self) -> str:
        return result_line(self, repr(self.name), repr(self.title))


@dataclass(frozen=True, slots=True, eq=False)
class BlocksCase:
    """The hull of Jacobian blocks [A_i B_i], with what is known of its fixed set.

    Parameters
    ----------
    name, title : str
        The name on the command line, and one line that says what it is.
    source : str
        Where the case and its answer come from.
    answer : str
        The known answer, in words.
    jacobian : JacobianSet
        The set 𝒥.
    initial : nested sequence of shape (k, p, m)
        A first set X_0 of derivatives.
    """

    name: str
    title: str
    source: str
    answer: str
    jacobian: JacobianSet
    initial: Any

    def __repr__(self) -> str:
        return result_line(self, repr(self.name), repr(self.title))


@dataclass(frozen=True, slots=True, eq=False)
class ProblemCase:
    """A problem at a parameter θ, with what is known of its solution there.

    Parameters
    ----------
    name, title : str
        The name on the command line, and one line that says what it is.
    source : str
        Where the case and its answer come from.
    answer : str
        The known answer, in words.
    problem : Problem
    theta : tuple of numbers
        The parameter at which derivatives are taken.
    algorithm : str
        The algorithm that solves it unless another is named.
    settings : dict of str to number
        What that algorithm is given.
    """

    name: str
    title: str
    source: str
    answer: str
    problem: Problem
    theta: tuple[Any, ...]
    algorithm: str
    settings: dict[str, Any]

    def __repr__(self) -> str:
        return result_line(self, repr(self.name), repr(self.title), f"by {self.algorithm}")


Case = FunctionCase | FamilyCase | BlocksCase | ProblemCase
