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
    )
    from airflow_provider_viapi.huawei.services.metastudio import (
        avatars as avatars,
    )
    from airflow_provider_viapi.huawei.services.metastudio import (
        cards as cards,
    )
    from airflow_provider_viapi.huawei.services.metastudio import (
        files as files,
    )
    from airflow_provider_viapi.huawei.services.metastudio import (
        live as live,
    )
    from airflow_provider_viapi.huawei.services.metastudio import (
        pictures as pictures,
    )
    from airflow_provider_viapi.huawei.services.metastudio import (
        products as products,
    )
    from airflow_provider_viapi.huawei.services.metastudio import (
        rooms as rooms,
    )
    from airflow_provider_viapi.huawei.services.metastudio import (
        scripts as scripts,
    )
    from airflow_provider_viapi.huawei.services.metastudio import (
        speech as speech,
    )
    from airflow_provider_viapi.huawei.services.metastudio import (
        transfers as transfers,
    )
    from airflow_provider_viapi.huawei.services.metastudio import (
        usage as usage,
    )
    from airflow_provider_viapi.huawei.services.metastudio import (
        videos as videos,
    )
    from airflow_provider_viapi.huawei.services.metastudio import (
        vocabulary as vocabulary,
    )
    from airflow_provider_viapi.huawei.services.metastudio import (
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
