"""A real Airflow 3 on this machine, for the duration of a ``with`` block.

Its processes (API server, scheduler, DAG processor, triggerers) are those of a production deployment, only
smaller: SQLite in a folder of the caller's, LocalExecutor, loopback addresses, free ports. Each can be
killed, paused and restarted by name, so that tests can show what survives a lost process.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, TypeVar

import httpx

from process_session import ProcessSession, end_sessions

PORTS = range(20_000, 32_768)
"""Ports of Airflow's servers: outside those that systems hand out, perhaps to others before Airflow listens."""
NO_PROXY_FOR_LOOPBACK = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
AS_DEPLOYED = {
    **dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), ""),
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "5",
}
"""Environment of deployments that are measured: what costs each task time is as in a deployment with defaults.

The developer's machine may name a CA bundle, which each process checks. In tests each task sends a heartbeat every
second, so that a killed one is noticed, and the slot of one that has ended is free, sooner.
"""

Found = TypeVar("Found")


@dataclass(frozen=True)
class TaskInstance:
    """State of one task of a run, as Airflow reports it."""

    task_id: str
    map_index: int
    try_number: int
    state: str | None
    start_date: str | None
    duration: float | None

    @property
    def label(self) -> str:
        """Id of the task, with the map index of a mapped task."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"


class RetryingTransport(httpx.HTTPTransport):
    """Retry when Airflow responds with 500: on a busy machine a write may time out waiting for SQLite's lock."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request up to five times, one second apart."""
        for _ in range(4):
            response = super().handle_request(request)
            if response.status_code != httpx.codes.INTERNAL_SERVER_ERROR:
                return response
            response.close()
            time.sleep(1)
        return super().handle_request(request)


