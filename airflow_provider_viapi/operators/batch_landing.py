"""Landing the results of a batch, each as it comes."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import ServiceError

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.alibaba.model import Action
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.jobs.batch_ledger import Item
    from airflow_provider_viapi.jobs.delay_queue import Log
    from airflow_provider_viapi.jobs.model import JobReport

OF_THE_ITEM = ("index",)
"""Placeholders that a place to land at may hold besides those of a single task."""


def landed_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Where all files of a batch lie, by the item's index and the key in its result, such as ``3.VideoUrl``."""
    return {
        f"{row['index']}.{key}": address
        for row in rows
        for key, address in (row["result"] or {}).get("landed", {}).items()
    }


class Landing:
    """Brings the files of each result to where they are to stay; used from several threads.

    :param to: see ``media.landing``
    :param action: what the results are of
    :param hook: asks for a result again whose links have ended
    :param log: told what goes wrong, not what lands
    """

    def __init__(self, to: str, action: Action, hook: ViapiHook, context: Context, log: Log) -> None:
        self._to = to
        self._action = action
        self._hook = hook
        self._context = context
        self._log = log
        self._asking = threading.Lock()

    def land(self, item: Item, report: JobReport) -> Mapping[str, Any]:
        """The result with ``landed``, where each file lies by its key, instead of the links, which end.

        :raises ServiceError: a file could not be brought there; the job is for the next try to ask for again
        """
        from airflow_provider_viapi.media import landing

        account = self._hook.account
        try:
            landed = landing.land(
                report.result or {},
                to=self._to,
                action=self._action,
                names=landing.path_variables(self._context, job_id=report.job_id) | {"index": item.index},
                refresh_links=lambda: self._ask(report.job_id),
                log=self._log,
                allowed_hosts=landing.trusted_hosts(account),
                verify=account.http.verify,
            )
        except OSError as error:
            raise ServiceError(
                f"the result of job {report.job_id} cannot be written to {self._to!r}: {error}",
                code="NotLanded",
                action=self._action.name,
            ) from error
        lasting = {key: value for key, value in (report.result or {}).items() if key not in landed}
        return {**lasting, "landed": landed}

    def _ask(self, job_id: str) -> Mapping[str, Any]:
        from airflow_provider_viapi.jobs.model import Job

        # The hook's client is not to be shared between threads.
        with self._asking:
            return self._hook.report(Job(job_id, self._action.full_name)).result_or_raise()
