"""Honest certificates, and ways to spoil a document."""

import contextlib
import copy
import json
from fractions import Fraction
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from conservative._core.errors import CertificateError
from conservative.certificates import Certificate, checker, contraction_certificate, expansion_certificate

small_rationals = st.builds(Fraction, st.integers(-6, 6), st.integers(1, 5))


@st.composite
def families(draw: st.DrawFn, *, orders: st.SearchStrategy[int] | None = None) -> list[list[list[Fraction]]]:
    """One to three rational matrices of order one to three."""
    order = draw(orders if orders is not None else st.integers(1, 3))
    row = st.lists(small_rationals, min_size=order, max_size=order)
    return draw(st.lists(st.lists(row, min_size=order, max_size=order), min_size=1, max_size=3))


@st.composite
def expansions(draw: st.DrawFn) -> Certificate:
    """A word of a random family with the claim that it proves."""
    family = draw(families())
    word = draw(st.lists(st.integers(0, len(family) - 1), min_size=1, max_size=5))
    try:
        return expansion_certificate(family, word)
    except CertificateError:  # a nilpotent product proves nothing
        assume(False)
        raise


@st.composite
def contractions(draw: st.DrawFn) -> Certificate:
    """A random family with the identity, and the sum of all squared entries as bound."""
    family = draw(families())
    frobenius = sum(x * x for matrix in family for row in matrix for x in row)
    P = [[Fraction(i == j) for j in range(len(family[0]))] for i in range(len(family[0]))]
    return contraction_certificate(family, P, max(Fraction(1), frobenius), strict=draw(st.booleans()) and frobenius > 1)


honest = st.one_of(expansions(), contractions())


def seal(document: dict[str, Any]) -> dict[str, Any]:
    """The document with fresh digests and sentence: what a forger would hand out."""
    sealed = copy.deepcopy(document)
    claim, problem = sealed["claim"], sealed["problem"]
    with contextlib.suppress(KeyError, IndexError, TypeError, AttributeError):  # what has no sentence is refused anyway
        claim["sentence"] = checker.claim_sentence(sealed["kind"], problem, claim, sealed["proof"])
    sealed.pop("sha256", None)
    sealed["problem_sha256"] = checker.digest(sealed["problem"])
    return sealed | {"sha256": checker.digest(sealed)}


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A sealed copy with one value replaced, so that nothing but its form or proof can be wrong."""
    mutant = json.loads(json.dumps(document))
    *parents, last = path.split(".")
    target = mutant
    for name in parents:
        target = target[int(name)] if isinstance(target, list) else target[name]
    target[int(last) if isinstance(target, list) else last] = value
    return seal(mutant)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside a document, containers included."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return ([path] if path else []) + [p for key, item in inside for p in places(item, (*path, key))]


def at(document: Any, path: tuple[Any, ...]) -> Any:
    """The value at a path."""
    for key in path:
        document = document[key]
    return document


@st.composite
def spoiled(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """The document with one value removed, replaced, repeated or renamed; never equal to it."""
    mutant = copy.deepcopy(document)
    path = draw(st.sampled_from(places(document)))
    parent, key = at(mutant, path[:-1]), path[-1]
    way = draw(st.sampled_from(["remove", "replace", "repeat", "rename", "add"]))
    if way == "remove":
        del parent[key]
    elif way == "replace":
        parent[key] = draw(junk(parent[key]))
    elif isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))
    elif way == "rename":
        parent[draw(st.sampled_from([f"{key} ", key.upper() + "_", "note"]))] = parent.pop(key)
    else:
        parent[draw(st.sampled_from(["note", "", "sha512", "\ud800"]))] = draw(st.sampled_from([None, 1, "x", [], {}]))
    assume(json.dumps(mutant, sort_keys=True) != json.dumps(document, sort_keys=True))
    return mutant


def junk(old: Any) -> st.SearchStrategy[Any]:
    """Values of the same and of other types."""
    near: list[Any] = [
        None,
        True,
        False,
        0,
        1,
        -1,
        10**30,
        0.5,
        "",
        "0",
        "-0",
        "1/1",
        "2/4",
        "1/0",
        "NaN",
        "∞",
        [],
        {},
        [[]],
    ]
    near += ["9" * 700, "1e3", " 1", "١", "0x1", "__import__('os')", [old], {"x": old}]
    if isinstance(old, int):
        near += [old + 1, old - 1, old + 100, str(old), float(old)]
    if isinstance(old, str):
        near += [old + "0", old + "\n", "-" + old, "1" + old, old[1:], old[:-1]]
    return st.sampled_from(near)
