"""Length, picture size and frame rate of a video are checked before anything is paid, wherever it is stored."""

from __future__ import annotations

import io
import logging
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest

import media_samples
from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.errors import InvalidMedia
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.media.inputs.request_media import check_links
from airflow_provider_viapi.media.inputs.source import stat
from airflow_provider_viapi.media.inputs.source_validation import check_source_file
from airflow_provider_viapi.media.probe import MediaFacts, probe
from airflow_provider_viapi.media_limits import MediaLimits
from airflow_provider_viapi.renewable_credentials import Credentials
from media.moto_s3 import Bucket, bucket, moto_endpoint  # noqa: F401
from scripted_server import serving

av = pytest.importorskip("av")
log = logging.getLogger("test")
EVERY_KIND = ["mp4", "mov", "mkv", "avi", "flv", "ts", "mpg"]


def clip(
    path: Path, size: tuple[int, int] = (640, 480), seconds: float = 4, rate: int = 10, varies: bool = False
) -> Path:
    """Write a clip of still pictures."""
    with av.open(str(path), "w") as target:
        codec = "mpeg2video" if path.suffix == ".mpg" else "flv" if path.suffix == ".flv" else "libx264"
        stream = target.add_stream(codec, rate=25 if codec == "mpeg2video" else rate)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        rate = 25 if codec == "mpeg2video" else rate
        stream.codec_context.time_base = Fraction(1, rate)
        frame = av.VideoFrame(*size, "yuv420p")
        for number in range(int(seconds * rate)):
            frame.pts = number if not varies or number < 10 else 10 + 4 * (number - 10)
            frame.time_base = Fraction(1, rate)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


