"""Proximal operators, prox f(v) = argmin of f(w) + |w - v|**2/2, in closed form."""

from typing import Any

from conservative.functions.vocabulary._terms import maximum, not_negative, positive, term, terms
from conservative.functions.vocabulary.activations import clip, relu
from conservative.functions.vocabulary.norms import norm2
from conservative.functions.vocabulary.projections import project_l1_ball


def soft_threshold(z: Any, *, threshold: Any) -> Any:
    """The soft-threshold relu(z - t) - relu(-z - t), the prox of t|.| at one number.

    Conservative Jacobian in (z, t) at z = t > 0: the segment between (0, 0) and (1, -1). At z = t = 0 the two
    rectifiers choose separately.

    Parameters
    ----------
    z : sympy.Expr or number
    threshold : sympy.Expr or number
        t, at least 0 where the function is used.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [parikhboyd2014]_

    Examples
    --------
    >>> soft_threshold(-3, threshold=1).doit()
    -2
    """
    value, t = term(z, call="soft_threshold"), not_negative(threshold, call="soft_threshold", argument="threshold")
    return relu(value - t) - relu(-value - t)


def prox_l1(values: Any, *, weight: Any) -> tuple[Any, ...]:
    """The prox of weight * |.|_1: the soft-threshold of each entry.

    Conservative Jacobian in v, equal to Clarke's: diagonal, with [0, 1] where |v_i| = weight > 0.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers
    weight : sympy.Expr or number
        At least 0.

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
    >>> [entry.doit() for entry in prox_l1([3, -1, -4], weight=2)]
    [1, 0, -2]
    """
    t = not_negative(weight, call="prox_l1", argument="weight")
    return tuple(soft_threshold(v, threshold=t) for v in terms(values, call="prox_l1"))


def prox_elastic_net(values: Any, *, weight: Any, ridge: Any) -> tuple[Any, ...]:
    """The prox of weight * |.|_1 + (ridge/2) * |.|_2**2: the soft-threshold divided by 1 + ridge.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers
    weight, ridge : sympy.Expr or number
        At least 0.

    Returns
    -------
    tuple of n sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [zouhastie2005]_, [parikhboyd2014]_

    Examples
    --------
    >>> import sympy
    >>> from conservative import conservative_jacobian, from_sympy
    >>> x = sympy.Symbol("x")
    >>> F = from_sympy(prox_elastic_net([x], weight=1, ridge=sympy.Rational(1, 2)), state=[x])
    >>> conservative_jacobian(F, [-1]).exact_vertices
    (Matrix([[0]]), Matrix([[2/3]]))
    """
    mu = not_negative(ridge, call="prox_elastic_net", argument="ridge")
    t = not_negative(weight, call="prox_elastic_net", argument="weight")
    return tuple(soft_threshold(v, threshold=t) / (1 + mu) for v in terms(values, call="prox_elastic_net"))


def prox_nonnegative_l1(values: Any, *, weight: Any) -> tuple[Any, ...]:
    """The prox max(v - weight, 0) of weight * |.|_1 restricted to vectors without a negative entry.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers
    weight : sympy.Expr or number

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
    >>> [entry.doit() for entry in prox_nonnegative_l1([3, -1], weight=2)]
    [1, 0]
    """
    t = term(weight, call="prox_nonnegative_l1", argument="weight")
    return tuple(maximum(v - t, 0) for v in terms(values, call="prox_nonnegative_l1"))


def prox_group(values: Any, *, weight: Any) -> tuple[Any, ...]:
    """The prox of weight * |.|_2, the block soft-threshold v * (1 - weight/max(|v|_2, weight)).

    Conservative Jacobian where |v| = weight: the segment between 0 and v v'/weight**2. Written this way it is
    smooth at v = 0, where it is constant, although the norm itself is not.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers
        One group.
    weight : sympy.Expr or number
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
    >>> import sympy
    >>> from conservative import conservative_jacobian, from_sympy
    >>> v = sympy.symbols("x y")
    >>> F = from_sympy(prox_group(v, weight=5), state=v)
    >>> conservative_jacobian(F, [3, 4]).exact_vertices
    (Matrix([
    [0, 0],
    [0, 0]]), Matrix([
    [ 9/25, 12/25],
    [12/25, 16/25]]))
    """
    entries = terms(values, call="prox_group")
    t = positive(weight, call="prox_group", argument="weight")
    factor = 1 - t / maximum(norm2(entries), t)
    return tuple(v * factor for v in entries)


def prox_norm_inf(values: Any, *, weight: Any) -> tuple[Any, ...]:
    """The prox of weight * |.|_inf: by Moreau's identity v minus the projection of v on the l1 ball of that radius.

    Parameters
    ----------
    values : sequence of n sympy.Expr or numbers
    weight : sympy.Expr or number
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
    >>> import sympy
    >>> from conservative import from_sympy
    >>> v = sympy.symbols("x y")
    >>> from_sympy(prox_norm_inf(v, weight=1), state=v).evaluate([3.0, 2.5])
    array([2.25, 2.25])
    """
    entries = terms(values, call="prox_norm_inf")
    radius = positive(weight, call="prox_norm_inf", argument="weight")
    return tuple(v - w for v, w in zip(entries, project_l1_ball(entries, radius=radius), strict=True))


def prox_hinge(z: Any, *, weight: Any) -> Any:
    """The prox z + min(max(1 - z, 0), weight) of weight * hinge at one number.

    Parameters
    ----------
    z : sympy.Expr or number
    weight : sympy.Expr or number
        At least 0.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [parikhboyd2014]_

    Examples
    --------
    >>> [prox_hinge(z, weight=1).doit() for z in (-1, 0, 2)]
    [0, 1, 2]
    """
    value, t = term(z, call="prox_hinge"), not_negative(weight, call="prox_hinge", argument="weight")
    return value + clip(1 - value, lower=0, upper=t)
