"""Print the lowest versions that pyproject.toml allows, one requirement a line, for `pip install -r`."""

import re
import tomllib
from pathlib import Path


def lowest(project: dict[str, object], extra: str) -> list[str]:
    """Requirements of the package and of one extra, extras of extras included, each pinned to its lower bound."""
    optional = project["optional-dependencies"]
    assert isinstance(optional, dict)
    found = []
    for requirement in [*project["dependencies"], *optional[extra]]:  # type: ignore[misc]
        if match := re.fullmatch(r"([\w.-]+)>=([\w.]+)", requirement):
            found.append(f"{match[1]}=={match[2]}")
        elif match := re.fullmatch(r"conservative\[([\w,]+)\]", requirement):
            found += [line for name in match[1].split(",") for line in lowest({**project, "dependencies": []}, name)]
        else:
            raise ValueError(f"{requirement!r} states no lower bound")
    return found


if __name__ == "__main__":
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    print("\n".join(lowest(tomllib.loads(text)["project"], "test")))
