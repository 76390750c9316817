"""Choices among entries: the largest, the smallest, the middle one; sorting; pooling."""

from collections.abc import Callable
from itertools import product
from typing import Any

from conservative._core.errors import BudgetError
from conservative.programs.autograd.decisions import Discrete
from conservative.programs.autograd.library import is_wrapped, plain, torch
from conservative.programs.autograd.run import Run
from conservative.programs.source_lines import users_line

_SIGNS = {"max": 1, "amax": 1, "adaptive": 1, "min": -1, "amin": -1}
_EQUAL = 64
"""Most equal values in one sort."""


def choose(
    run: Run, name: str, rows: Any, own: Callable[[Any], Any], index: Any, shape: tuple[int, ...], *, key: Any
) -> Any:
    """One entry of each row, opened where others tie with it, and its index; `own` is the function of rows itself.

    `index` is the entry that PyTorch picks, or None where it spreads its derivative over all that tie.
    """
    size = plain(rows)
    values = plain(own(size))
    if index is None:
        index = (size == values[:, None]).to(torch.uint8).argmax(dim=1)
    tied = run.tied(size, values[:, None].expand(size.shape), name) if _several(size, values, run) else None
    every = torch.arange(len(size))
    if tied is not None:
        tied[every, index] = False
    if tied is None or not bool(tied.any()):
        return rows[every, index], index, None
    shares = _shares(size, own)
    members = {r: [int(index[r]), *tied[r].nonzero()[:, 0].tolist()] for r in tied.any(dim=1).nonzero()[:, 0].tolist()}
    ties = [(r, float((size[r, m[1]] - values[r]).abs()), len(m), 0) for r, m in members.items()]
    answers = run.decide(name, run.number((name, *key)), shape, ties, sign=_SIGNS.get(name.split("_")[0], 0))
    index, others = index.clone(), []
    for (r, m), (owner, state) in zip(members.items(), answers, strict=True):
        if owner < 0:
            index[r] = m[state]
        else:
            others += [(r, column, owner, j) for j, column in enumerate(m) if j]
    info = _index_table(index, members, {owner: r for r, _, owner, _ in others})
    out = rows[every, index]
    if not others or not torch.is_grad_enabled():
        return out, index, info
    if is_wrapped(rows):
        run.steer_all(owner for _, _, owner, _ in others)
        return out, index, info
    at, columns = torch.tensor([r for r, *_ in others]), torch.tensor([c for _, c, *_ in others])
    owners, states = [o for *_, o, _ in others], [s for *_, s in others]
    z = rows[at, columns] - out[at]
    w = run.slots(z, owners, states, shares[at, columns].tolist(), jump=run.jump_size(values))
    return out.index_add(0, at, w), index, info


def _several(size: Any, values: Any, run: Run) -> bool:
    """Whether any row may hold more than one entry near its value: a cheap look before the exact one."""
    room = 1e4 * run.tolerance * values.abs().clamp(min=1.0)
    return bool((((size - values[:, None]).abs() <= room[:, None]).sum(dim=1) > 1).any())


def _shares(size: Any, own: Callable[[Any], Any]) -> Any:
    with torch.enable_grad():
        leaf = size.clone().requires_grad_()
        return torch.autograd.grad(own(leaf).sum(), leaf)[0]


def _index_table(index: Any, members: dict[int, list[int]], owners: dict[int, int]) -> Discrete | None:
    """What ties can do to the indices."""
    if not owners:
        return None
    table = index.repeat(max(len(members[r]) for r in owners.values()), 1)
    of = torch.full((len(index),), -1)
    for owner, r in owners.items():
        of[r] = owner
        table[: len(members[r]), r] = torch.tensor(members[r])
    return Discrete(frozenset(owners), of, table)


def in_rows(x: Any, dim: Any) -> tuple[Any, tuple[int, ...], tuple[int, ...]]:
    """A tensor with some axes as the last one, flat: rows, the axes that stay with their sizes, all axes kept."""
    dims = range(x.ndim) if dim is None or dim == () else ([dim] if isinstance(dim, int) else dim)
    gone = sorted(d % max(x.ndim, 1) for d in dims) if x.ndim else []
    stay = [d for d in range(x.ndim) if d not in gone]
    rest = tuple(x.shape[d] for d in stay)
    kept = tuple(1 if d in gone else x.shape[d] for d in range(x.ndim))
    count = 1
    for size in rest:
        count *= size
    return x.permute(*stay, *gone).reshape(count, -1), rest, kept


