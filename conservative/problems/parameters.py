"""`Parameters`: the numbers of a problem by name, and which of them make up θ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from conservative._core.errors import ArgumentError, NonFiniteError, ShapeError
from conservative._core.printable import shown
from conservative.functions.points import read_number

LARGEST_EXACT = 4096
"""Arrays of whole numbers or fractions with more entries are read as floats."""

SETTINGS = ("step", "dual_step", "momentum", "penalty", "damping", "decay")
"""Numbers of algorithms that may be among θ as well; a solution does not depend on them."""

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Parameters:
    """The numbers of a problem.

    Parameters
    ----------
    chosen : tuple of str
        Names of the values that make up θ, in order.
    values : mapping of str to number or array
        Every value, those in θ too (their defaults); floats, or `Fraction` where given exactly.
    """

    chosen: tuple[str, ...]
    values: Values

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the m numbers in θ: "lambda", "y[0]"."""
        return tuple(
            f"{name}[{','.join(map(str, index))}]" if index else name
            for name in self.chosen
            for index in product(*map(range, self._shape(name)))
        )

    @property
    def default(self) -> np.ndarray[Any, Any]:
        """θ as the problem was given, shape (m,)."""
        flat = [entry for name in self.chosen for entry in np.ravel(np.asarray(self._value(name), dtype=object))]
        return numbers(flat)

    @property
    def exact(self) -> bool:
        """Whether no value is a float."""
        return all(_is_exact(value) for value in self.values.values())

    @property
    def floats(self) -> "Parameters":
        """The same, every value in floats."""
        return replace(self, values={name: as_floats(value) for name, value in self.values.items()})

    @property
    def unified(self) -> "Parameters":
        """The same, all exact or all in floats."""
        return self if self.exact else self.floats

    def with_settings(self, settings: Values) -> "Parameters":
        """The same with the numbers of an algorithm."""
        return replace(self, values={**self.values, **settings}).unified

    def fixed(self, *names: str) -> bool:
        """Whether none of the named values is in θ."""
        return not set(names) & set(self.chosen)

    def read(self, theta: Any) -> dict[str, Any]:
        """Every value by name, those in θ from θ: numbers as (..., 1), arrays as (..., *shape)."""
        found, start = dict(self.values), 0
        for name in self.chosen:
            shape = self._shape(name)
            stop = start + int(np.prod(shape, dtype=int))
            part = theta[..., start:stop]
            found[name] = part if len(shape) < 2 else part.reshape(theta.shape[:-1] + shape)
            start = stop
        return found

    def _shape(self, name: str) -> tuple[int, ...]:
        return tuple(int(n) for n in np.shape(self._value(name)))

    def _value(self, name: str) -> Any:
        if name not in self.values:
            raise ArgumentError(
                f"θ names {name}, a number of algorithms, which this problem has no value for yet. Make an algorithm "
                "of it, and ask that one's problem: `algorithm.problem`."
            )
        return self.values[name]


def choose(theta: Sequence[str] | str, values: Values, *, call: str) -> tuple[str, ...]:
    """The names in θ, each known and once."""
    chosen = (theta,) if isinstance(theta, str) else tuple(theta)
    known = [
        name for name, value in values.items() if value is not None and not sparse.issparse(value) and name != "factor"
    ]
    for name in chosen:
        if name not in known and name not in SETTINGS:
            sparse_data = " Data in θ must be dense." if name in values and values[name] is not None else ""
            raise ArgumentError(
                f"`{call}(theta=...)` names values of the problem, of {', '.join(known)}, or of the algorithm, of "
                f"{', '.join(SETTINGS)}; got {shown(name)}.{sparse_data}"
            )
    if len(set(chosen)) < len(chosen):
        raise ArgumentError(f"`{call}(theta=...)` names a value twice: {', '.join(map(str, chosen))}.")
    return chosen


