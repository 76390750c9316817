"""Rules of calculus on sets of Jacobians: sum, product, composition, stacking.

The sum of conservative Jacobians is conservative for the sum, the product of sets {J_G J_F} for the composition, and so
on; so is the hull of either, which then contains Clarke's Jacobian. The rules look at sets alone and not at what
the functions share, hence their results are *outer*: the joint reading, `conservative_jacobian` of the
combined function, lies inside them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.checks import as_items
from conservative._core.errors import ArgumentError, ArgumentTypeError, BudgetError, ShapeError
from conservative._core.exactness import Exactness
from conservative._core.printable import shown
from conservative.functions import PiecewiseSelection, compose
from conservative.functions.graph.arithmetic import ExactArithmetic
from conservative.functions.piece import MAX_PIECES
from conservative.functions.points import read_number
from conservative.jacobians.formula_ties import AtPoint
from conservative.jacobians.jacobian_set import JacobianSet, distinct, frozen

MAX_COMBINATIONS = 100_000
"""Most products or sums of vertices that are listed."""


def add_jacobians(*sets: JacobianSet) -> JacobianSet:
    """The hull of {J_1 + ... + J_k}: conservative for F_1 + ... + F_k.

    Experimental: nothing else in the package relies on it, and a release may change it.

    Parameters
    ----------
    *sets : JacobianSet
        Of functions of the same variables with as many components.

    Returns
    -------
    JacobianSet
        `kind` is "calculus" and `exactness` OUTER (EXACT when it is a single matrix). Exact when all sets are.

    Raises
    ------
    ShapeError, ArgumentError, ArgumentTypeError, BudgetError

    Examples
    --------
    >>> from conservative import conservative_jacobian, from_sympy
    >>> J = conservative_jacobian(from_sympy("Abs(x)", state="x"), [0])
    >>> sorted(add_jacobians(J, J).vertices.ravel().tolist())
    [-2.0, 0.0, 2.0]
    """
    call = "add_jacobians"
    _check(sets, call)
    _same_variables(sets, call, components=True)
    total, *others = _stacks(sets)
    for other in others:
        _within_budget(len(total) * len(other), call)
        total = _flat(total[:, None] + other[None])
        total = total[distinct(total, None if total.dtype != object else [tuple(b.ravel()) for b in total])]
    return _made(total, sets)


def stack_jacobians(*sets: JacobianSet) -> JacobianSet:
    """The hull of {[J_1; ...; J_k]}, rows below each other: conservative for the stacked function.

    Experimental: nothing else in the package relies on it, and a release may change it.

    Parameters
    ----------
    *sets : JacobianSet
        Of functions of the same variables.

    Returns
    -------
    JacobianSet
        As in `add_jacobians`.

    Raises
    ------
    ShapeError, ArgumentError, ArgumentTypeError, BudgetError

    Examples
    --------
    >>> from conservative import conservative_jacobian, from_sympy
    >>> J = conservative_jacobian(from_sympy("Abs(x)", state="x"), [0])
    >>> stack_jacobians(J, J).vertices.shape
    (4, 2, 1)
    """
    call = "stack_jacobians"
    _check(sets, call)
    _same_variables(sets, call, components=False)
    rows, *others = _stacks(sets)
    for other in others:
        k, r = len(rows), len(other)
        _within_budget(k * r, call)
        rows = np.concatenate([np.repeat(rows, r, axis=0), np.tile(other, (k, 1, 1))], axis=1)
    return _made(rows, sets)


def multiply_jacobians(J_f: JacobianSet, J_g: JacobianSet, *, values: tuple[Any, Any]) -> JacobianSet:
    """The hull of {f J_g + g J_f}: conservative for the product f g of two functions of one component.

    Experimental: nothing else in the package relies on it, and a release may change it.

    Parameters
    ----------
    J_f, J_g : JacobianSet
        Of functions of the same variables.
    values : (number, number)
        f and g at the point, exact as everywhere when they are integers, `Fraction`, sympy numbers or rational strings.

    Returns
    -------
    JacobianSet
        As in `add_jacobians`; floating-point as soon as one value is.

    Raises
    ------
    ShapeError, ArgumentError, ArgumentTypeError, BudgetError

    Examples
    --------
    >>> from conservative import conservative_jacobian, from_sympy
    >>> J = conservative_jacobian(from_sympy("Abs(x)", state="x"), [0])
    >>> multiply_jacobians(J, J, values=(0, 0)).vertices.ravel().tolist()
    [0.0]
    """
    call = "multiply_jacobians"
    sets = (J_f, J_g)
    _check(sets, call)
    _same_variables(sets, call, components=True)
    if J_f.vertices.shape[1] != 1:
        raise ShapeError(f"`{call}` needs functions of one component; got {J_f.vertices.shape[1]}.")
    _within_budget(len(J_f.vertices) * len(J_g.vertices), call)
    pair = as_items(values, call=call, argument="values", wanted="two numbers, F(x) and G(x)")
    if len(pair) != 2:
        raise ShapeError(f"`{call}(values=...)` needs two numbers, F(x) and G(x); got {shown(values)}.")
    f, g = (read_number(v, name, f"{call}(values=...)") for v, name in zip(pair, "fg", strict=True))
    exact = _exact(sets) and not isinstance(f, float) and not isinstance(g, float)
    left, right = _stacks(sets, exact=exact)
    if not exact:
        f, g = float(f), float(g)
    return _made(_flat(left[:, None] * g + right[None] * f), sets)


def compose_jacobians(J_g: JacobianSet, J_f: JacobianSet) -> JacobianSet:
    """The hull of {J_G J_F}: conservative for the composition G(F(x, theta), theta).

    Experimental: nothing else in the package relies on it, and a release may change it.

    With [A_G B_G] and [A_F B_F] it is the hull of [A_G A_F, A_G B_F + B_G].

    Parameters
    ----------
    J_g : JacobianSet
        Of G at F(x, theta).
    J_f : JacobianSet
        Of F at (x, theta), with as many rows as G has state variables. The parameters are the same in both, or one
        has none.

    Returns
    -------
    JacobianSet
        `kind` is "calculus" and `exactness` OUTER, since the product of sets forgets what F and G share (EXACT when it
        is a single matrix). Exact when both are.

    Raises
    ------
    ShapeError, ArgumentError, ArgumentTypeError, BudgetError

    Examples
    --------
    >>> from conservative import conservative_jacobian, from_sympy
    >>> J = conservative_jacobian(from_sympy("Abs(x)", state="x"), [0])
    >>> compose_jacobians(J, J)
    JacobianSet(hull of 2 exact blocks [A B], 1 × (1 + 0), kind='calculus', reading='program', OUTER)
    """
    call = "compose_jacobians"
    sets = (J_g, J_f)
    _check(sets, call)
    inner, p = J_g.state_size, J_f.state_size
    m_g, m_f = J_g.vertices.shape[2] - inner, J_f.vertices.shape[2] - p
    if J_f.vertices.shape[1] != inner:
        raise ShapeError(
            f"`{call}(J_g, J_f)` needs as many rows in J_f as J_g has state columns; got {J_f.vertices.shape[1]} and "
            f"{inner}. The outer function comes first."
        )
    if m_g and m_f and m_g != m_f:
        raise ShapeError(
            f"`{call}(J_g, J_f)` needs the same parameters in both, or none in one; got {m_g} and {m_f}. `chain_rule` "
            "brings the columns of two functions together by name."
        )
    _within_budget(len(J_g.vertices) * len(J_f.vertices), call)
    outer, within = _stacks(sets)
    product = np.matmul(outer[:, None, :, :inner], within[None])
    shift = np.broadcast_to(outer[:, None, :, inner:], (*product.shape[:3], m_g))
    if m_g and m_f:
        product = np.concatenate([product[..., :p], product[..., p:] + shift], axis=3)
    elif m_g:
        product = np.concatenate([product, shift], axis=3)
    return _made(_flat(product), sets, state_size=p)


def chain_rule(G: PiecewiseSelection, F: PiecewiseSelection, at: Any, *, tolerance: float | None = None) -> JacobianSet:
    """The product of sets {J_G J_F} at a point of ``compose(G, F)``, an outer set beside its joint reading.

    Parameters
    ----------
    G, F : PiecewiseSelection
        As in `compose`.
    at : mapping of symbol or name to number, or sequence of numbers
        A point of ``compose(G, F)``: the state of F, then the parameters of F followed by those that G adds.
    tolerance : float, optional
        For ties at float points (default 1e-9).

    Returns
    -------
    JacobianSet
        `kind` is "calculus". It contains ``conservative_jacobian(compose(G, F), at)``, and more where F and G share
        a tie.

    Raises
    ------
    FunctionError, DiscontinuityError, BudgetError, ShapeError, ArgumentError, ArgumentTypeError

    Examples
    --------
    >>> from conservative import conservative_jacobian, from_sympy
    >>> F = from_sympy(["Abs(x)", "x"], state="x")
    >>> G = from_sympy("u - Abs(v)", state=["u", "v"])
    >>> sorted(chain_rule(G, F, [0]).vertices.ravel().tolist())
    [-2.0, 0.0, 2.0]
    >>> conservative_jacobian(compose(G, F), [0]).vertices.ravel().tolist()
    [0.0]
    """
    whole = compose(G, F)
    point = whole.point(at, tolerance=tolerance, call="chain_rule")
    known = dict(zip(point.names, point.values, strict=True))
    inner = {s.name: known[s.name] for s in F.symbols}
    middle = dict(zip((s.name for s in G.state), F.value(inner), strict=True))
    outer = {**{s.name: known[s.name] for s in G.parameters}, **middle}
    J_f = AtPoint(F, inner, tolerance=tolerance, limit=MAX_PIECES).listed("program")
    J_g = AtPoint(G, outer, tolerance=tolerance, limit=MAX_PIECES).listed("program")
    names = [s.name for s in whole.parameters]
    return compose_jacobians(_spread(J_g, G, names), _spread(J_f, F, names))


def _spread(J: JacobianSet, F: PiecewiseSelection, names: Sequence[str]) -> JacobianSet:
    """The set with its parameter columns in the order of `names`, zero where F lacks one."""
    own = {s.name: len(F.state) + i for i, s in enumerate(F.parameters)}
    exact = J.exact_entries is not None
    (blocks,) = _stacks([J])
    columns = [blocks[:, :, : J.state_size]]
    for name in names:
        columns.append(blocks[:, :, own[name], None] if name in own else np.zeros_like(blocks[:, :, :1]))
    spread = np.concatenate(columns, axis=2)
    return JacobianSet(
        vertices=frozen(spread.astype(np.float64)),
        exact_entries=_nested(spread) if exact else None,
        state_size=J.state_size,
        kind=J.kind,
        exactness=J.exactness,
        tolerance=J.tolerance,
        near_ties=J.near_ties,
        edges=J.edges,
    )


def _check(sets: Sequence[Any], call: str) -> None:
    if not sets:
        raise ArgumentError(f"`{call}` needs at least one set; got none.")
    for J in sets:
        if not isinstance(J, JacobianSet):
            raise ArgumentTypeError(f"`{call}` needs sets of Jacobians, JacobianSet; got {type(J).__name__}.")
        if J.exactness is Exactness.INNER:
            raise ArgumentError(
                f"`{call}` needs conservative Jacobians; got a function reading that is only known to lie inside "
                'Clarke\'s Jacobian. Use kind="program".'
            )


def _same_variables(sets: Sequence[JacobianSet], call: str, *, components: bool) -> None:
    shapes = {(J.vertices.shape[1] if components else 0, J.vertices.shape[2], J.state_size) for J in sets}
    if len(shapes) > 1:
        listed = ", ".join(
            f"({q.vertices.shape[1]}, {q.state_size} + {q.vertices.shape[2] - q.state_size})" for q in sets
        )
        raise ShapeError(f"`{call}` needs sets over the same variables; got blocks of shapes {listed}.")


def _within_budget(count: int, call: str) -> None:
    if count > MAX_COMBINATIONS:
        raise BudgetError(f"`{call}` would list {count:,} combinations of vertices; at most {MAX_COMBINATIONS:,}.")


def _exact(sets: Sequence[JacobianSet]) -> bool:
    return all(J.exact_entries is not None for J in sets)


def _stacks(sets: Sequence[JacobianSet], *, exact: bool | None = None) -> list[NDArray[Any]]:
    """The vertices of every set: object arrays of exact numbers when all are exact, else doubles."""
    if _exact(sets) if exact is None else exact:
        return [np.array(J.exact_entries, dtype=object).reshape(J.vertices.shape) for J in sets]
    return [J.vertices for J in sets]


def _flat(blocks: NDArray[Any]) -> NDArray[Any]:
    return blocks.reshape(-1, *blocks.shape[2:])


def _nested(blocks: NDArray[Any]) -> Any:
    clean = ExactArithmetic().clean
    return tuple(tuple(tuple(clean(row)) for row in block) for block in blocks)


def _made(blocks: NDArray[Any], sets: Sequence[JacobianSet], *, state_size: int | None = None) -> JacobianSet:
    exact = _nested(blocks) if blocks.dtype == object else None
    floats = np.array(exact if exact is not None else blocks, dtype=np.float64).reshape(blocks.shape)
    keep = distinct(floats, exact)
    return JacobianSet(
        vertices=frozen(floats[keep]),
        exact_entries=None if exact is None else tuple(exact[i] for i in keep),
        state_size=sets[0].state_size if state_size is None else state_size,
        kind="calculus",
        exactness=Exactness.EXACT if len(keep) == 1 and not any(J.edges for J in sets) else Exactness.OUTER,
        tolerance=max(J.tolerance for J in sets),
        near_ties=tuple(tie for J in sets for tie in J.near_ties),
        edges=tuple(dict.fromkeys(edge for J in sets for edge in J.edges)),
    )
