"""Every public call, as a table: its result can be pickled, and no argument ends in an error that is not ours."""

import html
import inspect
import operator
import pickle
import re
import warnings
from collections.abc import Iterator
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from strategies.public_calls import ABSURD, calls

import conservative as cj
from conservative._core.families.as_family import as_family
from conservative._core.result_lines import between, result_line
from conservative.spectral import make_product

# What the top holds, and what it held before the rooms were opened.
PUBLIC = {name: getattr(cj, name) for name in cj._HOMES} | {
    name: operator.attrgetter(home)(cj) for name, home in cj._NEW_HOMES.items() if "." in home
}
KINDS = {
    value
    for room in (cj, *(getattr(cj, name) for name in cj._ROOMS))
    for name in room.__all__
    if inspect.isclass(value := getattr(room, name)) and not issubclass(value, (Enum, Exception))
}
DRAWING = {name for name in PUBLIC if name.startswith("plot_")}
OPTIONAL = {"from_jax", "from_torch"}  # need a library of their own, and are called in tests/peers


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some absurd values are good names of files."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return calls(str(tmp_path_factory.mktemp("calls")))


@pytest.fixture(scope="module")
def results(table: dict[str, Any]) -> dict[str, Any]:
    return {name: call() for name, call in table.items()}


def fields(value: Any) -> list[Any]:
    """The attributes of an object of the package."""
    names = [name for base in type(value).__mro__ for name in getattr(base, "__slots__", ())]
    return [getattr(value, name, None) for name in names if not name.startswith("__")]


def held(value: Any, depth: int = 0) -> Iterator[Any]:
    """A value and what it holds, down to numbers and text."""
    yield value
    ours = type(value).__module__.startswith("conservative") and not isinstance(value, Enum)
    inside = value if isinstance(value, (tuple, list)) else fields(value) if ours else ()
    for item in inside if depth < 6 else ():
        yield from held(item, depth + 1)


def test_every_public_name_is_in_the_table(table: dict[str, Any], results: dict[str, Any]) -> None:
    functions = {name for name, value in PUBLIC.items() if inspect.isfunction(value)}
    assert functions <= set(table) | DRAWING | OPTIONAL
    made = {type(item) for value in results.values() for item in held(value)}
    classes = {value for value in PUBLIC.values() if inspect.isclass(value)}
    missing = {c for c in classes if not (issubclass(c, Exception) or any(issubclass(m, c) for m in made))}
    assert {c.__name__ for c in missing} == set()


