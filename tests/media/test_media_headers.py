"""Length, size and frame rate of files, from their headers alone."""

from __future__ import annotations

import io
import shutil
import struct
import wave
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from s3fs import S3File

import media_samples
from airflow_provider_viapi.http_settings import HttpSettings
from airflow_provider_viapi.jobs.usage_and_cost import Prices, Rate, Usage
from airflow_provider_viapi.media.media_headers import measure, read_clip
from media.moto_s3 import Bucket, bucket, moto_endpoint
from scripted_server import serving
from served_folder import ServedFolder

__all__ = ["bucket", "moto_endpoint"]


@pytest.fixture(scope="module")
def film(served: ServedFolder) -> Path:
    return Path(shutil.copy(media_samples.big_buck_bunny(), served.path / "measured.mp4"))


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_video_has_its_length_size_and_frame_rate(served: ServedFolder, film: Path, kind: str) -> None:
    address = f"file://{film}" if kind == "file" else served.address(film.name)

    clip = measure(address, HttpSettings(), ["127.0.0.1"])

    assert clip is not None
    assert (clip.width, clip.height, round(clip.frame_rate)) == (1280, 720, 25)
    assert clip.seconds == pytest.approx(5.3, abs=0.3)


def test_an_index_at_the_end_of_a_large_file_is_found_without_reading_the_rest(film: Path) -> None:
    data = film.read_bytes()
    padding = (300_000_000).to_bytes(4, "big") + b"free"
    head, rest = data[:32], data[32:]
    start = int.from_bytes(head[:4], "big")

    class Sparse(io.RawIOBase):
        """The film with 300 MB of nothing behind its first box."""

        position = 0
        read_bytes = 0

        def seek(self, offset: int, whence: int = 0) -> int:  # words: ok
            self.position = offset
            return offset

        def read(self, size: int = -1) -> bytes:
            self.read_bytes += size
            at, self.position = self.position, self.position + size
            if at < start:
                return (head + rest)[at : at + size]
            if at < start + 300_000_000:
                return (padding + bytes(16))[at - start : at - start + size]
            return (head + rest)[at - 300_000_000 : at - 300_000_000 + size]

    file = Sparse()
    clip = read_clip(file)

    assert clip is not None
    assert clip.width == 1280
    assert file.read_bytes < 200_000


def test_of_a_long_film_in_s3_little_is_read(
    film: Path, bucket: Bucket, moto_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = film.read_bytes()
    start = int.from_bytes(data[:4], "big")
    padding = (60 << 20).to_bytes(4, "big") + b"free" + bytes((60 << 20) - 8)
    bucket.client.put_object(Bucket=bucket.name, Key="long.mp4", Body=data[:start] + padding + data[start:])
    read: list[int] = []
    fetch = S3File._fetch_range

    def count(file: S3File, first: int, end: int) -> bytes:
        content: bytes = fetch(file, first, end)
        read.append(len(content))
        return content

    monkeypatch.setattr(S3File, "_fetch_range", count)

    clip = measure(f"{bucket.url}/long.mp4", HttpSettings())

    assert clip is not None and clip.width == 1280
    assert sum(read) < 1 << 20


def test_of_a_long_film_in_oss_little_is_sent(film: Path) -> None:
    data = film.read_bytes()
    start = int.from_bytes(data[:4], "big")
    padding = (40 << 20).to_bytes(4, "big") + b"free" + bytes((40 << 20) - 8)
    content = data[:start] + padding + data[start:]
    sent: list[int] = []

    class Oss(BaseHTTPRequestHandler):
        """Sends the whole object unless the range lies in it."""

        def do_GET(self) -> None:
            first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
            part = content[first : last + 1] if first <= last < len(content) else content
            self.send_response(206 if part is not content else 200)
            self.send_header("Content-Length", str(len(part)))
            if part is not content:
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
            self.end_headers()
            sent.append(len(part))
            self.wfile.write(part)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Oss) as url:
        clip = measure(f"{url}/long.mp4", HttpSettings(), ["127.0.0.1"])

    assert clip is not None and clip.width == 1280
    assert sum(sent) < 1 << 20


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_the_length_of_a_wav_file_that_was_streamed_is_not_known(size: int) -> None:
    form = struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
    header = b"RIFF" + struct.pack("<I", size) + b"WAVEfmt " + form + b"data" + struct.pack("<I", size)

    assert read_clip(io.BytesIO(header + bytes(64000))) is None


def test_a_wav_file_with_a_damaged_header_is_not_read_into_memory() -> None:
    class Counted(io.BytesIO):
        longest = 0

        def read(self, size: int | None = -1) -> bytes:
            self.longest = max(self.longest, size or 0)
            return super().read(size)

    file = Counted(b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<I", 0xFFFFFFF0) + bytes(1 << 20))

    assert read_clip(file) is None
    assert file.longest < 1 << 20


@pytest.mark.parametrize("duration", [0, 0xFFFFFFFF])
def test_the_length_of_a_film_that_does_not_state_it_costs_nothing_that_is_known(
    film: Path, duration: int
) -> None:
    data = bytearray(film.read_bytes())
    at = data.index(b"mvhd") + 4 + 16
    data[at : at + 4] = struct.pack(">I", duration)

    clip = read_clip(io.BytesIO(bytes(data)))
    usage = Usage.of_job("a.B", clip, Prices("CNY", {"a.B": Rate(per_minute={None: 1.0})}))

    assert clip is not None and clip.width == 1280
    assert (usage.measured, usage.cost, usage.as_dict()["output_seconds"]) == (0, None, None)


def test_a_wav_file_has_its_length(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(2 * 8000 * 3))

    clip = measure(f"file://{tmp_path}/a.wav", HttpSettings())

    assert clip is not None
    assert (clip.seconds, clip.width) == (3.0, 0)


@given(data=st.binary(max_size=200), kind=st.sampled_from([b"ftyp", b"moov", b"mdat", b"RIFF"]))
def test_a_damaged_file_has_no_length_and_no_error(data: bytes, kind: bytes) -> None:
    header = b"RIFF\0\0\0\0WAVE" if kind == b"RIFF" else (16).to_bytes(4, "big") + kind

    read_clip(io.BytesIO(header + data))


@given(at=st.integers(0, 400_000), value=st.integers(0, 255))
def test_a_film_with_a_wrong_byte_is_measured_or_not(at: int, value: int) -> None:
    data = bytearray(media_samples.big_buck_bunny().read_bytes())
    data[-1 - at % len(data)] = value

    read_clip(io.BytesIO(bytes(data)))
