"""Data of a task for Airflow's UI: the XComs ``viapi_view`` and ``usage``, which is measured here.

The view of a job is written twice, when the job was accepted and when the task ends, and the usage once: each write
is a call of Airflow's API. A task without a job writes its view only if it fails (:func:`fail_and_show`). While a
task waits, the states of its job are in another XCom (``task_instance.xcoms``). docs/ui.md describes the fields.
The view holds no signature: signed links are in the task's result alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import conf

from airflow_provider_viapi.best_effort import logging_failure
from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.operators.task.attempt import fail_without_retry, is_permanent
from airflow_provider_viapi.task_instance.xcoms import USAGE_KEY, VIEW_KEY

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.http_settings import HttpSettings
    from airflow_provider_viapi.jobs.ledger import Entry
    from airflow_provider_viapi.jobs.model import Job, JobReport, Log
    from airflow_provider_viapi.jobs.usage_and_cost import Prices, Usage
    from airflow_provider_viapi.result_fields import ResultField

logger = logging.getLogger(__name__)

VERSION = 1
"""Version of the view's fields; the UI reads any that is not newer than its own."""

MAX_SOURCES = 50
"""Sources that a view names."""

MAX_ERROR = 2_000
"""Characters of an error message."""


class TaskView:
    """View of a task's job, collected while the task runs.

    :param action: as ``service.Action``
    :param attempt: number of the running attempt
    :param earlier: :meth:`state` of the process that submitted, after a wait in the triggerer
    """

    def __init__(self, action: str, attempt: int, earlier: Mapping[str, Any] | None = None) -> None:
        self.fields: dict[str, Any] = {
            "version": VERSION,
            "action": action,
            "try_number": attempt,
            "sources": [],
            "files": [],
            "timeline": {},
            "states": {},
            **(earlier or {}),
        }

    def state(self) -> dict[str, Any]:
        """Return what the process that continues after a wait has to know, as JSON values."""
        return self.fields

    def mark(self, step: str, at: str | None = None) -> None:
        """Record when a step was done, once.

        :param at: ISO 8601; default: now
        """
        self.fields["timeline"].setdefault(
            step, at or datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        )

    def show_request(self, request: Mapping[str, Any]) -> None:
        """Record the sources of a request, without signatures."""
        from airflow_provider_viapi.media.addresses import find_sources, redacted_address

        self.mark("rendered")
        self.fields["sources"] = [
            {"parameter": name, "address": redacted_address(address)}
            for name, address in find_sources(request)
            if address is not None
        ][:MAX_SOURCES]

    def show_job(self, job: Job, before: Entry | None) -> None:
        """Record the job, and the attempt that it was resumed from.

        :param before: the ledger's entry before this attempt
        """
        self.fields["job_id"] = job.id
        if job.request_id is not None:
            self.fields["request_id"] = job.request_id
        if before is not None and before.job_id == job.id:
            self.fields["resumed_from"] = before.try_number
            # The job was submitted in an earlier attempt; mark() keeps the first time that it gets.
            self.fields["timeline"].pop("staged", None)
            self.mark("submitted", before.signed_at)
        self.mark("submitted")

    def show_result(
        self,
        report: JobReport,
        result: Mapping[str, Any],
        fields: Collection[ResultField],
        landed: Mapping[str, str],
    ) -> None:
        """Record the files of a result: where each has landed, and until when its link works.

        :param fields: of the action's result
        """
        from airflow_provider_viapi.media.addresses import redacted_address
        from airflow_provider_viapi.presigned_urls import link_expiry
        from airflow_provider_viapi.result_fields import file_urls

        self.show_times(report)
        if landed:
            self.mark("landed")
        links = file_urls(result, fields)
        shown = []
        for key in dict.fromkeys((*links, *landed)):
            link = links.get(key)
            expiry = link_expiry(link) if link else None
            shown.append(
                {
                    "key": key,
                    "address": redacted_address(link) if link else None,
                    "expires_at": expiry.isoformat() if expiry else None,
                    "landed": redacted_address(landed[key]) if key in landed else None,
                }
            )
        self.fields["files"] = shown
        if "reused" in result:
            self.fields["reused"] = result["reused"]

    def show_times(self, report: JobReport) -> None:
        """Record what a wait has seen of the job."""
        times = dict(report.times)
        for step in ("finished", "noticed"):
            if step in times:
                self.mark(step, times.pop(step))
        self.mark("noticed")
        self.fields |= {"job_id": report.job_id, "job_state": report.state, "states": times}

    def show_error(self, error: Exception) -> None:
        """Record why the task failed."""
        from airflow_provider_viapi.redaction import redact_text

        # Airflow's own exception ends the retries; the reason is the error that it was raised from.
        error = error.__cause__ if isinstance(error.__cause__, ServiceError) else error
        names = ("code", "request_id", "host_id", "http_status", "state")
        details = {name: getattr(error, name, None) for name in names}
        message = redact_text(str(getattr(error, "message", error)))[:MAX_ERROR]
        self.mark("failed")
        self.fields["error"] = {"class": type(error).__name__, "message": message, **details}

    def publish(self, context: Context, usage: Usage | None = None) -> None:
        """Write the XComs; if that fails it is logged: what the task has paid for must not be lost for it.

        :param usage: of the finished job
        """
        with logging_failure(logger, "The XComs for the UI could not be stored: %s"):
            if usage is not None:
                self.fields["usage"] = usage.as_dict()
                context["ti"].xcom_push(key=USAGE_KEY, value=self.fields["usage"])
            context["ti"].xcom_push(key=VIEW_KEY, value=self.fields)

    @contextmanager
    def publishing_errors(self, context: Context) -> Iterator[None]:
        """Publish the error that ends the task."""
        try:
            yield
        except Exception as error:
            self.show_error(error)
            self.publish(context)
            raise


