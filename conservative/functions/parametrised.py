"""Families of matrices with parameters: sympy entries on a box, compiled for grids and exact at rational points."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from conservative._core.checks import as_items
from conservative._core.errors import ArgumentError, ArgumentTypeError, ConservativeError, FunctionError, ShapeError
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative._core.printable import shown
from conservative._core.rationals import as_fraction
from conservative._core.result_lines import count, result_line, shape
from conservative.functions.from_sympy import build
from conservative.functions.graph.arithmetic import ExactArithmetic, as_sympy
from conservative.functions.graph.evaluate import Undefined, value_pass
from conservative.functions.selection import PiecewiseSelection

Range = tuple[Fraction, Fraction]

_SAMPLES = 4
"""Points of the box at which the pieces of a function are compared with those of the first."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ParametrisedFamily:
    """Square matrices A_1(s)..A_k(s) whose entries depend on parameters s in a box.

    Parameters
    ----------
    entries : PiecewiseSelection
        The k n n entries, row by row, as functions of the parameters.
    count, size : int
        k and n.
    ranges : tuple of pairs of Fraction
        Lower and upper end for each parameter; equal ends fix it.
    function : PiecewiseSelection or None
        The update whose pieces at a fixed point the matrices are.
    fixed : dict of str to number
        That point, without the parameters of the family.
    """

    entries: PiecewiseSelection
    count: int
    size: int
    ranges: tuple[Range, ...]
    function: PiecewiseSelection | None = None
    fixed: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        ranges = (
            f"{name} = {low}" if low == high else f"{name} in [{low}, {high}]"
            for name, (low, high) in zip(self.names, self.ranges, strict=True)
        )
        return result_line(self, count(self.count, "matrix"), shape((self.size, self.size)), *ranges)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters."""
        return self.entries.names

    @property
    def box(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper ends in doubles, shapes (d,) and (d,)."""
        ends = np.array([[float(a), float(b)] for a, b in self.ranges])
        return ends[:, 0], ends[:, 1]

    def within(self, ranges: Mapping[str, Range]) -> "ParametrisedFamily":
        """The same family on another box.

        `ranges`: for every parameter.
        """
        return replace(self, ranges=tuple(ranges[name] for name in self.names))

    def evaluate(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """The matrices at many points, in doubles.

        Shapes: `points` (N, d), result (N, k, n, n). Returns: NaN where an entry is not real.
        """
        return self.entries.evaluate(points).reshape(len(points), self.count, self.size, self.size)

    def at(self, values: Sequence[Fraction]) -> MatrixFamily:
        """The exact matrices at one rational point.

        Raises FunctionError when an entry has no value there, or is irrational.
        """
        graph = self.entries.graph
        values_of = value_pass(graph, ExactArithmetic(), tuple(values), {}).values
        numbers = [values_of[output] for output in graph.outputs]
        for number in numbers:
            if isinstance(number, Undefined) or not isinstance(number, (Fraction, int)):
                place = ", ".join(f"{n} = {v}" for n, v in zip(self.names, values, strict=True))
                raise FunctionError(
                    f"at {place} an entry is not a rational number; exact proofs need rational entries."
                )
        n = self.size
        rows = [numbers[i : i + n] for i in range(0, len(numbers), n)]
        return as_family([rows[i : i + n] for i in range(0, len(rows), n)], call="ParametrisedFamily.at")


def parametrised_family(
    source: Any, *, ranges: Mapping[Any, Any] | None, at: Any = None, call: str
) -> ParametrisedFamily:
    """Read a family with parameters.

    `source`: of a function, the state parts of the Jacobians of its active pieces at a fixed point are taken. `ranges`:
    rational ends; a number fixes the parameter. `at`: for a function: the state and the parameters that `ranges` does
    not name. `call`: named in error messages.

    >>> family = parametrised_family([[["1 - a", 1], [0, "a/2"]]], ranges={"a": (0, 1)}, call="example")
    >>> family.at([Fraction(1, 2)]).exact[0][1][1]
    Fraction(1, 4)
    """
    if isinstance(source, ParametrisedFamily):
        if ranges is not None or at is not None:
            raise ArgumentError(f"`{call}(family=...)` has its ranges already; leave `ranges` and `at` out.")
        return source
    intervals = _read_ranges(ranges, call)
    function = source if isinstance(source, PiecewiseSelection) else None
    if function is None and at is not None:
        raise ArgumentError(f"`{call}(at=...)` is the point of a function; the family holds matrices. Leave `at` out.")
    if function is None:
        matrices = _matrices(source, call)
    else:
        matrices = _pieces(function, intervals, {} if at is None else at, call)
    n = len(matrices[0])
    flat = [entry for matrix in matrices for row in matrix for entry in row]
    _check_symbols(flat, intervals, call)
    symbols = [_symbol(key, flat) for key in intervals]
    try:
        entries = build(flat, state=symbols, parameters=(), call=call)
    except FunctionError as error:
        raise type(error)(f"`{call}(family=...)`: {error} The parameters are those that `ranges` names.") from error
    _check_ranges(entries, call)
    fixed = {getattr(key, "name", key): value for key, value in (at or {}).items()}
    family = ParametrisedFamily(entries, len(matrices), n, tuple(intervals.values()), function, fixed)
    if function is not None:
        _check_pieces(family, function, fixed, call)
    return family


def _read_ranges(ranges: Any, call: str) -> dict[Any, Range]:
    if not isinstance(ranges, Mapping):
        raise ArgumentTypeError(
            f"`{call}(ranges=...)` needs a mapping from parameters to (lower, upper); got {type(ranges).__name__}."
        )
    intervals = {key: _range(key, value, call) for key, value in ranges.items()}
    if not intervals or all(a == b for a, b in intervals.values()):
        raise ArgumentError(
            f"`{call}(ranges=...)` needs at least one parameter with room to vary; got {len(intervals)} fixed ones. "
            "For matrices without parameters call `shortest_expanding`."
        )
    return intervals


def _range(key: Any, value: Any, call: str) -> Range:
    if not isinstance(key, (str, sympy.Symbol)):
        raise ArgumentTypeError(f"`{call}(ranges=...)` needs symbols or names as keys; got {type(key).__name__}.")
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) != 2:
        raise ArgumentError(f"`{call}(ranges=...)`: {key} needs (lower, upper) or one number; got {shown(value)}.")
    try:
        lower, upper = (as_fraction(end) for end in pair)
    except ConservativeError as error:
        raise type(error)(f"`{call}(ranges=...)`: {key}: {error}") from error
    if lower > upper:
        raise ArgumentError(f"`{call}(ranges=...)`: the range of {key} is empty, {lower} > {upper}. Swap its ends.")
    return lower, upper


