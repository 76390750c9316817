"""The example on the documentation page is a valid certificate."""

import re
from pathlib import Path

from conservative.certificates import check_text

PAGE = Path(__file__).parents[2] / "docs" / "certificate-format.md"


def test_the_example_on_the_page_checks() -> None:
    found = re.search(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    assert check_text(found[1])
