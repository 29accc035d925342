"""What makes a request one of a kind."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timezone


@dataclass(frozen=True)
class RequestNonce:
    """What makes a request one of a kind: sent twice with the same one, the gateway refuses the second.

    :param nonce: never used before; the gateway remembers it for about half an hour
    :param at: an aware time; the gateway refuses one that is more than 15 minutes off
    """

    nonce: str
    at: datetime

    @classmethod
    def new(cls) -> RequestNonce:
        """A stamp that was never used, with the time of this machine."""
        return cls(secrets.token_hex(16), datetime.now(timezone.utc))

    @property
    def timestamp(self) -> str:
        """The time as it is sent: in UTC, to the second, ``YYYY-MM-DDThh:mm:ssZ``."""
        return f"{self.at.astimezone(timezone.utc).isoformat()[:19]}Z"
