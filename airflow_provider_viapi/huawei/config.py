"""Whose proof of identity, in which project, at which addresses: what a client needs besides the call itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import urlsplit

from airflow_provider_viapi.credentials import Credentials
from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.huawei.model import PathFamily, Service

DEFAULT_REGION = "cn-north-4"
"""A region that is known to offer both MetaStudio and VIAS."""


@dataclass(frozen=True)
class Token:
    """What IAM gives for a password.

    :param value: some kilobytes of text; never shown
    :param expires: Unix time of its end, a day after it was given
    """

    value: str = field(repr=False)
    expires: float = field(compare=False)


Auth = Credentials | Token
"""What a request proves itself with: a key that signs it, or a token that is sent along."""


class ProofSource(Protocol):
    """Where the proof of the moment is to be had."""

    def current(self, rejected: Any = None) -> Auth:
        """The proof; may block while it is fetched.

        :param rejected: one that the service no longer accepts: another one if there is any, or else the same
        """
        ...

    async def acurrent(self, rejected: Any = None) -> Auth:
        """The same from an event loop, which goes on meanwhile."""
        ...


class NoAuth:
    """Stands where a key or a token is yet to come."""

    def current(self, rejected: Any = None) -> Auth:
        """None.

        :raises ConfigurationError: always
        """
        raise ConfigurationError(
            "there is neither a key nor a password to prove oneself with", code="ConfigurationError"
        )

    async def acurrent(self, rejected: Any = None) -> Auth:
        """None.

        :raises ConfigurationError: always
        """
        return self.current()


@dataclass(frozen=True)
class Account:
    """An account and the way to it.

    :param proof: the key, or where the key or token of the moment is to be had
    :param region: part of the services' host names, and name of the project unless that is given
    :param project_id: of the project in that region; the client looks it up if it is not given
    :param endpoint: one base address for all services instead of their own hosts: the emulator, a proxy
    :param endpoints: base addresses of single services, by their names
    :param vias_paths: which of the two descriptions of VIAS's paths is followed
    :param app_user_id: an application's own user, whom MetaStudio keeps jobs and assets apart for
    :param verify: check TLS certificates; a path names a bundle of authorities
    :param timeout: seconds to wait for a connection, and again for an answer
    :param poll_qps: calls per second for results at most
    """

    proof: ProofSource = field(default_factory=NoAuth)
    region: str = DEFAULT_REGION
    project_id: str | None = None
    endpoint: str | None = None
    endpoints: Mapping[str, str] = field(default_factory=dict)
    vias_paths: PathFamily = "v2"
    app_user_id: str | None = None
    verify: bool | str = True
    timeout: float = 30.0
    poll_qps: float = 10.0

    def address(self, service: Service) -> str:
        """The base address of a service, without a slash at its end."""
        own = self.endpoints.get(service.name) or self.endpoint
        return own or f"https://{service.name}.{self.region}.myhuaweicloud.com"

    def host(self, service: Service) -> str:
        """The host of a service as the header of that name has it: with a port only if it is not the usual one."""
        return _host_of(self.address(service))

    def in_project(self, project_id: str) -> Account:
        """The same account in this project."""
        return replace(self, project_id=project_id)


@lru_cache(maxsize=64)
def _host_of(address: str) -> str:
    parts = urlsplit(address)
    usual = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return parts.netloc.lower().removesuffix(usual)
