"""All published cases by name."""

import difflib

from conservative._core.errors import ArgumentError, ArgumentTypeError
from conservative._core.printable import shown
from conservative.gallery import functions, known_fixed_sets, known_radii, lasso, wavelets
from conservative.gallery.cases import Case


def names() -> tuple[str, ...]:
    """Names of all cases: updates first, then sets of Jacobian blocks, then families of matrices.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> "heavy-ball" in names()
    True
    """
    return (*functions.names(), "lasso-diabetes", *known_fixed_sets.names(), *known_radii.names(), *wavelets.names())


def load(name: str) -> Case:
    """One case, by name.

    Parameters
    ----------
    name : str
        One of `names()`.

    Returns
    -------
    FunctionCase, BlocksCase or FamilyCase

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
    if name in known_fixed_sets.names():
        return known_fixed_sets.load(name)
    if name in known_radii.names():
        return known_radii.load(name)
    if name in wavelets.names():
        return wavelets.load(name)
    near = difflib.get_close_matches(name, names(), n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else " `conservative gallery` lists them all."
    raise ArgumentError(f"`gallery.load(name=...)`: no case is called {name!r}.{hint}")


def titles() -> dict[str, str]:
    """One line for every case, without loading data.

    Returns
    -------
    dict of str to str
        Name to title.
    """
    return {name: lasso.TITLE if name == "lasso-diabetes" else load(name).title for name in names()}
