"""Job backends of Huawei Cloud: submission, and polling by the families of its jobs.

One :class:`HuaweiJobBackend` has one target state, so tasks that wait for different ones have separate pollers.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.errors import InvalidRequest, ServiceError
from airflow_provider_viapi.http_errors import malformed_response
from airflow_provider_viapi.huawei.job_reports import (
    is_cancelled,
    kind_of,
    outcome_of,
    parse_submission,
    request_about,
)
from airflow_provider_viapi.huawei.model import Action, States
from airflow_provider_viapi.huawei.recent_jobs import has_list, list_jobs
from airflow_provider_viapi.huawei.services import metastudio, vias
from airflow_provider_viapi.jobs.backend import Identity, ListSnapshot
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome, RequestNonce
from airflow_provider_viapi.jobs.polling.intervals import Backoff

if TYPE_CHECKING:
    from airflow_provider_viapi.huawei.account import Account
    from airflow_provider_viapi.huawei.client import AsyncClient, Client
    from airflow_provider_viapi.jobs.reconciliation import JobList

logger = logging.getLogger(__name__)

Family = Literal["videos", "tasks", "models", "others"]
"""Jobs that are polled alike: the first two in a list; models and transfers rarely, because people review them."""

_FAMILIES: Mapping[str, Family] = {
    metastudio.videos.CREATE_2D_DIGITAL_HUMAN_VIDEO.full_name: "videos",
    metastudio.videos.CREATE_PHOTO_DIGITAL_HUMAN_VIDEO.full_name: "videos",
    vias.tasks.CREATE_TASK.full_name: "tasks",
    metastudio.avatars.CREATE_2D_MODEL_TRAINING_JOB.full_name: "models",
    metastudio.voices.CREATE_TRAINING_BASIC_JOB.full_name: "models",
    metastudio.voices.CREATE_TRAINING_MIDDLE_JOB.full_name: "models",
    metastudio.voices.CREATE_TRAINING_ADVANCE_JOB.full_name: "models",
    metastudio.voices.CREATE_TRAINING_THIRD_PARTY_JOB.full_name: "models",
    metastudio.transfers.TRANSFER_ASSET.full_name: "models",
}


def family_of(action: str) -> Family:
    """Return the family of the jobs that an action creates.

    :param action: as ``service.Action``
    """
    return _FAMILIES.get(action, "others")


def backoff_of(family: Family) -> Backoff:
    """Return the backoff between polls of a single job of a family."""
    return Backoff(first=30.0, longest=300.0) if family == "models" else Backoff()


class HuaweiSubmitBackend:
    """Submission of one request to Huawei Cloud; see ``jobs.backend.SubmitBackend``.

    The service has no idempotency key, so nothing is sent again whose response was lost: a list of the account's
    jobs is the only evidence.

    :param client: calls the service
    :param action: the action
    :param request: the checked request as the author gave it, which listed jobs are compared with
    """

    replayable_for = timedelta()

    def __init__(self, client: Client, action: Action, request: Mapping[str, Any]) -> None:
        self._client = client
        self._action = action
        self._request = request
        self.response: Mapping[str, Any] = {}
        """The response to the submission; empty before it, and if the job was found in a list."""
        self.action_name = action.full_name
        self.has_list = has_list(action)
        # Connecting and responding each have the connection's whole timeout.
        self.accepted_within = 2 * timedelta(seconds=client.account.http.timeout)

    def identity(self) -> Identity:
        """Return the project and endpoint; fetches token and project, so that nothing is in doubt if that fails."""
        self._client.make_ready(self._action)
        account = self._client.account
        project = account.project_id or account.region
        return Identity.of_project(project, account.address(self._action.service))

    def submit(self, request: Mapping[str, Any], nonce: RequestNonce) -> Job:
        """Send the request once."""
        self.response = self._client.call_once(self._action, request)
        job = parse_submission(self._action, self._request, self.response)
        return replace(job, request_id=self._client.request_id)

    def renewed_key(self, error: ServiceError) -> bool:
        """Return false: the client itself renews a token that was refused."""
        return False

    def job(self, job_id: str) -> Job:
        """Return the job with an id, in the scope that the request names."""
        scope = self._action.job_kind.scope_name
        return Job(job_id, self.action_name, str(self._request[scope]) if scope else None)

    def list_recent(self, sent_at: datetime) -> JobList:
        """Return the listed jobs that may be the request's."""
        return list_jobs(self._client, self._action, self._request, sent_at)


