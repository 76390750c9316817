from fractions import Fraction

import pytest

from conservative._core.errors import ConservativeError, DiscontinuityError, FileFormatError, FunctionError
from conservative.functions import read_function, read_function_file

HEAVY_BALL = """
title = "heavy ball on a piecewise quadratic"
state = ["x", "y"]
parameters = ["theta"]
F = ["x - Piecewise((x, x >= 0), (x/4, True)) + 3*(x - y)/4", "x"]
at = { x = 0, y = "1/3", theta = 0.5 }
initial = [[["1"], ["0"]], [[1.5], ["-2/7"]]]
"""


@pytest.fixture
def write(tmp_path):
    def writer(text):
        path = tmp_path / "function.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return writer


def test_a_whole_file(write):
    path = write(HEAVY_BALL)
    found = read_function_file(path)
    assert found.title == "heavy ball on a piecewise quadratic"
    assert found.function.names == ("x", "y", "theta")
    assert found.at == {"x": 0, "y": Fraction(1, 3), "theta": 0.5}
    assert isinstance(found.at["theta"], float)
    assert found.initial == (((1,), (0,)), ((Fraction(3, 2),), (Fraction(-2, 7),)))
    assert read_function(path).evaluate([1.0, 0.0], [0.0]).tolist() == [0.75, 1.0]


def test_the_smallest_file(write):
    found = read_function_file(write('state = ["x"]\nF = "Abs(x)/2"'))
    assert (found.title, found.at, found.initial) == ("", None, None)


def test_a_claimed_fixed_point_that_is_none_has_a_residual(write):
    F = read_function(write('state = ["x"]\nF = ["x/2 + 1"]'))
    assert F.residual([2]).vanishes
    wrong = F.residual({"x": "3/2"})
    assert (wrong.vanishes, wrong.largest, wrong.exact) == (False, 0.25, True)
    assert not F.residual([2.001]).vanishes
    assert F.residual([2 + 1e-12]).vanishes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "`state` is missing"),
        ('state = ["x"]', "`F` is missing"),
        ('state = ["x"]\nF = ["x"', "not a TOML"),
        ('state = ["x"]\nF = ["x"]\npoint = 3', "unknown key 'point'"),
        ('state = []\nF = ["x"]', "`state`"),
        ('state = [1]\nF = ["x"]', "`state`"),
        ('state = ["Max"]\nF = ["x"]', "`state`"),
        ('state = ["x y"]\nF = ["x"]', "`state`"),
        ('state = ["x"]\nparameters = ["x"]\nF = ["x"]', "twice"),
        ('state = ["x"]\nF = ["x", "x"]', "one expression for each"),
        ('state = ["x"]\nF = [3]', "`F`"),
        ('state = ["x"]\nF = ["x"]\ntitle = 3', "`title`"),
        ('state = ["x"]\nF = ["x"]\nat = 3', "`at`"),
        ('state = ["x"]\nF = ["x"]\nat = { z = 3 }', "unknown symbol 'z'"),
        ('state = ["x"]\nF = ["x"]\nat = { }', "no value for x"),
        ('state = ["x"]\nF = ["x"]\nat = { x = nan }', "at.x"),
        ('state = ["x"]\nF = ["x"]\nat = { x = "import os" }', "at.x"),
        ('state = ["x"]\nF = ["x"]\nat = { x = true }', "at.x"),
        ('state = ["x"]\nF = ["x"]\nat = { x = 1979-05-27 }', "at.x"),
        ('state = ["x"]\nF = ["x"]\nat = { x = [1] }', "at.x"),
        ('state = ["x"]\nparameters = ["t"]\nF = ["x"]\ninitial = []', "`initial`"),
        ('state = ["x"]\nparameters = ["t"]\nF = ["x"]\ninitial = [[1]]', r"initial\[0\]"),
        ('state = ["x"]\nparameters = ["t"]\nF = ["x"]\ninitial = [[[1]], [[1, 2]]]', r"initial\[1\]"),
        ('state = ["x"]\nparameters = ["t"]\nF = ["x"]\ninitial = [[["a"]]]', r"initial\[0\]"),
        (b'state = ["x"]\nF = ["\xff"]', "UTF-8"),
        (b"\x80\x04\x95", "UTF-8"),
        ("state = " + "[" * 5000, "TOML|`state`"),
    ],
)
def test_bad_files_name_the_file_and_the_key(write, text, words):
    path = write(text)
    with pytest.raises(FileFormatError, match=words) as caught:
        read_function_file(path)
    assert "function.toml" in str(caught.value)


def test_bad_expressions_name_the_file_the_component_and_the_column(write):
    path = write('state = ["x", "y"]\nF = ["x", "1 + __import__(\\"os\\")"]')
    with pytest.raises(FunctionError, match=r"function\.toml.*component 1.*column 5"):
        read_function(path)
    with pytest.raises(DiscontinuityError, match=r"function\.toml.*x = 0"):
        read_function(write('state = ["x"]\nF = ["sign(x)"]'))


def test_missing_directory_and_huge(tmp_path, write):
    for path in (tmp_path / "none.toml", tmp_path, write(b"#" * (2**20 + 1))):
        with pytest.raises(FileFormatError):
            read_function(path)


def test_errors_are_of_one_family(write):
    with pytest.raises(ConservativeError):
        read_function(write("F = 1"))
