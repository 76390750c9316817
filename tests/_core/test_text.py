"""Text from outside: what is printed steers no terminal, and names are told apart as Python tells them apart."""

import sys
import unicodedata

import pytest
import sympy

import conservative as cj
from conservative._core.errors import ArgumentError, ConservativeError
from conservative._core.printable import one_line, printable
from conservative.analysis.subject import Subject
from conservative.functions import from_sympy, parse_function_text, stack
from conservative.functions.parametrised import parametrised_family
from conservative.functions.parametrised_files import parse_parametrised_text
from conservative.report import as_json

STEERS = "a\x1b[31m\r\x08\x07\x7f\x9b2J\u202e\u2066\u200b\u2028\ud800b"


def test_everything_that_steers_is_escaped_and_the_rest_stays() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    shown = printable(everything)
    kinds = {c: unicodedata.category(c) for c in set(shown)}
    assert [c for c, kind in kinds.items() if kind in ("Cc", "Cs", "Zl", "Zp")] == ["\n"]
    assert all(c in shown for c in "aé∂ρ̄𝒥漢👍\n")
    assert not set("\u202a\u202e\u2066\u2069\u200e\u200f\u061c\ufeff") & set(shown)
    assert printable("plain text\nof two lines") == "plain text\nof two lines"


def test_errors_titles_and_documents_are_printable() -> None:
    assert str(ArgumentError(STEERS)) == printable(STEERS)
    function = f'title = "{"".join(f"{chr(92)}u{ord(c):04x}" for c in STEERS[:-2])}\\nproved"\nstate = ["x"]\nF = "x"'
    title = parse_function_text(function).title
    assert title.isprintable()
    assert "proved" in title
    family = parse_parametrised_text('title = "\\u001b[2J"\nmatrices = [[["a"]]]\nranges = { a = [0, 1] }')
    assert family.title == r"\u001b[2J"
    assert Subject(STEERS).title == one_line(STEERS)
    assert as_json({"title": STEERS}).replace("\n", "").isprintable()


def test_the_file_in_which_a_tie_stands_is_printable() -> None:
    origin = parse_function_text('state = ["x"]\nF = "Abs(x)"', name="\x1b[2Jf.toml").function.origin
    assert origin is not None
    assert origin.name == r"\u001b[2Jf.toml"


LIGATURE = ("ﬁ", "fi")
EQUAL = {
    "from_sympy": lambda: from_sympy(["2*fi", "fi/2"], state=list(LIGATURE)),
    "state and parameters": lambda: from_sympy("fi", state="ﬁ", parameters="fi"),
    "symbols": lambda: from_sympy(sympy.Symbol("ﬁ"), state=sympy.symbols(LIGATURE)),
    "wide letters": lambda: from_sympy("x", state=["x", "ｘ"]),
    "composed letters": lambda: from_sympy(["é", "é"], state=["\u00e9", "e\u0301"]),
    "greek": lambda: from_sympy("x", state=["x", "µ", "μ"]),
    "files": lambda: parse_function_text('state = ["ﬁ", "fi"]\nF = ["2*fi", "fi/2"]'),
    "sums": lambda: from_sympy("2*fi", state="ﬁ") + from_sympy("fi", state="fi"),
    "stack": lambda: stack(from_sympy("2*fi", state="ﬁ"), from_sympy("fi", state="fi")),
    "compose": lambda: cj.functions.compose(
        from_sympy("x*ﬁ", state="x", parameters="ﬁ"), from_sympy("x*fi", state="x", parameters="fi")
    ),
    "free": lambda: from_sympy("2*ﬁ + y", state=["ﬁ", "y"]).free(fi=2),
    "substitute": lambda: from_sympy("ﬁ + y", state=["ﬁ", "y"]).substitute({"y": "fi"}, state=["fi"]),
    "ranges": lambda: parametrised_family([[["ﬁ + fi"]]], ranges={"ﬁ": (0, 1), "fi": (0, 1)}, call="example"),
    "family files": lambda: parse_parametrised_text('matrices = [[["fi"]]]\n[ranges]\n"ﬁ" = [0, 1]\nfi = [0, 1]'),
}


@pytest.mark.parametrize("case", EQUAL)
def test_names_that_are_equal_after_normalisation_are_refused(case: str) -> None:
    with pytest.raises(ConservativeError, match="one name after Unicode normalisation"):
        EQUAL[case]()


def test_one_name_that_normalisation_changes_is_read() -> None:
    F = from_sympy("2*ﬁ", state="ﬁ")
    assert F.evaluate([3.0]).tolist() == [6.0]


@pytest.mark.parametrize("name", ["x\x1b[31m", "x\n", "x\u202ey", "x\u2028"])
def test_names_that_cannot_be_shown_are_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match="cannot be shown"):
        from_sympy(2 * sympy.Symbol(name), state=sympy.Symbol(name))


@pytest.mark.parametrize("name", ["ｓｉｎ", "Ｅ", "ｐｉ", "ａｎｄ"])
def test_names_of_functions_and_constants_stay_taken_in_other_letters(name: str) -> None:
    with pytest.raises(ArgumentError, match="cannot name a variable"):
        from_sympy("x", state=["x", name])
    with pytest.raises(ArgumentError, match="needs names of letters"):
        parse_function_text(f'state = ["x", "{name}"]\nF = ["x", "x"]')
    with pytest.raises(ArgumentError, match="is taken"):
        from_sympy("2*x", state="x").free(**{name: 2})
