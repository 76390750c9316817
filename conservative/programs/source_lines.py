"""Where in the user's program an operation stands: "step.py:12"."""

import sys
from pathlib import Path
from types import FrameType

_PACKAGE = str(Path(__file__).resolve().parents[1])
_FORMULAS = tuple(str(Path(_PACKAGE) / room) for room in ("algorithms", "problems"))
_LIBRARIES = ("numpy", "scipy", "jax", "jaxlib", "torch", "optax", "optimistix", "equinox", "lineax", "jaxopt")
_FOLDERS = tuple(f"site-packages/{name}/" for name in _LIBRARIES)


def is_users(filename: str) -> bool:
    """Whether a file is neither of this package nor of an array library, or holds formulas as users write them."""
    if filename.startswith(_FORMULAS):
        return True
    return not (filename.startswith((_PACKAGE, "<frozen")) or any(folder in filename for folder in _FOLDERS))


def short_line(filename: str, line: int) -> str:
    """File and line without the folder."""
    return f"{filename.replace(chr(92), '/').rsplit('/', 1)[-1]}:{line}"


def users_line() -> str:
    """File and line of the innermost frame that is the user's; empty where there is none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if is_users(frame.f_code.co_filename):
            return short_line(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return ""
