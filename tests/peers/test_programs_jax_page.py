"""The page on JAX functions is true: its code runs, and prints what it says."""

import contextlib
import io
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.peers
pytest.importorskip("jax")
PAGE = Path(__file__).parents[2] / "docs" / "own-jax-function.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
LIBRARIES = {"optimistix", "jaxopt", "optax"}


def library_of(block):
    first = block.splitlines()[0].removeprefix("# ")
    return first if first in LIBRARIES else None


def run(block, names):
    heard = io.StringIO()
    with contextlib.redirect_stdout(heard):
        exec(compile(block, str(PAGE), "exec"), names)
    shown = "\n".join(line.removeprefix("# ") for line in block.splitlines()[1:] if line.startswith("# "))
    assert " ".join(heard.getvalue().split()).startswith(" ".join(shown.split())), heard.getvalue()


def test_the_page_is_true():
    names = {"__name__": "page"}
    for block in BLOCKS:
        if library_of(block) is None:
            run(block, names)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("library", sorted(LIBRARIES))
def test_steps_of_libraries_are_taken(library):
    pytest.importorskip(library)
    names = {"__name__": "page"}
    run(BLOCKS[0], names)
    (block,) = [block for block in BLOCKS if library_of(block) == library]
    run(block, names)
