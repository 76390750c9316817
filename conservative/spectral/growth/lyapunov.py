"""The Lyapunov exponent of random products, estimated from independent chains with a confidence interval."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import flint
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from conservative._core.checks import as_count, as_generator, as_positive, as_real_array
from conservative._core.errors import ArgumentError, ShapeError
from conservative._core.exact.linear_algebra import to_flint
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative._core.printable import shown
from conservative._core.result_lines import count, result_line
from conservative.spectral.norms.scaling import diagonal_balance
from conservative.spectral.reduction.modular import PRIMES

FloatArray = NDArray[np.float64]

_BLOCK = 1 << 18
"""Random letters drawn at once."""


_CALL = "estimate_lyapunov_exponent"


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

    def __repr__(self) -> str:
        return result_line(
            self,
            f"value={self.value:.6g}",
            f"confidence {self.confidence} from {self.lower:.6g} to {self.upper:.6g}",
            f"{self.samples} chains of {count(self.length, 'factor')}",
        )

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
    infinity. That product is confirmed to be zero in integers. The exponent is at most the logarithm of every p-radius
    and of the joint spectral radius.

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
    length = as_count(length, call=_CALL, argument="length", least=10)
    samples = as_count(samples, call=_CALL, argument="samples", least=2)
    weights = _checked(family.count, probabilities, confidence)
    generator = as_generator(rng, call=_CALL)
    unit, logs = _balanced(family)
    start, letters = generator.normal(size=(samples, family.size)), _Letters(generator, weights, length, samples)
    growth, ended = _chains(unit, logs, start, letters)
    if ended is not None:
        _check_vanishing(family, letters.word(*ended))
        return LyapunovEstimate(-np.inf, -np.inf, -np.inf, 0.0, confidence, samples, length)
    mean = float(growth.mean())
    error = float(growth.std(ddof=1) / np.sqrt(samples))
    reach = float(stdtrit(samples - 1, (1 + confidence) / 2)) * error
    return LyapunovEstimate(mean, mean - reach, mean + reach, error, confidence, samples, length)


def _balanced(family: MatrixFamily) -> tuple[FloatArray, FloatArray]:
    """T A_i T^-1 with largest entry about one each, T diagonal of powers of two, and the logarithms divided out."""
    shift = np.frexp(np.diag(diagonal_balance(family)))[1]
    mantissas, exponents = np.frexp(family.floats)
    exponents = exponents + shift[:, None] - shift[None, :]
    largest = np.where(mantissas != 0, exponents, np.iinfo(np.int32).min).max(axis=(1, 2))
    largest[~family.floats.any(axis=(1, 2))] = 0
    return np.ldexp(mantissas, exponents - largest[:, None, None]), largest * np.log(2.0)


def _checked(count: int, probabilities: ArrayLike | None, confidence: float) -> FloatArray:
    call = _CALL
    if not as_positive(confidence, call=call, argument="confidence", noun="probability below 1") < 1:
        raise ArgumentError(f"`{call}(confidence=...)` needs a probability below 1; got {shown(confidence)}.")
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


class _Letters:
    """The random letters of all chains, block by block; they can be drawn again from the state of the generator."""

    def __init__(self, rng: np.random.Generator, weights: FloatArray, length: int, samples: int) -> None:
        self._rng, self._weights, self.length, self._samples = rng, weights, length, samples
        self._state = rng.bit_generator.state

    def __iter__(self) -> Iterator[NDArray[np.int64]]:
        """Letters of one step after another, shape (samples,) each."""
        self._rng.bit_generator.state = self._state
        block = max(1, _BLOCK // self._samples)
        for start in range(0, self.length, block):
            size = (min(block, self.length - start), self._samples)
            yield from self._rng.choice(len(self._weights), size=size, p=self._weights)

    def word(self, chain: int, steps: int) -> list[int]:
        """The first letters of a chain, in the order in which they were applied."""
        return [int(letter[chain]) for letter in itertools.islice(self, steps)]


def _chains(
    unit: FloatArray, logs: FloatArray, x: FloatArray, letters: _Letters
) -> tuple[FloatArray, tuple[int, int] | None]:
    """The mean growth of every chain over the last nine tenths, and a chain that became zero with its steps."""
    total, burn_in = np.zeros(len(x)), letters.length // 10
    for step, letter in enumerate(letters):
        x, norm = _unit_vectors(np.matmul(unit[letter], x[:, :, None])[:, :, 0])
        if not norm.all():
            return total, (int(np.argmin(norm)), step + 1)
        if step >= burn_in:
            total += np.log(norm) + logs[letter]
    return total / (letters.length - burn_in), None


def _check_vanishing(family: MatrixFamily, word: list[int]) -> None:
    """Refuse a chain that became zero by rounding, or by underflow, though its product is not zero."""
    if not _vanishes([to_flint(m).numer_denom()[0] for m in family.exact], word):
        raise ArgumentError(
            "`estimate_lyapunov_exponent(matrices=...)`: entries differ by so many orders of magnitude that a chain "
            "underflowed, or it became zero by rounding. Pass the matrices in another basis."
        )


def _vanishes(integral: list[flint.fmpz_mat], word: list[int]) -> bool:
    """Whether a product of integer matrices is zero: a residue that is not zero refutes it, an exact product proves it.

    The letters, first applied first, are multiplied in pairs, then pairs of pairs, so that few products are long; one
    part of the word that vanishes is enough.
    """
    residues = [flint.nmod_mat(m, PRIMES[0]) for m in integral]
    product = residues[word[0]]
    for letter in word[1:]:
        product = residues[letter] * product
    if any(int(x) for x in product.entries()):
        return False
    row = [integral[letter] for letter in word]
    while len(row) > 1 and all(map(any, (m.entries() for m in row))):
        row = [row[i + 1] * row[i] if i + 1 < len(row) else row[i] for i in range(0, len(row), 2)]
    return not all(map(any, (m.entries() for m in row)))


def _unit_vectors(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Rows of Euclidean norm one and their norms, in two steps so that no square underflows; zero rows stay."""
    largest = np.abs(x).max(axis=1)
    x = x / np.where(largest > 0, largest, 1.0)[:, None]
    length = np.sqrt((x * x).sum(axis=1))
    return x / np.where(length > 0, length, 1.0)[:, None], largest * length
