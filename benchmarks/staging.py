"""Compare staging 1 GB (from moto, 256 MB) with a plain copy between the same ends: throughput and memory.

    python benchmarks/staging.py [--from-disk 1024] [--from-s3 256]

A file on a local disk and an object on moto's S3 are copied to the emulator's OSS, alternately with
``shutil.copyfileobj`` into a single PutObject and by staging, each in a process of its own whose peak memory is
measured. Only the ratios are meaningful: both contain the machine's speed.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import logging
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from report import Goal, report, table

MEGABYTE = 1 << 20
TURNS = 3
DISK, S3 = "a local disk", "S3 (moto)"
KEY = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
LEAST_RATIO, MOST_MEMORY = 0.8, 100.0
IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


@dataclass(frozen=True)
class Measured:
    """Measurements of one copy.

    :param seconds: from the source's metadata request until the object has its name
    :param megabytes_more: peak memory above that of the process before the copy
    """

    seconds: float
    megabytes_more: float


def serve_oss(folder: str) -> None:
    """Run the emulator and print its connection, until the process is stopped."""
    from airflow_provider_viapi.emulator.server import EmulatorServer

    with EmulatorServer(transforms={}, data_dir=Path(folder)) as server:
        print(server.connection_json(), flush=True)
        time.sleep(24 * 3600)


def serve_s3(megabytes: str) -> None:
    """Run moto's S3 with an object of the given size and print its connection, until the process is stopped."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    client = boto3.client("s3", endpoint_url=endpoint, **KEY)
    client.create_bucket(Bucket="media")
    client.put_object(Bucket="media", Key="film.mp4", Body=b"".join(film(int(megabytes))))
    extra = {"endpoint_url": endpoint, "region_name": "us-east-1"}
    print(json.dumps({"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}), flush=True)
    time.sleep(24 * 3600)


def film(megabytes: int) -> Iterator[bytes]:
    """Yield an MP4 file: a second of pictures, and random bytes that a probe skips."""
    import av

    encoded = io.BytesIO()
    with av.open(encoded, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height = 640, 480
        for _ in range(25):
            container.mux(stream.encode(av.VideoFrame(640, 480, "yuv420p")))
        container.mux(stream.encode())
    clip, block = encoded.getvalue(), os.urandom(MEGABYTE)
    rest = megabytes * MEGABYTE - len(clip)
    yield clip
    yield rest.to_bytes(4, "big") + b"free" + block[: (rest - 8) % MEGABYTE]
    for _ in range((rest - 8) // MEGABYTE):
        yield block


def copy(how: str, source: str) -> None:
    """Copy once and print what was measured."""
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    from airflow_provider_viapi.alibaba.services import videoenhan
    from airflow_provider_viapi.fs.oss_client import open_oss
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.media.inputs.staging import Staging

    # Load and connect what both need before measuring.
    path, hook = ObjectStoragePath(source), ViapiHook("benchmark_oss")
    path.fs.exists(path.path)
    oss = open_oss(hook)
    oss.put("team", "warm")
    size = path.fs.info(path.path)["size"]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    if how == "staging":
        log = logging.getLogger("benchmark")
        staging = Staging(hook, to="oss://team/staged", dag_run="benchmark", holder="benchmark", log=log)
        staging.stage(videoenhan.ERASE_VIDEO_SUBTITLES, {"VideoUrl": source})
    else:
        with path.fs.open(path.path, "rb") as incoming:
            put(oss, incoming, size)
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "megabytes_more": (after - before) / 1024}), flush=True)


def put(oss: object, incoming: object, size: int) -> None:
    """Send a PutObject whose body is copied into the socket."""
    signed = oss._client.presign(  # type: ignore[attr-defined]
        oss._sdk.PutObjectRequest("team", "plain.mp4"),  # type: ignore[attr-defined]
        expiration=datetime.now(timezone.utc) + timedelta(hours=1),
    )
    parts = urlsplit(signed.url)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.putrequest("PUT", f"{parts.path}?{parts.query}")
    for name, value in {**signed.signed_headers, "Content-Length": str(size)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    with connection.sock.makefile("wb") as outgoing:
        shutil.copyfileobj(incoming, outgoing)  # type: ignore[misc]
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()


@contextmanager
def running(*arguments: str) -> Iterator[str]:
    """Run this script in a process of its own and yield its line of output."""
    process = subprocess.Popen(
        [sys.executable, __file__, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield next(line.strip() for line in process.stdout if line.startswith("{"))
    finally:
        process.terminate()
        process.wait()


def measure(how: str, source: str) -> Measured:
    """Measure one copy to a new emulator, since it keeps all objects."""
    with (
        tempfile.TemporaryDirectory(prefix="viapi-benchmark-", dir=IN_MEMORY) as folder,
        running("serve-oss", folder) as connection,
    ):
        os.environ["AIRFLOW_CONN_BENCHMARK_OSS"] = connection
        with running("copy", how, source) as line:
            return Measured(**json.loads(line))


def measure_file(megabytes: int) -> dict[str, list[Measured]]:
    with tempfile.TemporaryDirectory(prefix="viapi-benchmark-") as folder:
        path = Path(folder) / "film.mp4"
        with path.open("wb") as file:
            file.writelines(film(megabytes))
        return alternate(lambda how: measure(how, path.as_uri()))


def measure_s3(megabytes: int) -> dict[str, list[Measured]]:
    with running("serve-s3", str(megabytes)) as connection:
        os.environ["AIRFLOW_CONN_BENCHMARK_S3"] = connection
        return alternate(lambda how: measure(how, "s3://benchmark_s3@media/film.mp4"))


def alternate(once: Callable[[str], Measured]) -> dict[str, list[Measured]]:
    measured: dict[str, list[Measured]] = {"copyfileobj": [], "staging": []}
    for _ in range(TURNS):
        for how, taken in measured.items():
            taken.append(once(how))
    return measured


def main(megabytes: dict[str, int]) -> int:
    """Measure both ends, report, and return the exit status."""
    with tempfile.TemporaryDirectory(prefix="viapi-benchmark-") as home:
        os.environ["AIRFLOW_HOME"] = home
        os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
        measured = {DISK: measure_file(megabytes[DISK]), S3: measure_s3(megabytes[S3])}
    rows, goals = [], []
    for end, by_how in measured.items():
        speed = {
            how: megabytes[end] / median(each.seconds for each in taken) for how, taken in by_how.items()
        }
        memory = {how: max(each.megabytes_more for each in taken) for how, taken in by_how.items()}
        ratio = speed["staging"] / speed["copyfileobj"]
        figures = (speed["copyfileobj"], speed["staging"], memory["copyfileobj"], memory["staging"])
        rows.append([end, f"{megabytes[end]}", f"{ratio:.2f}", *(f"{figure:.0f}" for figure in figures)])
        goals += [
            Goal(
                f"throughput from {end} at least {LEAST_RATIO} of a plain copy's",
                f"{ratio:.2f}",
                ratio >= LEAST_RATIO,
            ),
            Goal(
                f"memory while staging from {end} less than {MOST_MEMORY:.0f} MB above idle",
                f"{memory['staging']:.0f} MB",
                memory["staging"] < MOST_MEMORY,
            ),
        ]
    heading = (
        *("from", "MB", "ratio of throughput"),
        *("plain copy, MB/s", "staging, MB/s", "plain copy, MB of memory", "staging, MB of memory"),
    )
    body = f"""# Staging

A file is copied to the emulator's OSS in two ways, {TURNS} times each: with `shutil.copyfileobj` into the body of one
PutObject, and by staging. The table shows the median of the throughput, and the additional memory at the peak. The
machine is shared with other work, so compare the ratios, not the speeds. The emulator keeps its objects in memory
here (`/dev/shm`). It writes each part twice: when the part arrives, and when it joins the parts. OSS joins parts
without making the caller wait.

{table(heading, rows)}"""
    packages = ("apache-airflow", "alibabacloud-oss-v2", "s3fs", "fsspec", "moto")
    return report("staging", body, goals, packages)


if __name__ == "__main__":
    own = {"serve-oss": serve_oss, "serve-s3": serve_s3, "copy": copy}
    given = sys.argv[1:]
    if given and given[0] in own:
        own[given[0]](*given[1:])
    else:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--from-disk", type=int, default=1024, metavar="MEGABYTES")
        parser.add_argument("--from-s3", type=int, default=256, metavar="MEGABYTES")
        options = parser.parse_args()
        sys.exit(main({DISK: options.from_disk, S3: options.from_s3}))
