"""What a differentiating program chooses at ties along a loop: values that turn a switched Jacobian into one element.

Weights are told by effect: 0 is the side of a tie along which F moves less (the 0 of a ReLU, of a soft threshold), 1 is
the side along which it moves more, in the Frobenius norm of [A B]; where both move alike, as for |x|, 0 is the side
that the program took. Of a tie of r sides (the largest of r equal numbers) 0 is the side taken, 1 the last.

A policy whose weights are the same at every step leads to an element of J_imp: with one selection s the blocks at x̄
are one matrix [A B](s), and X ← A X + B tends to (Id − A)⁻¹B. Only weights that change with t leave J_imp.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.checks import as_generator, as_real_array
from conservative._core.errors import ArgumentError, ArgumentTypeError
from conservative._core.printable import shown
from conservative._core.result_lines import result_line
from conservative.differentiation.tie_weights import feasible, sided
from conservative.functions import SwitchedJacobian

Floats = NDArray[np.float64]

Weigh = Callable[[SwitchedJacobian, int, Floats | None], Floats]


class TiePolicy(Protocol):
    """Weights s ∈ [0, 1]^k of the k switches of one step."""

    @property
    def name(self) -> str:
        """What a report calls it."""

    @property
    def constant(self) -> bool:
        """Whether it chooses alike at every step, so that derivatives tend to an element of J_imp."""

    def weights(self, form: SwitchedJacobian, step: int, derivative: Floats | None) -> Floats:
        """The weights at step t; `derivative` is the one so far, (p, c), None in reverse."""


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Policy:
    """A tie policy by its name. Made by `zero`, `constant`, `periodic` and the others of `cj.ties`.

    Parameters
    ----------
    name : str
    constant : bool
        Whether it chooses alike at every step.
    weigh : callable
        From a `SwitchedJacobian`, the step t and the derivative so far to weights of shape (k,).
    """

    name: str
    constant: bool
    weigh: Weigh

    def __repr__(self) -> str:
        return result_line(self, self.name, "constant" if self.constant else "changes with t")

    def weights(self, form: SwitchedJacobian, step: int, derivative: Floats | None) -> Floats:
        """The weights of the switches at step t.

        Parameters
        ----------
        form : SwitchedJacobian
        step : int
        derivative : ndarray, shape (p, c), or None

        Returns
        -------
        ndarray, shape (k,)
        """
        return self.weigh(form, step, derivative) if len(form.Z) else np.zeros(0)


def constant(t: float) -> Policy:
    """The same weight t at every tie and every step: 0 where F moves less, 1 where it moves more.

    Parameters
    ----------
    t : float
        In [0, 1].

    Returns
    -------
    Policy

    Raises
    ------
    ArgumentError, ArgumentTypeError

    Examples
    --------
    >>> constant(0.5)
    Policy(constant(0.5), constant)
    """
    weight = _weight(t, "constant(t=...)")
    return Policy(f"constant({weight:g})", True, partial(_by_word, (weight,)))


def periodic(word: Sequence[float]) -> Policy:
    """The weights of a word, one a step, over and over.

    Parameters
    ----------
    word : sequence of float
        Each in [0, 1], as in `constant`.

    Returns
    -------
    Policy
        Constant where all letters are equal.

    Raises
    ------
    ArgumentError, ArgumentTypeError
    """
    if isinstance(word, str) or not hasattr(word, "__len__") or not len(word):
        raise ArgumentTypeError(f"`periodic(word=...)` needs weights, one a step, as in [0, 1, 1]; got {shown(word)}.")
    letters = [_weight(t, "periodic(word=...)") for t in word]
    name = f"periodic({', '.join(f'{t:g}' for t in letters)})"
    return Policy(name, len(set(letters)) == 1, partial(_by_word, tuple(letters)))


def random(rng: Any = None) -> Policy:
    """A fair choice among the sides of every tie, anew at every step.

    Parameters
    ----------
    rng : optional
        Seed or generator for `numpy.random.default_rng`.

    Returns
    -------
    Policy
    """
    return Policy("random", False, partial(_drawn, as_generator(rng, call="ties.random")))


def worst(direction: ArrayLike) -> Policy:
    """At every step the sides that make ⟨direction, X⟩ largest at that step: greedy, in forward mode only.

    Parameters
    ----------
    direction : array_like, shape (p,) or (p, c)
        c columns where the derivative has c: m for `piggyback`, 1 for `jvp`.

    Returns
    -------
    Policy

    Raises
    ------
    ArgumentError
        Where it is asked in reverse mode.
    """
    wanted = as_real_array(direction, call="ties.worst", argument="direction", wanted="shape (p,) or (p, c)")
    return Policy("worst", False, partial(_greedy, wanted.reshape(wanted.shape[0], -1)))


def jax(spelling: str = "maximum") -> Policy:
    """What JAX returns: as a JAX program is predicted, else by how its maxima would be spelled.

    Parameters
    ----------
    spelling : {"maximum", "relu"}
        "maximum" and "clip" take the mean at a tie, "relu" and "where" the side along which F moves less.

    Returns
    -------
    Policy
    """
    return _library("jax", spelling, {"maximum": 0.5, "clip": 0.5, "relu": 0.0, "where": 0.0})


def torch(spelling: str = "relu") -> Policy:
    """What PyTorch returns: as a PyTorch program is predicted, else by how its maxima would be spelled.

    Parameters
    ----------
    spelling : {"relu", "maximum", "clip", "where"}
        "maximum" takes the mean at a tie, "clip" the side along which F moves more, the others the other.

    Returns
    -------
    Policy
    """
    return _library("torch", spelling, {"relu": 0.0, "where": 0.0, "maximum": 0.5, "clip": 1.0})


def _library(library: str, spelling: str, weights: dict[str, float]) -> Policy:
    if spelling not in weights:
        raise ArgumentError(f"`ties.{library}(spelling=...)` knows {', '.join(weights)}; got {shown(spelling)}.")
    return Policy(f"{library}({spelling})", True, partial(_predicted, weights[spelling]))


def as_policy(ties: Any, *, call: str) -> TiePolicy:
    """A policy as users give it: one of `cj.ties`, a weight, or None for `zero`."""
    if ties is None:
        return zero
    if isinstance(ties, (int, float)) and not isinstance(ties, bool):
        return constant(ties)
    if not all(hasattr(ties, name) for name in ("name", "constant", "weights")):
        raise ArgumentTypeError(
            f"`{call}(ties=...)` needs a policy of `cj.ties`, such as `cj.ties.zero`, or a weight in [0, 1]; got "
            f"{shown(ties)}."
        )
    return ties  # type: ignore[no-any-return]


def once_a_form(policy: TiePolicy) -> Weigh:
    """The policy's weights; those of a constant one are found once for a linearisation that comes again."""
    last: list[Any] = [None, np.zeros(0)]

    def weigh(form: SwitchedJacobian, step: int, derivative: Floats | None) -> Floats:
        if not policy.constant or form is not last[0]:
            last[:] = form, policy.weights(form, step, derivative)
        return last[1]  # type: ignore[no-any-return]

    return weigh


