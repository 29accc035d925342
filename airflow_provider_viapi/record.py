"""Immutable records, the base of the classes that describe services, actions and parameters.

They are declared like frozen dataclasses and type checkers treat them as such. A dataclass generates its methods
when its class is created, which takes about 0.4 ms; the service models have twenty such classes, and every DAG file
that imports an operator would wait for them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from typing_extensions import Self, dataclass_transform


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Record:
    """Base class of immutable records; the annotations of a subclass are its fields.

    Two records are equal only if they are the same object.
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    _required: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, *, kw_only: bool = True) -> None:
        own = [name for name, hint in cls.__annotations__.items() if not hint.startswith("ClassVar")]
        cls._fields = (*cls._fields, *(name for name in own if name not in cls._fields))
        cls._required = frozenset(name for name in cls._fields if not hasattr(cls, name))

    def __init__(self, *args: Any, **values: Any) -> None:
        values.update(zip(self._fields, args, strict=False))
        if wrong := (values.keys() - set(self._fields)) | (self._required - values.keys()):
            raise TypeError(
                f"{type(self).__name__}: unknown or missing arguments: {', '.join(sorted(wrong))}"
            )
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable; use replace({name}=…)")

    def __repr__(self) -> str:
        given = (f"{name}={value!r}" for name, value in vars(self).items() if name in self._fields)
        return f"{type(self).__name__}({', '.join(given)})"

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        given = {name: value for name, value in vars(self).items() if name in self._fields}
        return type(self)(**given | changes)
