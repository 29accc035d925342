"""Addresses under which the files of a result land."""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.jobs.attempt_context import TaskKey
from airflow_provider_viapi.redaction import strip_userinfo
from airflow_provider_viapi.result_fields import HasResultFields, ResultField, has_files, has_several_files
from airflow_provider_viapi.schema import short_repr
from airflow_provider_viapi.storage_addresses import LOCAL, as_address, place_problem

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

TASK_VARIABLES = (*TaskKey._fields, "job_id")
"""Placeholders whose values the operator gives."""

FILE_VARIABLES = ("key", "name", "ext")
"""Placeholders with a value for each file: its key in the result, the name in its link, that name's extension."""

MAX_NAME_BYTES = 255
"""Bytes of a file's or folder's name on a disk, in UTF-8."""

MAX_KEY_BYTES = 1023
"""Bytes of an object's key, in UTF-8: 1,023 in OSS, 1,024 in S3, Google and Azure."""

MANIFEST_SUFFIX = ".manifest.json"
"""After the name of a landed file: the name of the description beside it."""

_DIGEST_LENGTH = 12
_MAX_OWN_NAME = 150
_NO_PART_OF_A_NAME = re.compile(r"[/\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_JINJA = re.compile(r"\{\{.*?\}\}")


def as_destination(to: Any) -> Any:
    """Return the address of a path object, such as an ``ObjectStoragePath``; any other value as it is.

    A path object has no ``/`` at its end. It is a folder, unless its last part has a placeholder or a suffix.
    """
    address = as_address(to)
    if isinstance(to, str) or address is to or address.endswith("/"):
        return address
    # Jinja's templates have braces and dots, too, and so may the name of a bucket.
    _, slash, last = _JINJA.sub("x", address).partition("://")[2].rpartition("/")
    is_file = slash and ("{" in last or PurePosixPath(last).suffix)
    return address if is_file else f"{address}/"


def check_land_to(
    to: Any,
    action: HasResultFields | None,
    *,
    also: Collection[str] = (),
) -> None:
    """Refuse what cannot be a destination; for values that are not Jinja templates (any more).

    :param to: a folder (ends with ``/``) or the name of one file, with placeholders such as ``{task_id}``
    :param action: the action whose result is to land; ``None`` when that is not known
    :param also: placeholders besides the usual ones, such as ``index``
    :raises InvalidRequest: the message says what is wrong
    """
    to = as_destination(to)
    name = None if action is None else action.name
    if action is not None and not has_files(action.result):
        raise _invalid(to, f"none, because the result of {name} holds no files", name)
    used = _check_address(to, {*TASK_VARIABLES, *FILE_VARIABLES, *also}, name)
    if (
        action is not None
        and has_several_files(action.result)
        and not to.endswith("/")
        and not used & {"key", "name"}
    ):
        folder, _, file = to.rpartition("/")
        example = f"{folder}/{file.partition('.')[0]}-{{key}}{{ext}}"
        allowed = (
            "a folder (ends with /) or a name with {key} in it, because the result can hold several files; such as "
            f"{short_repr(example, 200)}"
        )
        raise _invalid(to, allowed, name)


def path_variables(context: Context, *, job_id: str | None) -> dict[str, Any]:
    """Return the values of the placeholders that a task gives.

    :param job_id: the job whose result lands, if it is known
    """
    return {**TaskKey.of(context["ti"])._asdict(), "job_id": job_id}


def identity_of(url: str, names: Mapping[str, Any]) -> str:
    """Return what distinguishes a result from all others: its job's id or, if that is unknown, a digest of its URL.

    :param url: of the file; its query, which may hold a signature, does not count
    """
    if names.get("job_id"):
        return str(names["job_id"])
    parts = urlsplit(url)
    return hashlib.sha256(f"{parts.hostname}{parts.path}".encode()).hexdigest()[:_DIGEST_LENGTH]


def render_path(to: Any, key: str, url: str, names: Mapping[str, Any]) -> str:
    """Return the address under which one file of a result lands.

    In a folder it is named after task, map index, key and job, so that neither mapped tasks nor runs collide.

    :param to: see :func:`check_land_to`
    :param key: of the file in the result
    :param url: the file's own
    :param names: values of placeholders
    :raises InvalidRequest: a placeholder has no value, or one that cannot be part of a name; a name is too long
    """
    to = as_destination(to)
    own = _own_name(url, key)
    values = {**names, "key": key, "name": own, "ext": _extension(own)}
    known = {name for name, value in values.items() if value is not None}
    for name in _check_address(to, known, None):
        _check_value(to, name, str(values[name]))
    rendered: str = to.format_map(values)
    if to.endswith("/"):
        rendered += _default_name(key, identity_of(url, names), values)
    _check_path(rendered, None)
    return rendered


def sample_path(
    to: Any,
    action: HasResultFields | None,
    names: Mapping[str, Any],
    *,
    has_manifest: bool = False,
) -> str:
    """Return an address like those that a result's files will have, with sample values for what is not yet known.

    :param has_manifest: a manifest is written beside the file
    :raises InvalidRequest: a name would be too long, if a link has a long one
    """
    fields = () if action is None else action.result
    key = max(_file_keys(fields), key=len, default="VideoUrl")
    samples = {**dict.fromkeys(TASK_VARIABLES, "sample"), "map_index": -1, "job_id": "0" * 36}
    given = {name: value for name, value in names.items() if value is not None}
    link = f"https://host/{'x' * _MAX_OWN_NAME}.jpeg"
    path = render_path(to, key, link, {**samples, **given})
    if has_manifest:
        _check_path(f"{path}{MANIFEST_SUFFIX}", None, "with the manifest's name, land_to")
    return path


def _file_keys(fields: tuple[ResultField, ...], prefix: str = "") -> list[str]:
    keys = []
    for field in fields:
        if field.kind == "file":
            keys.append(f"{prefix}{field.name}")
        elif field.kind == "files":
            keys.append(f"{prefix}{field.name}.0")
        inside = f"{prefix}{field.name}.0." if field.kind == "list" else f"{prefix}{field.name}."
        keys += _file_keys(field.fields, inside)
    return keys


def _default_name(key: str, identity: str, values: Mapping[str, Any]) -> str:
    index = values.get("map_index", -1)
    parts = [values.get("task_id"), index if index != -1 else None, values.get("index"), key, identity]
    return "-".join(str(part) for part in parts if part is not None) + str(values["ext"])


def _own_name(url: str, key: str) -> str:
    """Return the name in a link, without what cannot be part of a name; the key if none is left.

    The job is paid for when its link is known: a name that no storage takes must not lose the result.
    """
    name = _NO_PART_OF_A_NAME.sub("_", unquote(PurePosixPath(urlsplit(url).path).name)).strip()
    if name.endswith(("?", "#")):
        name = f"{name}_"
    if name in ("", ".", ".."):
        return key
    extension = _extension(name)
    stem = name.removesuffix(extension).encode(errors="replace")[: _MAX_OWN_NAME - len(extension)]
    return stem.decode(errors="ignore") + extension


def _extension(name: str) -> str:
    extension = PurePosixPath(name).suffix
    return extension if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", extension) else ""


def _check_address(to: Any, known: Collection[str], action: str | None) -> set[str]:
    allowed = "an address that can be written to, such as s3://bucket/folder/ or file:///folder/name.mp4"
    if (problem := place_problem(to, allowed)) is not None:
        raise _invalid(to, problem, action)
    if to != to.strip():
        raise _invalid(to, "an address without spaces before or after it", action)
    if to.rpartition("/")[2].replace("{ext}", "") == "" and not to.endswith("/"):
        raise _invalid(to, "a name before {ext}, since a file may have none", action)
    if to.endswith(("?", "#")):
        # What opens addresses takes these for the beginning of an empty query, and would write another file.
        raise _invalid(to, "a name that does not end in ? or #", action)
    if "/" not in to.partition("://")[2]:
        allowed = f"a bucket followed by / and a folder or a name, such as {strip_userinfo(to)}/results/"
        raise _invalid(to, allowed, action)
    used = _placeholders(to, known, action)
    _check_path(to, action)
    return used


def _placeholders(to: str, known: Collection[str], action: str | None) -> set[str]:
    try:
        fields = [field for field in string.Formatter().parse(to) if field[1] is not None]
    except ValueError:
        raise _invalid(to, "braces in pairs, and only around placeholders", action) from None
    for _, name, form, conversion in fields:
        if name not in known or form or conversion:
            there = ", ".join(f"{{{each}}}" for each in sorted(known))
            raise _invalid(to, f"the placeholders {there}; {{{name}}} is unknown", action)
    return {str(name) for _, name, _, _ in fields}


def _check_path(address: str, action: str | None, what: str = "land_to") -> None:
    scheme, _, rest = address.partition("://")
    parts = rest.split("/")
    if ".." in parts or "." in parts or _NO_PART_OF_A_NAME.search(address.replace("/", "").replace("\\", "")):
        raise _invalid(
            address, "an address without parts . and .., and without control characters", action, what
        )
    # What a placeholder becomes is not known yet; what is around it counts.
    literal = [re.sub(r"\{\w*\}", "", part) for part in parts]
    longest = max((len(part.encode(errors="replace")) for part in literal), default=0)
    key = len("/".join(literal[1:]).encode(errors="replace"))
    if scheme.lower() in LOCAL and longest > MAX_NAME_BYTES:
        allowed = f"names of at most {MAX_NAME_BYTES} bytes; one would have {longest}"
        raise _invalid(address, allowed, action, what)
    if scheme.lower() not in LOCAL and key > MAX_KEY_BYTES:
        allowed = f"keys of at most {MAX_KEY_BYTES:,} bytes; this would have {key:,}"
        raise _invalid(address, allowed, action, what)


def _check_value(to: str, name: str, value: str) -> None:
    if not value and name != "ext":
        raise InvalidRequest(f"{{{name}}} in {strip_userinfo(to)!r} has no value")
    if value in (".", "..") or "/" in value or "\\" in value:
        raise InvalidRequest(
            f"{{{name}}} in {strip_userinfo(to)!r} is {value!r}, which cannot be part of a name"
        )


def _invalid(to: Any, allowed: str, action: str | None, what: str = "land_to") -> InvalidRequest:
    shown = repr(strip_userinfo(to)) if isinstance(to, str) else short_repr(to)
    shown = shown if len(shown) <= 300 else f"{shown[:297]}..."
    return InvalidRequest(f"{what} is {shown}; allowed: {allowed}", action=action)
