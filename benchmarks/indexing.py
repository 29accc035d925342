"""Fill an image database with 5,000 pictures at a quota of 50 a second, once through and once killed in the middle.

The emulator, a server with a few small pictures and the indexing are processes of their own on loopback. Writes
``benchmarks/results/indexing.md`` and ends with 0 only if every goal is reached::

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
from airflow_provider_viapi.alibaba.client import open_async_client
from airflow_provider_viapi.alibaba.config import Account
from airflow_provider_viapi.credentials import Credentials
from airflow_provider_viapi.image_index.database import ImageDatabase
from airflow_provider_viapi.image_index.image import Picture, read_pictures
from airflow_provider_viapi.image_index.indexer import Indexer
from airflow_provider_viapi.jobs.rate_limiter import RateLimiter
from report import Goal, report, table

EMULATOR = Path(sys.executable).with_name("viapi-emulator")
KEY = ("viapi-emulator", "viapi-emulator-secret")
DATABASE = "bench"
LEAST_USE = 0.95
SLACK = 0.98
"""Of the quota that the indexing is told to use. Calls that leave evenly do not arrive evenly, and one that arrives
too early is refused and costs a pause."""


@dataclass(frozen=True)
class Stage:
    """Where an indexing takes place.

    :param endpoint: the emulator
    :param pictures: addresses of the pictures, repeated under ever new entity ids
    :param database: the emulator's sqlite file
    """

    endpoint: str
    pictures: list[str]
    database: Path

    def count(self) -> tuple[int, int]:
        """Entries, and different entity ids among them."""
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
    """Run a command, give the rest of the line that begins with ``ready``, and end it."""
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
def staged(qps: int) -> Iterator[Stage]:
    """The emulator with an empty database, and pictures that are served."""
    with tempfile.TemporaryDirectory() as folder:
        served = Path(folder, "pictures")
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
            yield Stage(endpoint, addresses, data / "images.sqlite")


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
    """What one run does, and how long it was sending."""
    first: list[float] = []

    @asynccontextmanager
    async def as_it_is(picture: Picture) -> AsyncIterator[str]:
        first.append(time.monotonic())
        yield picture.address

    pictures = read_pictures(
        [
            {"image_url": addresses[number % len(addresses)], "entity_id": f"e{number:05}"}
            for number in range(images)
        ]
    )
    log = logging.getLogger("indexing")
    began = time.monotonic()
    async with await open_async_client(account(endpoint)) as client:
        database = ImageDatabase(client, DATABASE, looks=qps)
        indexer = Indexer(database, RateLimiter(qps), as_it_is, max_failed=0, log=log)
        report = await indexer.run(pictures)
    ended = time.monotonic()
    return {**report.as_dict(), "before": first[0] - began, "sending": ended - first[0]}


def run(stage: Stage, images: int, qps: float, kill_at: int | None = None) -> dict[str, Any]:
    """Index in a process of its own; killed once the database holds so many."""
    specification = json.dumps([stage.endpoint, stage.pictures, images, qps])
    child = subprocess.Popen(
        [sys.executable, __file__, "--child", specification], stdout=subprocess.PIPE, text=True
    )
    if kill_at is None:
        output, _ = child.communicate()
        return dict(json.loads(output))
    began = time.monotonic()
    while stage.count()[0] < kill_at:
        assert child.poll() is None, "it ended before it was killed"
        time.sleep(0.2)
    child.kill()
    child.wait()
    return {"sending": time.monotonic() - began}


def calls(endpoint: str) -> dict[str, dict[str, int]]:
    import urllib.request

    with urllib.request.urlopen(f"{endpoint}/_emulator/calls") as answer:
        return dict(json.load(answer))


def measure(images: int, qps: int) -> int:
    """Both runs; returns the exit status."""
    told = qps * SLACK
    rows, goals = [], []
    for name, kill_at in (("once through", None), ("killed in the middle, run again", images // 2)):
        with staged(qps) as stage:
            if kill_at is not None:
                run(stage, images, told, kill_at)
            result = run(stage, images, told)
            entries, different = stage.count()
            refused = calls(stage.endpoint)["AddImage"]["rejected"]
        use = result["added"] / result["sending"] / qps
        counts = [f"{result[each]:,}" for each in ("found", "added")]
        times = [f"{result[each]:.1f} s" for each in ("before", "sending")]
        rows.append([name, *counts, *times, f"{use:.3f}", str(refused), str(entries - different)])
        goals += [
            Goal(f"{name}: {LEAST_USE} of the quota used while sending", f"{use:.3f}", use >= LEAST_USE),
            Goal(f"{name}: no duplicates", str(entries - different), entries == different),
            Goal(f"{name}: all {images:,} there", f"{different:,}", different == images),
        ]
    heading = "run", "found", "added", "before", "sending", "share of the quota", "throttled", "duplicates"
    body = f"""
# Indexing in bulk

{images:,} pictures into one database at the emulator's quota of {qps} a second; the indexing is told to make
{told:g} calls a second. *Before* is what the run does before it sends the first picture: it looks at what is there
and, after a run that was broken off, waits until the database stands still. *Throttled* are all calls refused, those
of the killed run included. Emulator, pictures and indexing are processes on one machine.

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
