"""Rules of sums and products along axes, and of contractions: dot, matmul, einsum, outer."""

from collections.abc import Sequence
from string import ascii_lowercase
from typing import Any

import numpy as np
from scipy import sparse

from conservative.programs.array.calls import refuse
from conservative.programs.array.linear_maps import Collapse, LinearMap, Running, Take
from conservative.programs.array.matrix_maps import Contract, Multiply
from conservative.programs.array.registry import function_rule, ufunc_rule
from conservative.programs.array.run import Run
from conservative.programs.array.sparse_constant import SparseConstant
from conservative.programs.array.tabled import Tabled
from conservative.programs.array.tape import Edge
from conservative.programs.array.traced import Traced, lift, traced


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """Axes as non-negative numbers; None is all."""
    if axis is None:
        return tuple(range(ndim))
    listed = axis if isinstance(axis, (tuple, list)) else (axis,)
    for entry in listed:
        if not -ndim <= entry < ndim:
            raise np.exceptions.AxisError(entry, ndim)
    return tuple(sorted(entry % ndim for entry in listed))


@function_rule(np.sum)
@ufunc_rule("add.reduce")
def total(run: Run, x: Any, axis: Any = None, dtype: Any = None, out: Any = None, **named: Any) -> Any:
    """Sums along axes."""
    if isinstance(x, Tabled):
        return x.sum(axis=axis, **named)
    x = lift(run, x)
    if named.pop("where", True) not in (True, np._NoValue):
        refuse("np.sum(where=...) has no rule. Write `np.sum(np.where(mask, x, 0))`.")
    if named.pop("initial", 0) not in (None, 0, np._NoValue):
        refuse("np.sum(initial=...) has no rule. Add it to the sum.")
    axes = axes_of(axis, x.ndim)
    value = np.sum(x.v, axis=axes, **named)
    if run.exact:
        value = run.constant(value)
    node = run.tape.add(np.size(value), [x.edge(Collapse(x.shape, axes))]) if x.node >= 0 else -1
    return traced(run, value, node)


@function_rule(np.mean, np.average)
def mean(run: Run, x: Any, axis: Any = None, **named: Any) -> Any:
    """Means along axes."""
    weights = named.pop("weights", None)
    x = lift(run, x)
    if named.get("where", True) not in (True, np._NoValue) or named.get("returned"):
        refuse("np.mean(where=...) and np.average(returned=True) have no rule. Divide sums by counts.")
    if weights is not None:
        run.curved = True
        return np.sum(x * weights, axis=axis) / np.sum(np.broadcast_to(weights, x.shape), axis=axis)
    named = {key: value for key, value in named.items() if key == "keepdims" and value is not np._NoValue}
    count = int(np.prod([x.shape[i] for i in axes_of(axis, x.ndim)]))
    return total(run, x, axis, **named) / count


@function_rule(np.var)
def var(run: Run, x: Any, axis: Any = None, ddof: int = 0, **named: Any) -> Any:
    """Variances along axes."""
    x = lift(run, x)
    centred = x - mean(run, x, axis, keepdims=True)
    count = int(np.prod([x.shape[i] for i in axes_of(axis, x.ndim)]))
    named = {key: value for key, value in named.items() if key == "keepdims" and value is not np._NoValue}
    return np.sum(centred * centred, axis=axis, **named) / (count - ddof)


@function_rule(np.std)
def std(run: Run, x: Any, axis: Any = None, ddof: int = 0, **named: Any) -> Any:
    """Standard deviations along axes."""
    return np.sqrt(var(run, x, axis, ddof, **named))


@function_rule(np.cumsum)
@ufunc_rule("add.accumulate")
def cumsum(run: Run, x: Any, axis: Any = None, dtype: Any = None, **_: Any) -> Any:
    """Running sums."""
    x = lift(run, x)
    if axis is None and x.ndim != 1:
        x = np.ravel(x)
    along = (axis or 0) % max(1, x.ndim)
    node = run.tape.add(x.size, [x.edge(Running(x.shape, along))]) if x.node >= 0 else -1
    return traced(run, np.cumsum(x.v, axis=along), node)


