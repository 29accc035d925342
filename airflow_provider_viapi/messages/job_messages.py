"""The job ids that messages name: bodies are JSON, and an expression finds the ids in them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.jobs.polling.message_reader import MessageRecord
from airflow_provider_viapi.messages.queues import ALLOWED, EXTRAS, QueueUrl

if TYPE_CHECKING:
    from jmespath.parser import ParsedResult

    from airflow_provider_viapi.messages.sqs import Connect

logger = logging.getLogger(__name__)

MAX_BYTES = 65_536
"""Longest message that is read; longer ones are ignored."""

MAX_JOBS = 1_000
"""Job ids that are taken from one message."""

MAX_JOB_ID = 256
"""Longest text that is taken for a job id."""


class JobMessageQueue:
    """Messages that name finished jobs.

    :param url: of the queue, see :meth:`QueueUrl.read`
    :param expression: JMESPath expression that finds the id of the job, or a list of ids, in a message
    :param connect: returns clients of AWS, see :data:`~airflow_provider_viapi.messages.sqs.Connect`; ``None``: the
        amazon provider is not installed
    :raises ConfigurationError: one of them cannot be used, or a package is missing; the URL is not shown
    """

    def __init__(self, url: str, expression: str, connect: Connect | None = None) -> None:
        queue = QueueUrl.read(url)
        if queue is None:
            raise ConfigurationError(
                f"job_messages_url in the section [viapi] is not the URL of a queue; allowed: {ALLOWED}"
            )
        extra = EXTRAS[queue.package]
        if not queue.is_installed or find_spec("jmespath") is None or (extra == "sqs" and connect is None):
            raise ConfigurationError(
                "job_messages_url needs a package that is missing here: pip install"
                f" 'airflow-provider-viapi[{extra}]'"
            )
        self._queue = queue
        self._connect = connect
        self._expression = _compile(expression)
        self._has_warned = False
        self.record = MessageRecord()
        """Reliability of the messages in this process."""

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[Collection[str]]]:
        """Connect, and iterate over the job ids of each message that names any."""
        async with self._queue.open(self._connect) as bodies:
            yield self._read(bodies)

    async def _read(self, bodies: AsyncIterator[bytes]) -> AsyncIterator[Collection[str]]:
        async for body in bodies:
            if job_ids := self.job_ids(body):
                yield job_ids
            # However fast messages arrive, the loop also serves others.
            await asyncio.sleep(0)

    def job_ids(self, body: bytes) -> Collection[str]:
        """Return the ids that a message names; none if it is too long, is not JSON, or names none.

        :param body: whatever a sender sent
        """
        if len(body) > MAX_BYTES:
            return self._ignored(f"has {len(body)} bytes; at most {MAX_BYTES} are read")
        from jmespath.exceptions import JMESPathError

        try:
            found = self._expression.search(json.loads(body))
        except (ValueError, RecursionError):
            return self._ignored("is not JSON")
        except (JMESPathError, TypeError, OverflowError) as error:
            return self._ignored(f"cannot be searched by job_messages_id_expression ({type(error).__name__})")
        named = found if isinstance(found, list) else [found]
        job_ids = [job_id for each in named[:MAX_JOBS] if (job_id := _job_id(each))]
        return job_ids or self._ignored("has no text where job_messages_id_expression looks for a job's id")

    def _ignored(self, problem: str) -> Collection[str]:
        # Once in a process: whoever can send messages could fill the log.
        if not self._has_warned:
            self._has_warned = True
            logger.warning(
                "A message of job_messages_url %s; it is ignored, and so are others like it", problem
            )
        return ()


def _job_id(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 128:
        return str(value)
    return value if isinstance(value, str) and 0 < len(value) <= MAX_JOB_ID else None


def _compile(expression: str) -> ParsedResult:
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.compile(expression)
    except JMESPathError as error:
        reason = str(error).partition("\n")[0]
        raise ConfigurationError(
            f"job_messages_id_expression in the section [viapi] is {expression!r}, which is not a JMESPath expression"
            f" ({reason}); write one that finds the job's id in a message, such as data.JobId"
        ) from None


_opened: dict[tuple[str, str], JobMessageQueue] = {}


def open_job_messages(url: str, expression: str, connect: Connect | None = None) -> JobMessageQueue:
    """Return the feed of a queue, the same for the whole process; connects when it is subscribed to.

    :param connect: see :class:`JobMessageQueue`
    :raises ConfigurationError: see :class:`JobMessageQueue`
    """
    key = (url, expression)
    if key not in _opened:
        _opened[key] = JobMessageQueue(url, expression, connect)
    return _opened[key]
