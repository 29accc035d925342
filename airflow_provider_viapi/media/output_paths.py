"""Under which addresses the files of a result land."""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.results import HasResultFields, has_files, has_several_files

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

OF_THE_TASK = ("dag_id", "run_id", "task_id", "map_index", "job_id")
"""Placeholders whose values the operator gives."""

OF_THE_FILE = ("key", "name", "ext")
"""Placeholders whose values each file has: its key in the result, the name in its link, the ending of that."""

_LENGTH_OF_DIGEST = 12


def check(to: str, action: HasResultFields | None, *, also: Collection[str] = ()) -> None:
    """Refuse what cannot be a place to land at; for values that are not Jinja templates (any more).

    :param to: a folder (ends with ``/``) or the name of one file, with placeholders such as ``{task_id}``
    :param action: whose result is to land; ``None`` when that is not known
    :param also: placeholders that there are besides the usual ones, such as ``index``
    :raises InvalidRequest: the message says what is wrong
    """
    name = None if action is None else action.name
    if action is not None and not has_files(action.result):
        raise _refused(to, f"none at all, because the result of {name} holds no files", name)
    used = _check_address(to, {*OF_THE_TASK, *OF_THE_FILE, *also}, name)
    if (
        action is not None
        and has_several_files(action.result)
        and not to.endswith("/")
        and not used & {"key", "name"}
    ):
        raise _refused(
            to,
            "a folder (ends with /) or a name with {key} in it, because the result can hold several files",
            name,
        )


def path_variables(context: Context, *, job_id: str | None) -> dict[str, Any]:
    """The values of the placeholders that a task gives.

    :param job_id: the job whose result lands, if it is known
    """
    instance = context["ti"]
    given = {name: getattr(instance, name) for name in OF_THE_TASK if name != "job_id"}
    return {**given, "job_id": job_id}


def identity_of(address: str, names: Mapping[str, Any]) -> str:
    """What tells a result from all others: the id of its job or, if that is not known, a digest of its address.

    :param address: of the file; the signature in it does not count
    """
    if names.get("job_id"):
        return str(names["job_id"])
    parts = urlsplit(address)
    return hashlib.sha256(f"{parts.hostname}{parts.path}".encode()).hexdigest()[:_LENGTH_OF_DIGEST]


def place(to: str, key: str, address: str, names: Mapping[str, Any]) -> str:
    """The address under which one file of a result lands.

    In a folder it is called after task, map index, key and job, so that neither mapped tasks nor runs meet.

    :param to: what :func:`check` takes
    :param key: of the file in the result
    :param address: the file's own
    :param names: values of placeholders
    :raises InvalidRequest: a placeholder has no value, or one that cannot be part of a name
    """
    own = unquote(PurePosixPath(urlsplit(address).path).name)
    values = {**names, "key": key, "name": own, "ext": _ending(own)}
    used = _check_address(to, {name for name, value in values.items() if value is not None}, None)
    for name in used:
        _check_value(to, name, str(values[name]))
    rendered = to.format_map(values)
    if to.endswith("/"):
        rendered += _default_name(key, identity_of(address, names), values)
    _check_path(rendered, None)
    return rendered


def _default_name(key: str, identity: str, values: Mapping[str, Any]) -> str:
    index = values.get("map_index", -1)
    parts = [values.get("task_id"), index if index != -1 else None, values.get("index"), key, identity]
    return "-".join(str(part) for part in parts if part is not None) + str(values["ext"])


def _ending(name: str) -> str:
    ending = PurePosixPath(name).suffix
    return ending if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", ending) else ""


def _check_address(to: Any, known: Collection[str], action: str | None) -> set[str]:
    if not isinstance(to, str) or not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", to):
        raise _refused(to, "an address such as s3://bucket/folder/ or file:///folder/name.mp4", action)
    scheme, _, rest = to.partition("://")
    if scheme.lower() in ("http", "https"):
        raise _refused(to, "an address that can be written to, such as s3://bucket/folder/", action)
    if not rest.strip("/") or (scheme != "file" and rest.startswith("/")):
        raise _refused(to, "an address with a bucket or a path in it", action)
    _check_path(to, action)
    return _placeholders(to, known, action)


def _placeholders(to: str, known: Collection[str], action: str | None) -> set[str]:
    try:
        fields = [field for field in string.Formatter().parse(to) if field[1] is not None]
    except ValueError:
        raise _refused(to, "braces in pairs, and only around placeholders", action) from None
    for _, name, form, conversion in fields:
        if name not in known or form or conversion:
            there = ", ".join(f"{{{each}}}" for each in sorted(known))
            raise _refused(to, f"of placeholders {there}; {{{name}}} is none of them", action)
    return {str(name) for _, name, _, _ in fields}


def _check_path(address: str, action: str | None) -> None:
    parts = address.partition("://")[2].split("/")
    if ".." in parts or "." in parts or any(ord(char) < 32 or ord(char) == 127 for char in address):
        raise _refused(address, "no part that is . or .., and no control characters", action)


def _check_value(to: str, name: str, value: str) -> None:
    if not value and name != "ext":
        raise InvalidRequest(f"{{{name}}} in {to!r} has no value", code="InvalidParameter")
    if value in (".", "..") or "/" in value or "\\" in value:
        raise InvalidRequest(
            f"{{{name}}} in {to!r} is {value!r}, which cannot be part of a name", code="InvalidParameter"
        )


def _refused(to: Any, allowed: str, action: str | None) -> InvalidRequest:
    return InvalidRequest(
        f"the place to land at is {to!r}; allowed: {allowed}", code="InvalidParameter", action=action
    )
