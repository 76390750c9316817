"""Where smooth functions have no derivative: norms and roots of 0, logarithms, divisions."""

from collections.abc import Callable, Iterable
from typing import Any

from conservative._core.errors import FunctionError
from conservative.programs.autograd import choices, switches
from conservative.programs.autograd.library import plain, torch
from conservative.programs.autograd.piecewise import kind_of
from conservative.programs.autograd.run import Run
from conservative.programs.source_lines import users_line

_SINGULAR: dict[str, Callable[..., Any]] = {
    "sqrt": lambda x: x <= 0,
    "rsqrt": lambda x: x <= 0,
    "log": lambda x: x <= 0,
    "log2": lambda x: x <= 0,
    "log10": lambda x: x <= 0,
    "log1p": lambda x: x <= -1,
    "reciprocal": lambda x: x == 0,
    "div": lambda x, y: y + 0 * x == 0,
    "true_divide": lambda x, y: y + 0 * x == 0,
    "pow": lambda x, p: (x == 0) & (torch.as_tensor(p) < 1),
    "asin": lambda x: x.abs() >= 1,
    "acos": lambda x: x.abs() >= 1,
    "atanh": lambda x: x.abs() >= 1,
    "acosh": lambda x: x <= 1,
    "hypot": lambda x, y: (x == 0) & (y == 0),
    "atan2": lambda x, y: (x == 0) & (y == 0),
}
"""Where the slope of a function is not finite."""


def note_singular(run: Run, name: str, args: tuple[Any, ...]) -> None:
    """Keep the line of a call whose own slope is not finite: it is named if the derivative is not."""
    test = _SINGULAR.get(name)
    if test is None or not isinstance(args[0], torch.Tensor):
        return
    try:
        found = test(*(plain(a) if isinstance(a, torch.Tensor) else a for a in args[:2]))
    except (TypeError, RuntimeError):
        return
    if isinstance(found, torch.Tensor) and bool(found.any()):
        run.singular[f"`{name}` at {users_line()}"] = None


_SPECTRA = {"LinalgEigh": "eigenvalues", "LinalgEig": "eigenvalues", "LinalgSvd": "singular values"}
"""Spectral functions by their nodes in autograd's graph."""


def refuse_repeated(nodes: Iterable[Any], name: str, tolerance: float) -> None:
    """Refuse spectra with equal values, and singular values of 0: there autograd picks one derivative of many."""
    for node in nodes:
        what = _SPECTRA.get(kind_of(node), "")
        values = getattr(node, "_saved_S" if "singular" in what else "_saved_eigenvalues", None) if what else None
        if values is None or values.numel() == 0:
            continue
        values = plain(values)
        apart = (values[..., :, None] - values[..., None, :]).abs() + torch.eye(values.shape[-1], dtype=torch.float64)
        room = tolerance * max(1.0, float(values.abs().max()))
        zero = "singular" in what and bool((values <= room).any())
        if zero or bool((apart <= room).any()):
            raise FunctionError(
                f"`from_torch` meets `{name}` at {users_line()} of a matrix with {what} that are "
                f"{'0' if zero else 'equal'}: there they have many derivatives, which are not opened. Move the point, "
                "or write the map without them."
            )


def norm(run: Run, x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """Vector norms: 1 and ∞ are switches; the others have no derivative at 0, which is watched."""
    if ord == 1:
        return switches.absolute(run, x).sum(dim=_axes(x, dim), keepdim=keepdim)
    if ord in (float("inf"), float("-inf")):
        return (choices.amax if ord > 0 else choices.amin)(run, switches.absolute(run, x), dim, keepdim)
    out = torch.linalg.vector_norm(x, ord, dim, keepdim)
    zero = plain(out) == 0
    return run.watch(out, zero, f"the {ord}-norm of 0") if bool(zero.any()) and torch.is_grad_enabled() else out


def _axes(x: Any, dim: Any) -> Any:
    return tuple(range(x.ndim)) if dim is None else dim
