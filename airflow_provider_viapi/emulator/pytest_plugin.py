"""Fixtures with an emulator, for every pytest that the provider is installed beside.

Nothing heavy is imported here, because pytest loads this whether or not a test asks for the fixtures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from airflow_provider_viapi.emulator.requirements import what_is_missing

if TYPE_CHECKING:
    from airflow_provider_viapi.emulator.server import EmulatorServer


@pytest.fixture(scope="session")
def viapi_emulator_server() -> Iterator[EmulatorServer]:
    """An emulator for the whole session; take ``viapi_emulator`` unless a fixture of your own spans tests."""
    if missing := what_is_missing():
        pytest.skip(missing)

    from airflow_provider_viapi.emulator.server import EmulatorServer

    with EmulatorServer() as server:
        yield server


@pytest.fixture
def viapi_emulator(viapi_emulator_server: EmulatorServer) -> EmulatorServer:
    """An emulator that knows of no job, call or image database yet.

    Its ``connection_json()`` is an Airflow connection, ``jobs()`` and ``calls()`` tell what was asked of it.
    """
    viapi_emulator_server.reset()
    return viapi_emulator_server