@function_rule(np.prod)
@ufunc_rule("multiply.reduce")
def prod(run: Run, x: Any, axis: Any = None, dtype: Any = None, out: Any = None, **named: Any) -> Any:
    """Products along axes, one factor after the other: a factor of 0 is nothing special."""
    x = lift(run, x)
    axes = axes_of(axis, x.ndim)
    rest = [i for i in range(x.ndim) if i not in axes]
    flat = np.reshape(np.transpose(x, (*axes, *rest)), (-1, *(x.shape[i] for i in rest)))
    while len(flat) > 1:
        half = len(flat) // 2
        flat = np.concatenate([flat[:half] * flat[half : 2 * half], flat[2 * half :]])
    out_shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    return np.reshape(flat, out_shape) if named.get("keepdims") is True else flat[0]


@function_rule(np.cumprod)
def cumprod(run: Run, x: Any, axis: Any = None, **_: Any) -> Any:
    """Running products."""
    x = lift(run, x)
    if axis is None:
        x, axis = np.ravel(x), 0
    parts = [np.take(x, 0, axis=axis)]
    for i in range(1, x.shape[axis]):
        parts.append(parts[-1] * np.take(x, i, axis=axis))
    return np.stack(parts, axis=axis)


@function_rule(np.diff)
def diff(run: Run, x: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue) -> Any:
    """Differences of neighbours."""
    x = lift(run, x)
    wide = tuple(1 if i == axis % x.ndim else size for i, size in enumerate(x.shape))
    ends = [
        end if end is np._NoValue or np.ndim(end) else np.broadcast_to(lift(run, end), wide)
        for end in (prepend, append)
    ]
    joined = [part for part in (ends[0], x, ends[1]) if part is not np._NoValue]
    x = lift(run, np.concatenate(joined, axis=axis) if len(joined) > 1 else x)
    for _round in range(n):
        after, before = [slice(None)] * x.ndim, [slice(None)] * x.ndim
        after[axis], before[axis] = slice(1, None), slice(None, -1)
        x = x[tuple(after)] - x[tuple(before)]
    return x


@function_rule(np.trace)
def trace(run: Run, x: Any, offset: int = 0, **_: Any) -> Any:
    """The sum of the diagonal."""
    return np.sum(np.diagonal(x, offset), axis=-1)


