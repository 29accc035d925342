"""Read service models from JSON files: those of this package and those that users write.

The format is described in ``docs/action-models.md``. A file has the actions of one service; an action is read when it
is first asked for.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from airflow_provider_viapi.alibaba.model import Action, Service
from airflow_provider_viapi.alibaba.parameters import (
    INT64,
    Boolean,
    Choice,
    Integer,
    ListOf,
    Media,
    Number,
    Parameter,
    String,
    Structure,
    ValueList,
)
from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.media_limits import MediaLimits
from airflow_provider_viapi.result_fields import KINDS, ResultField
from airflow_provider_viapi.schema import did_you_mean

_ANY = ("type", "required", "doc", "default", "note")
_LIMITS = (
    "formats",
    "min_bytes",
    "max_bytes",
    "min_pixels",
    "max_pixels",
    "exclusive",
    "max_seconds",
)
_KEYS: Mapping[str, tuple[str, ...]] = {
    "string": (*_ANY, "min_length", "max_length", "pattern", "characters"),
    "integer": (*_ANY, "minimum", "maximum"),
    "number": (*_ANY, "minimum", "maximum"),
    "boolean": _ANY,
    "choice": (*_ANY, "choices"),
    "file": (*_ANY, *_LIMITS),
    "list": (*_ANY, "items", "fields", "min_items", "max_items", "json"),
    "object": (*_ANY, "fields", "json"),
}
"""Types of parameters, and the keys that describe each."""


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_single(value: Any) -> bool:
    return value is None or isinstance(value, bool | str) or _is_number(value)


_VALUES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("required", "json", "exclusive", "optional"), (_is_flag, "true or false")),
    **dict.fromkeys(("doc", "note", "pattern", "characters"), (_is_text, "a text")),
    **dict.fromkeys(("minimum", "maximum"), (_is_number, "a number")),
    **dict.fromkeys(
        ("min_length", "max_length", "min_items", "max_items"), (_is_count, "a whole number from 0")
    ),
    **dict.fromkeys(("min_bytes", "max_bytes"), (_is_count, "a whole number of bytes")),
    "max_seconds": (_is_number, "a number of seconds"),
    "default": (_is_single, "a single value"),
}
"""Checks of the values of keys, each with its text for errors. Other keys are checked where they are read."""

_RANGES = ("imum", "_length", "_items", "_bytes")
"""Ends of the keys that begin with ``min`` and ``max``."""

MAX_DEPTH = 20
"""Deepest nesting of parameters and of result fields."""

_FLAGS = ("job", "idempotent", "query", "result_in_body")
_ACTION_KEYS = ("summary", "parameters", "result", *_FLAGS, "queried", "retired", "note")
_SERVICE_KEYS = ("service", "version", "regional", "source", "actions")
_SCALARS = ("string", "integer", "number", "boolean")
_LISTS = {f"{kind}s": kind for kind in ("string", "integer", "number", "file")}
_MAX_BYTES = 10 << 20


class ModelFile:
    """The model of one service in a file.

    :param path: the file
    :raises ConfigurationError: it cannot be read, or something in it is not allowed; the message names it
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        document = self._read()
        self._check_keys(document, _SERVICE_KEYS, "the file", required=("service", "version", "actions"))
        name, version = document["service"], document["version"]
        if not isinstance(name, str) or not re.fullmatch("[a-z][a-z0-9-]{0,62}", name):
            raise self._invalid("service", name, "first part of the host name: a to z, 0 to 9 and -")
        if not isinstance(version, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", version):
            raise self._invalid("version", version, "a date such as 2020-03-20")
        regional = document.get("regional", True)
        if not isinstance(regional, bool):
            raise self._invalid("regional", regional, "true or false")
        self.service = Service(name, version, regional)
        self._source = str(document.get("source", path.name))
        self._documents = self._mapping("actions", document["actions"])
        self._actions: dict[str, Action] = {}

    @property
    def names(self) -> Collection[str]:
        """Names of the actions."""
        return self._documents.keys()

    def action(self, name: str) -> Action:
        """Return an action.

        :raises KeyError: the file does not have it
        :raises ConfigurationError: something in its description is not allowed; the message names it
        """
        if name not in self._actions:
            self._actions[name] = self._build(name, self._documents[name])
        return self._actions[name]

    def actions(self) -> dict[str, Action]:
        """Return all actions by their full names."""
        return {f"{self.service.name}.{name}": self.action(name) for name in self.names}

    def _read(self) -> Mapping[str, Any]:
        try:
            if self._path.stat().st_size > _MAX_BYTES:
                raise ConfigurationError(f"{self._path}: the file is larger than {_MAX_BYTES >> 20} MB")
            document = json.loads(self._path.read_text("utf-8"))
        except OSError as error:
            raise ConfigurationError(f"{self._path}: the file cannot be read: {error.strerror}") from None
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(f"{self._path}: the file is not JSON: {error}") from None
        return self._mapping("the file", document)

    def _build(self, name: str, document: Any) -> Action:
        if not re.fullmatch("[A-Za-z][A-Za-z0-9]{0,99}", name):
            raise self._invalid("name of an action", name, "letters and digits")
        document = self._mapping(name, document)
        self._check_keys(document, _ACTION_KEYS, name)
        flags = {key: document.get(key, False) for key in _FLAGS}
        for key, value in flags.items():
            if not isinstance(value, bool):
                raise self._invalid(f"{name}.{key}", value, "true or false")
        texts = {key: document.get(key) for key in ("summary", "note", "retired")}
        for key, value in texts.items():
            if not isinstance(value, str | None):
                raise self._invalid(f"{name}.{key}", value, "a text")
        if flags["job"] and flags["result_in_body"]:
            raise self._invalid(
                f"{name}.result_in_body", True, "false for a job, whose response is only an id"
            )
        parameters = self._parameters(name, document.get("parameters", {}))
        return Action(
            service=self.service,
            name=name,
            summary=texts["summary"] or f"Call {name}.",
            parameters=parameters,
            result=self._result(f"{name} result", document.get("result", {})),
            result_in_body=flags["result_in_body"],
            is_job=flags["job"],
            idempotent=flags["idempotent"],
            in_query=flags["query"],
            queried=self._queried(name, document.get("queried", []), [each.name for each in parameters]),
            generations=(),
            retired=texts["retired"],
            note=texts["note"] or "",
            source=self._source,
        )

    def _queried(self, name: str, queried: Any, parameters: Collection[str]) -> frozenset[str]:
        if not isinstance(queried, list) or any(each not in parameters for each in queried):
            raise self._invalid(
                f"{name}.queried",
                queried,
                f"a list of its parameters ({', '.join(parameters) or 'it has none'})",
            )
        return frozenset(queried)

    def _parameters(self, where: str, documents: Any) -> tuple[Parameter, ...]:
        described = self._mapping(where, documents)
        return tuple(self._parameter(f"{where}.{name}", name, each) for name, each in described.items())

    def _parameter(self, where: str, name: str, document: Any) -> Parameter:
        model = self._long_form(where, document)
        kind = model["type"]
        if kind not in _KEYS:
            raise self._invalid(f"{where}: type", kind, f"one of {', '.join(_KEYS)}")
        self._check_keys(model, _KEYS[kind], where)
        self._check_values(model, where)
        given = {key: value for key, value in model.items() if key not in ("type", "json")} | {"name": name}
        try:
            return self._typed_parameter(where, kind, given, model.get("json", False))
        except (TypeError, ValueError, re.error) as error:
            raise ConfigurationError(f"{self._path}: {where} is not valid: {error}") from None

    def _typed_parameter(self, where: str, kind: str, given: dict[str, Any], as_json: bool) -> Parameter:
        if kind == "file":
            limits = {key: given.pop(key) for key in _LIMITS if key in given}
            return Media(**given, limits=(self._limits(where, limits),) if limits else ())
        if kind == "integer":
            return Integer(**{"maximum": INT64, **given})
        if kind == "number":
            return Number(**{"maximum": math.inf, **given})
        if kind == "boolean":
            return Boolean(**given)
        if kind == "choice":
            choices = given.get("choices")
            if not isinstance(choices, list) or not choices or not all(isinstance(c, str) for c in choices):
                raise self._invalid(f"{where}: choices", choices, "a list of texts")
            return Choice(**{**given, "choices": tuple(choices)})
        if kind == "string":
            if given.get("pattern") is not None:
                re.compile(given["pattern"])
            # The services take an empty text for a missing one.
            return String(**{"min_length": int(bool(given.get("required"))), **given})
        items, fields = given.pop("items", None), given.pop("fields", None)
        if kind == "list" and fields is None:
            if items not in _SCALARS:
                raise self._invalid(
                    f"{where}: items",
                    items,
                    f"one of {', '.join(_SCALARS)}; for a list of files or structures give fields",
                )
            return ValueList(**given, item=self._parameter(where, "item", items), as_json=as_json)
        structure = ListOf if kind == "list" else Structure
        inside = self._parameters(where, fields)
        if not inside:
            raise self._invalid(f"{where}: fields", fields, "at least one field")
        return structure(**given, fields=inside, as_json=as_json)

    def _limits(self, where: str, limits: dict[str, Any]) -> MediaLimits:
        for key in ("min_pixels", "max_pixels"):
            if key in limits:
                size = limits[key]
                if not isinstance(size, list) or len(size) != 2 or not all(_is_count(each) for each in size):
                    raise self._invalid(f"{where}: {key}", size, "[width, height] in pixels")
                limits[key] = tuple(size)
        formats = limits.get("formats", [])
        if not isinstance(formats, list) or not all(isinstance(each, str) for each in formats):
            raise self._invalid(f"{where}: formats", formats, "a list of suffixes such as mp4")
        return MediaLimits(**{**limits, "formats": tuple(formats)})

    def _result(self, where: str, documents: Any) -> tuple[ResultField, ...]:
        described = self._mapping(where, documents)
        return tuple(self._field(f"{where}.{name}", name, each) for name, each in described.items())

    def _field(self, where: str, name: str, document: Any) -> ResultField:
        model = self._long_form(where, document)
        self._check_keys(model, ("type", "doc", "items", "fields", "optional"), where)
        self._check_values(model, where)
        kind = model["type"]
        if kind == "list" and "fields" not in model:
            # A list of what is not described further has no type either.
            kind = "any" if model.get("items") == "any" else f"{model.get('items')}s"
        if kind not in KINDS:
            raise self._invalid(f"{where}: type", document, f"one of {', '.join(KINDS)}")
        return ResultField(
            name,
            kind,
            model.get("doc", ""),
            self._result(where, model.get("fields", {})),
            model.get("optional", False),
        )

    def _check_values(self, model: Mapping[str, Any], where: str) -> None:
        for key, value in model.items():
            is_allowed, allowed = _VALUES.get(key, (None, ""))
            if is_allowed is not None and not is_allowed(value):
                raise self._invalid(f"{where}: {key}", value, allowed)
        for end in _RANGES:
            least, most = model.get(f"min{end}"), model.get(f"max{end}")
            if least is not None and most is not None and least > most:
                raise self._invalid(f"{where}: min{end}", least, f"at most max{end}, which is {most}")

    def _long_form(self, where: str, document: Any) -> dict[str, Any]:
        if where.count(".") > MAX_DEPTH:
            raise self._invalid(
                where[:80], "nested deeper", f"fields that are nested {MAX_DEPTH} deep at most"
            )
        if isinstance(document, str):
            return {"type": document.removesuffix("!")} | ({"required": True} if document[-1:] == "!" else {})
        model = dict(self._mapping(where, document))
        if not isinstance(model.get("type"), str):
            raise self._invalid(f"{where}: type", model.get("type"), "the name of a type")
        return model

    def _mapping(self, where: str, document: Any) -> Mapping[str, Any]:
        if not isinstance(document, Mapping):
            raise self._invalid(where, document, "a mapping")
        return document

    def _check_keys(
        self, document: Mapping[str, Any], known: tuple[str, ...], where: str, required: tuple[str, ...] = ()
    ) -> None:
        for key in document:
            if key not in known:
                raise ConfigurationError(
                    f"{self._path}: {where} has {key!r}{did_you_mean(key, known)}; allowed: {', '.join(known)}"
                )
        if missing := [key for key in required if key not in document]:
            raise ConfigurationError(f"{self._path}: {where} has no {', '.join(missing)}")

    def _invalid(self, where: str, value: Any, allowed: str) -> ConfigurationError:
        return ConfigurationError(f"{self._path}: {where} is {str(value)[:80]!r}; allowed: {allowed}")
