"""PyTorch's functions by name, however they are spelled, and those that are written in Python."""

from types import FunctionType
from typing import Any

OUT_OF_TORCH = frozenset({"item", "tolist", "numpy", "__float__", "__int__", "__index__", "__bool__", "__array__"})
KEPT = frozenset({"__get__", "__getitem__", "__setitem__", "__set__"})
_DUNDERS = {
    "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "invert": "bitwise_not", "truediv": "div",
    "rand": "bitwise_and", "ror": "bitwise_or", "rxor": "bitwise_xor", "radd": "add", "rmul": "mul",
}  # fmt: skip
_PLAIN = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "add", "sub", "mul", "div", "abs", "neg", "pow"})


def name_of(func: Any) -> tuple[str, bool]:
    """PyTorch's name of a function without its spelling, and whether it writes into its first argument."""
    name = getattr(func, "__name__", str(func))
    if name in KEPT or name in OUT_OF_TORCH:
        return name, False
    if name.startswith("__") and name.endswith("__"):
        bare = name[2:-2]
        if bare.startswith("i") and bare[1:] in {"add", "sub", "mul", "truediv", "and", "or", "xor", "div", "pow"}:
            return _DUNDERS.get(bare[1:], bare[1:]), True
        return (_DUNDERS.get(bare, bare), False) if bare in _DUNDERS or bare in _PLAIN else (name, False)
    if name.endswith("_") and not name.startswith("_"):
        return name[:-1], True
    name = name.removeprefix("linalg_") if name == "linalg_vector_norm" else name
    return name.removeprefix("_"), False


def _no(*_: Any) -> bool:
    return False


def without_overrides(func: FunctionType) -> FunctionType:
    """A function of PyTorch's that is written in Python, so that the calls inside it are seen."""
    seen = {name: _no for name in func.__globals__ if name.startswith("has_torch_function")}
    made = FunctionType(func.__code__, {**func.__globals__, **seen}, func.__name__, func.__defaults__, func.__closure__)
    made.__kwdefaults__ = func.__kwdefaults__
    return made