def _weight(t: Any, where: str) -> float:
    weight = float(as_real_array(t, call="ties", argument="t", wanted="a number in [0, 1]"))
    if not 0.0 <= weight <= 1.0:
        raise ArgumentError(f"`ties.{where}` needs a weight in [0, 1]; got {weight:g}.")
    return weight


def _by_word(word: tuple[float, ...], form: SwitchedJacobian, step: int, derivative: Floats | None) -> Floats:
    return sided(form, word[step % len(word)])


def _predicted(weight: float, form: SwitchedJacobian, step: int, derivative: Floats | None) -> Floats:
    return sided(form, weight) if form.framework is None else form.framework


def _drawn(rng: np.random.Generator, form: SwitchedJacobian, step: int, derivative: Floats | None) -> Floats:
    s = np.zeros(len(form.Z))
    for tie, choice in zip(form.ties, rng.random(len(form.ties)), strict=True):
        side = int(choice * (1 + len(tie.patterns)))
        s[list(tie.patterns[side - 1]) if side else []] = 1.0
    return s


def _greedy(seed: Floats, form: SwitchedJacobian, step: int, derivative: Floats | None) -> Floats:
    """Switch by switch the side with the larger ⟨seed, X⟩."""
    if derivative is None:
        raise ArgumentError("`ties.worst(...)` looks at the derivative so far, which reverse mode does not have.")
    s = np.zeros(len(form.Z))
    moved, gains = form.Z @ derivative, form.Y.T @ seed
    for i in range(len(s)):
        moved[i] += form.L[i, :i] @ (s[:i, None] * moved[:i])
        s[i] = float((moved[i] * gains[i]).sum() > 0.0)
    return feasible(form, s)


zero = constant(0.0)
"""At every tie the side along which F moves less, as for relu'(0) = 0."""

one = constant(1.0)
"""At every tie the side along which F moves more."""

average = constant(0.5)
"""At every tie the mean of both sides."""
