"""Addresses of media: in object storage (``s3://…``), on disk (``file://…``) and on the web.

Loads no storage library, so that operators can use it while DAGs are parsed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from airflow_provider_viapi.errors import InvalidRequest


@dataclass(frozen=True)
class Storage:
    """What is known of the storage behind a scheme.

    Whether it can write on condition that nothing was written before is in ``state.conditional_write``.

    :param package: its installation makes the scheme work; ``None`` if Airflow itself opens it
    :param name: the scheme under which OpenLineage names it; default: the scheme itself
    :param is_object_store: a file appears when it is complete; its file system need not be loaded to parse a DAG
    :param signs: its file system can sign links to its files
    """

    package: str | None
    name: str | None = None
    is_object_store: bool = False
    signs: bool = False


_AMAZON = "apache-airflow-providers-amazon[s3fs]"
_GOOGLE = "apache-airflow-providers-google"
_AZURE = "apache-airflow-providers-microsoft-azure"

STORAGES = {
    "s3": Storage(_AMAZON, is_object_store=True, signs=True),
    "s3a": Storage(_AMAZON, "s3", is_object_store=True, signs=True),
    "s3n": Storage(_AMAZON, "s3", is_object_store=True, signs=True),
    "gs": Storage(_GOOGLE, is_object_store=True, signs=True),
    "gcs": Storage(_GOOGLE, "gs", is_object_store=True, signs=True),
    "abfs": Storage(_AZURE, is_object_store=True, signs=True),
    "abfss": Storage(_AZURE, is_object_store=True, signs=True),
    "adl": Storage(_AZURE, is_object_store=True),
    "oss": Storage("airflow-provider-viapi[oss]", is_object_store=True, signs=True),
    "file": Storage(None),
    "sftp": Storage("apache-airflow-providers-sftp"),
    "ftp": Storage("apache-airflow-providers-ftp"),
    "hdfs": Storage("apache-airflow-providers-apache-hdfs"),
    "webhdfs": Storage("apache-airflow-providers-apache-hdfs"),
    "github": Storage("apache-airflow-providers-github"),
}
"""By scheme. Any other scheme works as well, if an installed provider opens it."""

_UNKNOWN = Storage(None)


def is_http_url(address: Any) -> bool:
    """Return whether a service can fetch what is at an address.

    :raises InvalidRequest: it is not a string
    """
    if not isinstance(address, str):
        raise InvalidRequest(
            f"an address must be a string, not {type(address).__name__}", code="InvalidParameter"
        )
    return address.partition("://")[0].lower() in ("http", "https")


def strip_userinfo(address: str) -> str:
    """Return an address without what precedes the host, which may be a password."""
    return re.sub(r"://[^/@]*@", "://", address)


def connection_of(address: str) -> str:
    """Return the connection id before the host of an address, or an empty text."""
    return address.partition("://")[2].partition("/")[0].rpartition("@")[0]


def storage_of(scheme: str) -> Storage:
    """Return what is known of the storage behind a scheme, in whatever case it is written."""
    return STORAGES.get(scheme.lower(), _UNKNOWN)


def opens(scheme: str) -> bool:
    """Return whether files can be read from addresses of a scheme, if its provider is installed."""
    return scheme == "file" or storage_of(scheme).is_object_store or is_installed(scheme)


def is_installed(scheme: str) -> bool:
    """Return whether something that is installed opens addresses of a scheme; loads the providers' file systems."""
    try:
        from airflow.sdk.io import has_fs
    except ImportError:
        from airflow.io import has_fs  # type: ignore[attr-defined,no-redef]
    return bool(has_fs(scheme))


def installation_hint(scheme: str) -> str:
    """Return what to install to open addresses of a scheme."""
    package = storage_of(scheme).package
    return f"pip install '{package}'" if package else "install the Airflow provider that opens it"
