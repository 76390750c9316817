"""All experiments by name, in the talk's order."""

import difflib
from collections.abc import Callable
from typing import Any

from conservative._core.errors import ArgumentError
from conservative.experiments.assumptions import equilibrium, sigma_max_one
from conservative.experiments.bilevel import bilevel
from conservative.experiments.conservative_fields import conservative
from conservative.experiments.costs import cost_of_modes
from conservative.experiments.difference_quotients import finite_differences
from conservative.experiments.empirical import empirical
from conservative.experiments.experiment import Experiment, Progress
from conservative.experiments.limits import implicit_strictly_inside, limit_derivative_exchange
from conservative.experiments.modes import jvp_vjp
from conservative.experiments.momentum import momentum
from conservative.experiments.one_step import one_step
from conservative.experiments.programs_at_zero import elephant
from conservative.experiments.random_steps import stochastic
from conservative.experiments.smooth_loops import implicit_equals_autodiff, piggyback_smooth
from conservative.experiments.transport import sinkhorn

_ALL: tuple[Callable[..., Experiment], ...] = (
    finite_differences,
    cost_of_modes,
    piggyback_smooth,
    implicit_equals_autodiff,
    sinkhorn,
    elephant,
    conservative,
    limit_derivative_exchange,
    implicit_strictly_inside,
    empirical,
    momentum,
    one_step,
    jvp_vjp,
    bilevel,
    equilibrium,
    stochastic,
    sigma_max_one,
)


def names() -> tuple[str, ...]:
    """Names of all experiments, in the talk's order.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> names()[0]
    'finite-differences'
    """
    return tuple(made.__name__.replace("_", "-") for made in _ALL)


def run(name: str, *, rng: Any = None, full: bool = False, progress: Progress | None = None) -> Experiment:
    """Run an experiment by name.

    Parameters
    ----------
    name : str
        One of `names()`.
    rng : Generator or int, optional
        What is drawn; the same for the same seed.
    full : bool
        Sizes of a paper, in place of half a minute.
    progress : callable, optional
        Called with one line as work goes on.

    Returns
    -------
    Experiment

    Raises
    ------
    ArgumentError
        For an unknown name; the message offers the nearest ones.
    MissingExtraError
        When data or a library is not installed; the message has the line for pip.

    Examples
    --------
    >>> run("elephant").held
    True
    """
    known = names()
    if name not in known:
        near = difflib.get_close_matches(str(name), known, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"They are {', '.join(known)}."
        raise ArgumentError(f"no experiment is called {str(name)[:80]!r}. {hint}")
    return _ALL[known.index(name)](rng=rng, full=full, progress=progress)


def titles() -> dict[str, str]:
    """One line for every experiment, in the talk's order: the first of its description.

    Returns
    -------
    dict of str to str
    """
    lines = ((made.__doc__ or "").splitlines()[0].removesuffix(".") for made in _ALL)
    return dict(zip(names(), lines, strict=True))
