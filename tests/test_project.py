"""What surrounds the package: one version, lower bounds that can be tried, notes of a release."""

import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import conservative

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / ".github" / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_version_is_written_in_one_place_and_cited_as_it_is() -> None:
    assert "version" in PROJECT["dynamic"]
    assert "version" not in PROJECT
    assert f"\nversion: {conservative.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_every_dependency_states_a_lower_bound_and_no_upper_one() -> None:
    lines = run("lowest_versions.py").stdout.split()
    assert {"numpy==2.0", "sympy==1.14", "scikit-learn==1.5", "matplotlib==3.9", "pytest==8.2"} <= set(lines)
    assert len(lines) == len(set(lines)) >= 14
    lowest = runpy.run_path(str(ROOT / ".github" / "lowest_versions.py"))["lowest"]
    with pytest.raises(ValueError, match="no lower bound"):
        lowest({"dependencies": ["numpy<3"], "optional-dependencies": {"test": []}}, "test")


def test_release_notes_are_the_section_of_a_version() -> None:
    notes = runpy.run_path(str(ROOT / ".github" / "release_notes.py"))["notes"]
    text = "# Changelog\n\n## Unreleased\n\n- new\n\n## [0.2.0] - 2026-12-01\n\n- a\n- b\n\n## 0.1.0\n\n- first\n"
    assert notes(text, "0.2.0") == "- a\n- b"
    assert notes(text, "0.1.0") == "- first"
    assert run("release_notes.py", "Unreleased").stdout.startswith("### ")
    with pytest.raises(SystemExit, match="no section for 3"):
        notes(text, "3")
