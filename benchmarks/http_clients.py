"""Measure asynchronous HTTP clients: CPU per keep-alive call over TLS, longest step of the loop, and ``NO_PROXY``.

Each client runs in a process of its own, in turn with the others, and calls the same local server with requests and
responses of a poll's size. ``floor`` is asyncio's own streams with a request that is already formatted: what TLS and
the loop cost. Calls are measured without reading the environment, which this provider does itself; aiohttp starts a
thread's work for each call otherwise. Clients that are not installed are left out.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_viapi.emulator.certificate import Certificate
from report import Goal, report, table

CALLS = 3_000
ROUNDS = 5
QUERY = (
    "/?AccessKeyId=LTAI000000000000&Action=GetAsyncJobResult&Format=JSON&SignatureMethod=HMAC-SHA1"
    "&SignatureNonce=0123456789abcdef0123456789abcdef&SignatureVersion=1.0&Timestamp=2026-01-01T00%3A00%3A00Z"
    "&Version=2020-03-20&Signature=abcdefghijklmnopqrstuvwxyz0%3D"
)
BODY = b"JobId=00000000-0000-0000-0000-000000000000"
HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
ANSWER = json.dumps(
    {
        "RequestId": "00000000-0000-0000-0000-000000000000",
        "Data": {"JobId": "00000000-0000-0000-0000-000000000000", "Status": "PROCESSING", "Result": ""},
    }
).encode()
Call = Callable[[str], Awaitable[bytes]]


async def httpx(stack: AsyncExitStack, context: ssl.SSLContext, *, environment: bool) -> Call:
    import httpx

    client = await stack.enter_async_context(httpx.AsyncClient(verify=context, trust_env=environment))

    async def call(url: str) -> bytes:
        return (await client.request("POST", url, content=BODY, headers=HEADERS)).content

    return call


async def httpx2(stack: AsyncExitStack, context: ssl.SSLContext, *, environment: bool) -> Call:
    import httpx2

    client = await stack.enter_async_context(httpx2.AsyncClient(verify=context, trust_env=environment))

    async def call(url: str) -> bytes:
        return (await client.request("POST", url, content=BODY, headers=HEADERS)).content

    return call


async def aiohttp(stack: AsyncExitStack, context: ssl.SSLContext, *, environment: bool) -> Call:
    import aiohttp

    client = await stack.enter_async_context(
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context), trust_env=environment)
    )

    async def call(url: str) -> bytes:
        async with client.post(url, data=BODY, headers=HEADERS) as response:
            return await response.read()

    return call


async def niquests(stack: AsyncExitStack, context: ssl.SSLContext, *, environment: bool) -> Call:
    import niquests

    client: Any = await stack.enter_async_context(niquests.AsyncSession())
    client.trust_env = environment
    # It takes the path of a bundle, no context.
    client.verify = os.environ["BENCHMARK_CERTIFICATE"]

    async def call(url: str) -> bytes:
        return bytes((await client.post(url, data=BODY, headers=HEADERS)).content or b"")

    return call


async def floor(stack: AsyncExitStack, context: ssl.SSLContext, *, environment: bool) -> Call:
    streams: list[Any] = []

    async def call(url: str) -> bytes:
        parts = urlsplit(url)
        if not streams:
            streams.extend(await asyncio.open_connection(parts.hostname, parts.port, ssl=context))
            stack.callback(streams[1].close)
        reader, writer = streams
        head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
        writer.write(
            f"POST {QUERY} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(BODY)}\r\n{head}\r\n".encode()
            + BODY
        )
        await reader.readuntil(b"\r\n\r\n")
        return bytes(await reader.readexactly(len(ANSWER)))

    return call


CLIENTS = {each.__name__: each for each in (floor, aiohttp, httpx, httpx2, niquests)}
NO_PROXY = {
    "localhost,127.0.0.1,[::1]": ("https://127.0.0.1:{port}/", "direct"),
    "127.0.0.0/8": ("https://127.0.0.1:{port}/", "direct"),
    "localhost:{port}": ("https://localhost:{port}/", "direct"),
    "localhost:1": ("https://localhost:{port}/", "proxy"),
    "::1": ("https://[::1]:{port}/", "direct"),
    "[::1": ("https://127.0.0.1:{port}/", "proxy"),
}
"""By value of ``NO_PROXY``: the address that is called, and how it should be reached."""


async def measure(name: str, url: str) -> dict[str, float]:
    """Return CPU and wall time per call, and the longest step of the loop, in ms; connecting included in the step."""
    context = ssl.create_default_context(cafile=os.environ["BENCHMARK_CERTIFICATE"])
    longest, run = 0.0, asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        nonlocal longest
        cpu = time.thread_time()
        run(handle)
        longest = max(longest, time.thread_time() - cpu)

    async with AsyncExitStack() as stack:
        call = await CLIENTS[name](stack, context, environment=False)
        gc.collect()
        gc.disable()
        asyncio.Handle._run = timed  # type: ignore[method-assign]
        assert await call(url + QUERY) == ANSWER
        for _ in range(100):
            await call(url + QUERY)
        asyncio.Handle._run = run  # type: ignore[method-assign]
        gc.enable()
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(CALLS):
            await call(url + QUERY)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": 1000 * cpu / CALLS, "wall": 1000 * wall / CALLS, "step": 1000 * longest}


async def reach(name: str, port: int, proxy_port: int) -> dict[str, str]:
    """Return how the client reached the address of each ``NO_PROXY``: direct, proxy, or the name of its exception."""
    context = ssl.create_default_context(cafile=os.environ["BENCHMARK_CERTIFICATE"])
    found = {}
    os.environ.update(
        HTTPS_PROXY=f"http://127.0.0.1:{proxy_port}", HTTP_PROXY=f"http://127.0.0.1:{proxy_port}"
    )
    for value, (url, _) in NO_PROXY.items():
        os.environ["NO_PROXY"] = value.format(port=port)
        try:
            async with AsyncExitStack() as stack:
                call = await CLIENTS[name](stack, context, environment=True)
                found[value] = "direct" if await call(url.format(port=port)) == ANSWER else "other"
        except Exception as error:
            text = "".join(f"{each}" for each in (error, error.__cause__, error.__context__))
            found[value] = (
                "proxy" if "refused by the proxy" in text or "418" in text else type(error).__name__
            )
    return found


class Server(asyncio.Protocol):
    """Answers each request with the same response."""

    def connection_made(self, transport: Any) -> None:
        self.transport, self.received = transport, b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = self.received[:end].lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            if len(self.received) < end + 4 + length:
                return
            self.received = self.received[end + 4 + length :]
            self.transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\n"
                b"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nConnection: keep-alive\r\n"
                b"x-acs-request-id: 00000000-0000-0000-0000-000000000000\r\n"
                b"Content-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER
            )


class RefusingProxy(asyncio.Protocol):
    """Refuses every tunnel, in a way that the caller can recognize."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(b"HTTP/1.1 418 refused by the proxy\r\nContent-Length: 0\r\n\r\n")
        self.transport.close()


