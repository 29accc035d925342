"""Assets: made, filled by an upload, shown, listed and deleted; some of the system's, and those that jobs make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.huawei.errors import invalid, refusal
from airflow_provider_viapi.emulator.huawei.files import AssetFile, UploadedFiles
from airflow_provider_viapi.emulator.huawei.media_jobs import MediaJob, MediaJobs
from airflow_provider_viapi.emulator.huawei.pagination import page_of
from airflow_provider_viapi.emulator.huawei.rest import RestCall, new_id, rfc3339, without_nulls
from airflow_provider_viapi.huawei.services.metastudio import assets, speech

SYSTEM_VOICE, SYSTEM_AVATAR, SYSTEM_CARD = "emulator-voice", "emulator-avatar", "emulator-card"
"""Ids of the assets that are there from the beginning."""

_SYSTEM = (
    (SYSTEM_VOICE, "Silence", "VOICE_MODEL"),
    (SYSTEM_AVATAR, "A figure without a face", "HUMAN_MODEL_2D"),
    (SYSTEM_CARD, "A card", "BUSINESS_CARD_TEMPLET"),
)


@dataclass
class Asset:
    """An asset.

    :param id: its id
    :param facts: what it was made with, by field
    :param state: how it stands, unless a job tells
    :param source: SYSTEM or CUSTOMIZATION
    :param made_by: the job whose file it is
    :param thrown_away: whether it lies in the bin
    """

    id: str
    facts: dict[str, Any]
    created_at: float
    state: str = "CREATING"
    source: str = "CUSTOMIZATION"
    made_by: MediaJob | None = None
    thrown_away: bool = False
    files: dict[str, AssetFile] = field(default_factory=dict)

    @property
    def stands(self) -> str:
        """How it stands."""
        if self.thrown_away:
            return "WAITING_DELETE"
        job = self.made_by
        if job is None or self.state != "CREATING":
            return self.state
        return {"WAITING": "CREATING", "PROCESSING": "CREATING", "SUCCEED": "ACTIVED"}.get(
            job.state, "FAILED"
        )


class Assets:
    """All of them; used from one event loop.

    :param uploads: where files are put
    :param jobs: whose files are assets
    :param now: the clock, in Unix time
    """

    def __init__(self, uploads: UploadedFiles, jobs: MediaJobs, now: Callable[[], float]) -> None:
        self._uploads = uploads
        self._jobs = jobs
        self._now = now
        self._assets: dict[str, Asset] = {}
        self.reset()

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """What answers each action, by its name."""
        return {
            assets.CREATE_DIGITAL_ASSET.name: self.create,
            assets.SHOW_ASSET.name: self.show,
            assets.LIST_ASSETS.name: self.list_those,
            assets.UPDATE_DIGITAL_ASSET.name: self.update,
            assets.DELETE_ASSET.name: self.delete,
            assets.RESTORE_ASSET.name: self.restore,
            assets.LIST_ASSET_SUMMARY.name: self.summarise,
            assets.BATCH_EXECUTE_ASSET_ACTION.name: self.act,
            speech.CHECK_VOICE_ASSET.name: self.check_voice,
        }

    def reset(self) -> None:
        """Forget all but the system's."""
        now = self._now()
        self._assets = {
            asset_id: Asset(asset_id, {"asset_name": name, "asset_type": kind}, now, "ACTIVED", "SYSTEM")
            for asset_id, name, kind in _SYSTEM
        }

    def add(self, asset_id: str, name: str, kind: str, made_by: MediaJob | None = None) -> None:
        """Let there be an asset of a job's.

        :param kind: VIDEO, VOICE_MODEL …
        :param made_by: the job whose video it is; it is usable at once without one
        """
        facts = {"asset_name": name, "asset_type": kind}
        state = "ACTIVED" if made_by is None else "CREATING"
        self._assets[asset_id] = Asset(asset_id, facts, self._now(), state, made_by=made_by)

    def create(self, call: RestCall) -> dict[str, Any]:
        """Make one."""
        asset = Asset(new_id(), dict(call.parameters), self._now())
        asset.facts["app_user_id"] = call.app_user_id
        self._assets[asset.id] = asset
        return {"asset_id": asset.id}

    def show(self, call: RestCall) -> dict[str, Any]:
        """One with its files."""
        return self._told(self.find(call.parameters["asset_id"]), call.base)

    def list_those(self, call: RestCall) -> dict[str, Any]:
        """Those that fit."""
        asked = dict(call.parameters)
        source = asked.pop("asset_source", "ALL")
        if "name" in asked:
            asked["asset_name"] = asked.pop("name")
        told = [
            self._told(each, call.base) for each in self._assets.values() if source in ("ALL", each.source)
        ]
        tag = asked.pop("tag", None)
        if tag is not None:
            told = [each for each in told if tag in each.get("tags", ())]
        count, page = page_of(told, asked)
        return {"count": count, "assets": page}

    def update(self, call: RestCall) -> dict[str, Any]:
        """Change one, or make it usable or not."""
        asset = self.find(call.parameters["asset_id"])
        fields = {name: value for name, value in call.parameters.items() if name != "asset_id"}
        if "asset_state" in fields:
            if asset.stands == "CREATING":
                raise invalid("metastudio", "The asset has no main file yet.")
            asset.state = fields.pop("asset_state")
            asset.thrown_away = asset.state == "WAITING_DELETE"
        asset.facts |= fields
        return self._told(asset, call.base)

    def delete(self, call: RestCall) -> dict[str, Any]:
        """Put one into the bin; one that is there, or with a mode, is gone."""
        asset = self.find(call.parameters["asset_id"])
        self._delete(asset, at_once=bool(call.parameters.get("mode")))
        return {}

    def restore(self, call: RestCall) -> dict[str, Any]:
        """Take one back out of the bin."""
        self.find(call.parameters["asset_id"]).thrown_away = False
        return {}

    def summarise(self, call: RestCall) -> dict[str, Any]:
        """What a few are."""
        names = ("asset_id", "asset_name", "asset_type", "asset_state")
        told = [self._told(asset, call.base) for asset in self._among(call.parameters["asset_ids"])]
        return {"asset_list": [{name: each[name] for name in names} for each in told]}

    def act(self, call: RestCall) -> dict[str, Any]:
        """Do the same with several."""
        states = {"ACTIVE": "ACTIVED", "UNACTIVE": "UNACTIVED"}
        command = call.parameters["action"]
        done = list(self._among(call.parameters["asset_ids"]))
        for asset in done:
            if command.startswith("DELETE"):
                self._delete(asset, at_once=command == "DELETE_FORCE")
            elif command == "RESTORE":
                asset.thrown_away = False
            elif asset.stands != "CREATING":
                asset.state = states.get(command, asset.state)
        return {"results": [{"ret_status": "SUCCESS", "asset_ids": [asset.id for asset in done]}]}

    def check_voice(self, call: RestCall) -> dict[str, Any]:
        """A voice."""
        told = self._told(self.find(call.parameters["voice_asset_id"]), call.base)
        if told["asset_type"] != "VOICE_MODEL":
            raise invalid("metastudio", "This asset is no voice.")
        return {name: told[name] for name in call.action.answer if name in told}

    def find(self, asset_id: str) -> Asset:
        """The asset of that id.

        :raises ApiError: there is none
        """
        asset = self._assets.get(asset_id)
        if asset is None:
            raise refusal("MSS.10001001", "Asset not found")
        return asset

    def with_file(self, file_id: str) -> tuple[Asset, AssetFile]:
        """A file, and the asset that it belongs to.

        :raises ApiError: there is none
        """
        for asset in self._assets.values():
            if file_id in asset.files:
                return asset, asset.files[file_id]
        raise refusal("MSS.10001004", "The file not found")

    def _among(self, asset_ids: list[str]) -> Iterator[Asset]:
        for asset_id in asset_ids:
            yield self.find(asset_id)

    def _delete(self, asset: Asset, *, at_once: bool) -> None:
        if asset.source == "SYSTEM":
            raise ApiError("MSS.10000003", "Parameter validation abnormal: an asset of the system's.", 400)
        if not at_once and not asset.thrown_away:
            asset.thrown_away = True
            return
        for file in asset.files.values():
            self._uploads.remove(file.place)
        del self._assets[asset.id]

    def _told(self, asset: Asset, base: str) -> dict[str, Any]:
        created = rfc3339(asset.created_at)
        return without_nulls(
            {
                **asset.facts,
                "asset_id": asset.id,
                "asset_state": asset.stands,
                "create_time": created,
                "update_time": created,
                "files": [*self._files_told(asset, base)],
            }
        )

    def _files_told(self, asset: Asset, base: str) -> Iterator[dict[str, Any]]:
        for file in asset.files.values():
            there = file.place.received is not None
            yield without_nulls(
                {
                    "file_id": file.place.id,
                    "file_name": file.place.name,
                    "file_md5": file.place.md5,
                    "file_size": file.place.size,
                    "file_type": file.kind,
                    "asset_file_category": file.category,
                    "state": "UPLOADED" if there and file.state == "CREATING" else file.state,
                    "download_url": self._uploads.link(file.place, base) if there else None,
                }
            )
        if asset.made_by is not None:
            links = self._jobs.links(asset.made_by, base, "preview_video_url", "cover_url")
            for name, category in (("preview_video_url", "MAIN"), ("cover_url", "COVER")):
                if name in links:
                    yield {
                        "file_id": f"{asset.id}-{category.lower()}",
                        "asset_file_category": category,
                        "state": "CREATED",
                        "download_url": links[name],
                    }
