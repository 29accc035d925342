"""Threads that run one at a time, each until its next call of a storage or a service, in a random order."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from fsspec.implementations.memory import MemoryFileSystem


class WorkerLost(BaseException):
    """The worker process is gone."""


class Turns:
    """Decides which thread runs, and for how many calls.

    :param seed: of the order
    :param lost_at: number of the call at which the worker of a task is lost, by task
    """

    def __init__(self, seed: int, lost_at: Mapping[str, int]) -> None:
        self._random = random.Random(seed)
        self._lost_at = lost_at
        self._changed = threading.Condition()
        self._waiting: set[str] = set()
        self._running: set[str] = set()
        self._turn = ""
        self._calls: dict[str, int] = {}
        self._errors: list[Exception] = []

    def run(self, tasks: Mapping[str, Callable[[], None]]) -> None:
        """Run functions until all have returned or lost their worker; raise the first other error."""
        threads = [
            threading.Thread(target=self._run, args=(task,), name=name, daemon=True)
            for name, task in tasks.items()
        ]
        self._running = set(tasks)
        for thread in threads:
            thread.start()
        left = 0
        while self._all_wait():
            if left == 0 or self._turn not in self._waiting:
                self._turn = self._random.choice(sorted(self._waiting))
                left = self._random.choice((1, 2, 5, 300))
            left -= 1
            with self._changed:
                self._waiting.remove(self._turn)
                self._changed.notify_all()
        for thread in threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def wait(self) -> None:
        """Wait for the turn of this thread, before a call; other threads than those of the tasks do not wait.

        :raises WorkerLost: the worker is lost at this call
        """
        name = threading.current_thread().name
        if name not in self._running:
            return
        with self._changed:
            self._waiting.add(name)
            self._changed.notify_all()
            self._changed.wait_for(lambda: name not in self._waiting)
        self._calls[name] = self._calls.get(name, 0) + 1
        if self._calls[name] == self._lost_at.get(name):
            raise WorkerLost

    def _all_wait(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting == self._running)
            return bool(self._running)

    def _run(self, task: Callable[[], None]) -> None:
        try:
            self.wait()
            task()
        except WorkerLost:
            pass
        except Exception as error:
            self._errors.append(error)
        finally:
            with self._changed:
                self._running.discard(threading.current_thread().name)
                self._changed.notify_all()


class SteppedStorage(MemoryFileSystem):  # type: ignore[misc]
    """A storage whose calls wait for their turn.

    :param turns: of the threads that call it
    """

    cachable = False
    turns = Turns(0, {})
    # Its own: the base class keeps what all instances hold.
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]

    def pipe_file(self, path: str, value: bytes, **kwargs: Any) -> None:
        """Write an object."""
        self.turns.wait()
        super().pipe_file(path, value, **kwargs)

    def rm_file(self, path: str) -> None:
        """Delete an object."""
        self.turns.wait()
        super().rm_file(path)

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> list[Any]:
        """List a folder."""
        self.turns.wait()
        return list(super().ls(path, detail, **kwargs))
