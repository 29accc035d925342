"""Which failures no retry of the task can fix, and failing the task without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.errors import (
    SEVERAL_JOBS,
    InvalidRequest,
    JobFailed,
    PermissionDenied,
    ResultExpired,
    ServiceError,
    SubmissionInDoubt,
)


def is_permanent(error: ServiceError) -> bool:
    """Return whether no retry of the task can succeed; about a failed job its cloud has decided."""
    if isinstance(error, JobFailed):
        return error.is_permanent
    # What a request for one job has become several of is for a user to sort out.
    return error.code == SEVERAL_JOBS or isinstance(error, InvalidRequest | PermissionDenied | ResultExpired)


@contextmanager
def fail_without_retry(
    decide: Callable[[ServiceError], bool] = is_permanent, *, is_recorded: Callable[[], bool] = lambda: True
) -> Iterator[None]:
    """Fail the task without using up its retries on a permanent error.

    :param decide: returns whether an error is permanent
    :param is_recorded: returns whether a retry knows of the submissions of this attempt; if not, it would submit
        again what may have been accepted
    """
    try:
        yield
    except ServiceError as error:
        is_unchecked = isinstance(error, SubmissionInDoubt) and not is_recorded()
        if not (is_unchecked or decide(error)):
            raise
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error