class HuaweiJobBackend:
    """The jobs of one account that are polled individually.

    :param client: calls the service
    :param target_state: state to wait for; default: a terminal one
    """

    list_interval: float | None = None

    def __init__(self, client: AsyncClient, target_state: str | None = None) -> None:
        self._client = client
        self._target_state = target_state
        self._unknown: set[str] = set()
        self._partial: dict[str, JobReport] = {}

    async def list_states(self, job_ids: Collection[str]) -> ListSnapshot:
        """Return an empty snapshot: no list shows these jobs."""
        return ListSnapshot({}, scan_complete=True)

    async def report(self, job: Job) -> JobReport:
        """Return the state of the job, with one call; the next call completes it with the link of an avatar video."""
        if (partial := self._partial.get(job.id)) is not None:
            report = await self._client.complete(job, partial)
            self._partial.pop(job.id, None)
            return report
        report = await self._client.report(job, self._target_state)
        self._log_unknown(kind_of(job.action).states, report.state)
        if report.is_partial:
            self._partial[job.id] = report
        return report

    async def cancel(self, job: Job) -> bool:
        """Cancel the job if its service can; return false if it continues."""
        kind = kind_of(job.action)
        if kind.cancel is None:
            return False
        try:
            await self._client.call_once(kind.cancel, {**request_about(job), **kind.cancel_with})
        except InvalidRequest:
            with suppress(InvalidRequest):
                return is_cancelled(await self.report(job), kind)
            return False
        return True

    async def _items(self, action: Action, wanted: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
        items = (await self._client.call_once(action, wanted)).get(name)
        if not isinstance(items, list):
            raise malformed_response(f"has no list {name}", action=action.name)
        return [each for each in items if isinstance(each, Mapping)]

    def _outcome(self, states: States, state: Any) -> Outcome:
        self._log_unknown(states, str(state))
        return outcome_of(states, str(state), self._target_state)

    def _log_unknown(self, states: States, state: str) -> None:
        if state not in states.all and state not in self._unknown:
            self._unknown.add(state)
            logger.warning(
                "The job state %r is not documented; it is treated as not terminal, and polling continues",
                state,
            )


class VideoJobs(HuaweiJobBackend):
    """Avatar and photo videos, which are listed by their ids, 100 per call."""

    list_interval: float | None = 5.0
    """Seconds; MetaStudio's documents allow ten calls a second."""

    PAGE_SIZE = 100
    """Job ids per list request; the documents give no limit. Jobs that the response omits are polled individually."""

    _last = ""

    async def list_states(self, job_ids: Collection[str]) -> ListSnapshot:
        """List the next hundred of the jobs."""
        in_order = sorted(job_ids)
        rest = [job_id for job_id in in_order if job_id > self._last] or in_order
        page, is_last = rest[: self.PAGE_SIZE], len(rest) <= self.PAGE_SIZE
        self._last = "" if is_last else page[-1]
        wanted = {"job_ids": page, "limit": self.PAGE_SIZE, "offset": 0}
        jobs = await self._items(metastudio.videos.LIST_DIGITAL_HUMAN_VIDEO, wanted, "jobs")
        listed = [each for each in jobs if each.get("job_id") in job_ids]
        outcomes = {
            each["job_id"]: self._outcome(metastudio.videos.VIDEO_STATES, each.get("state"))
            for each in listed
        }
        states = {each["job_id"]: str(each.get("state") or "") for each in listed}
        return ListSnapshot(outcomes, scan_complete=is_last, states=states)


class ViasTasks(HuaweiJobBackend):
    """VIAS tasks, which are listed page by page."""

    list_interval: float | None = 5.0
    """Seconds; the documents give no limit."""

    def __init__(self, client: AsyncClient, target_state: str | None = None) -> None:
        super().__init__(client, target_state)
        self._page = 1
        self._waiting: set[str] = set()

    async def list_states(self, job_ids: Collection[str]) -> ListSnapshot:
        """Read the next page of the account's list, of up to 1000 tasks (50 in v1)."""
        size = 50 if self._client.account.vias_paths == "v1" else 1000
        wanted = {"page": self._page, "page_size": size}
        tasks = await self._items(vias.tasks.LIST_TASKS, wanted, "tasks")
        is_last = len(tasks) < size
        self._page = 1 if is_last else self._page + 1
        states = {each["id"]: str(each.get("state") or "") for each in tasks if each.get("id")}
        listed = {
            each["id"]: self._outcome(vias.service.TASK_STATES, each.get("state"))
            for each in tasks
            if each.get("id")
        }
        outcomes = {task_id: outcome for task_id, outcome in listed.items() if task_id in job_ids}
        waiting = {task_id for task_id, outcome in listed.items() if outcome is Outcome.WAITING}
        # The list also shows tasks that ended long ago, which are no news.
        finished = self._waiting & (listed.keys() - waiting)
        self._waiting = self._waiting - finished | waiting
        return ListSnapshot(outcomes, scan_complete=is_last, finished=dict.fromkeys(finished), states=states)


_SERVICES: Mapping[Family, type[HuaweiJobBackend]] = {"videos": VideoJobs, "tasks": ViasTasks}


@asynccontextmanager
async def open_huawei_jobs(
    account: Account, family: Family = "others", target_state: str | None = None
) -> AsyncIterator[HuaweiJobBackend]:
    """Open the polling backend of an account's jobs of one family; its client closes with the context."""
    from airflow_provider_viapi.huawei.client import open_async_client

    async with await open_async_client(account) as client:
        yield _SERVICES.get(family, HuaweiJobBackend)(client, target_state)
