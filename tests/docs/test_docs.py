"""The pages are true: their Python examples run, their commands work, their tables match the program."""

import doctest
import importlib.util
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from conservative.certificates.checker import kinds
from conservative.cli.commands import commands
from tests.test_architecture import FLOOR

DOCS = Path(__file__).resolve().parents[2] / "docs"
BUILT = {"_build", "notebooks", "_static"}
PAGES = sorted(page for page in DOCS.rglob("*.md") if not BUILT & set(page.relative_to(DOCS).parts))
FENCE = re.compile(r"^```(?P<info>.*)$")


def fenced(page, *languages):
    """The lines of code in the given languages, all other lines blank, so that line numbers stay."""
    kept, wanted, inside = [], False, False
    for line in page.read_text(encoding="utf-8").splitlines():
        fence = FENCE.match(line)
        if fence:
            inside = not inside
            wanted = inside and fence["info"].strip() in languages
            kept.append("")
        else:
            kept.append(line if wanted else "")
    return "\n".join(kept) + "\n"


def with_examples():
    return [page for page in PAGES if ">>>" in page.read_text(encoding="utf-8")]


def test_the_pages_hold_examples():
    assert {"theory.md", "tutorial.md", "api.md"} <= {page.name for page in with_examples()}


@pytest.mark.parametrize("page", with_examples(), ids=lambda page: page.stem)
def test_python_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = str(page.relative_to(DOCS))
    examples = doctest.DocTestParser().get_doctest(fenced(page, "python"), {}, name, str(page), 0)
    assert examples.examples, f"{name} shows >>> outside a python block"
    report = []
    outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples, out=report.append)
    assert outcome.failed == 0, "".join(report)


