"""The items of a batch: keyword arguments of an operator become the requests that it would send."""

from __future__ import annotations

import inspect
import types
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.media.staging import check
from airflow_provider_viapi.operators.base import is_templated
from airflow_provider_viapi.operators.viapi import ViapiJobOperator

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.batch_ledger import Item

MAX_ITEMS = 10_000
"""Of one batch; more are several batches, which can be mapped over."""


class RequestBuilder(ViapiJobOperator):
    """Stands behind an operator's class and takes the request that it makes of its arguments.

    Airflow's own part of making an operator, which would put a task into the DAG that is being written, is never
    reached.
    """

    def __init__(self, *, request: Mapping[str, Any], **_: Any) -> None:
        # Airflow watches what is set on an operator, and this one it does not know.
        object.__setattr__(self, "request", dict(request))


@cache
def _request_only(operator: type[ViapiJobOperator]) -> type[ViapiJobOperator]:
    """The class with :class:`RequestBuilder` as what its ``super().__init__`` calls."""
    return types.new_class(f"{operator.__name__}Request", (operator, RequestBuilder))


@cache
def keywords_of(operator: type[ViapiJobOperator]) -> tuple[str, ...]:
    """The keyword arguments that say what an operator asks for, in its order."""
    names: list[str] = []
    for each in takewhile(lambda each: each is not RequestBuilder, _request_only(operator).__mro__):
        if "__init__" in vars(each):
            parameters = inspect.signature(vars(each)["__init__"]).parameters.values()
            names.extend(each.name for each in parameters if each.kind is each.KEYWORD_ONLY)
    return tuple(names) or ("request",)


def request_of(operator: type[ViapiJobOperator], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What an operator would send, given its keyword arguments; nothing but templates is left unchecked.

    :raises InvalidRequest: it cannot be; the message says which argument or parameter
    """
    known = keywords_of(operator)
    for name in arguments:
        if name not in known:
            raise _invalid(operator, f"{name} is no argument of it; it has {', '.join(known)}")
    kind = _request_only(operator)
    made = object.__new__(kind)
    try:
        # As it was written, without what Airflow puts around it.
        inspect.unwrap(getattr(kind, "__init__"))(made, **arguments)  # noqa: B009
    except TypeError as error:
        # "….__init__() missing 1 required keyword-only argument: 'video_url'"
        raise _invalid(operator, str(error).rpartition("() ")[2]) from None
    return check(operator.action, made.request, pending=is_templated)


def check_literals(operator: type[ViapiJobOperator], items: Any, shared: Any) -> None:
    """Check what is known of a batch's items when its DAG is parsed.

    :raises InvalidRequest: an item cannot be; the message says which
    """
    if _is_pending(items) or _is_pending(shared):
        return
    if isinstance(items, list | tuple) and not items:
        raise _invalid(operator, "items is empty; a batch has at least one")
    for index, arguments in _arguments(operator, items, shared):
        with _naming(index):
            request_of(operator, arguments)


def build_items(operator: type[ViapiJobOperator], items: Any, shared: Any) -> list[Item]:
    """The items of a batch, all of them checked.

    :raises InvalidRequest: one of them cannot be; the message says which
    """
    from airflow_provider_viapi.jobs.batch_ledger import Item
    from airflow_provider_viapi.jobs.ledger import request_digest

    occurrences: Counter[str] = Counter()
    requested = []
    for index, arguments in _arguments(operator, items, shared):
        with _naming(index):
            request = check(operator.action, request_of(operator, arguments))
        digest = request_digest(operator.action.full_name, request)
        requested.append(Item(index, request, digest, occurrences[digest]))
        occurrences[digest] += 1
    return requested


def first_arguments(operator: type[ViapiJobOperator], items: Any, shared: Any) -> dict[str, Any]:
    """The arguments of the first item, which make a whole operator of the class."""
    return next(_arguments(operator, items, shared))[1]


def _is_pending(given: Any) -> bool:
    """Whether the list of items, or what they share, as a whole is known only when the task runs."""
    return not isinstance(given, list | tuple | Mapping) and is_templated(given)


def _arguments(
    operator: type[ViapiJobOperator], items: Any, shared: Any
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each item's arguments with the shared ones; an item that is not known yet is passed over."""
    if isinstance(items, str | bytes | Mapping) or not isinstance(items, Iterable):
        raise _invalid(
            operator,
            f"items is {_kind(items)}; allowed: a list of mappings, as an upstream task returns it",
        )
    if not isinstance(shared, Mapping):
        raise _invalid(operator, f"shared is {_kind(shared)}; allowed: a mapping")
    for index, item in enumerate(items):
        if index >= MAX_ITEMS:
            raise _invalid(operator, f"items are more than {MAX_ITEMS}; map over several batches")
        if not isinstance(item, Mapping):
            if is_templated(item):
                continue
            raise _invalid(
                operator, f"item {index} is {_kind(item)}; allowed: a mapping of keyword arguments"
            )
        yield index, {**shared, **item}


def _kind(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


@contextmanager
def _naming(index: int) -> Iterator[None]:
    try:
        yield
    except InvalidRequest as error:
        raise InvalidRequest(f"item {index}: {error.message}", code=error.code, action=error.action) from None


def _invalid(operator: type[ViapiJobOperator], message: str) -> InvalidRequest:
    return InvalidRequest(message, code="InvalidParameter", action=operator.action.name)
