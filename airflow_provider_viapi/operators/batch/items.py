"""Items of a batch: keyword arguments of an operator become the requests that it would send."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.operators.action_base import request_arguments
from airflow_provider_viapi.operators.arguments.checks import is_template
from airflow_provider_viapi.operators.base import JobOperator
from airflow_provider_viapi.schema import NATIVE_HINT, is_iterable

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.batch.ledger import Item

MAX_ITEMS = 10_000
"""Items of one batch; for more, map over several batches."""

OF_THE_BATCH = frozenset(
    {
        *(
            "allowed_hosts",
            "deferrable",
            "durable",
            "huaweicloud_conn_id",
            "job_timeout",
            "submit_timeout",
            "land_manifest",
            "land_to",
        ),
        *("on_doubt", "reuse_results", "reuse_unversioned", "staging", "viapi_conn_id"),
    }
)
"""Arguments of an operator that the batch has in its place."""

Operator = type[JobOperator]


def check_literals(operator: Operator, items: Any, shared: Any) -> None:
    """Check items while the DAG is parsed, as far as they are known.

    :raises InvalidRequest: an item is not allowed; the message names it
    """
    if is_template(items) or is_template(shared):
        return
    if isinstance(items, Sequence) and not isinstance(items, str | bytes | Mapping) and not len(items):
        raise _invalid(operator, "items is empty; a batch has at least one")
    for index, arguments in _arguments(operator, items, shared, is_template):
        with _naming(index):
            _refuse_batch_arguments(operator, arguments)
            operator.build_request(arguments)


def build_items(operator: Operator, items: Any, shared: Any) -> tuple[list[Item], list[dict[str, Any]]]:
    """Return the items of a batch, all of them checked, and the keyword arguments of each.

    :raises InvalidRequest: an item is not allowed; the message names it
    """
    from airflow_provider_viapi.jobs.batch.ledger import Item
    from airflow_provider_viapi.jobs.ledger import request_digest

    occurrences: Counter[str] = Counter()
    built, given = [], []
    for index, arguments in _arguments(operator, items, {} if shared is None else shared):
        with _naming(index):
            _refuse_batch_arguments(operator, arguments)
            request = operator.build_request(arguments)
            request = operator.check_request(operator.action, request, lambda value: False)
        digest = request_digest(operator.action.full_name, request)
        built.append(Item.of(index, request, digest, occurrences[digest]))
        given.append(arguments)
        occurrences[digest] += 1
    return built, given


def _arguments(
    operator: Operator, items: Any, shared: Any, is_unresolved: Callable[[Any], bool] = lambda value: False
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the arguments of each item together with the shared ones.

    :param is_unresolved: returns true for an item that is not known yet, which is skipped
    """
    # Any iterable: the outputs of a mapped task arrive as a lazy sequence.
    if not is_iterable(items):
        hint = f" ({NATIVE_HINT})" if isinstance(items, str) else ""
        raise _invalid(
            operator,
            f"items is {_kind(items)}; allowed: a list of mappings, such as an upstream task's output{hint}",
        )
    if not isinstance(shared, Mapping):
        raise _invalid(operator, f"shared is {_kind(shared)}; allowed: a mapping")
    for index, item in enumerate(items):
        if index >= MAX_ITEMS:
            raise _invalid(operator, f"items are more than {MAX_ITEMS}; map over several batches")
        if not isinstance(item, Mapping):
            if is_unresolved(item):
                continue
            raise _invalid(
                operator,
                f"item {index} is {_kind(item)}; allowed: a mapping of {operator.__name__}'s keyword arguments",
            )
        yield index, {**shared, **item}


def _refuse_batch_arguments(operator: Operator, arguments: Mapping[str, Any]) -> None:
    for name in OF_THE_BATCH & arguments.keys():
        if name not in request_arguments(operator):
            raise _invalid(
                operator,
                f"{name} is an argument of the batch, neither of an item nor of shared; set it there",
            )


def _kind(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


@contextmanager
def _naming(index: int) -> Iterator[None]:
    try:
        yield
    except InvalidRequest as error:
        raise InvalidRequest(f"item {index}: {error.message}", code=error.code, action=error.action) from None


def _invalid(operator: Operator, message: str) -> InvalidRequest:
    return InvalidRequest(message, action=operator.action.name)
