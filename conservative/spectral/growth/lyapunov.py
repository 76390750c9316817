"""The Lyapunov exponent of random products, estimated from independent chains with a confidence interval."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from conservative._core.checks import as_real_array
from conservative._core.errors import ArgumentError, ShapeError
from conservative._core.families import as_family

FloatArray = NDArray[np.float64]

_BLOCK = 1 << 18
"""Random letters drawn at once."""


@dataclass(frozen=True, slots=True)
class LyapunovEstimate:
    """An estimate of a Lyapunov exponent (natural logarithm per step), with a confidence interval.

    Parameters
    ----------
    value : float
        The mean over the chains; minus infinity when a product vanished.
    lower, upper : float
        Ends of the Student interval. They hold with probability about `confidence`, and prove nothing.
    standard_error : float
        Of the mean over the chains.
    confidence : float
    samples, length : int
        Number of independent chains, and factors of each.
    """

    value: float
    lower: float
    upper: float
    standard_error: float
    confidence: float
    samples: int
    length: int

    def __float__(self) -> float:
        return self.value


def estimate_lyapunov_exponent(
    matrices: Any,
    *,
    probabilities: ArrayLike | None = None,
    length: int = 2000,
    samples: int = 64,
    confidence: float = 0.95,
    rng: np.random.Generator | int | None = None,
) -> LyapunovEstimate:
    """The almost sure growth rate of random products: lim (1/t) log ||A_{i_t} ... A_{i_1}||, letters independent.

    Parameters
    ----------
    matrices : array_like, shape (k, n, n), or anything `as_family` reads
    probabilities : array_like, shape (k,), optional
        Of the letters; equal ones by default.
    length : int
        Factors of each chain, at least 10.
    samples : int
        Independent chains, at least 2.
    confidence : float
        Between 0 and 1.
    rng : numpy.random.Generator or int, optional
        Goes through `numpy.random.default_rng`.

    Returns
    -------
    LyapunovEstimate

    Raises
    ------
    ShapeError, EmptySetError, NonFiniteError, ArgumentError, ArgumentTypeError

    Notes
    -----
    Every chain carries one random vector, brought back to norm one after each factor; its growth over the last nine
    tenths of the factors is one observation, and the chains are independent. The interval is Student's with samples
    - 1 degrees of freedom. It does not see the bias of a chain that mixes more slowly than length / 10. A chain
    whose vector becomes zero shows a product that vanishes, which then happens almost surely: the exponent is minus
    infinity. The exponent is at most the logarithm of every p-radius and of the joint spectral radius.

    References
    ----------
    [furstenbergkesten1960]_, [viswanath2000]_

    Examples
    --------
    Signs at random in the Fibonacci recursion: the exponent is log 1.13198824...

    >>> found = estimate_lyapunov_exponent([[[0, 1], [1, 1]], [[0, 1], [1, -1]]], rng=0)
    >>> found.lower <= 0.12397559 <= found.upper, found.upper - found.lower < 0.02
    (True, True)
    """
    family = as_family(matrices, call="estimate_lyapunov_exponent")
    weights = _checked(family.count, probabilities, length, samples, confidence)
    generator = np.random.default_rng(rng)
    exponents = np.frexp(np.abs(family.floats).max(axis=(1, 2)))[1]
    unit = np.ldexp(family.floats, -exponents[:, None, None])
    growth = _chains(unit, exponents * np.log(2.0), weights, (length, samples), generator)
    if np.isneginf(growth).any():
        return LyapunovEstimate(-np.inf, -np.inf, -np.inf, 0.0, confidence, samples, length)
    mean = float(growth.mean())
    error = float(growth.std(ddof=1) / np.sqrt(samples))
    reach = float(student.ppf((1 + confidence) / 2, samples - 1)) * error
    return LyapunovEstimate(mean, mean - reach, mean + reach, error, confidence, samples, length)


def _checked(count: int, probabilities: ArrayLike | None, length: int, samples: int, confidence: float) -> FloatArray:
    call = "estimate_lyapunov_exponent"
    if length < 10 or samples < 2 or not 0 < confidence < 1:
        raise ArgumentError(
            f"`{call}` needs length >= 10, samples >= 2 and 0 < confidence < 1; got length={length!r}, "
            f"samples={samples!r}, confidence={confidence!r}."
        )
    if probabilities is None:
        return np.full(count, 1 / count)
    weights = as_real_array(probabilities, call=call, argument="probabilities", wanted=f"shape ({count},)")
    if weights.shape != (count,):
        raise ShapeError(
            f"`{call}(probabilities=...)` needs shape ({count},), one number per matrix; got {weights.shape}."
        )
    if (weights < 0).any() or abs(float(weights.sum()) - 1) > 1e-9:
        raise ArgumentError(
            f"`{call}(probabilities=...)` needs numbers >= 0 with sum 1; got sum {float(weights.sum())!r}. "
            "Divide them by their sum."
        )
    return np.asarray(weights / weights.sum())


def _chains(
    unit: FloatArray, logs: FloatArray, weights: FloatArray, shape: tuple[int, int], rng: np.random.Generator
) -> FloatArray:
    """The mean growth of every chain over the last nine tenths of its factors."""
    length, samples = shape
    x = rng.normal(size=(samples, unit.shape[1]))
    total, burn_in = np.zeros(samples), length // 10
    block = max(1, _BLOCK // samples)
    with np.errstate(divide="ignore"):
        for start in range(0, length, block):
            letters = rng.choice(len(weights), size=(min(block, length - start), samples), p=weights)
            for step, letter in enumerate(letters, start=start):
                x = np.matmul(unit[letter], x[:, :, None])[:, :, 0]
                x, norm = _unit_vectors(x)
                if step >= burn_in:
                    total += np.log(norm) + logs[letter]
                else:
                    total[norm == 0] = -np.inf
    return np.asarray(total / (length - burn_in))


def _unit_vectors(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Rows of Euclidean norm one and their norms, in two steps so that no square underflows; zero rows stay."""
    largest = np.abs(x).max(axis=1)
    x = x / np.where(largest > 0, largest, 1.0)[:, None]
    length = np.sqrt((x * x).sum(axis=1))
    return x / np.where(length > 0, length, 1.0)[:, None], largest * length
