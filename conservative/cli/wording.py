"""Messages of the library reworded for the command line: options and files in place of calls and arguments."""

import re
from collections.abc import Collection

import conservative

_CALL = re.compile(r"`[A-Za-z_][\w.]*\((\w+)=[^()`]*(?:\([^()`]*\)[^()`]*)*\)`(?:(:|,) )?")
_BARE_CALL = re.compile(r"(^|: )`[a-z_][a-z_.]*(?:\(\.\.\.\))?`[:,] ")
_NAME = re.compile(r"(?<!key )`([a-z_]+)`")
_STACK = re.compile(r"got \((\d+), (\d+), (\d+)\)\.")

_OF_SOURCE = {"source", "path", "matrices", "family", "name", "value", "J", "problem"}
_KEYS = {"at": "at", "ranges": "ranges", "initial": "initial", "F": "F", "state": "state", "parameters": "parameters"}
_OPTIONS = {"ranges": "range", "variables": "variable"}
"""Arguments whose options have another name."""

_COMMANDS = {"analyze", "explain", "counterexample", "gallery"}
_CALLS = {
    "conservative_jacobian", "conservative_jacobians", "iterate_set", "iterate_driven", "iterate_true", "fixed_set",
    "joint_spectral_radius", "implicit_jacobian", "contraction_verdict", "jacobian_zonotope", "lipschitz_constants",
    "zonotope_radius", "from_sympy",
}  # fmt: skip
"""Remedies that only Python has."""

_REMEDIES = (
    (
        "For one matrix A pass `[A]`; for Jacobian blocks [A B] pass the state blocks, `J.state`.",
        "Give every matrix as many rows as columns.",
    ),
    ("For one matrix A pass `[A]`.", "One matrix is written [[[1, 2], [3, 4]]]."),
    ("needs shape (k, n, n), a stack of square matrices", "needs square matrices, all of one size"),
    ("seconds, at least 0, or None for no limit", "seconds above 0, or `inf` for no limit"),
    ("For matrices without parameters call `shortest_expanding`.", "`analyze` takes matrices without parameters."),
    (
        "pass an adapted norm as `norm`, or look for an expanding word with `expanding_product`",
        "`analyze` looks for an expanding word and for a norm",
    ),
    (", `samples` or `time_limit`", " or `time_limit`"),
    (
        "use `conservative_jacobian` for derivatives at another point",
        "see `conservative explain`, which takes any point",
    ),
)


def spoken(text: str, *, options: Collection[str] = (), given: Collection[str] = ()) -> str:
    """A sentence of the library as the command line says it."""

    def argument(found: re.Match[str]) -> str:
        name, mark = found[1], found[2]
        option = _OPTIONS.get(name, name)
        if name in _KEYS and not (option in given or (name not in ("at", "ranges") and option in options)):
            # "key `at`, at x = 0": the place says enough.
            return "" if name == "at" and mark == "," else f"key `{_KEYS[name]}`{_after(mark)}"
        if name in _OF_SOURCE:
            return "" if mark else "the source"
        if name == "at" and mark == ",":
            return ""
        return f"{_option(option) if option in options else f'`{name}`'}{_after(mark)}"

    def word(found: re.Match[str]) -> str:
        name = found[1]
        option = _OPTIONS.get(name, name)
        if option in options:
            return _option(option)
        if name in _COMMANDS:
            return f"`conservative {name}`"
        home = conservative._NEW_HOMES.get(name, name)
        return f"`conservative.{home}` in Python" if name in _CALLS else found[0]

    for said, meant in _REMEDIES:
        text = text.replace(said, meant)
    text = _STACK.sub(r"got \1 of \2 x \3.", text)
    text = _BARE_CALL.sub(r"\1", _CALL.sub(argument, text))
    return _NAME.sub(word, text)


def _option(name: str) -> str:
    return f"`--{name.replace('_', '-')}`"


def _after(mark: str | None) -> str:
    return f"{mark} " if mark else ""
