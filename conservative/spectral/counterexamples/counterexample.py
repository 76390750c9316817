"""`counterexample`: parameters of a family at which the matrices are stable and a product expands."""

from collections.abc import Mapping
from typing import Any

from conservative._core.checks import as_choice, as_count, as_generator
from conservative._core.deadlines import deadline_after
from conservative._core.errors import ArgumentError, ArgumentTypeError, BudgetError
from conservative._core.printable import shown
from conservative.functions.parametrised import parametrised_family
from conservative.spectral.counterexamples.parameter_search import OutOfTimeError, ParameterSearch
from conservative.spectral.counterexamples.result import Counterexample, CounterexampleStatus, as_counterexample

OBJECTIVES = ("shortest", "simplest", "margin")
"""What a counterexample may be chosen for."""

_LONGEST = 16

_MOST_WORDS = 1 << 16
"""Cyclic classes of words of one length at most."""


def counterexample(
    family: Any,
    *,
    ranges: Mapping[Any, Any] | None = None,
    at: Mapping[Any, Any] | None = None,
    objective: str = "shortest",
    max_length: int = 8,
    converges: bool = False,
    samples: int = 4096,
    time_limit: float | None = None,
    rng: Any = None,
) -> Counterexample:
    """Parameters at which every matrix of a family is stable and yet a product of them expands, proved exactly.

    Such parameters show an algorithm whose smooth pieces all converge while its set of derivatives does not: no norm
    makes all of its Jacobians contractions.

    Parameters
    ----------
    family : sequence of k square sympy matrices, nested sequences of expressions or text, or PiecewiseSelection
        Entries in the parameters. Of a function F, the state parts of the Jacobians of its pieces at `at`.
    ranges : mapping of symbol or name to (lower, upper), or to one number
        Rational ends (doubles are taken as exact); a number fixes the parameter. Left out only for a family that was
        read with its ranges already.
    at : mapping of symbol or name to number, optional
        For a function: a fixed point, with values for all symbols that `ranges` does not name.
    objective : str
        ``"shortest"``: a word as short as possible, then simple parameters. ``"simplest"``: parameters of small
        denominators, whatever the word. ``"margin"``: the largest rho(M_w)^(1/length).
    max_length : int
        Longest word, 2 to 16.
    converges : bool
        Ask that all trajectories of the two-piece linear map of the Jacobians that start off its kink be proved to
        converge (pairs of 2 x 2 matrices that differ by rank one). Of a function, `kink.function` tells where it is
        proved to be that map.
    samples : int
        Points spread over the ranges.
    time_limit : float, optional
        Seconds; None, the default, is no limit. The best counterexample found by then is returned. An
        interruption (Ctrl-C) does the same.
    rng : optional
        Seed or generator of the local search; results do not depend on it as long as samples suffice.

    Returns
    -------
    Counterexample

    Raises
    ------
    ArgumentError, ArgumentTypeError, ShapeError, FunctionError
        For families, ranges and options that cannot be used.
    BudgetError
        When none was found; the message says how far the search went. It proves nothing.

    Notes
    -----
    Doubles nominate: the tree of least rotations on all samples at once, then random steps uphill from the best of
    them. Rational points are then tried by growing denominators (and by the Stern–Brocot tree from the samples),
    and stability of each matrix, expansion of the word, and up to which length no word expands there are decided in
    exact arithmetic: no shorter word does where `is_shortest` is true; a word of the objective "margin" may not be the
    shortest. That no other point of the ranges has a shorter word, or simpler parameters beyond those enumerated, is
    not proved.

    Examples
    --------
    >>> import sympy
    >>> b, k = sympy.symbols("b k")
    >>> heavy_ball = [sympy.Matrix([[1 + b - curvature, -b], [1, 0]]) for curvature in (1, k)]
    >>> counterexample(heavy_ball, ranges={b: (0, 1), k: ("1/4", 1)}).parameters
    {'b': Fraction(4, 5), 'k': Fraction(1, 3)}
    """
    parametrised = parametrised_family(family, ranges=ranges, at=at, call="counterexample")
    as_choice(objective, OBJECTIVES, call="counterexample", argument="objective")
    if not isinstance(converges, bool):
        raise ArgumentTypeError(f"`counterexample(converges=...)` is True or False; got {shown(converges)}.")
    max_length = as_count(max_length, call="counterexample", argument="max_length", least=2, most=_LONGEST)
    samples = as_count(samples, call="counterexample", argument="samples", least=1, most=1 << 22)
    classes = parametrised.count**max_length // max_length
    if classes > _MOST_WORDS:
        raise ArgumentError(
            f"`counterexample(max_length=...)`: {parametrised.count} matrices have about {classes:,} classes of words "
            f"of length {max_length}; at most {_MOST_WORDS:,} are looked at. Lower `max_length`."
        )
    if converges and (parametrised.count, parametrised.size) != (2, 2):
        raise ArgumentError(
            f"`counterexample(converges=True)` proves convergence for two 2 x 2 matrices; got {parametrised.count} of "
            f"order {parametrised.size}. Leave it out: what trajectories do is then observed where it can be."
        )
    deadline = deadline_after(time_limit, call="counterexample")
    search = ParameterSearch(
        parametrised, max_length, samples, converges, as_generator(rng, call="counterexample"), deadline
    )
    steps = {"shortest": search.shortest, "simplest": search.simplest, "margin": search.margin}[objective]()
    best, status = None, CounterexampleStatus.FOUND
    try:
        for proved in steps:
            best = proved
    except OutOfTimeError:
        status = CounterexampleStatus.TIME_LIMIT
    except KeyboardInterrupt:
        if best is None:
            raise
        status = CounterexampleStatus.INTERRUPTED
    if best is None:
        raise BudgetError(_nothing(search, status))
    return as_counterexample(best, parametrised, objective=_AIMS[objective], examined=search.examined, status=status)


_AIMS = {"shortest": "shortest word", "simplest": "simplest parameters", "margin": "largest growth per step"}


def _nothing(search: ParameterSearch, status: CounterexampleStatus) -> str:
    """Why there is no answer, and how far the search went."""
    late = status is CounterexampleStatus.TIME_LIMIT
    ended = " before the time limit" if late else ""
    if not search.examined:
        return (
            f"`counterexample(family=...)`: at none of {search.samples} points of the ranges is every matrix stable"
            f"{ended}. Move or widen `ranges`."
        )
    wanted = " with proved convergence of the two-piece linear map off its kink" if search.converges else ""
    return (
        f"`counterexample(family=...)`: none was found{wanted}{ended}. Products of up to {search.length or 1} matrices "
        f"were looked at on {search.examined} stable points of the ranges, which proves nothing. Raise `max_length`, "
        "`samples` or `time_limit`, or widen `ranges`."
    )
