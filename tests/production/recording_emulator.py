"""An emulator that records when each call arrived and whether it was accepted."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.access_keys import AccessKey
from airflow_provider_viapi.emulator.certificate import Certificate
from airflow_provider_viapi.emulator.data_folder import DataFolder
from airflow_provider_viapi.emulator.engine import Engine
from airflow_provider_viapi.emulator.http_server import HttpServer
from airflow_provider_viapi.emulator.request import Request
from airflow_provider_viapi.emulator.response_format import ServiceResponse

ERASE = "EraseVideoSubtitles"
RESULT = "GetAsyncJobResult"
LIST = "QueryAsyncJobList"


@dataclass(frozen=True)
class RecordedCall:
    """A call that was answered."""

    at: float
    action: str
    job_id: str | None
    accepted: bool


class RecordingEngine(Engine):
    """Engine that records its calls."""

    recorded: list[RecordedCall]

    async def respond(self, request: Request) -> ServiceResponse | None:
        """Return the response, and record the call."""
        response = await super().respond(request)
        accepted = response is not None and response.status == 200
        job_id = request.parameters.get("JobId")
        self.recorded.append(RecordedCall(time.time(), request.action, job_id, accepted))
        return response


@dataclass
class RecordingEmulator:
    """A served emulator."""

    url: str
    key: AccessKey
    engine: RecordingEngine
    recorded: list[RecordedCall] = field(default_factory=list)

    def jobs(self) -> list[dict[str, Any]]:
        """Return every job as plain values."""
        return self.engine.jobs()

    def count(self, action: str, *, accepted: bool) -> int:
        """Return the number of calls of an action."""
        return sum(call.action == action and call.accepted is accepted for call in self.recorded)

    def noticed(self) -> dict[str, float]:
        """Return by job id when the result was first fetched after the job had ended."""
        ended = self.ended()
        found: dict[str, float] = {}
        for call in self.recorded:
            is_result = call.action == RESULT and call.accepted and call.job_id in ended
            if is_result and call.at >= ended[str(call.job_id)]:
                found.setdefault(str(call.job_id), call.at)
        return found

    def ended(self) -> dict[str, float]:
        """Return by job id when the job ended."""
        return {
            job["job_id"]: datetime.fromisoformat(job["finished_at"]).timestamp()
            for job in self.jobs()
            if job["finished_at"]
        }


def copy(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Do media work that costs nothing; the emulator's worker processes import it from here."""
    video = folder / "video.mp4"
    video.write_bytes(request["VideoUrl"].read_bytes())
    return {"VideoUrl": video}


@contextmanager
def recording_emulator(calls_per_second: int) -> Iterator[RecordingEmulator]:
    """Serve an emulator on loopback that allows so many calls per second of each action."""
    with ExitStack() as running:
        listener = running.enter_context(socket.create_server(("127.0.0.1", 0), backlog=4096))
        folder = running.enter_context(closing(DataFolder()))
        key = AccessKey()
        quota = {ERASE: calls_per_second, RESULT: calls_per_second}
        engine = RecordingEngine(folder, keys=[key], transforms={ERASE: copy}, calls_per_second=quota)
        engine.recorded = []
        running.enter_context(HttpServer(engine, listener, Certificate(folder.objects, "127.0.0.1"), ()))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield RecordingEmulator(url, key, engine, engine.recorded)
