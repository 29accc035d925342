"""Open the storage of an address: its file system for reading, its path for writing; errors of a storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_viapi.errors import (
    ConfigurationError,
    InvalidMedia,
    InvalidRequest,
    PermissionDenied,
    ServiceError,
    TransientError,
)
from airflow_provider_viapi.media.addresses import connection_of
from airflow_provider_viapi.media.storages import installation_hint
from airflow_provider_viapi.redaction import redact_text, strip_userinfo

if TYPE_CHECKING:
    from airflow_provider_viapi.hooks.viapi import ViapiHook


def open_storage(address: str, hook: ViapiHook) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it; see :func:`stat`."""
    scheme, _, rest = address.partition("://")
    if scheme == "oss":
        from airflow_provider_viapi.fs.oss import OssFileSystem

        conn_id, _, path = rest.rpartition("@") if "@" in rest.partition("/")[0] else ("", "", rest)
        fs = OssFileSystem(conn_id or hook.viapi_conn_id)
        fs.oss = hook.oss(conn_id or None)
        return fs, path

    opened = ObjectStoragePath(address)
    try:
        return opened.fs, opened.path
    except ValueError:
        raise ConfigurationError(
            f"no installed package supports {scheme}://: {installation_hint(scheme)}",
        ) from None


@contextmanager
def translate_errors(address: str) -> Iterator[None]:
    """Raise errors of a storage about an address as those of our tree."""
    shown = strip_userinfo(address)
    conn_id = connection_of(address)
    try:
        yield
    except (ServiceError, GeneratorExit, KeyboardInterrupt, SystemExit):
        raise
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        error: ServiceError = InvalidMedia(
            f"{shown} does not exist, or is not a file", code="InvalidFile.NotFound"
        )
    except PermissionError:
        error = PermissionDenied(f"{shown} may not be read by this connection", code="AccessDenied")
    except ImportError as missing:
        error = ConfigurationError(
            f"{shown} cannot be opened ({missing}): {installation_hint(address.partition('://')[0])}",
        )
    except ValueError as unusable:
        error = InvalidRequest(f"{shown} cannot be opened: {redact_text(str(unusable))}")
    except Exception as failure:
        # Its text is left out: it may quote a signed request.
        error = TransientError(
            f"{shown} could not be read ({type(failure).__name__}); check the connection of the storage"
            f"{f' ({conn_id!r})' if conn_id else ''}, and the network of this machine",
            code="SourceUnreadable",
        )
    else:
        return
    # Also outside the handler the storage's error would be the context: the caller's `with` handles it still.
    raise error from None


def open_path(destination: str) -> ObjectStoragePath:
    """Open an address for writing.

    :raises InvalidRequest: no installed package supports its scheme
    """
    try:
        path = ObjectStoragePath(destination)
        path.fs  # noqa: B018
    except (ValueError, ImportError) as error:
        raise InvalidRequest(
            f"the destination is {strip_userinfo(destination)!r}, which this Airflow cannot open: "
            f"{redact_text(str(error))}"
        ) from None
    return path
