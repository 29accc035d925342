"""The one call of Databricks' API with which its trigger polls, over TLS, for runs that are only states.

A program with the same protocol as ``waiting_emulator.py``.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.certificate import Certificate

ends: list[float] = []
calls = 0


class Api(asyncio.Protocol):
    """Answers GET /api/2.1/jobs/runs/get; the run's number is in the body, where aiohttp puts ``json``."""

    def connection_made(self, transport: Any) -> None:
        self.transport, self.received = transport, b""

    def data_received(self, data: bytes) -> None:
        global calls
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        if not found or len(body) < length:
            return
        self.received = body[length:]
        calls += 1
        number = int(json.loads(body[:length])["run_id"])
        done = time.time() >= ends[number]
        state = {
            "life_cycle_state": "TERMINATED" if done else "RUNNING",
            "result_state": "SUCCESS" if done else "",
            "state_message": "",
            "user_cancelled_or_timedout": False,
        }
        answer = json.dumps({"run_id": number, "state": state, "run_page_url": ""}).encode()
        start = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self.transport.write(start % len(answer) + answer)


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        certificate = Certificate(Path(folder))
        Path(os.environ["SSL_CERT_FILE"]).write_bytes(certificate.pem)
        loop, context = asyncio.get_running_loop(), certificate.server_context()
        server = await loop.create_server(Api, "127.0.0.1", 0, ssl=context, backlog=4096)
        print(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            began = time.time()
            ends.extend(began + seconds for seconds in json.loads(line))
            print(json.dumps({"began": began}), flush=True)
        print(json.dumps({"runs/get": {"accepted": calls, "rejected": 0}}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
