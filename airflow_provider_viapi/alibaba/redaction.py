"""Keeps signatures and tokens out of the log lines that HTTP libraries write about our requests."""

from __future__ import annotations

import logging
import re

_PRIVATE = re.compile(r"((?:Signature|SecurityToken|AccessKeyId|OSSAccessKeyId|security-token)=)[^&\s\"']+")


def redact(text: str) -> str:
    """The text with the values of signatures, tokens and key ids in addresses replaced."""
    return _PRIVATE.sub(r"\1***", text)


class _RedactingFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        redacted = redact(message)
        if redacted != message:
            record.msg, record.args = redacted, None
        return True


_FILTER = _RedactingFilter("viapi-redaction")


def keep_http_logs_clean() -> None:
    """Make httpx (which logs each address at INFO) and urllib3 (at DEBUG) leave out what must stay private."""
    for name in ("httpx", "urllib3.connectionpool"):
        logging.getLogger(name).addFilter(_FILTER)
