"""What a result holds, and where in it files stand; data of the service models of both clouds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ResultField:
    """A field of an action's result.

    :param name: the key in the result
    :param kind: type of the value; ``file`` is the address of one, ``structure`` a mapping with ``fields``, ``list``
        a list of such, ``integers`` a list of whole numbers
    :param doc: what it is, for the reference pages
    """

    name: str
    kind: Literal["string", "integer", "number", "boolean", "file", "structure", "list", "integers"] = (
        "string"
    )
    doc: str = ""
    fields: tuple[ResultField, ...] = ()
