"""Base operator of one action of a service."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from itertools import takewhile
from typing import Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_viapi.errors import InvalidRequest, ServiceError
from airflow_provider_viapi.operators.arguments.checks import (
    as_action,
    is_default,
    is_template,
    is_templated,
    own_parameters,
)
from airflow_provider_viapi.operators.arguments.options import describe
from airflow_provider_viapi.operators.provider_task import MAX_LABEL, ProviderTask, label_of
from airflow_provider_viapi.schema import name_repr, short_repr, snake_case


class ActionOperator(ProviderTask, BaseOperator):
    """Base of all operators: an action of a service and its request.

    :param request: the action's parameters by wire name; ``None`` means not given. Literal values, also those
        beside templates in a list or a mapping, are checked when the DAG is parsed, templated ones after rendering,
        always before anything is sent.
    :param action: the action, or its name such as ``imgsearch.ListImageDbs``; typed operators have their own
    """

    template_fields: Sequence[str] = ("request",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"request": "json"}
    action: Any
    action_type: ClassVar[type]
    _options: ClassVar[type]
    """The dictionary that describes the arguments of a base class."""
    is_async: ClassVar[bool] = False
    argument_names: Sequence[tuple[str, str]] = ()
    """Wire name and argument of parameters whose arguments have other names, for messages."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "action" in cls.__dict__:
            if isinstance(cls.action, str):
                cls.action = cls.find_action(cls.action)
            cls._check_action(cls.action)
        if "__init__" in cls.__dict__ or "_options" in cls.__dict__:
            cls.__doc__ = describe(cls)

    @classmethod
    def _check_action(cls, action: Any) -> None:
        if not isinstance(action, cls.action_type) or action.is_job is not cls.is_async:  # type: ignore[attr-defined]
            kind = "a job" if cls.is_async else "an action that responds at once"
            name = getattr(action, "name", None) or short_repr(action)
            raise TypeError(f"{cls.__name__} needs {kind} as its action; {name} is not one")

    def __init__(self, *, request: Mapping[str, Any], action: Any = None, **kwargs: Any) -> None:
        # Each field of the result is an XCom of its own, which is what ``task.output["VideoUrl"]`` refers to.
        super().__init__(**{"multiple_outputs": True, **kwargs})
        is_typed = hasattr(type(self), "action")
        if action is not None and not (is_typed and is_default("action", action, kwargs)):
            self.action = as_action("action", action, self.find_action) if isinstance(action, str) else action
        self._check_action(getattr(self, "action", None))
        # A whole request that is a template or another task's output is known, and checked, when the task runs.
        self.request = request if is_template(request) else self._check(request, is_templated)

    def __getattr__(self, name: str) -> Any:
        # Templates such as map_index_template read the parameters of the action: {{ task.video_url }}.
        request = self.__dict__.get("request")
        if isinstance(request, Mapping) and not name.startswith("_"):
            # The argument of VIAS's "task_id" is "vias_task_id", since "task_id" is Airflow's.
            wanted = (name, name.removeprefix(f"{self.action.service.name}_"))
            for wire_name, value in request.items():
                if snake_case(wire_name) in wanted:
                    return value
            if any(snake_case(each.name) in wanted for each in self.action.parameters):
                # It was not given.
                return None
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @staticmethod
    def find_action(name: str, /) -> Any:
        """Return the action with a name."""
        raise NotImplementedError

    @staticmethod
    def check_request(
        action: Any, request: Mapping[str, Any], is_unresolved: Callable[[Any], bool]
    ) -> dict[str, Any]:
        """Return a request with values of their proper types.

        :param is_unresolved: returns whether a value, or a part of it, is not known yet
        :raises InvalidRequest: something is not allowed
        """
        raise NotImplementedError

    @classmethod
    def build_request(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the request that an operator with these keyword arguments would send; templates are not checked.

        Nothing else of the operator is made, so that a batch builds thousands of requests quickly, and Airflow does
        not add thousands of tasks to the DAG that is being parsed.

        :raises InvalidRequest: an argument is unknown, missing or not allowed
        """
        invalid = partial(InvalidRequest, action=cls.action.name)

        def refuse_unknown(names: Iterable[str]) -> None:
            known = request_arguments(cls)
            for name in names:
                if name not in known:
                    raise invalid(
                        f"{name_repr(name)} is not an argument of {cls.__name__}; it has {', '.join(known)}"
                    )

        builder = _request_builder(cls)
        built = object.__new__(builder)
        # Set by Airflow's wrapper otherwise; an operator's attributes cannot be set without it.
        object.__setattr__(built, "_BaseOperator__init_kwargs", {})
        try:
            # The function as it was written, without Airflow's wrapper.
            inspect.unwrap(getattr(builder, "__init__"))(built, **arguments)  # noqa: B009
        except TypeError as error:
            refuse_unknown(arguments)
            # "….__init__() missing 1 required keyword-only argument: 'video_url'"
            raise invalid(str(error).rpartition("() ")[2]) from None
        # What a class takes out of its **kwargs has arrived as well, although no signature names it.
        refuse_unknown(name for name in arguments if name in built.passed_on)
        if built.passed_on.get("land_to") is not None:
            raise invalid(
                f"land_to is set by {cls.__name__} itself; a batch stores results at its own land_to, so let "
                f"{cls.__name__} pass on only what it is given"
            )
        with cls.naming_argument():
            return cls.check_request(cls.action, built.request, is_templated)

    @property
    def action_name(self) -> str:
        """The action, as ``service.Action``."""
        return str(self.action.full_name)

    def validated_request(self) -> dict[str, Any]:
        """Return the rendered request with values of their proper types, when the task begins.

        :raises InvalidRequest: something is not allowed
        """
        with self.naming_argument():
            self.check_rendered()
        return self.checked_request()

    def never_none(self) -> Collection[str]:
        """Return also the arguments that name one of several things, all of which the action would change instead."""
        narrowing = (snake_case(each.name) for each in self.action.parameters if each.narrows)
        return (*super().never_none(), *narrowing)

    def checked_request(self) -> dict[str, Any]:
        """Return the rendered request as the action checks it.

        Unlike :meth:`validated_request`, which subclasses extend, it logs no warnings, and does not check what only
        has to be checked when the task begins.
        """
        return self._check(self.request, lambda value: False)

    def _check(self, request: Mapping[str, Any], is_unresolved: Callable[[Any], bool]) -> dict[str, Any]:
        with self.naming_argument():
            return self.check_request(self.action, request, is_unresolved)

    @classmethod
    @contextmanager
    def naming_argument(cls) -> Iterator[None]:
        """Add the author's argument to an error about a parameter, whose message begins with the wire name."""
        try:
            yield
        except ServiceError as error:
            wire_name = error.message.partition(" ")[0].rstrip(":")
            argument = _argument_of(cls, wire_name)
            if argument not in (None, wire_name):
                error.message += f" (argument {argument!r})"
            raise

    @property
    def map_label(self) -> str:
        """Name of the first file that the rendered request names, else of what it is about, or an empty text."""
        request = self.request if isinstance(self.request, Mapping) else {}
        texts = {snake_case(name): value for name, value in request.items() if isinstance(value, str)}
        named = (value for name, value in texts.items() if re.fullmatch(r"(.*_)?(name|id|text|title)", name))
        return label_of(self.files_for_label(request)) or (texts.get("name") or next(named, ""))[:MAX_LABEL]

    def files_for_label(self, request: Mapping[str, Any]) -> Iterable[Any]:
        """Return values of the rendered request, one of which may be the file that the label names."""
        return request.values()


def _typed_classes(operator: type[ActionOperator]) -> list[type]:
    """Return the operator and its base classes that have an action, down to the first that any action may use."""
    return list(takewhile(lambda each: hasattr(each, "action"), operator.__mro__))


@cache
def request_arguments(operator: type[ActionOperator]) -> tuple[str, ...]:
    """Return the keyword arguments from which an operator builds its request."""
    names = [each.name for kind in _typed_classes(operator) for each in own_parameters(kind)]
    return tuple(dict.fromkeys(names)) or ("request",)


@cache
def _argument_of(operator: type[ActionOperator], wire_name: str) -> str | None:
    """Return the keyword argument that becomes a parameter of the request, as far as it is known."""
    names = {*request_arguments(operator), *operator.__init__.__annotations__}
    service = getattr(getattr(operator, "action", None), "service", None)
    argument = snake_case(wire_name)
    # The argument of VIAS's "task_id" is "vias_task_id", since "task_id" is Airflow's.
    prefixed = f"{service.name}_{argument}" if service is not None else argument
    candidates = (dict(operator.argument_names).get(wire_name), argument, prefixed)
    return next((each for each in candidates if each in names), None)


@cache
def _request_builder(operator: type[ActionOperator]) -> type[ActionOperator]:
    """Return a subclass of an operator whose construction ends with its request.

    A typed operator turns its keyword arguments into a request and passes that to its base class. In this subclass
    the base is replaced by one that only stores the request.
    """
    base = operator.__mro__[len(_typed_classes(operator))]
    options = {
        each.name: None if each.default is each.empty else each.default
        for kind in base.__mro__
        if kind.__module__.startswith("airflow_provider_viapi.")
        for each in own_parameters(kind)
        # The class has its own, which messages name.
        if each.name != "action"
    }

    def store_request(self: Any, *, request: Mapping[str, Any], **passed_on: Any) -> None:
        # A class may read the options that its base would have set.
        values = {name: passed_on.get(name, default) for name, default in options.items()}
        for name, value in {**values, "request": dict(request), "passed_on": passed_on}.items():
            # Airflow intercepts attributes of operators, and it does not know these.
            object.__setattr__(self, name, value)

    stop = types.new_class("RequestBase", (base,), exec_body=lambda body: body.update(__init__=store_request))
    return types.new_class(f"{operator.__name__}Request", (operator, stop))
