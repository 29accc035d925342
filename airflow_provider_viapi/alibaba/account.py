"""Whose key, at which address: what a client needs to know besides the call itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

from airflow_provider_viapi.alibaba.credentials import CredentialsSource
from airflow_provider_viapi.alibaba.model import Service

DEFAULT_REGION = "cn-shanghai"
"""The one region where the VIAPI services are offered."""

Signature = Literal["1.0", "ACS3-HMAC-SHA256"]
"""The ways to sign: the RPC services' first, and what Alibaba's SDKs send by default today."""


@dataclass(frozen=True)
class Account:
    """An account and the way to it.

    :param credentials: the key, or where the key of the moment is to be had
    :param region_id: part of the services' host names; only ``cn-shanghai`` is offered
    :param endpoint: one base address for all services instead of their own hosts: the emulator, a proxy
    :param verify: check TLS certificates; a path names a bundle of authorities
    :param timeout: seconds to wait for a connection, and again for an answer
    :param signature: how requests are signed
    """

    credentials: CredentialsSource
    region_id: str = DEFAULT_REGION
    endpoint: str | None = None
    verify: bool | str = True
    timeout: float = 30.0
    signature: Signature = "1.0"

    def address(self, service: Service) -> str:
        """The base address of a service, without a slash at its end."""
        if self.endpoint is not None:
            return self.endpoint
        return f"https://{service.name}.{self.region_id}.aliyuncs.com"

    def host(self, service: Service) -> str:
        """The host of a service as the header of that name has it: with a port only if it is not the usual one."""
        return _host_of(self.address(service))

    def signing_with(self, credentials: CredentialsSource) -> Account:
        """The same account with this key."""
        return self if credentials is self.credentials else replace(self, credentials=credentials)


@lru_cache(maxsize=64)
def _host_of(address: str) -> str:
    parts = urlsplit(address)
    usual = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return parts.netloc.lower().removesuffix(usual)
