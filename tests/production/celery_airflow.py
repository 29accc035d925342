"""Airflow with Celery: two workers, two triggerers, two schedulers; broker, state and results in real servers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import redis

from local_airflow import AS_DEPLOYED, LocalAirflow

SLOTS = 4


class CeleryAirflow(LocalAirflow):
    """Airflow 3 whose tasks run in Celery workers with four slots each.

    :param broker: URL of a Redis database that belongs to this Airflow
    """

    components = ("api-server", "scheduler", "dag-processor", "triggerer", "celery")
    counts: ClassVar[Mapping[str, int]] = {"scheduler": 2, "triggerer": 2, "celery": 2}

    def __init__(self, *, broker: str, database: str, environment: Mapping[str, str], **options: Any) -> None:
        settings = {
            "CORE__EXECUTOR": "CeleryExecutor",
            "CORE__PARALLELISM": "16",
            "CELERY__BROKER_URL": broker,
            "CELERY__RESULT_BACKEND": f"db+{database}",
            "CELERY__WORKER_CONCURRENCY": str(SLOTS),
            "CELERY__WORKER_PREFETCH_MULTIPLIER": "1",
            "CELERY__OPERATION_TIMEOUT": "10",
            # As docs/operate.md advises for many short tasks: a slot is free within a second of its task's end.
            "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            # A message on its way to a worker that is killed, or over a connection that is closed, may be lost;
            # the scheduler sends it again when the task has been queued for so long.
            "SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
            "SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "10",
            # On a busy machine a hundred tasks are queued for longer; by default Airflow fails them after two times.
            "SCHEDULER__NUM_STUCK_IN_QUEUED_RETRIES": "20",
        }
        own = {f"AIRFLOW__{name}": value for name, value in settings.items()}
        super().__init__(database=database, environment=AS_DEPLOYED | own | dict(environment), **options)

    def __enter__(self) -> CeleryAirflow:
        super().__enter__()
        for component, count in self.counts.items():
            while len(self.sessions[component]) < count:
                self.start(component)
        return self

    def start(self, component: str) -> int:
        """Start one more process of a component and return its index."""
        if component != "celery":
            return super().start(component)
        sessions = self.sessions[component]
        name = f"worker-{len(sessions)}"
        command = ("celery", "worker", "--skip-serve-logs", "--celery-hostname", f"{name}@%h")
        sessions.append(self._run(name, *command))
        return len(sessions) - 1


def kill_redis_connections(url: str) -> int:
    """Close the connections of all clients of one database of a Redis server, and return their number."""
    client = redis.Redis.from_url(url)
    own = client.client_id()
    database = str(client.connection_pool.connection_kwargs.get("db", 0))
    others = [
        each["id"] for each in client.client_list() if each["db"] == database and int(each["id"]) != own
    ]
    killed = 0
    for number in others:
        killed += client.client_kill_filter(_id=number)
    client.close()
    return killed


def dags_folder() -> Path:
    """Return the folder of this test's DAGs."""
    return Path(__file__).parent / "dags"
