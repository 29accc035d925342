"""Actions of the VIAPI services as data, one module (or package) per service.

Facts are from the VIAPI documents of 2020 and 2021 (marked *2020*) and Alibaba's API metadata and SDKs of late 2025
(marked *2025*); where they differ, a parameter's ``note`` has both. Facts that neither states are not in the model.
"""

from __future__ import annotations

from functools import cache

from airflow_provider_viapi.alibaba.model import Action


@cache
def actions() -> dict[str, Action]:
    """Return every action in the model by ``service.Name``, such as ``videoenhan.EraseVideoSubtitles``."""
    from airflow_provider_viapi.alibaba.services import (
        imgsearch,
        ocr,
        viapi,
        videoenhan,
        videorecog,
        videoseg,
    )

    return {
        value.full_name: value
        for module in (videoenhan, imgsearch, videorecog, videoseg, ocr, viapi)
        for value in vars(module).values()
        if isinstance(value, Action)
    }


def find(name: str) -> Action:
    """Return the action of that name.

    :param name: ``service.Name``, or ``Name`` alone where only one service has it
    :raises LookupError: no action has that name, or several have
    """
    known = actions()
    if name in known:
        return known[name]
    matches = [action for action in known.values() if action.name == name]
    if len(matches) != 1:
        candidates = ", ".join(sorted(full for full in known if full.endswith(f".{name}")) or sorted(known))
        raise LookupError(f"{name!r} does not name one action of the service model; available: {candidates}")
    return matches[0]
