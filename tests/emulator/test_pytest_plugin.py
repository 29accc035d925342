"""The fixtures, in a pytest of their own as a user's would be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = """
import httpx

def test_first(viapi_emulator):
    httpx.get(viapi_emulator.url, params={"Action": "ErasePlanets"})
    assert viapi_emulator.calls() == {"unknown": {"accepted": 0, "rejected": 1}}
    assert viapi_emulator.url in viapi_emulator.connection_json()

def test_second(viapi_emulator, viapi_emulator_server):
    assert viapi_emulator.calls() == {}
    assert viapi_emulator is viapi_emulator_server
"""


def run_pytest(folder: Path, *arguments: str) -> str:
    (folder / "test_users.py").write_text(TESTS)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", *arguments, str(folder)],
        capture_output=True,
        text=True,
        cwd=folder,
    )
    return run.stdout


def test_every_test_gets_an_emulator_that_was_reset(tmp_path: Path) -> None:
    assert "2 passed" in run_pytest(tmp_path)


def test_without_the_extra_the_fixture_fails_and_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("import sys; sys.modules['uvicorn'] = None")

    output = run_pytest(tmp_path)

    assert "2 errors" in output
    assert "the emulator needs uvicorn, which is not installed" in output
    assert "pip install 'airflow-provider-viapi[emulator]'" in output


def test_loading_the_plugin_imports_no_other_module() -> None:
    program = (
        "import sys, pytest, typing, collections.abc\n"
        "before = set(sys.modules)\n"
        "import airflow_provider_viapi.emulator.pytest_plugin\n"
        "print(sorted(set(sys.modules) - before))"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    package = "airflow_provider_viapi"
    assert run.stdout == f"{[package, f'{package}.emulator', f'{package}.emulator.pytest_plugin']}\n"
