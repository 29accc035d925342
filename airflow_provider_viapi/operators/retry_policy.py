"""Retry policy for tasks of this provider, on Airflow 3.3 and later.

::

    from airflow_provider_viapi.operators.retry_policy import ViapiRetryPolicy

    EraseVideoSubtitlesOperator(..., retries=3, retry_policy=ViapiRetryPolicy())

Permanent errors of this provider's operators need no policy: they fail the task without a retry on every Airflow. The
policy does the same for tasks of your own that call a hook.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

try:
    from airflow.sdk import RetryPolicy
    from airflow.sdk.definitions.retry_policy import RetryAction, RetryDecision
except ImportError as error:
    raise ImportError(
        "ViapiRetryPolicy needs Airflow 3.3 or later: earlier versions have no retry policies"
    ) from error

from airflow_provider_viapi.errors import JobFailed, ServiceError, Throttled
from airflow_provider_viapi.operators.task.attempt import is_permanent

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

SERVICE_BUSY = "LIMIT_RETRY_FAILED"
"""State of a job that the service gave up after its own retries; its documents advise to call again later."""


class ViapiRetryPolicy(RetryPolicy):
    """Wait longer after overload.

    * A throttled call and a job that the service gave up (``LIMIT_RETRY_FAILED``) are retried after ``busy_delay``;
      where Airflow can (3.4), without using up a retry.
    * An error that no retry can fix (see ``is_permanent`` in ``operators.task.attempt``) fails the task.
    * Everything else follows the task's ``retries`` and ``retry_delay``; ``SubmissionInDoubt`` too if a
      durable store records the submission, since a retry checks again, and submits only if nothing was accepted.

    :param busy_delay: delay after overload; default: 5 minutes
    """

    def __init__(self, busy_delay: timedelta = timedelta(minutes=5)) -> None:
        self.busy_delay = busy_delay

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Decide about a failed attempt."""
        is_busy_job = isinstance(exception, JobFailed) and exception.state == SERVICE_BUSY
        if isinstance(exception, Throttled) or is_busy_job:
            action = getattr(RetryAction, "RESCHEDULE", RetryAction.RETRY)
            return RetryDecision(action, self.busy_delay, "the service advises to call again later")
        if isinstance(exception, ServiceError) and is_permanent(exception):
            return RetryDecision.fail("no retry can succeed")
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """Return the policy as JSON values."""
        return {"busy_delay": self.busy_delay.total_seconds()}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> ViapiRetryPolicy:
        """Build a policy from the output of :meth:`serialize`."""
        return cls(timedelta(seconds=data["busy_delay"]))
