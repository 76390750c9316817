"""TOML within bounds: nothing that fills the memory is parsed."""

import pytest

from conservative._core.errors import FileFormatError
from conservative._core.toml import parse_toml

LONG = 2**20


def read(text: str) -> object:
    return parse_toml(text, name="a.toml", wanted="file")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a." * (LONG // 2) + "b = 1", "parts"),
        ('"a" . ' * (LONG // 6) + "b = 1", "parts"),
        ("'a'\t.\t" * (LONG // 6) + "b = 1", "parts"),
        ("x = {" + "a." * 20 + "b = 1}", "parts"),
        ("[" + "a." * 20 + "b]", "parts"),
        ("a = " + "[" * LONG, "a.toml"),
        ("a = " + "9" * 4301, "digits"),
        ("a" * LONG, "a.toml"),
        ('"' * LONG, "a.toml"),
        ("\x00", "a.toml"),
        ("a = 1\na = 2", "a.toml"),
        ("a = 1999-99-99", "a.toml"),
    ],
)
def test_hostile_documents_are_refused(text: str, reason: str) -> None:
    with pytest.raises(FileFormatError, match=reason) as caught:
        read(text)
    assert len(str(caught.value)) < 400


def test_dots_in_numbers_and_text_are_no_keys() -> None:
    decimals = "+".join(["0.5*x"] * 100)
    assert read(f'F = "{decimals}"\nat.x = 0.5\n# {"1.2." * 5}') == {"F": decimals, "at": {"x": 0.5}}
