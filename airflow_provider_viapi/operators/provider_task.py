"""Base of all operators and sensors: known arguments, references, masked credentials, labels."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.errors import InvalidRequest, ServiceError
from airflow_provider_viapi.media.addresses import file_name
from airflow_provider_viapi.operators.arguments.checks import (
    missing_arguments,
    refuse_unknown,
    rendered_to_none,
)
from airflow_provider_viapi.operators.result_references import Mappable, ResultRef
from airflow_provider_viapi.operators.task.attempt import is_permanent
from airflow_provider_viapi.schema import NONE_HINT, plain_text
from airflow_provider_viapi.storage_addresses import as_address

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from airflow.triggers.base import BaseTrigger
    from typing_extensions import Self

MAX_LABEL = 100
"""Characters of a mapped task's label."""

MAX_MASKED = 50
"""Credentials of one field that Airflow masks. It compiles all of them again for each one: hundreds take a minute."""

MAX_SHOWN = 200
"""Items that are shown of a list with more credentials than that."""

TRY_NUMBER = "try_number"
"""Argument of each deferral: the number of the attempt that deferred."""


class ProviderTask:
    """Base of all operators and sensors, before Airflow's own."""

    template_fields: Any
    template_ext: Any

    job_keys: ClassVar[Sequence[str]] = ()
    """Keys of the XComs in which the task publishes the ids of its jobs."""

    fixed_arguments: ClassVar[frozenset[str]] = frozenset()
    """Arguments of base classes that the class sets itself, so that its users cannot."""

    _none_when_mapped: Sequence[str] = ()
    _rendered_to_none: Sequence[str] = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Name a misspelled argument before Airflow reports the required one as missing."""
        # A class of a team may take arguments out of its **kwargs that no signature names.
        if missing_arguments(cls, kwargs) or cls.__module__.startswith("airflow_provider_viapi."):
            refuse_unknown(cls, kwargs)
        return super().__new__(cls)

    def __init__(self, **kwargs: Any) -> None:
        refuse_unknown(type(self), kwargs)
        super().__init__(**kwargs)

    @classmethod
    def partial(cls, **kwargs: Any) -> Mappable:
        """Return the operator with some of its arguments, to be mapped over others with ``expand()``."""
        refuse_unknown(cls, kwargs)
        partial: Any = super().partial(**kwargs)  # type: ignore[misc]
        # Airflow makes both objects itself; their own classes only add properties.
        partial.__class__ = Mappable
        return partial  # type: ignore[no-any-return]

    @property
    def output(self) -> ResultRef:
        """Reference to the result; ``output["VideoUrl"]`` to a field of it."""
        return ResultRef(self)

    @property
    def map_label(self) -> str:
        """Text that distinguishes the tasks of one mapped task: a rendered file's name, or an empty text."""
        return label_of(getattr(self, name, None) for name in self.template_fields)

    def note_mapped(self, arguments: Mapping[str, Any]) -> None:
        """Remember which arguments of a mapped task are ``None`` and must not be.

        :param arguments: those that the task is mapped over. Others may be ``None`` in some of the mapped tasks
        """
        self._none_when_mapped = [
            name for name, value in arguments.items() if value is None and name in self.never_none()
        ]

    def never_none(self) -> Collection[str]:
        """Return the arguments without which a task writes its data elsewhere, or changes more."""
        return ("land_to", "staging")

    def check_rendered(self) -> None:
        """Refuse an argument that was given as a template or as another task's output, and turned out to be ``None``.

        It must not count as not given: an image's name decides whether one is deleted or all of a product.

        :raises InvalidRequest: there is such an argument
        """
        for name in (*self._none_when_mapped, *self._rendered_to_none):
            raise InvalidRequest(
                f"{name.removeprefix('request.')} is None; allowed: a value, or no such argument ({NONE_HINT})",
                code="MissingParameter",
                action=getattr(getattr(self, "action", None), "name", None),
            )

    def check_land_to_after_wait(self) -> None:
        """Refuse a ``land_to`` that has become ``None`` during a wait: the result would not be stored.

        :raises ServiceError: it has; not a permanent error, so that a retry stores the result
        """
        if "land_to" in (*self._none_when_mapped, *self._rendered_to_none):
            raise ServiceError(
                "land_to renders to None after the wait, and did not before it: the result was not stored. Correct "
                "the template; a retry or a cleared task that finds the recorded job stores its result",
                code="ResultNotStored",
                action=getattr(getattr(self, "action", None), "name", None),
            )

    def defer_attempt(
        self, context: Context, trigger: BaseTrigger, method_name: str, **kwargs: Any
    ) -> NoReturn:
        """Defer the running attempt until the trigger fires.

        :param method_name: the method that continues the attempt
        :param kwargs: its arguments besides the context and the event, as JSON values
        """
        kwargs[TRY_NUMBER] = context["ti"].try_number
        self.defer(trigger=trigger, method_name=method_name, kwargs=kwargs)  # type: ignore[attr-defined]
        raise AssertionError("defer raises")

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Continue the attempt that has deferred; in any other attempt execute the task from its beginning.

        Airflow 3.0 and 3.1.0 start a retry with the method and the arguments of the last deferral.
        """
        kwargs = dict(next_kwargs or {})
        deferred_by = kwargs.pop(TRY_NUMBER, None)
        is_retry = deferred_by not in (None, context["ti"].try_number)
        if is_retry and not self.may_use_earlier_event(context, kwargs.get("event")):
            self.give_up_earlier_event(context, kwargs.get("event"))
            if self.job_keys:
                from airflow_provider_viapi.operators.task.claims import TaskClaims

                TaskClaims(context, self.log).withdraw_all(self.job_keys)  # type: ignore[attr-defined]
            return self.execute(context)  # type: ignore[attr-defined]
        return super().resume_execution(next_method, kwargs, context)  # type: ignore[misc]

    def may_use_earlier_event(self, context: Context, event: Any) -> bool:
        """Return whether an attempt continues with the event of the attempt before, instead of from the beginning."""
        return False

    def give_up_earlier_event(self, context: Context, event: Any) -> None:
        """Do what must not be lost with the event of the attempt before, which this attempt does not use."""

    @classmethod
    def is_permanent(cls, error: ServiceError) -> bool:
        """Return whether no retry can succeed after an error."""
        return is_permanent(error)

    def render_template(self, content: Any, *args: Any, **kwargs: Any) -> Any:
        """Render templates in a value; text without a template stays as it is, also a member of an enumeration."""
        content = plain_text(content)
        # Native rendering would make a number of it: of the version "1.10" 1.1.
        is_literal = type(content) is str and not any(mark in content for mark in ("{{", "{%", "{#"))
        if is_literal and not content.endswith(tuple(self.template_ext)):
            return content
        return super().render_template(content, *args, **kwargs)  # type: ignore[misc]

    def _render(self, template: Any, context: Any, dag: Any = None) -> Any:
        """Render one template; with native rendering, text stays text unless it is that of a list or a mapping."""
        from jinja2.nativetypes import native_concat

        environment = template.environment
        if not self._renders_natively(environment, dag):
            return super()._render(template, context, dag=dag)  # type: ignore[misc]
        # Airflow would make a number of any text that Python reads as one: of 2023_10_23, 0x1F, +5 or 1.10.
        # As Airflow does, the variables are neither computed nor turned into a dictionary before they are used.
        variables = copy(context)
        variables.update({name: value for name, value in template.globals.items() if name not in context})
        names = environment.context_class(environment, variables, template.name, template.blocks)
        parts = list(template.root_render_func(names))
        if not parts or (len(parts) == 1 and not isinstance(parts[0], str)):
            return parts[0] if parts else None
        text = "".join(map(str, parts))
        bare = text.strip()
        value = native_concat([bare]) if bare.startswith(("[", "{", "(")) else text
        return text if isinstance(value, str) else value

    def _renders_natively(self, environment: Any, dag: Any) -> bool:
        from jinja2.nativetypes import NativeEnvironment

        # Newer versions of Airflow have an argument for it, besides that of the DAG.
        decide = getattr(self, "_should_render_native", None)
        if decide is None:
            return isinstance(environment, NativeEnvironment)
        return bool(decide(dag or self.get_dag()))  # type: ignore[attr-defined]

    @staticmethod
    def _as_destination(value: Any) -> Any:
        """Return the address of a path object that says where results are stored; any other value as it is."""
        if value is None or isinstance(value, str):
            return value
        from airflow_provider_viapi.media.outputs.output_paths import as_destination

        return as_destination(value)

    def _do_render_template_fields(self, *args: Any, **kwargs: Any) -> None:
        """Render, have Airflow mask credentials in the rendered fields, and label a mapped task."""
        # Of an operator's own methods a mapped task is rendered by this one alone, any other task by this one too.
        templates = {name: getattr(self, name, None) for name in self.template_fields}
        try:
            super()._do_render_template_fields(*args, **kwargs)  # type: ignore[misc]
        except RecursionError:
            raise AirflowFailException(
                "InvalidRequest: a template rendered to a value that contains itself or is nested too deeply; "
                "allowed: values that can be written as JSON"
            ) from None
        context, environment = (
            kwargs.get(name) or args[at] for name, at in (("context", 2), ("jinja_env", 3))
        )
        self._rendered_to_none = rendered_to_none(
            templates,
            {name: getattr(self, name, None) for name in self.template_fields},
            natively=self._renders_natively(environment, context.get("dag")),
        )
        if "land_to" in self.template_fields:
            # Another task may return a path object. Airflow stores, and the UI shows, that it is a folder.
            self.land_to = self._as_destination(getattr(self, "land_to", None))
        is_mapped = getattr(context.get("ti"), "map_index", -1) >= 0
        if is_mapped and context.get("map_index_template") is None and self.map_label:
            # The label of a mapped task in Airflow's UI; otherwise it is only the index.
            context["map_index_template"] = "{{ ti.map_index }}: {{ task.map_label }}"
        from airflow_provider_viapi.hooks.connection import mask_secret
        from airflow_provider_viapi.redaction import find_secrets

        for name in self.template_fields:
            value = getattr(self, name, None)
            secrets = dict.fromkeys(find_secrets([value]))
            if len(secrets) > MAX_MASKED and isinstance(value, list | tuple):
                setattr(self, name, RedactedWhenShown(value))
                continue
            for secret in secrets:
                mask_secret(secret)


class RedactedWhenShown(Sequence[Any]):
    """A list of many signed links, of which Airflow shows and stores only a text without the signatures.

    :param items: the list
    """

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items

    def __getitem__(self, index: Any) -> Any:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __str__(self) -> str:
        return self.serialize()

    __repr__ = __str__

    def serialize(self) -> str:
        """Return what Airflow is to show."""
        from airflow_provider_viapi.redaction import redact_text, redact_values

        # One by one, since each has few credentials. Airflow keeps the beginning: 4,096 characters unless configured.
        redacted = [redact_values(each) for each in self._items[:MAX_SHOWN]]
        if len(self) > MAX_SHOWN:
            redacted.append(f"… and {len(self) - MAX_SHOWN:,} more")
        return json.dumps(redacted, ensure_ascii=False, default=lambda value: redact_text(str(value)))


def label_of(values: Iterable[Any], *, depth: int = 4) -> str:
    """Return the name of the first file among values and what is inside them, or an empty text.

    :param depth: how many levels of lists and mappings are looked at
    """
    many = (list, tuple, RedactedWhenShown)
    for value in values if depth else ():
        inside = value if isinstance(value, many) else value.values() if isinstance(value, Mapping) else ()
        address = as_address(value)
        if isinstance(address, str) and "://" in address:
            if name := file_name(address):
                return name[:MAX_LABEL]
        elif inside and (label := label_of(inside, depth=depth - 1)):
            more = len(value) - 1 if isinstance(value, many) else 0
            return f"{label} and {more} more" if more else label
    return ""
