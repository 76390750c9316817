"""Words of vertices of a zonotope that grow fast: each weight follows the sign of its influence on the eigenvalue."""

import numpy as np
from numpy.typing import NDArray

from conservative._core.deadlines import NEVER, is_over
from conservative.spectral.zonotopes.data import SquareZonotope

FloatArray = NDArray[np.float64]

_ROUNDS = 30
_RESTARTS = 6
_LONGEST = 4


def growing_words(Z: SquareZonotope, *, deadline: float = NEVER) -> list[FloatArray]:
    """Words of vertices, one for each length, of locally largest growth rho(M_w)^(1/|w|): estimates, best first.

    The derivative of a simple eigenvalue lambda of A_1 ... A_l in the weight t_j of A_i is y^* G_j x over y^* x, with
    its eigenvectors x and y rotated to that place. All weights of one place take the sign that raises |lambda|, place
    after place, until nothing changes.

    `deadline`: `time.monotonic()` after which no more starts are tried. Returns: weights +1 and -1.
    """
    Z = Z.scaled()[0]
    rng = np.random.default_rng(0)
    found: list[tuple[float, FloatArray]] = []
    for length in range(1, _LONGEST + 1):
        best: tuple[float, FloatArray] = (-1.0, np.ones((length, Z.count)))
        for start in range(_RESTARTS):
            if found and is_over(deadline):
                break
            signs = np.where(rng.random((length, Z.count)) < 0.5, -1.0, 1.0)
            if start == 0:
                signs = np.ones((length, Z.count))
            elif start == 1 and found:
                signs = np.resize(max(found, key=lambda item: item[0])[1], (length, Z.count))
                signs[-1] = -signs[-1]
            rate, signs = _ascend(Z, signs, deadline)
            if rate > best[0] * (1 + 1e-12):
                best = (rate, signs)
        found.append(best)
    found.sort(key=lambda item: (-round(item[0], 12), len(item[1])))
    return [signs for _, signs in found]


def _ascend(Z: SquareZonotope, signs: FloatArray, deadline: float) -> tuple[float, FloatArray]:
    length = len(signs)
    best, rate = signs.copy(), _rate(Z, signs)
    for _ in range(_ROUNDS):
        before = rate
        for place in range(length):
            influence = _influence(Z, best, place)
            if influence is None:
                continue
            trial = best.copy()
            trial[place] = np.where(influence > 0, 1.0, np.where(influence < 0, -1.0, best[place]))
            moved = _rate(Z, trial)
            if moved > rate:
                best, rate = trial, moved
        if rate <= before * (1 + 1e-12) or is_over(deadline):
            break
    return rate, best


def _rate(Z: SquareZonotope, signs: FloatArray) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        product = _product(Z.members(signs))
    if not np.isfinite(product).all():
        return 0.0
    return float(np.abs(np.linalg.eigvals(product)).max() ** (1 / len(signs)))


def _product(matrices: FloatArray) -> FloatArray:
    product = matrices[0]
    for matrix in matrices[1:]:
        product = product @ matrix
    return np.asarray(product)


def _influence(Z: SquareZonotope, signs: FloatArray, place: int) -> FloatArray | None:
    """The sign-giving derivative of |lambda| in each weight of one place; None without a usable eigenvector."""
    matrices = np.roll(Z.members(signs), -place, axis=0)
    rest = _product(matrices[1:]) if len(matrices) > 1 else np.eye(Z.size)
    values, right = np.linalg.eig(matrices[0] @ rest)
    lead = int(np.argmax(np.abs(values)))
    value, x = values[lead], right[:, lead]
    left_values, left = np.linalg.eig((matrices[0] @ rest).T)
    y = left[:, int(np.argmin(np.abs(left_values - value)))]
    pairing = y @ x
    if abs(value) == 0 or abs(pairing) < 1e-12:
        return None
    slopes = (Z.U @ y) * (Z.V @ (rest @ x)) / pairing
    influence = np.zeros(Z.count)
    np.add.at(influence, Z.owner, (slopes * np.conj(value)).real)
    return influence
