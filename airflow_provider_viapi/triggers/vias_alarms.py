"""Trigger for alarms of VIAS that are stored as files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.triggers.new_files import NewFilesTrigger

if TYPE_CHECKING:
    from airflow_provider_viapi.huawei.alarm_events import Alarm
    from airflow_provider_viapi.jobs.model import Log
    from airflow_provider_viapi.watch.cursor import ListEntry

MAX_ALARMS = 20
"""Alarms of a file that an event lists; Airflow stores events in its database."""

FIRST_PAUSE = 5.0
"""Seconds after which a file is read again if the storage could not be read; doubled after each further failure."""

LONGEST_PAUSE = 320.0
"""Pause after which a file that still cannot be read fires an event of kind ``unknown``: about ten minutes in all."""

MAX_TEXT = 500
"""Characters of a text of an alarm in an event."""


class ViasAlarmTrigger(NewFilesTrigger):
    """Fire an event for each file with alarms of VIAS in a folder; for ``AssetWatcher``.

    Takes what :class:`~airflow_provider_viapi.triggers.new_files.NewFilesTrigger` takes, and ``kinds``. The payload
    of an event holds what that one's holds, and

    * ``alarms``: of the first 20 alarms ``kind``, ``event_type``, ``task_id``, ``stream_id``, ``message_id``, ``at``
      and ``problems``, with texts of at most 500 characters; the rest and the pictures are in the file, which
      ``huawei.alarm_messages.parse_alarms`` reads
    * ``count``: number of alarms

    A file that cannot be read fires an event with one alarm of kind ``unknown``, whatever ``kinds`` says.

    :param kinds: fire only for files with an alarm of these kinds, such as ``["smoke_and_fire"]``, which ``alarms``
        then lists; ``unknown`` is what is no alarm or not known. Default: all
    :raises InvalidRequest: an argument is invalid
    """

    def __init__(self, *, kinds: Sequence[str] | str | None = None, **arguments: Any) -> None:
        from airflow_provider_viapi.huawei.alarm_events import EVENT_TYPES, UNKNOWN

        super().__init__(**arguments)
        self.kinds = None if kinds is None else self.names("kinds", kinds)
        known = {*EVENT_TYPES.values(), UNKNOWN}
        for kind in self.kinds or ():
            if kind not in known:
                raise self.invalid("kinds", kind, ", ".join(sorted(known)))

    @classmethod
    def instead(cls) -> str:
        """Return what to use on Airflow 2."""
        return "Use ViasAlarmSensor"

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that rebuild the trigger."""
        return {**super().arguments(), "kinds": self.kinds}

    async def payload(self, entry: ListEntry) -> dict[str, Any] | None:
        """Return what an event says about a file; ``None``: it holds no alarm of the kinds."""
        alarms, is_read = await self._read_patiently(entry)
        if is_read and self.kinds is not None:
            alarms = [alarm for alarm in alarms if alarm.kind in self.kinds]
            if not alarms:
                return None
        listed = [_summary(alarm) for alarm in alarms[:MAX_ALARMS]]
        return {**entry.fields, "alarms": listed, "count": len(alarms)}

    async def _read_patiently(self, entry: ListEntry) -> tuple[list[Alarm], bool]:
        """Read a file; while the storage cannot be read, the event waits for some minutes."""
        from airflow_provider_viapi.errors import TransientError
        from airflow_provider_viapi.retrying import jittered

        pause = FIRST_PAUSE
        while True:
            try:
                return await asyncio.to_thread(self._read, entry)
            except TransientError as error:
                if pause > LONGEST_PAUSE:
                    self.log.warning("%s", error)
                    return [_unread(error.message)], False
                self.log.warning("%s; retrying", error)
            await asyncio.sleep(jittered(pause))
            pause *= 2

    def _read(self, entry: ListEntry) -> tuple[list[Alarm], bool]:
        from airflow_provider_viapi.media.open_storage import open_path

        file = entry.fields["file"]
        try:
            return read_alarms(lambda: open_path(file).read_bytes(), file, entry.fields["size"], self.log)
        except FileNotFoundError:
            return [_unread("the file does not exist any more")], False


def read_alarms(read: Callable[[], bytes], file: str, size: int | None, log: Log) -> tuple[list[Alarm], bool]:
    """Return the alarms of a file, and whether it could be read; otherwise there is one of kind ``unknown``.

    :param read: returns the file's content
    :param file: its address
    :param size: in bytes; ``None`` if that is not known
    :raises FileNotFoundError: the file does not exist any more
    :raises TransientError: the storage cannot be read now: the file may hold an alarm
    """
    from airflow_provider_viapi.errors import TransientError
    from airflow_provider_viapi.huawei.alarm_messages import MAX_MESSAGE_BYTES, parse_alarms
    from airflow_provider_viapi.redaction import describe_error
    from airflow_provider_viapi.retrying import STORAGE, retry_call

    if size is not None and size > MAX_MESSAGE_BYTES:
        return [_unread(f"the file has {size} bytes; at most {MAX_MESSAGE_BYTES} are read")], False
    try:
        content = retry_call(read, policy=STORAGE)
    except FileNotFoundError:
        raise
    except Exception as error:
        if STORAGE.should_retry(error):
            raise TransientError(f"{file} cannot be read now: {describe_error(error)}") from None
        log.warning("%s cannot be read: %s", file, describe_error(error))
        return [_unread(f"the file cannot be read: {describe_error(error)}")], False
    return parse_alarms(content), True


def _unread(problem: str) -> Alarm:
    from airflow_provider_viapi.huawei.alarm_events import UNKNOWN, Alarm

    return Alarm(None, UNKNOWN, problems=(problem,))


def _summary(alarm: Alarm) -> dict[str, Any]:
    described = alarm.as_dict()
    names = ("kind", "event_type", "task_id", "stream_id", "message_id", "at", "problems")
    shown = {name: described[name] for name in names}
    return {name: value[:MAX_TEXT] if isinstance(value, str) else value for name, value in shown.items()}