def _matrices(source: Any, call: str) -> list[list[list[Any]]]:
    if isinstance(source, (str, sympy.Basic, sympy.MatrixBase)) or not isinstance(source, Iterable):
        raise ArgumentTypeError(
            f"`{call}(family=...)` needs a list of square matrices or a `PiecewiseSelection`; got "
            f"{type(source).__name__}. For one matrix A pass `[A]`."
        )
    listed = as_items(source, call=call, argument="family", wanted="a list of square matrices")
    matrices = [m.tolist() if hasattr(m, "tolist") else m for m in listed]
    size = len(matrices[0]) if matrices and isinstance(matrices[0], (list, tuple)) else 0
    for matrix in matrices or [None]:
        rows = matrix if isinstance(matrix, (list, tuple)) else []
        if not size or len(rows) != size or any(not isinstance(r, (list, tuple)) or len(r) != size for r in rows):
            raise ShapeError(
                f"`{call}(family=...)` needs a list of square matrices of one order; got {shown(source)}"[:300]
            )
    return [[[_entry(x) for x in row] for row in matrix] for matrix in matrices]


def _entry(value: Any) -> Any:
    return value if isinstance(value, (str, sympy.Expr)) else as_sympy(as_fraction(value))


def _check_symbols(flat: Sequence[Any], intervals: Mapping[Any, Range], call: str) -> None:
    """Every symbol has a range; those in text are checked by its reader."""
    used = {s.name for entry in flat if isinstance(entry, sympy.Expr) for s in entry.free_symbols}
    named = {getattr(key, "name", key) for key in intervals}
    missing = sorted(used - named)
    if missing:
        raise ArgumentError(f"`{call}(ranges=...)` has no range for {', '.join(missing)}. Give (lower, upper).")


