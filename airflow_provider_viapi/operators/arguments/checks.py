"""Checks of arguments that all operators share, while the DAG is parsed."""

from __future__ import annotations

import inspect
import ipaddress
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from airflow.providers.common.compat.sdk import conf

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.hooks.base import CONN_ID_ALLOWED, is_conn_id
from airflow_provider_viapi.schema import did_you_mean, is_encodable, short_repr

_HOST = re.compile(r"(\[[^\]]+\]|(?:[\w.-]|[^\x00-\x7f\s])+)(?::([0-9]{1,5}))?")
"""Host, perhaps with a port: of ASCII only the characters of names, since international names may have any others."""

_NOT_TEMPLATED = "; it cannot be a template"

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)

MAX_JOB_TIMEOUT = timedelta(days=30)
"""Longest wait for a job: a later deadline cannot be distinguished from a mistake."""


def not_allowed(name: str, value: Any, allowed: str, action: str | None = None) -> InvalidRequest:
    """Return the error about an argument that cannot be a template, with its value and what is allowed."""
    hint = "" if allowed.endswith(_NOT_TEMPLATED) else template_hint(value)
    return InvalidRequest(f"{name} is {short_repr(value)}; allowed: {allowed}{hint}", action=action)


def template_hint(value: Any) -> str:
    """Return what to add to the error about an argument that is a template, and must not be one."""
    return _NOT_TEMPLATED if is_templated(value) else ""


def is_templated(value: Any) -> bool:
    """Return whether a value, or one inside it, is known only when the task runs: a Jinja template or an XCom."""
    # Not by recursion, and each container once: a value may be nested deeply, or contain itself.
    pending, seen = [value], set()
    while pending:
        each = pending.pop()
        if isinstance(each, str):
            if "{{" in each or "{%" in each:
                return True
        elif isinstance(each, Mapping | list | tuple):
            if id(each) not in seen:
                seen.add(id(each))
                pending.extend(each.values() if isinstance(each, Mapping) else each)
        elif hasattr(each, "iter_references"):
            # XComArg and its relatives, which Airflow resolves at run time, can name what they refer to.
            return True
    return False


def is_template(value: Any) -> bool:
    """Return whether a value itself, and not only one inside it, is known only when the task runs."""
    return not isinstance(value, Mapping | list | tuple) and is_templated(value)


def rendered_to_none(
    templates: Mapping[str, Any], values: Mapping[str, Any], *, natively: bool = False
) -> list[str]:
    """Return what is ``None`` after rendering and was not before, each as ``request.PicName`` or ``items[0].by``.

    The text ``None`` counts as well where templates make it, and not a ``None`` between them: it is all that
    rendering to text leaves.

    :param templates: fields of a task before rendering
    :param values: the same fields after it
    :param natively: templates keep the types of values, so that the text ``None`` is a text
    """

    def is_text_of_none(before: Any, after: Any) -> bool:
        is_text = isinstance(before, str) and isinstance(after, str) and after.strip() == "None"
        # Native rendering, too, makes text where there are spaces around the template.
        is_lost = is_text and not (natively and after == "None")
        return is_lost and is_templated(before) and "None" not in _JINJA.sub("", before)

    found = []
    # Not by recursion: a value may be nested deeply.
    pending = [(name, templates[name], value) for name, value in values.items()]
    while pending:
        name, before, after = pending.pop()
        if before is not None and (after is None or is_text_of_none(before, after)):
            found.append(name)
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            pending += [(f"{name}.{key}", before[key], after[key]) for key in before if key in after]
        elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
            pairs = enumerate(zip(before, after, strict=False))
            pending += [(f"{name}[{index}]", *pair) for index, pair in pairs]
    return found


def as_duration(name: str, value: Any, action: str, longest: timedelta = MAX_JOB_TIMEOUT) -> timedelta:
    """Return a duration given as ``timedelta`` or as seconds.

    :raises InvalidRequest: it is no duration, not positive, or longer than ``longest``
    """
    duration = value
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value:
        duration = timedelta(seconds=max(-1, min(value, longest.total_seconds() + 1)))
    if not isinstance(duration, timedelta) or not timedelta(0) < duration <= longest:
        allowed = f"a timedelta or seconds, more than 0 and at most {longest.days} days"
        raise not_allowed(name, value, allowed, action)
    return duration


def is_default(name: str, value: Any, arguments: Mapping[str, Any]) -> bool:
    """Return whether an argument comes from ``default_args``, which also tasks have that it makes no sense for.

    :param arguments: the other keyword arguments, among which Airflow passes ``default_args`` on
    """
    defaults = arguments.get("default_args") or {}
    return value is not None and name in defaults and defaults[name] is value


def as_conn_id(name: str, value: Any) -> str:
    """Return the id of a connection, or a template of it.

    :raises InvalidRequest: it is no text, is empty or too long, or has a character that such an id cannot have
    """
    if not is_templated(value) and not is_conn_id(value):
        raise not_allowed(name, value, f"the id of an Airflow connection, {CONN_ID_ALLOWED}")
    return value  # type: ignore[no-any-return]


def as_flag(name: str, value: Any, action: str | None = None) -> bool:
    """Return a flag; a text such as ``"False"``, which Python takes as true, is an error.

    :raises InvalidRequest: it is neither ``True`` nor ``False``
    """
    if not isinstance(value, bool):
        raise not_allowed(name, value, f"True, False{_NOT_TEMPLATED}", action)
    return value


