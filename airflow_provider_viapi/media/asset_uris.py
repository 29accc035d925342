"""URIs of assets, and what Airflow calls for those of ``oss://``: it imports this to read a DAG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.providers.common.compat.sdk import Asset

# Characters that RFC 3986 allows in a path, and % itself: an address that is a URI stays as it is.
_SAFE = "/%!$&'()*+,;=:@~[]"


def asset_uri(address: str) -> str:
    """Return the URI of the asset at an address: without a connection id, in the characters that a URI has.

    Airflow 2 takes ASCII only, and both cut off what follows ``#`` and reorder what follows ``?``.
    """
    scheme, colon, rest = address.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}{colon}{place.rpartition('@')[2]}{slash}{quote(path, safe=_SAFE)}"


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """Return the URI of an object or folder in OSS in the one form that means it.

    The connection id before the bucket is removed, because the same file is the same asset for every team, and what
    a URI cannot contain is percent-encoded.

    :param uri: without a fragment, and without a slash at its end
    :raises ValueError: it has no bucket, or it has a port or a query
    """
    bucket = uri.netloc.rpartition("@")[2]
    if not bucket or ":" in bucket:
        raise ValueError(f"the asset {uri.geturl()!r} names no bucket; write oss://bucket/key")
    if uri.query:
        # Not the whole URI: the query may be a signature.
        raise ValueError(
            f"the asset oss://{bucket}{uri.path} has a query; write oss://bucket/key, and %3F for a question mark in"
            " the key"
        )
    return uri._replace(netloc=bucket, path=quote(uri.path, safe=_SAFE))


def create_asset(*, bucket: str, key: str, extra: dict[str, Any] | None = None) -> Asset:
    """Return the asset of an object or folder.

    :param key: as OSS has it, not encoded
    """
    from airflow.providers.common.compat.sdk import Asset

    return Asset(uri=f"oss://{bucket}/{quote(key, safe=_SAFE.replace('%', ''))}", extra=extra)


def convert_asset_to_openlineage(asset: Asset, lineage_context: Any) -> Dataset:
    """Return the dataset of an asset, under the same name as that of a landed file."""
    from airflow.providers.common.compat.openlineage.facet import Dataset

    parts = urlsplit(asset.uri)
    return Dataset(namespace=f"oss://{parts.netloc}", name=unquote(parts.path).lstrip("/") or "/")
