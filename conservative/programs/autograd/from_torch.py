"""`from_torch`: a PyTorch function or module as a map with set-valued derivatives."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np

from conservative._core.errors import ArgumentTypeError, FunctionError, MissingExtraError
from conservative._core.printable import shown
from conservative.programs.arguments import Argument, read_arguments
from conservative.programs.autograd.engine import TorchEngine
from conservative.programs.autograd.library import torch
from conservative.programs.autograd.modules import ModuleFunction, as_numbers, modes_differ
from conservative.programs.autograd.precision import double_precision, leaf_of, reading_doubles
from conservative.programs.program_map import ProgramMap
from conservative.programs.runs import check_callable, first_value, prints_warning, returned_leaves

_CALL = "from_torch"


def from_torch(F: Any, x: Any, theta: Any = None) -> ProgramMap:
    """A PyTorch function F(x, θ), or an `nn.Module`, as a map whose ties are opened.

    The function is run at a point above autograd: where two values tie, in `relu`, `abs`, `maximum`, `clamp`, `where`,
    masks, `sort`, pooling, the branch that PyTorch takes goes on with a variable of its own, so that one batch of
    reverse passes gives every Jacobian that the program may return, without listing them.

    Parameters
    ----------
    F : callable or torch.nn.Module
        Of x, or of x and θ, returning a tensor or containers of tensors; for a recursion as many numbers as x. Run in
        float64, with modules in eval mode. A module without `theta` has its parameters as θ, by their names.
    x : tensor, array_like, or containers of them
        The state, floating-point numbers; also the point that is taken where no other is given.
    theta : tensor, array_like, or containers of them, optional
        The parameters; their names are the keys and indices.

    Returns
    -------
    ProgramMap
        For `conservative_jacobian`, `explain` and all that follows them.

    Raises
    ------
    MissingExtraError
        When PyTorch is not installed.
    FunctionError
        When F draws random numbers, or returns what is no tensor of real numbers.
    ArgumentTypeError, ArgumentError, EmptySetError, NonFiniteError, ShapeError

    Notes
    -----
    A decision that leaves the tensors (Python's `if`, an index, a count) is taken in every way that ties leave open,
    one run for each. Rules of an own `torch.autograd.Function` are honoured, and held against the values. A piecewise
    operation that is not opened is refused by its name; what `torch.jit.script` compiled cannot be opened.

    Examples
    --------
    >>> import conservative as cj
    >>> import torch  # doctest: +SKIP
    >>> def step(x, theta):
    ...     return torch.relu(x / 2 + theta)
    >>> F = cj.from_torch(step, torch.zeros(1), torch.zeros(1))  # doctest: +SKIP
    >>> F.switched().vertices().tolist()  # doctest: +SKIP
    [[[0.0, 0.0]], [[0.5, 1.0]]]
    """
    if find_spec("torch") is None:
        raise MissingExtraError('`from_torch` needs PyTorch: pip install "conservative[torch]".')
    told: dict[str, None] = {}
    function, parameters, title = _as_function(F, theta, told)
    state, parameter = read_arguments(
        as_numbers(x, told, "x"), as_numbers(parameters, told, "theta"), call=_CALL, integers=False
    )
    flat = _FlatProgram(function, state, parameter, title)
    values = (*state.values, *parameter.values)

    def run() -> np.ndarray[Any, Any]:
        with double_precision():
            return np.array(flat(leaf_of(values)).detach().numpy())

    try:
        value, printed = first_value(run, title=title)
    except RuntimeError as error:
        if "dtype" not in str(error) and "type Double but" not in str(error):
            raise
        flat = replace(flat, doubled=True)
        told[f"{title} holds tensors in lower precision; they are read as float64."] = None
        value, printed = first_value(run, title=title)
    notes = (*told, *prints_warning(printed, title=title))
    engine = TorchEngine(flat, state_size=len(state.values), title=title, notes=notes)
    return ProgramMap(
        engine=engine,
        at=values,
        state_names=state.names,
        parameter_names=parameter.names,
        size=value.size,
        title=title,
    )


def _as_function(F: Any, theta: Any, told: dict[str, None]) -> tuple[Callable[..., Any], Any, str]:
    """F as a function of x and θ, θ, and its name."""
    if isinstance(F, (torch.jit.ScriptFunction, torch.jit.ScriptModule)):
        raise ArgumentTypeError(
            "`from_torch(F=...)` needs a function whose calls can be seen; got one that `torch.jit` compiled. Pass the "
            "Python function or module that it was made from."
        )
    F = getattr(F, "_torchdynamo_orig_callable", getattr(F, "_orig_mod", F))
    if not isinstance(F, torch.nn.Module):
        return F, theta, check_callable(F, call=_CALL, with_theta=theta is not None)
    title = check_callable(F.forward, call=_CALL, with_theta=theta is not None)
    title = type(F).__name__ if title == "forward" else title
    if modes_differ(F):
        told[f"{title} is in training mode; it is run in eval mode: no dropout, running statistics."] = None
    named = dict(F.named_parameters())
    by_name = theta is None and bool(named)
    return ModuleFunction(F, by_name), named if by_name else theta, title


@dataclass(frozen=True, slots=True)
class _FlatProgram:
    """The program from one flat tensor to another."""

    function: Callable[..., Any]
    state: Argument
    parameter: Argument
    title: str
    doubled: bool = False

    def __call__(self, leaf: Any) -> Any:
        """F, in which constants of lower precision are read as float64 where they must be."""
        with reading_doubles() if self.doubled else nullcontext():
            return self._value(leaf)

    def _value(self, leaf: Any) -> Any:
        size = len(self.state.values)
        x = _pieces(self.state, leaf[:size])
        result = self.function(x, _pieces(self.parameter, leaf[size:])) if self.parameter.values else self.function(x)
        parts = returned_leaves(result, self.state, title=self.title)
        return torch.cat([_real(part, self.title).reshape(-1) for part in parts])


def _pieces(argument: Argument, flat: Any) -> Any:
    """The user's containers; copies, for a program may write into what must not be a view of the point."""
    return argument.rebuild([flat[a.start : a.stop].reshape(a.shape).clone() for a in argument.leaves])


def _real(part: Any, title: str) -> Any:
    if isinstance(part, (int, float)) and not isinstance(part, bool):
        return torch.tensor(float(part))
    if not isinstance(part, torch.Tensor):
        raise FunctionError(f"{title} returned {shown(part)} of type {type(part).__name__}. Return tensors.")
    if part.dtype.is_complex:
        raise FunctionError(f"{title} returned complex numbers. Return real and imaginary parts as two tensors.")
    return part.double()