@pytest.mark.slow
def test_tutorial_commands_work(tmp_path):
    page = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    for caption, body in re.findall(r"```\{code-block\} toml\n:caption: (\S+)\n\n(.*?)```", page, re.DOTALL):
        (tmp_path / caption).write_text(body, encoding="utf-8")
    lines = fenced(DOCS / "tutorial.md", "console").splitlines()
    typed = [line.removeprefix("$ ") for line in lines if line.startswith("$ conservative ")]
    assert len(typed) >= 4
    for line in typed:
        command = [sys.executable, "-m", *shlex.split(line)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", [page for page in PAGES if "```toml" in page.read_text(encoding="utf-8")], ids=str)
def test_function_files_on_pages_are_read(page, tmp_path):
    import conservative as cj

    file = tmp_path / "page.toml"
    file.write_text(fenced(page, "toml"), encoding="utf-8")
    assert cj.read_function(file).evaluate([1.0, 0.0], [0.0]).tolist() == [0.75, 1.0]


def options_table():
    """Option name → the commands that the page says take it."""
    page = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(--[a-z-]+)[^`]*` \| ([^|]+) \|", page, re.MULTILINE)
    return {name: set(commands.commands) if takers.strip() == "all" else set(re.findall(r"`(\w+)`", takers))
            for name, takers in rows}  # fmt: skip


def test_command_line_page_lists_every_option():
    actual = {}
    for name, command in commands.commands.items():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                for option in (o for o in parameter.opts if o.startswith("--")):
                    actual.setdefault(option, set()).add(name)
    assert options_table() == actual


def test_command_line_page_lists_every_command():
    page = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^conservative ([a-z]+)", page, re.MULTILINE)) == set(commands.commands)


def test_the_page_of_the_house_names_every_room_and_doors_that_exist():
    package = DOCS.parent / "conservative"
    rooms = {str(p.parent.relative_to(package)) + "/" for p in package.rglob("__init__.py") if p.parent != package}
    page = (DOCS / "explanation" / "house.md").read_text(encoding="utf-8")
    first = dict(re.findall(r"^\| `([a-z_/]+/)` \|.*\| `([a-z_]+\.py)` \|$", page, re.MULTILINE))
    doors = re.findall(r"`([a-z_/]+/(?:[a-z_]+\.py)?)`", page[page.index("## Places that") :])
    assert set(re.findall(r"`([a-z_/]+/)` \|", page[: page.index("## Places that")])) == rooms
    flat = {room for room in rooms if room.count("/") == 1 and not any(r != room and r.startswith(room) for r in rooms)}
    assert flat <= set(first)
    assert len(first) >= 40
    assert len(doors) >= 15
    named = [room + file for room, file in first.items()] + doors
    assert [door for door in named if not (package / door).exists()] == []
    floors = re.findall(r"^\| (\d+) \| `([a-z_]+)/` \|", page, re.MULTILINE)
    assert {room: int(floor) for floor, room in floors} == {room: FLOOR[room] for room in FLOOR if f"{room}/" in rooms}


def test_contributing_names_files_and_names_that_exist():
    root = DOCS.parent
    page = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"`((?:conservative|tests|docs|\.github)/[a-z_./]+)`", page))
    assert len(paths) > 20
    assert [path for path in sorted(paths) if not (root / path).exists()] == []
    for file, names in NAMED_IN_CONTRIBUTING.items():
        text = (root / file).read_text(encoding="utf-8")
        assert [name for name in names if f"`{name}`" not in page or not re.search(rf"\b{name}\b", text)] == []


RECIPES = re.findall(
    r"^### \.\.\. (.+?)\n\n```python\n(.+?)```",
    (DOCS.parent / "CONTRIBUTING.md").read_text("utf-8"),
    re.DOTALL | re.MULTILINE,
)


def test_five_recipes_are_shown_whole():
    assert len(RECIPES) == 5
    assert all(len(text.split("\n\n\n")[1].splitlines()) <= 40 for _, text in RECIPES)


@pytest.mark.parametrize(("title", "text"), RECIPES, ids=[title for title, _ in RECIPES])
def test_recipes_of_contributing_run_as_they_stand(title, text, tmp_path):
    known = dict(kinds.KINDS)
    file = tmp_path / "recipe.py"
    file.write_text(text, encoding="utf-8")
    try:
        runpy.run_path(str(file))
    finally:
        kinds.KINDS.clear()
        kinds.KINDS.update(known)


NAMED_IN_CONTRIBUTING = {
    "conservative/certificates/checker/kernel.py": ("require", "spend"),
    "conservative/certificates/checker/blocks.py": ("OF_A_BLOCK",),
    "conservative/certificates/checker/kinds.py": ("KINDS",),
    "tests/strategies/proofs.py": ("upper_kinds",),
    "tests/strategies/samples.py": ("samples",),
    "tests/strategies/planar_sets.py": ("KINDS", "cells_of", "make"),
    "conservative/functions/vocabulary/by_name.py": ("FUNCTIONS",),
    "conservative/functions/vocabulary/_terms.py": ("term", "terms", "not_negative"),
    "tests/functions/test_vocabulary.py": ("PROJECTIONS",),
    "conservative/_core/families/readers.py": ("SUFFIXES", "_ARRAYS", "read_family"),
    "tests/_core/test_readers.py": ("GOOD", "BAD"),
    "conservative/gallery/functions.py": ("_CASES", "FunctionCase"),
    "conservative/problems/parameters.py": ("SETTINGS",),
    "conservative/algorithms/build.py": ("states", "lift", "output"),
    "tests/algorithms/test_pairs.py": ("SPECIAL", "PROBLEMS"),
}


@pytest.mark.parametrize("word", ["admm", "bilevel", "hypergradient", "lasso", "proximal", "switching", "unrolling"])
def test_words_that_users_search_lead_to_names_that_exist(word):
    import conservative as cj

    page = (DOCS / "explanation" / "glossary.md").read_text(encoding="utf-8")
    entries = [entry for entry in page.split("\n\n") if word in entry.lower()]
    assert entries
    for name in re.findall(r"`([a-z0-9_.-]+)`", "".join(entries)):
        if "-" in name:
            assert name in cj.gallery.names()
        else:
            *room, last = name.removeprefix("cj.").split(".")
            homes = [getattr(cj, room[0])] if room else [cj, cj.vocabulary]
            assert any(hasattr(home, last) for home in homes), name


@pytest.mark.slow
def test_pages_build_without_a_warning(tmp_path):
    for needed in ("sphinx", "myst_nb", "pydata_sphinx_theme", "sphinxcontrib.bibtex", "ipykernel"):
        pytest.importorskip(needed)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d", str(tmp_path / "trees")]
    done = subprocess.run([*command, str(DOCS), str(tmp_path / "html")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    theory = (tmp_path / "html" / "explanation" / "theory.html").read_text(encoding="utf-8")
    assert 'id="error-bounds"' in theory


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("of rho(M_w)^(1/|w|), at least", r"of rho(M_w)^(1/\|w\|), at least"),
        ("ties within `max(1, |a|)` count |b|", r"ties within `max(1, |a|)` count \|b\|"),
        ("see [Wolfe1976]_ and [gripenberg1996]_.", "see :cite:p:`wolfe1976` and :cite:p:`gripenberg1996`."),
        ("    .. [Wolfe1976] P. Wolfe, 1976.", "    P. Wolfe, 1976."),
        ("a block [A B]_ stays", "a block [A B]_ stays"),
    ],
)
def test_docstring_becomes_markup(line, expected):
    spec = importlib.util.spec_from_file_location("docstrings", DOCS / "docstrings.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.as_restructured_text(line) == expected
