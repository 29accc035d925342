"""Trigger for jobs of VIAPI that finish, whoever submitted them."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.triggers.watcher import WatcherTrigger

if TYPE_CHECKING:
    from airflow_provider_viapi.watch.cursor import ListEntry, StartFrom
    from airflow_provider_viapi.watch.shared_pages import Pages

OUTCOMES = ("succeeded", "failed", "cancelled")

_ACTION = re.compile(r"[a-z][a-z0-9]*\.[A-Za-z][A-Za-z0-9]*")


class ViapiFinishedJobsTrigger(WatcherTrigger):
    """Fire an event for each job of an account that has finished, whoever submitted it; for ``AssetWatcher``.

    Example::

        finished = Asset(
            "viapi_finished",
            watchers=[AssetWatcher(name="jobs", trigger=ViapiFinishedJobsTrigger(outcomes=["succeeded"]))],
        )
        with DAG("land_finished", schedule=[finished]): ...

    It reads the account's job list, which shows the jobs of the last 24 hours: at most one call in 5 seconds for all
    watchers of a triggerer with the same connection. An account with more than 500 jobs a day has several pages, and
    one is read per call. The payload of an event holds

    * ``job_id``, ``action`` (``service.Action``), ``state`` as the service names it, and ``outcome``
    * ``created_at``, ``started_at``, ``ended_at`` as the list shows them, without a time zone, or ``None``
    * ``redelivered``: true if an earlier event about the job may exist (see :class:`WatcherTrigger`)

    Airflow may start one DAG run for several events; ``triggering_asset_events`` holds all of them.

    :param actions: fire only for jobs of these actions, such as ``["videoenhan.EraseVideoSubtitles"]``; default: all
    :param outcomes: fire only for these outcomes; default: ``succeeded``, ``failed`` and ``cancelled``
    :param start_from: what a new watcher does with jobs that had finished before: ``now`` leaves them out, ``listed``
        fires an event for each that is still listed; default: ``now``
    :param viapi_conn_id: id of the connection, whose key needs the permission ``viapi:QueryAsyncJobList``;
        default: ``viapi_default``
    :raises InvalidRequest: an argument is invalid
    :raises ConfigurationError: Airflow is older than 3.0
    """

    # The list shows what was created in the last day, and jobs take hours at most.
    kept = 3 * 86_400

    # The key of a connection may be replaced by another one of the same account.
    recognizes = True

    def __init__(
        self,
        *,
        actions: Sequence[str] | str | None = None,
        outcomes: Sequence[str] | str = OUTCOMES,
        start_from: StartFrom = "now",
        viapi_conn_id: str = "viapi_default",
    ) -> None:
        from airflow_provider_viapi.hooks.base import is_conn_id

        super().__init__(start_from=start_from)
        self.actions = None if actions is None else self.names("actions", actions)
        self.outcomes = self.names("outcomes", outcomes)
        if not is_conn_id(viapi_conn_id):
            raise self.invalid(
                "viapi_conn_id", viapi_conn_id, "id of an Airflow connection, such as viapi_default"
            )
        self.viapi_conn_id = viapi_conn_id
        for action in self.actions or ():
            self._check_action(action)
        for outcome in self.outcomes:
            if outcome not in OUTCOMES:
                raise self.invalid("outcomes", outcome, ", ".join(OUTCOMES))

    @classmethod
    def _check_action(cls, action: str) -> None:
        # It registers where users' own models are.
        import airflow_provider_viapi.hooks.viapi  # noqa: F401
        from airflow_provider_viapi.alibaba import services

        if not _ACTION.fullmatch(action):
            raise cls.invalid("actions", action, "names such as videoenhan.EraseVideoSubtitles")
        # Any program may submit jobs of services that no model describes.
        if action.partition(".")[0] in services.SERVICES:
            try:
                services.find(action)
            except InvalidRequest as error:
                raise cls.invalid("actions", action, f"names of actions: {error.message}") from None

    @classmethod
    def instead(cls) -> str:
        """Return what to use on Airflow 2."""
        return "Use ViapiJobSensor for a job whose id is known"

    @classmethod
    def list_key(cls, arguments: Mapping[str, Any]) -> Hashable:
        """Return what triggers have in common that read the same list."""
        return ("viapi-finished-jobs", arguments["viapi_conn_id"])

    @property
    def listed(self) -> str:
        """Identity of the list."""
        return self.viapi_conn_id

    @classmethod
    def open_pages(cls, arguments: Mapping[str, Any]) -> Pages:
        """Begin to read the account's job list."""
        from airflow_provider_viapi.hooks.viapi import ViapiHook
        from airflow_provider_viapi.watch.finished_jobs import finished_job_pages

        return finished_job_pages(partial(ViapiHook, arguments["viapi_conn_id"]))

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that rebuild the trigger."""
        return {
            **super().arguments(),
            "actions": self.actions,
            "outcomes": self.outcomes,
            "viapi_conn_id": self.viapi_conn_id,
        }

    def wants(self, entry: ListEntry) -> bool:
        """Return whether a job is of one of the actions and ended with one of the outcomes."""
        is_chosen = self.actions is None or entry.fields["action"] in self.actions
        return is_chosen and entry.fields["outcome"] in self.outcomes
