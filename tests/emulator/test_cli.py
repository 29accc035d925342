"""The command ``viapi-emulator`` as a user runs it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from emulator.signing_caller import Caller

COMMAND = str(Path(sys.executable).with_name("viapi-emulator"))
Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs the command with arguments, its temporary folder in the test's own."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str, command: tuple[str, ...] = (COMMAND,)) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(tmp_path)},
            start_new_session=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def silence() -> Iterator[str]:
    """The address of a file that never comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/a.mp4"


def ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("VIAPI emulator ready on http://127.0.0.1:"), (line, process.communicate())
    return line.split()[-1]


def refusal(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=20)
    assert process.returncode not in (0, None)
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err
    return err


def until(found: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def busy_children(process: subprocess.Popen[str], source: str) -> list[psutil.Process]:
    caller = Caller(ready(process))
    job_id = caller.call("EraseVideoSubtitles", VideoUrl=source)["RequestId"]
    caller.result(job_id, until=("PROCESSING",))
    while True:
        children = psutil.Process(process.pid).children(recursive=True)
        # Python's own tracker of shared things is the other child.
        if sum(child.num_threads() > 1 for child in children) == 1:
            return children
        time.sleep(0.01)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_in_the_middle_of_work(
    run: Run, silence: str, tmp_path: Path, end: signal.Signals
) -> None:
    process = run("--port", "0")
    children = busy_children(process, silence)

    process.send_signal(end)
    _, err = process.communicate(timeout=20)

    assert (process.returncode, err) == (0, "")
    assert psutil.wait_procs(children, timeout=2)[1] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("waits_for", ["a worker", "a delay", "the rest of its own request"])
def test_it_ends_quietly_while_a_call_waits(run: Run, silence: str, waits_for: str) -> None:
    process = run("--port", "0")
    url = ready(process)
    caller = Caller(url)

    with ThreadPoolExecutor(1) as pool, socket.socket() as connection:
        if waits_for == "a worker":
            caller.call("CreateImageDb", Name="photos")
            call = pool.submit(caller.send, "AddImage", DbName="photos", EntityId="a", ImageUrl=silence)
            until(lambda: len(psutil.Process(process.pid).children(recursive=True)) > 1)
        elif waits_for == "a delay":
            httpx.post(f"{url}/_emulator/faults", json={"action": "*", "delay": 600})
            call = pool.submit(caller.send, "ListImageDbs")
            until(lambda: httpx.get(f"{url}/_emulator/calls").json())
        else:
            connection.connect(("127.0.0.1", int(url.rpartition(":")[2])))
            connection.sendall(b"POST / HTTP/1.1\r\nHost: emulator\r\nContent-Length: 100\r\n\r\nhalf of it")
            call = pool.submit(connection.recv, 1000)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
        call.result(timeout=20)

    assert (process.returncode, err) == (0, "")


def test_ctrl_c_in_a_terminal_which_reaches_the_workers_too_ends_it_cleanly(run: Run, silence: str) -> None:
    process = run("--port", "0")
    children = busy_children(process, silence)

    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert (process.returncode, err) == (0, "")
    assert psutil.wait_procs(children, timeout=2)[1] == []


def test_no_worker_outlives_it_when_it_is_killed(run: Run, silence: str) -> None:
    process = run("--port", "0")
    children = busy_children(process, silence)

    process.kill()

    assert psutil.wait_procs(children, timeout=5)[1] == []


def test_the_key_and_the_folder_are_those_that_were_given(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    process = run(
        "--port", "0", "--data-dir", str(folder), "--access-key-id", "me", "--access-key-secret", "mine"
    )

    url = ready(process)

    assert Caller(url, "me", "mine").send("ListImageDbs").status_code == 200
    assert Caller(url).refused("ListImageDbs") == (404, "InvalidAccessKeyId.NotFound")
    assert folder.is_dir()


def test_a_port_that_is_in_use_is_reported_in_one_line(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        result = refusal(run("--port", port))

    assert f"127.0.0.1 port {port}" in result
    assert "in use" in result


def test_a_folder_that_is_in_use_is_reported_in_one_line(run: Run, tmp_path: Path) -> None:
    ready(run("--port", "0", "--data-dir", str(tmp_path)))

    assert f"{tmp_path} is in use by another emulator" in refusal(
        run("--port", "0", "--data-dir", str(tmp_path))
    )


def test_a_folder_is_free_again_when_its_emulator_was_killed(run: Run, tmp_path: Path) -> None:
    first = run("--port", "0", "--data-dir", str(tmp_path))
    ready(first)
    first.kill()
    first.wait()

    ready(run("--port", "0", "--data-dir", str(tmp_path)))


def test_a_path_that_is_no_folder_is_reported_in_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear reader")

    assert "letter" in refusal(run("--port", "0", "--data-dir", str(tmp_path / "letter")))


def test_a_missing_extra_is_reported_in_one_line(run: Run) -> None:
    program = (
        "import sys; sys.modules['starlette'] = None\n"
        "from airflow_provider_viapi.emulator.cli import main; sys.exit(main())"
    )

    result = refusal(run("--port", "0", command=(sys.executable, "-c", program)))

    assert "starlette" in result
    assert "pip install 'airflow-provider-viapi[emulator]'" in result


def test_the_quota_is_the_one_that_was_given(run: Run) -> None:
    caller = Caller(ready(run("--port", "0", "--qps", "1")))

    assert caller.send("ListImageDbs").status_code == 200
    assert caller.refused("ListImageDbs") == (429, "Throttling.User")


def test_the_help_says_that_the_keys_are_for_local_use(run: Run) -> None:
    out, _ = run("--help").communicate(timeout=20)

    assert "viapi-emulator-secret, which is public: for local use only" in " ".join(out.split())


@pytest.mark.parametrize(
    "url",
    [
        "redis://h/0",
        "https://h/?channel=a",
        "amqp://u:hidden-word@h/?channel=a",
        "redis://u:hidden-word@[bad?channel=a",
        "sns:///?topic=a",
    ],
)
def test_a_queue_that_cannot_be_pushed_to_is_refused(run: Run, url: str) -> None:
    error = refusal(run("--port", "0", "--job-messages", url))

    assert "amqp://user:password@host:port/vhost?exchange=NAME" in error
    assert "hidden-word" not in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--public-host", "viapi:8765"], "give it without a port"),
        (["--qps", "ErasePlanets=2"], "ErasePlanets is not the name of an action"),
        (["--qps", "imagesearch.AddImage=2"], "name it without its service: AddImage"),
    ],
)
def test_arguments_that_would_have_no_effect_are_refused(run: Run, arguments: list[str], said: str) -> None:
    process = run(*arguments)

    assert process.wait(20) != 0
    assert process.stderr is not None
    assert said in process.stderr.read()