def read_array(value: Any, ndim: int, *, call: str, argument: str) -> Any:
    """An array of `Fraction` where every entry is exact and they are few, else of floats; sparse data stay sparse."""
    wanted = ("a number", "a vector", "a matrix")[ndim]
    if sparse.issparse(value):
        array = sparse.csr_array(value).astype(np.float64)
        entries = array.data
    else:
        try:
            raw = np.asarray(value, dtype=None if isinstance(value, np.ndarray) else object)
        except (TypeError, ValueError) as error:
            raise ShapeError(f"`{call}({argument}=...)` needs {wanted}; got rows of different lengths.") from error
        if raw.dtype.kind == "f" or (raw.dtype.kind in "iu" and raw.size > LARGEST_EXACT):
            array = entries = raw.astype(np.float64)
        else:
            read = [read_number(entry, argument, call) for entry in raw.ravel().tolist()]
            array = numbers(read).reshape(raw.shape)
            entries = array if array.dtype == np.float64 else np.zeros(0)
            array = array if array.size <= LARGEST_EXACT else as_floats(array)
    if array.ndim != ndim or 0 in array.shape:
        raise ShapeError(f"`{call}({argument}=...)` needs {wanted}; got shape {array.shape}.")
    if not np.isfinite(entries).all():
        bad = entries[~np.isfinite(entries)][0]
        raise NonFiniteError(f"`{call}({argument}=...)` needs finite numbers; got {bad}. Remove or impute them first.")
    if isinstance(array, np.ndarray):
        array.setflags(write=False)
    return array if ndim else array[()]


def weight_array(value: Any, argument: str, size: int, *, call: str) -> Any:
    """A weight of at least 0, or one for each of so many entries."""
    read = read_array(value, int(np.ndim(value) > 0), call=call, argument=argument)
    if np.shape(read) not in ((), (size,)):
        raise ShapeError(f"`{call}({argument}=...)` needs a number or {size} numbers; got shape {read.shape}.")
    if np.min(read) < 0:
        raise ArgumentError(f"`{call}({argument}=...)` needs numbers of at least 0; got {shown(value)}.")
    return read


def read_theta(theta: ArrayLike | None, parameters: Parameters, *, call: str) -> np.ndarray[Any, Any]:
    """θ of m numbers, objects of `Fraction` where all are exact; a single number where m = 1."""
    names = parameters.names
    listed = parameters.default if theta is None else np.atleast_1d(np.asarray(theta, dtype=object))
    if listed.shape != (len(names),):
        raise ShapeError(
            f"`{call}(theta=...)` needs {len(names)} numbers ({', '.join(names[:6])}{', ...' * (len(names) > 6)}); got "
            f"shape {listed.shape}."
        )
    return numbers([read_number(entry, name, call) for entry, name in zip(listed, names, strict=True)])


def check_domain(values: Values, *, call: str) -> None:
    """Weights that are negative, or not positive where they must be, and bounds that cross have no problem."""
    for name in ("lambda", "ridge", "C", "epsilon", "weights"):
        value = values.get(name)
        if value is None or np.ndim(value) > 1:  # the costs C of transport are no weight
            continue
        least, strict = float(np.min(value)), name not in ("lambda", "ridge")
        if least < 0 or (strict and least == 0):
            wanted = "above" if strict else "of at least"
            raise ArgumentError(f"`{call}(theta=...)` needs {name} {wanted} 0; got {least:g}.")
    lower, upper = values.get("lower"), values.get("upper")
    if lower is not None and upper is not None and (lower > upper).any():
        raise ArgumentError(f"`{call}(theta=...)` needs lower <= upper in every entry.")


def flat_theta(parameters: Parameters, values: Values) -> np.ndarray[Any, Any]:
    """θ of given values, shape (m,), in fractions where all are."""
    parts = [np.ravel(np.asarray(values[name], dtype=object)) for name in parameters.chosen]
    flat = np.concatenate([*parts, np.zeros(0, dtype=object)])
    return flat if Parameters((), values).exact else flat.astype(np.float64)


def numbers(values: Sequence[Any]) -> np.ndarray[Any, Any]:
    """One axis of `Fraction` objects, or of floats where any of them is one."""
    if all(isinstance(value, (Fraction, int)) for value in values):
        found = np.empty(len(values), dtype=object)
        found[:] = [Fraction(value) for value in values]
        return found
    return np.array([float(value) for value in values])


def asks_for_fractions(*given: Any) -> bool:
    """Whether an answer is wanted in fractions: no float among the numbers, and not whole numbers alone."""
    flat = [entry for value in given for entry in np.ravel(np.asarray(value, dtype=object))]
    exact = all(isinstance(entry, (int, np.integer, Fraction, str)) for entry in flat)
    return exact and any(isinstance(entry, (Fraction, str)) for entry in flat)


def as_fractions(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Every entry a `Fraction`."""
    return numbers([Fraction(entry) for entry in values.ravel()]).reshape(values.shape)


def as_floats(value: Any) -> Any:
    """A value in floats: numbers, arrays; what is sparse or no number stays."""
    if isinstance(value, np.ndarray):
        return value.astype(np.float64) if value.dtype == object else value
    return float(value) if isinstance(value, (Fraction, int)) and not isinstance(value, bool) else value


def _is_exact(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return bool(value.dtype == object)
    return not isinstance(value, float) and not sparse.issparse(value)
