"""Sorting and order statistics, as networks of comparators whose components share their choices."""

from typing import Any

import sympy

from conservative.functions.graph.sympy_functions import LargestSum, SortedValue
from conservative.functions.vocabulary._terms import rank, terms


def sort(values: Any) -> tuple[Any, ...]:
    """The values in increasing order.

    Near a point without ties it is a permutation. Conservative Jacobian at ties: the hull of the permutations that
    sort, equal to Clarke's; g tied values give g! of them.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers

    Returns
    -------
    tuple of n sympy.Expr
        To be read by the same `from_sympy`: then all components share their choices.

    Raises
    ------
    ArgumentTypeError, ArgumentError

    Notes
    -----
    Batcher's merge: O(n log(n)**2) comparators, which are the same whatever the values are.

    References
    ----------
    [batcher1968]_

    Examples
    --------
    >>> import sympy
    >>> from conservative import conservative_jacobian, from_sympy
    >>> x, y = sympy.symbols("x y")
    >>> J = conservative_jacobian(from_sympy(sort([x, y]), state=[x, y]), [3, 3])
    >>> sorted(J.vertices.tolist())
    [[[0.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]]
    """
    entries = terms(values, call="sort")
    return tuple(SortedValue(k, *entries) for k in range(1, len(entries) + 1))


def order_statistic(values: Any, *, k: Any) -> Any:
    """The k-th smallest value; k = 1 is the minimum.

    Conservative Jacobian: the hull of the gradients of the values tied with it, equal to Clarke's.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers
    k : int
        From 1 to n.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [batcher1968]_

    Examples
    --------
    >>> order_statistic([5, 1, 4], k=2)
    4
    """
    entries = terms(values, call="order_statistic")
    return SortedValue(rank(k, count=len(entries), call="order_statistic"), *entries)


def median(values: Any) -> Any:
    """The middle value, or the mean of the two middle values when their number is even.

    Conservative Jacobian at ties: for an odd number the hull of the gradients of the tied values; for an even
    number the mean of two different ones of them, since the two middle values share their choices.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [batcher1968]_

    Examples
    --------
    >>> median([5, 1, 4]), median([5, 1, 4, 2])
    (4, 3)
    """
    entries = terms(values, call="median")
    low, high = (len(entries) + 1) // 2, len(entries) // 2 + 1
    return (SortedValue(low, *entries) + SortedValue(high, *entries)) / 2


def top_k(values: Any, *, k: Any) -> tuple[Any, ...]:
    """The k largest values, the largest first.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers
    k : int
        From 1 to n.

    Returns
    -------
    tuple of k sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [batcher1968]_

    Examples
    --------
    >>> top_k([5, 1, 4], k=2)
    (5, 4)
    """
    entries = terms(values, call="top_k")
    count = rank(k, count=len(entries), call="top_k")
    return tuple(SortedValue(len(entries) - i, *entries) for i in range(count))


def sum_largest(values: Any, *, k: Any) -> Any:
    """The sum of the k largest values, the maximum of the sums of all sets of k values.

    Conservative Jacobian: the hull of the gradients of those sets of k values that reach the maximum, each
    listed once, equal to Clarke's.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers
    k : int
        From 1 to n.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    Notes
    -----
    s[k, i] = max(s[k, i-1], s[k-1, i-1] + v[i]), O(nk) switches; a switch on the way is tied only where two sets tie.

    References
    ----------
    [overtonwomersley1993]_

    Examples
    --------
    >>> import sympy
    >>> from conservative import conservative_jacobian, from_sympy
    >>> v = sympy.symbols("a b c")
    >>> J = conservative_jacobian(from_sympy(sum_largest(v, k=2), state=v), [2, 1, 1])
    >>> sorted(J.vertices.tolist())
    [[[1.0, 0.0, 1.0]], [[1.0, 1.0, 0.0]]]
    """
    entries = terms(values, call="sum_largest")
    count = rank(k, count=len(entries), call="sum_largest")
    return sympy.Add(*entries) if count == len(entries) else LargestSum(count, *entries)
