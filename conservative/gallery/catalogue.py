"""All published cases by name."""

import difflib

from conservative._core.errors import ArgumentError, ArgumentTypeError
from conservative._core.printable import shown
from conservative.gallery import functions, known_fixed_sets, known_radii, lasso, problem_cases, wavelets
from conservative.gallery.cases import Case, ProblemCase


def names() -> tuple[str, ...]:
    """Names of all cases: updates first, then problems, sets of Jacobian blocks, and families of matrices.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> "heavy-ball" in names()
    True
    """
    return (
        *functions.names(),
        "lasso-diabetes",
        *problem_cases.names(),
        *known_fixed_sets.names(),
        *known_radii.names(),
        *wavelets.names(),
    )


def load(name: str) -> Case:
    """One case, by name.

    Parameters
    ----------
    name : str
        One of `names()`.

    Returns
    -------
    FunctionCase, ProblemCase, BlocksCase or FamilyCase

    Raises
    ------
    ArgumentError
        For an unknown name; the message offers the nearest ones.
    MissingExtraError
        When the case needs a data set whose package is not installed.

    Examples
    --------
    >>> load("golden").answer
    'joint spectral radius 1.61803398875, attained by 12'
    """
    if not isinstance(name, str):
        raise ArgumentTypeError(f"`gallery.load(name=...)` needs a name; got {shown(name)}.")
    if name == "lasso-diabetes":
        return lasso.load()
    if name in functions.names():
        return functions.load(name)
    if name in problem_cases.names():
        return problem_cases.load(name)
    if name in known_fixed_sets.names():
        return known_fixed_sets.load(name)
    if name in known_radii.names():
        return known_radii.load(name)
    if name in wavelets.names():
        return wavelets.load(name)
    near = difflib.get_close_matches(name, names(), n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else " `conservative gallery` lists them all."
    raise ArgumentError(f"`gallery.load(name=...)`: no case is called {name!r}.{hint}")


def load_problem(name: str) -> ProblemCase:
    """A case that is a problem, for an algorithm to solve: the problem of `lasso-diabetes` too.

    Parameters
    ----------
    name : str

    Returns
    -------
    ProblemCase

    Raises
    ------
    ArgumentError
        For a case that is none; the message lists those that are.
    MissingExtraError
        When the case needs a data set whose package is not installed.

    Examples
    --------
    >>> load_problem("lasso-breakpoint").problem
    Problem(lasso, 2 unknowns, θ = (lambda), exact data)
    """
    known = (*problem_cases.names(), "lasso-diabetes")
    if name not in known:
        load(name)
        raise ArgumentError(f"the case {name} is no problem for an algorithm; those are {', '.join(known)}.")
    return problem_cases.load(name)


def titles() -> dict[str, str]:
    """One line for every case, without loading data.

    Returns
    -------
    dict of str to str
        Name to title.
    """
    return {name: lasso.TITLE if name == "lasso-diabetes" else load(name).title for name in names()}
