"""Linear algebra on one thread: kernels that work on batches of small matrices lose time to threads that wait."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


@cache
def _libraries() -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The loaded libraries with one setting for the process, and those with one for each thread.

    They are looked up once, since that takes milliseconds.
    """
    import scipy.linalg

    assert scipy.linalg is not None
    loaded = [x for x in ThreadpoolController().lib_controllers if x.user_api == "blas"]
    own = [x for x in loaded if x.internal_api == "openblas" and x.threading_layer == "openmp"]
    return tuple(x for x in loaded if x not in own), tuple(own)


def _limit(libraries: Iterable[Any]) -> list[tuple[Any, int]]:
    """Set one thread, and return what was set before."""
    before = [(library, library.num_threads) for library in libraries]
    _set([(library, 1) for library, _ in before])
    return before


def _set(wanted: Iterable[tuple[Any, int]]) -> None:
    for library, count in wanted:
        # threadpoolctl 3.7 and later lets the first thread alone set the number; here a lock keeps the order instead.
        release = getattr(library, "clear_controlling_thread", None)
        if release is not None:
            release(force=True)
        library.set_num_threads(count)
        if release is not None:
            release(force=True)


class _Shared:
    """The setting of the process: the first user changes it, the last one restores it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users: set[object] = set()
        self._before: list[tuple[Any, int]] = []

    def take(self, user: object) -> None:
        with self._lock:
            if not self._users:
                self._before = _limit(_libraries()[0])
            self._users.add(user)

    def leave(self, user: object) -> None:
        """Restore the setting if nobody else uses it; an interrupted `user` need not have come to take it."""
        with self._lock:
            self._users.discard(user)
            if not self._users:
                _set(self._before)
                self._before = []


_SHARED = _Shared()


@contextmanager
def one_thread() -> Iterator[None]:
    """Run the block with one thread in BLAS, and restore the setting after the last such block in any thread."""
    user, own = object(), _limit(_libraries()[1])
    try:
        _SHARED.take(user)
        yield
    finally:
        _SHARED.leave(user)
        _set(own)
