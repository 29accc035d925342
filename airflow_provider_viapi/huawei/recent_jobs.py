"""Job lists of MetaStudio and VIAS: find the job of a submission whose response was lost.

Huawei Cloud has no idempotency key, so a create request is never sent again; the job list is the only evidence. Some
kinds of jobs (subtitles, checks of photos, assessments of recordings) have no list, or one without creation times
(picture models, transfers of assets); if their outcome is unknown, a user has to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.http_errors import malformed_response
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services import metastudio, vias
from airflow_provider_viapi.jobs.reconciliation import JobList, ListedJob

if TYPE_CHECKING:
    from airflow_provider_viapi.huawei.client import Client

LIST_MARGIN = timedelta(minutes=16)
"""The list begins this long before the submission, as the clocks of worker and service may differ."""

LIST_LIMIT = 100
"""Jobs requested; if the response holds as many, there may be more."""


@dataclass(frozen=True)
class HuaweiListedJob(ListedJob):
    """A job as one of Huawei's lists shows it; its time has a time zone.

    :param at: when the job was accepted; ``None`` if that cannot be read
    """

    at: datetime | None = None

    def created_at(self, zone: timezone) -> datetime | None:
        """Return when the job was accepted; Huawei's times have their own time zone."""
        return self.at


@dataclass(frozen=True)
class Listing:
    """Description of the list that shows an action's jobs.

    :param action: the action that lists them
    :param items: field of its response that holds the jobs
    :param wanted: returns the list's parameters for a request and the earliest time (RFC 3339)
    :param same: returns whether a listed job may be the request's
    :param id: field of a listed job that holds its id
    :param created: field of a listed job that holds the time of its acceptance
    """

    action: Action
    items: str
    wanted: Callable[[Mapping[str, Any], str], dict[str, Any]]
    same: Callable[[Mapping[str, Any], Mapping[str, Any]], bool] = lambda request, item: True
    id: str = "job_id"
    created: str = "create_time"


def _since(request: Mapping[str, Any], since: str) -> dict[str, Any]:
    return {"create_since": since, "limit": LIST_LIMIT, "offset": 0}


_AVATARS = {"2D_DIGITAL_HUMAN_VIDEO"}
_PHOTOS = {"DIGITAL_HUMAN_PHOTO_VIDEO", "PHOTO_DIGITAL_HUMAN_VIDEO"}
"""Huawei's documents use both names."""


def _videos(of_others: Collection[str]) -> Listing:
    def same(request: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
        named = request.get("output_asset_config") or {}
        return (
            item.get("job_type") not in of_others
            and _fits(request.get("script_id"), item.get("script_id"))
            and _fits(named.get("asset_name"), _asset_name(item))
        )

    return Listing(metastudio.videos.LIST_DIGITAL_HUMAN_VIDEO, "jobs", _since, same)


def _same_card(request: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    return _fits(request.get("video_asset_name"), _asset_name(item))


def _asset_name(item: Mapping[str, Any]) -> Any:
    made = item.get("output_asset_config")
    return made.get("asset_name") if isinstance(made, Mapping) else None


def _same_speech(request: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    return (
        _fits(request["voice_asset_id"], item.get("asset_id"))
        and _fits(request.get("audio_format") or "WAV", item.get("audio_format"))
        and _fits(request.get("gen_srt") or False, item.get("gen_srt"))
        and _fits(request.get("need_timestamp") or False, item.get("need_timestamp"))
    )


def _fits(requested: Any, listed: Any) -> bool:
    return requested is None or listed is None or requested == listed


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
        metastudio.cards.LIST_DIGITAL_HUMAN_BUSINESS_CARD, "jobs", _since, _same_card
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
    metastudio.avatars.CREATE_2D_MODEL_TRAINING_JOB.name: Listing(
        metastudio.avatars.LIST_2D_MODEL_TRAINING_JOB,
        "jobs",
        lambda request, since: {**_since(request, since), "name": request["name"]},
        _same("name", "name"),
    ),
    metastudio.voices.CREATE_TRAINING_BASIC_JOB.name: _VOICES,
    metastudio.voices.CREATE_TRAINING_MIDDLE_JOB.name: _VOICES,
    metastudio.voices.CREATE_TRAINING_ADVANCE_JOB.name: _VOICES,
    metastudio.voices.CREATE_TRAINING_THIRD_PARTY_JOB.name: _VOICES,
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
    """Return whether a list shows the jobs of an action."""
    return action.name in _LISTINGS


def list_jobs(client: Client, action: Action, request: Mapping[str, Any], sent_at: datetime) -> JobList:
    """Return the listed jobs that may be a request's, as the list shows them now.

    :param sent_at: when the request was sent, an aware time
    :raises ServiceError: a candidate is listed without a time, so an older job might be mistaken for the request's
    :raises KeyError: no list shows jobs of this action, see :func:`has_list`
    """
    listing = _LISTINGS[action.name]
    for _ in range(2):
        skew = client.clock_skew
        # By the service's clock, and by ours, because another worker may have sent the request.
        since = (min(sent_at, sent_at - skew) - LIST_MARGIN).astimezone(timezone.utc)
        wanted = listing.wanted(request, since.strftime("%Y-%m-%dT%H:%M:%SZ"))
        response = client.call_once(listing.action, wanted)
        if client.clock_skew - skew < LIST_MARGIN / 2:
            break
        # The first response has shown that the list began too late.
    items = response.get(listing.items)
    if not isinstance(items, list):
        raise malformed_response(f"has no list {listing.items}", action=listing.action.name)
    if not all(isinstance(each, Mapping) and each.get(listing.id) for each in items):
        raise malformed_response("has an entry without a job id", action=listing.action.name)
    candidates = [
        HuaweiListedJob(
            str(each[listing.id]), str(each.get(listing.created)), _parse_time(each.get(listing.created))
        )
        for each in items
        if listing.same(request, each)
    ]
    if timeless := [each.job_id for each in candidates if each.at is None]:
        raise ServiceError(
            f"candidate jobs have no readable creation time: {', '.join(timeless)}",
            code="CreationTimeMissing",
            action=listing.action.name,
        )
    count = response.get("count")
    is_complete = len(items) < (wanted.get("limit") or wanted["page_size"]) and (
        not isinstance(count, int) or count <= len(items)
    )
    return JobList(candidates, is_complete=is_complete, clock_skew=client.clock_skew)


def _parse_time(value: Any) -> datetime | None:
    """Return a time of Huawei's lists, RFC 3339 or milliseconds since 1970.

    :returns: ``None`` if it has no time zone, was not set, or is in another unit: seconds are read as January 1970
    """
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            parsed = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=value)
        else:
            parsed = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except (ValueError, OverflowError):
        return None
    return parsed if parsed.tzinfo is not None and parsed.year > 1970 else None
