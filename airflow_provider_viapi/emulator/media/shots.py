"""Detect the shots of a clip and choose the best parts of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from airflow_provider_viapi.emulator.media.frame_stats import detail_score, thumbnail

Numbers = npt.NDArray[np.float64]

# Of the mean difference of two frames, in steps of 0-255: a cut is a jump, and far above what moves around it.
MIN_JUMP, MIN_JUMP_TO_MOTION = 12.0, 3.0
NEIGHBOURHOOD = 6
MIN_PART_SECONDS = 1.0  # seconds; shorter ones are too short to watch


@dataclass(frozen=True)
class Footage:
    """A clip frame by frame.

    :param times: when each is shown, in seconds, and at the end when the last one ends
    :param worth: detail and motion of each
    :param cuts: numbers of the frames with which shots begin; the first is 0
    """

    times: tuple[float, ...]
    worth: Numbers
    cuts: tuple[int, ...]

    @property
    def shots(self) -> list[range]:
        """The numbers of the frames of each shot."""
        return [range(*ends) for ends in pairwise((*self.cuts, len(self.worth)))]


def find_shots(frames: Iterable[VideoFrame]) -> Footage:
    """Measure every frame of a clip and find its cuts.

    :param frames: all of one size; read to the end
    """
    times, worth, changes = [], [], []
    before = None
    for frame in frames:
        sample = np.dstack(thumbnail(frame)).astype(np.int16)
        change = 0.0 if before is None else float(np.abs(sample - before).mean())
        times.append(frame.time)
        worth.append(detail_score(sample[..., 0].astype(np.uint8)) + 0.5 * np.log2(1 + change))
        changes.append(change)
        before = sample
    period = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.04
    return Footage((*times, times[-1] + period), np.array(worth), _cuts(np.array(changes)))


def _cuts(changes: Numbers) -> tuple[int, ...]:
    padded = (
        np.pad(changes, NEIGHBOURHOOD, mode="reflect")
        if len(changes) > NEIGHBOURHOOD
        else np.pad(changes, NEIGHBOURHOOD)
    )
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURHOOD + 1)
    usual = np.median(windows, axis=1)
    jumps = np.flatnonzero((changes > MIN_JUMP) & (changes > MIN_JUMP_TO_MOTION * usual))
    return (0, *(int(jump) for jump in jumps if jump > 0))


def best_parts(footage: Footage, seconds: float) -> list[range]:
    """Return the parts that summarize a clip: of as many shots as fit, the best part of each.

    :param footage: of the clip
    :param seconds: how long they may be altogether; the whole clip is one part when it is no longer
    :return: numbers of frames, in their order; altogether as many as come closest to ``seconds``
    """
    total = len(footage.worth)
    rate = total / (footage.times[-1] - footage.times[0])
    budget = max(1, round(seconds * rate))
    if budget >= total:
        return [range(total)]
    shortest = max(1, round(MIN_PART_SECONDS * rate))
    chosen = _chosen(footage, budget, shortest)
    lengths = _allocate(budget, [len(shot) for shot in chosen], shortest)
    return [_best_window(footage.worth, shot, length) for shot, length in zip(chosen, lengths, strict=True)]


def _chosen(footage: Footage, budget: int, shortest: int) -> list[range]:
    """Return the best shots in order, as many as can be shown long enough and as are needed."""
    ranked = sorted(
        footage.shots, key=lambda shot: (len(shot) >= shortest, footage.worth[shot].mean()), reverse=True
    )
    count = max(1, budget // shortest)
    while sum(len(shot) for shot in ranked[:count]) < budget:
        count += 1
    return sorted(ranked[:count], key=lambda shot: shot.start)


def _allocate(budget: int, lengths: Sequence[int], shortest: int) -> list[int]:
    """Return how much of each shot is shown: at least the shortest part, the rest in proportion."""
    given = [min(length, shortest, budget // len(lengths)) for length in lengths]
    while (rest := budget - sum(given)) > 0:
        left = [length - got for length, got in zip(lengths, given, strict=True)]
        shares = [min(room, -(-rest * room // sum(left))) for room in left]
        for number, share in enumerate(shares):
            given[number] += min(share, budget - sum(given))
    return given


def _best_window(worth: Numbers, shot: range, length: int) -> range:
    running = np.concatenate([[0.0], np.cumsum(worth[shot])])
    start = shot.start + int(np.argmax(running[length:] - running[:-length]))
    return range(start, start + length)
