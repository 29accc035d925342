"""MetaStudio: avatars that speak, in videos and on air, and how they and their voices are made.

What the service's table of contents lists, 94 of the 299 actions that Huawei's Python SDK has. One module per
chapter; an action is ``metastudio.videos.CREATE_2D_DIGITAL_HUMAN_VIDEO``, say.
"""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services.metastudio import (
    assets,
    cards,
    files,
    images,
    live,
    products,
    rooms,
    scripts,
    speech,
    videos,
    vocabulary,
    voices,
)
from airflow_provider_viapi.huawei.services.metastudio.service import SERVICE

__all__ = [
    "ACTIONS",
    "SERVICE",
    "assets",
    "cards",
    "files",
    "images",
    "live",
    "products",
    "rooms",
    "scripts",
    "speech",
    "videos",
    "vocabulary",
    "voices",
]

_CHAPTERS = (
    assets,
    files,
    scripts,
    videos,
    cards,
    rooms,
    live,
    products,
    images,
    voices,
    speech,
    vocabulary,
)

ACTIONS = tuple(value for each in _CHAPTERS for value in vars(each).values() if isinstance(value, Action))
"""All of them."""
