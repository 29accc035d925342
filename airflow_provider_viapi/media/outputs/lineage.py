"""Report the files of a task: asset events of those that have landed to Airflow, datasets to OpenLineage."""

from __future__ import annotations

import logging
import mimetypes
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.jobs.usage_and_cost import Usage
from airflow_provider_viapi.media.addresses import find_sources, redacted_address
from airflow_provider_viapi.media.asset_uris import asset_uri
from airflow_provider_viapi.media.storages import storage_of
from airflow_provider_viapi.redaction import redact_text

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from airflow.providers.openlineage.extractors import OperatorLineage

    from airflow_provider_viapi.http_settings import HttpSettings
    from airflow_provider_viapi.jobs.model import Log

logger = logging.getLogger(__name__)

MAX_LISTED = 1000
"""Addresses in one event: a batch may land ten thousand files, and each event is a row of Airflow's database."""

MAX_SOURCES = 20
"""Sources in one event; a job may have hundreds."""

MAX_MEASURED = 50
"""Files of one task whose size and length are read, which takes a request or two each."""


@dataclass(frozen=True)
class Origin:
    """Origin of landed files.

    :param job_id: the job that produced them
    :param action: that created the job, as ``service.Action``
    :param sources: addresses of its media as the author wrote them
    """

    job_id: str | None = None
    action: str | None = None
    sources: Iterable[str] = ()

    def as_extra(self) -> dict[str, Any]:
        """Return what is known, for the ``extra`` of an event; addresses without users, signatures and queries."""
        named = dict.fromkeys(_display(source) for source in self.sources if "://" in source)
        known = {"job_id": self.job_id, "action": self.action, "sources": list(islice(named, MAX_SOURCES))}
        return {name: value for name, value in known.items() if value}


def _display(address: str) -> str:
    namespace, name = name_of(address)
    return f"{namespace}://{name}" if namespace == "file" else f"{namespace}/{name}"


def report_assets(
    context: Context,
    outlets: Iterable[Any],
    landed: Mapping[str, str],
    origin: Origin | None = None,
    files: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Add events about landed files to a task's outlets; call it before the task succeeds.

    An ``AssetAlias`` gets an event of its own for each file, on an asset of the file's address; one that Airflow does
    not take as an asset is logged. An ``Asset`` that is
    the address of a file, or of a folder above it, gets the addresses into its event's ``extra``, a thousand at most,
    and then how many ``files`` there are; others get nothing.

    :param outlets: the operator's ``outlets``
    :param landed: address of each file by its key in the result
    :param origin: the job that produced them, for ``extra``
    :param files: what is known of each file by its key, see :func:`describe_files`
    """
    outlets = list(outlets)
    if not outlets or not landed:
        return
    from airflow.providers.common.compat.sdk import Asset, AssetAlias

    events: Any = context["outlet_events"]
    of_all = (origin or Origin()).as_extra()
    files = files or {}
    for outlet in outlets:
        if isinstance(outlet, AssetAlias):
            for key, address in landed.items():
                shown = redacted_address(address)
                try:
                    asset = Asset(uri=asset_uri(shown))
                except ValueError as error:
                    # Such as an address of more than 1,500 characters: the file has landed and is paid for.
                    logger.warning("There is no asset event for %s at %s: %s", key, shown, error)
                    continue
                extra = {**of_all, **files.get(key, {}), "key": key, "address": shown}
                events[outlet].add(asset, extra=extra)
        elif isinstance(outlet, Asset):
            inside = {
                key: redacted_address(address)
                for key, address in landed.items()
                if _is_in(asset_uri(address), outlet.uri)
            }
            if inside:
                named = dict(islice(inside.items(), MAX_LISTED))
                counted = {} if len(named) == len(inside) else {"files": len(inside)}
                details = {key: dict(files[key]) for key in named if files.get(key)}
                described = {"details": details} if details else {}
                events[outlet].extra |= {**of_all, **counted, "landed": named, **described}


def _is_in(uri: str, folder: str) -> bool:
    above = asset_uri(folder).rstrip("/")
    return uri == above or uri.startswith(f"{above}/")


def describe_files(
    outlets: Sequence[Any], landed: Mapping[str, str], log: Log, http: HttpSettings
) -> dict[str, dict[str, Any]]:
    """Return what is known of each landed file, by its key; nothing for a task without outlets.

    ``type`` is its media type by the name, ``size`` its bytes, ``duration`` its seconds if it is a video or audio
    file. A file that cannot be read never fails its task, whose job is paid for.

    :param http: settings of the connection
    """
    if not outlets:
        return {}
    return {
        key: {**type_of(address), **(_measured(address, log, http) if number < MAX_MEASURED else {})}
        for number, (key, address) in enumerate(landed.items())
    }


def type_of(address: str) -> dict[str, Any]:
    """Return the media type that the name of a file implies, as ``type``; nothing if it implies none."""
    # Without query, which the name of a local file or object does not have.
    guessed, _ = mimetypes.guess_type(f"file:///{address.rpartition('/')[2]}")
    return {} if guessed is None else {"type": guessed}


def _measured(address: str, log: Log, http: HttpSettings) -> dict[str, Any]:
    from airflow_provider_viapi.media.media_headers import measure
    from airflow_provider_viapi.media.open_storage import open_path

    try:
        size = {"size": int(open_path(address).stat().st_size)}
        clip = measure(address, http)
    except Exception as error:
        # Whatever the storage raises; its text may quote a signed request.
        log.info(
            "Size and duration of %s could not be read: %s",
            redacted_address(address),
            type(error).__name__,
        )
        return {}
    return {**size, "duration": round(clip.seconds, 3)} if clip and clip.seconds else size


def lineage_of(
    read: Iterable[str], landed: Iterable[str], usage: Usage | None = None
) -> OperatorLineage[Any, Any]:
    """Return inputs and outputs of a task, for ``get_openlineage_facets_on_complete``.

    :param read: addresses of media as the author wrote them, before staging
    :param landed: addresses of the landed files
    :param usage: becomes the run facet ``viapi_usage``
    """
    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.providers.openlineage.extractors import OperatorLineage

    def datasets(addresses: Iterable[str]) -> list[Any]:
        named = dict.fromkeys(name_of(address) for address in addresses)
        return [Dataset(namespace=namespace, name=name) for namespace, name in named]

    facets = {} if usage is None else {"viapi_usage": _usage_facet(usage)}
    return OperatorLineage(inputs=datasets(read), outputs=datasets(landed), run_facets=facets)


def _usage_facet(usage: Usage) -> Any:
    """Return a run facet with the same numbers as the XCom ``usage``."""
    import attr
    from airflow.providers.common.compat.openlineage.facet import RunFacet

    values = usage.as_dict()
    facet = attr.make_class("ViapiUsageRunFacet", list(values), bases=(RunFacet,), kw_only=True)
    return facet(**values)


def sources_of(request: Any) -> Iterator[str]:
    """Yield the addresses in a request of what is read, for a cloud whose parameters do not say which are media."""
    return (address for _, address in find_sources(request) if address is not None)


def name_of(address: str) -> tuple[str, str]:
    """Return namespace and name of the dataset at an address: without signature, user, connection id.

    :param address: HTTP(S), or of an object storage
    """
    scheme, _, rest = address.partition("://")
    scheme = storage_of(scheme).name or scheme
    if scheme == "file":
        return "file", "/" + rest.lstrip("/")
    if scheme in ("http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "ftp", "sftp"):
        rest = rest.partition("#")[0].partition("?")[0]
    else:
        rest = redact_text(rest)
    place, _, path = rest.partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}", path
