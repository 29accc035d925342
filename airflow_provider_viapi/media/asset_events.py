"""Asset events for landed files, so that DAGs can be scheduled on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

# Characters that RFC 3986 allows in a path, and % itself: an address that is a URI stays as it is.
_SAFE = "/%!$&'()*+,;=:@~[]"

MAX_LISTED = 1000
"""Addresses in one event: a batch may land ten thousand files, and each event is a row of Airflow's database."""


def report_assets(
    context: Context, outlets: Iterable[Any], landed: Mapping[str, str], *, job_id: str | None = None
) -> None:
    """Add events about landed files to a task's outlets; call it before the task succeeds.

    An ``AssetAlias`` gets an event of its own for each file, on an asset of the file's address. An ``Asset`` that is
    the address of a file, or of a folder above it, gets the addresses into its event's ``extra``, a thousand at most,
    and then how many ``files`` there are; others get nothing.

    :param outlets: the operator's ``outlets``
    :param landed: address of each file by its key in the result
    :param job_id: the job that produced them, for ``extra``
    """
    outlets = list(outlets)
    if not outlets or not landed:
        return
    from airflow.providers.common.compat.sdk import Asset, AssetAlias

    events: Any = context["outlet_events"]
    job: dict[str, Any] = {} if job_id is None else {"job_id": job_id}
    for outlet in outlets:
        if isinstance(outlet, AssetAlias):
            for key, address in landed.items():
                events[outlet].add(
                    Asset(uri=asset_uri(address)), extra={**job, "key": key, "address": address}
                )
        elif isinstance(outlet, Asset):
            inside = {
                key: address for key, address in landed.items() if _is_in(asset_uri(address), outlet.uri)
            }
            if inside:
                named = dict(islice(inside.items(), MAX_LISTED))
                counted = {} if len(named) == len(inside) else {"files": len(inside)}
                events[outlet].extra |= {**job, **counted, "landed": named}


def asset_uri(address: str) -> str:
    """Return the URI of the asset at an address: without a connection id, in the characters that a URI has.

    Airflow 2 takes ASCII only, and both cut off what follows ``#`` and reorder what follows ``?``.
    """
    scheme, colon, rest = address.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}{colon}{place.rpartition('@')[2]}{slash}{quote(path, safe=_SAFE)}"


def _is_in(uri: str, folder: str) -> bool:
    above = asset_uri(folder).rstrip("/")
    return uri == above or uri.startswith(f"{above}/")