async def serve(folder: str) -> None:
    """Serve until standard input ends; print the ports of the server and of the proxy."""
    loop, certificate = asyncio.get_running_loop(), Certificate(Path(folder))
    context = certificate.server_context()
    Path(folder, "authority.pem").write_bytes(certificate.pem)
    server = await loop.create_server(Server, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    with suppress(OSError):
        await loop.create_server(Server, "::1", port, ssl=context)
    proxy = await loop.create_server(RefusingProxy, "127.0.0.1", 0)
    print(port, proxy.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


@contextmanager
def running_server() -> Iterator[tuple[int, int, dict[str, str]]]:
    """Run the server in a process; yields its port, the proxy's, and the environment of the clients."""
    hidden = ("proxy", "_ca_bundle", "ssl_cert")
    environment = {k: v for k, v in os.environ.items() if not any(part in k.lower() for part in hidden)}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "serve", folder]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin is not None and process.stdout is not None
        try:
            port, proxy = map(int, process.stdout.readline().split())
            yield port, proxy, environment | {"BENCHMARK_CERTIFICATE": f"{folder}/authority.pem"}
        finally:
            process.stdin.close()
            process.wait(30)
            process.stdout.close()


def in_process(environment: dict[str, str], *arguments: object) -> Any:
    command = [sys.executable, __file__, *map(str, arguments)]
    return json.loads(
        subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, timeout=120).stdout
    )


def main() -> int:
    """Measure all installed clients in turn, and report the medians."""
    names = [name for name in CLIENTS if name == "floor" or find_spec(name)]
    with running_server() as (port, proxy, environment):
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
        for _ in range(ROUNDS):
            for name in names:
                runs[name].append(in_process(environment, "measure", name, f"https://127.0.0.1:{port}"))
        reached = {name: in_process(environment, "reach", name, port, proxy) for name in names[1:]}
    medians = {
        name: {each: statistics.median(run[each] for run in found) for each in ("cpu", "wall", "step")}
        for name, found in runs.items()
    }
    rows = [
        (
            name,
            f"{found['cpu']:.3f}",
            f"{min(run['cpu'] for run in runs[name]):.3f}–{max(run['cpu'] for run in runs[name]):.3f}",
            f"{found['cpu'] / medians['aiohttp']['cpu']:.1f}",
            f"{found['step']:.1f}",
        )
        for name, found in medians.items()
    ]
    heading = (
        "client",
        "CPU ms per call, median",
        f"min–max of {ROUNDS} rounds",
        "× aiohttp",
        "longest step ms, CPU",
    )
    proxies = [
        (f"`{value}`", urlsplit(url).hostname or "", wanted, *(reached[name][value] for name in names[1:]))
        for value, (url, wanted) in NO_PROXY.items()
    ]
    others = {name: found["cpu"] for name, found in medians.items() if name not in ("floor", "aiohttp")}
    best = min(others, key=lambda name: others[name])
    ratio = others[best] / medians["aiohttp"]["cpu"]
    goals = [
        Goal(
            "the client that is used (aiohttp) needs the least CPU per call",
            f"{ratio:.1f} × less than {best}",
            ratio > 1,
        ),
        Goal(
            "the client that is used (aiohttp) never blocks the loop over 50 ms",
            f"{medians['aiohttp']['step']:.1f} ms",
            medians["aiohttp"]["step"] <= 50,
        ),
    ]
    body = (
        f"{table(heading, rows)}\n\nHow each client, by its own reading of the environment, reaches an address:\n\n"
        f"{table(('`NO_PROXY`', 'host', 'expected', *names[1:]), proxies)}"
    )
    return report("http_clients", body, goals, names[1:])


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            sys.exit(main())
        case ["serve", folder]:
            asyncio.run(serve(folder))
        case ["measure", name, url]:
            print(json.dumps(asyncio.run(measure(name, url))))
        case ["reach", name, port, proxy]:
            print(json.dumps(asyncio.run(reach(name, int(port), int(proxy)))))
