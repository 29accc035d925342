"""The datasets of a job for OpenLineage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba.parameters import Structured
from airflow_provider_viapi.jobs.usage import Usage
from airflow_provider_viapi.media.inputs.source_versions import find_sources
from airflow_provider_viapi.media.storage_schemes import storage_of
from airflow_provider_viapi.redaction import redact_text
from airflow_provider_viapi.schema import Parameter, Url

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage


def lineage_of(
    read: Iterable[str], landed: Iterable[str], usage: Usage | None = None
) -> OperatorLineage[Any, Any]:
    """Return inputs and outputs of a task, for ``get_openlineage_facets_on_complete``.

    :param read: addresses of media as the author wrote them, before staging; see :func:`media_of`
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


def media_of(parameters: Iterable[Parameter], request: Mapping[str, Any]) -> Iterator[str]:
    """Yield the media addresses of a request, also inside lists."""
    for parameter in parameters:
        value = request.get(parameter.name)
        if isinstance(parameter, Url) and isinstance(value, str):
            yield value
        elif isinstance(parameter, Structured):
            for _, item in parameter.structures(value):
                yield from media_of(parameter.fields, item)


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
