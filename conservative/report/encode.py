"""Results as plain JSON values: numbers, strings, lists and objects, never NaN or Infinity."""

import json
import math
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np

from conservative._core.numbers import Bracket
from conservative._core.printable import printable


def encode(value: Any) -> Any:
    """A result as values that `json` writes and every reader understands.

    Infinities and NaN become the strings ``"Infinity"``, ``"-Infinity"`` and ``"NaN"``;
    rationals and symbolic values become text; an enum becomes its name and its sentence.

    Parameters
    ----------
    value : object
        Numbers, text, arrays, brackets, enums, and nestings of them.

    Returns
    -------
    object

    Examples
    --------
    >>> encode({"bound": Bracket(0.0, math.inf), "entry": Fraction(3, 4)})
    {'bound': {'lower': 0.0, 'upper': 'Infinity'}, 'entry': '3/4'}
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, np.floating)):
        return _encode_float(float(value))
    if isinstance(value, Bracket):
        return {"lower": encode(value.lower), "upper": encode(value.upper)}
    if isinstance(value, Enum):
        return {"name": value.name, "text": value.value}
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, np.ndarray):
        return encode(value.tolist())
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, np.integer):
        return int(value)
    return str(value)


def _encode_float(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def as_json(value: Any) -> str:
    """One JSON object as indented text.

    Parameters
    ----------
    value : object
        As for `encode`.

    Returns
    -------
    str
    """
    return printable(json.dumps(encode(value), indent=2, ensure_ascii=False, allow_nan=False))