def _check_ranges(entries: PiecewiseSelection, call: str) -> None:
    used = {node.data for node in entries.graph.nodes if node.op == "variable"}
    idle = [name for position, name in enumerate(entries.names) if position not in used]
    if idle:
        raise ArgumentError(f"`{call}(ranges=...)` names {', '.join(idle)}, on which no entry depends. Leave it out.")


def _symbol(key: Any, flat: Sequence[Any]) -> Any:
    """The symbol in the entries that goes by a name, whatever its assumptions."""
    name = getattr(key, "name", key)
    used = {s for entry in flat if isinstance(entry, sympy.Expr) for s in entry.free_symbols if s.name == name}
    return used.pop() if len(used) == 1 else sympy.Symbol(name)


def _pieces(F: PiecewiseSelection, intervals: Mapping[Any, Range], at: Any, call: str) -> list[list[list[Any]]]:
    """The state parts of the Jacobians of the pieces at a generic parameter, as expressions in the parameters."""
    if not isinstance(at, Mapping):
        raise ArgumentTypeError(f"`{call}(at=...)` needs a mapping from state and parameters to numbers.")
    fixed = {getattr(key, "name", key): value for key, value in at.items()}
    names = [getattr(key, "name", key) for key in intervals]
    stray = [n for n in (*names, *fixed) if n not in F.names]
    if stray:
        raise ArgumentError(f"`{call}`: {stray[0]!r} is not among the symbols {', '.join(F.names)} of the function.")
    point = dict(zip(names, _sample(tuple(intervals.values()), 1), strict=True)) | fixed
    read = F.point(point, call=call)
    chosen = dict(zip(F.symbols, read.as_sympy(), strict=True))
    values = {s: v for s, v in chosen.items() if s.name not in names}
    p = len(F.state)
    blocks = [piece.jacobian[:, :p].subs(values) for piece in F.active(point)]
    distinct = list(dict.fromkeys(sympy.ImmutableMatrix(block) for block in blocks))
    return [block.tolist() for block in distinct]


def _check_pieces(family: ParametrisedFamily, F: PiecewiseSelection, at: Mapping[Any, Any], call: str) -> None:
    """Refuse a point that is not fixed, or whose active pieces change inside the box, at sampled parameters."""
    p = len(F.state)
    for step in range(1, _SAMPLES + 1):
        values = _sample(family.ranges, step)
        point = dict(zip(family.names, values, strict=True)) | dict(at)
        if not F.residual(point).vanishes:
            raise ArgumentError(f"`{call}(at=...)`: at {F.point(point)} F(x, θ) = x fails; give a fixed point.")
        numbers = dict(zip(F.symbols, F.point(point).as_sympy(), strict=True))
        active = {sympy.ImmutableMatrix(piece.jacobian[:, :p].subs(numbers)) for piece in F.active(point)}
        listed = {
            sympy.ImmutableMatrix([[as_sympy(x) for x in row] for row in matrix]) for matrix in family.at(values).exact
        }
        if active != listed:
            raise ArgumentError(
                f"`{call}(ranges=...)`: at {F.point(point)} other pieces are active than elsewhere in the ranges. "
                "Narrow them until the same pieces meet everywhere."
            )


def _sample(ranges: Sequence[Range], step: int) -> tuple[Fraction, ...]:
    """A rational inside the box without special relations between its coordinates."""
    values = []
    for position, (lower, upper) in enumerate(ranges):
        share = Fraction((97 * step + 41 * position * step + 13 * position) % 211 + 1, 213)
        values.append(lower + share * (upper - lower))
    return tuple(values)
