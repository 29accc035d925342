"""Where a job shows whose submission got no answer: the list of its kind, and what of the request is seen there.

Huawei Cloud knows no key of idempotency, so a create is never repeated; a list is the only witness. Kinds of jobs
without a list (subtitles, checks of photos) have none, and a doubt about them is for a person to settle.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import ResponseLost, ServiceError
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services import metastudio, vias
from airflow_provider_viapi.jobs.reconciliation import JobList, ListedJob

if TYPE_CHECKING:
    from airflow_provider_viapi.huawei.client import Client

CLOCKS_APART = timedelta(minutes=16)
"""How much before a submission the list begins: clocks may differ, and by how much shows only in its answer."""

LONGEST_LIST = 100
"""Jobs that are asked for; with as many in the answer there may be more."""


@dataclass(frozen=True)
class HuaweiListedJob(ListedJob):
    """A job as one of Huawei's lists shows it; its time has a zone.

    :param at: when it was accepted, if that can be read
    """

    at: datetime | None = None

    def created_at(self, zone: timezone) -> datetime | None:
        """Return when it was accepted; Huawei's times carry their zone."""
        return self.at


@dataclass(frozen=True)
class Listing:
    """How the jobs of an action are listed.

    :param action: the one that lists
    :param items: where they stand in its answer
    :param wanted: what it is asked for, from the request and the earliest time, as RFC 3339 has it
    :param same: whether a listed job may have come of the request
    :param id: where its id stands
    :param created: where the time stands at which it was accepted
    """

    action: Action
    items: str
    wanted: Callable[[Mapping[str, Any], str], dict[str, Any]]
    same: Callable[[Mapping[str, Any], Mapping[str, Any]], bool] = lambda request, item: True
    id: str = "job_id"
    created: str = "create_time"


def _since(request: Mapping[str, Any], since: str) -> dict[str, Any]:
    return {"create_since": since, "limit": LONGEST_LIST, "offset": 0}


_AVATARS = {"2D_DIGITAL_HUMAN_VIDEO"}
_PHOTOS = {"DIGITAL_HUMAN_PHOTO_VIDEO", "PHOTO_DIGITAL_HUMAN_VIDEO"}
"""Both stand in Huawei's documents."""


def _videos(of_others: Collection[str]) -> Listing:
    def same(request: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
        named, made = request.get("output_asset_config") or {}, item.get("output_asset_config") or {}
        return (
            item.get("job_type") not in of_others
            and _fits(request.get("script_id"), item.get("script_id"))
            and _fits(named.get("asset_name"), made.get("asset_name"))
        )

    return Listing(metastudio.videos.LIST_DIGITAL_HUMAN_VIDEO, "jobs", _since, same)


def _same_speech(request: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    return (
        _fits(request["voice_asset_id"], item.get("asset_id"))
        and _fits(request.get("audio_format") or "WAV", item.get("audio_format"))
        and _fits(request.get("gen_srt") or False, item.get("gen_srt"))
        and _fits(request.get("need_timestamp") or False, item.get("need_timestamp"))
    )


def _fits(asked: Any, listed: Any) -> bool:
    return asked is None or listed is None or asked == listed


def _same(ours: str, theirs: str) -> Callable[[Mapping[str, Any], Mapping[str, Any]], bool]:
    return lambda request, item: item.get(theirs) in (None, request.get(ours))


_VOICES = Listing(
    metastudio.voices.LIST_VOICE_TRAINING_JOB,
    "jobs",
    lambda request, since: {**_since(request, since), "voice_name": request["voice_name"]},
    _same("voice_name", "voice_name"),
)

_LISTINGS: Mapping[str, Listing] = {
    metastudio.videos.CREATE_2D_DIGITAL_HUMAN_VIDEO.name: _videos(of_others=_PHOTOS),
    metastudio.videos.CREATE_PHOTO_DIGITAL_HUMAN_VIDEO.name: _videos(of_others=_AVATARS),
    metastudio.cards.CREATE_DIGITAL_HUMAN_BUSINESS_CARD.name: Listing(
        metastudio.cards.LIST_DIGITAL_HUMAN_BUSINESS_CARD, "jobs", _since
    ),
    metastudio.live.START_SMART_LIVE.name: Listing(
        metastudio.live.LIST_SMART_LIVE,
        "smart_live_jobs",
        lambda request, since: {**_since(request, since), "room_id": request["room_id"]},
    ),
    metastudio.speech.CREATE_ASYNC_TTS_JOB.name: Listing(
        metastudio.speech.SHOW_TTS_JOB,
        "data",
        lambda request, since: {**_since(request, since), "job_type": "ASYNC_JOB"},
        _same_speech,
    ),
    metastudio.images.CREATE_2D_MODEL_TRAINING_JOB.name: Listing(
        metastudio.images.LIST_2D_MODEL_TRAINING_JOB,
        "jobs",
        lambda request, since: {**_since(request, since), "name": request["name"]},
        _same("name", "name"),
    ),
    metastudio.voices.CREATE_TRAINING_BASIC_JOB.name: _VOICES,
    metastudio.voices.CREATE_TRAINING_MIDDLE_JOB.name: _VOICES,
    metastudio.voices.CREATE_TRAINING_ADVANCE_JOB.name: _VOICES,
    vias.tasks.CREATE_TASK.name: Listing(
        vias.tasks.LIST_TASKS,
        "tasks",
        lambda request, since: {"task_name": request["name"], "page": 1, "page_size": 50},
        _same("name", "name"),
        id="id",
        created="created_at",
    ),
}


def has_list(action: Action) -> bool:
    """Whether a list shows the jobs of an action."""
    return action.name in _LISTINGS


def list_jobs(client: Client, action: Action, request: Mapping[str, Any], sent_at: datetime) -> JobList:
    """The jobs that may have come of a request, as the list of their kind shows them now.

    :param sent_at: when it was sent, an aware time
    :raises ServiceError: a job may have come of it that is listed without a time, so an older one might be taken for it
    :raises KeyError: there is no such list; ask :func:`has_list` first
    """
    listing = _LISTINGS[action.name]
    since = (sent_at - CLOCKS_APART).astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    wanted = listing.wanted(request, since)
    answer = client.call_once(listing.action, wanted)
    items = answer.get(listing.items)
    if not isinstance(items, list):
        raise ResponseLost(f"got a list without {listing.items}", action=listing.action.name)
    fitting = [
        HuaweiListedJob(
            str(each[listing.id]), str(each.get(listing.created)), _moment(each.get(listing.created))
        )
        for each in items
        if each.get(listing.id) and listing.same(request, each)
    ]
    if timeless := [each.job_id for each in fitting if each.at is None]:
        raise ServiceError(
            f"candidate jobs have no readable creation time: {', '.join(timeless)}",
            code="NoTime",
            action=listing.action.name,
        )
    count = answer.get("count")
    is_complete = len(items) < (wanted.get("limit") or wanted["page_size"]) and (
        not isinstance(count, int) or count <= len(items)
    )
    return JobList(fitting, is_complete=is_complete, clock_skew=client.clock_skew)


def _moment(told: Any) -> datetime | None:
    """A time as Huawei's lists have it, RFC 3339 or milliseconds since 1970; one without a zone says nothing sure."""
    if isinstance(told, int) and not isinstance(told, bool):
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=told)
    try:
        moment = datetime.fromisoformat(str(told).replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
