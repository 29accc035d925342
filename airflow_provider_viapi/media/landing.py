"""Landing: the files of a result go to where the team keeps its media, before the links to them end.

Each file is streamed, its length checked, and it stands under its final name whole or not at all; see
``docs/landing.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.errors import InvalidRequest, ServiceError
from airflow_provider_viapi.media.output_paths import check, identity_of, path_variables, place
from airflow_provider_viapi.results import HasResultFields, fields_of_any, file_urls, requires_files

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.config import Account
    from airflow_provider_viapi.jobs.model import Log

__all__ = ["check", "check_opens", "land", "path_variables", "trusted_hosts"]


def trusted_hosts(account: Account) -> list[str]:
    """The host of a connection's own endpoint (the emulator, say), from where files may come even if it is inside."""
    own = urlsplit(account.endpoint or "").netloc
    return [own] if own else []


def check_opens(to: str) -> None:
    """Refuse a place that nothing that is installed opens; loads the providers' file systems, so not for parsing.

    :raises InvalidRequest: the message says which
    """
    try:
        from airflow.sdk.io import has_fs
    except ImportError:
        from airflow.io import has_fs  # type: ignore[attr-defined,no-redef]
    scheme = to.partition("://")[0]
    if not has_fs(scheme):
        raise InvalidRequest(
            f"the place to land at is {to!r}; nothing that is installed opens {scheme}://",
            code="InvalidParameter",
        )


def land(
    result: Mapping[str, Any],
    *,
    to: str,
    action: HasResultFields | None,
    names: Mapping[str, Any],
    refresh_links: Callable[[], Mapping[str, Any]] | None,
    log: Log,
    allowed_hosts: Collection[str] = (),
    verify: bool | str = True,
) -> dict[str, str]:
    """Bring every file of a result to where it is to stay, and return where each lies by its key in the result.

    A file that is there already, from an earlier try, stays as it is. It counts as the same when it is as long, and
    either its name holds the job's id or it was written after the result was made.

    :param to: a folder (ends with ``/``) or the name of one file, with placeholders; see :func:`check`
    :param action: what the result is of; ``None`` for that of any job in the service model
    :param names: values of placeholders: ``task_id``, ``map_index``, ``job_id`` and so on; ``None`` for unknown ones
    :param refresh_links: asks for the result once more, with links that work; ``None`` if nobody can
    :param log: told what lands where
    :param allowed_hosts: ``host`` or ``host:port`` inside from where files may come; see :func:`trusted_hosts`
    :param verify: check TLS certificates; a path names a bundle of authorities
    :raises InvalidRequest: ``to`` does not do for this result
    :raises ResultExpired: a link has ended, and so has the one of the result that was asked for again
    :raises PermissionDenied: an address leads to a host inside that is not allowed
    :raises TransientError: the download broke again and again
    :raises ServiceError: a file is empty, or refused for another reason
    :raises OSError: what the storage has against it: full, not allowed, no such bucket
    """
    check(to, action, also=names)
    name = None if action is None else action.name
    fields = fields_of_any(services.actions().values()) if action is None else action.result
    links = file_urls(result, fields)
    if not links and requires_files(fields):
        raise ServiceError(
            f"the result names no file that could land; it holds {', '.join(result) or 'nothing'}",
            code="NoFileInResult",
            action=name,
        )
    places = {key: place(to, key, address, names) for key, address in links.items()}
    if len(set(places.values())) < len(places):
        raise InvalidRequest(
            f"{', '.join(places)} would not all have a name of their own in {to!r}; allowed: a folder (ends with /), "
            "or a name with {key} in it",
            code="InvalidParameter",
            action=name,
        )

    from airflow_provider_viapi.media.resumable_download import Arrival
    from airflow_provider_viapi.media.ssrf_guard import public_session

    def ask_again() -> dict[str, str]:
        return {} if refresh_links is None else file_urls(refresh_links(), fields)

    with public_session(allowed_hosts, verify) as session:
        for key, final in places.items():
            is_own = identity_of(links[key], names) in final.rpartition("/")[2]
            try:
                links |= Arrival(session, key, final, is_own, log).land(links[key], ask_again)
            except ServiceError as error:
                error.action = error.action or name
                raise
    return places
