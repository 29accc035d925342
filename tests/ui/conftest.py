"""Headless Chromium and a real Airflow with the plugin. Skipped where Playwright or Chromium is missing."""

from __future__ import annotations

import functools
import io
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest

import media_samples
from airflow_database import AIRFLOW_VERSION
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.plugins import ViapiPlugin
from local_airflow import LocalAirflow
from media.moto_s3 import Bucket, connection_json, make_bucket, moto_server
from scripted_server import serving
from served_folder import ServedFolder
from ui.window import WIDE, Open, Window

REPOSITORY = Path(__file__).parents[2]
OSS = "oss://viapi_default@team"
"""A bucket of the emulator's own storage."""
USERS = {"admin": "admin", "watcher": "viewer"}


def chromium() -> str | None:
    """Return the path of a Chromium of this machine."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("VIAPI_TEST_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


class UiAirflow(LocalAirflow):
    """Airflow with two users, whose passwords are their names."""

    def token(self, user: str) -> str:
        response = httpx.post(
            f"{self.url}/auth/token", json={"username": user, "password": user}, trust_env=False
        )
        return str(response.raise_for_status().json()["access_token"])

    def _log_in(self) -> None:
        self.rest.headers["Authorization"] = f"Bearer {self.token('admin')}"


@dataclass(frozen=True)
class Deployment:
    """Airflow, the emulator and a bucket.

    :param s3: address of the bucket's server
    :param base: address of a folder of media that the browser can read
    :param plain: address of the same folder on a server that ignores ranges
    """

    airflow: UiAirflow
    emulator: EmulatorServer
    bucket: Bucket
    s3: str
    base: str
    plain: str

    def clear(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Clear a task, as a user does."""
        body = {"dry_run": False, "dag_run_id": run_id, "task_ids": [task_id], "only_failed": False}
        self.airflow.rest.post(f"/dags/{dag_id}/clearTaskInstances", json=body).raise_for_status()

    def run(self, dag_id: str, *, wait: bool = True, **conf: Any) -> str:
        run_id = self.airflow.trigger(dag_id, conf, parse_timeout=90)
        if wait:
            self.airflow.wait(dag_id, run_id)
        return run_id


class RangeHandler(SimpleHTTPRequestHandler):
    """Serves ranges of files, as object storage does: without them a browser cannot seek."""

    def log_message(self, *_: object) -> None:
        pass

    def send_head(self) -> Any:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        if wanted is None or not path.is_file():
            return super().send_head()
        content = path.read_bytes()
        part = content[int(wanted[1]) : int(wanted[2]) + 1 if wanted[2] else None]
        self.send_response(206)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Length", str(len(part)))
        last = int(wanted[1]) + len(part) - 1
        self.send_header("Content-Range", f"bytes {wanted[1]}-{last}/{len(content)}")
        self.end_headers()
        return io.BytesIO(part)


@pytest.fixture(scope="session")
def media(served: ServedFolder) -> Iterator[ServedFolder]:
    """Serve the media of the DAGs; ``served`` serves the same files without ranges."""
    with serving(functools.partial(RangeHandler, directory=str(served.path))) as url:
        yield _with_media(ServedFolder(served.path, url))


def _with_media(served: ServedFolder) -> ServedFolder:
    import wave

    from PIL import Image, ImageEnhance

    media_samples.burn_subtitles(
        media_samples.big_buck_bunny(), served.path / "film.mp4", seconds=3, size=(640, 360)
    )
    _write_mpeg4(served.path / "old.mp4")
    (served.path / "letter.mp4").write_text("Dear reader, this is no video.")
    image = Image.open(media_samples.photographs()["coffee"]).convert("RGB")
    ImageEnhance.Color(image).enhance(0.1).save(served.path / "before.jpg")
    image.save(served.path / "after.jpg")
    with wave.open(str(served.path / "speech.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(2 * 8000 * 2))
    return served


def _write_mpeg4(path: Path) -> None:
    """Write a video with sound in a codec that no browser has."""
    import av
    import numpy as np

    with av.open(str(path), "w") as container:
        frames = container.add_stream("mpeg4", rate=25, width=320, height=180, pix_fmt="yuv420p")
        sound = container.add_stream("aac", rate=44100)
        for shade in range(0, 250, 10):
            frame = av.VideoFrame.from_ndarray(np.full((180, 320, 3), shade, np.uint8), format="rgb24")
            container.mux(frames.encode(frame))
        second = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), format="fltp", layout="mono")
        second.sample_rate = 44100
        for packets in (frames.encode(), sound.encode(second), sound.encode()):
            container.mux(packets)