def reduction(name: str, pick: Callable[[Any], Any]) -> Callable[..., Any]:
    """amax and amin: autograd spreads its derivative over all that tie."""

    def rule(run: Run, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        rows, rest, kept = in_rows(x, dim)
        out, _, _ = choose(run, name, rows, pick, None, rest, key=(run.number_of(x), str(dim)))
        return out.reshape(kept if keepdim else rest)

    return rule


amax = reduction("amax", lambda rows: rows.amax(dim=1))
amin = reduction("amin", lambda rows: rows.amin(dim=1))


def selection(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """max, min, median: of all entries, or along one axis with the indices."""

    def rule(run: Run, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        if dim is None:
            rows, _, _ = in_rows(x, None)
            out, _, _ = choose(
                run, name, rows, lambda r: torch.stack([function(row) for row in r]), None, (), key=(run.number_of(x),)
            )
            return out.reshape(())
        return along(run, name, x, dim, keepdim, lambda rows: function(rows, 1))

    return rule


def along(run: Run, name: str, x: Any, dim: int, keepdim: bool, pick: Callable[[Any], Any]) -> Any:
    """Values and indices along one axis, as PyTorch's function of rows picks them."""
    rows, rest, kept = in_rows(x, dim)
    found = pick(plain(rows))
    out, index, info = choose(
        run, name, rows, lambda r: pick(r).values, found.indices, rest, key=(run.number_of(x), dim)
    )
    shape = kept if keepdim else rest
    indices = index.reshape(shape)
    if info is not None:
        table = info.table.reshape(len(info.table), *shape)
        run.carry(indices, Discrete(info.owners, info.of.reshape(shape), table))
    return type(found)((out.reshape(shape), indices))


def kthvalue(run: Run, x: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The k-th smallest along an axis."""
    return along(run, "kthvalue", x, dim, keepdim, lambda rows: torch.kthvalue(rows, k, 1))


def arg(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """argmax and argmin: the index alone."""

    def rule(run: Run, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        flat = x.detach().flatten() if dim is None else x.detach()
        run.reach(flat)
        indices = along(run, name, flat, -1 if dim is None else dim, keepdim and dim is not None, function).indices
        if dim is not None or not keepdim:
            return indices
        run.steer(run.info(indices) or Discrete(frozenset()))
        return indices.reshape([1] * x.ndim)

    return rule


def sort(run: Run, x: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """All entries in order: exchanges of neighbours that tie, one layer after the other."""
    found = torch.sort(plain(x), dim=dim, descending=descending, stable=stable)
    return type(found)(ordered(run, "sort", x, found.indices, dim, falling=descending))


def ordered(run: Run, name: str, x: Any, order: Any, dim: int, *, falling: bool) -> tuple[Any, Any]:
    """x put in an order along an axis, with the exchanges that ties leave open, and its indices."""
    rows = torch.movedim(x, dim, -1)
    lead, n = tuple(rows.shape[:-1]), rows.shape[-1]
    rows, perm = rows.reshape(-1, n), torch.movedim(order, dim, -1).reshape(-1, n).clone()
    y = rows.gather(1, perm)
    owners: set[int] = set()
    if n > 1:
        size = plain(y)
        tied = run.tied(size[:, 1:], size[:, :-1], name)
        y, perm = _exchanged(
            run,
            name,
            y,
            perm,
            _blocks(tied),
            (run.number((name, run.number_of(x), dim)), (*lead, n)),
            owners,
            sign=1 if falling else -1,
        )
    indices = torch.movedim(perm.reshape(*lead, n), -1, dim)
    if owners:
        run.carry(indices, Discrete(frozenset(owners)))
    return torch.movedim(y.reshape(*lead, n), -1, dim), indices


def _blocks(tied: Any) -> list[tuple[int, int, int]]:
    """Runs of equal neighbours: row, first and last place."""
    found: list[tuple[int, int, int]] = []
    for r, i in tied.nonzero().tolist():
        if found and found[-1][0] == r and found[-1][2] == i:
            found[-1] = (r, found[-1][1], i + 1)
        else:
            found.append((r, i, i + 1))
    longest = max((last - first + 1 for _, first, last in found), default=0)
    if longest > _EQUAL:
        raise BudgetError(
            f"{longest} equal values are sorted at {users_line()}, more than {_EQUAL}: every order of them would be a "
            "choice. Sort fewer values, or use a function that does not depend on their order."
        )
    return found


def _exchanged(
    run: Run,
    name: str,
    y: Any,
    perm: Any,
    blocks: list[tuple[int, int, int]],
    label: tuple[int, tuple[int, ...]],
    owners: set[int],
    *,
    sign: int,
) -> tuple[Any, Any]:
    """Exchange neighbours of equal values, in as many layers as the longest run has values: every order comes up."""
    n, jump = y.shape[1], run.jump_size(y)
    depth = max((last - first + 1 if last - first > 1 else 1 for _, first, last in blocks), default=0)
    for layer in range(depth):
        places = [
            r * n + i
            for r, first, last in blocks
            if layer < (last - first + 1 if last - first > 1 else 1)
            for i in range(first + layer % 2, last, 2)
        ]
        flat = y.flatten()
        sizes = plain(flat)
        gaps = [float((sizes[e + 1] - sizes[e]).abs()) for e in places]
        ties = [(e, gap, 2, 0) for e, gap in zip(places, gaps, strict=True)]
        answers = run.decide(name, run.number((label[0], layer)), label[1], ties, sign=sign)
        order = torch.arange(flat.numel())
        for e, (owner, state) in zip(places, answers, strict=True):
            if owner < 0 and state:
                order[e], order[e + 1] = e + 1, e
        flat, perm = flat[order], perm.flatten()[order].reshape(perm.shape)
        live = [(e, owner) for e, (owner, _) in zip(places, answers, strict=True) if owner >= 0]
        owners |= {owner for _, owner in live}
        if live and is_wrapped(y):
            run.steer_all(owner for _, owner in live)
        elif live and torch.is_grad_enabled():
            at = torch.tensor([e for e, _ in live])
            z = flat[at + 1] - flat[at]
            w = run.slots(z, [owner for _, owner in live], [1] * len(live), [0.0] * len(live), jump=jump)
            flat = flat.index_add(0, at, w).index_add(0, at + 1, -w)
        y = flat.reshape(y.shape)
    return y, perm


def msort(run: Run, x: Any) -> Any:
    """Sorted along the first axis."""
    return sort(run, x, 0).values


def argsort(run: Run, x: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The indices of the order."""
    values = x.detach()
    run.reach(values)
    return sort(run, values, dim, descending, stable).indices


def topk(run: Run, x: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The k largest along an axis, in order."""
    size = plain(x)
    found = torch.topk(size, k, dim, largest, sorted)
    rest = size.scatter(dim, found.indices, -torch.inf if largest else torch.inf)
    after = torch.sort(rest, dim=dim, descending=largest).indices.narrow(dim, 0, x.shape[dim] - k)
    values, indices = ordered(run, "topk", x, torch.cat([found.indices, after], dim), dim, falling=largest)
    info, first = run.info(indices), indices.narrow(dim, 0, k)
    if info is not None:
        run.carry(first, info)
    return type(found)((values.narrow(dim, 0, k), first))


def max_pool(axes: int) -> Callable[..., Any]:
    """max_pool1d, 2d, 3d: the largest of each window."""
    name = f"max_pool{axes}d"

    def each(value: Any) -> list[int]:
        return list(value) * (axes if len(value) == 1 else 1) if isinstance(value, (list, tuple)) else [value] * axes

    def rule(
        run: Run,
        x: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        own = getattr(torch.nn.functional, name)
        size = plain(x)
        values, where = own(size, kernel_size, stride, padding, dilation, ceil_mode, True)
        if return_indices:
            return NotImplemented
        kernel, pad, spread = each(kernel_size), each(padding), each(dilation)
        step = kernel if stride is None or stride == [] else each(stride)
        spatial, out = size.shape[-axes:], values.shape[-axes:]
        columns, inside = [], []
        for offset in product(*map(range, kernel)):
            grid = [torch.arange(out[a]) * step[a] - pad[a] + offset[a] * spread[a] for a in range(axes)]
            mesh = torch.meshgrid(*grid, indexing="ij")
            valid, flat = torch.ones_like(mesh[0], dtype=torch.bool), torch.zeros_like(mesh[0])
            for a, place in enumerate(mesh):
                valid &= (place >= 0) & (place < spatial[a])
                flat = flat * spatial[a] + place.clamp(0, spatial[a] - 1)
            columns.append(flat.flatten())
            inside.append(valid.flatten())
        windows, real = torch.stack(columns, 1), torch.stack(inside, 1)
        planes = x.reshape(-1, int(torch.tensor(spatial).prod()))
        rows = torch.where(real, planes[:, windows], -torch.inf).reshape(-1, windows.shape[1])
        place = where.reshape(len(planes), -1, 1)
        index = ((windows[None] == place) & real).to(torch.uint8).argmax(dim=2).flatten()
        key = (run.number_of(x), str((kernel, step, pad, spread, ceil_mode)))
        best = lambda r: r.max(dim=1).values  # noqa: E731
        picked, _, _ = choose(run, name, rows, best, index, tuple(values.shape), key=key)
        return picked.reshape(values.shape)

    return rule


def adaptive_max_pool(axes: int) -> Callable[..., Any]:
    """adaptive_max_pool1d, 2d, 3d: the largest of each of as many parts as are asked for."""
    name = f"adaptive_max_pool{axes}d"

    def rule(run: Run, x: Any, output_size: Any, return_indices: bool = False) -> Any:
        if return_indices:
            return NotImplemented
        wanted = list(output_size) if isinstance(output_size, (list, tuple)) else [output_size] * axes
        spatial = x.shape[-axes:]
        wanted = [have if want is None else want for want, have in zip(wanted, spatial, strict=True)]
        parts = [
            [range(i * have // want, -(-(i + 1) * have // want)) for i in range(want)]
            for want, have in zip(wanted, spatial, strict=True)
        ]
        grid = torch.arange(int(torch.tensor(spatial).prod())).reshape(spatial)
        windows = [grid[torch.meshgrid(*map(torch.tensor, part), indexing="ij")].flatten() for part in product(*parts)]
        longest = max(map(len, windows))
        # Parts that are shorter are filled up by entries that are never the largest.
        places = torch.stack([torch.cat([w, w[:1].expand(longest - len(w))]) for w in windows])
        real = torch.stack([torch.arange(longest) < len(w) for w in windows])
        planes = x.reshape(-1, grid.numel())
        rows = torch.where(real, planes[:, places], -torch.inf).reshape(-1, longest)
        shape = (*x.shape[:-axes], *wanted)
        index = plain(rows).argmax(dim=1)
        best = lambda r: r.max(dim=1).values  # noqa: E731
        picked, _, _ = choose(run, name, rows, best, index, shape, key=(run.number_of(x), str(wanted)))
        return picked.reshape(shape)

    return rule


RULES: dict[str, Callable[..., Any]] = {
    "amax": amax,
    "amin": amin,
    "max": selection("max", lambda *a: torch.max(*a)),
    "min": selection("min", lambda *a: torch.min(*a)),
    "median": selection("median", lambda *a: torch.median(*a)),
    "kthvalue": kthvalue,
    "argmax": arg("argmax", lambda rows: torch.max(rows, 1)),
    "argmin": arg("argmin", lambda rows: torch.min(rows, 1)),
    "sort": sort,
    "msort": msort,
    "argsort": argsort,
    "topk": topk,
    **{f"max_pool{axes}d": max_pool(axes) for axes in (1, 2, 3)},
    **{f"adaptive_max_pool{axes}d": adaptive_max_pool(axes) for axes in (1, 2, 3)},
}
"""PyTorch's functions by name."""
