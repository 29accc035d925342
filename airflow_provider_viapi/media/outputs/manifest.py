"""Description of a landed result: where it comes from, how it was requested, and which files it has."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.media.addresses import find_sources, redacted_address
from airflow_provider_viapi.media.inputs.source_versions import Version
from airflow_provider_viapi.media.outputs.output_paths import MANIFEST_SUFFIX
from airflow_provider_viapi.redaction import redact_values

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.ledger import Entry
    from airflow_provider_viapi.jobs.model import JobReport

_CONTENT_FIELDS = (
    "generation",
    "md5Hash",
    "content_md5",
    "ETag",
    "etag",
    "mtime",
    "LastModified",
    "last_modified",
)
"""Fields by which file systems report that a file's content is another; first those that ignore its metadata."""

MAX_SHOWN = 2_000
"""Characters of one value of a request that are shown; an image in Base64 has millions."""


def describe(
    entry: Entry | None, report: JobReport, request: Mapping[str, Any] | None, landed: Mapping[str, str]
) -> dict[str, Any]:
    """Return the description of a job whose files have landed, as JSON values without credentials.

    :param entry: the job's submission, if it is known
    :param request: the request of that submission, if it is known
    :param landed: addresses of the files by their keys in the result
    """
    addresses = {} if request is None else dict(find_sources(request))
    versions: Mapping[str, Version] = (entry and entry.sources) or {}
    sources = [
        {
            "parameter": path,
            "address": redacted_address(address) if (address := addresses.get(path)) else None,
            "version": versions.get(path),
        }
        for path in dict.fromkeys((*addresses, *versions))
    ]
    return {
        "job_id": report.job_id,
        "state": report.state,
        "submitted_at": entry and entry.signed_at,
        "landed_at": datetime.now(timezone.utc).isoformat(),
        "digest": entry and entry.digest,
        "request": redact_values(request, longest=MAX_SHOWN),
        "sources": sources,
        "files": {key: describe_file(each) for key, each in landed.items()},
    }


def write_manifest(document: Mapping[str, Any]) -> str:
    """Write a description beside the first of its files, and return the address."""
    from airflow_provider_viapi.media.open_storage import open_path
    from airflow_provider_viapi.media.outputs.atomic_file import AtomicFile

    first = next(iter(document["files"].values()))["address"]
    address = f"{first}{MANIFEST_SUFFIX}"
    with AtomicFile(open_path(address)) as file:
        file.write(json.dumps(document, indent=1, ensure_ascii=False).encode())
        file.commit()
    return address


def describe_file(address: str) -> dict[str, Any]:
    """Return address, size in bytes and version of a landed file; if it is gone, the size is ``None``."""
    from airflow_provider_viapi.media.open_storage import open_path

    path = open_path(address)
    path.fs.invalidate_cache()
    try:
        info = path.fs.info(path.path)
    except FileNotFoundError:
        return {"address": address, "size": None}
    version = next(({name: str(info[name])} for name in _CONTENT_FIELDS if info.get(name) is not None), None)
    return {"address": address, "size": int(info["size"]), "version": version}


def with_landed(result: Mapping[str, Any], landed: Mapping[str, str]) -> dict[str, Any]:
    """Return a result with the addresses of landed files in place of the service's links."""
    replaced = copy.deepcopy(dict(result))
    for key, address in landed.items():
        *above, last = (int(part) if part.isdecimal() else part for part in key.split("."))
        inside: Any = replaced
        for part in above:
            inside = inside[part]
        inside[last] = address
    return replaced
