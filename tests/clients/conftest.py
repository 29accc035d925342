"""An emulator, and media for it; tests of clients that are not installed here are left out.

``make test-clients`` runs each of them in the environment that it needs. The provider's own tests run where none
of Alibaba's clients is installed, and pass this folder by.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from clients.running_emulator import RunningEmulator, emulator_command, run_emulator
from served_folder import ServedFolder, serve

# The client for Node.js lies in the same environment as the older ones.
_NEEDS = {
    "test_today*.py": ("alibabacloud-videoenhan20200320", "4."),
    "test_earlier*.py": ("alibabacloud-videoenhan20200320", "3."),
    "test_legacy*.py": ("aliyun-python-sdk-core", ""),
    "test_node*.py": ("aliyun-python-sdk-core", ""),
    "test_huawei*.py": ("huaweicloudsdkmetastudio", ""),
}


def _is_installed(package: str, beginning: str) -> bool:
    try:
        return version(package).startswith(beginning)
    except PackageNotFoundError:
        return False


collect_ignore_glob = [tests for tests, needed in _NEEDS.items() if not _is_installed(*needed)]


@pytest.fixture(scope="session", autouse=True)
def _no_proxy() -> Iterator[None]:
    """Everything is on this machine, whatever the environment says about proxies."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        yield


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFolder]:
    """Clips and photographs, such as ``square.mp4`` and ``coffee.jpg``, on a server of their own."""
    folder = tmp_path_factory.mktemp("media")
    python = emulator_command().with_name("python")
    script = Path(__file__).with_name("prepare_media.py")
    subprocess.run([str(python), str(script), str(folder)], check=True)
    with serve(folder) as served:
        yield served


@pytest.fixture(scope="session")
def clip(media: ServedFolder) -> str:
    """The address of a clip of three seconds."""
    return media.address("clip.mp4")


@pytest.fixture(scope="session")
def _emulator() -> Iterator[RunningEmulator]:
    with run_emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(_emulator: RunningEmulator) -> RunningEmulator:
    """An emulator that has seen nothing yet."""
    _emulator.reset()
    return _emulator


@pytest.fixture(scope="session")
def throttling_emulator() -> Iterator[RunningEmulator]:
    """An emulator with a quota of one call in a second for each action."""
    with run_emulator("--qps", "1") as emulator:
        yield emulator


@pytest.fixture
def certificate(emulator: RunningEmulator, tmp_path: Path) -> Path:
    """A file with the certificate that makes the emulator trusted by HTTPS."""
    path = tmp_path / "emulator.pem"
    path.write_bytes(emulator.certificate())
    return path


@pytest.fixture(params=["ACS3-HMAC-SHA256", "1.0"])
def signature(request: pytest.FixtureRequest) -> str:
    """The signatures that Alibaba's clients know."""
    return str(request.param)
