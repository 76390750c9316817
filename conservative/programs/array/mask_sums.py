"""Masks joined: tables over the states of common decisions, and sums of masks and traced arrays."""

from typing import Any

import numpy as np

from conservative.programs.array.calls import Dispatched, refuse
from conservative.programs.array.registry import LINEAR
from conservative.programs.array.run import Run
from conservative.programs.array.tabled import Mixed, Tabled
from conservative.programs.array.traced import Traced, lift


def sum_of_parts(run: Run, *operands: Any) -> Any:
    """A sum of traced arrays, masks and both."""
    smooth: Any = 0.0
    jump: Any = None
    for operand in operands:
        if isinstance(operand, Mixed):
            smooth, part = np.add(smooth, operand.smooth), operand.jump
        elif isinstance(operand, Tabled):
            nominal = run.constant(operand.v * 1)
            smooth, part = np.add(smooth, nominal), tabled(run, np.subtract, operand.mapped(lambda t: t * 1), nominal)
        else:
            smooth, part = np.add(smooth, operand), None
        if part is not None:
            jump = part if jump is None else tabled(run, np.add, jump, part)
    return mixed(run, lift(run, smooth), jump)


def mixed(run: Run, smooth: Traced, jump: Tabled | None) -> Traced | Mixed:
    """Both parts, or the traced one alone where the other is 0 in every state."""
    if jump is None:
        return smooth
    shape = np.broadcast_shapes(smooth.shape, jump.shape)
    if shape != smooth.shape:
        smooth = lift(run, np.broadcast_to(smooth, shape))
    zero = run.constant(np.zeros(shape, dtype=int))
    deps, (table, _) = join_tables(run, (jump, zero))
    tied = run.tied(np.asarray(table + smooth.v), np.broadcast_to(smooth.v, table.shape))[0]
    tied = np.asarray(tied.reshape(-1, *shape).all(axis=0))
    if tied.all():
        return smooth
    return Mixed(smooth, Tabled(run, np.where(tied, -1, deps), np.where(tied, zero, table)))


def _multiple(run: Run, ufunc: Any, x: Mixed, factor: Any) -> Any:
    return mixed(run, ufunc(x.smooth, factor), tabled(run, ufunc, x.jump, factor))


def _linear_product(run: Run, a: Any, b: Any) -> Any:
    for x, factor in ((a, b), (b, a)):
        if isinstance(x, Mixed) and not isinstance(factor, Dispatched):
            return _multiple(run, np.multiply, x, factor)
    return np.multiply(*_settled(a, b))


def _linear_quotient(run: Run, a: Any, b: Any) -> Any:
    if isinstance(a, Mixed) and not isinstance(b, Dispatched):
        return _multiple(run, np.divide, a, b)
    return np.divide(*_settled(a, b))


def _settled(*operands: Any) -> tuple[Any, ...]:
    return tuple(x.settled() if isinstance(x, Mixed) else x for x in operands)


def _opposite(run: Run, x: Any) -> Any:
    if isinstance(x, Mixed):
        return Mixed(lift(run, np.negative(x.smooth)), tabled(run, np.negative, x.jump))
    return np.negative(x.mapped(lambda table: table * 1) if isinstance(x, Tabled) else x)


LINEAR |= {
    "add": sum_of_parts,
    "subtract": lambda run, a, b: sum_of_parts(run, a, _opposite(run, b)),
    "negative": _opposite,
    "positive": lambda run, x: x,
    "multiply": _linear_product,
    "divide": _linear_quotient,
}


def tabled(run: Run, ufunc: Any, *operands: Any) -> Tabled | Any:
    """A ufunc of masks and constants: one table over the states of all their decisions."""
    joined = join_tables(run, operands)
    return Tabled(run, joined[0], np.asarray(ufunc(*joined[1])))


def join_tables(run: Run, operands: Any) -> tuple[Any, list[Any]]:
    """Common decisions of operands, and the operands' tables over them; every operand in the common shape."""
    shape = np.broadcast_shapes(
        *(operand.shape if isinstance(operand, Tabled) else np.shape(operand) for operand in operands)
    )
    deps = np.zeros((0, *shape), dtype=np.intp)
    tables: list[Any] = []
    for operand in operands:
        if not isinstance(operand, Tabled):
            value = np.asarray(operand)
            value = run.constant(value) if run.exact and value.dtype.kind != "b" else value
            tables.append(np.broadcast_to(value, shape).reshape((1,) * len(deps) + shape))
            continue
        d = len(operand.deps)
        own = np.broadcast_to(operand.deps.reshape(d, *_widened(operand.shape, shape)), (d, *shape))
        table = operand.table.reshape((3,) * d + _widened(operand.shape, shape))
        if len(deps) == d and not ((deps >= 0) & (own >= 0) & (deps != own)).any():
            deps = np.maximum(deps, own)
            tables.append(table)
        else:
            before = len(deps)
            tables = [t.reshape(t.shape[:before] + (1,) * d + t.shape[before:]) for t in tables]
            deps = np.concatenate([deps, own])
            tables.append(table[(None,) * before])
            if len(deps) > 5:
                refuse("masks combine more than five comparisons that tie at the point. Move the point off some ties.")
    d = len(deps)
    return deps, [np.broadcast_to(t, (3,) * d + shape) for t in tables]


def _widened(shape: tuple[int, ...], wider: tuple[int, ...]) -> tuple[int, ...]:
    return (1,) * (len(wider) - len(shape)) + shape
