"""The semidefinite programs behind the bounds, written in the SDPA sparse format for other solvers."""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from conservative._core.checks import as_choice, as_count, as_positive
from conservative._core.errors import ArgumentError
from conservative._core.families.as_family import as_family
from conservative._core.printable import shown
from conservative._core.rationals import as_fraction
from conservative._core.safe_files import write_atomically
from conservative.spectral.automata.automaton import Automaton
from conservative.spectral.automata.lifting import as_automaton, edge_family
from conservative.spectral.semidefinite.graph import LyapunovGraph, automaton_graph, graph_pencil, memory_graph
from conservative.spectral.semidefinite.options import half_degree_of
from conservative.spectral.semidefinite.pencil import Pencil
from conservative.spectral.semidefinite.polynomial_forms import BalancedFamily, balance

FloatArray = NDArray[np.float64]

_CALL = "export_sdpa"
_PROBLEMS = ("quadratic", "path-complete", "sum-of-squares")


def export_sdpa(
    path: str | os.PathLike[str],
    matrices: Any,
    *,
    gamma: float,
    problem: str = "quadratic",
    degree: int = 4,
    memory: int = 1,
    automaton: Automaton | None = None,
) -> None:
    """Write the program that decides whether a bound gamma can be proved, in the SDPA sparse format.

    Experimental: nothing else in the package relies on it, and a release may change it.

    The program maximises the margin t of all inequalities, gamma^(2 d) G_u - L_i^T G_v L_i + N_e >= t Id, over the
    forms G_u >= 0 whose traces add up to their orders; N_e is any matrix whose form vanishes on monomials. The bound
    can be proved when the optimum is positive, and only if it is not negative. In the format's words: minimise c^T x
    such that F_1 x_1 + ... + F_m x_m - F_0 is positive semidefinite.

    Parameters
    ----------
    path : path-like
        Usually with the ending ``.dat-s``. Written whole or not at all.
    matrices : array_like, shape (k, n, n), or anything `as_family` reads
    gamma : float
        The bound in question.
    problem : {"quadratic", "path-complete", "sum-of-squares"}
        A common quadratic norm; `path_complete_bound` with `memory`; `sum_of_squares_bound` with `degree`.
    degree : int
        2 d, for sums of squares.
    memory : int
        For path-complete graphs.
    automaton : Automaton, optional
        Bound the growth of its words only.

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentError, ArgumentTypeError, BudgetError
    FileFormatError
        When the file cannot be written.

    Notes
    -----
    The family is divided by gamma, and brought into a diagonal basis of powers of two, where forms are in the
    monomials weighted by the roots of the multinomial coefficients; 17 digits, so that doubles are read back exactly.
    Blocks: one an edge (matrix inequality), one a node (G_u >= 0), and last a diagonal block of two rows
    that hold the traces. Variables: the upper triangles of the G_u in row order, the coordinates of the N_e, and t.

    References
    ----------
    [fujisawa2008]_

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = pathlib.Path(folder, "golden.dat-s")
    ...     export_sdpa(target, [[[1, 1], [0, 1]], [[1, 0], [1, 1]]], gamma=1.7)
    ...     print(target.read_text().splitlines()[1:4])
    ['4 = number of variables', '4 = number of blocks', '2 2 2 -2 = sizes of the blocks']
    """
    as_choice(problem, _PROBLEMS, call=_CALL, argument="problem")
    if not as_positive(gamma, call=_CALL, argument="gamma", noun="number") < float("inf"):
        raise ArgumentError(f"`{_CALL}(gamma=...)` needs a positive number, the bound in question; got {shown(gamma)}.")
    family = as_family(matrices, call=_CALL)
    half = half_degree_of(degree, call=_CALL) if problem == "sum-of-squares" else 1
    remembered = as_count(memory, call=_CALL, argument="memory", least=0, most=12)
    remembered = remembered if problem == "path-complete" else 0
    graph: LyapunovGraph
    if automaton is None:
        graph = memory_graph(family.count, remembered)
    else:
        automaton = as_automaton(automaton, count=family.count, call=_CALL)
        family, graph = edge_family(family, automaton), automaton_graph(automaton, remembered)
    balanced = balance(family)
    pencil = graph_pencil(graph, list(_divided(balanced, gamma, 2 * half)), half_degree=half)
    title = f"{problem} bound {gamma!r} of a joint spectral radius: {family.count} matrices of order {family.size}"
    write_atomically(path, "\n".join([*_lines(pencil, title), ""]).encode("ascii"))


def _divided(balanced: BalancedFamily, gamma: float, degree: int) -> FloatArray:
    """The matrices over gamma, refused where forms of this degree in them are no doubles."""
    with np.errstate(over="ignore", invalid="ignore"), suppress(OverflowError):
        scaled = balanced.floats * float(balanced.unit / as_fraction(gamma))
        if np.isfinite((scaled.shape[1] * np.abs(scaled).max(initial=0.0)) ** degree):
            return np.asarray(scaled)
    raise ArgumentError(
        f"`{_CALL}(gamma={gamma!r})` is too small for these matrices: powers of A / gamma leave the doubles. "
        "Take a gamma between the bounds of `joint_spectral_radius`."
    )


def _lines(pencil: Pencil, title: str) -> Iterator[str]:
    """The file, line by line; the margin t is the last variable."""
    count = pencil.variables + 1
    yield f'"{title}"'
    yield f"{count} = number of variables"
    yield f"{len(pencil.image) + len(pencil.weights) + 1} = number of blocks"
    yield f"{' '.join(map(str, (*pencil.sizes, *pencil.weight_sizes)))} -2 = sizes of the blocks"
    yield " ".join(["0"] * pencil.variables + ["-1"])
    total = sum(pencil.weight_sizes)
    last = len(pencil.image) + len(pencil.weights) + 1
    yield f"0 {last} 1 1 {total}"
    yield f"0 {last} 2 2 {-total}"
    block = 0
    for growth, image, size in zip(pencil.growth, pencil.image, pencil.sizes, strict=True):
        block += 1
        yield from _entries(csr_array(growth - image), block, size)
        yield from (f"{count} {block} {j} {j} -1" for j in range(1, size + 1))
    traces = np.zeros(pencil.variables)
    for weight, size in zip(pencil.weights, pencil.weight_sizes, strict=True):
        block += 1
        yield from _entries(weight, block, size)
        traces += np.asarray(weight.T @ np.eye(size).ravel())
    for variable in np.flatnonzero(traces):
        yield f"{variable + 1} {last} 1 1 {float(traces[variable])!r}"
        yield f"{variable + 1} {last} 2 2 {-float(traces[variable])!r}"


def _entries(part: Any, block: int, size: int) -> Iterator[str]:
    """The upper triangles of the symmetric coefficient matrices of one block."""
    entries = part.tocoo()
    rows, columns = np.divmod(entries.row, size)
    order = np.lexsort((columns, rows, entries.col))
    for i in order:
        if rows[i] <= columns[i] and entries.data[i] != 0:
            yield f"{entries.col[i] + 1} {block} {rows[i] + 1} {columns[i] + 1} {float(entries.data[i])!r}"
