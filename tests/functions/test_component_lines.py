"""Components of function files keep the lines they stand on."""

import pytest

from conservative.functions import parse_function_text, read_function


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('state = ["x"]\nF = "Max(x, 0)"\n', (2,)),
        ('state = ["x"]\nF = ["Max(x, 0)"]\n', (2,)),
        ('state = ["x", "y"]\n\nF = [\n  "Max(x, 0)", # "no"\n\n  \'y\',\n]\n', (4, 6)),
        ('# F = "x"\ntitle = "F = 1"\nF = ["y", # one ]\n "x"]\nstate = ["x", "y"]\n', (3, 4)),
        ('state = ["x", "y"]\n"F" = ["""\nx""", "Max(x, y)"]\n', (2, 3)),
        ("state = [\"x\"]\nF = ['''\n\nx''']\n", (2,)),
    ],
)
def test_lines_of_components(text, lines):
    function = parse_function_text(text, name="f.toml").function
    assert function.origin.lines == lines
    assert function.origin.name == "f.toml"


def test_a_file_is_named(tmp_path):
    path = tmp_path / "soft.toml"
    path.write_text('state = ["x"]\nparameters = ["l"]\nF = "Max(x - l, 0)"\n', encoding="utf-8")
    assert read_function(path).origin.lines == (3,)
    assert read_function(path).origin.name == str(path)
