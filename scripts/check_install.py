"""Check an installation of the wheel and nothing else: files, metadata, every import, example DAGs, one deferred job.

Runs with the installation's own Python, outside the repository: ``python -I check_install.py``. ``make test-package``
calls it in fresh environments. Other uses:

* ``--without-extras``, in an installation without extras: check that what needs one names it
* ``--contents FILE…``: check that wheels and source distributions hold what they should and nothing else
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from fractions import Fraction
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from threading import Thread

PACKAGE = "airflow-provider-viapi"
OPTIONAL = {
    *("alibabacloud_credentials", "alibabacloud_oss_v2", "alibabacloud_tea_openapi", "openlineage", "pytest"),
    # Only Airflow 2 builds its connection form with them.
    *("flask_appbuilder", "wtforms"),
    # Only Airflow 3 has it, and loads the part of the plugin that uses it.
    "fastapi",
}
"""Packages of other extras, which are not installed here."""
NEEDS_AIRFLOW = {"airflow_provider_viapi.operators.retry_policy": (3, 3)}
"""Modules that an earlier Airflow cannot import."""
DAG = """
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_viapi.operators.videoenhan import ChangeVideoSizeOperator

with DAG("installed", schedule=None, params={"video_url": ""}):
    ChangeVideoSizeOperator(
        task_id="reframe", video_url="{{ params.video_url }}", width=160, height=160, deferrable=True
    )
"""


EXAMPLES = "airflow_provider_viapi/example_dags/"
BESIDE_THE_PACKAGE = {
    "wheel": (),
    "sdist": (
        *("dags_examples/", "README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml"),
        # Written by the build tool.
        *("PKG-INFO", ".gitignore"),
    ),
}
"""Beginnings of the paths that a distribution may hold besides the package's."""
SUFFIXES = {".py", ".typed", ".json", ".css", ".js", ".html", ".svg", ".txt"}
"""Suffixes of files in the package."""


def check_contents(path: Path) -> None:
    """Check the files in a wheel or a source distribution.

    :raises RuntimeError: a file is missing, or one should not be there
    """
    if path.suffix == ".whl":
        kind, names = (
            "wheel",
            [name for name in zipfile.ZipFile(path).namelist() if ".dist-info/" not in name],
        )
        required = {"airflow_provider_viapi/py.typed", f"{EXAMPLES}erase_resize_index.py"}
    else:
        with tarfile.open(path) as archive:
            kind, names = "sdist", [member.name.partition("/")[2] for member in archive if member.isfile()]
        required = {"airflow_provider_viapi/py.typed", "dags_examples/erase_resize_index.py", "LICENSE"}
    if required - set(names):
        raise RuntimeError(f"{path.name} lacks {sorted(required - set(names))}")
    extra = [
        name
        for name in names
        if not name.startswith(BESIDE_THE_PACKAGE[kind])
        and (not name.startswith("airflow_provider_viapi/") or Path(name).suffix not in SUFFIXES)
    ]
    if extra:
        raise RuntimeError(f"{path.name} has files that it should not have: {extra[:20]}")
    print(f"{path.name}: {len(names)} files, {path.stat().st_size // 1024} KiB")


def check_without_extras() -> None:
    """Check that the emulator and its fixture name the extra that is missing.

    :raises RuntimeError: the extra is installed, or the message does not name it
    """
    try:
        importlib.import_module("av")
    except ModuleNotFoundError:
        pass
    else:
        raise RuntimeError("the packages of the extra emulator are installed; run this without extras")
    command = [str(Path(sys.executable).parent / "viapi-emulator"), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode == 0 or f"{PACKAGE}[emulator]" not in done.stdout + done.stderr:
        raise RuntimeError(f"viapi-emulator does not name the missing extra:\n{done.stdout}{done.stderr}")
    print("Without extras, viapi-emulator names the extra that it needs")


def import_everything() -> int:
    """Import every module of the package and return their number.

    :raises ModuleNotFoundError: a module needs a package that is neither required nor in another extra
    """
    import airflow_provider_viapi

    airflow_version = tuple(int(part) for part in version("apache-airflow").split(".")[:2])
    count = 0
    for module in pkgutil.walk_packages(airflow_provider_viapi.__path__, "airflow_provider_viapi."):
        if airflow_version < NEEDS_AIRFLOW.get(module.name, (0,)):
            continue
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in OPTIONAL:
                raise
        else:
            count += 1
    return count


def write_clip(path: Path) -> None:
    """Write a clip of one second, 320 × 180, with a square that moves."""
    import av
    import numpy as np

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(25):
            picture = np.full((180, 320, 3), 90, np.uint8)
            picture[60:120, 8 * number : 8 * number + 60] = (220, 200, 40)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves the current folder and logs nothing."""

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""


def airflow(environment: Mapping[str, str], *arguments: str) -> str:
    """Run an Airflow command and return its output; raise if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "airflow", *arguments],
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"airflow {' '.join(arguments)} failed:\n{done.stdout[-4000:]}")
    return done.stdout