@contextmanager
def fail_and_show(
    context: Context, action: str = "", decide: Callable[[ServiceError], bool] = is_permanent
) -> Iterator[None]:
    """Publish the error of a task without a job, and fail the task without retries if the error is permanent.

    :param action: as ``service.Action``, if the task calls one
    :param decide: returns whether an error is permanent
    """
    began = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    with fail_without_retry(decide):
        try:
            yield
        except ServiceError as error:
            # The error itself must reach Airflow.
            with suppress(Exception):
                view = TaskView(action, context["ti"].try_number)
                view.mark("rendered", began)
                view.show_error(error)
                view.publish(context)
            raise


def read_prices() -> Prices:
    """Return the prices of ``[viapi] prices``.

    :raises ConfigurationError: the setting cannot be read
    """
    from airflow_provider_viapi.jobs.usage_and_cost import Prices

    return Prices.parse(conf.get("viapi", "prices", fallback="") or "")


def measured_usage(
    action: str,
    files: Collection[str],
    log: Log,
    *,
    http: HttpSettings,
    allowed_hosts: Collection[str] = (),
) -> Usage:
    """Return the usage of a finished job; a file that cannot be measured never fails its task.

    :param action: as ``service.Action``
    :param files: addresses of the result's files; the longest counts
    """
    from airflow_provider_viapi.errors import ConfigurationError
    from airflow_provider_viapi.jobs.usage_and_cost import Prices, Usage
    from airflow_provider_viapi.media.addresses import redacted_address
    from airflow_provider_viapi.media.media_headers import measure

    clips = []
    for address in files:
        try:
            clips.append(measure(address, http, allowed_hosts))
        except Exception as error:
            # Whatever the storage raises; its text may quote a signed request.
            log.info(
                "The duration of %s could not be read: %s",
                redacted_address(address),
                type(error).__name__,
            )
    try:
        prices = read_prices()
    except ConfigurationError as error:
        log.warning("%s", error.message)
        prices = Prices()
    longest = max((clip for clip in clips if clip), key=lambda clip: clip.seconds, default=None)
    return Usage.of_job(action, longest, prices)
