"""Measure how many signed polls per core the emulator answers, so that it does not limit other measurements.

A poll is a GetAsyncJobResult whose signature, timestamp and nonce are checked. Only the CPU time
of the emulator's process counts; the callers are another process.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psutil
import requests

from airflow_provider_viapi.alibaba.account import Account, Signature
from airflow_provider_viapi.alibaba.client import Client
from airflow_provider_viapi.alibaba.rpc import encode
from airflow_provider_viapi.alibaba.services import viapi, videoenhan
from airflow_provider_viapi.emulator.access_keys import AccessKey
from airflow_provider_viapi.jobs.model import RequestNonce
from airflow_provider_viapi.renewable_credentials import Credentials
from report import Goal, report, table

POLLS = 6_000
ROUNDS = 5
CONNECTIONS = 16
REQUIRED = 3_000
KEY = AccessKey()
SIGNATURES: tuple[Signature, ...] = ("1.0", "ACS3-HMAC-SHA256")


def main() -> int:
    """Measure both signatures alternately and report the medians."""
    polls: dict[str, list[float]] = {signature: [] for signature in SIGNATURES}
    with emulator() as (process, url):
        job_id = submitted_job(url)
        for _ in range(ROUNDS):
            for signature in SIGNATURES:
                before = cpu_seconds(process)
                load(url, signature, job_id)
                polls[signature].append(POLLS / (cpu_seconds(process) - before))
    medians = {signature: statistics.median(found) for signature, found in polls.items()}
    rows = [
        (signature, f"{medians[signature]:,.0f}", f"{min(found):,.0f}–{max(found):,.0f}")
        for signature, found in polls.items()
    ]
    heading = ("signature", "polls per CPU second, median", f"min–max of {ROUNDS} rounds")
    goals = [
        Goal(
            f"polls with signature {signature} per CPU second, at least {REQUIRED:,}",
            f"{median:,.0f}",
            median >= REQUIRED,
        )
        for signature, median in medians.items()
    ]
    return report("emulator_polls", table(heading, rows), goals, ["starlette", "uvicorn", "httptools"])


@contextmanager
def emulator() -> Iterator[tuple[psutil.Process, str]]:
    """Run the emulator's command in a process of its own."""
    command = [sys.executable, "-c", "from airflow_provider_viapi.emulator.cli import main; main()"]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [*command, "--port", "0", "--data-dir", folder], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        try:
            yield psutil.Process(process.pid), process.stdout.readline().split()[-1]
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU seconds of the process itself, without its workers."""
    times = process.cpu_times()
    return float(times.user + times.system)


def account(url: str, signature: Signature) -> Account:
    """The emulator's only user."""
    return Account(Credentials(KEY.id, KEY.secret), endpoint=url, signature=signature)


def submitted_job(url: str) -> str:
    """Submit a job that stays in PROCESSING for an hour, without media work."""
    fault = {
        "action": "EraseVideoSubtitles",
        "job": {"processing": 3600, "state": "PROCESS_FAILED"},
    }
    requests.post(f"{url}/_emulator/faults", json=fault, timeout=30).raise_for_status()
    with Client(account(url, "1.0")) as client:
        answer = client.call(videoenhan.ERASE_VIDEO_SUBTITLES, {"VideoUrl": "http://127.0.0.1/clip.mp4"})
    return str(answer["RequestId"])


def load(url: str, signature: Signature, job_id: str) -> None:
    """Poll from another process, which signs all requests before it starts."""
    subprocess.run([sys.executable, __file__, url, signature, job_id], check=True)


async def poll_all(url: str, signature: Signature, job_id: str) -> None:
    """Send all polls over a few connections, each waiting for a response before the next request."""
    polls = [signed_poll(account(url, signature), job_id) for _ in range(POLLS)]
    host, port = urlsplit(url).hostname, urlsplit(url).port

    async def send_polls() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        while polls:
            writer.write(polls.pop())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            response = await reader.readexactly(int(length.split(b":")[1]))
            assert b'"PROCESSING"' in response, response
        writer.close()

    await asyncio.gather(*(send_polls() for _ in range(CONNECTIONS)))


def signed_poll(account: Account, job_id: str) -> bytes:
    """Return a poll as sent on the wire, with the headers that an HTTP client adds."""
    request = encode(
        viapi.GET_ASYNC_JOB_RESULT,
        {"JobId": job_id},
        account,
        account.credentials.current(),
        RequestNonce.new(),
    )
    address = urlsplit(request.url)
    headers = {
        "host": address.netloc,
        "user-agent": "python-httpx/0.28.1",
        "accept-encoding": "gzip, deflate",
        "connection": "keep-alive",
        "content-length": str(len(request.body)),
        **{name.lower(): value for name, value in request.headers.items()},
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    target = f"{address.path}?{address.query}" if address.query else address.path
    return f"{request.method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + request.body


if __name__ == "__main__":
    if len(sys.argv) > 1:
        url, signature, job_id = sys.argv[1:]
        asyncio.run(poll_all(url, "1.0" if signature == "1.0" else "ACS3-HMAC-SHA256", job_id))
    else:
        sys.exit(main())
