"""Families of matrices with parameters: the Jacobians of algorithms at a kink of a piecewise quadratic function."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy as sp

from conservative._core.errors import ArgumentError

_TALK = "S. Vaiter, (Automatic) iterative differentiation: some old and new results, talk, 2023"
_OWN = "derived for this project"

_alpha, _beta, _gamma, _kappa, _r = sp.symbols("alpha beta gamma kappa r", positive=True)


@dataclass(frozen=True, slots=True, eq=False)
class ParametrisedCase:
    """A family of matrices with parameters, to look for counterexamples in.

    Parameters
    ----------
    name, title, source : str
        The name on the command line, one line that says what it is, and where it comes from.
    matrices : tuple of sympy matrices
    ranges : dict of str to pair
        The parameters with their ranges.
    """

    name: str
    title: str
    source: str
    matrices: tuple[Any, ...]
    ranges: dict[str, tuple[Any, Any]]


def _heavy_ball(curvature: Any) -> Any:
    return sp.ImmutableMatrix([[1 + _beta - _alpha * curvature, -_beta], [1, 0]])


def _optimal_heavy_ball(curvature: Any) -> Any:
    tuned = {_alpha: 4 / (_r + 1) ** 2, _beta: ((_r - 1) / (_r + 1)) ** 2}
    return _heavy_ball(curvature).subs({_kappa: _r**2}).subs(tuned)


def _nesterov(curvature: Any) -> Any:
    shrink = 1 - _alpha * curvature
    return sp.ImmutableMatrix([[(1 + _beta) * shrink, -_beta * shrink], [1, 0]])


def _triple_momentum(curvature: Any) -> Any:
    inner = sp.ImmutableMatrix([[1 + _beta, -_beta], [1, 0]])
    push = sp.ImmutableMatrix([[_alpha * curvature * (1 + _gamma), -_alpha * curvature * _gamma], [0, 0]])
    return inner - push


_CASES: dict[str, tuple[str, str, Callable[[Any], Any], dict[str, tuple[Any, Any]]]] = {
    "heavy-ball": (
        "heavy ball, step α and momentum β, where the curvature jumps between 1 and κ",
        _TALK,
        _heavy_ball,
        {"alpha": (0, 2), "beta": (0, 1), "kappa": (1, 10)},
    ),
    "heavy-ball-short-steps": (
        "heavy ball with α = 1/L: curvatures 1 and κ < 1, so that no step overshoots",
        _TALK,
        lambda curvature: _heavy_ball(curvature).subs(_alpha, 1),
        {"beta": (0, 1), "kappa": ("1/100", 1)},
    ),
    "heavy-ball-optimal": (
        "heavy ball with the step and momentum that are best for curvatures from 1 to κ = r²",
        "B. T. Polyak, Introduction to optimization, 1987",
        _optimal_heavy_ball,
        {"r": (1, 10)},
    ),
    "nesterov": (
        "Nesterov's method, step α and momentum β, where the curvature jumps between 1 and κ",
        _OWN,
        _nesterov,
        {"alpha": (0, 2), "beta": (0, 1), "kappa": (1, 10)},
    ),
    "triple-momentum": (
        "momentum β with the gradient at x + γ(x − x₋), step α, where the curvature jumps between 1 and κ",
        _OWN,
        _triple_momentum,
        {"alpha": (0, 2), "beta": (0, 1), "gamma": (0, 1), "kappa": (1, 10)},
    ),
}


def parametrised_names() -> tuple[str, ...]:
    """Names of the families with parameters.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> parametrised_names()[0]
    'heavy-ball'
    """
    return tuple(_CASES)


def parametrised(name: str) -> ParametrisedCase:
    """One family with parameters, by name.

    Parameters
    ----------
    name : str

    Returns
    -------
    ParametrisedCase

    Raises
    ------
    ArgumentError
        For an unknown name.

    Examples
    --------
    >>> sorted(parametrised("nesterov").ranges)
    ['alpha', 'beta', 'kappa']
    """
    if name not in _CASES:
        near = difflib.get_close_matches(name, _CASES, n=2) or list(_CASES)
        raise ArgumentError(f"`gallery.parametrised(name=...)`: no family is called {name!r}. Try {' or '.join(near)}.")
    title, source, matrix, ranges = _CASES[name]
    return ParametrisedCase(name, title, source, (matrix(sp.Integer(1)), matrix(_kappa)), dict(ranges))
