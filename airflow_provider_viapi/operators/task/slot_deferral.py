"""Deferral of a task until its slot to submit: when, and what the process that continues receives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.common.compat.sdk import TaskDeferred

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.attempt_context import SubmitLimiter
    from airflow_provider_viapi.jobs.submit_slot import SlotIsLater
    from airflow_provider_viapi.operators.base import JobOperator
    from airflow_provider_viapi.operators.task.attempt import SubmittingRun

MAX_WAIT_FOR_SLOT = 60.0
"""A deferrable task waits this many seconds on its worker for its slot to submit; for a later slot it defers."""

SLOT_LEAD = 30.0
"""Seconds before its slot at which a deferred task is resumed, per deferral so far: Airflow needs 4 to 14 s."""

MAX_DEFERRALS = 3
"""Deferrals of one attempt for its slot. After them it waits on its worker: if Airflow always resumes it more than a
minute late, it would miss each slot."""

AT_SLOT = "execute_at_slot"
"""The method that continues shortly before the slot."""


@dataclass(frozen=True)
class SlotDeferral:
    """Deferral of a task until its slot to submit, as the process that continues receives it.

    :param deadline: of the attempt, an aware time; ``None``: the attempt begins now
    :param deferred: how often the attempt has deferred for its slot
    :param preparation: seconds that preparing the request took, if that is known
    :param slot: see ``jobs.attempt_context.SubmitLimiter.saved_slot``
    :param is_lost: the task has deferred for a slot, and does not know for which one
    """

    deadline: datetime | None = None
    deferred: int = 0
    preparation: float = 0.0
    slot: Mapping[str, Any] = field(default_factory=dict)
    is_lost: bool = False

    @property
    def may_defer_again(self) -> bool:
        """Return whether the attempt may defer for a later slot."""
        return not self.is_lost and self.deferred < MAX_DEFERRALS

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SlotDeferral:
        """Build it from the arguments of a deferral."""
        own = ("deadline", "deferred", "preparation")
        slot = {name: value for name, value in values.items() if name not in own}
        deadline = datetime.fromisoformat(values["deadline"])
        return cls(deadline, values["deferred"], values["preparation"], slot)

    def as_dict(self) -> dict[str, Any]:
        """Return the arguments of a deferral, as JSON values."""
        deadline = self.deadline and self.deadline.isoformat()
        own = {"deadline": deadline, "deferred": self.deferred, "preparation": self.preparation}
        return {**self.slot, **own}


@contextmanager
def restored_slot(limiter: SubmitLimiter, deferral: SlotDeferral) -> Iterator[None]:
    """Use the slot for which a task has deferred; give it back if the task ends without using or keeping it."""
    limiter.restore_slot(deferral.slot)
    is_kept = False
    try:
        yield
    except TaskDeferred as next_deferral:
        is_kept = next_deferral.method_name == AT_SLOT
        raise
    finally:
        if not is_kept:
            limiter.release(throttled=False)


def defer_until_slot(task: JobOperator, run: SubmittingRun, later: SlotIsLater) -> NoReturn:
    """Defer until shortly before the slot to submit, when ``execute_at_slot`` continues; nothing was accepted."""
    from airflow.providers.standard.triggers.temporal import DateTimeTrigger

    deferred = run.deferral.deferred + 1
    # The more deferrals, the earlier: Airflow was slow to continue before, and a missed slot means another wait.
    # Not so early that the task would defer again.
    early = min(later.seconds / 2, MAX_WAIT_FOR_SLOT, deferred * SLOT_LEAD) + later.preparation
    deferral = SlotDeferral(run.deadline, deferred, later.preparation, later.slot)
    wake_at = datetime.now(timezone.utc) + timedelta(seconds=later.seconds - early)
    task.log.info(
        "Rate limit: other tasks submit first, this one in %.0f s; deferring until %s",
        later.seconds,
        wake_at.isoformat(timespec="seconds"),
    )
    task.defer_attempt(run.context, DateTimeTrigger(wake_at), AT_SLOT, deferral=deferral.as_dict())
