"""The checker twice: the package that the library calls, and the one file that users copy."""

from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

import pytest

from conservative.certificates import checker
from conservative.certificates.checker import __main__ as command
from conservative.certificates.checker import document, kernel
from conservative.certificates.standalone import checker as one_file


class Modules(NamedTuple):
    """Where a test sets a limit, changes how a document is read, or calls the command."""

    kernel: ModuleType
    document: ModuleType
    command: ModuleType


@pytest.fixture(scope="module", params=["package", pytest.param("one file", marks=pytest.mark.slow)])
def each_checker(request: pytest.FixtureRequest) -> Iterator[Modules]:
    """Let the library call the package, then the one file."""
    if request.param == "package":
        yield Modules(kernel, document, command)
        return
    with pytest.MonkeyPatch.context() as patch:
        for name in ("InvalidError", "check_text", "claim_sentence", "digest", "read_document"):
            patch.setattr(checker, name, getattr(one_file, name))
        yield Modules(one_file, one_file, one_file)
