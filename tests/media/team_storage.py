"""An emulator as the team's object storage, and what is in it."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.fs.oss_client import Oss, OssObject, open_oss
from airflow_provider_viapi.hooks.viapi import ViapiHook
from emulator import fake_media

BUCKET = "team"


@dataclass(frozen=True)
class TeamStorage:
    """The bucket ``team``.

    :param hook: with a connection of its own
    """

    emulator: EmulatorServer
    hook: ViapiHook
    oss: Oss
    folder: Path

    def keys(self, prefix: str = "") -> list[str]:
        found = self.oss.list_objects(BUCKET, prefix)
        return sorted(each.key for each in found if isinstance(each, OssObject))

    def copies(self) -> list[str]:
        return [key for key in self.keys() if not key.rpartition("/")[2].startswith(("lease-", "closing-"))]

    def content(self, key: str) -> bytes:
        found = self.oss.head(BUCKET, key)
        assert found is not None
        return self.oss.read(BUCKET, key, 0, found.size)

    def put(self, key: str, content: bytes) -> str:
        self.oss.put(BUCKET, key, content)
        return f"oss://{BUCKET}/{key}"

    def half_uploads(self) -> int:
        """Files of parts that belong to no object, once the storage has noticed which connections are gone."""
        for _ in range(100):
            found = [path for path in self.folder.iterdir() if re.fullmatch("[0-9a-f]{32}", path.name)]
            left = len(found) - len(self.keys())
            if not left:
                break
            time.sleep(0.1)
        return left


def connect(
    monkeypatch: pytest.MonkeyPatch, emulator: EmulatorServer, endpoint: str, **fields: str
) -> ViapiHook:
    """A hook with a new connection to an emulator at that address."""
    conn_id = f"viapi_{uuid.uuid4().hex[:8]}"
    connection = json.loads(emulator.connection_json()) | fields
    connection["extra"]["endpoint"] = endpoint
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))
    return ViapiHook(conn_id)


@pytest.fixture(scope="session")
def storage_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmulatorServer, Path]]:
    folder = tmp_path_factory.mktemp("team-storage")
    with EmulatorServer(transforms=fake_media.TRANSFORMS, data_dir=folder) as server:
        yield server, folder


@pytest.fixture
def team(storage_emulator: tuple[EmulatorServer, Path], monkeypatch: pytest.MonkeyPatch) -> TeamStorage:
    emulator, folder = storage_emulator
    emulator.reset()
    hook = connect(monkeypatch, emulator, emulator.url)
    return TeamStorage(emulator, hook, open_oss(hook), folder / "objects")
