"""Record of the command that a task has sent to a job or a batch task of Huawei Cloud, for its next attempt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.attempt_context import Attempt
    from airflow_provider_viapi.jobs.ledger import Delivery, Store

COMMAND_KEY = "huaweicloud_command"
"""Key of the record in the task's state store; deployed tasks rely on it, so it never changes."""


@dataclass(frozen=True)
class CommandRecord:
    """Command that an attempt has sent to a job.

    :param digest: fingerprint of the command's request, which may contain secrets
    :param previous_state: state of the job before the command
    :param acknowledged: the service has accepted the command, or none was needed
    :param delivery: when the task ended; the record stays for a worker that is lost before Airflow knows
    :param sent: when a command to a job was acknowledged
    :param response: to the command, where it is the task's result
    :param about: name or id of what the command is about, for messages
    """

    digest: str
    previous_state: str
    acknowledged: bool = False
    delivery: Delivery | None = None
    sent: Delivery | None = None
    response: Mapping[str, Any] | None = None
    about: str = ""

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> CommandRecord:
        """Build a record from its stored form; fields of another version are ignored."""
        from airflow_provider_viapi.jobs.ledger import Delivery

        known = {field.name for field in fields(cls)}
        values = {"digest": "", **{name: value for name, value in stored.items() if name in known}}
        for name in ("delivery", "sent"):
            if values.get(name):
                values[name] = Delivery(**values[name])
        return cls(**values)


class CommandLedger:
    """Durable record of the command that a task has sent, for its next attempt.

    :param store: store of the task instance
    :param attempt: the running attempt
    """

    def __init__(self, store: Store, attempt: Attempt) -> None:
        self._store = store
        self._attempt = attempt

    @property
    def is_persistent(self) -> bool:
        """True if the next attempt can read the record."""
        return self._store.is_persistent

    def read(self) -> CommandRecord | None:
        """Return the record of an earlier attempt, unless a user has cleared the task since."""
        stored = self._store.get(COMMAND_KEY)
        record = CommandRecord.from_dict(stored) if stored else None
        if record and record.delivery and record.delivery.was_cleared_before(self._attempt):
            return None
        return record

    def was_cleared_since_sent(self, record: CommandRecord) -> bool:
        """Return whether a user has cleared the task since the command was acknowledged, however the task ended."""
        return record.sent is not None and record.sent.was_cleared_before(self._attempt)

    def write(self, record: CommandRecord) -> None:
        """Store a record; a command may be sent only after this has returned."""
        self._store.set(COMMAND_KEY, asdict(record))

    def acknowledge(self, record: CommandRecord) -> None:
        """Store that the job's command is accepted, or that none is needed."""
        from airflow_provider_viapi.jobs.ledger import Delivery

        self.write(replace(record, acknowledged=True, sent=Delivery.of(self._attempt)))

    def finish(self) -> None:
        """Mark the record as that of a task that has ended; it is kept, see :class:`CommandRecord`."""
        from airflow_provider_viapi.jobs.ledger import Delivery

        if stored := self._store.get(COMMAND_KEY):
            self.write(replace(CommandRecord.from_dict(stored), delivery=Delivery.of(self._attempt)))

    def clear(self) -> None:
        """Delete the record of a command that was not accepted."""
        self._store.delete(COMMAND_KEY)
