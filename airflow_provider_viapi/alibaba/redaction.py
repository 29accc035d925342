"""Keeps signatures and tokens out of what others write about our requests: HTTP libraries, and the service itself.

A gateway that refuses a signature quotes the string that it has signed, and in it the security token.
"""

from __future__ import annotations

import logging
import re

_PRIVATE = re.compile(
    r"""( (?:[Ss]ignature|SecurityToken|AccessKeyId|security-token|x-oss-credential) (?:=|%3D) ) .+?
        (?= & | %26 | [\s"'] | $ )""",
    re.VERBOSE,
)


def redact(text: str) -> str:
    """The text with the values of signatures, tokens and key ids replaced, in addresses and strings to sign."""
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
