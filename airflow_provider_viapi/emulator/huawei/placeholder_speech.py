"""Placeholders for speech: silence as long as the text would take to speak, subtitles and timestamps."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

MARK = "placeholder of the VIAPI emulator: silence as long as the text would take to speak"
"""Comment in the metadata of the files."""

MIN_SECONDS = 0.5
"""Shortest duration in seconds."""

# In Chinese, Japanese and Korean each character counts as one syllable.
_SYLLABLE = "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]"
_SYLLABLES_A_SECOND = 4.5
_ENDS = ".!?;\u3002\uff01\uff1f\uff1b"
_LETTERS_A_SECOND = 15.0
_RATE = 16_000
_PIECE = 8_000


def speech_seconds(text: str, speed: int = 100) -> float:
    """Return the duration of a text as speech, in seconds.

    :param speed: in percent of the normal speed
    """
    return round(max(MIN_SECONDS, _normal_seconds(text) * 100 / max(speed, 1)), 3)


def _normal_seconds(text: str) -> float:
    spoken = re.sub(r"<[^<>]*>", "", text)
    syllables = len(re.findall(_SYLLABLE, spoken))
    letters = sum(map(str.isalnum, spoken)) - syllables
    return syllables / _SYLLABLES_A_SECOND + letters / _LETTERS_A_SECOND


def split_lines(text: str, longest: int = 30) -> list[str]:
    """Split a text into lines of subtitles, at the ends of sentences and where a line becomes too long.

    :param longest: largest number of characters in a line
    """
    sentences = re.findall(rf"[^{_ENDS}\n]+[{_ENDS}]*", text)
    lines: list[str] = []
    for sentence in (each.strip() for each in sentences):
        words = sentence.split(" ") if " " in sentence else list(sentence)
        joint = " " if " " in sentence else ""
        line = ""
        for word in words:
            if line and len(line) + len(word) + len(joint) > longest:
                lines.append(line)
                line = word
            else:
                line = f"{line}{joint}{word}" if line else word
        if line:
            lines.append(line)
    return lines or [text.strip() or "…"]


def timed(lines: Iterable[str], seconds: float) -> list[tuple[float, float, str]]:
    """Return start, end and text of each line, in proportion to the duration of the lines as speech."""
    weighed = [(line, _normal_seconds(line) or 0.01) for line in lines]
    whole = sum(weight for _, weight in weighed)
    cues, begin = [], 0.0
    for line, weight in weighed:
        end = begin + seconds * weight / whole
        cues.append((round(begin, 3), round(end, 3), line))
        begin = end
    return cues


def write_silence(path: Path, seconds: float, channels: int = 1) -> None:
    """Write silence as WAV (PCM, 16 bits) or, depending on the suffix, MP3; 16 kHz.

    :param channels: 1 or 2
    """
    import av
    import numpy as np
    from av.audio.frame import AudioFrame

    mp3 = path.suffix == ".mp3"
    layout = "stereo" if channels == 2 else "mono"
    kind, encoder, form = ("mp3", "libmp3lame", "s16p") if mp3 else ("wav", "pcm_s16le", "s16")
    with av.open(str(path), "w", format=kind) as container:
        container.metadata["comment"] = MARK
        stream = container.add_stream(encoder, rate=_RATE, layout=layout)
        left, at = round(seconds * _RATE), 0
        while left > 0:
            length = min(left, _PIECE)
            shape = (channels, length) if mp3 else (1, channels * length)
            frame = AudioFrame.from_ndarray(np.zeros(shape, np.int16), form, layout)
            frame.rate, frame.pts, frame.time_base = _RATE, at, Fraction(1, _RATE)
            container.mux(stream.encode(frame))
            left, at = left - length, at + length
        container.mux(stream.encode(None))


def write_subtitles(path: Path, cues: Iterable[tuple[float, float, str]]) -> None:
    """Write subtitles in SubRip format."""
    blocks = (
        f"{number}\n{_clock(begin)} --> {_clock(end)}\n{line}\n"
        for number, (begin, end, line) in enumerate(cues, start=1)
    )
    path.write_text("\n".join(blocks), encoding="utf-8")


def write_timestamps(path: Path, text: str, seconds: float) -> None:
    """Write the time of each character as JSON; the form of the service's file is not documented."""
    cues = timed([character for character in text if not character.isspace()] or ["…"], seconds)
    words = [
        {"start_time": round(b * 1000), "end_time": round(e * 1000), "text": text} for b, e, text in cues
    ]
    path.write_text(json.dumps({"placeholder": MARK, "words": words}, ensure_ascii=False), encoding="utf-8")


def _clock(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02},{rest % 1000:03}"
