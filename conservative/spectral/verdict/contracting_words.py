"""Words whose products contract in one norm, and with one of which every long word begins: a proof of contraction."""

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import is_over
from conservative._core.families.as_family import MatrixFamily
from conservative.certificates import Certificate, ProductsProof, upper_certificate
from conservative.spectral.semidefinite.options import certificate_or_none
from conservative.spectral.words.candidates import in_norm
from conservative.spectral.words.cyclic_words import Word

FloatArray = NDArray[np.float64]

_MOST_WORDS = 2000
"""Words that a proof lists at most."""

_ROOM = 1e-9
"""How far below one norms in doubles are, so that the checker finds them below one."""


def words_certificate(family: MatrixFamily, P: FloatArray, *, deadline: float) -> Certificate | None:
    """The claim that the joint spectral radius is below one, from products that contract in the norm of P.

    Parameters
    ----------
    family : MatrixFamily
    P : ndarray, shape (n, n)
        Symmetric and positive definite; taken as the exact value of its doubles.
    deadline : float

    Returns
    -------
    Certificate or None
        None where the words are too many, or beyond the checker's limits.

    Notes
    -----
    A word whose product has norm below one ends there; the others go on by every letter, until none is left. Doubles
    choose the words, and the checker proves them.

    Examples
    --------
    >>> from conservative._core.deadlines import NEVER
    >>> from conservative._core.families.as_family import as_family
    >>> shear = as_family([[["1/2", 4], [0, "1/2"]]], call="example")
    >>> found = words_certificate(shear, np.eye(2), deadline=NEVER)
    >>> found.kind, found.document["proof"]["words"], found.claim.contracts
    ('products', [[0, 0, 0, 0, 0, 0]], True)
    """
    words = _contracting(in_norm(family.floats, P), deadline)
    if words is None:
        return None
    weight = [[x.as_integer_ratio() for x in row] for row in P.tolist()]
    proof = ProductsProof("quadratic", [[f"{up}/{down}" for up, down in row] for row in weight], words)
    return certificate_or_none(lambda: upper_certificate(family, proof, 1, strict=True))


def _contracting(matrices: FloatArray, deadline: float) -> list[Word] | None:
    """The words that end, shortest first; None where they are too many."""
    ended: list[Word] = []
    open_words: list[Word] = [()]
    products = np.eye(matrices.shape[1])[None]
    while open_words:
        if is_over(deadline) or len(ended) + len(open_words) * len(matrices) > _MOST_WORDS:
            return None
        products = (products[:, None] @ matrices[None]).reshape(-1, *matrices.shape[1:])
        longer = [(*word, letter) for word in open_words for letter in range(len(matrices))]
        small = np.linalg.norm(products, 2, axis=(1, 2)) < 1 - _ROOM
        ended += [word for word, ends in zip(longer, small.tolist(), strict=True) if ends]
        open_words = [word for word, ends in zip(longer, small.tolist(), strict=True) if not ends]
        products = products[~small]
    return ended
