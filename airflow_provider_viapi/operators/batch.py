"""One task, many jobs of one action."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowTaskTimeout,
    BaseOperator,
    TaskDeferred,
    conf,
)

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.errors import InvalidRequest, ServiceError, from_dict
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.media.asset_events import report_assets
from airflow_provider_viapi.media.staging import check_place
from airflow_provider_viapi.operators.base import is_templated
from airflow_provider_viapi.operators.batch_landing import OF_THE_ITEM, landed_of
from airflow_provider_viapi.operators.batch_requests import build_items, check_literals
from airflow_provider_viapi.operators.durability import fail_without_retry, is_permanent
from airflow_provider_viapi.operators.viapi import ViapiJobOperator
from airflow_provider_viapi.triggers.task_state import is_terminal

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.batch import Batch
    from airflow_provider_viapi.jobs.batch_pause import WaitPolicy
    from airflow_provider_viapi.jobs.completions import Completions
    from airflow_provider_viapi.jobs.model import Job
    from airflow_provider_viapi.jobs.submission import OnDoubt
    from airflow_provider_viapi.operators.durability import XComClaims

MAX_IN_FLIGHT = 1000
"""Jobs of one batch that run at the same time at most: their ids are arguments of a trigger, some 40 kB then."""


class ViapiBatchOperator(BaseOperator):
    """Have one action done for many items: each paid for once, at the account's pace, in one task.

    ::

        ViapiBatchOperator(
            task_id="erase_all",
            operator=EraseVideoSubtitlesOperator,
            items=[{"video_url": "s3://films/1.mp4"}, {"video_url": "s3://films/2.mp4", "by": 0.8}],
            shared={"bh": 0.2},
        )

    Returns a row per item, in the order of the items: ``index``, ``job_id``, ``state``, ``result`` (with the API's
    own keys) and ``error`` (``class``, ``code`` and ``message``), ``None`` where there is none. While it runs, the
    XCom ``progress`` has the numbers ``done``, ``failed``, ``running`` and ``left``, and ``job_ids`` what runs.

    A retry takes what has delivered as it is, goes on with what runs, and submits what has failed or is new.

    :param operator: the operator whose action is done; its keyword arguments are those of the items
    :param items: keyword arguments of each item, 10,000 items at most; a template or another task's output may give
        the list. If that is empty, so are the rows; an empty literal is an error
    :param shared: keyword arguments that all items have in common; an item's own come first
    :param staging: where media are copied to that the service cannot read where they are: a bucket of the team's in
        Shanghai, ``oss://bucket/prefix``; VIAPI's temporary storage unless given
    :param land_to: where the files of each result land as it comes: a folder (ends with ``/``) of any storage that
        Airflow's ``ObjectStoragePath`` opens, or the name of a file with placeholders; ``{index}`` is the item's,
        and it or ``{job_id}`` is in the name if there are several items. The ``outlets`` are told of all files.
        A result then has ``landed``, where each file lies, instead of links that end after 30 minutes
    :param max_in_flight: jobs that run at the same time at most, 1–1,000
    :param max_failed: how many items may fail without the task failing; when more have, no more are submitted
    :param viapi_conn_id: id of the Airflow connection; its ``submit_qps`` is the pace
    :param deferrable: wait in the triggerer; ``[operators] default_deferrable`` decides unless given
    :param job_timeout: how long a try waits for one job; a day unless given
    :param on_doubt: what to do about an item of which it cannot be known whether its job was accepted: ``fail`` it,
        so that a person decides, or ``resubmit``, which may pay twice
    """

    template_fields: Sequence[str] = ("items", "shared", "staging", "land_to", "viapi_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"items": "json", "shared": "json"}
    ui_color = "#fff1e5"

    def __init__(
        self,
        *,
        operator: type[ViapiJobOperator],
        items: Any,
        shared: Any = None,
        staging: str | None = None,
        land_to: str | None = None,
        max_in_flight: int = 100,
        max_failed: int = 0,
        viapi_conn_id: str = ViapiHook.default_conn_name,
        deferrable: bool | None = None,
        job_timeout: timedelta = timedelta(days=1),
        on_doubt: OnDoubt = "fail",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        is_job = isinstance(operator, type) and issubclass(operator, ViapiJobOperator)
        if not is_job or not isinstance(getattr(operator, "action", None), Action):
            raise TypeError(f"operator is the operator of a job, not {operator!r}")
        self.operator = operator
        self._check(
            "max_in_flight",
            max_in_flight,
            type(max_in_flight) is int and 1 <= max_in_flight <= MAX_IN_FLIGHT,
            f"1 to {MAX_IN_FLIGHT}",
        )
        self._check("max_failed", max_failed, type(max_failed) is int and max_failed >= 0, "0 or more")
        self._check("job_timeout", job_timeout, job_timeout > timedelta(0), "more than zero")
        self._check("on_doubt", on_doubt, on_doubt in ("fail", "resubmit"), "fail, resubmit")
        check_literals(operator, items, shared or {})
        self.items = items
        self.shared = shared
        self.staging = staging
        self.land_to = land_to
        if not is_templated([staging, land_to]):
            self._check_places(len(items) if isinstance(items, list | tuple) else 1)
        self.max_in_flight = max_in_flight
        self.max_failed = max_failed
        self.viapi_conn_id = viapi_conn_id
        if deferrable is None:
            deferrable = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.deferrable = deferrable
        self.job_timeout = job_timeout
        self.on_doubt = on_doubt

    def _check(self, name: str, value: object, is_allowed: bool, allowed: str) -> None:
        if not is_allowed:
            raise InvalidRequest(f"{name} is {value!r}; allowed: {allowed}", action=self.operator.action.name)

    def _check_places(self, items: int) -> None:
        check_place(self.staging)
        if self.land_to is None:
            return
        from airflow_provider_viapi.media import landing

        landing.check(self.land_to, self.operator.action, also=OF_THE_ITEM)
        self._check(
            "land_to",
            self.land_to,
            items < 2
            or self.land_to.endswith("/")
            or "{index}" in self.land_to
            or "{job_id}" in self.land_to,
            "a folder (ends with /), or a name with {index} or {job_id} in it, since there are several results",
        )

    @cached_property
    def hook(self) -> ViapiHook:
        """The hook that calls."""
        return ViapiHook(self.viapi_conn_id)

    def execute(self, context: Context) -> Any:
        """Check all items, submit the first of them, and wait."""
        from airflow_provider_viapi.operators.batch_task import batch_of

        with fail_without_retry():
            items = build_items(self.operator, self.items, self.shared or {})
            self._check_places(len(items))
            if self.land_to is not None:
                from airflow_provider_viapi.media import landing

                landing.check_opens(self.land_to)
            if not items:
                self.log.info("There are no items: nothing to do")
                return []
            if self.operator.action.retired:
                self.log.warning("%s: %s", self.operator.action.name, self.operator.action.retired)
            batch = batch_of(self, items, context)
            if not batch.ledger.lasts:
                self.log.warning(
                    "This Airflow keeps no task state (3.3 does): the batch waits on this worker, and a retry would "
                    "submit all of it again"
                )
            with self._ending_as_told(batch, context):
                batch.take_up()
                return self._go_on(batch, context)

    def resume(self, context: Context, event: dict[str, Any], carried: dict[str, Any] | None = None) -> Any:
        """See to the jobs that have ended, submit more, and wait again, or return the rows.

        :param carried: what the part of the try before knew; ``dag.test()`` of Airflow 3 loses it
        """
        from airflow_provider_viapi.jobs.completions import Completions
        from airflow_provider_viapi.operators.batch_task import BatchState, batch_of

        with fail_without_retry():
            if "error" in event:
                raise from_dict(event["error"])
            items = build_items(self.operator, self.items, self.shared or {})
            batch = batch_of(self, items, context, BatchState(**carried) if carried else None)
            with self._ending_as_told(batch, context):
                batch.take_in(Completions.from_dict(event["ended"]))
                return self._go_on(batch, context)

    def _go_on(self, batch: Batch, context: Context) -> Any:
        from airflow_provider_viapi.jobs.batch_pause import WaitPolicy

        while True:
            batch.expire_overdue()
            batch.submit()
            self._tell(batch, context)
            self._stop_if_told()
            if batch.is_over:
                return self._finish(batch, context)
            pause = WaitPolicy.of(batch, lands=self.land_to is not None)
            if self.deferrable and batch.ledger.lasts:
                self._defer(batch, pause)
            batch.take_in(self._wait_here(batch.jobs, pause))

    def _defer(self, batch: Batch, pause: WaitPolicy) -> None:
        from airflow_provider_viapi.operators.batch_task import BatchState
        from airflow_provider_viapi.triggers.batch import ViapiBatchTrigger

        self.defer(
            trigger=ViapiBatchTrigger(
                job_ids=[job.id for job in batch.jobs],
                action=batch.terms.action,
                enough=pause.enough,
                patience=pause.patience,
                until=pause.until.isoformat(),
                viapi_conn_id=self.viapi_conn_id,
            ),
            method_name="resume",
            kwargs={"carried": asdict(BatchState.of(batch))},
        )

    def _wait_here(self, jobs: Sequence[Job], pause: WaitPolicy) -> Completions:
        from airflow_provider_viapi.triggers.batch import wait_for_some

        async def wait() -> Completions:
            self._waiting = asyncio.ensure_future(wait_for_some(self.hook, jobs, pause, self.log))
            if self.told_to_stop:
                self._waiting.cancel()
            return await self._waiting

        try:
            return asyncio.run(wait())
        except asyncio.CancelledError:
            self._stop_if_told()
            raise
        finally:
            self._waiting = None

    def _finish(self, batch: Batch, context: Context) -> list[Mapping[str, Any]]:
        from airflow_provider_viapi.jobs.batch_report import bounded, failure

        rows = batch.ledger.rows(batch.items)
        if batch.stopped is not None:
            raise batch.stopped
        left = batch.progress.left
        failed = failure(rows, items=len(batch.items), left=left, max_failed=self.max_failed)
        if failed is not None:
            failed.action = self.operator.action.name
            lasting = sum(is_permanent(from_dict(row["error"])) for row in rows if row["error"])
            if lasting > self.max_failed:
                raise AirflowFailException(f"BatchFailed: {failed}") from failed
            raise failed
        report_assets(context, self.outlets, landed_of(rows))
        batch.ledger.delivered()
        kept, shortened = bounded(rows)
        if shortened:
            self.log.warning("The results of %d rows are left out, for all would be too long", shortened)
        return kept

    def _tell(self, batch: Batch, context: Context) -> None:
        batch.tell()
        context["ti"].xcom_push(key="progress", value=asdict(batch.progress))
        if self.claims is not None:
            self.claims.close_intent()
        # For tasks that find out which of the account's jobs is theirs: see operators.context.
        context["ti"].xcom_push(key="job_ids", value=[job.id for job in batch.jobs])

    claims: XComClaims | None = None
    told_to_stop = False
    _waiting: asyncio.Task[Completions] | None = None

    def on_kill(self) -> None:
        """Stop on this worker; whether jobs are cancelled depends on why Airflow ends the task."""
        self.told_to_stop = True
        if self._waiting is not None:
            # Airflow calls this from a signal handler, perhaps while the loop sleeps.
            self._waiting.get_loop().call_soon_threadsafe(self._waiting.cancel)

    def _stop_if_told(self) -> None:
        if self.told_to_stop:
            raise ServiceError("the batch was told to stop", action=self.operator.action.name)

    @contextmanager
    def _ending_as_told(self, batch: Batch, context: Context) -> Iterator[None]:
        """Cancel what queues when the task's time is over or a person has ended it."""
        try:
            yield
        except TaskDeferred:
            raise
        except AirflowTaskTimeout:
            batch.withdraw()
            raise
        except BaseException:
            # Before Airflow 3 the signal handler that calls on_kill also raises, and not an Exception.
            if self.told_to_stop and is_terminal(context["ti"]):
                batch.withdraw()
            raise