def facts(path: Path) -> MediaFacts:
    with path.open("rb") as file:
        found = probe(file, path.stat().st_size)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_container_that_an_action_reads_states_length_and_size(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("pymediainfo")

    found = facts(clip(tmp_path / f"a.{kind}"))

    assert found.size == (640, 480)
    assert found.seconds == pytest.approx(4, abs=0.3)
    assert not found.varies


def test_a_real_film_is_measured() -> None:
    film = media_samples.big_buck_bunny()
    with av.open(str(film)) as container:
        video = container.streams.video[0]
        expected = (video.width, video.height), container.duration / av.time_base

    found = facts(Path(film))

    assert found.size == expected[0]
    assert found.seconds == pytest.approx(expected[1], abs=0.2)


def test_a_variable_frame_rate_is_seen(tmp_path: Path) -> None:
    pytest.importorskip("pymediainfo")

    assert facts(clip(tmp_path / "a.mp4", varies=True)).varies
    assert not facts(clip(tmp_path / "b.mp4")).varies


@pytest.mark.parametrize("content", [b"", b"nonsense" * 999, b"\x00\x00\x00\x18ftypmp42" + bytes(2000)])
def test_a_file_of_which_nothing_can_be_read_is_unknown(content: bytes) -> None:
    assert probe(io.BytesIO(content), len(content)) is None


def test_a_storage_that_fails_leaves_the_file_unknown(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4")
    file = path.open("rb")
    file.close()

    assert probe(file, path.stat().st_size) is None


@pytest.mark.parametrize(("limit", "value"), [("max_bytes", 1000), ("max_seconds", 0.0)])
def test_a_probe_ends_at_its_limits(limit: str, value: float, tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mkv")

    with path.open("rb") as file:
        assert probe(file, path.stat().st_size, **{limit: value}) is None


class Counting(io.FileIO):
    count = 0

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(-1 if size is None else size) or b""
        self.count += len(content)
        return content


def test_little_is_read_of_a_large_film(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4")
    content = path.read_bytes()
    at = content.index(b"moov") - 4
    # The index is at the end, behind 40 MB of pictures.
    filler = (40 << 20).to_bytes(4, "big") + b"free" + bytes((40 << 20) - 8)
    path.write_bytes(content[:at] + filler + content[at:])

    with Counting(path) as file:
        found = probe(file, path.stat().st_size)  # type: ignore[arg-type]

    assert found is not None
    assert found.size == (640, 480)
    assert file.count < 2 << 20


def refusal(address: str, limits: MediaLimits) -> str:
    with pytest.raises(InvalidMedia) as caught:
        check_source_file(
            stat(address, ViapiHook()), limits, parameter="VideoUrl", action="EnhanceVideoQuality", log=log
        )
    return str(caught.value)


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_a_refusal_names_parameter_file_what_is_given_and_what_is_allowed(kind: str, tmp_path: Path) -> None:
    if kind != "mp4":
        pytest.importorskip("pymediainfo")
    path = clip(tmp_path / f"a.{kind}", (320, 240))
    limits = MediaLimits(min_pixels=(360, 360), max_seconds=600)

    text = refusal(path.as_uri(), limits)

    for part in ("VideoUrl", path.name, "320×240", "360×360"):
        assert part in text
    long = refusal(path.as_uri(), MediaLimits(max_seconds=2))
    assert "is 4.0 s long; allowed: at most 2 s" in long


def test_portrait_and_a_little_more_than_the_length_pass(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", (480, 640))
    limits = MediaLimits(min_pixels=(600, 400), max_pixels=(700, 500), max_seconds=3.5)

    check_source_file(stat(path.as_uri(), ViapiHook()), limits, parameter="VideoUrl", action="A", log=log)


def test_a_variable_frame_rate_is_refused_where_the_documents_say_so(tmp_path: Path) -> None:
    pytest.importorskip("pymediainfo")
    path = clip(tmp_path / "a.mp4", varies=True)

    assert "variable frame rate" in refusal(path.as_uri(), MediaLimits(constant_frame_rate=True))


def test_a_video_that_is_cut_off_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    path = clip(tmp_path / "a.mp4")
    limits = MediaLimits(cut_after=2, scaled_above=600)

    check_source_file(stat(path.as_uri(), ViapiHook()), limits, parameter="VideoUrl", action="A", log=log)

    assert "VideoUrl is 4 s long: the service ignores what follows after 2 s" in caplog.text
    assert "640×480 pixels: the service scales it down" in caplog.text


def test_a_video_in_object_storage_is_checked(bucket: Bucket, tmp_path: Path) -> None:  # noqa: F811
    path = clip(tmp_path / "a.mp4")
    bucket.client.put_object(Bucket=bucket.name, Key="a.mp4", Body=path.read_bytes())

    assert "is 4.0 s long" in refusal(f"{bucket.url}/a.mp4", MediaLimits(max_seconds=2))


class RangeHandler(SimpleHTTPRequestHandler):
    """Serves a folder, with ranges."""

    with_size = True

    def do_GET(self) -> None:
        content = Path(self.translate_path(self.path)).read_bytes()
        first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
        part = content[int(first) : int(last) + 1]
        self.send_response(206)
        size = len(content) if self.with_size else "*"
        self.send_header("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{size}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        pass


class SizelessHandler(RangeHandler):
    """Does not say how large a file is."""

    with_size = False


class BreakingHandler(RangeHandler):
    """Breaks off after the first byte of the file was requested."""

    def do_GET(self) -> None:
        if self.headers["Range"] == "bytes=0-0":
            super().do_GET()
        else:
            self.send_response(206)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(b"\x00\x00\x00\x18ftypmp42")
            self.close_connection = True


def check(handler: type[RangeHandler], path: Path, query: str = "") -> None:
    with serving(partial(handler, directory=str(path.parent))) as url:
        account = Account(Credentials("id", "secret"), endpoint=url)
        check_links(videoenhan.ENHANCE_VIDEO_QUALITY, {"VideoURL": f"{url}/{path.name}{query}"}, account, log)


def test_a_video_behind_a_link_is_checked_and_its_signature_is_not_shown(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", (320, 240))

    with pytest.raises(InvalidMedia, match=r"VideoURL.*a\.mp4 has 320×240 pixels.*360×360") as caught:
        check(RangeHandler, path, "?Signature=secret")

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("handler", [SizelessHandler, BreakingHandler])
def test_a_link_of_which_nothing_can_be_read_passes(handler: type[RangeHandler], tmp_path: Path) -> None:
    check(handler, clip(tmp_path / "a.mp4", (320, 240)))


def test_a_good_video_behind_a_link_passes(tmp_path: Path) -> None:
    check(RangeHandler, clip(tmp_path / "a.mp4"))
