"""Base of the parameter types of every cloud, and the check of a request against them.

A type takes a value as a DAG author writes it (``0.5``), as a template renders it (``"0.5"``) or as it is sent
(``"0.5"``) and returns it with its proper type, or raises :class:`ValidationError` with what is allowed. Any value at
all may be given: what a type cannot take is an error of the request, never another exception.

The types that clouds share are in ``scalar_parameters``, those of one cloud in ``alibaba.parameters`` and
``huawei.parameters``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.record import Record
from airflow_provider_viapi.redaction import LONGEST_SHOWN, redact_text

NATIVE_HINT = (
    "a template renders to text; for a list or a mapping set render_template_as_native_obj=True in the DAG, or pass "
    "another task's output"
)
"""Advice for text where a list or a mapping is required."""

NONE_HINT = "if it is a template: it rendered to None, so what it reads, such as an XCom, does not exist"
"""Advice for the text that a template without a value renders to."""


class ValidationError(Exception):
    """A value that a parameter cannot take; the message says which are allowed."""


class Unresolved:
    """Placeholder, in a value that is checked, for what is not known yet, such as a template; no two are equal.

    :param value: what its author wrote
    """

    def __init__(self, value: Any) -> None:
        self._value = value

    def __repr__(self) -> str:
        # In error messages.
        return repr(self._value)


class Parameter(Record):
    """Base class of all parameter types.

    :param name: the wire name, such as ``VideoUrl``
    :param required: the service refuses a request without it
    :param doc: description with the unit, for the reference pages
    :param default: what the service assumes when nothing is given, if that is known
    :param note: where descriptions of the API differ, and the source of each
    :param narrows: without it the action changes or deletes more; a mapped task must not leave it out by ``None``
    """

    name: str
    required: bool = False
    doc: str = ""
    default: bool | float | str | None = None
    note: str = ""
    narrows: bool = False

    @property
    def allowed(self) -> str:
        """Description of the allowed values."""
        raise NotImplementedError

    def check(self, value: Any) -> Any:
        """Return the value with its proper type.

        :raises ValidationError: it is not allowed
        """
        raise NotImplementedError

    def check_known(self, value: Any) -> Any:
        """Return what :meth:`check` does, and :class:`Unresolved` as it is: types of several values use it for each.

        :raises ValidationError: it is not allowed
        """
        return value if isinstance(value, Unresolved) else self.check(value)

    def redacted_repr(self, value: Any) -> str:
        """Return a value as an error message may show it: short, and without what should stay private."""
        return short_repr(value)


class Scalar(Parameter):
    """Base class of the types of single values, for which the text of a rendered template is enough."""


def check_request(
    action: str,
    parameters: Mapping[str, Parameter],
    request: Mapping[str, Any],
    is_unresolved: Callable[[Any], bool] = lambda value: False,
) -> dict[str, Any]:
    """Return the request with values of their proper types, without those that are ``None``.

    :param action: name of the action, for error messages
    :param parameters: what the action takes, by wire name
    :param request: wire name to value
    :param is_unresolved: recognises a value that is not known yet (a template), or has such a part; it is passed on
        unchanged, and of it only what is known is checked
    :raises InvalidRequest: a parameter is unknown, missing or not allowed; the message names it
    """

    def invalid(code: str, message: str) -> InvalidRequest:
        return InvalidRequest(message, code=code, action=action)

    if not isinstance(request, Mapping):
        hint = f" ({NATIVE_HINT})" if isinstance(request, str) else ""
        raise invalid(
            "InvalidParameter",
            f"request is of type {type(request).__name__}; allowed: a mapping of the action's parameters{hint}",
        )
    given = {name: as_list(value) for name, value in request.items() if value is not None}
    for name in given.keys() - parameters.keys():
        known = ", ".join(parameters) or "none"
        hint = did_you_mean(name, parameters)
        raise invalid(
            "InvalidParameter",
            f"{name_repr(name)} is not a parameter of this action{hint or ';'} its parameters are {known}",
        )
    checked = {}
    for name, parameter in parameters.items():
        value = given.get(name)
        if value is None or (parameter.required and isinstance(value, str) and value == ""):
            if parameter.required:
                hint = f" ({NONE_HINT})" if name in request and value is None else ""
                raise invalid("MissingParameter", f"{name} is missing{hint}")
            continue
        try:
            if is_unresolved(value):
                parameter.check_known(with_unresolved(value, is_unresolved))
                checked[name] = value
            else:
                checked[name] = parameter.check(value)
        except ValidationError as allowed:
            shown = parameter.redacted_repr(value)
            hint = _template_hint(parameter, value)
            raise invalid("InvalidParameter", f"{name} is {shown}; allowed: {allowed}{hint}") from None
    return checked


def with_unresolved(value: Any, is_unresolved: Callable[[Any], bool]) -> Any:
    """Return a copy of a value in which :class:`Unresolved` is in place of what is not known yet.

    :param is_unresolved: recognises it
    """

    def copy(part: Any) -> Any:
        if isinstance(part, Mapping):
            return {name: copy(item) for name, item in part.items()}
        if isinstance(part, list | tuple):
            items = [copy(item) for item in part]
            return items if isinstance(part, list) else tuple(items)
        return Unresolved(part) if is_unresolved(part) else part

    try:
        return copy(value)
    except RecursionError:
        return Unresolved(value)


def known_items(value: Any) -> list[Any]:
    """Return the items of a list, of which some or all may be :class:`Unresolved`, that are known."""
    return (
        [] if isinstance(value, Unresolved) else [each for each in value if not isinstance(each, Unresolved)]
    )


def _template_hint(parameter: Parameter, value: Any) -> str:
    """Return the advice for a text that a template probably rendered to, in parentheses, or an empty text."""
    if not isinstance(value, str):
        return ""
    if value == "None":
        return f" ({NONE_HINT})"
    return "" if isinstance(parameter, Scalar) else f" ({NATIVE_HINT})"


def plain_text(value: Any) -> Any:
    """Return a text as Python's own type, so of an enumeration's member its value; any other value unchanged.

    ``str()`` and templates would make ``Voice.ANNA`` of a member.
    """
    return str.__str__(value) if isinstance(value, str) else value


def as_list(value: Any) -> Any:
    """Return the lazy sequence that a mapped task's output is as a list, and any other value unchanged."""
    is_lazy = isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | list | tuple)
    return list(value) if is_lazy else value


