"""Clients that wait for jobs: this provider's trigger, Databricks', the two usual patterns; bare calls; an idle loop.

A program: it prints a line when it is ready, reads the number of jobs, waits for all of them, and prints its
measurements. The usual patterns poll each job every ten seconds and know no quota; a throttled call, at which the
usual trigger fails, is only counted here, so that their wait can be measured to its end.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import ssl
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.rpc import decode, encode
from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.emulator.access_keys import AccessKey
from airflow_provider_viapi.errors import TransientError
from airflow_provider_viapi.http import HttpResponse
from airflow_provider_viapi.jobs.model import RequestNonce
from airflow_provider_viapi.renewable_credentials import Credentials
from airflow_provider_viapi.triggers.job import ViapiJobTrigger
from lower_bound import QUOTA
from waiting_emulator import job_id

if TYPE_CHECKING:
    import httpx

SECONDS_BETWEEN_POLLS = 10.0


class Measurements:
    """Measurements of a run: when each job was noticed, which jobs met a refusal, and the cost."""

    def __init__(self) -> None:
        self.noticed: dict[int, float] = {}
        self.failed: dict[int, str] = {}
        self.refused: set[int] = set()
        self.errors = 0
        self.longest_cpu = self.longest_wall = self.longest_collection = 0.0
        self._collecting = 0.0
        self._process = psutil.Process()
        self.rss_before = self.rss_most = self._process.memory_info().rss

    async def sample_memory(self) -> None:
        while True:
            self.rss_most = max(self.rss_most, self._process.memory_info().rss)
            await asyncio.sleep(0.5)

    def watch_steps(self) -> None:
        """Measure the longest step of the event loop from now on, without garbage collection.

        A collection traverses all of Airflow's objects, whichever allocation starts it.
        """
        run, began = asyncio.Handle._run, 0.0

        def collecting(phase: str, _: object) -> None:
            nonlocal began
            if phase == "start":
                began = time.thread_time()
            else:
                self.longest_collection = max(self.longest_collection, time.thread_time() - began)
                self._collecting += time.thread_time() - began

        def timed(handle: asyncio.Handle) -> None:
            self._collecting = 0.0
            wall, cpu = time.perf_counter(), time.thread_time()
            run(handle)
            self.longest_wall = max(self.longest_wall, time.perf_counter() - wall - self._collecting)
            self.longest_cpu = max(self.longest_cpu, time.thread_time() - cpu - self._collecting)

        gc.callbacks.append(collecting)
        asyncio.Handle._run = timed  # type: ignore[method-assign]


Waiter = Callable[[int, Measurements], Awaitable[None]]


def ours(url: str, scale: float) -> Waiter:
    """Wait with this provider's trigger, driven as a triggerer does."""
    from airflow_provider_viapi.alibaba.job_backend import ViapiJobBackend

    ViapiJobBackend.list_interval = 5.0 / scale
    deadline = (datetime.now(timezone.utc) + timedelta(days=1)).isoformat()

    async def wait(number: int, watched: Measurements) -> None:
        trigger = ViapiJobTrigger(
            job_id=job_id(number), action="videoenhan.EraseVideoSubtitles", deadline=deadline
        )
        async for event in trigger.run():
            report = event.payload.get("report", {})
            if report.get("outcome") == "succeeded":
                watched.noticed[number] = time.time()
            else:
                watched.failed[number] = json.dumps(event.payload)

    return wait


def usual(url: str, scale: float, *, session_per_poll: bool) -> Waiter:
    """Wait as the usual triggers do; certificates are loaded only once, which not all of them do."""
    import httpx

    key = AccessKey()
    account = Account(Credentials(key.id, key.secret), endpoint=url)
    action = videoenhan.GET_ASYNC_JOB_RESULT
    context = ssl.create_default_context()

    async def poll(http: httpx.AsyncClient, number: int) -> dict[str, Any]:
        request = encode(
            action, {"JobId": job_id(number)}, account, account.credentials.current(), RequestNonce.new()
        )
        answer = await http.request(
            request.method, request.url, content=request.body, headers=request.headers
        )
        return decode(action, HttpResponse(answer.status_code, answer.content))

    async def is_done(http: httpx.AsyncClient, number: int, watched: Measurements) -> bool:
        try:
            return (await poll(http, number))["Data"]["Status"] == "PROCESS_SUCCESS"
        except TransientError:
            watched.refused.add(number)
        except httpx.HTTPError:
            watched.errors += 1
        return False

    async def wait_with_own(number: int, watched: Measurements) -> None:
        async with httpx.AsyncClient(verify=context) as http:
            while not await is_done(http, number, watched):
                await asyncio.sleep(SECONDS_BETWEEN_POLLS / scale)
        watched.noticed[number] = time.time()

    async def wait_with_new(number: int, watched: Measurements) -> None:
        while True:
            async with httpx.AsyncClient(verify=context) as http:
                if await is_done(http, number, watched):
                    break
            await asyncio.sleep(SECONDS_BETWEEN_POLLS / scale)
        watched.noticed[number] = time.time()

    return wait_with_new if session_per_poll else wait_with_own


