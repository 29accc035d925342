"""Landing: copy the files of a result to the team's storage before their links expire.

Each file is streamed, its length checked, and it appears under its final name whole or not at all; see
``docs/landing.md``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from traceback import format_tb
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.errors import (
    NO_FILE_IN_RESULT,
    ConfigurationError,
    InvalidRequest,
    PermissionDenied,
    ResultExpired,
    ServiceError,
    TransientError,
)
from airflow_provider_viapi.media.addresses import connection_of, without_connection
from airflow_provider_viapi.media.outputs.output_paths import (
    as_destination,
    check_land_to,
    identity_of,
    render_path,
    sample_path,
)
from airflow_provider_viapi.media.storages import installation_hint, is_installed
from airflow_provider_viapi.redaction import strip_userinfo
from airflow_provider_viapi.result_fields import (
    HasResultFields,
    ResultField,
    fields_of_any,
    file_urls,
    lacks_files,
)

if TYPE_CHECKING:
    import requests

    from airflow_provider_viapi.http_settings import HttpSettings
    from airflow_provider_viapi.jobs.model import Log
    from airflow_provider_viapi.media.outputs.resumable_download import DownloadSettings

logger = logging.getLogger(__name__)

RETRY = "a retry of the task stores the same result again if it is recorded, until the links expire"
"""End of the message of an error that a retry may solve."""


def check_writable(
    to: Any,
    action: HasResultFields | None = None,
    *,
    names: Mapping[str, Any] | None = None,
    has_manifest: bool = False,
) -> None:
    """Refuse a destination that would not take a file; for use before a job is submitted and paid.

    Connects to the storage, and begins and discards an upload where the storage allows that.

    :param to: a rendered destination, see :func:`check`
    :param action: the action whose result is to land
    :param names: values of placeholders that are known already
    :param has_manifest: a manifest is written beside the files
    :raises InvalidRequest: an existing folder without its slash, a missing bucket, a name that is too long
    :raises ConfigurationError: what opens the storage is not installed, or its connection cannot be used
    :raises PermissionDenied: no permission to write
    :raises TransientError: the storage could not be reached
    """
    to = as_destination(to)
    check_land_to(to, action, also=names or ())
    path = sample_path(to, action, names or {}, has_manifest=has_manifest)
    shown = f"land_to is {strip_userinfo(to)!r}"
    scheme = to.partition("://")[0]
    if not is_installed(scheme):
        raise InvalidRequest(
            f"{shown}; no installed package supports {scheme}://: {installation_hint(scheme)}"
        )
    try:
        _try_to_write(path, is_file=not to.endswith("/"), shown=shown)
    except ServiceError as error:
        if not error.message.startswith("land_to"):
            error.message = f"{shown}: {error.message}"
        raise
    except Exception as error:
        failure = _unusable(error, to, shown)
    else:
        return
    # Outside the handler, so that the storage's error, which may quote a signed request, is not its context.
    raise failure


def _try_to_write(path: str, *, is_file: bool, shown: str) -> None:
    from airflow_provider_viapi.media.open_storage import open_path
    from airflow_provider_viapi.media.outputs.atomic_file import AtomicFile

    opened = open_path(path)
    if is_file and _is_folder(opened):
        raise InvalidRequest(
            f"{shown}, which is an existing folder; allowed: a folder with / at its end, or the name of a file"
        )
    AtomicFile(opened).check_writable()


def _is_folder(path: Any) -> bool:
    try:
        return bool(path.fs.isdir(path.path))
    except PermissionError:
        # A role that may write need not be allowed to list.
        return False


def _unusable(error: Exception, to: str, shown: str) -> ServiceError:
    """Return the error that says why nothing can be written, and what to do.

    :param error: what the storage raised
    :param to: the destination
    :param shown: begins the message
    """
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return InvalidRequest(
            f"{shown}, where no file can be written: {_first_line(error)}. Create the bucket or folder, or name "
            "another destination"
        )
    if isinstance(error, PermissionError):
        return PermissionDenied(
            f"{shown}, where this task may not write: {_first_line(error)}. Grant the connection the right to write "
            "there, or name another destination",
            code="AccessDenied",
        )
    if isinstance(error, ImportError):
        scheme = to.partition("://")[0]
        return ConfigurationError(
            f"{shown}; {scheme}:// cannot be opened ({_first_line(error)}): {installation_hint(scheme)}",
        )
    # Its text is left out: it may quote a signed request.
    conn_id = connection_of(to)
    return TransientError(
        f"{shown}, which could not be reached ({type(error).__name__}): nothing was submitted. Check the "
        f"connection of the storage{f' ({conn_id!r})' if conn_id else ''}, and the "
        "network of this machine",
        code="DestinationUnreachable",
    )


def _first_line(error: Exception) -> str:
    from airflow_provider_viapi.redaction import redact_text

    return redact_text(str(error)).partition("\n")[0][:200] or type(error).__name__


@dataclass
class Landing:
    """Destination of a result's files, and what their downloads need.

    :param to: a folder (ends with ``/``) or the name of one file, with placeholders; see :func:`check`
    :param action: the action of the result; ``None`` for that of any job in the service model
    :param names: values of placeholders: ``task_id``, ``map_index``, ``job_id`` and so on; ``None`` for unknown ones
    :param http: settings of the connection, for the downloads
    :param log: logs what lands where
    :param allowed_hosts: ``host`` or ``host:port`` of private addresses that files may come from; see
        ``Account.trusted_hosts``
    :param taken: addresses, without connection ids, of other results' files, which are kept: a file that would
        replace one of them gets the job's id in front of its name
    :param settings: waits and sizes; default: those of ``DownloadSettings``
    """

    to: Any
    action: HasResultFields | None
    names: Mapping[str, Any]
    http: HttpSettings
    log: Log
    allowed_hosts: Collection[str] = ()
    taken: Collection[str] = ()
    settings: DownloadSettings | None = None

    def __post_init__(self) -> None:
        self.to = as_destination(self.to)

    def land(
        self, result: Mapping[str, Any], refresh_links: Callable[[], Mapping[str, Any]] | None = None
    ) -> dict[str, str]:
        """Copy every file of a result to its destination, and return the addresses by the files' keys in the result.

        A file that is there already, from an earlier attempt, is kept if it has the same length and its name holds
        the job's id; any other is replaced.

        :param refresh_links: returns the result again, with links that work; ``None`` if that is impossible
        :raises InvalidRequest: ``to`` cannot take this result
        :raises ResultExpired: a link has expired, and so has that of the result that was requested again
        :raises PermissionDenied: an address leads to a private host that is not allowed
        :raises ConfigurationError: the certificate of a host is not trusted
        :raises TransientError: the download was interrupted too often, or was too slow
        :raises ServiceError: a file is empty, or was refused for another reason; with the code ``ResultNotStored``
            the storage refuses the file: it is full, access is denied, a bucket does not exist
        """
        check_land_to(self.to, self.action, also=self.names)
        links = self._links(result)
        # Of an unknown action it is not known which files are optional.
        if lacks_files(result, self._fields) and not (links and self.action is None):
            raise ServiceError(
                f"the result lacks the file to store; its fields are {', '.join(result) or 'none'}",
                code=NO_FILE_IN_RESULT,
                action=self._action_name,
            )
        from airflow_provider_viapi.media.outputs.http_download import check_link
        from airflow_provider_viapi.media.ssrf_guard import public_session

        def refreshed() -> dict[str, str]:
            return {} if refresh_links is None else self._links(refresh_links())

        for link in links.values():
            check_link(link)
        destinations = self._destinations(links)
        with public_session(self.http, self.allowed_hosts) as session:
            for key, destination in destinations.items():
                # All links are renewed at once.
                links |= self._copy(session, key, links[key], destination, refreshed)
        return destinations

    @property
    def _action_name(self) -> str | None:
        return None if self.action is None else self.action.name

    @cached_property
    def _fields(self) -> tuple[ResultField, ...]:
        return fields_of_any(services.actions().values()) if self.action is None else self.action.result

    def _links(self, result: Mapping[str, Any]) -> dict[str, str]:
        return file_urls(result, self._fields)

    def _destinations(self, links: Mapping[str, str]) -> dict[str, str]:
        """Return where each file lands, by its key in the result.

        :raises InvalidRequest: files would overwrite each other
        """
        destinations = self._rendered(self.to, links)
        if not self.to.endswith("/") and any(
            without_connection(each) in self.taken for each in destinations.values()
        ):
            destinations = self._rendered(with_job_id(self.to), links)
            self.log.warning(
                "Another result has the name of the files of job %s in %s: their names begin with the job id",
                self.names["job_id"],
                strip_userinfo(self.to),
            )
        return destinations

    def _rendered(self, to: str, links: Mapping[str, str]) -> dict[str, str]:
        destinations = {key: render_path(to, key, url, self.names) for key, url in links.items()}
        if len(set(destinations.values())) < len(destinations) and "{name}" in to:
            # Files of one name in several folders of the service.
            by_key = to.replace("{name}", "{key}-{name}")
            destinations = {key: render_path(by_key, key, url, self.names) for key, url in links.items()}
        if len(set(destinations.values())) < len(destinations):
            raise InvalidRequest(
                f"{', '.join(destinations)} would overwrite each other in {strip_userinfo(to)!r}; allowed: a "
                "folder (ends with /), or a name with {key} in it",
                action=self._action_name,
            )
        return destinations

    def _copy(
        self,
        session: requests.Session,
        key: str,
        link: str,
        destination: str,
        refreshed: Callable[[], dict[str, str]],
    ) -> dict[str, str]:
        """Copy one file, and return the renewed links of the result if they were needed."""
        from airflow_provider_viapi.media.outputs.resumable_download import ResumableDownload

        is_own = identity_of(link, self.names) in destination.rpartition("/")[2]
        job_id = self.names.get("job_id")
        name = f"{key} of job {job_id}" if job_id else key
        try:
            download = ResumableDownload(session, key, name, destination, is_own, self.log, self.settings)
            return download.run(link, refreshed)
        except ServiceError as error:
            error.action = error.action or self._action_name
            error.message = f"{name}: {error.message}"
            if not isinstance(error, InvalidRequest | PermissionDenied | ResultExpired):
                error.message += f"; {RETRY}"
            raise
        except Exception as error:
            # Only where it happened: the text may quote a signed request.
            logger.debug("%s\n%s", type(error).__name__, "".join(format_tb(error.__traceback__)))
            failure = self._not_landed(error, name, destination)
        # Outside the handler, so that the storage's error, which may quote a signed request, is not its context.
        raise failure

    def _not_landed(self, error: Exception, name: str, destination: str) -> ServiceError:
        """Return the error that says which file could not be stored, where and why.

        :param error: what the storage raised
        :param name: of the file, in the message
        """
        # The text of other errors may quote a signed request.
        reason = type(error).__name__ + (f": {_first_line(error)}" if isinstance(error, OSError) else "")
        return ServiceError(
            f"{name} cannot be written to {strip_userinfo(destination)!r}: {reason}. Correct that; {RETRY}",
            code="ResultNotStored",
            action=self._action_name,
        )


def with_job_id(to: str) -> str:
    """Return the destination of a file whose name belongs to another result: the job's id is in front of the name."""
    folder, _, file = to.rpartition("/")
    return f"{folder}/{{job_id}}-{file}"
