"""The emulator as its command, in a process of its own; this side knows nothing of the provider's code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCESS_KEY_ID = "LTAIforTheClients"
ACCESS_KEY_SECRET = "not/very+secret=for~the*clients"

_ROOT = Path(__file__).resolve().parents[2]
_READY = "VIAPI emulator ready on "
_PATIENCE = 20.0


@dataclass(frozen=True)
class RunningEmulator:
    """An emulator that listens.

    :param url: where, such as ``http://127.0.0.1:8765``
    """

    url: str

    @property
    def host(self) -> str:
        """Host and port: what Alibaba's clients call an endpoint."""
        return self.url.partition("://")[2]

    def jobs(self) -> list[dict[str, Any]]:
        """Return every job, oldest first, with its ``request`` as it was sent."""
        return list(self._ask("GET", "/jobs"))

    def fault(self, **fields: Any) -> None:
        """Add a fault."""
        self._ask("POST", "/faults", fields)

    def set_result(self, action: str, result: dict[str, Any]) -> None:
        """Set what an action returns, in place of the emulator's own work."""
        self._ask("PUT", f"/results/{action}", result)

    def temporary_key(self, seconds: float = 900) -> dict[str, str]:
        """Return a temporary key: ``access_key_id``, ``access_key_secret`` and ``security_token``."""
        key = self._ask("POST", "/sts", {"seconds": seconds})
        return {name: key[name] for name in ("access_key_id", "access_key_secret", "security_token")}

    def certificate(self) -> bytes:
        """Return the certificate that clients must trust for HTTPS, in PEM."""
        with urllib.request.urlopen(f"{self.url}/_emulator/certificate") as answer:
            return bytes(answer.read())

    def reset(self) -> None:
        """Delete everything."""
        self._ask("POST", "/reset")

    def _ask(self, method: str, path: str, content: Any = None) -> Any:
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(f"{self.url}/_emulator{path}", body, method=method)
        with urllib.request.urlopen(request) as answer:
            content = answer.read()
        return json.loads(content) if content else None


def emulator_command() -> Path:
    """The emulator's command: that of ``VIAPI_EMULATOR`` or of the environment in which the provider is built."""
    return Path(os.environ.get("VIAPI_EMULATOR", _ROOT / ".venv" / "bin" / "viapi-emulator"))


@contextmanager
def run_emulator(*options: str) -> Iterator[RunningEmulator]:
    """Run the emulator's command for as long as the context lasts; TERM ends it.

    :param options: of the command, besides the port and the key
    """
    key = ("--access-key-id", ACCESS_KEY_ID, "--access-key-secret", ACCESS_KEY_SECRET)
    process = subprocess.Popen(
        [str(emulator_command()), "--port", "0", *key, *options], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as output:
        try:
            line = output.readline()
            assert line.startswith(f"{_READY}http://"), f"the emulator did not start: {line!r}"
            yield RunningEmulator(line.removeprefix(_READY).strip())
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                ended = process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise
    assert ended == 0, f"the emulator ended with {ended}"
