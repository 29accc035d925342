"""Temporary keys, as STS gives them."""

from __future__ import annotations

from datetime import datetime

import httpx
import pytest

from airflow_provider_viapi.emulator.server import EmulatorServer
from emulator.clock import Clock
from emulator.signing_caller import Caller


@pytest.fixture
def key(emulator: EmulatorServer) -> dict[str, str]:
    return emulator.sts(seconds=60)


def refused(
    emulator: EmulatorServer, clock: Clock, key: dict[str, str], token: str | None
) -> tuple[int, str]:
    caller = Caller(emulator.url, key["access_key_id"], key["access_key_secret"], now=clock)
    return caller.refused("ListImageDbs", system={"SecurityToken": token})


def test_a_temporary_key_calls_for_its_account_until_it_expires(
    emulator: EmulatorServer, clock: Clock, key: dict[str, str]
) -> None:
    assert datetime.fromisoformat(key["expires_at"]).timestamp() == clock() + 60
    assert refused(emulator, clock, key, key["security_token"]) == (200, "")
    clock.time += 60
    assert refused(emulator, clock, key, key["security_token"]) == (400, "InvalidSecurityToken.Expired")


def test_a_temporary_key_needs_its_token(emulator: EmulatorServer, clock: Clock, key: dict[str, str]) -> None:
    other = emulator.sts(seconds=60)["security_token"]

    assert refused(emulator, clock, key, None) == (400, "MissingSecurityToken")
    assert refused(emulator, clock, key, other) == (400, "InvalidSecurityToken.MismatchWithAccessKey")


def test_every_temporary_key_is_another(emulator: EmulatorServer) -> None:
    keys = [emulator.sts(seconds=900) for _ in range(2)]

    assert all(len({key[name] for key in keys}) == 2 for name in ("access_key_id", "security_token"))
    assert all(key["access_key_id"].startswith("STS.") for key in keys)


def test_a_reset_forgets_temporary_keys(emulator: EmulatorServer, clock: Clock, key: dict[str, str]) -> None:
    emulator.reset()

    assert refused(emulator, clock, key, key["security_token"]) == (404, "InvalidAccessKeyId.NotFound")


@pytest.mark.parametrize(
    "asked", ["{}", "[]", "{", '{"seconds": "60"}', '{"seconds": -1}', '{"seconds": true}']
)
def test_an_invalid_validity_is_refused_with_a_reason(emulator: EmulatorServer, asked: str) -> None:
    answer = httpx.post(f"{emulator.url}/_emulator/sts", content=asked)

    assert answer.status_code == 400
    assert "seconds must be the validity of the key" in answer.json()["message"]
