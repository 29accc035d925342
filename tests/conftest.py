"""An Airflow home, settings of Hypothesis, a folder of media served over HTTP, an exit code for jobs paid twice."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator

import pytest

from paid_jobs import PAID_TWICE, PaidTwice
from served_folder import ServedFolder, serve

# Airflow reads these at import, in the first test module.
_HOME = tempfile.mkdtemp(prefix="viapi-tests-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
for _name in [name for name in os.environ if name.startswith(("AIRFLOW__", "AIRFLOW_CONN_"))]:
    del os.environ[_name]
os.environ["AIRFLOW_HOME"] = _HOME
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

# The environments of make test-clients and make test-production do not have it.
with contextlib.suppress(ModuleNotFoundError):
    from hypothesis import HealthCheck, settings

    # How long an example takes depends on what else the machine does.
    settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("untimed")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFolder]:
    """Serve a folder of media, as a team's bucket would."""
    with serve(tmp_path_factory.mktemp("served")) as folder:
        yield folder


@pytest.fixture
def nothing_masked_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow 2 masks keys of any length, so those of other tests, a letter long, would be masked everywhere."""
    from airflow.providers.common.compat.sdk import redact

    masker = sys.modules[redact.__module__]._secrets_masker()
    monkeypatch.setattr(masker, "patterns", set())
    monkeypatch.setattr(masker, "replacer", None)


class _ExitCode:
    """Gives pytest an exit code of its own if a job was paid twice: a second run must not hide that."""

    def __init__(self) -> None:
        self.is_paid_twice = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.is_paid_twice |= report.failed and PaidTwice.__name__ in report.longreprtext

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.is_paid_twice:
            session.exitstatus = PAID_TWICE


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_ExitCode())
