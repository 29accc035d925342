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
)


def is_permanent(error: ServiceError) -> bool:
    """Return whether no retry of the task can succeed; a failed job of Alibaba Cloud is judged by its error code."""
    from airflow_provider_viapi.alibaba.errors import classify

    # A job's error code comes without a status: it is classified like that of a refused call.
    kind = classify(error.code, 400) if isinstance(error, JobFailed) and error.code else type(error)
    return issubclass(kind, InvalidRequest | PermissionDenied | ResultExpired)


def huawei_error_is_permanent(error: ServiceError) -> bool:
    """Return whether no retry can succeed, for Huawei Cloud: a failed job only if its content was refused."""
    from airflow_provider_viapi.huawei.model import CONTENT_REFUSED

    if isinstance(error, JobFailed):
        return error.state in CONTENT_REFUSED
    # What a request for one job has become several of is for a user to sort out.
    return error.code == SEVERAL_JOBS or is_permanent(error)


@contextmanager
def fail_without_retry(decide: Callable[[ServiceError], bool] = is_permanent) -> Iterator[None]:
    """Fail the task without using up its retries on a permanent error.

    :param decide: returns whether an error is permanent
    """
    try:
        yield
    except ServiceError as error:
        if not decide(error):
            raise
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error
