"""The result of `counterexample_map`: verdicts and winning words on a grid of two parameters."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentTypeError
from conservative._core.printable import page
from conservative._core.result_lines import result_line, shape
from conservative.spectral.counterexamples.batch_contraction import cell_centres
from conservative.spectral.words.cyclic_words import Word, word_text

FloatArray = NDArray[np.float64]


class RegionVerdict(Enum):
    """What is proved at a point of a map; the value is the text of its legend."""

    NOT_REACHED = "not looked at"
    UNDEFINED = "a matrix has no rational value"
    VERTEX_UNSTABLE = "left out: a matrix alone has radius ≥ 1"
    EUCLIDEAN = "contraction in the Euclidean norm"
    QUADRATIC = "contraction in a quadratic norm"
    PRODUCTS = "all products of some length contract"
    EXPANDS = "a product expands"
    UNDECIDED = "undecided"


VERDICTS = tuple(RegionVerdict)

_LEFT_OUT = (RegionVerdict.NOT_REACHED, RegionVerdict.UNDEFINED, RegionVerdict.VERTEX_UNSTABLE)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CounterexampleMap:
    """Verdicts on a grid of two parameters, each proved in exact arithmetic at its point.

    Parameters
    ----------
    names : pair of str
        The parameters along x and y.
    x, y : ndarray, shapes (nx,) and (ny,)
        The centres of the cells, rounded; `point` gives them exactly.
    codes : ndarray of int, shape (ny, nx)
        Positions in `RegionVerdict`.
    word_codes : ndarray of int, shape (ny, nx)
        Positions in `words`, -1 where no product is known to expand.
    words : tuple of tuple of int
        The expanding words: at each point a shortest one that was found.
    lengths : ndarray of int, shape (ny, nx)
        Length of the products behind the verdict: of the word, or of those that all contract; the longest tried where
        undecided.
    fixed : dict of str to Fraction
        The other parameters.
    max_length : int
    complete : bool
        Whether every point was reached within the time.
    ranges : pair of pairs of Fraction
    """

    names: tuple[str, str]
    x: FloatArray
    y: FloatArray
    codes: NDArray[np.int64]
    word_codes: NDArray[np.int64]
    words: tuple[Word, ...]
    lengths: NDArray[np.int64]
    fixed: dict[str, Fraction]
    max_length: int
    complete: bool
    ranges: tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]] = field(repr=False)

    def verdict(self, row: int, column: int) -> RegionVerdict:
        """What is proved at a cell's centre.

        Parameters
        ----------
        row, column : int
            Along y and x.

        Returns
        -------
        RegionVerdict
        """
        return VERDICTS[int(self.codes[row, column])]

    def word(self, row: int, column: int) -> Word | None:
        """The expanding word at a cell's centre.

        Parameters
        ----------
        row, column : int

        Returns
        -------
        tuple of int or None
        """
        code = int(self.word_codes[row, column])
        return None if code < 0 else self.words[code]

    def point(self, row: int, column: int) -> dict[str, Fraction]:
        """The exact parameters of a cell's centre.

        Parameters
        ----------
        row, column : int

        Returns
        -------
        dict of str to Fraction
        """
        (a, b), (c, d) = self.ranges
        centre_x = cell_centres(a, b, count=self.x.size)[column]
        centre_y = cell_centres(c, d, count=self.y.size)[row]
        return {self.names[0]: centre_x, self.names[1]: centre_y, **self.fixed}

    def stable_ranges(self) -> tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]:
        """The smallest box of cells around those where every matrix is stable, with a rim of one cell.

        Returns
        -------
        pair of pairs of Fraction
            Those of the map when there is no such cell.
        """
        stable = np.isin(self.codes, [VERDICTS.index(v) for v in RegionVerdict if v not in _LEFT_OUT])
        if not stable.any():
            return self.ranges
        boxed = []
        for (a, b), cells in zip(self.ranges, (stable.any(axis=0), stable.any(axis=1)), strict=True):
            first, last = (int(end) for end in np.flatnonzero(cells)[[0, -1]])
            unit = (b - a) / cells.size
            boxed.append((a + max(first - 1, 0) * unit, a + min(last + 2, cells.size) * unit))
        return boxed[0], boxed[1]

    def shares(self) -> dict[str, float]:
        """The share of cells with each verdict, expanding ones by their word, largest first.

        Returns
        -------
        dict of str to float
        """
        labels = Counter(
            f"{VERDICTS[code].value}: {word_text(self.words[word])}" if word >= 0 else VERDICTS[code].value
            for code, word in zip(self.codes.ravel().tolist(), self.word_codes.ravel().tolist(), strict=True)
        )
        return {label: count / self.codes.size for label, count in labels.most_common()}

    def __repr__(self) -> str:
        return result_line(self, shape(self.names), f"{shape((self.x.size, self.y.size))} points")

    def _repr_html_(self) -> str:
        return page(self)

    def __str__(self) -> str:
        fixed = "".join(f", {name} = {value}" for name, value in self.fixed.items())
        lines = [
            f"{shape((self.x.size, self.y.size))} points of ({self.names[0]}, {self.names[1]}){fixed}, "
            f"products of up to {self.max_length} matrices"
        ]
        shares = self.shares()
        lines += [f"  {share:6.1%}  {label}" for label, share in list(shares.items())[:16]]
        if len(shares) > 16:
            lines.append(f"  {sum(list(shares.values())[16:]):6.1%}  {len(shares) - 16} others")
        return "\n".join(lines)


def require_map(value: Any, call: str) -> None:
    """Refuse what is no map of counterexamples, in the name of the call."""
    if not isinstance(value, CounterexampleMap):
        raise ArgumentTypeError(f"`{call}` needs the result of `counterexample_map`; got {type(value).__name__}.")
