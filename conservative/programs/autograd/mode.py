"""Every call of PyTorch in one run, above autograd: what is returned here is what is differentiated."""

from collections.abc import Callable
from types import FunctionType
from typing import Any

from conservative._core.errors import FunctionError
from conservative.programs.autograd import guards
from conservative.programs.autograd.batched import ENTRYWISE, level_of, on_whole_batch
from conservative.programs.autograd.calls import KEPT, OUT_OF_TORCH, name_of, without_overrides
from conservative.programs.autograd.library import graph_ends, is_batched, is_wrapped, torch
from conservative.programs.autograd.lifting import lift
from conservative.programs.autograd.piecewise import new_nodes, refuse_hidden
from conservative.programs.autograd.rules import CASTS, RULES, TAKE_MASKS, cast
from conservative.programs.autograd.run import Run, mapped, tensors_in
from conservative.programs.autograd.singular import note_singular, refuse_repeated
from conservative.programs.source_lines import users_line

_HARMLESS = frozenset({"dim", "size", "numel", "nelement", "is_floating_point", "is_complex", "__len__", "stride",
                       "requires_grad_", "register_hook", "retain_grad", "__repr__", "__format__", "__hash__", "isnan",
                       "isfinite", "isinf", "element_size", "data_ptr", "is_contiguous", "get_device", "isclose",
                       "allclose"})  # fmt: skip
_STEPPED = ("torch.nn.functional", "torch.functional", "torch._tensor")
_REFUSED = frozenset({"unique", "unique_consecutive", "histc", "histogram", "searchsorted", "bucketize"})
_RANDOM = frozenset({"dropout", "bernoulli", "multinomial", "rand_like", "randn_like", "normal", "poisson"})


