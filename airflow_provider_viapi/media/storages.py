"""Properties of the storage behind each scheme, such as ``s3``.

Loads no storage library, so that operators can use it while DAGs are parsed; ``open_storage`` opens files.
"""

from __future__ import annotations

from airflow_provider_viapi.record import Record


class Storage(Record, kw_only=False):
    """Properties of the storage behind a scheme.

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


def storage_of(scheme: str) -> Storage:
    """Return what is known of the storage behind a scheme, in whatever case it is written."""
    return STORAGES.get(scheme.lower(), _UNKNOWN)


def opens(scheme: str) -> bool:
    """Return whether files can be read from addresses of a scheme, if its provider is installed."""
    return scheme == "file" or storage_of(scheme).is_object_store or is_installed(scheme)


def is_installed(scheme: str) -> bool:
    """Return whether an installed package supports addresses of a scheme; loads the providers' file systems."""
    try:
        from airflow.sdk.io import has_fs
    except ImportError:
        from airflow.io import has_fs  # type: ignore[attr-defined,no-redef]
    return bool(has_fs(scheme))


def installation_hint(scheme: str) -> str:
    """Return what to install to open addresses of a scheme."""
    package = storage_of(scheme).package
    return f"pip install '{package}'" if package else "install the Airflow provider that opens it"
