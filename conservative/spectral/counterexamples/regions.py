"""`counterexample_map`: a plane of parameters coloured by what is proved at each of its points."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import deadline_after, is_over
from conservative._core.errors import ArgumentError, FunctionError
from conservative._core.exact.linear_algebra import flint_product, radius_against_one, to_flint
from conservative._core.families.as_family import MatrixFamily
from conservative._core.printable import shown
from conservative.functions.parametrised import ParametrisedFamily, parametrised_family
from conservative.spectral.counterexamples.batch_contraction import (
    cell_centres,
    identity,
    quadratic_weights,
    short_weight,
    shrinks_exactly,
)
from conservative.spectral.counterexamples.batch_words import Level, largest_radii, point_chunks, word_levels
from conservative.spectral.counterexamples.plane import VERDICTS, CounterexampleMap, RegionVerdict
from conservative.spectral.words.cyclic_words import Word

FloatArray = NDArray[np.float64]

_LONGEST = 12
_MOST_WORDS = 1 << 14
_NEAR = 1e-9
_BATCH = 512


def counterexample_map(
    family: Any,
    *,
    ranges: Mapping[Any, Any] | None = None,
    at: Mapping[Any, Any] | None = None,
    resolution: int | tuple[int, int] = 64,
    max_length: int = 6,
    time_limit: float | None = None,
) -> CounterexampleMap:
    """Where in a plane of parameters the matrices contract together, and where a product of stable ones expands.

    Parameters
    ----------
    family : as for `counterexample`
    ranges : mapping of symbol or name to (lower, upper), or to one number
        Exactly two parameters with room to vary, x first; the others fixed by one number.
    at : mapping, optional
        For a function: the fixed point.
    resolution : int or pair of int
        Cells along x and y; verdicts hold at their centres.
    max_length : int
        Longest products, 1 to 12.
    time_limit : float, optional
        Seconds; None, the default, is no limit. Points that are not reached are marked so. An
        interruption (Ctrl-C) does the same.

    Returns
    -------
    CounterexampleMap

    Raises
    ------
    ArgumentError, ArgumentTypeError, ShapeError, FunctionError

    Notes
    -----
    All points go through the tree of words and a search of quadratic norms together, in doubles; what these nominate
    is then decided at each point in exact arithmetic: radii of the matrices by Schur–Cohn, one product that expands, or
    a norm in which all matrices, or all products of one length, are below one. What neither proves is undecided.

    Examples
    --------
    >>> import sympy
    >>> b, k = sympy.symbols("b k")
    >>> heavy_ball = [sympy.Matrix([[1 + b - curvature, -b], [1, 0]]) for curvature in (1, k)]
    >>> plane = counterexample_map(heavy_ball, ranges={k: (0, 1), b: (0, 1)}, resolution=8, max_length=4)
    >>> plane.verdict(0, 7), plane.verdict(7, 0)
    (<RegionVerdict.QUADRATIC: 'contraction in a quadratic norm'>, <RegionVerdict.EXPANDS: 'a product expands'>)
    """
    parametrised = parametrised_family(family, ranges=ranges, at=at, call="counterexample_map")
    free = [i for i, (a, b) in enumerate(parametrised.ranges) if a < b]
    if len(free) != 2:
        names = ", ".join(parametrised.names[i] for i in free)
        raise ArgumentError(
            f"`counterexample_map(ranges=...)` needs exactly two parameters with room to vary; got {names}. "
            "Fix the others by one number each."
        )
    if isinstance(max_length, bool) or not isinstance(max_length, (int, np.integer)) or not 1 <= max_length <= _LONGEST:
        raise ArgumentError(
            f"`counterexample_map(max_length=...)` needs an integer from 1 to {_LONGEST}; got {shown(max_length)}."
        )
    if parametrised.count**max_length // max_length > _MOST_WORDS:
        raise ArgumentError(
            f"`counterexample_map(max_length=...)`: {parametrised.count} matrices have too many products of length "
            f"{max_length}. Lower it."
        )
    deadline = deadline_after(time_limit, call="counterexample_map")
    return _drawn(parametrised, free, _cells(resolution), int(max_length), deadline)


def _cells(resolution: Any) -> tuple[int, int]:
    pair = resolution if isinstance(resolution, (tuple, list)) else (resolution, resolution)
    if len(pair) != 2 or any(isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= 2000 for n in pair):
        raise ArgumentError(
            f"`counterexample_map(resolution=...)` needs an integer from 1 to 2000, or two of them; got "
            f"{shown(resolution)}."
        )
    return pair[0], pair[1]


def _drawn(
    family: ParametrisedFamily, free: list[int], cells: tuple[int, int], max_length: int, deadline: float
) -> CounterexampleMap:
    centres = [cell_centres(*family.ranges[axis], count=count) for axis, count in zip(free, cells, strict=True)]
    points = []
    for y in centres[1]:
        for x in centres[0]:
            point = [a for a, _ in family.ranges]
            point[free[0]], point[free[1]] = x, y
            points.append(tuple(point))
    board = _Board(len(points))
    levels = word_levels(family.count, max_length=max_length)
    complete = True
    try:
        for start in range(0, len(points), _BATCH):
            if is_over(deadline):
                complete = False
                break
            _decide(family, points[start : start + _BATCH], start, levels, board)
    except KeyboardInterrupt:
        complete = False
    shape = (cells[1], cells[0])
    return CounterexampleMap(
        (family.names[free[0]], family.names[free[1]]),
        np.array([float(x) for x in centres[0]]),
        np.array([float(y) for y in centres[1]]),
        board.codes.reshape(shape),
        board.word_codes.reshape(shape),
        tuple(board.words),
        board.lengths.reshape(shape),
        {name: a for name, (a, b) in zip(family.names, family.ranges, strict=True) if a == b},
        max_length,
        complete,
        (family.ranges[free[0]], family.ranges[free[1]]),
    )


@dataclass(slots=True, eq=False)
class _Board:
    """The verdicts while they are being written."""

    size: int
    codes: NDArray[np.int64] = field(init=False)
    word_codes: NDArray[np.int64] = field(init=False)
    lengths: NDArray[np.int64] = field(init=False)
    words: dict[Word, int] = field(init=False)

    def __post_init__(self) -> None:
        self.codes = np.zeros(self.size, dtype=np.int64)
        self.word_codes = np.full(self.size, -1, dtype=np.int64)
        self.lengths = np.zeros(self.size, dtype=np.int64)
        self.words = {}

    def set(self, position: int, verdict: RegionVerdict, *, length: int = 0, word: Word | None = None) -> None:
        self.codes[position] = VERDICTS.index(verdict)
        self.lengths[position] = length
        if word is not None:
            self.word_codes[position] = self.words.setdefault(word, len(self.words))


def _decide(
    family: ParametrisedFamily, points: list[tuple[Fraction, ...]], start: int, levels: tuple[Level, ...], board: _Board
) -> None:
    """The verdicts of one batch of points."""
    exact: dict[int, MatrixFamily] = {}
    for position, point in enumerate(points):
        try:
            matrices = family.at(point)
        except FunctionError:
            board.set(start + position, RegionVerdict.UNDEFINED)
            continue
        if any(radius_against_one(to_flint(m)) >= 0 for m in matrices.exact):
            board.set(start + position, RegionVerdict.VERTEX_UNSTABLE, length=1)
        else:
            exact[position] = matrices
    if not exact:
        return
    stack = np.array([matrices.floats for matrices in exact.values()])
    nominated = _nominated(stack, levels)
    weights, rates = quadratic_weights(stack)
    for index, (position, matrices) in enumerate(exact.items()):
        word = nominated.get(index)
        if word is not None and _expands(matrices, word):
            board.set(start + position, RegionVerdict.EXPANDS, length=len(word), word=word)
            continue
        verdict, length = _contraction(matrices, weights[index], float(rates[index]), len(levels))
        board.set(start + position, verdict, length=length)


def _nominated(stack: FloatArray, levels: tuple[Level, ...]) -> dict[int, Word]:
    """For each family, a word of the first length at which a product expands in doubles."""
    found: dict[int, Word] = {}
    widest = max(level.period.size for level in levels)
    for part in point_chunks(len(stack), words=widest, size=stack.shape[2]):
        for level, (radii, best) in zip(levels, largest_radii(stack[part], levels), strict=True):
            for index in np.flatnonzero(radii > 1 + _NEAR).tolist():
                found.setdefault(part.start + index, level.word(int(best[index])))
    return found


def _expands(family: MatrixFamily, word: Word) -> bool:
    return radius_against_one(flint_product([to_flint(m) for m in family.exact], word)) > 0


def _contraction(family: MatrixFamily, weight: FloatArray, rate: float, max_length: int) -> tuple[RegionVerdict, int]:
    """A norm in which all matrices, or all products of a length, are below one."""
    if shrinks_exactly(family, identity(family.size)):
        return RegionVerdict.EUCLIDEAN, 1
    if not np.isfinite(weight).all():
        return RegionVerdict.UNDECIDED, max_length
    exact = short_weight(weight)
    if rate < 1 + 1e-6 and shrinks_exactly(family, exact):
        return RegionVerdict.QUADRATIC, 1
    for length in range(2, max_length + 1):
        if shrinks_exactly(family, exact, length=length):
            return RegionVerdict.PRODUCTS, length
    return RegionVerdict.UNDECIDED, max_length
