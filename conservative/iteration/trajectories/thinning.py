"""How many vertices the iterated hulls keep: representations by name, or an ε-hull."""

from dataclasses import dataclass

from conservative._core.checks import as_count, as_positive
from conservative._core.errors import ArgumentError
from conservative._core.printable import shown
from conservative.iteration.bounds.decay import Decay

_VERTICES = {"hull": 20_000, "thinned": 150}
"""Most vertices kept, by representation; what is left out is measured and carried as `e_missing`."""

_LOW = 3


@dataclass(frozen=True, slots=True)
class Thinning:
    """Keep a subset of the vertices of every hull, and carry what is missing.

    Parameters
    ----------
    epsilon : float, optional
        Largest `e_missing` of any set of the iteration: every step may lose ε/Σ c_s, since an error made at step r
        weighs c_{t−r} at step t. Without it only redundant vertices are left out.
    max_vertices : int
        Most vertices kept; `e_missing` exceeds `epsilon` where they do not suffice.

    Raises
    ------
    ArgumentError

    Examples
    --------
    >>> from conservative.iteration import iterate_set
    >>> J = [[[0.5, 0.0, 1.0], [0.1, 0.4, 0.0]], [[0.3, -0.4, 0.0], [0.4, 0.3, 1.0]]]
    >>> run = iterate_set(J, [[[0.0], [0.0]]], steps=15, representation=Thinning(epsilon=0.05))
    >>> run.sets[-1].e_missing <= 0.05, len(run.sets[-1].vertices) < 15
    (True, True)
    """

    epsilon: float | None = None
    max_vertices: int = _VERTICES["hull"]

    def __post_init__(self) -> None:
        if self.epsilon is not None:
            as_positive(self.epsilon, call="Thinning", argument="epsilon")
        as_count(self.max_vertices, call="Thinning", argument="max_vertices", least=1)

    def step_loss(self, decay: Decay) -> float | None:
        """The distance that one step may lose; `None` for rounding only.

        Parameters
        ----------
        decay : Decay

        Returns
        -------
        float or None
        """
        if self.epsilon is None or not decay.contracts:
            return None
        return self.epsilon / decay.tail(0) * (1.0 - 2.0**-20)


def read_representation(
    representation: str | Thinning, max_vertices: int | None, shape: tuple[int, int], *, call: str
) -> Thinning:
    """The thinning that a representation stands for."""
    if max_vertices is not None:
        max_vertices = as_count(max_vertices, call=call, argument="max_vertices", least=1)
    if isinstance(representation, Thinning):
        return Thinning(representation.epsilon, max_vertices or representation.max_vertices)
    if not isinstance(representation, str) or representation not in ("auto", *_VERTICES):
        raise ArgumentError(
            f'`{call}(representation=...)` needs "auto", "hull", "thinned" or a `Thinning`; got '
            f"{shown(representation)}."
        )
    if representation == "auto":
        representation = "hull" if shape[0] * shape[1] <= _LOW else "thinned"
    return Thinning(None, max_vertices or _VERTICES[representation])
