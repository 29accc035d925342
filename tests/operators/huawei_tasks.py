"""An emulator as Huawei Cloud behind the usual connection, and requests that tests make again and again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_viapi.emulator.huawei.assets import SYSTEM_AVATAR, SYSTEM_VOICE
from airflow_provider_viapi.emulator.server import EmulatorServer
from timing import poll_quickly, skip_waits

STREAM = {"type": "url", "data": [{"url": "rtsp://camera/1"}]}
FILE = {"type": "obs", "data": [{"bucket": "films", "path": "a.mp4"}]}
WATCH: dict[str, Any] = {
    "service_name": "c-smoke-and-fire-edge",
    "name": "gate",
    "input": STREAM,
    "output": {"webhook": {"url": "http://127.0.0.1:9"}},
    "service_version": "1.2",
}
SPEAK: dict[str, Any] = {"text": "A lamp that folds.", "voice_asset_id": SYSTEM_VOICE}
FILM: dict[str, Any] = {
    "model_asset_id": SYSTEM_AVATAR,
    "voice_config": {"voice_asset_id": SYSTEM_VOICE},
    "video_config": {"width": 320, "height": 180, "bitrate": 500},
    "shoot_scripts": [{"sequence_no": 1, "shoot_script": {"text_config": {"text": "A lamp."}}}],
    "output_asset_config": {"asset_name": "lamp"},
}


class Store:
    """A task state store that keeps JSON as a database does."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, key: str) -> Any:
        return json.loads(self.kept.get(key, "null"))

    def set(self, key: str, value: Any) -> None:
        self.kept[key] = json.dumps(value)

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)


def connect(
    monkeypatch: pytest.MonkeyPatch, emulator: EmulatorServer, auth: Any = "aksk", **changed: Any
) -> None:
    connection = {**json.loads(emulator.huawei_connection_json(auth)), **changed}
    connection["extra"] |= {"poll_qps": 100}
    monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", json.dumps(connection))


def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    poll_quickly(monkeypatch)
    skip_waits(monkeypatch)


def accepted(emulator: EmulatorServer, action: str) -> int:
    """Number of calls of an action that the emulator has taken."""
    return emulator.calls().get(action, {}).get("accepted", 0)