def check_examples(environment: Mapping[str, str]) -> None:
    """Check that the example DAGs in the package can be imported, except those that say that they need Airflow 3.

    :raises RuntimeError: one cannot, or there is none
    """
    import airflow_provider_viapi

    examples = sorted((Path(airflow_provider_viapi.__file__).parent / "example_dags").glob("*.py"))
    if version("apache-airflow").startswith("2."):
        examples = [path for path in examples if "Needs Airflow 3" not in path.read_text()]
    program = "import runpy, sys\nfor path in sys.argv[1:]: print(path); runpy.run_path(path)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, *map(str, examples)],
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode or not examples:
        raise RuntimeError(f"an example DAG cannot be imported, or there is none:\n{done.stdout[-4000:]}")


def run_deferred_job(home: Path) -> int:
    """Run one deferred task against the emulator with Airflow's own command, and return the number of jobs."""
    from airflow_provider_viapi.emulator.server import EmulatorServer

    (home / "dags").mkdir()
    (home / "dags" / "installed.py").write_text(DAG)
    os.chdir(home)
    write_clip(home / "clip.mp4")
    files = ThreadingHTTPServer(("127.0.0.1", 0), QuietHandler)
    Thread(target=files.serve_forever, daemon=True).start()
    with EmulatorServer() as emulator:
        environment = os.environ | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW_CONN_VIAPI_DEFAULT": emulator.connection_json(),
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        if PACKAGE not in airflow(environment, "providers", "list", "--output", "json"):
            raise RuntimeError(f"airflow providers list does not show {PACKAGE}")
        airflow(environment, "db", "migrate")
        check_examples(environment)
        if version("apache-airflow").startswith("3.2."):
            # There "airflow dags test" fails for any DAG: it calls the API before it has started it.
            return 0
        airflow(environment, "dags", "reserialize")
        conf = json.dumps({"video_url": f"http://127.0.0.1:{files.server_port}/clip.mp4"})
        output = airflow(environment, "dags", "test", "installed", "--conf", conf)
        (job,) = emulator.jobs()
        if job["status"] != "PROCESS_SUCCESS":
            raise RuntimeError(f"the job is {job['status']}:\n{output[-4000:]}")
    if "running trigger in line" not in output:
        raise RuntimeError(f"the task has not deferred:\n{output[-4000:]}")
    files.shutdown()
    return 1


def check_quota() -> None:
    """Check that calls can be counted with the extra ``quota``.

    :raises RuntimeError: the storage does not count
    """
    from airflow_provider_viapi.quota.counters import open_counters

    # Opens a client of Redis without connecting.
    open_counters("redis://127.0.0.1:1/0")
    if open_counters("memory://").incr("call", 60) != 1:
        raise RuntimeError("a call was not counted")


def main() -> None:
    """Run the checks that the arguments name; the first that fails raises."""
    if sys.argv[1:2] == ["--contents"]:
        for path in sys.argv[2:]:
            check_contents(Path(path))
        return
    # Not at the top: --contents runs where the package is not installed.
    import airflow_provider_viapi

    if "site-packages" not in str(airflow_provider_viapi.__file__):
        raise RuntimeError(f"not an installation: {airflow_provider_viapi.__file__}")
    if sys.argv[1:] == ["--without-extras"]:
        check_without_extras()
        return
    count = import_everything()
    check_quota()
    with tempfile.TemporaryDirectory() as home:
        jobs = run_deferred_job(Path(home))
        os.chdir("/")
    names = ("apache-airflow", "apache-airflow-providers-common-compat", "httpx", "av", "limits")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    print(
        f"Python {sys.version.split()[0]}, {versions}: {count} modules imported, deferred jobs done: {jobs}"
    )


if __name__ == "__main__":
    main()
