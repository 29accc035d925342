"""MetaStudio: speaking avatars in videos and on air, and the modelling of avatars and voices.

What the service's table of contents lists, picture modelling, transfers and usage: 117 of the 299 actions of
Huawei's Python SDK. One module per chapter; an action is ``metastudio.videos.CREATE_2D_DIGITAL_HUMAN_VIDEO``, say.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services.metastudio.service import SERVICE

if TYPE_CHECKING:
    from airflow_provider_viapi.huawei.services.metastudio import (
        assets as assets,
        avatars as avatars,
        cards as cards,
        files as files,
        live as live,
        pictures as pictures,
        products as products,
        rooms as rooms,
        scripts as scripts,
        speech as speech,
        transfers as transfers,
        usage as usage,
        videos as videos,
        vocabulary as vocabulary,
        voices as voices,
    )

    ACTIONS: tuple[Action, ...]
    """All of them."""

__all__ = ["ACTIONS", "SERVICE"]

_CHAPTERS = (
    "assets",
    "files",
    "transfers",
    "scripts",
    "videos",
    "cards",
    "rooms",
    "live",
    "products",
    "avatars",
    "pictures",
    "usage",
    "voices",
    "speech",
    "vocabulary",
)


# Hidden from type checkers, which would take any name for one that exists.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        # A DAG file that makes videos does not pay for the chapters on voices and live rooms.
        if name in _CHAPTERS:
            return import_module(f"{__name__}.{name}")
        if name == "ACTIONS":
            every = (vars(__getattr__(chapter)).values() for chapter in _CHAPTERS)
            return tuple(value for values in every for value in values if isinstance(value, Action))
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
