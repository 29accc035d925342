"""Calls of S3 that the claims of a submission cost, beside any number of other submissions."""

from __future__ import annotations

import re
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from jobs.scripted_backend import ScriptedBackend, submission
from media.moto_s3 import connection_json, make_bucket
from operators.test_task_claims import Airflow
from skipping_clock import SkippingClock


class CountedS3:
    """Moto's server, which counts requests by their kind, and the names in its lists."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = b"".join(self._moto(environ, start_response))
        is_list = "list-type" in environ.get("QUERY_STRING", "")
        self.counts["LIST" if is_list else environ["REQUEST_METHOD"]] += 1
        if is_list:
            self.counts["names"] += len(re.findall(rb"<Contents>|<CommonPrefixes>", body))
        return [body]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[CountedS3]:
    counted = CountedS3()
    server = make_server("127.0.0.1", 0, counted, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    conn_id = f"aws_{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", connection_json(endpoint))
    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"{make_bucket(endpoint, conn_id).url}/state")
    # About one in a hundred submissions lists the days and hours, to delete the old ones.
    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_RETENTION_DAYS", "0")
    yield counted
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("others", [0, 20])
@pytest.mark.parametrize(
    ("hour", "seconds", "lists"),
    [(12, 0, 1), (12, 30, 1), (0, 0, 3)],
    ids=["answered at once", "answered late", "shortly after midnight"],
)
def test_a_submission_costs_the_same_beside_any_number_of_others(
    s3: CountedS3, hour: int, seconds: float, lists: int, others: int
) -> None:
    clock = SkippingClock()
    yesterday = datetime.now(timezone.utc) - timedelta(days=1)
    clock.skipped = yesterday.replace(hour=hour, minute=30) - datetime.now(timezone.utc)
    claims = Airflow("batch").claims("batch")

    def submit(job_id: str, seconds: float) -> None:
        def answer() -> str:
            clock.sleep(seconds)
            return job_id

        submission(ScriptedBackend(clock, [answer]), claims=claims).resume_or_submit()  # type: ignore[arg-type]

    for number in range(others):
        submit(f"J-{number}", 0)
    s3.counts.clear()

    submit("J", seconds)

    # The open submission, the claim on the job, the job; and the claims on that job alone.
    assert s3.counts == {"PUT": 3, "LIST": lists, "names": 1}
