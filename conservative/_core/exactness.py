"""How a computed set relates to the set that was asked for."""

from enum import Enum


class Exactness(Enum):
    """Relation of a computed set to the true one; the value is the sentence a report prints."""

    EXACT = "equal to the true set"
    INNER = "a subset of the true set"
    OUTER = "a superset of the true set"

    def then(self, other: "Exactness") -> "Exactness | None":
        """The exactness of an operation applied to an already inexact set.

        Parameters
        ----------
        other : Exactness
            The exactness of the second, monotone step.

        Returns
        -------
        Exactness or None
            `None` when one step is inner and the other outer: then nothing is known.
        """
        if self is Exactness.EXACT:
            return other
        if other is Exactness.EXACT or other is self:
            return self
        return None
