"""References to the result of a task and to its fields, which also work for mapped tasks.

In Airflow's own references the last subscript replaces the ones before it, and a mapped task can only map over
another task's whole result. So ``output["landed"]["VideoUrl"]`` would be the link that expires, and
``expand(video_url=erase.output["VideoUrl"])`` would be an error. Here both mean what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from airflow.providers.common.compat.sdk import XComArg, get_parsing_context

try:
    from airflow.sdk.definitions.mappedoperator import MappedOperator, OperatorPartial
    from airflow.sdk.definitions.xcom_arg import MapXComArg, PlainXComArg
except ImportError:
    from airflow.models.mappedoperator import (  # type: ignore[import-not-found,no-redef]
        MappedOperator,
        OperatorPartial,
    )
    from airflow.models.xcom_arg import MapXComArg, PlainXComArg  # type: ignore[attr-defined,no-redef]

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.schema import snake_case

MAX_CHECKED = 100
"""Literal values that a task is mapped over and that are checked while the DAG is parsed; others when they run."""

_LANDED = "landed"
_WHOLE = "return_value"


class ResultRef(PlainXComArg):
    """Reference to the result of a task, or to one field of it.

    :param path: names that lead to the field
    """

    def __init__(self, operator: Any, path: tuple[str, ...] = ()) -> None:
        # The addresses of landed files are XComs of their own, other fields only at the result's top level.
        key = ".".join(path[:2]) if path[:1] == (_LANDED,) else path[0] if path else _WHOLE
        super().__init__(operator, key)
        self._path = path
        self._inside = path[2:] if path[:1] == (_LANDED,) else path[1:]

    def __getitem__(self, item: str) -> ResultRef | MappedResultRef:
        """Return a reference to a field of what this one refers to."""
        if not isinstance(item, str):
            raise ValueError(f"a field of a result has a name, not {item!r}")
        path = (*self._path, item)
        check_field(self.operator, path)
        return _reference(self.operator, path)

    def __str__(self) -> str:
        """Return a template that renders to the value."""
        return _with_subscripts(super().__str__(), self._inside)

    def resolve(self, *args: Any, **kwargs: Any) -> Any:
        """Return the value, in a running task."""
        return _descend(super().resolve(*args, **kwargs), self._inside)


class MappedResultRef(MapXComArg):
    """Reference to a field of every result of a mapped task: ``expand()`` takes it, other arguments get a list.

    :param path: names that lead to the field, at least one
    """

    def __init__(self, operator: Any, path: tuple[str, ...]) -> None:
        super().__init__(PlainXComArg(operator), [_getter(path)])
        self._operator = operator
        self._path = path

    def __getitem__(self, item: str) -> MappedResultRef:
        """Return a reference to a field of what this one refers to."""
        path = (*self._path, item)
        check_field(self._operator, path)
        return MappedResultRef(self._operator, path)

    def __iter__(self) -> Iterator[Any]:
        """Refuse to iterate: without this method, Python would try the subscripts 0, 1, 2 …"""
        raise TypeError("a reference to a result is not iterable while the DAG is parsed")

    def __str__(self) -> str:
        """Return a template that renders to the list of the values."""
        return str(ResultRef(self._operator, self._path))


class OutputRefs:
    """Addresses of the files that a task lands, by their keys in the result, for tasks downstream.

    :param operator: the task, mapped or not
    """

    def __init__(self, operator: Any) -> None:
        check_field(operator, (_LANDED,))
        self._operator = operator

    def __getitem__(self, key: str) -> XComArg:
        """Return a reference to the address of one file, of a mapped task in every result."""
        path = (_LANDED, key)
        check_field(self._operator, path)
        return _reference(self._operator, path)


class MappedTask(MappedOperator):
    """Mapped task, with the references of a task that is not mapped."""

    __slots__ = ()

    def unmap(self, resolve: Any) -> Any:
        """Return the operator of one mapped task."""
        operator = super().unmap(resolve)
        if isinstance(resolve, Mapping) and hasattr(operator, "note_mapped"):
            operator.note_mapped(resolve)
        return operator

    @property
    def output(self) -> ResultRef:
        """Reference to the results; ``output["VideoUrl"]`` to a field of each."""
        return ResultRef(self)

    @property
    def landed(self) -> OutputRefs:
        """Addresses of the landed files, for tasks downstream: ``erase.landed["VideoUrl"]``."""
        return OutputRefs(self)


class Mappable(OperatorPartial):
    """Result of ``partial()``: an operator with some of its arguments.

    Literal arguments, also those that are mapped over, are checked while the DAG is parsed.
    """

    __slots__ = ()

    def expand(self, **mapped_kwargs: Any) -> MappedTask:
        """Return a task for each value of an argument."""
        return _as_task(super().expand(**mapped_kwargs))

    def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> MappedTask:
        """Return a task for each mapping of arguments."""
        return _as_task(super().expand_kwargs(kwargs, strict=strict))


def is_mapped(operator: Any) -> bool:
    """Return whether a task was made by ``expand()``; Airflow 2 has no such property of its own."""
    return isinstance(operator, MappedOperator)


def check_field(operator: Any, path: tuple[str, ...]) -> None:
    """Refuse a reference to a field that the task's result certainly lacks, while the DAG is parsed.

    :raises InvalidRequest: the task lands no files, or the name is that of a documented field in another spelling
    """
    kind = getattr(operator, "operator_class", type(operator))
    action = getattr(kind if is_mapped(operator) else operator, "action", None)
    name = path[-1]
    if path == (_LANDED,):
        if _lands_nothing(operator, kind):
            raise InvalidRequest(
                f"task {operator.task_id!r} has no land_to, so its result has no 'landed': set land_to, or use "
                "output[…] for the service's link, which expires"
            )
        return
    known = [field.name for field in getattr(action, "result", ())]
    if name in known or len(path) > 1 + (path[0] == _LANDED):
        return
    same = [each for each in known if _normalized(each) == _normalized(name)]
    if same:
        raise InvalidRequest(
            f"the result of task {operator.task_id!r} has no {name!r}; its field is {same[0]!r}, as the service "
            "names it"
        )


def _normalized(name: str) -> str:
    """Return a name without case and underscores, in which the spellings of one name are equal."""
    return name.replace("_", "").lower()


def _lands_nothing(operator: Any, kind: type) -> bool:
    if "land_to" not in getattr(kind, "template_fields", ()):
        # It cannot land files; a field of its result may have this name.
        return False
    if not is_mapped(operator):
        return operator.land_to is None
    given = operator.expand_input.value
    if not isinstance(given, Mapping) or "land_to" in given:
        return False
    arguments = operator.partial_kwargs
    groups = [each.default_args for each in (operator.dag, operator.task_group) if each is not None]
    # As Airflow merges them when it makes the operator of one mapped task.
    merged = {
        key: value
        for each in (*groups, arguments.get("default_args"), arguments)
        for key, value in (each or {}).items()
    }
    return merged.get("land_to") is None


def _reference(operator: Any, path: tuple[str, ...]) -> ResultRef | MappedResultRef:
    return MappedResultRef(operator, path) if is_mapped(operator) else ResultRef(operator, path)


def _as_task(mapped: Any) -> MappedTask:
    mapped.__class__ = MappedTask
    if get_parsing_context().task_id is not None:
        # Each task process parses the file again, to run one task whose own arguments are checked when it is made.
        return mapped  # type: ignore[no-any-return]
    for arguments in islice(_sample_arguments(mapped), MAX_CHECKED):
        # Makes the operator of one mapped task, as Airflow does when it runs; the DAG stays as it is.
        mapped.unmap(arguments)
    return mapped  # type: ignore[no-any-return]


def _sample_arguments(mapped: Any) -> Iterator[dict[str, Any]]:
    """Yield mapped arguments with each literal value, and a template in place of what other tasks will return."""
    given = mapped.expand_input.value
    if isinstance(given, list | tuple):
        # Of expand_kwargs(); an item may be what another task returns.
        yield from (dict(each) for each in given if isinstance(each, Mapping))
    if not isinstance(given, Mapping):
        return
    literal = {
        name: list(value.items() if isinstance(value, Mapping) else value)
        for name, value in given.items()
        if isinstance(value, list | tuple | Mapping) and value
    }
    kind = mapped.operator_class
    action = getattr(kind, "action", None)
    names = [snake_case(each.name) for each in getattr(action, "parameters", ())]
    # Only of these it is certain that no class reads them in Python while the DAG is parsed.
    templated = {*kind.template_fields, *names}
    if action is not None:
        # An argument that Airflow's operators have themselves has the name of the service before it.
        templated |= {f"{action.service.name}_{name}" for name in names}
    if not given.keys() - literal.keys() <= templated:
        # What such an argument will be may decide whether others are allowed.
        return
    first = {name: literal[name][0] if name in literal else "{{ mapped }}" for name in given}
    yield first
    for name, values in literal.items():
        yield from ({**first, name: value} for value in values[1:])


def _getter(path: tuple[str, ...]) -> Callable[[Any], Any]:
    # Airflow shows the source of this function in its UI.
    def field(result: Any) -> Any:
        return _descend(result, path)

    return field


def _descend(value: Any, path: tuple[str, ...]) -> Any:
    """Return what is inside a value; ``None`` if the path ends before, as for an XCom that does not exist."""
    for name in path:
        if isinstance(value, list):
            # The results of a mapped task group, which Airflow pulls as a list.
            value = [_descend(each, (name,)) for each in value]
        else:
            value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _with_subscripts(template: str, path: tuple[str, ...]) -> str:
    subscripts = "".join(f"[{name!r}]" for name in path)
    return f"{template.removesuffix('}}').rstrip()}{subscripts} }}}}" if path else template
