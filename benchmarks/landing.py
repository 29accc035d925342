"""Compare landing 1 GB (on moto, 256 MB) with a plain copy between the same ends: throughput and memory.

    python benchmarks/landing.py [--to-disk 1024] [--to-s3 256]

A process serves a file on loopback. It is copied to a local disk and to moto's S3, alternately with
``shutil.copyfileobj`` and by landing, each in a process of its own whose peak memory is measured. Only the ratios are
meaningful: both contain the machine's speed.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3

from report import Goal, report, table

MEGABYTE = 1 << 20
TURNS = 5
DISK, S3 = "a local disk", "S3 (moto)"
KEY = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
LEAST_RATIO, MOST_MEMORY = 0.8, 100.0


@dataclass(frozen=True)
class Measured:
    """Measurements of one copy.

    :param seconds: from the request until the file has its final name
    :param megabytes_more: peak memory above that of the process before the copy
    """

    seconds: float
    megabytes_more: float


def serve(megabytes: int) -> None:
    """Serve a file of the given size and print its address, until the process is stopped."""
    block = os.urandom(MEGABYTE)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(megabytes * MEGABYTE))
            self.end_headers()
            for _ in range(megabytes):
                self.wfile.write(block)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}/film.mp4", flush=True)
    server.serve_forever()


def serve_s3() -> None:
    """Be moto's S3 and print its address; until the process is ended."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    print(f"http://127.0.0.1:{server.get_host_and_port()[1]}", flush=True)
    time.sleep(24 * 3600)


def copy(how: str, source: str, to: str) -> None:
    """Copy once and print what was measured."""
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    from airflow_provider_viapi.alibaba.services import videoenhan
    from airflow_provider_viapi.http_settings import HttpSettings
    from airflow_provider_viapi.media import ssrf_guard  # noqa: F401
    from airflow_provider_viapi.media.outputs import resumable_download  # noqa: F401
    from airflow_provider_viapi.media.outputs.landing import Landing

    # Load and connect what both need before measuring.
    path = ObjectStoragePath(to)
    path.fs.exists(path.path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    if how == "landing":
        Landing(
            to,
            videoenhan.ERASE_VIDEO_SUBTITLES,
            {"task_id": "benchmark"},
            http=HttpSettings(),
            log=logging.getLogger("benchmark"),
            allowed_hosts=["127.0.0.1"],
        ).land({"VideoUrl": source})
    else:
        with urllib.request.urlopen(source) as incoming, path.fs.open(path.path, "wb") as outgoing:
            shutil.copyfileobj(incoming, outgoing)
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "megabytes_more": (after - before) / 1024}), flush=True)


@contextmanager
def running(*arguments: str) -> Iterator[str]:
    """Run this script in a process of its own and yield its line of output."""
    process = subprocess.Popen(
        [sys.executable, __file__, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        yield next(line.strip() for line in process.stdout if line.startswith(("http:", "{")))
    finally:
        process.terminate()
        process.wait()


def measure(how: str, source: str, to: str) -> Measured:
    with running("copy", how, source, to) as line:
        return Measured(**json.loads(line))


def measure_file(megabytes: int) -> dict[str, list[Measured]]:
    with (
        running("serve", str(megabytes)) as source,
        tempfile.TemporaryDirectory(prefix="viapi-benchmark-") as folder,
    ):
        path = Path(folder) / "film.mp4"

        def once(how: str) -> Measured:
            # Replacing a file costs more than creating one.
            path.unlink(missing_ok=True)
            return measure(how, source, path.as_uri())

        return _alternate(once)


def measure_s3(megabytes: int) -> dict[str, list[Measured]]:
    def once(how: str) -> Measured:
        # A new server each time: moto keeps all objects in memory.
        with running("serve-s3") as endpoint:
            boto3.client("s3", endpoint_url=endpoint, **KEY).create_bucket(Bucket="media")
            extra = {"endpoint_url": endpoint, "region_name": "us-east-1"}
            os.environ["AIRFLOW_CONN_BENCHMARK"] = json.dumps(
                {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}
            )
            return measure(how, source, "s3://benchmark@media/film.mp4")

    with running("serve", str(megabytes)) as source:
        return _alternate(once)


def _alternate(once: Callable[[str], Measured]) -> dict[str, list[Measured]]:
    measured: dict[str, list[Measured]] = {"copyfileobj": [], "landing": []}
    for _ in range(TURNS):
        for how, taken in measured.items():
            taken.append(once(how))
    return measured


def main(megabytes: dict[str, int]) -> int:
    """Measure both ends, report, and return the exit status."""
    with tempfile.TemporaryDirectory(prefix="viapi-benchmark-") as home:
        os.environ["AIRFLOW_HOME"] = home
        os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
        measured = {
            DISK: measure_file(megabytes[DISK]),
            S3: measure_s3(megabytes[S3]),
        }
    rows, goals = [], []
    for end, by_how in measured.items():
        speed = {how: megabytes[end] / min(each.seconds for each in taken) for how, taken in by_how.items()}
        memory = {how: max(each.megabytes_more for each in taken) for how, taken in by_how.items()}
        ratio = speed["landing"] / speed["copyfileobj"]
        figures = (speed["copyfileobj"], speed["landing"], memory["copyfileobj"], memory["landing"])
        rows.append([end, f"{megabytes[end]}", f"{ratio:.2f}", *(f"{figure:.0f}" for figure in figures)])
        goals += [
            Goal(
                f"throughput to {end} at least {LEAST_RATIO} of a plain copy's",
                f"{ratio:.2f}",
                ratio >= LEAST_RATIO,
            ),
            Goal(
                f"memory while landing on {end} less than {MOST_MEMORY:.0f} MB above idle",
                f"{memory['landing']:.0f} MB",
                memory["landing"] < MOST_MEMORY,
            ),
        ]
    heading = (
        *("to", "MB", "ratio of throughput"),
        *("plain copy, MB/s", "landing, MB/s", "plain copy, MB of memory", "landing, MB of memory"),
    )
    body = f"""# Landing

A file on a loopback server is copied to the same destination in two ways, {TURNS} times each: with
`shutil.copyfileobj`, and by landing. The table shows the best throughput and the additional memory at the peak. The
machine is shared with other work, so compare the ratios, not the speeds. moto joins the parts of a large upload so
slowly that clients time out, so its file is smaller.

{table(heading, rows)}"""
    packages = ("apache-airflow", "apache-airflow-providers-amazon", "s3fs", "fsspec", "moto")
    return report("landing", body, goals, packages)


if __name__ == "__main__":
    given = sys.argv[1:]
    if given[:1] == ["serve"]:
        serve(int(given[1]))
    elif given[:1] == ["serve-s3"]:
        serve_s3()
    elif given[:1] == ["copy"]:
        copy(*given[1:])
    else:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--to-disk", type=int, default=1024, metavar="MEGABYTES")
        parser.add_argument("--to-s3", type=int, default=256, metavar="MEGABYTES")
        options = parser.parse_args()
        sys.exit(main({DISK: options.to_disk, S3: options.to_s3}))