def as_choice(name: str, value: Any, allowed: Sequence[str], action: str | None = None) -> Any:
    """Return a value that is one of a few words.

    :raises InvalidRequest: it is none of them
    """
    if not isinstance(value, str) or value not in allowed:
        raise not_allowed(name, value, f"{', '.join(allowed)}{_NOT_TEMPLATED}", action)
    return value


def as_action(name: str, value: Any, find: Callable[[Any], Any]) -> Any:
    """Return the action that an argument names.

    :param find: the service model's own function
    :raises InvalidRequest: it names none, or several
    """
    try:
        return find(value)
    except InvalidRequest as error:
        if isinstance(value, str):
            error.message = f"{name}: {error.message}{template_hint(value)}"
        raise


def as_id(name: str, value: Any) -> str:
    """Return an id without spaces around it.

    :raises InvalidRequest: it is empty, or not a text
    """
    if not isinstance(value, str) or not value.strip():
        raise InvalidRequest(
            f"{name} is {short_repr(value)}, empty or not a text; allowed: an id, such as the output of the task "
            "that has created what it names",
            code="MissingParameter",
        )
    return value.strip()


def as_names(name: str, value: Any, action: str | None = None) -> list[str]:
    """Return one text, or several, as a list.

    :raises InvalidRequest: it is something else, or a text is empty or a template
    """
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple | set | frozenset) or not all(
        isinstance(each, str) and each.strip() and is_encodable(each) and not is_templated(each)
        for each in names
    ):
        raise not_allowed(name, value, "a text, or a list of texts, none of them empty", action)
    return list(names)


def default_deferrable(deferrable: Any, action: str | None = None) -> bool:
    """Return the value, or Airflow's ``[operators] default_deferrable`` for ``None``.

    :raises InvalidRequest: it is no flag
    """
    if deferrable is None:
        return bool(conf.getboolean("operators", "default_deferrable", fallback=False))
    return as_flag("deferrable", deferrable, action)


def as_hosts(value: Any, action: str | None = None) -> list[str]:
    """Return ``allowed_hosts`` as a list.

    :raises InvalidRequest: it is no list, or an item is not ``host`` or ``host:port``
    """
    hosts = list(value) if isinstance(value, list | tuple | set | frozenset) else None
    wrong = [each for each in hosts or () if not _is_host(each)]
    if hosts is None or wrong:
        shown = f"has {short_repr(wrong[0])}" if wrong else f"is {short_repr(value)}"
        raise InvalidRequest(
            f"allowed_hosts {shown}; allowed: a list of host or host:port, such as ['nas.local:9000'], without "
            f"patterns, users and paths{template_hint(value)}",
            action=action,
        )
    return [each.strip() for each in hosts]


def _is_host(value: Any) -> bool:
    """Return whether a value is a host that an address can have, perhaps with a port."""
    if not isinstance(value, str) or not is_encodable(value):
        return False
    found = _HOST.fullmatch(value.strip())
    if found is None:
        return _is_ipv6(value.strip())
    host, port = found.groups()
    return (port is None or 0 < int(port) < 1 << 16) and (host[0] != "[" or _is_ipv6(host[1:-1]))


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def refuse_unknown(operator: type, given: Collection[str]) -> None:
    """Refuse keyword arguments that an operator does not have; the message names the most similar ones.

    :raises TypeError: there is such an argument, as when Airflow finds it
    """
    known = _known_arguments(operator)
    for name in given:
        if name not in known and not name.startswith("_"):
            part_of = [each for each in missing_arguments(operator, given) if name in each]
            hint = f"; did you mean {part_of[0]}?" if part_of else did_you_mean(name, known)
            raise TypeError(f"{operator.__name__} has no argument {name!r}{hint}")


def missing_arguments(operator: type, given: Collection[str]) -> list[str]:
    """Return the arguments without a default that are not given."""
    return [name for name in _required_arguments(operator) if name not in given]


@cache
def own_parameters(kind: type) -> tuple[inspect.Parameter, ...]:
    """Return the arguments that a class itself names; none if it has no ``__init__`` of its own."""
    if "__init__" not in vars(kind) or kind is object:
        return ()
    _, *parameters = inspect.signature(vars(kind)["__init__"]).parameters.values()
    return tuple(each for each in parameters if each.kind in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD))


# A DAG file may have thousands of operators, and reading a signature takes longer than all other checks.
@cache
def _known_arguments(operator: type) -> frozenset[str]:
    known: set[str] = set()
    # A class takes away what its base classes take, and its own subclasses may take that again.
    for kind in reversed(operator.__mro__):
        known |= {each.name for each in own_parameters(kind)}
        known -= _set_by(kind)
    return frozenset(known)


def _set_by(kind: type) -> frozenset[str]:
    """Return the arguments of its base classes that a class sets itself, so that its users cannot."""
    fixed: frozenset[str] = vars(kind).get("fixed_arguments", frozenset())
    is_typed = hasattr(kind, "action") and kind.__module__.startswith("airflow_provider_viapi.")
    return fixed | {"action", "request"} if is_typed else fixed


@cache
def _required_arguments(operator: type) -> tuple[str, ...]:
    # Of the class itself: what its base classes require, it may pass to them.
    first = next(kind for kind in operator.__mro__ if "__init__" in vars(kind))
    return tuple(each.name for each in own_parameters(first) if each.default is each.empty)


def set_default(arguments: Any, name: str, value: Any) -> None:
    """Set a keyword argument that is neither given nor in ``default_args``.

    :param arguments: the keyword arguments that an operator passes to its base class
    """
    if name not in (arguments.get("default_args") or {}):
        arguments.setdefault(name, value)