class Opened:
    """Follows one run and opens its ties; `mode()` is what PyTorch calls."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.known: dict[int, Any] = {}
        self.sources: dict[str, None] = {}
        self._depth = 0
        self._mode, self._backward = _mode_of(self.call), _mode_of(self._call_in_backward)

    def mode(self) -> Any:
        """A `TorchFunctionMode` that hands every call on to `call`."""
        return self._mode()

    def backward(self) -> Any:
        """As `mode`, for derivative rules of the program's own: their comparisons are decisions too."""
        return self._backward()

    def _call_in_backward(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        name, _ = name_of(func)
        tensors = list(tensors_in((args, kwargs)))
        if name == "grad" and isinstance(func, FunctionType):
            with self.backward():
                return without_overrides(func)(*args, **kwargs)
        if any(map(is_wrapped, tensors)):
            return func(*args, **kwargs)
        if name in guards.COMPARISONS and any(t.dtype.is_floating_point and self.run.reached(t) for t in tensors):
            return guards.compare(self.run, guards.COMPARISONS[name], func, args)
        return func(*args, **kwargs)

    def call(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """One call, opened where it has a tie."""
        name, in_place = name_of(func)
        if name in KEPT and name != "__setitem__" and func.__name__ == "__set__":
            return func(*args, **kwargs)
        if name in ENTRYWISE and not in_place:
            level = level_of(list(tensors_in((args, kwargs))))
            if level is not None:
                return on_whole_batch(self.call, func, level, args, kwargs)
        reached = [t for t in tensors_in((args, kwargs)) if self.run.reached(t)]
        if not reached or name in _HARMLESS:
            return func(*args, **kwargs)
        if name == "__setitem__":
            return self._assigned(func, *args)
        held = args[:1] if in_place else ()
        args, kwargs = (*held, *self._doubles(name, args[len(held) :])), self._doubles(name, kwargs)
        before, inputs = self.run.moves, list(tensors_in((args, kwargs)))
        discrete = [t for t in reached if self.run.info(t) is not None]
        if name in OUT_OF_TORCH:
            return self._taken_out(name, func, args, kwargs, discrete)
        if name in ("detach", "detach_") and not discrete and args[0].dtype.is_floating_point:
            self.run.taken_out[
                f"`{name}` at {users_line()}: derivatives do not pass there, as the program asks; the set is that of "
                "its own derivatives, which need not hold those of the function."
            ] = None
        if name in ("grad", "backward"):
            return self._inner_derivative(name, func, args, kwargs)
        # Truth values and integers that no tie can change are constants here.
        moving = [t for t in reached if t.dtype.is_floating_point or self.run.info(t) is not None]
        if discrete and len(discrete) == len(moving) and name not in _REFUSED:
            return self._finish(lift(self.run, name, func, args, kwargs), inputs)
        key = None if in_place else self.run.expression(name, args, kwargs)
        out = self._opened(name, func, args, kwargs, in_place)
        if out is NotImplemented or (self.run.moves == before and not _is_discrete(name, self.run, out)):
            for t in discrete:
                if out is NotImplemented:
                    self.run.steer(self.run.info(t))
            trusted = out is not NotImplemented or name == "unpack_dual"  # a derivative, of calls that were seen
            out = self._as_it_is(name, func, args, kwargs, rule=trusted)
            if in_place:
                self.run.drop(args[0])
        elif in_place:
            out = self._written(args[0], out)
        if key is not None and name not in _RANDOM:
            for i, part in enumerate(out if isinstance(out, (tuple, list)) else (out,)):
                if isinstance(part, torch.Tensor):
                    self.run.call_it(part, (*key, i))
        return self._finish(out, inputs, mark=out is not NotImplemented)

    def _opened(self, name: str, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], in_place: bool) -> Any:
        """What a rule makes of the call; NotImplemented where there is none."""
        run = self.run
        if name in guards.COMPARISONS:
            if any(run.info(t) is not None for t in args[:2]) or not _floating(args, kwargs):
                return NotImplemented
            self._not_batched(name, args)
            return guards.compare(run, guards.COMPARISONS[name], func, args)
        if name in CASTS and not any(run.info(t) is not None for t in args[:1]):
            return cast(run, func, args, kwargs)
        rule = RULES.get(name)
        if name in _REFUSED:
            raise FunctionError(
                f"`from_torch` meets `{name}` at {users_line()}, whose outcome ties can change in a way that is not "
                "followed. Write it with comparisons, `sort` or `where`."
            )
        if rule is None or not _floating(args, kwargs):
            return NotImplemented
        masks = name in TAKE_MASKS
        if not masks and any(run.info(t) is not None for t in tensors_in((args, kwargs))):
            return NotImplemented
        if not masks or any(run.info(t) is not None for t in tensors_in((args, kwargs))):
            self._not_batched(name, args)
        options = {k: v for k, v in kwargs.items() if k not in ("inplace", "out", "input", "self")}
        given = tuple(kwargs[k] for k in ("input", "self") if k in kwargs) + args
        if in_place and given and isinstance(given[0], torch.Tensor):
            copy = given[0].clone()
            self.run.call_it(copy, ("tensor", self.run.number_of(given[0])))
            if (info := run.info(given[0])) is not None:
                run.carry(copy, info)
            given = (copy, *given[1:])
        try:
            return rule(run, *given, **options)
        except TypeError as error:
            if "argument" in str(error):
                return NotImplemented
            raise

    def _as_it_is(self, name: str, func: Any, args: Any, kwargs: Any, *, rule: bool) -> Any:
        """PyTorch's own function, entered where it is written in Python; what it hides is refused."""
        inputs = list(tensors_in((args, kwargs)))
        nodes = graph_ends(inputs)
        if not rule and isinstance(func, FunctionType) and func.__module__ in _STEPPED and self._depth < 8:
            self._depth += 1
            try:
                with self.mode():
                    return without_overrides(func)(*args, **kwargs)
            finally:
                self._depth -= 1
        note_singular(self.run, name, args)
        out = func(*args, **kwargs)
        outs = [t for t in tensors_in(out) if isinstance(t, torch.Tensor)]
        fresh = _between(outs, nodes)
        refuse_repeated(fresh, name, self.run.tolerance)
        if rule:
            self.known.update((id(node), node) for node in fresh)
        elif torch.is_grad_enabled():
            refuse_hidden(fresh, self.known, what=f"`{name}`", source=users_line())
        return out

    def _finish(self, out: Any, inputs: list[Any], *, mark: bool = True) -> Any:
        for part in tensors_in(out):
            self.run.reach(part)
        if mark:
            self._know(list(tensors_in(out)), graph_ends(inputs))
        return out

    def _know(self, outs: list[Any], nodes: list[Any]) -> None:
        for node in _between(outs, nodes):
            self.known[id(node)] = node

    def _assigned(self, func: Any, target: Any, index: Any, value: Any) -> Any:
        """`target[index] = value`; a mask that a tie leaves open chooses entry by entry."""
        run = self.run
        info = run.info(index) if isinstance(index, torch.Tensor) else None
        number = not isinstance(value, torch.Tensor) or value.ndim == 0
        if info is not None and number and index.dtype == torch.bool and index.shape == target.shape:
            opened = guards.where(run, index, value, target.clone())
            if opened is not NotImplemented:
                target.copy_(opened)
                run.reach(target)
                return None
        for t in tensors_in((target, index, value)):
            if (found := run.info(t)) is not None:
                run.steer(found)
        func(target, index, value)
        run.drop(target)
        run.reach(target)
        return None

    def _written(self, target: Any, value: Any) -> Any:
        """An in-place call with an opened value."""
        info = self.run.info(value)
        self.run.drop(target)
        target.copy_(value)
        if info is not None:
            self.run.carry(target, info)
        return target

    def _taken_out(self, name: str, func: Any, args: Any, kwargs: Any, discrete: list[Any]) -> Any:
        """A number that leaves PyTorch: decided by a tie it steers the program, else its derivative is lost."""
        for t in discrete:
            self.run.steer(self.run.info(t))
        value = args[0]
        if not discrete and value.dtype.is_floating_point and name != "__bool__":
            self.run.taken_out[
                f"`{name.strip('_')}` at {users_line()} takes a number out of PyTorch: it is a constant to "
                "derivatives, and what is decided by it is not seen."
            ] = None
        if not discrete and value.dtype.is_floating_point and name in ("__int__", "__index__", "__bool__"):
            value = self._jumping(name, value)
            return func(value.detach(), *args[1:], **kwargs)
        return func(value.detach() if name != "numpy" else value, *args[1:], **kwargs)

    def _jumping(self, name: str, value: Any) -> Any:
        """The number that `int` or `if` makes of a value; at its jump a tie steers the program."""
        made = (
            guards.trunc(self.run, value)
            if name != "__bool__"
            else guards.compare(self.run, "ne", torch.ne, (value, 0))
        )
        if (info := self.run.info(made)) is not None:
            self.run.steer(info)
        return made

    def _inner_derivative(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        """A derivative inside the program: ties within the function that it differentiates are taken one by one."""
        if name == "backward":
            raise FunctionError(
                f"`from_torch` meets `backward()` at {users_line()}, which writes into `.grad` and returns nothing. "
                "Use `torch.func.grad`, or `torch.autograd.grad(..., create_graph=True)`."
            )
        outputs, inputs = (list(tensors_in(part)) for part in args[:2])
        leaves = {id(node.variable) for node in new_nodes(outputs, inputs) if hasattr(node, "variable")}
        slots = 0
        for site in self.run.sites:
            count = len(site.w)
            if id(site.w) in leaves:
                inside = range(slots, slots + count)
                self.run.steer_all(
                    i
                    for i, decision in enumerate(self.run.decisions)
                    if any(slot in inside for turned in decision.turned.values() for slot in turned)
                )
            slots += count
        return self._finish(func(*args, **kwargs), inputs)

    def _doubles(self, name: str, value: Any) -> Any:
        """Single precision among the arguments, read as double; said once."""
        if name in ("float", "half", "bfloat16", "to", "type", "copy_"):
            return value
        singles = [t for t in tensors_in(value) if t.dtype in (torch.float32, torch.float16, torch.bfloat16)]
        if not singles:
            return value
        if any(t.numel() and self.run.info(t) is None for t in singles):
            self.run.warnings[
                f"numbers of {str(singles[0].dtype).removeprefix('torch.')} meet at {users_line()}; they are read as "
                "float64, in which the program is run."
            ] = None
        return _mapped_doubles(self.run, value)

    def _not_batched(self, name: str, args: Any) -> None:
        if any(is_batched(t) for t in tensors_in(args)):
            raise FunctionError(
                f"`from_torch` meets `{name}` inside `torch.vmap` at {users_line()}: there only functions of one entry "
                "are opened, in one `vmap`. Write the batch as an axis of its own."
            )


def _mode_of(call: Callable[..., Any]) -> Any:
    """The class of modes that hand every call on."""

    class Mode(torch.overrides.TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return call(func, args, kwargs or {})

    return Mode


def _floating(args: Any, kwargs: Any) -> bool:
    return any(t.dtype.is_floating_point for t in tensors_in((args, kwargs)))


def _is_discrete(name: str, run: Run, out: Any) -> bool:
    """Whether a rule's own result must be kept although nothing ties: staircases have no derivative to lose."""
    return any(run.info(t) is not None for t in tensors_in(out))


def _mapped_doubles(run: Run, value: Any) -> Any:
    def double(t: Any) -> Any:
        if t.dtype not in (torch.float32, torch.float16, torch.bfloat16):
            return t
        made, info = t.double(), run.info(t)
        if run.reached(t):
            run.reach(made)
        if info is not None:
            table = None if info.table is None else info.table.double()
            run.carry(made, type(info)(info.owners, info.of, table))
        return made

    return mapped(value, double)


def _between(outs: list[Any], nodes: list[Any]) -> list[Any]:
    """Nodes from outputs down to those of the inputs."""
    stop, seen, found = {id(node) for node in nodes}, set(), []
    pending = graph_ends(outs)
    while pending:
        node = pending.pop()
        if node is None or id(node) in stop or id(node) in seen:
            continue
        seen.add(id(node))
        found.append(node)
        pending += [below for below, _ in node.next_functions]
    return found
