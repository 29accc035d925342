"""An emulator whose jobs are only states: it fetches, produces and stores no media.

A program: it writes its certificate to the path in ``SSL_CERT_FILE``, sends messages to the queue in
``VIAPI_BENCH_JOB_MESSAGES_URL``, if that is set, prints its address, reads a line of JSON with
the duration of each job in seconds, and prints the time at which all of them started. When its input ends, it prints
the numbers of accepted and refused calls and exits.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.emulator import job_actions
from airflow_provider_viapi.emulator.access_keys import AccessKey
from airflow_provider_viapi.emulator.certificate import Certificate
from airflow_provider_viapi.emulator.data_folder import DataFolder
from airflow_provider_viapi.emulator.engine import Engine
from airflow_provider_viapi.emulator.http_server import HttpServer
from airflow_provider_viapi.emulator.job_messages import JobMessageSender
from airflow_provider_viapi.emulator.jobs import Job


class SeededEngine(Engine):
    """An engine with jobs that were not submitted and are not processed."""

    def start(self) -> None:
        super().start()
        self.loop = asyncio.get_running_loop()

    def seed(self, seconds: list[float]) -> None:
        now = time.time()
        for number, each in enumerate(seconds):
            job = Job(job_id(number), videoenhan.ERASE_VIDEO_SUBTITLES, {}, {}, now)
            job.start(now)
            self._queue._jobs[job.id] = job
            made = {"VideoUrl": f"http://127.0.0.1/{job.id}.mp4"}
            self.loop.call_later(each, partial(job.succeed, made, {}, now + each))
            self.job_messages.follow(job)
        print(json.dumps({"began": now}), flush=True)


def job_id(number: int) -> str:
    """Return the id of a job by its number."""
    return f"00000000-0000-0000-0000-{number:012}"


def main(results_per_second: int, seconds_between_lists: float) -> None:
    job_actions.LIST_INTERVAL = seconds_between_lists
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(4096)
    with ExitStack() as running:
        folder = running.enter_context(closing(DataFolder()))
        quota = {"GetAsyncJobResult": results_per_second}
        job_messages = JobMessageSender(os.environ.get("VIAPI_BENCH_JOB_MESSAGES_URL"))
        engine = SeededEngine(
            folder, keys=[AccessKey()], transforms={}, calls_per_second=quota, job_messages=job_messages
        )
        certificate = Certificate(folder.objects)
        Path(os.environ["SSL_CERT_FILE"]).write_bytes(certificate.pem)
        running.enter_context(HttpServer(engine, listener, certificate, ()))
        print(f"https://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        for line in sys.stdin:
            engine.loop.call_soon_threadsafe(engine.seed, json.loads(line))
        print(json.dumps(engine.calls()), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
