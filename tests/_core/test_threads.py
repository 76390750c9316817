"""The number of threads in BLAS is one setting of the process: it comes back when the last user has left."""

import threading
from collections.abc import Iterator

import pytest

from conservative._core import threads
from conservative._core.threads import one_thread


def setting() -> list[int]:
    return [library.num_threads for library in threads._libraries()[0]]


@pytest.fixture
def usual() -> Iterator[list[int]]:
    """Two threads, in every library that takes them: one that was loaded with one thread may keep it."""
    before = [(library, library.num_threads) for library in threads._libraries()[0]]
    threads._set([(library, 2) for library, _ in before])
    if 2 not in setting():
        pytest.skip("no BLAS here takes two threads")
    yield setting()
    threads._set(before)


def test_blocks_within_blocks_and_blocks_that_overlap(usual: list[int]) -> None:
    first, second = one_thread(), one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert set(setting()) == {1}
    second.__exit__(None, None, None)
    assert setting() == usual


def test_an_error_restores_the_setting(usual: list[int]) -> None:
    with pytest.raises(KeyboardInterrupt), one_thread():
        raise KeyboardInterrupt
    assert setting() == usual


@pytest.mark.parametrize("first", [True, False])
def test_calls_that_overlap_in_threads(first: bool, usual: list[int]) -> None:
    """Whether the thread that changed the setting leaves first or last, the other one keeps it, and it comes back."""
    inside, leave = [threading.Event(), threading.Event()], [threading.Event(), threading.Event()]

    def work(i: int) -> None:
        with one_thread():
            inside[i].set()
            leave[i].wait()

    workers = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for worker, entered in zip(workers, inside, strict=True):
        worker.start()
        entered.wait()
    for i in (0, 1) if first else (1, 0):
        assert set(setting()) == {1}
        leave[i].set()
        workers[i].join()
    assert setting() == usual


def test_a_library_with_a_setting_for_each_thread_is_restored_by_each(monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        num_threads = 4

        def set_num_threads(self, count: int) -> None:
            self.num_threads = count

    own = Library()
    monkeypatch.setattr(threads, "_libraries", lambda: ((), (own,)))
    with one_thread():
        assert own.num_threads == 1
        with one_thread():
            assert own.num_threads == 1
        assert own.num_threads == 1
    assert own.num_threads == 4
