"""The published JSON Schema of certificates."""

import json
from importlib.resources import files
from typing import Any


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of certificates of version 1.

    It describes the form of a document. What JSON Schema cannot say, such as that a matrix is
    square and a ratio in lowest terms, and the proof itself, `check` decides.

    Returns
    -------
    dict
        A new copy at each call.

    Examples
    --------
    >>> sorted(schema()["properties"])
    ['claim', 'format', 'kind', 'problem', 'problem_sha256', 'proof', 'sha256', 'version']
    """
    path = files("conservative.certificates") / "schema" / "certificate-1.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))