class LocalAirflow:
    """Airflow 3 with the DAGs of one folder; ``home`` holds its database, configuration and logs.

    :param environment: added to the processes' environment: connections (``AIRFLOW_CONN_…``), and settings
        (``AIRFLOW__…``) that take precedence over those of this class
    :param triggerers: number of triggerers; default: 1
    :param database: SQLAlchemy URL; default: SQLite in ``home``
    :param start_timeout: seconds within which every component must become healthy; default: 300
    """

    components: Sequence[str] = ("api-server", "scheduler", "dag-processor", "triggerer")
    arguments: ClassVar[Mapping[str, Sequence[str]]] = {
        "api-server": ("--host", "127.0.0.1"),
        # The log servers listen on all interfaces; here the API server reads the files themselves.
        "scheduler": ("--skip-serve-logs",),
        "triggerer": ("--skip-serve-logs",),
    }
    api = "/api/v2"
    health = "/monitor/health"
    xcom_format: ClassVar[Mapping[str, bool]] = {"deserialize": True}

    def __init__(
        self,
        *,
        dags_folder: Path,
        home: Path,
        environment: Mapping[str, str] | None = None,
        triggerers: int = 1,
        database: str | None = None,
        start_timeout: float = 300,
    ) -> None:
        api_port, *log_ports = _free_ports(3)
        self.url = f"http://127.0.0.1:{api_port}"
        self.rest = httpx.Client(
            base_url=f"{self.url}{self.api}",
            timeout=30,
            trust_env=False,
            # The API server closes a connection that was idle for 5 s, perhaps while a request is on its way.
            transport=RetryingTransport(limits=httpx.Limits(keepalive_expiry=2)),
        )
        self.sessions: dict[str, list[ProcessSession]] = {component: [] for component in self.components}
        self._home = home.resolve()
        self._triggerers = triggerers
        self._start_timeout = start_timeout
        self._database = database or f"sqlite:///{self._home / 'airflow.db'}"
        self._environment = _environment(
            home=self._home,
            dags_folder=dags_folder.resolve(),
            database=self._database,
            api_port=api_port,
            log_ports=log_ports,
        ) | dict(environment or {})

    def __enter__(self) -> LocalAirflow:
        self._process_logs.mkdir(parents=True, exist_ok=True)
        try:
            deadline = time.monotonic() + self._start_timeout
            self._migrate(deadline)
            for component in self.components:
                for _ in range(self._triggerers if component == "triggerer" else 1):
                    self.start(component)
            self._until(self._healthy, deadline, "Airflow is healthy")
            self._log_in()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, component: str) -> int:
        """Start one more process of a component and return its index; does not wait until it is healthy."""
        sessions = self.sessions[component]
        arguments = self.arguments.get(component, ())
        sessions.append(self._run(f"{component}-{len(sessions)}", component, *arguments))
        return len(sessions) - 1

    def kill(self, component: str, index: int = 0) -> None:
        """Kill a component's process and all its children with SIGKILL."""
        self.sessions[component][index].kill()

    def terminate(self, component: str, index: int = 0) -> ProcessSession:
        """Send SIGTERM to a component's process alone, and return the session that is ending."""
        session = self.sessions[component][index]
        session.terminate()
        return session

    def send_signal(self, component: str, index: int, number: signal.Signals) -> None:
        """Send a signal, such as SIGSTOP or SIGCONT, to a component's process and all its children."""
        self.sessions[component][index].send_signal(number)

    def stop(self) -> None:
        """Stop every process; the API server last, since ending tasks report to it."""
        self.rest.close()
        servers = self.sessions[self.components[0]]
        try:
            end_sessions(
                session for group in self.sessions.values() if group is not servers for session in group
            )
        finally:
            end_sessions(servers)

    def trigger(
        self, dag_id: str, conf: Mapping[str, Any] | None = None, *, parse_timeout: float = 30
    ) -> str:
        """Start a run of a DAG, as soon as the DAG is parsed, and return the run's id."""
        try:
            deadline = time.monotonic() + parse_timeout
            self._until(lambda: self._get(f"/dags/{dag_id}"), deadline, f"the DAG {dag_id} is parsed")
        except TimeoutError as error:
            broken = self._get("/importErrors")["import_errors"]
            raise RuntimeError("\n".join([str(error), *(file["stack_trace"] for file in broken)])) from error
        self.rest.patch(f"/dags/{dag_id}", json={"is_paused": False}).raise_for_status()
        run = self.rest.post(f"/dags/{dag_id}/dagRuns", json={**self._new_run(), "conf": conf or {}})
        return str(run.raise_for_status().json()["dag_run_id"])

    def task_instances(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        """Return the tasks of a run with their states."""
        answer = self._get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", limit=10_000)
        return [
            TaskInstance(**{field: instance[field] for field in TaskInstance.__dataclass_fields__})
            for instance in answer["task_instances"]
        ]

    def wait(
        self,
        dag_id: str,
        run_id: str,
        *,
        timeout: float = 300,
        on_change: Callable[[TaskInstance], None] | None = None,
    ) -> str:
        """Wait until a run has ended and return its state; call ``on_change`` for each new state of a task.

        Without it only the run is read: a list of hundreds of tasks keeps the API server busy for longer than a task
        does, and would distort what is measured.
        """
        states: dict[str, str | None] = {}

        def change() -> tuple[str | None, list[TaskInstance]] | None:
            # Read the run's state first, so that on_change is called for every final state.
            run = self._get(f"/dags/{dag_id}/dagRuns/{run_id}")
            changed = [
                instance
                for instance in (self.task_instances(dag_id, run_id) if on_change is not None else ())
                if instance.state != states.get(instance.label)
            ]
            states.update({instance.label: instance.state for instance in changed})
            state = str(run["state"]) if run["state"] in ("success", "failed") else None
            return (state, changed) if state or changed else None

        deadline = time.monotonic() + timeout
        state = None
        while not state:
            state, changed = self._until(change, deadline, f"the run {run_id} of {dag_id} has ended")
            for instance in changed:
                if on_change is not None:
                    on_change(instance)
        return state

    def xcom(
        self, dag_id: str, run_id: str, task_id: str, key: str = "return_value", map_index: int = -1
    ) -> Any:
        """Return the value that a task pushed under a key, ``None`` if there is none."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        response = self.rest.get(path, params={"map_index": map_index, **self.xcom_format})
        return (
            None
            if response.status_code == httpx.codes.NOT_FOUND
            else response.raise_for_status().json()["value"]
        )

    def task_log(
        self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1
    ) -> str:
        """Return the log of one attempt of a task, a line per event; exceptions as type and message."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
        lines = []
        for entry in self._get(path, map_index=map_index, full_content=True)["content"]:
            words = (entry.get("timestamp"), entry.get("level"), entry.get("event"))
            lines.append(" ".join(str(word) for word in words if word))
            lines += [f"{e['exc_type']}: {e['exc_value']}" for e in entry.get("error_detail") or ()]
        return "\n".join(lines)

    def triggerer_jobs(self) -> list[int]:
        """Return the ids of the jobs of all triggerers that were started, in that order."""
        jobs = self._get("/jobs", job_type="TriggererJob", order_by="id", limit=1000)
        return [job["id"] for job in jobs["jobs"]]

    def _log_in(self) -> None:
        token = httpx.get(f"{self.url}/auth/token", trust_env=False).raise_for_status()
        self.rest.headers["Authorization"] = f"Bearer {token.json()['access_token']}"

    def _new_run(self) -> dict[str, Any]:
        return {"logical_date": None}

    @property
    def _process_logs(self) -> Path:
        return self._home / "process-logs"

    def _run(self, name: str, *arguments: str) -> ProcessSession:
        command = [sys.executable, "-m", "airflow", *arguments]
        return ProcessSession(name, command, self._environment, self._process_logs / f"{name}.log")

    def _migrate(self, deadline: float) -> None:
        migration = self._run("db-migrate", "db", "migrate")
        try:
            self._until(lambda: migration.leader.poll() is not None, deadline, "the database is migrated")
        finally:
            migration.kill()
        if migration.leader.returncode:
            raise RuntimeError(f"airflow db migrate failed:\n{migration.log_tail()}")

    def _healthy(self) -> bool:
        return all(component["status"] == "healthy" for component in self._get(self.health).values())

    def _until(self, condition: Callable[[], Found | None], deadline: float, what: str) -> Found:
        """Poll a condition until it holds; raise if a process ends or the deadline passes."""
        while True:
            failure = None
            try:
                if found := condition():
                    return found
            except httpx.HTTPError as error:  # not started yet, or busy
                failure = error
            for session in itertools.chain(*self.sessions.values()):
                if session.leader.poll() is not None and not session.killed:
                    raise RuntimeError(
                        f"{session.name} ended with {session.leader.returncode}:\n{session.log_tail()}"
                    )
            if time.monotonic() > deadline:
                raise TimeoutError(f"timed out waiting until {what}; logs are in {self._home}") from failure
            time.sleep(0.4)

    def _get(self, path: str, **parameters: str | int | bool) -> Any:
        return self.rest.get(path, params=parameters).raise_for_status().json()


class LocalAirflow2(LocalAirflow):
    """Airflow 2: a webserver, and a scheduler that processes DAG files; ``database`` is required."""

    components = ("webserver", "scheduler", "triggerer")
    arguments: ClassVar[Mapping[str, Sequence[str]]] = dict.fromkeys(
        ("scheduler", "triggerer"), ("--skip-serve-logs",)
    )
    api = "/api/v1"
    health = "/health"
    xcom_format: ClassVar[Mapping[str, bool]] = {"stringify": False}

    def __init__(self, *, home: Path, database: str | None = None, **options: Any) -> None:
        if database is None:
            raise ValueError("Airflow 2 runs tasks in parallel only with a database server; pass database")
        super().__init__(home=home, database=database, **options)
        (home / "webserver_config.py").write_text("AUTH_ROLE_PUBLIC = 'Admin'\nWTF_CSRF_ENABLED = False\n")
        settings = {
            "API__AUTH_BACKENDS": "airflow.api.auth.backend.default",
            "API__MAXIMUM_PAGE_LIMIT": "10000",
            "SCHEDULER__DAG_DIR_LIST_INTERVAL": "3",
            "WEBSERVER__SECRET_KEY": secrets.token_hex(16),
            "WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
            "WEBSERVER__WEB_SERVER_PORT": self.url.rpartition(":")[2],
            "WEBSERVER__WORKERS": "1",
        }
        self._environment |= {f"AIRFLOW__{name}": value for name, value in settings.items()}

    def task_log(
        self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1
    ) -> str:
        """Return the log of one attempt of a task."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
        parameters = {"map_index": map_index, "full_content": True}
        response = self.rest.get(path, params=parameters, headers={"Accept": "text/plain"})
        return response.raise_for_status().text

    def triggerer_jobs(self) -> list[int]:
        """Return the ids of the jobs of all triggerers that were started, in that order."""
        import sqlalchemy

        query = sqlalchemy.text("SELECT id FROM job WHERE job_type = 'TriggererJob' ORDER BY id")
        with sqlalchemy.create_engine(self._database).connect() as connection:
            return [row[0] for row in connection.execute(query)]

    def _log_in(self) -> None:
        """Need no login: the webserver gives everybody on this machine the role of an administrator."""

    def _new_run(self) -> dict[str, Any]:
        return {}

    def _healthy(self) -> bool:
        states = self._get(self.health)
        return all(
            states[component]["status"] == "healthy" for component in ("metadatabase", *self.components[1:])
        )


def local_airflow(**options: Any) -> LocalAirflow:
    """Return the Airflow that this environment has, not started yet; see :class:`LocalAirflow` for the options."""
    return (LocalAirflow2 if version("apache-airflow").startswith("2.") else LocalAirflow)(**options)


def _free_ports(count: int) -> list[int]:
    ports: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            ports.append(port)
        if len(ports) == count:
            return ports
    raise RuntimeError(f"fewer than {count} of the ports {PORTS.start} to {PORTS.stop - 1} are free")


def _environment(
    *, home: Path, dags_folder: Path, database: str, api_port: int, log_ports: Sequence[int]
) -> dict[str, str]:
    """Return the caller's environment without its Airflow, with the settings of this one."""
    settings = {
        # Before 3.1 the API returns no decoded values of XComs otherwise.
        "API__ENABLE_XCOM_DESERIALIZE_SUPPORT": "True",
        "API__BASE_URL": f"http://127.0.0.1:{api_port}",
        "API__MAXIMUM_PAGE_LIMIT": "10000",
        "API__PORT": str(api_port),
        "API__SECRET_KEY": secrets.token_hex(16),
        "API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "CORE__DAGS_FOLDER": str(dags_folder),
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{api_port}/execution/",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__PARALLELISM": "4",
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "3",
        "DATABASE__SQL_ALCHEMY_CONN": database,
        "LOGGING__TRIGGER_LOG_SERVER_PORT": str(log_ports[0]),
        "LOGGING__WORKER_LOG_SERVER_PORT": str(log_ports[1]),
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    }
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "_AIRFLOW"))
    }
    own = {f"AIRFLOW__{name}": value for name, value in settings.items()}
    # As in an installed package: without bytecode, each task process would compile the modules that it imports.
    bytecode = {"PYTHONDONTWRITEBYTECODE": ""}
    return {**inherited, **bytecode, **NO_PROXY_FOR_LOOPBACK, "AIRFLOW_HOME": str(home), **own}
