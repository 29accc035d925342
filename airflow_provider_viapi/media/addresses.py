"""Addresses of media: in object storage (``s3://…``), on disk (``file://…``) and on the web.

Loads no storage library, so that operators can use it while DAGs are parsed.
"""

from __future__ import annotations

import re
from typing import Any

from airflow_provider_viapi.errors import InvalidRequest

STORAGE_PACKAGES = {
    "s3": "apache-airflow-providers-amazon[s3fs]",
    "s3a": "apache-airflow-providers-amazon[s3fs]",
    "s3n": "apache-airflow-providers-amazon[s3fs]",
    "gs": "apache-airflow-providers-google",
    "gcs": "apache-airflow-providers-google",
    "abfs": "apache-airflow-providers-microsoft-azure",
    "abfss": "apache-airflow-providers-microsoft-azure",
    "adl": "apache-airflow-providers-microsoft-azure",
    "oss": "airflow-provider-viapi[oss]",
    "sftp": "apache-airflow-providers-sftp",
    "ftp": "apache-airflow-providers-ftp",
    "hdfs": "apache-airflow-providers-apache-hdfs",
    "webhdfs": "apache-airflow-providers-apache-hdfs",
    "github": "apache-airflow-providers-github",
}
"""The package whose installation makes a scheme work."""

# What Airflow itself, this provider, Amazon's, Google's and Microsoft's open; none has to be loaded to parse a DAG.
_USUAL = frozenset(("oss", "s3", "s3a", "s3n", "gs", "gcs", "abfs", "abfss", "adl", "file"))


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


def opens(scheme: str) -> bool:
    """Return whether files can be read from addresses of a scheme, if its provider is installed."""
    return scheme in _USUAL or is_installed(scheme)


def is_installed(scheme: str) -> bool:
    """Return whether something that is installed opens addresses of a scheme; loads the providers' file systems."""
    try:
        from airflow.sdk.io import has_fs
    except ImportError:
        from airflow.io import has_fs  # type: ignore[attr-defined,no-redef]
    return bool(has_fs(scheme))


def installation_hint(scheme: str) -> str:
    """Return what to install to open addresses of a scheme."""
    package = STORAGE_PACKAGES.get(scheme.lower())
    return f"pip install '{package}'" if package else "install the Airflow provider that opens it"
