"""Landed results, recorded so that a later DAG run returns them instead of paying for the same job again.

Layout, version 1: one JSON object per request, ``<state_path>/results/<first 2 digits>/<digest>.json``, named after
the request's digest (see ``jobs.ledger.request_digest``). Each holds

* ``version``: 1
* ``digest``, ``action``, ``endpoint``: the request, and where it was submitted
* ``sources``: ``parameter``, ``address`` and ``version`` of each source when the job was submitted
* ``files``: ``address``, ``size`` and ``version`` of each landed file by its key in the result
* ``result``: the fields of the result, with the landed addresses in place of the service's links
* ``job_id``, ``state``, ``dag_id``, ``run_id``, ``task_id``, ``map_index``: which job of which task
* ``submitted_at``, ``landed_at``: ISO 8601, UTC
* ``request``: as its author wrote it, with signatures and other credentials replaced by ``***``
* ``manifest``: address of the manifest, if there is one; it holds the same without ``result``

A record is written after its files have landed, and a later one of the same request replaces it. Nothing that is
wrong with a record fails a task: without a record the job is submitted as usual.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import ConfigurationError, InvalidRequest
from airflow_provider_viapi.jobs.attempt_context import TaskKey
from airflow_provider_viapi.jobs.ledger import request_digest
from airflow_provider_viapi.jobs.metrics import REUSED
from airflow_provider_viapi.jobs.model import JobReport, Outcome
from airflow_provider_viapi.media.inputs.source_versions import Version, is_versioned, source_versions
from airflow_provider_viapi.media.outputs.manifest import describe, describe_file, with_landed, write_manifest
from airflow_provider_viapi.redaction import redact_text, redact_values
from airflow_provider_viapi.state.conditional_write import Conflict, Objects, open_objects
from airflow_provider_viapi.state.object_storage import PRUNE_PROBABILITY, delete_older_than, open_state_path
from airflow_provider_viapi.state.stores import StateConfig, read_days

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.attempt_context import Attempt
    from airflow_provider_viapi.jobs.ledger import Entry
    from airflow_provider_viapi.jobs.model import Log

LAYOUT_VERSION = 1

DEFAULT_RETENTION_DAYS = 365


class ReusableResults:
    """Landed results of one action, from all DAG runs.

    :param task: the operator: its hook, log and arguments about reuse
    :param action: of either cloud
    :param context: of the running task instance
    :param log: default: the task's own
    """

    def __init__(self, task: Any, action: Any, context: Context, log: Log | None = None) -> None:
        self._task = task
        self._action = action
        self._log: Log = log or task.log
        self._key = TaskKey.of(context["ti"])

    def versions(self, request: Mapping[str, Any]) -> dict[str, Version]:
        """Return the versions of a request's sources; see ``media.inputs.source_versions``."""
        hosts = [*getattr(self._task, "allowed_hosts", ()), *self._task.trusted_hosts()]
        hook = self._task.hook
        return source_versions(request, hook, self._log, settings=hook.account.http, allowed_hosts=hosts)

    def find(
        self, digest: str, request: Mapping[str, Any], *, before: Entry | None, attempt: Attempt
    ) -> tuple[dict[str, Any], JobReport] | None:
        """Return the result of an earlier job that may be reused, and the job's report; ``None`` if there is none.

        The result has ``landed`` and ``reused``: which run's task landed it, and its job.

        :param digest: of the request
        :param request: checked, before staging
        :param before: the task's own submission, which takes precedence unless its result was returned
        :param attempt: the running attempt
        :raises ConfigurationError: ``[viapi] state_path`` is missing or cannot be opened
        """
        if self._task.reuse_results is None:
            return None
        if before is not None and not (before.delivery and before.delivery.was_cleared_before(attempt)):
            return None
        path = self._path(digest)
        try:
            return self._reusable(digest, request)
        except Exception as error:
            # Whatever a damaged record or a failing storage raises: the job can be submitted without it.
            self._log.warning(
                "The record of an earlier result at %s cannot be used (%s): submitting as usual",
                path.removeprefix(f"{self._folder[1]}/"),
                type(error).__name__,
            )
            return None

    def record(
        self,
        entry: Entry | None,
        report: JobReport,
        render: Callable[[], Mapping[str, Any] | None],
        result: Mapping[str, Any],
        landed: Mapping[str, str],
    ) -> dict[str, str]:
        """Record a result whose files have landed; return ``manifest`` and its address if one was written.

        Failures are logged: the job is paid for and its files have landed.

        :param entry: the job's submission; without one only a manifest is written
        :param render: returns the request; after a wait its templates may render differently
        :param result: the fields of the result
        :param landed: addresses by key
        """
        try:
            request = self._request_of(entry, render)
            place = {"action": self._action.full_name, "endpoint": self._endpoint, **self._key._asdict()}
            document = {"version": LAYOUT_VERSION, **place, **describe(entry, report, request, landed)}
        except Exception as error:
            self._warn("described", report, error)
            return {}
        if self._task.land_manifest:
            try:
                document["manifest"] = write_manifest(document)
            except Exception as error:
                self._warn("the manifest beside them was not written", report, error)
        if self._task.reuse_results is not None and entry is not None:
            try:
                kept = redact_values(with_landed(result, landed))
                self._write(entry.digest, {**document, "result": kept})
            except Exception as error:
                self._warn("they were not recorded for reuse", report, error)
        return _manifest_of(document)

    def _warn(self, what: str, report: JobReport, error: Exception) -> None:
        self._log.warning(
            "The files of job %s were stored, but %s (%s: %s)",
            report.job_id,
            what,
            type(error).__name__,
            redact_text(str(error)),
        )

    def _reusable(self, digest: str, request: Mapping[str, Any]) -> tuple[dict[str, Any], JobReport] | None:
        record = self._read(digest)
        reason = self._mismatch(record, request) if record else "its request has not landed before"
        if record is None or reason:
            self._log.info("No earlier result can be reused: %s", reason)
            return None
        landed = {key: file["address"] for key, file in record["files"].items()}
        reused = {name: record[name] for name in ("dag_id", "run_id", "task_id", "job_id")}
        result = {**record["result"], **_manifest_of(record), "landed": landed, "reused": reused}
        report = JobReport(record["job_id"], record["state"], Outcome.SUCCEEDED, result)
        self._log.info(
            "Reused the result of job %s, which task %s of run %s of DAG %s landed at %s: nothing is submitted",
            reused["job_id"],
            reused["task_id"],
            reused["run_id"],
            reused["dag_id"],
            record["landed_at"],
        )
        self._task.hook.stats.count(REUSED, self._action.full_name)
        return result, report

    def _request_of(
        self, entry: Entry | None, render: Callable[[], Mapping[str, Any] | None]
    ) -> Mapping[str, Any] | None:
        """Return the request of a submission; ``None`` if it is not known any more."""
        with suppress(InvalidRequest):
            request = render()
            if entry and request and request_digest(self._action.full_name, request) == entry.digest:
                return request
        return None

    @cached_property
    def _folder(self) -> tuple[Any, str]:
        path = StateConfig.read().path
        if path is None:
            raise ConfigurationError(
                "reuse_results needs [viapi] state_path, the folder in which landed results are recorded, such as "
                "s3://aws_default@bucket/viapi-state; set it, or leave reuse_results out. Nothing was submitted"
            )
        return open_state_path(path)

    @property
    def _objects(self) -> Objects:
        return open_objects(self._folder[0])

    @property
    def _endpoint(self) -> str:
        return redact_text(self._task.hook.account.address(self._action.service))

    def _path(self, digest: str) -> str:
        name = digest.rpartition(":")[2]
        return f"{self._folder[1]}/results/{name[:2]}/{name}.json"

    def _read(self, digest: str) -> dict[str, Any] | None:
        data, _ = self._objects.read(self._path(digest))
        if data is None:
            return None
        record: dict[str, Any] = json.loads(data)
        if (record["version"], record["digest"]) != (LAYOUT_VERSION, digest):
            raise ValueError("of another version or request")
        return record

    def _mismatch(self, record: Mapping[str, Any], request: Mapping[str, Any]) -> str:
        """Return why a record cannot be used for a request now; an empty text if it can."""
        age = datetime.now(timezone.utc) - datetime.fromisoformat(record["landed_at"])
        if age > (self._task.reuse_results or timedelta(0)):
            return f"that of job {record['job_id']} landed {age.days} days ago, longer than reuse_results"
        if record["endpoint"] != self._endpoint:
            return f"that of job {record['job_id']} is from another endpoint, {record['endpoint']}"
        now = self.versions(request)
        unversioned = [path for path, version in now.items() if not is_versioned(version)]
        if unversioned and not self._task.reuse_unversioned:
            named = ", ".join(unversioned)
            return f"{named} has no version, so it may have changed; reuse_unversioned=True reuses it all the same"
        if now != {source["parameter"]: source["version"] for source in record["sources"]}:
            return f"a source has changed since job {record['job_id']}"
        files = record["files"].values()
        changed = [
            file["address"]
            for file in files
            if file["size"] is None or describe_file(file["address"]) != file
        ]
        if changed or not record["files"]:
            return f"of job {record['job_id']} {', '.join(changed)} is not there any more as it landed"
        return ""

    def _write(self, digest: str, record: Mapping[str, Any]) -> None:
        addresses = [file["address"] for file in record["files"].values()]
        if any(redact_text(address) != address for address in addresses):
            self._log.warning(
                "The result is not recorded for reuse: land_to contains a password; name a connection"
            )
            return
        gone = [file["address"] for file in record["files"].values() if file["size"] is None]
        if gone:
            self._log.warning("The result is not recorded for reuse: %s is gone", ", ".join(gone))
            return
        path = self._path(digest)
        data = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False).encode()
        # If another task records the same request at this moment, either record will do.
        with suppress(Conflict):
            self._objects.write(path, data, self._objects.read(path)[1])
        if random.random() < PRUNE_PROBABILITY:  # noqa: S311
            prune_records(self._folder[0], path.rpartition("/")[0])


def prune_records(fs: Any, folder: str) -> int:
    """Delete the records in a folder that are older than ``result_retention_days``; return their number.

    :param fs: opened file system of ``[viapi] state_path``
    """
    # Not in folders below it: those of a DAG called "results" hold the state of its tasks.
    days = read_days("result_retention_days", DEFAULT_RETENTION_DAYS)
    return delete_older_than(days, fs, folder, depth=1)


def _manifest_of(document: Mapping[str, Any]) -> dict[str, str]:
    return {"manifest": document["manifest"]} if "manifest" in document else {}
