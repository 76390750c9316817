"""The verdict on contraction."""

from enum import Enum


class Contraction(Enum):
    """Whether derivatives contract in some norm; the value is the sentence that a report prints."""

    PROVED = "proved: the matrices contract, so the set recursion has one compact fixed set and converges to it"
    REFUTED = "refuted: a product of the matrices does not shrink, so no norm makes all of them contractions"
    UNDECIDED = "undecided within the budget; raise `time_limit`"
    NOT_ASKED = "not applicable: the Jacobian has no square state part, so it cannot be iterated"
