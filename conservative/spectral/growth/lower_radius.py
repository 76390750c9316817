"""The lower spectral radius: how slowly products of a family can be made to grow."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from conservative._core.checks import as_count, as_distance
from conservative._core.deadlines import deadline_after, is_over, seconds_left
from conservative._core.errors import ArgumentError, CertificateError
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative._core.numbers import Bracket
from conservative._core.result_lines import result_line
from conservative.certificates import Certificate, LowerPart, slowest_certificate
from conservative.spectral.automata.automaton import Automaton
from conservative.spectral.automata.lifting import as_automaton, edge_family
from conservative.spectral.growth.lower_bounds import lower_bounds
from conservative.spectral.growth.slow_words import search_slow_word
from conservative.spectral.norms.scaling import balanced_family
from conservative.spectral.words.cyclic_words import Word, word_text
from conservative.spectral.words.products import proved_rate

_ROOTS, _GRACE = 1e-7, 0.2
"""Seconds that the checker takes for the roots of a letter, times n^5, about; and seconds that are granted anyway."""


class LowerRadiusStatus(Enum):
    """How a computation of the lower spectral radius ended; the value is the sentence to print."""

    CLOSED = "the bounds agree within the tolerance"
    ZERO = "a product is nilpotent: the lower spectral radius is exactly 0"
    OPEN = (
        "the bounds leave a gap: tight lower bounds are known for nonnegative and for invertible families only; "
        "pass longer words with `max_length`"
    )
    TIME_LIMIT = "the time limit was reached: the bracket holds; raise `time_limit` to narrow it"


@dataclass(frozen=True, slots=True, eq=False)
class LowerSpectralRadius:
    """A proved bracket of the lower spectral radius of a family.

    Parameters
    ----------
    lower, upper : float
        Proved bounds, rounding included.
    word : tuple of int
        A word whose rho(M_w)^(1/|w|) is at most `upper`; under an automaton it labels a closed path.
    status : LowerRadiusStatus
    certificate : Certificate or None
        A claim that `check` proves again in exact arithmetic: the bracket, or its upper end alone where what proves the
        lower one is beyond the checker's limits on size.
    """

    lower: float
    upper: float
    word: Word
    status: LowerRadiusStatus
    certificate: Certificate | None

    @property
    def bracket(self) -> Bracket:
        """The bounds as a `Bracket`."""
        return Bracket(self.lower, self.upper)

    def __repr__(self) -> str:
        return result_line(
            self, f"lower={self.lower!r}", f"upper={self.upper!r}", f"word {word_text(self.word)}", self.status.name
        )


def lower_spectral_radius(
    matrices: Any,
    *,
    tol: float = 1e-6,
    max_length: int = 24,
    time_limit: float | None = None,
    automaton: Automaton | None = None,
) -> LowerSpectralRadius:
    """Bounds of the slowest growth rate of products of a family: lim min ||M_w||^(1/|w|), the least over words.

    Experimental: nothing else in the package relies on it, and a release may change it.

    Below 1, some switching sequence drives every product to zero. It depends on the family itself: the convex hull
    can have a smaller one.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), or anything `as_family` reads
        Doubles are taken as exact; rationals stay exact.
    tol : float
        Relative tolerance at which the bounds count as closed.
    max_length : int
        Longest word of the search.
    time_limit : float, optional
        Seconds; None, the default, is no limit. It is looked at between steps; a certificate that
        would take longer is not made.
    automaton : Automaton, optional
        Only words that label a path count, read as the product reads.

    Returns
    -------
    LowerSpectralRadius

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentError, ArgumentTypeError

    Notes
    -----
    Above: rho(M_w)^(1/|w|) of every word is a bound, and a search of bounded width looks for a small one; its
    radius is enclosed from the exact characteristic polynomial. Below, the best of

    * min |det A_i|^(1/n), since rho(M_w)^n >= |det M_w|;
    * 1 / jsr{A_i^-1} for invertible matrices, since rho(M_w) >= 1 / rho(M_w^-1); it covers the least singular value;
    * for nonnegative matrices, and their transposes, a set that they map away from zero (`proved_antinorm_rates`),
      beginning with the vector of ones: the least row sum, and the least column sum;

    each also for the diagonal blocks of the family: the radius of a product is at least that of its blocks. A lower
    bound 0 is the best known for singular matrices of mixed signs: the lower spectral radius is not continuous there.

    References
    ----------
    [jungers2009]_, [guglielmiprotasov2013]_

    Examples
    --------
    >>> slow = lower_spectral_radius([[[1, 1], [0, 1]], [[2, 0], [1, 1]]])
    >>> slow.word, slow.lower <= 1.0 <= slow.upper
    ((0,), True)
    """
    family = as_family(matrices, call="lower_spectral_radius")
    call = "lower_spectral_radius"
    tol = as_distance(tol, call=call, argument="tol", wanted="a tolerance of at least 0")
    max_length = as_count(max_length, call=call, argument="max_length", least=1)
    deadline = deadline_after(time_limit, call="lower_spectral_radius")
    graph = None if automaton is None else as_automaton(automaton, count=family.count, call="lower_spectral_radius")
    word, upper = _best_word(family if graph is None else edge_family(family, graph), graph, max_length, deadline)
    letters = word if graph is None else graph.letter_word(word)
    lower, status, part = 0.0, LowerRadiusStatus.ZERO if upper == 0 else LowerRadiusStatus.OPEN, None
    for bound, proof in lower_bounds(family, graph, word, upper, deadline) if upper > 0 else ():
        if bound > lower:
            lower, part = min(bound, upper), proof
        if upper <= lower * (1 + tol):
            status = LowerRadiusStatus.CLOSED
            break
        if is_over(deadline):
            status = LowerRadiusStatus.TIME_LIMIT
            break
    certificate = None
    if _ROOTS * family.size**5 * len(letters) ** 1.5 <= max(_GRACE, seconds_left(deadline)):
        certificate = _certificate(family, graph, letters, lower, upper, part)
    return LowerSpectralRadius(lower, upper, letters, status, certificate)


def _best_word(family: MatrixFamily, graph: Automaton | None, max_length: int, deadline: float) -> tuple[Word, float]:
    """The word of the search, or a single letter if that is proved to be smaller; of edges under an automaton."""
    width = max(8, min(400, 160_000 // family.size**2) * 4 // max(family.count, 4))
    scaled, follows, single = balanced_family(family), None, [(i,) for i in range(family.count)]
    if graph is not None:
        ends = np.array(graph.edges)
        follows = ends[:, 1][:, None] == ends[:, 0][None, :]
        single = [(i,) for i in range(family.count) if follows[i, i]]
        # A shortest closed path has no more letters than there are nodes.
        max_length = max(max_length, graph.nodes)
    word, _ = search_slow_word(scaled.floats, max_length=max_length, width=width, deadline=deadline, follows=follows)
    words = {*single, *([word] if word else [])}
    if not words and graph is not None:
        words = {_closed_path(graph)}
    upper, _, word = min((proved_rate(family, w).upper, len(w), w) for w in words)
    return word, upper


def _closed_path(graph: Automaton) -> Word:
    """The edges of a closed path, by a search in breadth from the end of each edge back to its beginning."""
    for first, (u, v, _) in enumerate(graph.edges):
        paths: dict[int, Word] = {v: (first,)}
        waiting = [v]
        for node in waiting:
            for e, (a, b, _) in enumerate(graph.edges):
                if a == node and b not in paths:
                    paths[b] = (*paths[node], e)
                    waiting.append(b)
        if u in paths:
            return paths[u]
    raise ArgumentError(
        "`lower_spectral_radius(automaton=...)` allows no word that goes on for ever: the automaton has no closed "
        "path. Add an edge that leads back."
    )


def _certificate(
    family: MatrixFamily, graph: Automaton | None, word: Word, lower: float, upper: float, part: LowerPart | None
) -> Certificate | None:
    """The bracket, or the upper end alone."""
    for end, proof in [(lower, part)] * (part is not None) + [(0.0, None)]:
        try:
            return slowest_certificate(family, word=word, lower=end, upper=upper, part=proof, automaton=graph)
        except CertificateError:
            continue
    return None
