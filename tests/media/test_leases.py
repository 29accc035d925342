"""Which tasks hold a copy: it stays as long as one of them uses it, and goes with the last, in whatever order."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from greenlet import getcurrent, greenlet
from hypothesis import given, settings, strategies as st

from airflow_provider_viapi.media.inputs.staging_bucket import Bucket, Leases

SIZE = 7


class SteppedBucket(Bucket):
    """A bucket in memory; whoever is about to do something with it lets the others go first."""

    def __init__(self) -> None:
        self.objects: dict[str, int] = {}

    def put(self, key: str, size: int = 0) -> None:
        self.step()
        self.objects[key] = size

    def delete(self, key: str) -> None:
        self.step()
        self.objects.pop(key, None)

    def sizes(self, prefix: str) -> Mapping[str, int]:
        self.step()
        return {key: size for key, size in sorted(self.objects.items()) if key.startswith(prefix)}

    def step(self) -> None:
        parent = getcurrent().parent
        if parent is not None:
            parent.switch()


def use(bucket: SteppedBucket, holder: str) -> Callable[[], None]:
    def task() -> None:
        leases = Leases(bucket, holder)
        key, there = leases.acquire("run/source/print", "film.mp4", SIZE)
        if not there:
            bucket.put(key, SIZE)
        for _ in range(3):
            assert bucket.objects.get(key) == SIZE, f"{holder}: the copy was pulled away"
            bucket.step()
        leases.release("run/source/")

    return task


ORDER = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 12)), max_size=16).map(
    lambda runs: [turn for turn, steps in runs for _ in range(steps)]
)
"""Whose turn it is: runs of steps of the same task, since races hide where one is nearly done and another begins."""


def play(bucket: SteppedBucket, tasks: list[greenlet], order: list[int]) -> None:
    """Let tasks take their steps in this order, and then one after the other to their ends."""
    for turn in order:
        task = tasks[turn % len(tasks)]
        if not task.dead:
            task.switch()
    for task in tasks:
        while not task.dead:
            task.switch()


@settings(max_examples=1000)
@given(order=ORDER)
def test_nobody_loses_a_copy_and_the_last_one_out_removes_it(order: list[int]) -> None:
    bucket = SteppedBucket()

    play(bucket, [greenlet(use(bucket, holder)) for holder in ("a", "b", "c")], order)

    assert bucket.objects == {}


@settings(max_examples=300)
@given(order=ORDER, steps=st.integers(0, 20))
def test_a_task_that_is_lost_takes_no_copy_from_the_others(order: list[int], steps: int) -> None:
    bucket = SteppedBucket()
    lost = greenlet(use(bucket, "lost"))
    tasks = [greenlet(use(bucket, holder)) for holder in ("a", "b")]

    for turn in order:
        task = [*tasks, lost][turn]
        steps -= task is lost
        if not task.dead and not (task is lost and steps < 0):
            task.switch()
    play(bucket, tasks, [])

    left = {key.rpartition("/")[2].removesuffix("-lost") for key in bucket.objects}
    assert left <= {"lease", "closing", "film.mp4"}


def test_a_copy_that_is_there_is_used_again() -> None:
    bucket = SteppedBucket()
    key, there = Leases(bucket, "a").acquire("run/x", "film.mp4", SIZE)
    bucket.put(key, SIZE)

    again = Leases(bucket, "b").acquire("run/x", "film.mp4", SIZE)

    assert not there
    assert again == (key, True)


def test_half_a_copy_is_not_used() -> None:
    bucket = SteppedBucket()
    key, _ = Leases(bucket, "a").acquire("run/x", "film.mp4", SIZE)
    bucket.put(key, SIZE - 1)

    assert Leases(bucket, "b").acquire("run/x", "film.mp4", SIZE) == (key, False)


def test_what_a_lost_task_was_about_to_remove_is_not_touched_again() -> None:
    bucket = SteppedBucket()
    bucket.objects = {"run/x-1/closing-lost": 0, "run/x-1/film.mp4": SIZE}

    key, there = Leases(bucket, "a").acquire("run/x", "film.mp4", SIZE)

    assert (key, there) == ("run/x-2/film.mp4", False)
