"""Steps of a task that may fail without failing it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow_provider_viapi.retrying import Warns


@contextmanager
def logging_failure(log: Warns, message: str, *args: object) -> Iterator[None]:
    """Log an exception as a warning instead of raising it, where what else the task does matters more.

    The text of the exception is left out: it may quote a signed request.

    :param message: with a ``%s`` for each of the arguments, and a last one for the class of the exception
    """
    try:
        yield
    except Exception as error:
        log.warning(message, *args, type(error).__name__)
