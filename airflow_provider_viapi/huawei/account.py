"""An account of Huawei Cloud and how to call its services: key or token, project, addresses, limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_viapi.client import ObservedCalls, OnCall, ignore_call
from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.http_settings import HttpSettings, host_header
from airflow_provider_viapi.huawei.model import PathFamily, Service
from airflow_provider_viapi.huawei.regions import DEFAULT_REGION
from airflow_provider_viapi.renewable_credentials import Credentials, KeySource


@dataclass(frozen=True)
class Token:
    """A token that IAM issued for a user's password.

    :param value: some kilobytes of text; never shown
    :param expires: Unix time of its expiry, a day after it was issued
    """

    value: str = field(repr=False)
    expires: float = field(compare=False)


Auth = Credentials | Token
"""Authentication of a request: a key that signs it, or a token that is sent along."""


class NoAuth:
    """Placeholder for a key or token that is set later."""

    def current(self, rejected: Any = None) -> Auth:
        """Raise an error.

        :raises ConfigurationError: always
        """
        raise ConfigurationError(
            "this Account has no key or token; give its auth, or use HuaweiCloudHook, which reads them from a "
            "connection"
        )

    async def acurrent(self, rejected: Any = None) -> Auth:
        """Raise an error; see :meth:`current`."""
        return self.current()


@dataclass(frozen=True)
class Account(ObservedCalls):
    """An account and how to call the services for it.

    :param auth: a key, or a source of keys or tokens
    :param region: part of the services' host names, and name of the project unless ``project_id`` is given; default:
        ``cn-north-4``
    :param project_id: id of the project in that region; default: the client asks IAM for it
    :param endpoint: one base address for all services instead of their own hosts: the emulator, a proxy
    :param endpoints: base addresses of single services, by name
    :param vias_paths: which of the two descriptions of VIAS's paths is followed; default: ``v2``
    :param app_user_id: an application's user, for whom MetaStudio keeps jobs and assets apart
    :param http: proxies, certificates and timeout; default: those of the environment
    :param poll_qps: most calls per second for results; default: 10
    :param submit_qps: most submissions per second of each action; default: 2
    :param quota_url: storage in which all processes count their calls; default: none: the processes of one user on
        one machine share the limit of submissions, and each process limits its own polls
    :param on_call: called after each call
    """

    auth: KeySource[Auth] = field(default_factory=NoAuth)
    region: str = DEFAULT_REGION
    project_id: str | None = None
    endpoint: str | None = None
    endpoints: Mapping[str, str] = field(default_factory=dict)
    vias_paths: PathFamily = "v2"
    app_user_id: str | None = None
    http: HttpSettings = field(default_factory=HttpSettings.read)
    poll_qps: float = 10.0
    submit_qps: float = 2.0
    quota_url: str | None = field(default=None, repr=False)
    on_call: OnCall = field(default=ignore_call, compare=False, repr=False)

    def address(self, service: Service) -> str:
        """Return the base address of a service, without a slash at its end.

        :raises ConfigurationError: it is not known to be offered in the region, and no endpoint is set
        """
        own = self.endpoints.get(service.name) or self.endpoint
        if own:
            return own
        if service.regions and self.region not in service.regions:
            raise ConfigurationError(
                f"{service.name} is not known to be offered in the connection's region {self.region!r}; allowed: "
                f"{', '.join(service.regions)}, or any region if {service.name}_endpoint is set in the extra"
            )
        return f"https://{service.name}.{self.region}.myhuaweicloud.com"

    @property
    def trusted_hosts(self) -> list[str]:
        """The hosts of the connection's own endpoints (the emulator, say), which may be private addresses."""
        own = (self.endpoint, *self.endpoints.values())
        return [urlsplit(address).netloc for address in own if address]

    def host(self, service: Service) -> str:
        """Return the header ``Host`` for a service."""
        return host_header(self.address(service))

    def in_project(self, project_id: str) -> Account:
        """Return the same account in a project."""
        return replace(self, project_id=project_id)
