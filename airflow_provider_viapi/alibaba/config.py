"""Whose key, at which address: what a client needs to know besides the call itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

from airflow_provider_viapi.alibaba.credentials import CredentialsSource
from airflow_provider_viapi.alibaba.model import Action, Service
from airflow_provider_viapi.errors import ServiceError

DEFAULT_REGION = "cn-shanghai"
"""The one region where the VIAPI services are offered."""

Signature = Literal["1.0", "ACS3-HMAC-SHA256"]
"""The ways to sign: the RPC services' first, and what Alibaba's SDKs send by default today."""


ListJobs = Literal["auto", "always", "never"]
"""Whether the account's list of jobs is looked into while jobs are waited for: if that saves calls, always, never."""

CallTold = Callable[[str, ServiceError | None], None]
"""Told of a call that has ended: the action, as ``service.Action``, and the error if there was one."""


def _nobody(action: str, error: ServiceError | None) -> None:
    """NoAuth is told of calls."""


@dataclass(frozen=True)
class Account:
    """An account and the way to it.

    :param credentials: the key, or where the key of the moment is to be had
    :param region_id: part of the services' host names; only ``cn-shanghai`` is offered
    :param endpoint: one base address for all services instead of their own hosts: the emulator, a proxy
    :param verify: check TLS certificates; a path names a bundle of authorities
    :param timeout: seconds to wait for a connection, and again for an answer
    :param signature: how requests are signed
    :param poll_qps: calls in a second for the results of jobs, at most
    :param submit_qps: submissions in a second, at most, where one process submits many
    :param list_jobs: whether the account's list of jobs is looked into
    :param call_told: told of each call
    """

    credentials: CredentialsSource
    region_id: str = DEFAULT_REGION
    endpoint: str | None = None
    verify: bool | str = True
    timeout: float = 30.0
    signature: Signature = "1.0"
    poll_qps: float = 10.0
    submit_qps: float = 2.0
    list_jobs: ListJobs = "auto"
    call_told: CallTold = field(default=_nobody, compare=False, repr=False)

    def address(self, service: Service) -> str:
        """The base address of a service, without a slash at its end."""
        if self.endpoint is not None:
            return self.endpoint
        region = f".{self.region_id}" if service.regional else ""
        return f"https://{service.name}{region}.aliyuncs.com"

    def host(self, service: Service) -> str:
        """The host of a service as the header of that name has it: with a port only if it is not the usual one."""
        return _host_of(self.address(service))

    @contextmanager
    def telling(self, action: Action) -> Iterator[None]:
        """Around a call of that action, which is told of when it has ended."""
        try:
            yield
        except ServiceError as error:
            self.call_told(action.full_name, error)
            raise
        self.call_told(action.full_name, None)

    def signing_with(self, credentials: CredentialsSource) -> Account:
        """The same account with this key."""
        return self if credentials is self.credentials else replace(self, credentials=credentials)


@lru_cache(maxsize=64)
def _host_of(address: str) -> str:
    parts = urlsplit(address)
    usual = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return parts.netloc.lower().removesuffix(usual)