@pytest.fixture(scope="session")
def deployment(
    tmp_path_factory: pytest.TempPathFactory, media: ServedFolder, served: ServedFolder
) -> Iterator[Deployment]:
    if chromium() is None:
        pytest.skip("no Chromium on this machine; VIAPI_TEST_CHROMIUM names one")
    pytest.importorskip("playwright.sync_api")
    if not getattr(ViapiPlugin, "external_views", None):
        pytest.skip("this Airflow shows no views of plugins")
    home, dags = tmp_path_factory.mktemp("airflow"), tmp_path_factory.mktemp("dags")
    shutil.copytree(Path(__file__).parent / "dags", dags, dirs_exist_ok=True)
    for example in ("erase_resize_index", "product_to_avatar_video", "vias_smoke_and_fire"):
        shutil.copy(REPOSITORY / "dags_examples" / f"{example}.py", dags)
    passwords = home / "passwords.json"
    passwords.write_text(json.dumps({user: user for user in USERS}))
    prices = {"currency": "CNY", "actions": {"videoenhan.*": {"per_minute": {"720p": 1.2, "1440p": 2.4}}}}
    with moto_server() as s3, EmulatorServer() as emulator:
        environment = {
            "AIRFLOW_CONN_VIAPI_DEFAULT": emulator.connection_json(),
            "AIRFLOW_CONN_HUAWEICLOUD_DEFAULT": emulator.huawei_connection_json(),
            "AIRFLOW_CONN_MOTO": connection_json(s3),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(":".join(each) for each in USERS.items()),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
            "AIRFLOW__CORE__AUTH_MANAGER": "restricted_auth.RestrictedAuthManager",
            "AIRFLOW__VIAPI__PRICES": json.dumps(prices),
            # Airflow 3.3 keeps the state of a cleared task; before it there is no store, and 3.4 empties it.
            **(
                {}
                if (3, 3) <= AIRFLOW_VERSION < (3, 4)
                else {"AIRFLOW__VIAPI__STATE_PATH": f"file://{home}/state"}
            ),
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
        }
        bucket = make_bucket(s3, "moto")
        with UiAirflow(dags_folder=dags, home=home, environment=environment) as airflow:
            yield Deployment(airflow, emulator, bucket, s3, media.url, served.url)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def window(browser: Any, deployment: Deployment) -> Iterator[Open]:
    opened: list[Window] = []

    def make(user: str | None = "admin", *, dark: bool = False, size: Any = WIDE) -> Window:
        opened.append(Window(browser, deployment, user, dark=dark, size=size))
        return opened[-1]

    yield make
    for each in opened:
        each.context.close()
        assert each.problems == []


@pytest.fixture(scope="session")
def film(media: ServedFolder) -> str:
    return media.address("film.mp4")


@pytest.fixture(scope="session")
def story(deployment: Deployment, film: str) -> str:
    return deployment.run("erase_resize_index", video_url=film)


@pytest.fixture(scope="session")
def fake_views(deployment: Deployment) -> str:
    return deployment.run("fake_views", base=deployment.base, plain=deployment.plain)


@pytest.fixture(scope="session")
def landed(deployment: Deployment, film: str) -> str:
    return deployment.run("landed_film", video_url=film, folder=deployment.bucket.url)


@pytest.fixture(scope="session")
def landed_on_oss(deployment: Deployment, film: str) -> str:
    return deployment.run("landed_film", video_url=film, folder=OSS)
