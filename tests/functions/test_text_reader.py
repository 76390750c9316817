import pytest
from hypothesis import strategies as st
from strategies.stages import drawn

from conservative._core.errors import ConservativeError, FunctionError
from conservative.functions import from_sympy


def read(text, state="x"):
    return from_sympy(text, state=list(state))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('__import__("os")', "not a function"),
        ("x.__class__", "Attribute"),
        ("x[0]", "Subscript"),
        ("(lambda: 1)()", "not a function"),
        ("[x for x in y]", "ListComp"),
        ("open('/etc/passwd')", "not a function"),
        ("x if x else 1", "IfExp"),
        ("(x := 1)", "NamedExpr"),
        ("f'{x}'", "JoinedStr"),
        ("x; x", "not an expression at column 2"),
        ("x +", "not an expression"),
        ("", "not an expression"),
        ("x\0", "not an expression"),
        ("1j*x", "real numbers"),
        ("'x'", "real numbers"),
        ("True", "real numbers"),
        ("x^2", r"\*\*"),
        ("x // 2", "FloorDiv"),
        ("x % 0", "division by zero"),
        ("x % 2", "disagree"),
        ("Mod(x)", "two arguments"),
        ("nearest(x)", "not a function"),
        ("x @ x", "MatMult"),
        ("x > 0", "condition"),
        ("y + 1", "column 1: 'y': unknown symbol y"),
        ("1 + 2*round(x)", "column 7"),
        ("Max", "function"),
        ("Max()", "at least one"),
        ("Abs(x, x)", "one argument"),
        ("Max(x, key=1)", "plain arguments"),
        ("Max(*x)", "plain arguments"),
        ("Piecewise()", "at least one pair"),
        ("Piecewise(x)", "pairs"),
        ("Piecewise((x, x))", "condition is wanted"),
        ("Piecewise((x, x in x))", "compare numbers"),
        ("Piecewise((x, Eq(x)))", "takes 2"),
        ("Piecewise((x, False))", "default"),
        ("x**100000", "exponents"),
        ("x**(1/100000)", "exponents"),
        ("9**999**999", "exponents|digits"),
        ("1/0", "division by zero"),
        ("0**-1", "division by zero"),
        ("1e999999", "range|rational|digits"),
        ("1e400", "digits|range"),
        ("7"*5000, "not an expression|digits"),
        ("7"*450, "digits"),
        ("("*150 + "x" + ")"*150, "x"),
        ("-"*500 + "x", "nested|not an expression"),
        ("x" + "*2"*20000, "characters"),
        ("Abs("*90 + "x" + ")"*90, "nested"),
    ],
)  # fmt: skip
def test_hostile_or_wrong_text_is_refused(text, words):
    if text.startswith("((("):
        assert read(text).evaluate([2.0])[0] == 2.0
        return
    with pytest.raises(FunctionError, match=words):
        read(text)


@drawn(40, 500, text=st.one_of(st.text(max_size=40), st.text("xMaxin()*+-/,0123456789.e<>=& ~", max_size=40)))
def test_any_text_is_read_or_refused(text):
    try:
        F = read(text)
    except ConservativeError:
        return
    assert len(F.expressions) == 1


@pytest.mark.parametrize("depth", [5000, 19000])
@pytest.mark.parametrize("unit", ["-", "x**", "not ", "(", "Abs(", "x if x else ", "lambda:", "x<"])
def test_deep_nesting_neither_crashes_nor_hangs(unit, depth):
    with pytest.raises(FunctionError):
        read((unit * depth)[:19990] + "x")


def test_lines_and_form_feeds_are_white_space():
    assert read("(x +\r\n 0.5\n+ \x0c 1.5)").evaluate([1.0])[0] == 3.0


def test_signs_of_constants_and_of_turned_arguments():
    F = read("sign(-3)*x + sign(-x)*x")
    assert [str(v) for v in F.value([2])] == ["-4"]
    assert F.evaluate([2.0])[0] == -4.0
    assert from_sympy(F.expressions, state=F.state).evaluate([2.0])[0] == -4.0


def test_decimals_in_text_are_exact():
    (value,) = read("0.1*x + 2.5e-1 + 1_0").value([3])
    assert str(value) == "211/20"


def test_conditions_in_every_form():
    text = (
        "Piecewise((1, (x > 0) & ~(x < 2) | Eq(x, 9)), (2, Or(Lt(x, -5), Not(Le(x, -9)))), "
        "(3, 0 <= x <= 1 and not x != 1), (4, True))*0 + Piecewise((x, -1 < x < 1), (x, True))"
    )
    assert read(text).evaluate([0.5])[0] == 0.5


def test_unicode_names_are_normalised():
    F = from_sympy("\u00b5 + \u03b8", state=["\u00b5"], parameters=["\u03b8"])
    assert F.evaluate([1.0], [2.0])[0] == 3.0
