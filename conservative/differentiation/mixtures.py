"""Whether a hull of matrices holds a singular one: proofs that none is, and a mixture that is, with its weights.

Between vertices with determinants of opposite signs some mixture is singular. For ties of rank one the determinant is
affine in each weight, and least and largest at vertices: there equal signs prove that none is. Where two ends have one
sign, a singular mixture between them is seen by a sign of its own on the way; it is looked for at the real roots of
det((1 − λ)K_i + λK_j), eigenvalues −(1 − λ)/λ of K_i⁻¹K_j.
"""

import itertools
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.exact.linear_algebra import to_flint
from conservative._core.matrix_norms import spectral_norm_bounds
from conservative.differentiation.implicit_systems import Matrix

Floats = NDArray[np.float64]

_PAIRS = 500
"""Most pairs of vertices between which singular mixtures are looked for."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """Weights of vertices whose mixture is singular: exact, or to about ten digits where no fraction is."""

    weights: tuple[tuple[int, Any], ...]
    exact: bool

    def __str__(self) -> str:
        parts = [
            f"{value if self.exact else format(float(value), '.10g')} of vertex {i + 1}" for i, value in self.weights
        ]
        return ("" if self.exact else "about ") + ", ".join(parts[:-1]) + " and " + parts[-1]


def find_singular_mixture(systems: Matrix, weights: Matrix | None) -> Mixture | None:
    """A singular mixture of regular matrices; None where none was found. Shapes: `systems` (k, n, n)."""
    if len(systems) < 2 or systems.ndim != 3:
        return None
    signs = np.array([_sign(K) for K in systems])
    pairs = _opposite(signs, weights)
    if pairs is not None:
        return _between(systems, *pairs)
    if weights is not None or not signs.all():
        return None
    k = len(systems)
    for i, j in itertools.islice(itertools.combinations(range(k), 2), _PAIRS):
        found = _inside(systems[i], systems[j], signs[i])
        if found is not None:
            return _named(systems, ((i, 1 - found), (j, found)))
    return _towards_the_middle(systems, signs) if k > 2 else None


def proves_regular(blocks: Floats, systems: Matrix, weights: Matrix | None) -> bool:
    """Whether Id − A is proved regular on the hull: by signs for ties of rank one, or by ‖A‖₂ < 1."""
    if len(systems) == 1:
        return True
    if weights is not None and systems.ndim == 3:
        signs = {_sign(K) for K in systems}
        if len(signs) == 1 and 0 not in signs:
            return True
    return bool(spectral_norm_bounds(blocks)[1].max() < 1.0)


def _sign(K: Matrix) -> int:
    if K.dtype == object:
        found = _det(K)
        return int(found > 0) - int(found < 0)
    return int(np.linalg.slogdet(K)[0])


def _opposite(signs: NDArray[np.intp], weights: Matrix | None) -> tuple[int, int] | None:
    """Two vertices with opposite signs, neighbours where there are ties."""
    positive, negative = np.flatnonzero(signs > 0), np.flatnonzero(signs < 0)
    if not len(positive) or not len(negative):
        return None
    if weights is None:
        return int(positive[0]), int(negative[0])
    apart = np.abs(weights[positive][:, None].astype(float) - weights[negative][None].astype(float)).sum(axis=2)
    i, j = np.unravel_index(int(apart.argmin()), apart.shape)
    return int(positive[i]), int(negative[j])


def _between(systems: Matrix, i: int, j: int) -> Mixture:
    """Where the determinant changes its sign between two vertices: by its affine root, else by halving."""
    first, second = systems[i], systems[j]
    if first.dtype == object:
        a, b = (_det(K) for K in (first, second))
        guess = a / (a - b)
        if _sign((1 - guess) * first + guess * second) == 0:
            return _named(systems, ((i, 1 - guess), (j, guess)))
    low, high, sign = Fraction(0), Fraction(1), _sign(first)
    for _ in range(50):
        middle = (low + high) / 2
        here = _sign(_mixed(first, second, middle))
        if here == 0:
            return _named(systems, ((i, 1 - middle), (j, middle)))
        low, high = (middle, high) if here == sign else (low, middle)
    found = (low + high) / 2
    return _named(systems, ((i, 1 - found), (j, found)))


def _inside(first: Matrix, second: Matrix, sign: int) -> Fraction | None:
    """λ with (1 − λ)K_i + λK_j singular between ends of one sign, seen by another sign beside it."""
    ends = [np.asarray(K, dtype=np.float64) for K in (first, second)]
    try:
        values = np.linalg.eigvals(np.linalg.solve(*ends))
    except np.linalg.LinAlgError:
        return None
    real = values.real[(values.real < 0) & (np.abs(values.imag) <= 1e-6 * np.abs(values))]
    shares = sorted(1.0 / (1.0 - real))
    if first.dtype == object:
        for share in shares:
            simple = Fraction(share).limit_denominator(10_000)
            if _sign(_mixed(first, second, simple)) == 0:
                return simple
    for low, high in itertools.pairwise(shares):
        middle = Fraction((low + high) / 2)
        if _sign(_mixed(first, second, middle)) == -sign:
            return Fraction(low)
    return None


def _towards_the_middle(systems: Matrix, signs: NDArray[np.intp]) -> Mixture | None:
    """A singular mixture of all vertices, where their mean has another sign than they."""
    k = len(systems)
    share: Any = Fraction(1, k) if systems.dtype == object else 1.0 / k
    mean = systems.sum(axis=0) * share
    if _sign(mean) == signs[0]:
        return None
    found = _between(np.array([systems[0], mean]), 0, 1) if _sign(mean) else None
    rest = Fraction(1) if found is None else Fraction(dict(found.weights)[1])
    parts = tuple((i, rest / k + (1 - rest if i == 0 else 0)) for i in range(k))
    return Mixture(parts, systems.dtype == object and (found is None or found.exact))


def _named(systems: Matrix, weights: tuple[tuple[int, Any], ...]) -> Mixture:
    """Short fractions where they are exactly singular."""
    exact = systems.dtype == object
    if exact:
        simple = tuple((i, Fraction(value).limit_denominator(10_000)) for i, value in weights)
        total = sum(value for _, value in simple)
        if total == 1 and _sign(sum(value * systems[i] for i, value in simple)) == 0:
            return Mixture(simple, exact=True)
        exact = _sign(sum(value * systems[i] for i, value in weights)) == 0
    return Mixture(weights, exact)


def _mixed(first: Matrix, second: Matrix, share: Fraction) -> Matrix:
    if first.dtype == object:
        return np.asarray((1 - share) * first + share * second)
    return np.asarray((1.0 - float(share)) * first + float(share) * second)


def _det(K: Matrix) -> Fraction:
    found = to_flint(K.tolist()).det()
    return Fraction(int(found.p), int(found.q))