def same(one: Any, other: Any) -> bool:
    """Whether two results hold the same values."""
    if type(one) is not type(other) or isinstance(one, Enum):
        return one is other
    if isinstance(one, np.ndarray):
        return bool(one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
    if isinstance(one, (tuple, list)):
        return len(one) == len(other) and all(map(same, one, other))
    if type(one).__module__.startswith("conservative"):
        return all(map(same, fields(one), fields(other)))
    if type(one).__name__ in ("cKDTree", "STRtree"):  # of points that are compared beside it
        return True
    return callable(one) or bool(one == other) or repr(one) == repr(other)


def test_every_result_and_status_pickles(results: dict[str, Any]) -> None:
    for name, value in results.items():
        back = pickle.loads(pickle.dumps(value))
        assert same(value, back), name
        for item in held(value):
            if type(item).__module__.startswith("conservative") and not type(item).__name__.startswith("_"):
                assert same(item, pickle.loads(pickle.dumps(item))), (name, type(item))


def test_what_comes_back_still_works(results: dict[str, Any]) -> None:
    F = pickle.loads(pickle.dumps(results["from_sympy"]))
    assert F.evaluate([[-2.0]], [0.5]).tolist() == [[2.5]]
    assert cj.conservative_jacobian(F, [0, 0]).state.exactness is cj.Exactness.EXACT
    J = pickle.loads(pickle.dumps(results["conservative_jacobian"]))
    assert cj.joint_spectral_radius(J.state_family()).upper < 1
    certificate = pickle.loads(pickle.dumps(results["load_certificate"]))
    assert cj.check(certificate)
    for kind in (cj.Exactness, cj.Contraction):
        assert all(pickle.loads(pickle.dumps(member)) is member for member in kind)


@pytest.mark.parametrize("text", ["Abs(Abs(z))", "Abs(z) - Abs(-z)", "Max(z, z)", "z*2 - z", "Max(0,z)+" * 50 + "z"])
def test_functions_come_back_as_they_were_written(text: str) -> None:
    F = cj.from_sympy(text, state="z")
    back = pickle.loads(pickle.dumps(F))
    assert str(back.expressions) == str(F.expressions)
    assert repr(back.graph) == repr(F.graph)


def test_deep_functions_pickle() -> None:
    F = cj.from_sympy("Max(z/2 + 1, -z)", state="z")
    for _ in range(8):
        F = cj.functions.compose(F, F)
    back = pickle.loads(pickle.dumps(F))
    assert back.evaluate([3.0]).tolist() == F.evaluate([3.0]).tolist()


def test_errors_pickle() -> None:
    error = pickle.loads(pickle.dumps(cj.ShapeError("\x1b[2J")))
    assert (type(error), str(error)) == (cj.ShapeError, r"\u001b[2J")


def refuses_or_answers(call: Any, argument: str, value: Any) -> str:
    """What is wrong with the error that an argument ends in; empty when it is one of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call(**{argument: value})
        except cj.ConservativeError as error:
            return "" if str(error).strip() else "a message without words"
        except Exception as error:
            return f"{type(error).__name__}: {str(error)[:80]}"
    return ""


THEIRS = {("check_conservativity", "J", "class"), ("check_conservativity", "J", "function")}
"""Callables of the user, whose own errors come through."""


def faults(table: dict[str, Any], values: dict[str, Any], *, every: int = 1) -> list[str]:
    tried = [
        (name, argument, word)
        for name, call in table.items()
        for argument in call.arguments
        for word in values
        if (name, argument, word) not in THEIRS
    ]
    found = []
    for name, argument, word in tried[::every]:
        wrong = refuses_or_answers(table[name], argument, values[word])
        if wrong:
            found.append(f"{name}({argument}={word}): {wrong}")
    return found


@pytest.mark.parametrize("value", [-1, float("nan"), "1", True, [1]], ids=str)
def test_every_time_limit_is_refused_alike(table: dict[str, Any], value: Any) -> None:
    asked = [
        name for name, f in PUBLIC.items() if inspect.isfunction(f) and "time_limit" in inspect.signature(f).parameters
    ]
    assert len(asked) > 15
    for name in asked:
        with pytest.raises((cj.ArgumentError, cj.ArgumentTypeError)) as refused:
            table[name](time_limit=value)
        wanted = r"`[\w.]+\(time_limit=...\)` needs seconds, at least 0, or None for no limit; got "
        assert re.match(wanted, str(refused.value)), name


def test_some_absurd_arguments_are_refused_or_answered(table: dict[str, Any]) -> None:
    assert faults(table, ABSURD, every=23) == []


@pytest.mark.slow
def test_all_absurd_arguments_are_refused_or_answered(table: dict[str, Any]) -> None:
    assert faults(table, ABSURD) == []


def test_a_fault_would_be_seen() -> None:
    assert refuses_or_answers(lambda x: x + 1, "x", "1").startswith("TypeError")
    assert refuses_or_answers(cj.Bracket, "lower", 2.0).startswith("TypeError")


def test_an_output_folder_stays_as_it_was(table: dict[str, Any]) -> None:
    folder = Path(table["export_set"].arguments["path"]).parent
    assert not list(folder.glob("*.part"))


def test_every_result_is_shown_in_one_line(results: dict[str, Any]) -> None:
    shown = {type(item): repr(item) for value in results.values() for item in held(value) if type(item) in KINDS}
    assert len(shown) > 50
    for kind, text in shown.items():
        assert len(text) < 120, (kind, text)
        assert "\n" not in text, kind
        assert not re.search(r"\d{20}|Fraction\(|array\(", text), text
        assert text.startswith(f"{kind.__name__}("), text


def test_a_result_of_several_lines_is_shown_whole_in_notebooks(results: dict[str, Any]) -> None:
    found = {type(item): item for value in results.values() for item in held(value) if type(item) in KINDS}
    pages = {kind: item for kind, item in found.items() if "\n" in str(item)}
    assert {"Analysis", "Counterexample", "CounterexampleMap", "Explanation"} <= {kind.__name__ for kind in pages}
    for kind, item in pages.items():
        shown = item._repr_html_()
        assert shown.startswith("<div>") if kind is cj.Explanation else shown == f"<pre>{html.escape(str(item))}</pre>"


def test_long_results_are_cut_where_it_hurts_least() -> None:
    long = Fraction(10**90 + 1, 3 * 10**89)
    assert result_line(long, f"bound {long}", "VALID") == "Fraction(bound ≈3.33333, VALID)"
    assert result_line(0, "x" * 500, "y" * 40, "DONE").endswith(f"x…, {'y' * 40}, DONE)")
    assert result_line(0, "0.014322916666666685", "A/B") == "int(0.014322916666666685, A/B)"
    assert len(result_line(0, "x" * 500, "y" * 400, "DONE")) == 119
    assert "two lines" in result_line(0, "9" * 5000, "two\nlines", f"{10**400}")
    family = np.diag(np.arange(1, 10) / 10.0)[None]
    for result in (
        cj.joint_spectral_radius(family),
        cj.spectral.common_quadratic_norm(family),
        cj.from_sympy([f"Max(x, y/{k})" for k in range(2, 40)], state=["x", "y"]),
        cj.functions.structured(cj.functions.ScalarPiece.relu(), np.eye(30)),
        cj.spectral.Automaton.dwell_time(9),
        cj.counterexample(
            [[["1+b-a", "-b"], ["1", "0"]], [["1+b-a/4", "-b"], ["1", "0"]]],
            ranges={"a": (0, Fraction(10**40, 3 * 10**39)), "b": (0, 1)},
            max_length=4,
        ),
    ):
        assert len(repr(result)) < 120, repr(result)


def test_what_is_cut_is_closed() -> None:
    assert result_line(0, f"f({'x' * 200}, [1, 2])", "DONE") == f"int(f({'x' * 104}…), DONE)"
    assert result_line(0, f"[({'x' * 200})]") == f"int([({'x' * 109}…)])"
    assert result_line(0, "DONE", sentence="x" * 200) == f"int(DONE, '{'x' * 105}…')"


def test_a_bracket_of_long_rationals_is_shown_in_short() -> None:
    third = Fraction(10**40, 3 * 10**40 + 1)
    assert repr(cj.Bracket(third, Fraction(1, 2))) == "Bracket(lower=≈0.333333, upper=1/2)"
    assert repr(cj.Bracket(0, Fraction(10**5001, 3))) == "Bracket(lower=0, upper=≈3.33333E+5000)"
    assert repr(cj.Bracket(np.float64(0.5), np.inf)) == "Bracket(lower=0.5, upper=inf)"


def test_one_thing_is_shown_in_the_singular_and_exactness_as_one_word(results: dict[str, Any]) -> None:
    shown = {repr(item) for value in results.values() for item in held(value) if type(item) in KINDS}
    assert any(re.search(r"\b1 \w", text) for text in shown)
    for text in shown:
        assert not re.search(r"(?<![\d.×^+-])(?<!× )\b1 [a-z-]+s\b", text), text
        assert "Exactness." not in text, text
        assert "the true set" not in text, text


def test_a_bracket_is_shown_rounded_outward() -> None:
    assert between(cj.Bracket(0.12345678, 0.13)) == "in [0.123456, 0.130001]"
    assert between(cj.Bracket(0.7, 0.7000000000000001)) == "in [0.7, 0.7000000000000001]"
    assert between(cj.Bracket(0.75, 0.75)) == "= 0.75"
    assert between(cj.Bracket(-0.12345678, float("inf"))) == "in [-0.123457, inf]"


def test_words_names_and_bounds_are_never_rounded_in_a_line() -> None:
    """A word of 18 letters was shown as a number, and a bound above one as "‹= ≈1."."""
    family = as_family([[["1"]], [["2"]]], call="test")
    assert f"word {'122' * 6}" in repr(make_product(family, (0, 1, 1) * 6))
    name = "v123456789012345678901"
    assert f"{name}" in repr(cj.from_sympy(f"Max({name}, 0)/2", state=[name]))
    above_one = Fraction(10**30 + 1, 10**30)
    certificate = cj.certificates.contraction_certificate([[["1/2"]]], [["1"]], above_one)
    assert "<= 1.0000000000000002" in repr(certificate)
    tiny = cj.certificates.contraction_certificate([[["0"]]], [["1"]], Fraction(1, 10**399))
    assert "≈" not in repr(tiny) + repr(cj.check(tiny))
    assert "<= 5e-324" in repr(tiny)
