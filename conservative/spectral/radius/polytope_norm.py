"""A norm in which a family of radius below one contracts, with what it costs to compare it with the Euclidean norm."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.deadlines import DEFAULT_SECONDS, deadline_after
from conservative._core.errors import CertificateError
from conservative._core.families.as_family import as_family
from conservative._core.numbers import float_above
from conservative._core.result_lines import result_line
from conservative._core.threads import one_thread
from conservative.certificates import Certificate, PolytopeProof, upper_certificate
from conservative.spectral.norms.unit_ball import UnitBall, ball_of
from conservative.spectral.polytope.all_letters import with_letters
from conservative.spectral.polytope.rational import polytope_proof
from conservative.spectral.radius.block_search import BlockState, close_block, first_words, prepare_block

_ROOM = Fraction(1, 10**6)


@dataclass(frozen=True, slots=True, eq=False)
class PolytopeNorm:
    """The gauge of a polytope that every matrix of a family shrinks.

    Parameters
    ----------
    gamma : float
        Every A_i has norm at most gamma, proved by the certificate; below one.
    spread : float
        ||A_w||_2 <= spread * gamma^|w| for every word w, rounded up.
    certificate : Certificate
        About the family, in the coordinates of powers of two in which its entries are of like size.
    ball : UnitBall
        The polytope, in the coordinates of the family.
    """

    gamma: float
    spread: float
    certificate: Certificate
    ball: UnitBall = field(repr=False)

    def __repr__(self) -> str:
        return result_line(self, f"gamma={self.gamma}", f"spread={self.spread}", f"{self.ball!r}")

    @property
    def vertices(self) -> NDArray[Any]:
        """The vertices as an (N, n) array, complex for an elliptic hull (see `UnitBall`)."""
        return self.ball.vertices

    def evaluate(self, points: ArrayLike) -> NDArray[np.float64]:
        """The norm of points, in doubles.

        Parameters
        ----------
        points : array_like, shape (..., n)

        Returns
        -------
        ndarray, shape (...)

        Raises
        ------
        ShapeError
        """
        return self.ball.evaluate(points)


def polytope_norm(matrices: Any, *, time_limit: float | None = DEFAULT_SECONDS) -> PolytopeNorm | None:
    """A polytope norm in which a family contracts, proved; None where none was found.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), or anything `as_family` reads
    time_limit : float, optional
        Seconds; 10 by default, None is no limit. Where no norm is proved by then, None is returned.

    Returns
    -------
    PolytopeNorm or None

    Notes
    -----
    A polytope P is grown for a gamma halfway between the radius and one, where it needs few vertices. It lies in the
    ball of radius R = max ||v_k||_2, and ||x||_P <= K ||x||_1 with K from n vertices and an approximate inverse of
    their matrix, as in the checker. So ||A_w||_2 <= R K sqrt(n) gamma^|w|; all of it in rationals, rounded up at the
    end.

    References
    ----------
    [guglielmiprotasov2013]_

    Examples
    --------
    >>> swaps = [[[0, "9/10"], ["9/10", 0]], [["9/10", 0], ["9/10", 0]]]
    >>> found = polytope_norm(swaps)
    >>> found.gamma < 1, found.spread >= 1
    (True, True)
    >>> bool(found.evaluate([0.9, 0]) <= found.gamma * found.evaluate([0, 1]) * (1 + 1e-9))     # the image of (0, 1)
    True
    """
    family = as_family(matrices, call="polytope_norm")
    block = prepare_block(family)
    deadline = deadline_after(time_limit, call="polytope_norm")
    with one_thread():
        words = first_words(block, deadline=deadline)
        radius = Fraction(words[0].rate) * block.scale
        if not 0 < radius < 1:
            return None
        target = (radius + 1) / 2
        state: BlockState | None = None
        for state in close_block(block, words, floor=float(target / block.scale), deadline=deadline):
            if Fraction(state.best.rate) * block.scale >= 1:
                return None
        if state is None or state.polytope is None or not state.is_closed:
            return None
        rate = Fraction(state.divisor) * block.scale
        unit = block.unit / state.divisor
        polytope = with_letters(state.polytope, unit, block.essential.letters, deadline=deadline)
    bound = rate * (1 + _ROOM)
    if bound >= 1:
        return None
    try:
        proof = polytope_proof(block.family, polytope, rate=rate, bound=bound)
        certificate = upper_certificate(block.family, proof, bound)
    except CertificateError:
        return None
    condition = max(block.balance) / min(block.balance)
    spread = condition * _longest(proof) * _unit_norm(proof) * _root_above(Fraction(family.size))
    ball = ball_of(certificate)
    assert ball is not None
    own = UnitBall(ball.hull, ball.vertices / np.array([float(x) for x in block.balance]))
    return PolytopeNorm(float_above(bound), float_above(spread), certificate, own)


def _longest(proof: PolytopeProof) -> Fraction:
    """R: the polytope lies in the ball of this radius. An ellipse lies in the ball of the norm of both its parts."""
    rows = [v if proof.hull != "elliptic" else [*v[0], *v[1]] for v in proof.vertices]
    return _root_above(Fraction(max(sum(x * x for x in row) for row in rows), proof.denominator**2))


def _unit_norm(proof: PolytopeProof) -> Fraction:
    """K: the polytope norm of every unit vector is at most this."""
    if proof.hull == "monotone":
        tallest = [max(column) for column in zip(*proof.vertices, strict=True)]
        return Fraction(proof.denominator, min(tallest))
    columns = [_basis_vector(proof, label) for label in proof.basis]
    n, whole = len(columns), proof.denominator * proof.dual_denominator
    defect, largest = 0, 0
    for j in range(n):
        dual = [row[j] for row in proof.dual]
        image = [sum(columns[k][r] * dual[k] for k in range(n)) for r in range(n)]
        defect = max(defect, sum(abs(whole * (r == j) - x) for r, x in enumerate(image)))
        largest = max(largest, sum(map(abs, dual)))
    return Fraction(largest, proof.dual_denominator) / (1 - Fraction(defect, whole))


def _basis_vector(proof: PolytopeProof, label: Any) -> Sequence[int]:
    if proof.hull != "elliptic":
        return list(proof.vertices[label])
    k, part = label
    return list(proof.vertices[k][part])


def _root_above(value: Fraction) -> Fraction:
    """A rational at least the square root, by less than a part of 2^-60."""
    shift = 1 << 128
    return Fraction(math.isqrt(value.numerator * shift // value.denominator + 1) + 1, 1 << 64)
