"""Items of a batch: keyword arguments of an operator become the requests that it would send."""

from __future__ import annotations

import inspect
import types
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.operators.action import is_templated
from airflow_provider_viapi.operators.base import JobOperator

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.batch_ledger import Item

MAX_ITEMS = 10_000
"""Items of one batch; for more, map over several batches."""

Operator = type[JobOperator]


@cache
def _request_builder(operator: Operator) -> Operator:
    """Return a subclass of an operator whose construction ends with its request.

    A typed operator turns its keyword arguments into a request and passes that to its base class. In this subclass
    the base is replaced by one that only stores the request, so that thousands of requests can be built quickly, and
    Airflow does not add thousands of tasks to the DAG that is being parsed.
    """

    def store_request(self: Any, *, request: Mapping[str, Any], **_: Any) -> None:
        # Airflow intercepts attributes of operators, and it does not know this one.
        object.__setattr__(self, "request", dict(request))

    mro = operator.__mro__
    base = mro[mro.index(JobOperator) - 1]
    stop = types.new_class("RequestBase", (base,), exec_body=lambda body: body.update(__init__=store_request))
    return types.new_class(f"{operator.__name__}Request", (operator, stop))


@cache
def keywords_of(operator: Operator) -> tuple[str, ...]:
    """Return the keyword arguments from which an operator builds its request."""
    names: list[str] = []
    own = takewhile(lambda each: each.__name__ != "RequestBase", _request_builder(operator).__mro__)
    for each in own:
        if "__init__" in vars(each):
            parameters = inspect.signature(vars(each)["__init__"]).parameters.values()
            names.extend(each.name for each in parameters if each.kind is each.KEYWORD_ONLY)
    return tuple(names) or ("request",)


def build_request(operator: Operator, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request that an operator would send for these keyword arguments; templates are not checked.

    :raises InvalidRequest: an argument is unknown, missing or not allowed
    """
    known = keywords_of(operator)
    for name in arguments:
        if name not in known:
            raise _invalid(
                operator, f"{name} is not an argument of {operator.__name__}; it has {', '.join(known)}"
            )
    builder = _request_builder(operator)
    built = object.__new__(builder)
    try:
        # The function as it was written, without Airflow's wrapper.
        inspect.unwrap(getattr(builder, "__init__"))(built, **arguments)  # noqa: B009
    except TypeError as error:
        # "….__init__() missing 1 required keyword-only argument: 'video_url'"
        raise _invalid(operator, str(error).rpartition("() ")[2]) from None
    return operator.check_request(operator.action, built.request, is_templated)


def check_literals(operator: Operator, items: Any, shared: Any) -> None:
    """Check items while the DAG is parsed, as far as they are known.

    :raises InvalidRequest: an item is not allowed; the message names it
    """
    if _is_unresolved(items) or _is_unresolved(shared):
        return
    if isinstance(items, Sized) and not isinstance(items, str | bytes | Mapping) and not len(items):
        raise _invalid(operator, "items is empty; a batch has at least one")
    for index, arguments in _arguments(operator, items, shared):
        with _naming(index):
            build_request(operator, arguments)


def build_items(operator: Operator, items: Any, shared: Any) -> tuple[list[Item], list[dict[str, Any]]]:
    """Return the items of a batch, all of them checked, and the keyword arguments of each.

    :raises InvalidRequest: an item is not allowed; the message names it
    """
    from airflow_provider_viapi.jobs.batch_ledger import Item
    from airflow_provider_viapi.jobs.ledger import request_digest

    occurrences: Counter[str] = Counter()
    built, given = [], []
    for index, arguments in _arguments(operator, items, shared):
        with _naming(index):
            request = build_request(operator, arguments)
            request = operator.check_request(operator.action, request, lambda value: False)
        digest = request_digest(operator.action.full_name, request)
        built.append(Item.of(index, request, digest, occurrences[digest]))
        given.append(arguments)
        occurrences[digest] += 1
    return built, given


def _is_unresolved(value: Any) -> bool:
    """Return whether all items, or what they share, are known only when the task runs."""
    return not isinstance(value, list | tuple | Mapping) and is_templated(value)


def _arguments(operator: Operator, items: Any, shared: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the arguments of each item together with the shared ones; skips items that are not known yet."""
    # Any iterable: the outputs of a mapped task arrive as a lazy sequence.
    if isinstance(items, str | bytes | Mapping) or not isinstance(items, Iterable):
        raise _invalid(
            operator,
            f"items is {_kind(items)}; allowed: a list of mappings, such as an upstream task's output",
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


def _invalid(operator: Operator, message: str) -> InvalidRequest:
    return InvalidRequest(message, code="InvalidParameter", action=operator.action.name)
