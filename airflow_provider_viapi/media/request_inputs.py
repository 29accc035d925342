"""The media of one request on their way to the service, and back out of the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.media import staging

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.jobs.model import Log


@dataclass
class Media:
    """What a task instance has of media where the service cannot read them; see ``media.staging``.

    :param action: what is asked for
    :param request: as the author gave it, checked
    :param to: the team's bucket, ``oss://bucket/prefix``; VIAPI's temporary storage if ``None``
    :param hook: whose account reads and stages
    :param run: which DAG run
    :param holder: which task instance of it, the same for all tries
    :param log: told what is copied where
    """

    action: Action
    request: Mapping[str, Any]
    to: str | None
    hook: ViapiHook
    run: str
    holder: str
    log: Log

    @classmethod
    def of(cls, context: Context, request: Mapping[str, Any], *, item: str = "", **arguments: Any) -> Media:
        """Those of the task that runs in a context.

        :param item: which one, for a task with several requests
        """
        instance = context["ti"]
        return cls(
            request=request,
            run=f"{instance.dag_id}/{instance.run_id}",
            holder=f"{instance.task_id}/{instance.map_index}{item}",
            **arguments,
        )

    @cached_property
    def readable(self) -> dict[str, Any]:
        """The request with every file where the service can read it; the first to ask has them copied.

        :raises ServiceError: see ``media.staging.stage``
        """
        return staging.stage(
            self.request,
            action=self.action,
            to=self.to,
            hook=self.hook,
            run=self.run,
            holder=self.holder,
            log=self.log,
        )

    def release(self) -> None:
        """Remove the copies that no other task uses; from whichever process, also one that staged nothing."""
        staging.release(
            self.request,
            action=self.action,
            to=self.to,
            hook=self.hook,
            run=self.run,
            holder=self.holder,
            log=self.log,
        )
