from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest

from airflow_provider_viapi.emulator.server import EmulatorServer
from emulator import fake_media
from emulator.clock import Clock
from emulator.signing_caller import Caller
from served_folder import ServedFolder


@pytest.fixture(scope="session")
def session_clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def running_emulator(session_clock: Clock) -> Iterator[EmulatorServer]:
    with EmulatorServer(
        transforms=fake_media.TRANSFORMS, now=session_clock, public_hosts=["viapi.test"]
    ) as server:
        yield server


@pytest.fixture
def emulator(running_emulator: EmulatorServer) -> EmulatorServer:
    """An emulator with fake media work and a clock that only tests advance."""
    running_emulator.reset()
    return running_emulator


@pytest.fixture
def clock(session_clock: Clock) -> Iterator[Clock]:
    before = session_clock.time
    yield session_clock
    session_clock.time = before


@pytest.fixture
def caller(emulator: EmulatorServer, clock: Clock) -> Iterator[Caller]:
    caller = Caller(emulator.url, now=clock)
    yield caller
    caller.http.close()


@pytest.fixture
def source(served: ServedFolder) -> Callable[[str], str]:
    """Serves a file with that content and returns its address."""

    def put(content: str) -> str:
        name = f"{uuid.uuid4().hex}.mp4"
        (served.path / name).write_text(content)
        return served.address(name)

    return put