def is_iterable(value: Any) -> bool:
    """Return true for what can be iterated over, except texts and mappings."""
    if isinstance(value, str | bytes | bytearray | Mapping):
        return False
    try:
        # An array of NumPy without dimensions has the method, but not the items.
        iter(value)
    except Exception:
        return False
    return True


def is_encodable(text: str) -> bool:
    """Return true unless the text holds surrogates, which UTF-8 cannot encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_sendable(text: str) -> bool:
    """Return true unless the text cannot be encoded, or holds a NUL, which services cut a text at or refuse."""
    return "\0" not in text and is_encodable(text)


def snake_case(wire_name: str) -> str:
    """Return the keyword argument of a wire name: ``VideoUrl``, ``VideoURL`` → ``video_url``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", wire_name).lower()


def short_repr(value: Any, limit: int = 80) -> str:
    """Return ``repr()`` of any value without credentials, cut after some characters; without one, its type."""
    try:
        text = repr(value[:LONGEST_SHOWN] if type(value) is str else value)
    except Exception:
        return type(value).__name__
    text = redact_text(text[:LONGEST_SHOWN])
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def did_you_mean(name: Any, known: Iterable[str]) -> str:
    """Return ``; did you mean VideoUrl?`` for the known name that is most like a name, or an empty text."""
    if not isinstance(name, str):
        return ""
    from difflib import get_close_matches

    by_lower = {each.lower(): each for each in known}
    similar = get_close_matches(name[:100].lower(), by_lower, 1)
    return f"; did you mean {by_lower[similar[0]]}?" if similar else ""


def count_repr(value: Any) -> str:
    """Return the number of items of a list, or the type of anything else, for values that are long or private."""
    return f"{len(value)} items" if isinstance(value, list | tuple) else f"of type {type(value).__name__}"


def name_repr(name: Any) -> str:
    """Return a name as an error message shows it: short, and quoted if it is not plain text."""
    return name if isinstance(name, str) and len(name) <= 80 and name.isprintable() else short_repr(name)
