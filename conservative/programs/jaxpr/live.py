"""Derivatives of an opened program with respect to the numbers and to the switches that tie, by batches of directions.

Most switches tie at no given point. Arrays of switches none of which ties are left out, and XLA drops what they need.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative.programs.jaxpr.library import jax, jnp

_CELLS = 2**22
"""Most entries of a batch of directions at once."""

At = tuple[Any, ...]
"""z, tolerance and forced outcomes: where a program is looked at."""


class Live:
    """(z, w) ↦ (F, differences) at w = 0, for some of a program's arrays of switches."""

    def __init__(self, opened: Any, arrays: tuple[int, ...]) -> None:
        self.opened, self.arrays = opened, arrays
        self.size: int = opened.size
        self.slots = np.concatenate([np.arange(0), *(np.arange(*opened.spans[i]) for i in arrays)])
        functions = (self._push, self._turn, self._pull, self._along, self._against)
        self._pushed, self._turned, self._pulled, self._one, self._back = map(opened.compiled, functions)

    def matrices(self, at: At, slots: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """B, Y, Z and L of some of these switches, by forward mode."""
        full = len(slots) == len(self.slots)
        chosen = None if full else _padded(self._places(slots))
        batches = _batches(np.arange(self.size), self.size + len(self.slots))
        parts = [self._pushed(self._known(at), chosen, batch) for batch in batches]
        base, rows = (_joined([part[i] for part in parts])[: self.size].T for i in (0, 1))
        Y, L = self.columns(at, slots)
        return base, Y, rows[: len(slots)], L

    def columns(self, at: At, slots: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Y and L: derivatives along the weights of some of these switches."""
        places, k = self._places(slots), len(slots)
        rows = places if k == len(self.slots) else _padded(places)
        batches = _batches(rows, self.opened.value_size + len(self.slots))
        parts = [self._turned(self._known(at), batch, rows) for batch in batches]
        Y, L = (_joined([np.asarray(part[i]).T for part in parts]).T[:, :k] for i in (0, 1))
        return Y, L[:k]

    def rows(self, at: At, slots: NDArray[Any]) -> NDArray[np.float64]:
        """Z by reverse mode."""
        batches = _batches(_padded(self._places(slots)), self.size + len(self.slots))
        return _joined([self._pulled(self._known(at), batch) for batch in batches])[: len(slots)]

    def along(self, at: At, v: Any, dw: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """One directional derivative of F and of the differences."""
        value, difference = self._one(self._known(at), v, dw)
        return np.asarray(value), np.asarray(difference)

    def against(self, at: At, u: Any, du: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """One pullback, to the numbers and to the weights."""
        dz, dw = self._back(self._known(at), u, du)
        return np.asarray(dz), np.asarray(dw)

    def alive(self, at: At, slots: NDArray[Any]) -> NDArray[Any]:
        """Those switches that random directions move and that move random cotangents."""
        draw, places = np.random.default_rng(0).standard_normal, self._places(slots)
        weights = np.zeros(len(self.slots))
        weights[places] = draw(len(slots))
        _, moved = self.along(at, draw(self.size), weights)
        _, moves = self.against(at, draw(self.opened.value_size), weights)
        return np.asarray(slots[(moved[places] != 0) & (moves[places] != 0)])

    def _known(self, at: At) -> At:
        return (self.opened.constants, *at)

    def _places(self, slots: NDArray[Any]) -> NDArray[np.int32]:
        return np.searchsorted(self.slots, slots).astype(np.int32)

    def _both(self, known: At, z: Any, w: Any) -> tuple[Any, Any]:
        spans, place, parts = self.opened.spans, 0, []
        for i, (start, end) in enumerate(spans):
            live = i in self.arrays
            parts.append(w[place : place + end - start] if live else jnp.zeros(end - start))
            place += live * (end - start)
        constants, _, *rest = known
        out = self.opened.evaluate((constants, z, *rest), jnp.concatenate([jnp.zeros(0), *parts]))
        return out.value, jnp.concatenate([jnp.zeros(0), *(out.difference[slice(*spans[i])] for i in self.arrays)])

    def _push(self, known: At, chosen: Any, directions: Any) -> Any:
        still, each = np.zeros(len(self.slots)), jnp.arange(self.size)
        _, linear = jax.linearize(lambda z: self._both(known, z, still), known[1])

        def one(i: Any) -> tuple[Any, Any]:
            value, difference = linear((each == i).astype(jnp.float64))
            return value, difference if chosen is None else difference[chosen]

        return jax.vmap(one)(directions)

    def _turn(self, known: At, chosen: Any, rows: Any) -> Any:
        _, linear = jax.linearize(lambda w: self._both(known, known[1], w), jnp.zeros(len(self.slots)))
        each = (jnp.arange(len(self.slots))[:, None] == chosen[None]).astype(jnp.float64)
        value, difference = jax.vmap(linear, in_axes=1, out_axes=1)(each)
        return value, difference[rows]

    def _pull(self, known: At, chosen: Any) -> Any:
        still, each = np.zeros(len(self.slots)), jnp.arange(len(self.slots))
        _, back = jax.vjp(lambda z: self._both(known, z, still)[1], known[1])
        return jax.vmap(lambda i: back((each == i).astype(jnp.float64))[0])(chosen)

    def _along(self, known: At, v: Any, dw: Any) -> Any:
        still = jnp.zeros(len(self.slots))
        return jax.jvp(lambda z, w: self._both(known, z, w), (known[1], still), (v, dw))[1]

    def _against(self, known: At, u: Any, du: Any) -> Any:
        still = jnp.zeros(len(self.slots))
        return jax.vjp(lambda z, w: self._both(known, z, w), known[1], still)[1]((u, du))


def _batches(indices: NDArray[Any], width: int) -> list[NDArray[Any]]:
    """Indices in parts of one length, the last filled up, so that each batch of directions has so many entries."""
    count = max(1, -(-len(indices) * width // _CELLS))
    step = -(-len(indices) // count)
    filled = np.zeros(count * step, dtype=np.int32)
    filled[: len(indices)] = indices
    return list(filled.reshape(count, step))


def _joined(parts: list[Any]) -> NDArray[Any]:
    return np.asarray(parts[0]) if len(parts) == 1 else np.concatenate([np.asarray(part) for part in parts])


def _padded(indices: NDArray[Any]) -> NDArray[np.int32]:
    """Indices filled up to a power of two, so that few shapes are compiled."""
    out = np.zeros(max(16, 1 << (len(indices) - 1).bit_length()) if len(indices) else 16, dtype=np.int32)
    out[: len(indices)] = indices
    return out
