"""Euclidean projections on the usual convex sets, in closed form."""

from typing import Any

import sympy

from conservative._core.errors import ArgumentError
from conservative.functions.graph.sympy_functions import LargestSum
from conservative.functions.vocabulary._terms import (
    absolute,
    at_most,
    in_order,
    like,
    maximum,
    piecewise,
    positive,
    term,
    terms,
)
from conservative.functions.vocabulary.activations import clip, relu
from conservative.functions.vocabulary.norms import norm1, norm2


def project_box(values: Any, *, lower: Any = 0, upper: Any = 1) -> tuple[Any, ...]:
    """The projection on {lower <= v <= upper}, entry by entry min(max(v_i, lower_i), upper_i).

    Conservative Jacobian, equal to Clarke's: diagonal, with [0, 1] where v_i is on a bound.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers
    lower, upper : sympy.Expr, number, or sequence of n of them
        With lower <= upper.

    Returns
    -------
    tuple of n sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [parikhboyd2014]_

    Examples
    --------
    >>> import sympy
    >>> project_box(sympy.symbols("x y"))
    (Min(1, Max(0, x)), Min(1, Max(0, y)))
    """
    entries = terms(values, call="project_box")
    low = like(entries, lower, call="project_box", argument="lower")
    high = like(entries, upper, call="project_box", argument="upper")
    for a, b in zip(low, high, strict=True):
        in_order(a, b, call="project_box")
    return tuple(clip(v, lower=a, upper=b) for v, a, b in zip(entries, low, high, strict=True))


def project_nonnegative(values: Any) -> tuple[Any, ...]:
    """The projection max(v, 0) on the cone of vectors without a negative entry.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers

    Returns
    -------
    tuple of n sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [parikhboyd2014]_

    Examples
    --------
    >>> import sympy
    >>> project_nonnegative(sympy.symbols("x y"))
    (Max(0, x), Max(0, y))
    """
    return tuple(relu(v) for v in terms(values, call="project_nonnegative"))


def project_halfspace(values: Any, *, normal: Any, offset: Any = 0) -> tuple[Any, ...]:
    """The projection v - a max(<a, v> - b, 0)/|a|**2 on the halfspace {<a, v> <= b}.

    Conservative Jacobian on the boundary: the segment between I and I - a a'/|a|**2, by one shared switch.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers
    normal : sequence of n sympy.Expr or numbers
        a, not zero.
    offset : sympy.Expr or number
        b.

    Returns
    -------
    tuple of n sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [parikhboyd2014]_

    Examples
    --------
    >>> [entry.doit() for entry in project_halfspace([3, 1], normal=[1, 1], offset=2)]
    [2, 0]
    """
    call = "project_halfspace"
    entries = terms(values, call=call)
    direction = like(entries, terms(normal, call=call, argument="normal"), call=call, argument="normal")
    square = sympy.Add(*(a**2 for a in direction))
    if square.is_zero:
        raise ArgumentError(f"`{call}(normal=...)` needs a vector that is not zero; got {direction}.")
    inner = sympy.Add(*(a * v for a, v in zip(direction, entries, strict=True)))
    excess = maximum(inner - term(offset, call=call, argument="offset"), 0)
    return tuple(v - a * excess / square for v, a in zip(entries, direction, strict=True))