def databricks(url: str, scale: float) -> Waiter:
    """Wait with the trigger of Airflow's Databricks provider, for runs of ``databricks_api.py``."""
    from airflow.providers.databricks.triggers.databricks import DatabricksExecutionTrigger

    async def wait(number: int, watched: Measurements) -> None:
        trigger = DatabricksExecutionTrigger(
            run_id=number,
            databricks_conn_id="databricks_default",
            # Annotated as whole seconds, which it does not need.
            polling_period_seconds=SECONDS_BETWEEN_POLLS / scale,  # type: ignore[arg-type]
        )
        async for event in trigger.run():
            if '"SUCCESS"' in event.payload["run_state"]:
                watched.noticed[number] = time.time()
            else:
                watched.failed[number] = str(event.payload)

    return wait


def bare(url: str, scale: float) -> Waiter:
    """Send one call per job at the rate of the quota, and do nothing else: what a job costs at least."""
    import aiohttp

    key = AccessKey()
    account = Account(Credentials(key.id, key.secret), endpoint=url)
    action, rate = videoenhan.GET_ASYNC_JOB_RESULT, QUOTA * scale
    http: aiohttp.ClientSession | None = None

    async def call(number: int, watched: Measurements) -> None:
        nonlocal http
        if http is None:
            context = ssl.create_default_context()
            http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context))
        await asyncio.sleep(number / rate)
        request = encode(
            action, {"JobId": job_id(number)}, account, account.credentials.current(), RequestNonce.new()
        )
        async with http.request(
            request.method, request.url, data=request.body, headers=request.headers
        ) as answer:
            await answer.read()
        watched.noticed[number] = time.time()

    return call


def idle(url: str, scale: float) -> Waiter:
    """Sleep, in as many tasks as there are jobs."""

    async def sleep(number: int, watched: Measurements) -> None:
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_POLLS / scale)

    return sleep


CLIENTS: dict[str, Callable[[str, float], Waiter]] = {
    "ours": ours,
    "session per trigger": lambda url, scale: usual(url, scale, session_per_poll=False),
    "session per poll": lambda url, scale: usual(url, scale, session_per_poll=True),
    "databricks": databricks,
    "bare": bare,
    "idle": idle,
}


async def wait_for_all(wait: Waiter, jobs: int, watched: Measurements, most_seconds: float) -> None:
    sampling = asyncio.ensure_future(watched.sample_memory())
    waiting = []
    for number in range(jobs):
        waiting.append(asyncio.ensure_future(wait(number, watched)))
        if number % 100 == 99:
            await asyncio.sleep(0)
    _, late = await asyncio.wait(waiting, timeout=most_seconds)
    for task in (*late, sampling):
        task.cancel()
    await asyncio.gather(*waiting, sampling, return_exceptions=True)
    for task in waiting:
        if not task.cancelled() and task.exception() is not None:
            watched.failed[waiting.index(task)] = repr(task.exception())


def main(who: str, url: str, scale: float, most_seconds: float) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    wait = CLIENTS[who](url, scale)
    output, sys.stdout = sys.stdout, Path(os.devnull).open("w")  # noqa: SIM115
    print("ready", file=output, flush=True)
    jobs = int(sys.stdin.readline())
    watched = Measurements()
    watched.watch_steps()
    began, cpu = time.perf_counter(), time.process_time()

    def finish() -> None:
        found = {
            "noticed": dict(watched.noticed),
            "failed": dict(watched.failed),
            "refused_jobs": len(watched.refused),
            "errors": watched.errors,
            "cpu": time.process_time() - cpu,
            "seconds": time.perf_counter() - began,
            "rss": watched.rss_most - watched.rss_before,
            "stall_cpu": watched.longest_cpu,
            "stall_wall": watched.longest_wall,
            "collection": watched.longest_collection,
        }
        print(json.dumps(found), file=output, flush=True)
        os._exit(0)

    # A loop that is saturated by its own polls does not notice the timeout.
    watchdog = threading.Timer(most_seconds + 10, finish)
    watchdog.daemon = True
    watchdog.start()
    asyncio.run(wait_for_all(wait, jobs, watched, most_seconds))
    finish()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
