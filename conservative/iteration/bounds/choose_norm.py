"""Which norm to prove bounds in: Euclidean, over several steps, or adapted; and the word that rules all of them out."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.deadlines import NEVER, is_over, seconds_left, time_limit_until
from conservative._core.errors import BudgetError, ConservativeError, ExpansionError
from conservative.iteration.bounds.decay import Decay, decay_of, pruned_decay
from conservative.iteration.bounds.word_tree_bound import short_radius
from conservative.spectral import Product, common_quadratic_norm, expanding_product, polytope_norm

Floats = NDArray[np.float64]

_WORD_LENGTH, _WORDS = 12, 100_000

_HOPELESS = 1.0 - 1e-14
"""A matrix, or a product of two, of this radius: what contracts more slowly bounds nothing."""

_GOOD_ENOUGH = 50.0
"""A sum of all norms below which no semidefinite program is solved to improve it."""


def adapted_decay(A: Floats, *, norm: ArrayLike | None = None, deadline: float = NEVER) -> Decay:
    """The smallest constants found: in the given norm, over several steps, or in a quadratic or a polytope norm.

    A quadratic norm is looked for by semidefinite programming only when ‖A‖₂ ≥ 1 for some A, and products of several
    steps do not contract or do so slowly. Its bounds are multiplied by its condition number. If it does not contract in
    one step either, words are followed in it until they have shrunk. Where these are too many, a polytope is grown:
    some polytope norm contracts whenever the joint spectral radius is below 1.

    Shapes: `A` (k, p, p), `norm` (p, p). Returns: with a rate of at least 1 if nothing contracts, or nothing is found
    in time.
    """
    found = decay_of(A, norm=norm, deadline=deadline)
    if (
        norm is not None
        or is_over(deadline)
        or found.one_step < 1.0
        or (found.contracts and found.tail(0) <= _GOOD_ENOUGH)
    ):
        return found
    if not found.contracts and (short_radius(A) >= _HOPELESS or expanding_word(A) is not None):
        return found
    try:
        P = common_quadratic_norm(A, time_limit=time_limit_until(deadline)).P
        other = decay_of(A, norm=P, deadline=deadline)
        # No quadratic norm of its own contracts every family that contracts: products in it do.
        other = other if other.contracts else pruned_decay(A, norm=P, deadline=deadline)
    except ConservativeError:
        return found
    found = other if other.tail(0) < found.tail(0) else found
    if found.contracts or is_over(deadline):
        return found
    polytope = polytope_norm(A) if deadline == NEVER else polytope_norm(A, time_limit=seconds_left(deadline))
    return found if polytope is None else Decay((polytope.spread,), polytope.gamma, found.one_step)


def expanding_word(A: Floats) -> Product | None:
    """A short product with spectral radius above 1, as a `Product`; `None` if there is none of the lengths tried.

    At most 12 factors, and at most 100 000 words of the largest length.

    Shapes: `A` (k, p, p).
    """
    longest = int(math.log(_WORDS) / math.log(len(A))) if len(A) > 1 else _WORD_LENGTH
    return expanding_product(A, max_length=max(1, min(longest, _WORD_LENGTH)))


def contracting_decay(A: Floats, *, norm: ArrayLike | None, call: str) -> Decay:
    """Constants that contract, or an error that says why there are none.

    Shapes: `A` (k, p, p), `norm` (p, p). Raises ExpansionError if a word of a few factors expands; the message names
    it. Raises BudgetError if neither a contracting norm nor an expanding word was found.
    """
    found = adapted_decay(A, norm=norm)
    if found.contracts:
        return found
    word = expanding_word(A)
    if word is not None:
        barely = "" if word.spectral_radius > 1.0 else ", whose radius exceeds 1 by less than a double shows"
        raise ExpansionError(
            f"`{call}` needs state blocks that contract in some norm; got the expanding product {word}{barely}. "
            "No norm contracts and no bounded fixed set need exist; see `joint_spectral_radius(J)`."
        )
    raise BudgetError(
        f"`{call}` needs state blocks that contract in some norm; none was found, nor an expanding product of "
        f"at most {_WORD_LENGTH} factors: the joint spectral radius is 1 or close to it. Decide with "
        "`joint_spectral_radius(J)` and more time, or pass a contracting quadratic norm as `norm`."
    )