def project_simplex(values: Any, *, radius: Any = 1) -> tuple[Any, ...]:
    """The projection max(v_i - tau, 0) on {w >= 0, sum of w = radius}.

    tau = max over k of (s_k - radius)/k, s_k being the sum of the k largest values: the k that reaches the
    maximum is the number of positive entries of the projection. Where an entry of the projection vanishes on the edge,
    a program chooses the k and the sign of that entry separately, so that "program" and "selection" are larger than
    Clarke's set, and some of their pieces leave the tangent space: their columns do not sum to 0. The correlated
    pieces, an entry in the support or out of it in all rows, are those of ``kind="conical"``, and those of the program
    `cj.problems.project_simplex`, which sorts and is read by `from_numpy`.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers
    radius : sympy.Expr or number
        Positive.

    Returns
    -------
    tuple of n sympy.Expr
        To be read by the same `from_sympy`, so that tau is one subexpression.

    Raises
    ------
    ArgumentTypeError, ArgumentError

    Notes
    -----
    O(n**2) switches; away from ties only one piece is active.

    References
    ----------
    [heldwolfecrowder1974]_, [condat2016]_

    Examples
    --------
    >>> import sympy
    >>> from conservative import conservative_jacobian, from_sympy
    >>> v = sympy.symbols("x y z")
    >>> F = from_sympy(project_simplex(v), state=v)
    >>> F.evaluate([1, 2, 1.5])
    array([0.  , 0.75, 0.25])
    >>> len(conservative_jacobian(F, ["1/2", "1/2", 0]).vertices)
    4
    >>> correlated = conservative_jacobian(F, ["1/2", "1/2", 0], kind="conical").exact_vertices
    >>> [[sum(M[:, j]) for j in range(3)] for M in correlated]
    [[0, 0, 0], [0, 0, 0]]
    """
    entries = terms(values, call="project_simplex")
    size = positive(radius, call="project_simplex", argument="radius")
    shift = maximum(*_thresholds(entries, size))
    return tuple(maximum(v - shift, 0) for v in entries)


def project_l1_ball(values: Any, *, radius: Any = 1) -> tuple[Any, ...]:
    """The projection on {|w|_1 <= radius}: v inside, the soft-threshold relu(v_i - tau) - relu(-v_i - tau) outside.

    tau is the shift of the projection of the absolute values on the simplex. Conservative Jacobian on the boundary,
    at a point without zero entries: the segment between I and I - s s'/n, s the signs, equal to Clarke's. Where an
    entry outside is at the threshold, as of `project_simplex`; `cj.problems.project_l1_ball` is the correlated program.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers
    radius : sympy.Expr or number
        Positive.

    Returns
    -------
    tuple of n sympy.Expr
        To be read by the same `from_sympy`: then all entries take the same side.

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [duchishalevshwartzsingerchandra2008]_, [condat2016]_

    Examples
    --------
    >>> import sympy
    >>> from conservative import conservative_jacobian, from_sympy
    >>> v = sympy.symbols("x y")
    >>> F = from_sympy(project_l1_ball(v), state=v)
    >>> F.evaluate([[1, -0.5], [0.2, 0.1]])
    array([[ 0.75, -0.25],
           [ 0.2 ,  0.1 ]])
    >>> sorted(conservative_jacobian(F, ["1/2", "1/2"]).vertices.tolist())
    [[[0.5, -0.5], [-0.5, 0.5]], [[1.0, 0.0], [0.0, 1.0]]]
    """
    entries = terms(values, call="project_l1_ball")
    size = positive(radius, call="project_l1_ball", argument="radius")
    shift = maximum(*_thresholds(tuple(absolute(v) for v in entries), size))
    length = norm1(entries)
    # 1 outside the ball; at the centre, where both sides are 0, it keeps the outside from counting as active
    outside = sympy.sign(length, evaluate=False)
    return tuple(
        piecewise((v, at_most(length, size)), (outside * (relu(v - shift) - relu(-v - shift)), True)) for v in entries
    )


def project_l2_ball(values: Any, *, radius: Any = 1) -> tuple[Any, ...]:
    """The projection radius * v/max(|v|, radius) on the Euclidean ball.

    Conservative Jacobian on the sphere: the segment between I and I - v v'/radius**2. It is smooth at 0.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers
    radius : sympy.Expr or number
        Positive.

    Returns
    -------
    tuple of n sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [parikhboyd2014]_

    Examples
    --------
    >>> [entry.doit() for entry in project_l2_ball([3, 4])]
    [3/5, 4/5]
    """
    entries = terms(values, call="project_l2_ball")
    size = positive(radius, call="project_l2_ball", argument="radius")
    length = maximum(norm2(entries), size)
    return tuple(v * size / length for v in entries)


def _thresholds(entries: tuple[Any, ...], radius: Any) -> list[Any]:
    """(s_k - radius)/k for every k: their maximum is the shift of the projection on the simplex."""
    sums = [LargestSum(k, *entries) for k in range(1, len(entries))]
    return [(total - radius) / k for k, total in enumerate([*sums, sympy.Add(*entries)], start=1)]
