"""The joint spectral radius: a proved bracket from the best word below and the best norm above."""

import math
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from conservative._core.errors import ArgumentError, CertificateError
from conservative._core.families import MatrixFamily, as_family
from conservative._core.norms import spectral_norm_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket
from conservative.certificates import Certificate, contraction_certificate, expansion_certificate
from conservative.spectral.stages import Found, RadiusStatus, first_bounds, stages
from conservative.spectral.words import Word, word_text


@dataclass(frozen=True, slots=True, eq=False)
class JointSpectralRadius:
    """A proved bracket of the joint spectral radius of a family.

    Parameters
    ----------
    lower, upper : float
        Proved bounds, rounding included.
    word : tuple of int
        A word whose rho(M_w)^(1/|w|) is at least `lower`, least rotation of a primitive word.
    status : RadiusStatus
        How the computation ended.
    vertex_radii : tuple of Bracket
        rho(A_i) of each matrix alone.
    certificate : Certificate or None
        A claim that `check` proves again in exact arithmetic: expansion when ``lower > 1``, otherwise the bound
        ``jsr <= gamma`` of a common quadratic norm, when there is one, and the checker's limits on size allow it.
    """

    lower: float
    upper: float
    word: Word
    status: RadiusStatus
    vertex_radii: tuple[Bracket, ...]
    certificate: Certificate | None

    @property
    def bracket(self) -> Bracket:
        """The bounds as a `Bracket`."""
        return Bracket(self.lower, self.upper)

    def __repr__(self) -> str:
        return (
            f"JointSpectralRadius(lower={self.lower!r}, upper={self.upper!r}, word {word_text(self.word)}, "
            f"{self.status.name})"
        )


def joint_spectral_radius(matrices: Any, *, tol: float = 1e-9, time_limit: float | None = None) -> JointSpectralRadius:
    """Bounds of the largest growth rate of products of a family: lim max ||M_w||^(1/|w|).

    The radius of the convex hull of the family is the same number. Below 1, and only then, some norm makes every
    matrix of the hull a contraction with a common factor.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), a `JacobianSet`, a `MatrixPolytope`, or a family
        Doubles are taken as exact; rationals stay exact.
    tol : float
        The work ends when ``upper <= lower (1 + tol)``.
    time_limit : float, optional
        Seconds after which the best bracket so far is returned, checked between steps. The branch and bound
        also stops after a fixed number of products.

    Returns
    -------
    JointSpectralRadius

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentError, ArgumentTypeError

    Notes
    -----
    Lower: a search of bounded width proposes words; the radius of the best one is enclosed from the exact
    characteristic polynomial. Upper: a common quadratic norm, proved by an exact LDL^T, and Gripenberg's branch
    and bound in that norm, with an explicit bound of every rounding. Families that a permutation makes block
    triangular are solved block by block. A keyboard interrupt returns the bracket so far.

    References
    ----------
    [jungers2009]_, [gripenberg1996]_

    Examples
    --------
    >>> golden = joint_spectral_radius([[[1, 1], [0, 1]], [[1, 0], [1, 1]]])
    >>> golden.word, golden.lower <= (1 + 5**0.5) / 2 <= golden.upper
    ((0, 1), True)
    """
    family = as_family(matrices, call="joint_spectral_radius")
    _check_limits(tol, time_limit)
    deadline = None if time_limit is None else time.monotonic() + time_limit
    found = first_bounds(family)
    try:
        for better in stages(family, found, tol=tol, deadline=deadline):
            found = better
            if deadline is not None and time.monotonic() > deadline:
                break
    except KeyboardInterrupt:
        found = found.stopped(RadiusStatus.INTERRUPTED)
    return _result(family, found)


def _check_limits(tol: float, time_limit: float | None) -> None:
    if not tol >= 0:
        raise ArgumentError(f"`joint_spectral_radius(tol=...)` needs a number >= 0; got {tol!r}. Pass 1e-9, say.")
    if time_limit is not None and not time_limit >= 0:
        raise ArgumentError(f"`joint_spectral_radius(time_limit=...)` needs seconds >= 0, or None; got {time_limit!r}.")


def _result(family: MatrixFamily, found: Found) -> JointSpectralRadius:
    bracket = found.bracket
    return JointSpectralRadius(
        bracket.lower, bracket.upper, found.word, found.status, found.vertex_radii, _certificate(family, found)
    )


def _certificate(family: MatrixFamily, found: Found) -> Certificate | None:
    """The claim that decides contraction: the word's bound from 1 on, otherwise the bound of the quadratic norm.

    There is none when the matrices are too large for the checker's own limits.
    """
    try:
        if found.bracket.lower >= 1:
            return expansion_certificate(family, found.word, bound=_short_below(found.bracket.lower))
        if found.quadratic is None:
            return contraction_certificate(family, _identity(family.size), _euclidean_norm(family))
        return contraction_certificate(family, found.quadratic.exact_weight, found.quadratic.exact_gamma)
    except CertificateError:
        return None


def _identity(n: int) -> list[list[int]]:
    return [[int(i == j) for j in range(n)] for i in range(n)]


def _euclidean_norm(family: MatrixFamily) -> Fraction:
    """A decimal of ten digits above the largest Euclidean norm, the rounding of the entries included."""
    norm = float(spectral_norm_bounds(family.floats)[1].max()) * (1 + 4 * family.size * UNIT_ROUNDOFF)
    return -_short_below(-norm) if norm < 1e10 else Fraction(norm)


def _short_below(lower: float) -> Fraction:
    """A decimal of ten digits below a proved bound: what a reader compares with a published number."""
    scale = Fraction(10) ** (10 - len(str(int(abs(lower)))))
    return Fraction(math.floor(Fraction(lower) * scale)) / scale
