"""A program by name, "module:function": the user's own module is imported, since he asked for it."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from conservative._core.errors import ArgumentError, FileFormatError
from conservative._core.families.numpy_files import arrays_of_npz
from conservative._core.printable import one_line, shown
from conservative._core.safe_files import read_bytes
from conservative.functions import StateMap
from conservative.programs import from_jax, from_numpy, from_torch

MAKERS: dict[str, Callable[..., StateMap]] = {"numpy": from_numpy, "jax": from_jax, "torch": from_torch}


def names_a_program(source: str) -> bool:
    """Whether a text reads "module:function" and is no file."""
    module, colon, name = source.partition(":")
    parts = [*module.split("."), name]
    return bool(colon) and all(part.isidentifier() for part in parts) and not Path(source).exists()


def load_program(source: str, *, point: str | None = None, library: str | None = None) -> StateMap:
    """The map that "module:function" names: a `StateMap` as it is, or a function read at the point of an .npz file.

    The module is imported, and thus run, from the working folder or where Python finds it. `point`: an .npz file with
    an array `x`, and `theta` where the function takes one. `library`: "numpy", "jax" or "torch"; by what the module
    itself has imported unless given.
    """
    module_name, _, name = source.partition(":")
    found = _imported(module_name, name)
    if isinstance(found, StateMap):
        if point is not None:
            raise ArgumentError(
                f"{source} is a map already, at a point of its own; --at takes NAME=VALUE pairs for it."
            )
        return found
    if not callable(found):
        raise ArgumentError(f"{source} is {shown(found)}, neither a function nor a map as `from_numpy` makes.")
    if point is None:
        raise ArgumentError(
            f"{source} is a function, which must be told where: give its point as --at POINT.npz, a file with an array "
            "x, and theta where it takes one; or name a map that `from_numpy`, `from_jax` or `from_torch` made."
        )
    return MAKERS[library or _library_of(found)](found, *_arrays(point))


def _imported(module_name: str, name: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # whatever the user's module raises while it is run
        raise ArgumentError(
            f"{module_name} could not be imported: {type(error).__name__}: {one_line(str(error))}"
        ) from error
    if not hasattr(module, name):
        public = [key for key in vars(module) if not key.startswith("_")]
        raise ArgumentError(f"{module_name} has no {name}; it has {', '.join(public[:12]) or 'nothing public'}.")
    return getattr(module, name)


def _library_of(function: Any) -> str:
    """The array library that the function's module works with: PyTorch or JAX where it has imported them."""
    if any(base.__module__.startswith("torch.") for base in type(function).__mro__):
        return "torch"
    held = [getattr(value, "__name__", "") for value in getattr(function, "__globals__", {}).values()]
    homes = {name.partition(".")[0] for name in held if isinstance(name, str)}
    return next((library for library in ("torch", "jax") if library in homes), "numpy")


def _arrays(point: str) -> list[Any]:
    if Path(point).suffix.lower() != ".npz":
        raise ArgumentError(f"--at {point}: a function's point is an .npz file with an array x, and theta.")
    arrays = arrays_of_npz(read_bytes(point), name=point)
    if "x" not in arrays or not set(arrays) <= {"x", "theta"}:
        raise FileFormatError(
            f"{point}: needs an array named x, and theta; holds {', '.join(sorted(arrays)) or 'none'}."
        )
    return [np.array(arrays[name]) for name in ("x", "theta") if name in arrays]
