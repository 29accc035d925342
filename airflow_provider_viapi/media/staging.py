"""Media from where the team keeps them to where the service can read them.

HTTP(S) addresses pass as they are. What lies elsewhere (``s3://``, ``gs://``, ``abfs://``, ``file://``, whatever
Airflow's ``ObjectStoragePath`` opens, and ``oss://``) is copied as a stream, into a bucket of the team's
(``oss://bucket/prefix``) or into VIAPI's temporary storage; an object in a bucket in Shanghai only gets a link.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba.parameters import Media
from airflow_provider_viapi.errors import ServiceError, TransientError
from airflow_provider_viapi.media.request_media import files_elsewhere, is_readable, with_addresses
from airflow_provider_viapi.schema import check_request

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.media_parameters import MediaLimits
    from airflow_provider_viapi.alibaba.model import Action
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.jobs.model import Log
    from airflow_provider_viapi.media.source import Source
    from airflow_provider_viapi.media.team_bucket import TeamBucket

TRIES = 3
"""How often a copy is begun at most when the way is lost."""

FIRST_PAUSE = 1.0
"""Seconds before it is begun again; twice as many each time."""

# What Airflow itself, this provider, Amazon's, Google's and Microsoft's open; none has to be loaded to parse a DAG.
_USUAL = frozenset(("oss", "s3", "s3a", "s3n", "gs", "gcs", "abfs", "abfss", "adl", "file"))


def opens(scheme: str) -> bool:
    """Whether files can be staged from addresses of this scheme, if their provider is installed."""
    if scheme in _USUAL:
        return True
    try:
        from airflow.sdk.io import has_fs
    except ImportError:
        from airflow.io import has_fs  # type: ignore[attr-defined,no-redef]
    return bool(has_fs(scheme))


def check(
    action: Action, request: Mapping[str, Any], *, pending: Callable[[Any], bool] = lambda value: False
) -> dict[str, Any]:
    """The request with values of their proper types, as ``Action.check``, where media may lie anywhere.

    :param pending: tells of a value that it is not known yet
    :raises InvalidRequest: something is not allowed, such as an address that nothing opens
    """
    return action.before_staging(opens).check(request, is_unresolved=pending)


def check_place(to: str | None) -> None:
    """Let ``None`` or ``oss://bucket/prefix`` pass.

    :raises InvalidRequest: it has another form
    """
    from airflow_provider_viapi.media.team_bucket import StagingPlace

    if to is not None:
        StagingPlace.read(to)


def stage(
    request: Mapping[str, Any],
    *,
    action: Action,
    to: str | None,
    hook: ViapiHook,
    run: str,
    holder: str,
    log: Log,
) -> dict[str, Any]:
    """The request with every media address readable by the service.

    All files are looked up and held against the action's limits before the first of them is copied.

    :param request: checked with :func:`check`
    :param to: the team's bucket, ``oss://bucket/prefix``; VIAPI's temporary storage if ``None``
    :param run: which DAG run; a source is copied into the team's bucket once in each
    :param holder: which task instance of it, the same for all tries; its copies stay until :func:`release`
    :raises InvalidMedia: a file is not there, is empty, or the service would not take it
    :raises TransientError: the way was lost too often, or a file changed while it was read
    :raises PermissionDenied: it may not be read, or not be put there
    :raises ConfigurationError: a package that this needs is not installed
    """
    elsewhere = list(files_elsewhere(action.parameters, request))
    if not elsewhere:
        return dict(request)
    sources = {address: _look_up(address, hook) for _, _, address in elsewhere}
    for parameter, limits, address in elsewhere:
        _check(sources[address], limits, parameter, action.name)
    place = _open_place(to, action.service.name, hook, run, holder, log)
    try:
        readable = {
            address: _link_in_place(source, log) or place.readable(source)
            for address, source in sources.items()
        }
    except BaseException:
        release(request, action=action, to=to, hook=hook, run=run, holder=holder, log=log)
        raise
    return with_addresses(action.parameters, request, readable)


def check_source(address: str) -> None:
    """Let an address pass that is HTTP(S) or that staging reads from.

    :raises InvalidRequest: it is neither
    """
    check_request(
        "staging", {"source": Media(name="source", required=True, opens=opens)}, {"source": address}
    )


def stage_file(
    address: str, *, service: str, to: str | None, hook: ViapiHook, run: str, holder: str, log: Log
) -> str:
    """Copy one file, and return an address that operators of this provider take; it holds no signature.

    What is HTTP(S), or is read where it is, comes back as it is. The errors are those of :func:`stage`.

    :param service: the service that is to read it
    """
    if is_readable(address):
        return address
    source = _look_up(address, hook)
    _check(source, None, "source", "staging")
    if _link_in_place(source, log):
        return address
    return _open_place(to, service, hook, run, holder, log).copy(source)


def release(
    request: Mapping[str, Any],
    *,
    action: Action,
    to: str | None,
    hook: ViapiHook,
    run: str,
    holder: str,
    log: Log,
) -> None:
    """Give the staged copies of a request back; one that no other task uses is removed.

    For when the job is over, from whichever process, with the arguments that :func:`stage` had. What cannot be
    removed is named in the log and raises nothing: the job is over and paid for.
    """
    if to is None:
        return
    addresses = {address for _, _, address in files_elsewhere(action.parameters, request)}
    try:
        if not addresses:
            return
        bucket = _Team(to, hook, run, holder, log).bucket
        for address in addresses:
            bucket.release(address)
    except ServiceError as error:
        log.warning("Staged copies may be left below %s: %s", to, error)


class _Team:
    """The team's bucket."""

    def __init__(self, to: str, hook: ViapiHook, run: str, holder: str, log: Log) -> None:
        from airflow_provider_viapi.media.team_bucket import StagingPlace, open_bucket

        self._place = StagingPlace.read(to)
        self.bucket: TeamBucket = open_bucket(self._place, hook, run=run, holder=holder, log=log)

    def copy(self, source: Source) -> str:
        """Have a copy there, and return its address for this provider."""
        key = _trying_again(lambda: self.bucket.stage(source))
        return self._place.address_of(key)

    def readable(self, source: Source) -> str:
        """Have a copy there, and return its address for the service."""
        return self.bucket.link(_trying_again(lambda: self.bucket.stage(source)))


