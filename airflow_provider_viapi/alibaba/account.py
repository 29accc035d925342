"""Whose key, at which address: what a client needs to know besides the call itself."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_viapi.alibaba.model import Service
from airflow_provider_viapi.alibaba.signature import Credentials

DEFAULT_REGION = "cn-shanghai"
"""The one region where the VIAPI services are offered."""


@dataclass(frozen=True)
class Account:
    """An account and the way to it.

    :param credentials: the key
    :param region_id: part of the services' host names; only ``cn-shanghai`` is offered
    :param endpoint: one base address for all services instead of their own hosts: the emulator, a proxy
    :param verify: check TLS certificates; a path names a bundle of authorities
    :param timeout: seconds to wait for a connection, and again for an answer
    """

    credentials: Credentials
    region_id: str = DEFAULT_REGION
    endpoint: str | None = None
    verify: bool | str = True
    timeout: float = 30.0

    def address(self, service: Service) -> str:
        """The base address of a service, without a slash at its end."""
        if self.endpoint is not None:
            return self.endpoint
        return f"https://{service.name}.{self.region_id}.aliyuncs.com"
