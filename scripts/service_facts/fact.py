"""The class of a fact about an action that Alibaba's SDKs do not have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MB, GB = 1 << 20, 1 << 30


@dataclass(frozen=True)
class Fact:
    """Facts about an action beside its SDK.

    :param summary: what the action does; default: the words of its name
    :param parameters: additions to the model of a parameter, by its path such as ``ColorTemplate.Color``
    :param result: additions to the model of a field of the result, likewise
    :param echoes: fields of the result that repeat an address of the request
    :param note: where the additions are from, and what else is known
    :param retired: why the service may not have it any more, as a sentence
    """

    summary: str = ""
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    result: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    echoes: tuple[str, ...] = ()
    note: str = ""
    retired: str = ""


def help_page(number: int, rest: str = "") -> str:
    """Return the note that limits and values are from a page of Alibaba's help."""
    return f"Limits and values are from Alibaba's help page {number}.{rest and ' '}{rest}"


def image(what: str = "Image", **limits: Any) -> dict[str, Any]:
    """Return the additions to the parameter of an image."""
    return {"doc": f"{what}.", **limits}


def fraction(doc: str, default: float | None = None) -> dict[str, Any]:
    """Return the additions to a parameter that is a fraction of the image."""
    return {"minimum": 0, "maximum": 1, "doc": doc} | ({} if default is None else {"default": default})


NOT_DOCUMENTED = "the SDK states no values"
