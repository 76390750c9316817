"""One run: which tensors the arguments reach, which are the same expression, which only ties can change."""

from collections.abc import Iterable, Iterator
from typing import Any

from conservative.programs.autograd.decisions import Discrete, Record
from conservative.programs.autograd.library import is_wrapped, plain, torch

_SMALL = 64
"""Constants of at most so many entries are the same when their entries are."""


class Run(Record):
    """A `Record` that follows tensors by identity; it keeps them alive, so that an identity stays one."""

    def __init__(self, forced: dict[tuple[Any, ...], int], tolerance: float) -> None:
        super().__init__(forced, tolerance)
        self._reached: dict[int, Any] = {}
        self._discrete: dict[int, tuple[Any, int, Discrete]] = {}
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._named: dict[tuple[int, int], tuple[Any, int]] = {}

    def reach(self, value: Any) -> None:
        """Note that the numbers of a tensor depend on the arguments."""
        self._reached[id(value)] = value

    def reached(self, value: Any) -> bool:
        """Whether the numbers of a tensor depend on the arguments, as far as is seen."""
        return id(value) in self._reached or is_wrapped(value) or (value.requires_grad and not value.is_leaf)

    def carry(self, value: Any, info: Discrete) -> None:
        """Note that ties can change a tensor, and nothing else at this point."""
        self._discrete[id(value)] = (value, value._version, info)

    def info(self, value: Any) -> Discrete | None:
        """What ties can do to a tensor; None where they can do nothing, or where it also moves smoothly."""
        found = self._discrete.get(id(value))
        return found[2] if found is not None and isinstance(value, torch.Tensor) else None

    def drop(self, value: Any) -> None:
        """Forget what ties can do to a tensor that was overwritten."""
        self._discrete.pop(id(value), None)

    def steer_all(self, decisions: Iterable[int]) -> None:
        """Let the program be run once for each state of these decisions."""
        self.steer(Discrete(frozenset(decisions)))

    def number(self, key: tuple[Any, ...]) -> int:
        """The number of an expression, the same in every run that takes the same way to it."""
        return self._numbers.setdefault(key, len(self._numbers))

    def number_of(self, value: Any) -> int:
        """The number of an argument: a known expression, a constant by its entries, else a new one."""
        if not isinstance(value, torch.Tensor):
            return self.number(("number", repr(value)))
        key = (id(value), value._version)
        if key not in self._named:
            small = not self.reached(value) and not value.requires_grad and value.numel() <= _SMALL
            made = (str(value.dtype), tuple(value.shape), str(value.tolist())) if small else (len(self._numbers),)
            self._named[key] = (value, self.number(("constant", *made)))
        return self._named[key][1]

    def side_number(self, value: Any) -> int:
        """As `number_of`, a constant with equal entries being the number that it repeats."""
        if isinstance(value, torch.Tensor) and not self.reached(value) and not value.requires_grad and value.numel():
            entries = value.unique()
            if entries.numel() == 1:
                return self.number(("number", repr(float(entries) + 0.0)))
        if isinstance(value, (int, float)):
            return self.number(("number", repr(float(value) + 0.0)))
        return self.number_of(value)

    def call_it(self, value: Any, key: tuple[Any, ...]) -> None:
        """Give a new tensor the number of the expression that made it."""
        self._named.setdefault((id(value), value._version), (value, self.number(key)))

    def expression(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...] | None:
        """The key of a call; None where an argument has no lasting name."""
        try:
            key = (name, *map(self._name, args), *((k, self._name(v)) for k, v in sorted(kwargs.items())))
            hash(key)
        except TypeError:
            return None
        return key

    def _name(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return ("tensor", self.number_of(value))
        if isinstance(value, (list, tuple)):
            return tuple(map(self._name, value))
        if isinstance(value, slice):
            return ("slice", *map(self._name, (value.start, value.stop, value.step)))
        return (type(value).__name__, value)

    def broadcast(self, *values: Any, like: Any = None) -> tuple[Any, ...]:
        """Numbers and tensors as tensors of one shape, in double precision."""
        made = [v if isinstance(v, torch.Tensor) else torch.as_tensor(v, dtype=torch.float64) for v in values]
        made = [v if v.dtype == torch.float64 else v.double() for v in made]
        if like is not None:
            return tuple(v.expand(like.shape) for v in made)
        return tuple(torch.broadcast_tensors(*made))


def tensors_in(value: Any) -> Iterator[Any]:
    """All tensors among arguments, in lists, tuples and mappings too."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors_in(item)


def mapped(value: Any, function: Any) -> Any:
    """Arguments with every tensor replaced."""
    if isinstance(value, torch.Tensor):
        return function(value)
    if isinstance(value, (list, tuple)):
        items = [mapped(item, function) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {key: mapped(item, function) for key, item in value.items()}
    return value


def numbers(value: Any) -> Any:
    """Entries of a tensor that do not move with autograd."""
    return plain(value) if isinstance(value, torch.Tensor) else value
