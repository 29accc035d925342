"""Usage and quotas of the account, computed from the jobs that the emulator has done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow_provider_viapi.emulator.huawei.errors import invalid, not_found
from airflow_provider_viapi.emulator.huawei.media_jobs import MediaJobs
from airflow_provider_viapi.emulator.huawei.pagination import page_of
from airflow_provider_viapi.emulator.huawei.rest import RestCall, rfc3339, without_nulls
from airflow_provider_viapi.emulator.huawei.state_machines import LIVE, VOICE_MODEL, StateJobs
from airflow_provider_viapi.huawei.services.metastudio import usage, videos, voices

RESOURCES = (
    ("VIDEO_2D", "video_time_2d_model", "MIN", 600),
    ("VOICE_CLONE", "voice_clone_basic", "NUM", 10),
    ("VOICE_CLONE", "voice_clone_middle", "NUM", 5),
    ("VOICE_CLONE", "voice_clone_advance", "NUM", 2),
)
"""Resources that the account of the emulator has: kind of service, resource, unit, amount."""

MAX_DAYS = 366
"""Days that one call of ShowUsageData reports."""

_VIDEOS = videos.CREATE_2D_DIGITAL_HUMAN_VIDEO.name
_VOICES = {
    voices.CREATE_TRAINING_BASIC_JOB.name: "voice_clone_basic",
    voices.CREATE_TRAINING_MIDDLE_JOB.name: "voice_clone_middle",
    voices.CREATE_TRAINING_ADVANCE_JOB.name: "voice_clone_advance",
}


@dataclass(frozen=True)
class Use:
    """A job that has used a resource.

    :param at: its end, in Unix time
    :param business: kind of service, such as VIDEO_2D
    :param resource: resource, if the documents name one
    :param amount: minutes, or 1 voice
    """

    at: float
    business: str
    resource: str | None
    amount: float


class UsageActions:
    """The actions of usage, resources and quotas.

    :param media: videos that are finished
    :param states: voices that are trained, and live tasks
    :param now: the clock, in Unix time
    """

    def __init__(self, media: MediaJobs, states: StateJobs, now: Callable[[], float]) -> None:
        self._media = media
        self._states = states
        self._now = now
        self._quotas: dict[str, Any] = {}

    def reset(self) -> None:
        """Delete all quotas of users."""
        self._quotas.clear()

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """Return the handler of each action by its name."""
        return {
            usage.SHOW_USAGE_DATA.name: self._usage_by_day,
            usage.SHOW_SUMMARY_USAGE_DATA.name: self._summary,
            usage.SHOW_RESOURCE_USAGE.name: self._resource_usage,
            usage.LIST_TENANT_RESOURCES.name: self._list_resources,
            usage.COUNT_TENANT_RESOURCES.name: self._count_resources,
            usage.SHOW_VOICE_TRAINING_QUOTAS.name: self._voice_quotas,
            usage.LIST_USER_QUOTAS.name: self._list_quotas,
            usage.CREATE_USER_QUOTAS.name: self._set_quota,
            usage.UPDATE_USER_QUOTAS.name: self._set_quota,
            usage.DELETE_USER_QUOTAS.name: self._delete_quota,
        }

    def _uses(self) -> Iterator[Use]:
        for job in self._media:
            if job.job.action.name == _VIDEOS and job.state == "SUCCEED":
                minutes = (job.job.result or {}).get("duration", 0.0) / 60
                yield Use(job.changed_at, "VIDEO_2D", "video_time_2d_model", minutes)
        for each in self._states:
            if each.machine is LIVE and each.started_at is not None:
                ended = self._now() if each.state == "PROCESSING" else each.changed_at
                # No page that was found names the resource of live streams.
                yield Use(ended, "LIVE_2D", None, (ended - each.started_at) / 60)
            elif each.machine is VOICE_MODEL and each.state == "SUCCEED":
                yield Use(each.changed_at, "VOICE_CLONE", _VOICES.get(each.action.name), 1)

    def _usage_by_day(self, call: RestCall) -> dict[str, Any]:
        asked = call.parameters
        start, end = (_moment(asked[name], name) for name in ("start_time", "end_time"))
        if not start <= end <= start + timedelta(days=MAX_DAYS):
            raise invalid("metastudio", f"end_time must be after start_time, by at most {MAX_DAYS} days.")
        found = []
        while start <= end:
            following = start + timedelta(days=1)
            uses = [
                each
                for each in self._uses()
                if start.timestamp() <= each.at < following.timestamp() and _is_wanted(each, call)
            ]
            if uses:
                rows = [_row(business, resource, uses, _unit(call)) for business, resource in _kinds(uses)]
                found.append({"time": rfc3339(start.timestamp()), "resources_usage": rows})
            start = following
        count, page = page_of(
            found, {"sort_dir": "asc", "limit": asked.get("limit"), "offset": asked.get("offset")}
        )
        return {"count": count, "time_list": page}

    def _summary(self, call: RestCall) -> dict[str, Any]:
        business = call.parameters.get("business_type") or "VIDEO_2D"
        uses = [each for each in self._uses() if each.business == business and _is_wanted(each, call)]
        row = _row(business, call.parameters.get("resource_type"), uses, _unit(call), of_all=True)
        return {**row, "number": len(uses)}

    def _resource_usage(self, call: RestCall) -> dict[str, Any]:
        return {"resources": [each for each in self._resources() if _matches(each, call)]}

    def _list_resources(self, call: RestCall) -> dict[str, Any]:
        asked = call.parameters
        found = [
            {**each, "resource_id": each["resource_type"], "status": 0}
            for each in self._resources()
            if _matches(each, call) and each["resource_source"] in asked["resource_source"].split(",")
        ]
        wanted = {name: asked[name] for name in ("resource_id", "charging_mode", "status") if name in asked}
        paging = {name: asked.get(name) for name in ("limit", "offset")}
        count, page = page_of(found, {**wanted, **paging, "sort_dir": "asc"})
        return {"count": count, "resources": page}

    def _count_resources(self, call: RestCall) -> dict[str, Any]:
        # Those that expire in a time range, of which the emulator has none.
        expires = ("resource_expire_start_time", "resource_expire_end_time")
        if any(name in call.parameters for name in expires):
            return {"resources_count": []}
        names = ("business_type", "charging_mode", "resource_source")
        kinds: dict[tuple[Any, ...], int] = {}
        for each in self._resources():
            if _matches(each, call):
                kind = tuple(each[name] for name in names)
                kinds[kind] = kinds.get(kind, 0) + 1
        return {
            "resources_count": [
                {**dict(zip(names, kind, strict=True)), "count": count} for kind, count in kinds.items()
            ]
        }

    def _voice_quotas(self, call: RestCall) -> dict[str, Any]:
        left = {
            each["resource_type"].removeprefix("voice_clone_"): int(each["amount"] - each["usage"])
            for each in self._resources()
            if each["business_type"] == "VOICE_CLONE"
        }
        rows = [
            {
                "operation_type": "ADD",
                "resource_source": "PURCHASED",
                "resource_id": f"voice_clone_{name}",
                "resource_nums": next(each[3] for each in RESOURCES if each[1] == f"voice_clone_{name}"),
                "resource_available_nums": number,
                "resource_type": name.upper(),
                "charge_mode": "ONE_TIME",
                "status": 0,
            }
            for name, number in left.items()
        ]
        count, page = page_of(rows, {**call.parameters, "sort_dir": "asc"})
        return {"count": count, "resource_available_nums": left, "resources": page}

    def _resources(self) -> Iterator[dict[str, Any]]:
        uses = list(self._uses())
        for business, resource, unit, amount in RESOURCES:
            used = sum(each.amount for each in uses if each.resource == resource)
            yield {
                "resource_type": resource,
                "business_type": business,
                "charging_mode": "ONE_TIME",
                "resource_source": "PURCHASED",
                "amount": amount,
                "usage": round(used, 4),
                "unit": unit,
            }

    def _list_quotas(self, call: RestCall) -> dict[str, Any]:
        # No job of the emulator belongs to a user, so nobody has used anything.
        rows = [{"user_id": user, "quota": quota} for user, quota in self._quotas.items()]
        count, page = page_of(rows, {**call.parameters, "sort_dir": "asc"})
        return {"count": count, "assets": page}

    def _set_quota(self, call: RestCall) -> dict[str, Any]:
        user = call.parameters["user_id"]
        if (user in self._quotas) is (call.action is usage.CREATE_USER_QUOTAS):
            problem = "has a quota already" if user in self._quotas else "has no quota"
            raise invalid("metastudio", f"The user {user} {problem}.")
        self._quotas[user] = {**self._quotas.get(user, {}), **call.parameters["quota"]}
        return {}

    def _delete_quota(self, call: RestCall) -> dict[str, Any]:
        if self._quotas.pop(call.parameters["user_id"], None) is None:
            raise not_found("metastudio", f"user_id {call.parameters['user_id']}")
        return {}


def _is_wanted(use: Use, call: RestCall) -> bool:
    asked = call.parameters
    return asked.get("business_type") in (None, use.business) and asked.get("resource_type") in (
        None,
        use.resource,
    )


def _matches(resource: dict[str, Any], call: RestCall) -> bool:
    for name, field in (("resource", "resource_type"), ("business", "business_type")):
        if name in call.parameters and resource[field] not in call.parameters[name].split(","):
            return False
    return True


def _kinds(uses: list[Use]) -> list[tuple[str, str | None]]:
    return list(dict.fromkeys((each.business, each.resource) for each in uses))


def _row(
    business: str, resource: str | None, uses: list[Use], unit: str, *, of_all: bool = False
) -> dict[str, Any]:
    """Return the usage of a resource; of all uses, or of those of its kind."""
    used = sum(
        each.amount for each in uses if of_all or (each.business, each.resource) == (business, resource)
    )
    if business == "VOICE_CLONE":
        unit = "NUM"
    elif unit == "HOUR":
        used /= 60
    return without_nulls(
        {"resource_type": resource, "business_type": business, "usage": round(used, 4), "unit": unit}
    )


def _unit(call: RestCall) -> str:
    unit = call.parameters.get("unit") or "MIN"
    if unit not in ("MIN", "HOUR"):
        raise invalid("metastudio", "unit must be MIN or HOUR.")
    return str(unit)


def _moment(text: str, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise invalid("metastudio", f"{name} must be a time such as 2021-01-10T08:43:17Z.") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