@function_rule(np.matmul, np.dot)
@ufunc_rule("matmul")
def matmul(run: Run, a: Any, b: Any, **_: Any) -> Any:
    """Matrix products."""
    if isinstance(a, SparseConstant) or sparse.issparse(a):
        return _sparse_matmul(run, a.M if isinstance(a, SparseConstant) else a, b)
    if isinstance(a, Tabled) or isinstance(b, Tabled):
        return _masked_product(run, a, b)
    a, b = lift(run, a), lift(run, b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if a.ndim > 2 or b.ndim > 2:
        return _stacked(run, a, b)
    letters = ("ij"[2 - a.ndim :], "jk"[: b.ndim])
    out = letters[0].replace("j", "") + letters[1].replace("j", "")
    return contract(run, (a, b), letters, out, np.asarray(a.v @ b.v))


def _stacked(run: Run, a: Traced, b: Traced) -> Any:
    if a.ndim == 1:
        return np.matmul(a[None], b)[..., 0, :]
    if b.ndim == 1:
        return np.matmul(a, b[:, None])[..., 0]
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = lift(run, np.broadcast_to(a, (*lead, *a.shape[-2:])))
    b = lift(run, np.broadcast_to(b, (*lead, *b.shape[-2:])))
    front = ascii_lowercase[: len(lead)]
    return contract(run, (a, b), (f"{front}xy", f"{front}yz"), f"{front}xz", np.matmul(a.v, b.v))


def _masked_product(run: Run, a: Any, b: Any) -> Any:
    """A product with masks is a sum of masks times values."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    if np.ndim(a) == 1 and np.ndim(b) == 1 and (isinstance(a, Traced) or isinstance(b, Traced)):
        return np.sum(a * b)
    if np.ndim(a) == 2 and np.ndim(b) == 1 and (isinstance(a, Traced) or isinstance(b, Traced)):
        return np.sum(a * b, axis=1)
    plain = [x.settled() if isinstance(x, Tabled) else x for x in (a, b)]
    return np.matmul(*plain)


def _sparse_matmul(run: Run, M: Any, x: Any) -> Any:
    x = lift(run, x)
    if run.exact:
        return matmul(run, M.toarray(), x)
    value = np.asarray(M @ x.v)
    if x.ndim == 1:
        return traced(run, value, run.tape.add(value.size, [x.edge(Multiply(sparse.csr_array(M)))]))
    columns = [_sparse_matmul(run, M, x[:, j]) for j in range(x.shape[1])]
    return np.stack(columns, axis=1)


def contract(run: Run, operands: Sequence[Traced], letters: Sequence[str], out: str, value: Any = None) -> Traced:
    """einsum of traced arrays: to first order, one contraction with the others for each."""
    arrays = [x.v for x in operands]
    if value is None:
        value = np.einsum(f"{','.join(letters)}->{out}", *arrays, optimize=not run.exact and len(arrays) > 1)
    value = np.asarray(value)
    if run.exact:
        value = run.constant(value)
    edges: list[Edge] = []
    run.curved |= len(operands) > 2 or all(x.node >= 0 for x in operands[:2])
    for i, x in enumerate(operands):
        if x.node < 0:
            continue
        others = [letters[j] for j in range(len(letters)) if j != i]
        fixed = [arrays[j] for j in range(len(letters)) if j != i]
        edges.append(x.edge(*_contraction(run, letters[i], x.shape, others, fixed, out)))
    return traced(run, value, run.tape.add(value.size, edges) if edges else -1)


def _contraction(
    run: Run, own: str, shape: tuple[int, ...], others: list[str], fixed: list[Any], out: str
) -> list[LinearMap]:
    """Linear maps from one operand of an einsum to its result, the others being constants."""
    maps: list[LinearMap] = []
    sizes = dict(zip(own, shape, strict=True))
    distinct = "".join(dict.fromkeys(own))
    if distinct != own:
        size = int(np.prod(shape))
        places = np.einsum(f"{own}->{distinct}", np.arange(size).reshape(shape))
        maps.append(Take(np.ascontiguousarray(places), size))
    needed = set("".join(others)) | set(out)
    alone = tuple(i for i, letter in enumerate(distinct) if letter not in needed)
    if alone:
        maps.append(Collapse(tuple(sizes[letter] for letter in distinct), alone))
    kept = "".join(letter for letter in distinct if letter in needed)
    # What the constants share with neither the operand nor the result is summed beforehand.
    mine = "".join(dict.fromkeys(letter for letter in "".join(others) if letter in kept or letter in out))
    constant = np.einsum(f"{','.join(others)}->{mine}", *fixed) if others else run.constant(1)
    constant = np.asarray(constant)
    if run.exact:
        constant = run.constant(constant)
    kept_shape = tuple(sizes[letter] for letter in kept)
    if len(kept) == 1 and len(mine) == 2 and out in (mine.replace(kept, ""),):
        maps.append(Multiply(constant if mine[1] == kept else constant.T))
    elif others or kept != out:
        maps.append(Contract((mine, kept, out), constant, kept_shape))
    return maps


@function_rule(np.einsum)
def einsum(run: Run, text: Any, *operands: Any, **_: Any) -> Any:
    """Sums of products by letters."""
    if not isinstance(text, str):
        refuse("np.einsum with lists of axes has no rule. Give it letters: `np.einsum('ij,j->i', A, x)`.")
    left, arrow, out = text.replace(" ", "").partition("->")
    arrays = [lift(run, x) for x in operands]
    parts = left.split(",")
    if "." in text:
        refuse("np.einsum with '...' has no rule. Write all letters.")
    if not arrow:
        letters = "".join(parts)
        out = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    return contract(run, arrays, parts, out)


@function_rule(np.outer)
@ufunc_rule("multiply.outer")
def outer(run: Run, a: Any, b: Any, **_: Any) -> Any:
    """Products of all pairs."""
    return np.reshape(lift(run, a), (-1, 1)) * np.reshape(lift(run, b), (1, -1))


def _outer(name: str) -> Any:
    def rule(run: Run, a: Any, b: Any) -> Any:
        a, b = lift(run, a), lift(run, b)
        return getattr(np, name)(np.reshape(a, a.shape + (1,) * b.ndim), b)

    return rule


for _name in ("add", "subtract", "divide", "maximum", "minimum"):
    ufunc_rule(f"{_name}.outer")(_outer(_name))


@function_rule(np.inner)
def inner(run: Run, a: Any, b: Any) -> Any:
    """Products along last axes."""
    a, b = lift(run, a), lift(run, b)
    return np.tensordot(a, b, axes=(-1, -1)) if a.ndim and b.ndim else a * b


@function_rule(np.vdot)
def vdot(run: Run, a: Any, b: Any) -> Any:
    """The product of flat arrays."""
    return np.dot(np.ravel(lift(run, a)), np.ravel(lift(run, b)))


if hasattr(np, "vecdot"):

    @ufunc_rule("vecdot")
    def vecdot(run: Run, a: Any, b: Any, **_: Any) -> Any:
        """Products along last axes, in pairs."""
        return np.sum(a * b, axis=-1)


@function_rule(np.tensordot)
def tensordot(run: Run, a: Any, b: Any, axes: Any = 2) -> Any:
    """Products along chosen axes."""
    a, b = lift(run, a), lift(run, b)
    if isinstance(axes, int):
        axes = (tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes)))
    first, second = ([axis] if isinstance(axis, int) else list(axis) for axis in axes)
    left, right = list(ascii_lowercase[: a.ndim]), list(ascii_lowercase[a.ndim : a.ndim + b.ndim])
    for i, j in zip(first, second, strict=True):
        right[j] = left[i]
    shared = {left[i] for i in first}
    out = "".join(letter for letter in left + right if letter not in shared)
    return contract(run, (a, b), ("".join(left), "".join(right)), out)


@function_rule(np.kron)
def kron(run: Run, a: Any, b: Any) -> Any:
    """The Kronecker product of matrices."""
    a, b = (np.atleast_2d(lift(run, x)) for x in (a, b))
    return np.reshape(np.einsum("ij,kl->ikjl", a, b), (a.shape[0] * b.shape[0], -1))


@function_rule(np.convolve)
def convolve(run: Run, a: Any, v: Any, mode: str = "full") -> Any:
    """Sums of shifted products: a banded matrix of the shorter one times the longer one."""
    a, v = lift(run, a), lift(run, v)
    if v.size > a.size:
        a, v = v, a
    rows = np.arange(a.size + v.size - 1)[:, None] - np.arange(a.size)
    inside = (rows >= 0) & (rows < v.size)
    full = np.where(inside, v[np.clip(rows, 0, v.size - 1)], 0) @ a
    length = {"full": len(full), "same": a.size, "valid": a.size - v.size + 1}[mode]
    start = {"full": 0, "same": (v.size - 1) // 2, "valid": v.size - 1}[mode]
    return full[start : start + length]


@function_rule(np.ediff1d)
def ediff1d(run: Run, x: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences of neighbours, flat, between given ends."""
    middle = np.diff(np.ravel(lift(run, x)))
    ends = [None if end is None else np.ravel(lift(run, end)) for end in (to_begin, to_end)]
    return np.concatenate([part for part in (ends[0], middle, ends[1]) if part is not None])


def trapezoid(run: Run, y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral by trapezoids along an axis."""
    y = lift(run, np.swapaxes(lift(run, y), axis, -1))
    steps = dx if x is None else np.diff(x, axis=axis if np.ndim(x) > 1 else -1)
    if np.ndim(steps) > 1:
        steps = np.swapaxes(steps, axis, -1)
    return np.sum((y[..., 1:] + y[..., :-1]) * steps / 2, axis=-1)


for _name in ("trapezoid", "trapz"):
    if hasattr(np, _name):
        function_rule(getattr(np, _name))(trapezoid)


@function_rule(np.cross)
def cross(run: Run, a: Any, b: Any, **_: Any) -> Any:
    """The cross product of two vectors in three dimensions."""
    a, b = lift(run, a), lift(run, b)
    if a.shape != (3,) or b.shape != (3,):
        refuse("np.cross has a rule for two vectors of three entries only.")
    order, turned = [1, 2, 0], [2, 0, 1]
    return a[order] * b[turned] - a[turned] * b[order]
