"""Pytest fixtures that start an emulator.

Pytest loads this plugin in every environment that has the provider installed, so it must import nothing heavy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow_provider_viapi.emulator.server import EmulatorServer


@pytest.fixture(scope="session")
def viapi_emulator_server() -> Iterator[EmulatorServer]:
    """Start an emulator for the whole session, which is never reset; use ``viapi_emulator`` in tests."""
    from airflow_provider_viapi.emulator import missing_packages

    if missing := missing_packages():
        pytest.fail(missing, pytrace=False)

    from airflow_provider_viapi.emulator.server import EmulatorServer

    with EmulatorServer() as server:
        yield server


@pytest.fixture
def viapi_emulator(viapi_emulator_server: EmulatorServer) -> EmulatorServer:
    """Return an emulator that was reset: it has no jobs, calls, image databases or faults.

    ``connection_json()`` returns an Airflow connection to it, ``jobs()`` and ``calls()`` what it was asked to do.
    """
    viapi_emulator_server.reset()
    return viapi_emulator_server
