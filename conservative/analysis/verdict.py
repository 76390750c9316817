"""`ContractionOutcome`: whether derivatives contract in some norm."""

from enum import Enum


class ContractionOutcome(Enum):
    """Whether derivatives contract in some norm; the value is the sentence that a report prints."""

    PROVED = "proved: the matrices contract, so the set recursion has one compact fixed set and converges to it"
    QUOTIENT = (
        "proved on a quotient: the matrices contract once a common subspace, on which their radius is one, is taken out"
    )
    SUBSPACE = (
        "proved on a subspace: the matrices contract on a common invariant subspace, beyond which their radius is one"
    )
    REFUTED = "refuted: a product of the matrices does not shrink, so no norm makes all of them contractions"
    UNDECIDED = "undecided within the budget; raise `time_limit`"
    NOT_ASKED = "not applicable: the Jacobian has no square state part, so it cannot be iterated"
