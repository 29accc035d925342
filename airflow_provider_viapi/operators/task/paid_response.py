"""Response to a call without a job, recorded so that a retry of the task uses it instead of paying for another."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.best_effort import logging_failure
from airflow_provider_viapi.errors import EMPTY_RESULT, NO_FILE_IN_RESULT, ResultExpired, ServiceError
from airflow_provider_viapi.operators.task.attempt import choose_store

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.model import Log

RESPONSE_KEY = "viapi_response"
"""Key of the response in the task's store."""

RESPONSE_SECONDS = 1800.0
"""Seconds for which a recorded response is used: then the links of a result expire."""

UNUSABLE = (EMPTY_RESULT, NO_FILE_IN_RESULT)
"""Error codes of results whose files no attempt can land."""


def is_unusable(error: BaseException) -> bool:
    """Return whether an error says that no attempt can land the files of a response."""
    return isinstance(error, ResultExpired) or (isinstance(error, ServiceError) and error.code in UNUSABLE)


@dataclass(frozen=True)
class PaidResponse:
    """Record of the response to a request that a task has paid for.

    :param context: of the running task instance
    :param action: as ``service.Action``
    :param request: the checked request, before its media are staged
    :param log: receives what could not be recorded
    """

    context: Context
    action: str
    request: Mapping[str, Any]
    log: Log

    def read(self) -> Mapping[str, Any] | None:
        """Return the response to the same request that an earlier attempt could not use."""
        from airflow_provider_viapi.jobs.ledger import same_request

        if self._is_first_attempt:
            return None
        stored = choose_store(self.context).get(RESPONSE_KEY)
        if not stored or time.time() - stored["at"] > RESPONSE_SECONDS:
            return None
        if not same_request(stored["digest"], self._digest):
            return None
        response: Mapping[str, Any] = stored["response"]
        return response

    @contextmanager
    def kept_on_failure(self, response: Mapping[str, Any]) -> Iterator[None]:
        """Record a response if the task fails in this context although the response is usable.

        Only then: most tasks need no call of the store.
        """
        try:
            yield
        except BaseException as error:
            if is_unusable(error):
                # The next attempt has to call again.
                self._forget()
            else:
                self._write(response, error)
            raise
        self._forget()

    @property
    def _is_first_attempt(self) -> bool:
        return bool(self.context["ti"].try_number <= 1)

    @property
    def _digest(self) -> str:
        from airflow_provider_viapi.jobs.ledger import request_digest

        return request_digest(self.action, self.request)

    def _write(self, response: Mapping[str, Any], error: BaseException) -> None:
        is_recorded = False
        with logging_failure(self.log, "The response could not be recorded: %s"):
            store = choose_store(self.context)
            store.set(RESPONSE_KEY, {"digest": self._digest, "at": time.time(), "response": dict(response)})
            is_recorded = store.is_persistent
        if not is_recorded:
            self.log.warning(
                "The call of %s is paid for, and its result could not be stored (%s): a retry of the task calls it "
                "again, and pays again",
                self.action.rpartition(".")[2],
                type(error).__name__,
            )

    def _forget(self) -> None:
        if self._is_first_attempt:
            return
        problem = (
            "The record of an earlier response could not be removed (%s): if the task is cleared soon, it lands the "
            "same result again"
        )
        with logging_failure(self.log, problem):
            choose_store(self.context).delete(RESPONSE_KEY)
