"""The actions of avatar and photo videos, business cards, photo checks and subtitles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from airflow_provider_viapi.emulator.faults import TakeJobFault
from airflow_provider_viapi.emulator.huawei.assets import Assets
from airflow_provider_viapi.emulator.huawei.crud import SCRIPT, Records
from airflow_provider_viapi.emulator.huawei.errors import invalid
from airflow_provider_viapi.emulator.huawei.media_jobs import MediaJob, MediaJobs
from airflow_provider_viapi.emulator.huawei.pagination import page_of
from airflow_provider_viapi.emulator.huawei.rest import RestCall, rfc3339, without_nulls
from airflow_provider_viapi.huawei.services.metastudio import cards, videos

_AVATAR = videos.CREATE_2D_DIGITAL_HUMAN_VIDEO.name
_PHOTO = videos.CREATE_PHOTO_DIGITAL_HUMAN_VIDEO.name
_DETECTION = videos.CREATE_PHOTO_DETECTION.name
_SUBTITLES = videos.CREATE_SUBTITLE_FILE.name
_CARDS = (cards.CREATE_DIGITAL_HUMAN_BUSINESS_CARD.name, cards.UPDATE_DIGITAL_HUMAN_BUSINESS_CARD.name)
_JOB_TYPES = {_AVATAR: "2D_DIGITAL_HUMAN_VIDEO", _PHOTO: "DIGITAL_HUMAN_PHOTO_VIDEO"}


class VideoActions:
    """The actions of videos.

    :param jobs: produce the files
    :param records: stores the scripts
    :param assets: the assets that videos become
    """

    def __init__(self, jobs: MediaJobs, records: Records, assets: Assets) -> None:
        self._jobs = jobs
        self._records = records
        self._assets = assets

    def submissions(self) -> dict[str, Callable[[RestCall, TakeJobFault], Any]]:
        """Return the handler of each action that submits a job, by the action's name."""
        return {
            _AVATAR: self._create_video,
            _PHOTO: self._create_video,
            _CARDS[0]: self._create_card,
            _CARDS[1]: self._create_card,
            _DETECTION: self._create_detection,
            _SUBTITLES: self._create_subtitles,
        }

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """Return the handler of each other action, by the action's name."""
        return {
            videos.SHOW_2D_DIGITAL_HUMAN_VIDEO.name: lambda call: self._show_video(call, _AVATAR),
            videos.SHOW_PHOTO_DIGITAL_HUMAN_VIDEO.name: lambda call: self._show_video(call, _PHOTO),
            videos.CANCEL_2D_DIGITAL_HUMAN_VIDEO.name: lambda call: self._cancel(call, _AVATAR),
            videos.CANCEL_PHOTO_DIGITAL_HUMAN_VIDEO.name: lambda call: self._cancel(call, _PHOTO),
            videos.LIST_DIGITAL_HUMAN_VIDEO.name: self._list_videos,
            videos.SHOW_PHOTO_DETECTION.name: self._show_detection,
            videos.SHOW_SUBTITLE_FILE.name: self._show_subtitles,
            cards.SHOW_DIGITAL_HUMAN_BUSINESS_CARD.name: self._show_card,
            cards.LIST_DIGITAL_HUMAN_BUSINESS_CARD.name: self._list_cards,
            cards.DELETE_DIGITAL_HUMAN_BUSINESS_CARD.name: self._delete_card,
        }

    def _create_video(self, call: RestCall, take_fault: TakeJobFault) -> dict[str, Any]:
        given = self._with_script(call.parameters)
        scenes = list(_scenes(given.get("shoot_scripts") or ()))
        if not scenes:
            raise invalid("metastudio", "Neither script_id nor shoot_scripts has a text or a duration.")
        size = _inner(given, "video_config")
        work = {
            "scenes": scenes,
            "speed": _speed(given),
            "width": size.get("width"),
            "height": size.get("height"),
            "image": given.get("human_image"),
        }
        job = self._jobs.put(call, work, take_fault())
        self._assets.add(job.asset_id, _asset_name(job), "VIDEO", job)
        return {"job_id": job.id}

    def _create_card(self, call: RestCall, take_fault: TakeJobFault) -> dict[str, Any]:
        given = call.parameters
        if given.get("job_id") is not None:
            self._jobs.find(given["job_id"], *_CARDS)
        scene = {"text": given.get("introduction_text") or "", "seconds": None}
        image = given["card_image_config"]["human_image"]
        work = {"scenes": [scene], "image": image, "width": 1080, "height": 1920}
        job = self._jobs.put(call, work, take_fault())
        self._assets.add(job.asset_id, _asset_name(job), "VIDEO", job)
        return {"job_id": job.id}

    def _create_detection(self, call: RestCall, take_fault: TakeJobFault) -> dict[str, Any]:
        work = {"image": call.parameters["human_image"]}
        return {"job_id": self._jobs.put(call, work, take_fault()).id}

    def _create_subtitles(self, call: RestCall, take_fault: TakeJobFault) -> dict[str, Any]:
        given = self._with_script(call.parameters)
        wanted = given.get("sequence_no")
        scenes = [
            scene
            for scene in _scenes(given.get("shoot_scripts") or ())
            if scene["text"] and wanted in (None, scene["sequence_no"])
        ]
        if not scenes:
            raise invalid("metastudio", "The script has no scene with a text.")
        work = {"scenes": scenes, "speed": _speed(given)}
        return {"job_id": self._jobs.put(call, work, take_fault()).id}

    def _with_script(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        if not given.get("script_id"):
            return given
        return {**self._records.find(SCRIPT, given["script_id"]), **given}

    def _show_video(self, call: RestCall, action: str) -> dict[str, Any]:
        job = self._jobs.find(call.parameters["job_id"], action)
        described = self._describe_video(job, call.base)
        names = (
            ("voice_config", "video_config", "shoot_scripts") if call.parameters.get("show_script") else ()
        )
        echoed = {name: job.request.get(name) for name in ("script_id", "model_asset_id", *names)}
        return {**described, **without_nulls(echoed)}

    def _list_videos(self, call: RestCall) -> dict[str, Any]:
        asked = dict(call.parameters)
        if "job_ids" in asked:
            asked["job_id"] = asked.pop("job_ids")
        jobs = self._jobs.listed(_AVATAR, _PHOTO)
        if "asset_name" in asked:
            jobs = [job for job in jobs if asked["asset_name"] in _asset_name(job)]
        if "script_id" in asked:
            jobs = [job for job in jobs if job.request.get("script_id") == asked["script_id"]]
        count, page = page_of([self._describe_video(job, call.base) for job in jobs], asked)
        return {"count": count, "jobs": page}

    def _cancel(self, call: RestCall, action: str) -> dict[str, Any]:
        job = self._jobs.find(call.parameters["job_id"], action)
        if not self._jobs.cancel(job):
            raise invalid(
                "metastudio", f"The job is {job.state}; only a job that is WAITING can be cancelled."
            )
        return {}

    def _show_detection(self, call: RestCall) -> dict[str, Any]:
        job = self._jobs.find(call.parameters["job_id"], _DETECTION)
        created = rfc3339(job.job.created_at)
        return without_nulls(
            {"job_id": job.id, "state": job.state, "error_info": job.error_info, "create_time": created}
        )

    def _show_subtitles(self, call: RestCall) -> dict[str, Any]:
        job = self._jobs.find(call.parameters["job_id"], _SUBTITLES)
        if job.state in ("WAITING", "PROCESSING"):
            return {"job_state": "GENERATING", "subtitle_file_info": []}
        files = (job.job.result or {}).get("files")
        scenes = files or [{"sequence_no": scene["sequence_no"]} for scene in job.job.parameters["scenes"]]
        return {
            "job_state": "GENERATED",
            "subtitle_file_info": [self._describe_subtitles(job, scene, call.base) for scene in scenes],
        }

    def _describe_subtitles(self, job: MediaJob, scene: Mapping[str, Any], base: str) -> dict[str, Any]:
        path = scene.get("file")
        return without_nulls(
            {
                "sequence_no": scene["sequence_no"],
                "subtitle_file_state": "GENERATE_FAILED" if path is None else "GENERATE_SUCCEED",
                "subtitle_file_download_url": None if path is None else self._jobs.link(job, path, base),
                "generate_time": rfc3339(job.job.finished_at),
                "error_info": job.error_info,
            }
        )

    def _show_card(self, call: RestCall) -> dict[str, Any]:
        job = self._jobs.find(call.parameters["job_id"], *_CARDS)
        echoed = {name: job.request[name] for name in call.action.response_fields if name in job.request}
        return {"job_info": self._describe_card(job, call.base), **echoed}

    def _list_cards(self, call: RestCall) -> dict[str, Any]:
        jobs = [self._describe_card(job, call.base) for job in self._jobs.listed(*_CARDS)]
        count, page = page_of(jobs, call.parameters)
        return {"count": count, "jobs": page}

    def _delete_card(self, call: RestCall) -> dict[str, Any]:
        self._jobs.remove(self._jobs.find(call.parameters["job_id"], *_CARDS))
        return {}

    def _describe_card(self, job: MediaJob, base: str) -> dict[str, Any]:
        return {**self._describe_video(job, base), "business_card_type": job.request["business_card_type"]}

    def _describe_video(self, job: MediaJob, base: str) -> dict[str, Any]:
        inner = job.job
        return without_nulls(
            {
                "job_id": job.id,
                "state": job.state,
                "job_type": _JOB_TYPES.get(inner.action.name),
                "start_time": rfc3339(inner.started_at),
                "end_time": rfc3339(inner.finished_at),
                "duration": (inner.result or {}).get("duration"),
                # The service offers no preview of avatar videos: their link is that of the asset.
                "output_asset_config": self._jobs.output_asset(
                    job, _asset_name(job), base, has_preview=inner.action.name != _AVATAR
                ),
                "error_info": job.error_info,
                "create_time": rfc3339(inner.created_at),
                "lastupdate_time": rfc3339(job.changed_at),
            }
        )


def _asset_name(job: MediaJob) -> str:
    config = job.request.get("output_asset_config") or {}
    return str(config.get("asset_name") or job.request.get("video_asset_name") or "")


def _scenes(scripts: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    for number, each in enumerate(scripts, start=1):
        script = _inner(each, "shoot_script")
        text = _inner(script, "text_config").get("text") or ""
        seconds = script.get("audio_duration") if not text else None
        if not isinstance(text, str) or not isinstance(seconds, int | float | None):
            raise invalid(
                "metastudio", "shoot_scripts has a text that is not a string or a duration that is no number."
            )
        yield {"sequence_no": each.get("sequence_no") or number, "text": text, "seconds": seconds}


def _speed(given: Mapping[str, Any]) -> int:
    speed = _inner(given, "voice_config").get("speed") or 100
    if type(speed) is not int or not 1 <= speed <= 1000:
        raise invalid("metastudio", "voice_config.speed must be a whole number from 1 to 1000, such as 100.")
    return speed


def _inner(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = given.get(name) or {}
    if not isinstance(value, Mapping):
        raise invalid("metastudio", f"{name} is not an object.")
    return value
