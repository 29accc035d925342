"""An account of Alibaba Cloud and how to call its services: key, addresses, limits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import urlsplit

from airflow_provider_viapi.alibaba.model import Service
from airflow_provider_viapi.alibaba.regions import DEFAULT_REGION
from airflow_provider_viapi.client import ObservedCalls, OnCall, ignore_call
from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.http_settings import HttpSettings, host_header
from airflow_provider_viapi.jobs.model import ListJobs
from airflow_provider_viapi.renewable_credentials import CredentialsSource

Signature = Literal["1.0", "ACS3-HMAC-SHA256"]
"""Signature methods: the RPC services' original one, and the default of Alibaba's SDKs today."""


@dataclass(frozen=True)
class Account(ObservedCalls):
    """An account and how to call the services for it.

    :param credentials: a key, or a source of temporary keys
    :param region_id: part of the services' host names; default: ``cn-shanghai``, the only one of most services
    :param endpoint: one base address for all services instead of their own hosts: the emulator, a proxy
    :param http: proxies, certificates and timeout; default: those of the environment
    :param signature: signature method; default: ``1.0``
    :param poll_qps: most calls per second for the results of jobs; default: 10
    :param submit_qps: most submissions per second of each action; default: 2
    :param quota_url: storage in which all processes count their calls; default: none: the processes of one user on
        one machine share the limit of submissions, and each process limits its own polls
    :param list_jobs: when the account's job list is read
    :param on_call: called after each call
    """

    credentials: CredentialsSource
    region_id: str = DEFAULT_REGION
    endpoint: str | None = None
    http: HttpSettings = field(default_factory=HttpSettings.read)
    signature: Signature = "1.0"
    poll_qps: float = 10.0
    submit_qps: float = 2.0
    quota_url: str | None = field(default=None, repr=False)
    list_jobs: ListJobs = "auto"
    on_call: OnCall = field(default=ignore_call, compare=False, repr=False)

    def address(self, service: Service) -> str:
        """Return the base address of a service, without a slash at its end.

        :raises ConfigurationError: the service is not offered in the region
        """
        if self.endpoint is not None:
            return self.endpoint
        if service.regional and self.region_id not in service.regions:
            raise ConfigurationError(
                f"{service.name} is not offered in the connection's region_id {self.region_id!r}; allowed: "
                f"{', '.join(service.regions)}. Use a connection with one of these regions",
            )
        region = f".{self.region_id}" if service.regional else ""
        return f"https://{service.name}{region}.aliyuncs.com"

    @property
    def trusted_hosts(self) -> list[str]:
        """The host of the endpoint (the emulator, say), which may be a private address."""
        own = urlsplit(self.endpoint or "").netloc
        return [own] if own else []

    def host(self, service: Service) -> str:
        """Return the header ``Host`` for a service."""
        return host_header(self.address(service))

    def signing_with(self, credentials: CredentialsSource) -> Account:
        """Return the same account with another key."""
        return replace(self, credentials=credentials)
