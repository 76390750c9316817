"""The README's commands, as printed, on a copy of the checkout with nothing installed."""

import doctest
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def commands() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    start = text.split("## Start", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```sh\n(.+?)\n```", start, flags=re.DOTALL)


def test_the_readme_starts_with_exactly_two_one_line_commands() -> None:
    found = commands()
    assert len(found) == 2
    assert all("\n" not in command for command in found)
    assert "analyze heavy-ball" in found[0]
    assert "pytest" in found[1]


def test_the_pictures_of_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (ROOT / target).is_file(), target


def test_the_examples_of_the_readme_run() -> None:
    found = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert found.attempted >= 10
    assert found.failed == 0


@pytest.mark.slow
@pytest.mark.network
def test_the_first_command_works_on_a_fresh_copy(tmp_path: Path) -> None:
    copy = tmp_path / "checkout"
    shutil.copytree(
        ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "_build", "node_modules", ".*_cache", "__pycache__")
    )
    command = commands()[0].replace("python3", sys.executable, 1)
    done = subprocess.run(["bash", "-c", command], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "eigenvalue -9/8 exactly" in done.stdout
    assert (copy / "heavy-ball.certificate.json").is_file()