class _Temporary:
    """VIAPI's temporary storage."""

    def __init__(self, product: str, hook: ViapiHook, log: Log) -> None:
        self._product, self._hook, self._log = product, hook, log

    def copy(self, source: Source) -> str:
        """Have a copy there, and return its address."""
        from airflow_provider_viapi.media.temporary_upload import upload_for

        address = _trying_again(lambda: upload_for(self._product, source, self._hook))
        self._log.info(
            "Uploaded %s (%s bytes) to VIAPI's temporary storage", source.shown, f"{source.size:,}"
        )
        return address

    readable = copy


def _open_place(
    to: str | None, product: str, hook: ViapiHook, run: str, holder: str, log: Log
) -> _Team | _Temporary:
    return _Temporary(product, hook, log) if to is None else _Team(to, hook, run, holder, log)


def _trying_again(copy: Callable[[], str]) -> str:
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

    # A file that somebody is writing will not be done in a moment.
    passing = retry_if_exception(
        lambda error: isinstance(error, TransientError) and error.code != "SourceChanged"
    )
    trying = Retrying(
        retry=passing,
        wait=wait_exponential(FIRST_PAUSE, max=10),
        stop=stop_after_attempt(TRIES),
        reraise=True,
    )
    return trying(copy)


def _link_in_place(source: Source, log: Log) -> str | None:
    from airflow_provider_viapi.media.team_bucket import link_in_place

    return link_in_place(source, log)


def _look_up(address: str, hook: ViapiHook) -> Source:
    from airflow_provider_viapi.media.source import stat

    return stat(address, hook)


def _check(source: Source, limits: MediaLimits | None, parameter: str, action: str) -> None:
    from airflow_provider_viapi.media.validation import check

    check(source, limits, parameter=parameter, action=action)
