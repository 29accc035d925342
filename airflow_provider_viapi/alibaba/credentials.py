"""Who is asking, see ``airflow_provider_viapi.credentials``, and how Alibaba Cloud says that a key has ended."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.errors import CredentialsRejected
from airflow_provider_viapi.credentials import Credentials, CredentialsSource, RenewableCredentials

__all__ = ["Credentials", "CredentialsSource", "RenewableCredentials", "is_expired_key"]


def is_expired_key(rejection: CredentialsRejected) -> bool:
    """Whether a call was refused because its key or token has ended, and not for its secret or the clock."""
    return (rejection.code or "").startswith(("InvalidSecurityToken", "InvalidAccessKeyId"))
