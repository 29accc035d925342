"""Actions of the VIAPI services as data.

* A module (or package) for each service whose limits and ranges Alibaba's documents, metadata or SDK state. Facts are
  from the VIAPI documents of 2020 and 2021 (marked *2020*) and Alibaba's API metadata and SDKs of late 2025 (marked
  *2025*); where they differ, a parameter's ``note`` has both.
* ``generated/*.json`` for all other services, from Alibaba's SDKs: names, types, which parameters are required,
  which are files. ``scripts/make_service_models.py`` writes them.
* Files that a user names with :func:`read_user_models_from`.

Facts that no source states are not in the model. A service is read when one of its actions is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.errors import ConfigurationError, InvalidRequest
from airflow_provider_viapi.schema import short_repr, snake_case

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.service_model_files import ModelFile

_HAND_WRITTEN = ("videoenhan", "imgsearch", "imagesearch", "viapi", "openplatform")
_FROM_SDKS = (
    "videorecog",
    "videoseg",
    "imageenhan",
    "imageseg",
    "imagerecog",
    "objectdet",
    "ocr",
    "facebody",
    "imageaudit",
    "goodstech",
    "threedvision",
    "imageprocess",
)
_ONLY_BY_FULL_NAME = {"imagesearch.AddImage", "imagesearch.DeleteImage"}
"""Actions whose names alone are those of another service: DAGs that were written before mean that one."""

SERVICES = (*_HAND_WRITTEN, *_FROM_SDKS)
"""Names of the services of the package's own models."""

_user_models_path: Callable[[], str | None] = lambda: None  # noqa: E731


def read_user_models_from(path: Callable[[], str | None]) -> None:
    """Set where users' own models are.

    :param path: returns a JSON file or a folder of JSON files, or ``None``; called when an action is looked up
    """
    global _user_models_path
    _user_models_path = path


def hand_written() -> dict[str, Action]:
    """Return the actions of the services whose models are modules."""
    return {name: action for service in _HAND_WRITTEN for name, action in _of_module(service).items()}


def actions() -> dict[str, Action]:
    """Return every action by ``service.Name``, such as ``videoenhan.EraseVideoSubtitles``."""
    found = hand_written()
    for service in _FROM_SDKS:
        found |= _model_file(service).actions()
    return found | _user_actions()


def has(service: str) -> bool:
    """Return whether the models, the user's own among them, have a service of that name."""
    return service in SERVICES or any(each.service.name == service for each in _user_actions().values())


def find(name: Action | str) -> Action:
    """Return the action of that name.

    :param name: ``service.Name``, or ``Name`` alone if only one service has it; ``AddImage`` and ``DeleteImage``
        alone are those of imgsearch. An action is returned as it is
    :raises InvalidRequest: no action has that name, or several have; the message lists similar names
    :raises ConfigurationError: a user's own model cannot be read
    """
    if isinstance(name, Action):
        return name
    if not isinstance(name, str):
        raise InvalidRequest(
            f"action is of type {type(name).__name__}; allowed: an action or its name, such as "
            "videoenhan.GenerateVideo",
            code="InvalidAction",
        )
    service, _, own_name = name.partition(".")
    if (action := _user_actions().get(name)) is not None:
        return action
    if service in _HAND_WRITTEN and (action := _of_module_by_name(service, own_name)) is not None:
        return action
    if service in _FROM_SDKS and own_name in _model_file(service).names:
        return _model_file(service).action(own_name)
    known = actions()
    matches = [
        action
        for full_name, action in known.items()
        if action.name == name and full_name not in _ONLY_BY_FULL_NAME
    ]
    if len(matches) != 1:
        raise InvalidRequest(
            f"{short_repr(name)} does not name one action of the service model; {_similar(name, matches, known)}",
            code="InvalidAction",
        )
    return matches[0]


def _similar(name: str, matches: list[Action], known: Mapping[str, Action]) -> str:
    from difflib import get_close_matches

    if matches:
        return f"it is one of several: {', '.join(sorted(action.full_name for action in matches))}"
    by_lower: dict[str, str] = {}
    for full_name, action in known.items():
        by_lower |= {action.name.lower(): full_name, full_name.lower(): full_name}
    wanted = name[:200].lower()
    # The service may be wrong and the action right, or the other way round.
    near = get_close_matches(wanted, by_lower, 4, 0.4) + get_close_matches(
        wanted.rpartition(".")[2], by_lower, 4, 0.4
    )
    similar = list(dict.fromkeys(by_lower[each] for each in near))[:5]
    advice = "for one of your own set [viapi] models_path, or pass an Action"
    return f"similar: {', '.join(similar)}; {advice}" if similar else advice


def _of_module_by_name(service: str, name: str) -> Action | None:
    """Return an action without loading the others of its service: its constant has its name."""
    module = import_module(f"{__name__}.{service}")
    action = getattr(module, snake_case(name).upper(), None)
    return action if isinstance(action, Action) and action.name == name else None


@cache
def _of_module(service: str) -> dict[str, Action]:
    module = import_module(f"{__name__}.{service}")
    values = (getattr(module, name) for name in getattr(module, "__all__", vars(module)))
    return {value.full_name: value for value in values if isinstance(value, Action)}


@cache
def _model_file(service: str) -> ModelFile:
    from airflow_provider_viapi.alibaba.service_model_files import ModelFile

    return ModelFile(Path(__file__).parent / "generated" / f"{service}.json")


def _user_actions() -> dict[str, Action]:
    path = _user_models_path()
    return _read_user_models(path) if path else {}


@cache
def _read_user_models(path: str) -> dict[str, Action]:
    from airflow_provider_viapi.alibaba.service_model_files import ModelFile

    try:
        place = Path(path).expanduser()
        files = sorted(place.glob("*.json")) if place.is_dir() else [place]
        exists = place.exists()
    # An unknown user after ~, a NUL, a path that is too long.
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigurationError(f"[viapi] models_path is {short_repr(path, 200)}: {error}"[:400]) from None
    if not exists:
        raise ConfigurationError(f"[viapi] models_path is {path!r}, which does not exist")
    found: dict[str, Action] = {}
    for file in files:
        for name, action in ModelFile(file).actions().items():
            if name in found:
                raise ConfigurationError(f"{file}: {name} is also in another file of [viapi] models_path")
            found[name] = action
    return found
