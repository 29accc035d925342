"""Fill an image database with 5,000 images at a quota of 50 per second, uninterrupted and killed halfway.

The emulator, a server with a few small images and the indexing are separate processes on loopback. Writes
``benchmarks/results/indexing.md`` and exits with 0 only if every goal is reached::

    python benchmarks/indexing.py [--images 5000] [--qps 50]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import media_samples
from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.client import open_async_client
from airflow_provider_viapi.image_index.images import ImageEntry, parse_images
from airflow_provider_viapi.image_index.imgsearch_database import ImageDatabase
from airflow_provider_viapi.image_index.indexer import Indexer
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
from airflow_provider_viapi.renewable_credentials import Credentials
from report import Goal, report, table

EMULATOR = Path(sys.executable).with_name("viapi-emulator")
KEY = ("viapi-emulator", "viapi-emulator-secret")
DATABASE = "bench"
LEAST_USE = 0.95
SLACK = 0.98
"""Share of the quota that the indexing uses. Calls that leave at equal intervals do not arrive at equal intervals,
and a call that arrives too early is refused and causes a pause."""


@dataclass(frozen=True)
class Environment:
    """Emulator and images of one run.

    :param endpoint: address of the emulator
    :param images: addresses of the images, repeated under new entity ids
    :param database: the emulator's sqlite file
    """

    endpoint: str
    images: list[str]
    database: Path

    def count(self) -> tuple[int, int]:
        """Return the number of entries and of different entity ids."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            entries, different = connection.execute(
                "SELECT COUNT(*), COUNT(DISTINCT entity_id) FROM images"
            ).fetchone()
        finally:
            connection.close()
        return entries, different


@contextmanager
def process(*command: str, ready: str) -> Iterator[str]:
    """Run a command, yield the rest of the line that begins with ``ready``, and stop it."""
    running = subprocess.Popen([sys.executable, "-u", *command], stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        line = running.stdout.readline()
        assert line.startswith(ready), line
        yield line.removeprefix(ready).strip()
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(30)


@contextmanager
def environment_with(qps: int) -> Iterator[Environment]:
    """Start the emulator with an empty database, and a server with images."""
    with tempfile.TemporaryDirectory() as folder:
        served = Path(folder, "images")
        served.mkdir()
        for name, path in media_samples.photographs().items():
            with Image.open(path) as image:
                image.convert("RGB").resize((160, 160)).save(served / f"{name}.jpg")
        data = Path(folder, "emulator")
        emulator = (str(EMULATOR), "--port", "0", "--qps", str(qps), "--data-dir", str(data))
        server = ("-c", SERVER, str(served))
        with (
            process(*emulator, ready="VIAPI emulator ready on ") as endpoint,
            process(*server, ready="port ") as port,
        ):
            addresses = [f"http://127.0.0.1:{port}/{path.name}" for path in sorted(served.iterdir())]
            create_database(endpoint)
            yield Environment(endpoint, addresses, data / "images.sqlite")


SERVER = """
import functools, http.server, sys
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=sys.argv[1]))
print("port", server.server_port)
try:
    server.serve_forever()
except KeyboardInterrupt:
    pass
"""


def create_database(endpoint: str) -> None:
    from airflow_provider_viapi.alibaba.client import Client
    from airflow_provider_viapi.alibaba.services.imgsearch import CREATE_IMAGE_DB

    with Client(account(endpoint)) as client:
        client.call(CREATE_IMAGE_DB, {"Name": DATABASE})


def account(endpoint: str) -> Account:
    return Account(Credentials(*KEY), endpoint=endpoint)


async def index(endpoint: str, addresses: list[str], images: int, qps: float) -> dict[str, Any]:
    """Index once and return the report with the seconds spent before and while sending."""
    first: list[float] = []

    @asynccontextmanager
    async def unchanged(image: ImageEntry) -> AsyncIterator[str]:
        first.append(time.monotonic())
        yield image.address

    pictures = parse_images(
        [
            {"image_url": addresses[number % len(addresses)], "entity_id": f"e{number:05}"}
            for number in range(images)
        ]
    )
    log = logging.getLogger("indexing")
    began = time.monotonic()
    async with await open_async_client(account(endpoint)) as client:
        database = ImageDatabase(client, DATABASE, read_qps=qps)
        indexer = Indexer(database, RateLimiter(qps), unchanged, max_failed=0, log=log)
        report = await indexer.run(pictures)
    ended = time.monotonic()
    return {**report.as_dict(), "before": first[0] - began, "sending": ended - first[0]}


def run(environment: Environment, images: int, qps: float, kill_at: int | None = None) -> dict[str, Any]:
    """Index in a process of its own; with ``kill_at``, kill it once the database holds that many images."""
    specification = json.dumps([environment.endpoint, environment.images, images, qps])
    child = subprocess.Popen(
        [sys.executable, __file__, "--child", specification], stdout=subprocess.PIPE, text=True
    )
    if kill_at is None:
        output, _ = child.communicate()
        return dict(json.loads(output))
    began = time.monotonic()
    while environment.count()[0] < kill_at:
        assert child.poll() is None, "the indexing ended before it was killed"
        time.sleep(0.2)
    child.kill()
    child.wait()
    return {"sending": time.monotonic() - began}


def calls(endpoint: str) -> dict[str, dict[str, int]]:
    import urllib.request

    with urllib.request.urlopen(f"{endpoint}/_emulator/calls") as answer:
        return dict(json.load(answer))


def measure(images: int, qps: int) -> int:
    """Run both variants, report, and return the exit status."""
    rate = qps * SLACK
    rows, goals = [], []
    for name, kill_at in (("uninterrupted", None), ("killed halfway, run again", images // 2)):
        with environment_with(qps) as environment:
            if kill_at is not None:
                run(environment, images, rate, kill_at)
            result = run(environment, images, rate)
            entries, different = environment.count()
            refused = calls(environment.endpoint)["AddImage"]["rejected"]
        use = result["added"] / result["sending"] / qps
        counts = [f"{result[each]:,}" for each in ("found", "added")]
        times = [f"{result[each]:.1f} s" for each in ("before", "sending")]
        rows.append([name, *counts, *times, f"{use:.3f}", str(refused), str(entries - different)])
        goals += [
            Goal(f"{name}: {LEAST_USE} of the quota used while sending", f"{use:.3f}", use >= LEAST_USE),
            Goal(f"{name}: no duplicates", str(entries - different), entries == different),
            Goal(f"{name}: all {images:,} images in the database", f"{different:,}", different == images),
        ]
    heading = "run", "found", "added", "before", "sending", "share of the quota", "throttled", "duplicates"
    body = f"""
# Indexing in bulk

{images:,} images into one database. The emulator's quota is {qps} calls per second; the indexing uses {rate:g}.
*Before* is the time before the first image is sent: the run lists the database and, after an interrupted run, waits
until it stops changing. *Throttled* counts all refused calls, including those of the killed run. Emulator, image
server and indexing run on one machine.

{table(heading, rows)}
"""
    return report("indexing", body, goals)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--qps", type=int, default=50)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(asyncio.run(index(*json.loads(options.child)))))
        return 0
    return measure(options.images, options.qps)


if __name__ == "__main__":
    sys.exit(main())
