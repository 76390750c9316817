"""Scalar functions with kinks: activations of networks and losses of classifiers."""

from typing import Any

import sympy

from conservative.functions.vocabulary._terms import (
    absolute,
    at_most,
    in_order,
    maximum,
    minimum,
    not_negative,
    piecewise,
    positive,
    term,
)

_SLOPE = sympy.Rational(1, 100)


def relu(z: Any) -> Any:
    """The rectifier max(z, 0), the projection of a number on [0, inf).

    Conservative Jacobian at 0: [0, 1]. JAX and PyTorch take 0 for `relu`; written as a maximum with 0 they take 1/2.

    Parameters
    ----------
    z : sympy.Expr or number

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError
        When `z` is not one real expression.

    References
    ----------
    [boltepauwels2020]_

    Examples
    --------
    >>> import sympy
    >>> from conservative import conservative_jacobian, from_sympy
    >>> x = sympy.Symbol("x")
    >>> J = conservative_jacobian(from_sympy(relu(x), state=[x]), [0])
    >>> sorted(J.vertices.ravel().tolist())
    [0.0, 1.0]
    """
    return maximum(term(z, call="relu"), 0)


def leaky_relu(z: Any, *, slope: Any = _SLOPE) -> Any:
    """z for z >= 0 and slope * z below.

    Conservative Jacobian at 0: the segment between `slope` and 1, for every slope.

    Parameters
    ----------
    z : sympy.Expr or number
    slope : sympy.Expr or number
        Below zero; a symbol makes it the parametric rectifier.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [maashannunng2013]_

    Examples
    --------
    >>> import sympy
    >>> x = sympy.Symbol("x")
    >>> leaky_relu(x).subs(x, -3)
    -3/100
    """
    value = term(z, call="leaky_relu")
    return piecewise((value, at_most(0, value)), (term(slope, call="leaky_relu", argument="slope") * value, True))


def clip(z: Any, *, lower: Any = 0, upper: Any = 1) -> Any:
    """The projection min(max(z, lower), upper) of a number on [lower, upper].

    Conservative Jacobian at each end: [0, 1].

    Parameters
    ----------
    z : sympy.Expr or number
    lower, upper : sympy.Expr or number
        With lower <= upper; for symbols that is the caller's to see to.

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
    >>> clip(7, lower=-1, upper=5).doit()
    5
    """
    low, high = (term(v, call="clip", argument=a) for v, a in ((lower, "lower"), (upper, "upper")))
    in_order(low, high, call="clip")
    return minimum(maximum(term(z, call="clip"), low), high)


def hard_tanh(z: Any) -> Any:
    """The clip of z to [-1, 1], a tangent hyperbolic made of three lines.

    Parameters
    ----------
    z : sympy.Expr or number

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [collobert2004]_

    Examples
    --------
    >>> hard_tanh(3).doit()
    1
    """
    return clip(term(z, call="hard_tanh"), lower=-1, upper=1)


def soft_tanh(z: Any) -> Any:
    """The softsign z/(1 + |z|), between -1 and 1 and once differentiable, also at the kink of |z|.

    Its derivative is 1/(1 + |z|)**2; at 0 every choice at the switch gives 1.

    Parameters
    ----------
    z : sympy.Expr or number

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [glorotbengio2010]_

    Examples
    --------
    >>> soft_tanh(3).doit()
    3/4
    """
    value = term(z, call="soft_tanh")
    return value / (1 + absolute(value))


def hinge(z: Any) -> Any:
    """The hinge max(0, 1 - z) of a margin z.

    Conservative Jacobian at z = 1: [-1, 0].

    Parameters
    ----------
    z : sympy.Expr or number
        The margin, label times score.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [shalevshwartzbendavid2014]_

    Examples
    --------
    >>> import sympy
    >>> from conservative import conservative_jacobian, from_sympy
    >>> w, x = sympy.symbols("w x")
    >>> J = conservative_jacobian(from_sympy(hinge(w * x), state=[w, x]), [1, 1])
    >>> sorted(J.vertices.tolist())
    [[[-1.0, -1.0]], [[0.0, 0.0]]]
    """
    return maximum(0, 1 - term(z, call="hinge"))


def insensitive(z: Any, *, width: Any) -> Any:
    """The width-insensitive loss max(|z| - width, 0) of support vector regression.

    Parameters
    ----------
    z : sympy.Expr or number
        The residual.
    width : sympy.Expr or number
        At least 0, of the same unit as z.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ArgumentTypeError, ArgumentError

    References
    ----------
    [shalevshwartzbendavid2014]_

    Examples
    --------
    >>> insensitive(-5, width=2).doit()
    3
    """
    given = not_negative(width, call="insensitive", argument="width")
    return maximum(absolute(term(z, call="insensitive")) - given, 0)


def huber(z: Any, *, width: Any = 1) -> Any:
    """The Huber function: z**2/2 where |z| <= width, width*|z| - width**2/2 beyond.

    width times the Moreau envelope of |.| with parameter width: its derivative is clip(z, -width, width).
    It is once differentiable, so that both sides of each tie have the same derivative.

    Parameters
    ----------
    z : sympy.Expr or number
    width : sympy.Expr or number
        Positive, of the same unit as z.

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
    >>> huber(-3).doit()
    5/2
    """
    value, given = term(z, call="huber"), positive(width, call="huber", argument="width")
    size = absolute(value)
    return piecewise((value**2 / 2, at_most(size, given)), (given * size - given**2 / 2, True))
