"""The commands in README and docs work as they are written, in an Airflow of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import media_samples
from code_blocks import EVERY_BLOCK, ROOT, Block

COMMANDS = [block for block in EVERY_BLOCK if block.language == "bash" and block.not_run is None]

pytestmark = pytest.mark.airflow


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a film and images, where the pages say ``/tmp``."""
    folder = tmp_path_factory.mktemp("commands")
    media_samples.burn_subtitles(
        media_samples.big_buck_bunny(), folder / "film.mp4", seconds=1, size=(320, 180)
    )
    (folder / "images").mkdir()
    for number, image in enumerate(sorted(media_samples.photographs().values())[:3], 1):
        shutil.copy(image, folder / "images" / f"{number}{image.suffix}")
    media_samples.write_photographs(folder / "images", 1)[0].rename(folder / "images" / "1.jpg")
    return folder


@pytest.mark.parametrize("block", COMMANDS, ids=str)
@pytest.mark.timeout(400)
def test_the_commands_succeed(block: Block, place: Path, viapi_emulator: Any) -> None:
    code = block.code.replace("http://127.0.0.1:8765", viapi_emulator.url).replace("/tmp/", f"{place}/")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "REQUESTS_CA"))
    } | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        "AIRFLOW_HOME": str(place / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW_CONN_HUAWEICLOUD_DEFAULT": viapi_emulator.huawei_connection_json(),
        "AIRFLOW_CONN_VIAPI_DEFAULT": viapi_emulator.connection_json(),
    }
    needs_database = "airflow " in code and "db migrate" not in code
    script = ("airflow db migrate >/dev/null\n" if needs_database else "") + code

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=390,
    )

    assert done.returncode == 0, done.stdout[-4000:]
    assert "state=failed" not in done.stdout, done.stdout[-4000:]
