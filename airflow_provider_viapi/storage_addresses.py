"""Addresses of files in storage, as values of parameters; what is known of each storage is in ``media.addresses``."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.redaction import has_password, strip_userinfo
from airflow_provider_viapi.schema import ValidationError, is_encodable, plain_text, short_repr

ONLY_CONN_ID = "before the @ only the id of an Airflow connection, which holds user and password"
"""Allowed values where the address of a storage has a password."""

STORED = "an address in storage, such as s3://, gs://, abfs://, oss:// or file://"
"""Description of what :func:`stored_address` allows."""

LOCAL = ("file", "local")
"""Schemes of the worker's own disk."""

OBJECT_STORES = ("s3", "s3a", "s3n", "gs", "gcs", "abfs", "abfss", "adl", "wasb", "wasbs", "oss")
"""Schemes whose addresses have a bucket or a container; with others, the connection may hold the host."""

_WITHOUT_HOSTS = (*LOCAL, "memory")


def as_address(value: Any) -> Any:
    """Return the address of a path object, such as an ``ObjectStoragePath``; any other value as it is.

    :param value: an ``ObjectStoragePath`` becomes its URL, with the connection id; a path on disk a ``file://`` URL
    """
    if isinstance(value, str) or not (isinstance(value, os.PathLike) or hasattr(type(value), "joinpath")):
        return plain_text(value)
    text = (
        os.fsdecode(value)
        if isinstance(value, os.PathLike) and not hasattr(type(value), "joinpath")
        else str(value)
    )
    # Path.absolute() keeps "..", and Path.resolve() follows links.
    return text if "://" in text else f"file://{os.path.abspath(text)}"  # noqa: PTH100


def place_problem(address: Any, allowed: str) -> str | None:
    """Return what is allowed instead if a value is no address of a place in storage; ``None`` if it is one.

    :param allowed: description of the allowed values, for a value of another form
    """
    if not isinstance(address, str) or not re.match(
        r"(?!https?:)[a-z][a-z0-9+.-]*://", address, re.IGNORECASE
    ):
        return allowed
    scheme, _, rest = address.partition("://")
    scheme, authority = scheme.lower(), rest.partition("/")[0]
    if re.search(r"[\x00-\x1f\x7f]", address):
        return "an address without control characters"
    if scheme in LOCAL and authority:
        return f"{scheme}:/// with three slashes: {short_repr(authority.rpartition('@')[2])} would be a host"
    if has_password(address):
        return ONLY_CONN_ID
    if not rest.strip("/") or (scheme in OBJECT_STORES and not authority):
        return "an address with a bucket or a path in it"
    conn_id, _, bucket = authority.rpartition("@")
    if scheme in OBJECT_STORES and not bucket:
        return "a bucket after the connection id and @"
    if "@" in conn_id:
        return "an address with one @, after the id of an Airflow connection"
    if ".." in rest.split("/"):
        return "an address without .. in it"
    try:
        # What opens it takes it apart; a bracket before the first slash may prevent that.
        urlsplit(address)
    except ValueError:
        return "a bucket or a host that an address can have"
    return None


def folder_address(folder: Any, name: str, allowed: str) -> str:
    """Return the address of a folder in storage, without slashes at its end.

    :param folder: its address, or a path object
    :param name: the argument that has it, for the message
    :param allowed: description of the allowed values, with an example
    :raises InvalidRequest: it is no such address
    """
    address = as_address(folder)
    if (problem := place_problem(address, allowed)) is not None:
        shown = strip_userinfo(address) if isinstance(address, str) else address
        if isinstance(shown, str) and shown.lower().startswith(("http:", "https:")):
            # It may be signed.
            shown = shown.partition("?")[0]
        raise InvalidRequest(f"{name} is {short_repr(shown, 200)}; allowed: {problem}")
    return str(address).rstrip("/")


def comparable_folder(address: str) -> str:
    """Return the address of a folder in one spelling, without a connection id: two with it are the same folder."""
    scheme, _, rest = address.partition("://")
    authority, _, path = rest.partition("/")
    scheme = LOCAL[0] if scheme.lower() in LOCAL else scheme.lower()
    place = posixpath.normpath(f"/{authority.rpartition('@')[2]}/{path}")
    return f"{scheme}:/{re.sub('/+', '/', place)}"


def stored_address(value: Any, opens: Callable[[str], bool], allowed: str) -> str:
    """Return the address of one file in storage.

    :param opens: return true for a scheme (``s3``) that files can be read from
    :param allowed: description of the allowed values, for the message
    :raises ValidationError: it is no such address
    """
    if not isinstance(value, str) or "://" not in value:
        raise ValidationError(
            f"{allowed}; for a file on the worker's disk write file:// before the absolute path"
        )
    scheme, _, rest = value.partition("://")
    if not re.fullmatch("[a-z][a-z0-9+.-]*", scheme):
        raise ValidationError(allowed)
    if (problem := place_problem(value, allowed)) is not None:
        raise ValidationError(f"{allowed}; {problem}")
    if not rest.strip("/") or rest.endswith("/"):
        raise ValidationError(f"{allowed}, and it names a file")
    if scheme not in _WITHOUT_HOSTS and not rest.partition("/")[2].strip("/"):
        raise ValidationError(
            f"{allowed}, and it names a file; {short_repr(rest.rpartition('@')[2])} is only a bucket"
        )
    if rest.endswith(("?", "#")):
        # What reads addresses takes these for the beginning of an empty query, and would read another file.
        raise ValidationError(f"{allowed}, and its name does not end in ? or #")
    if not is_encodable(rest):
        raise ValidationError(f"{allowed}; its name is not encoded in UTF-8: rename the file")
    if not opens(scheme):
        raise ValidationError(f"{allowed}; no installed package supports {scheme}://")
    return value
