"""Linear algebra on one thread: kernels that work on batches of small matrices lose time to threads that wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


@cache
def _controller() -> ThreadpoolController:
    """The loaded libraries: looked up once, since that takes milliseconds."""
    import scipy.linalg

    assert scipy.linalg is not None
    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Run the block with one thread in BLAS, and restore the setting afterwards.

    Yields
    ------
    None

    Examples
    --------
    >>> with one_thread():
    ...     pass
    """
    with _controller().limit(limits=1, user_api="blas"):
        yield
