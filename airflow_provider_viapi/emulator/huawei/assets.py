"""Assets: those of the system, those that users create and upload, and those that jobs produce."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.huawei.errors import api_error, invalid
from airflow_provider_viapi.emulator.huawei.files import AssetFile, UploadedFiles
from airflow_provider_viapi.emulator.huawei.media_jobs import MediaJob, MediaJobs
from airflow_provider_viapi.emulator.huawei.pagination import page_of
from airflow_provider_viapi.emulator.huawei.rest import RestCall, new_id, rfc3339, without_nulls
from airflow_provider_viapi.huawei.services.metastudio import assets, speech

SYSTEM_VOICE, SYSTEM_AVATAR, SYSTEM_CARD = "emulator-voice", "emulator-avatar", "emulator-card"
"""Ids of the system's assets."""

_SYSTEM_ASSETS = (
    (SYSTEM_VOICE, "Silence", "VOICE_MODEL"),
    (SYSTEM_AVATAR, "A figure without a face", "HUMAN_MODEL_2D"),
    (SYSTEM_CARD, "A card", "BUSINESS_CARD_TEMPLET"),
)


@dataclass
class Asset:
    """An asset.

    :param id: its id
    :param fields: the fields it was created with
    :param state: its state, if no job determines it
    :param source: SYSTEM or CUSTOMIZATION
    :param job: the job that produces its file
    :param in_recycle_bin: true after it was deleted once
    """

    id: str
    fields: dict[str, Any]
    created_at: float
    state: str = "CREATING"
    source: str = "CUSTOMIZATION"
    job: MediaJob | None = None
    in_recycle_bin: bool = False
    files: dict[str, AssetFile] = field(default_factory=dict)

    @property
    def current_state(self) -> str:
        """Its state, which follows that of the job that produces it."""
        if self.in_recycle_bin:
            return "WAITING_DELETE"
        job = self.job
        if job is None or self.state != "CREATING":
            return self.state
        return {"WAITING": "CREATING", "PROCESSING": "CREATING", "SUCCEED": "ACTIVED"}.get(
            job.state, "FAILED"
        )


class Assets:
    """All assets; used from one event loop.

    :param uploads: stores their files
    :param jobs: the jobs that produce assets
    :param now: the clock, in Unix time
    """

    def __init__(self, uploads: UploadedFiles, jobs: MediaJobs, now: Callable[[], float]) -> None:
        self._uploads = uploads
        self._jobs = jobs
        self._now = now
        self._assets: dict[str, Asset] = {}
        self._trained: set[str] = set()
        self.reset()

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """Return the handler of each action by its name."""
        return {
            assets.CREATE_DIGITAL_ASSET.name: self.create,
            assets.SHOW_ASSET.name: self.show,
            assets.LIST_ASSETS.name: self.list_assets,
            assets.UPDATE_DIGITAL_ASSET.name: self.update,
            assets.DELETE_ASSET.name: self.delete,
            assets.RESTORE_ASSET.name: self.restore,
            assets.LIST_ASSET_SUMMARY.name: self.list_summaries,
            assets.BATCH_EXECUTE_ASSET_ACTION.name: self.execute_batch,
            speech.CHECK_VOICE_ASSET.name: self.check_voice,
        }

    def reset(self) -> None:
        """Delete all assets except the system's."""
        now = self._now()
        self._trained.clear()
        self._assets = {
            asset_id: Asset(asset_id, {"asset_name": name, "asset_type": kind}, now, "ACTIVED", "SYSTEM")
            for asset_id, name, kind in _SYSTEM_ASSETS
        }

    def add(self, asset_id: str, name: str, kind: str, job: MediaJob) -> None:
        """Add the asset of a job.

        :param kind: VIDEO, VOICE_MODEL …
        :param job: the job that produces its file
        """
        fields = {"asset_name": name, "asset_type": kind}
        self._assets[asset_id] = Asset(asset_id, fields, self._now(), job=job)

    def add_trained(self, asset_id: str, name: str, kind: str) -> None:
        """Add the asset of a trained model, once: it does not come back after it was deleted.

        :param kind: VOICE_MODEL or HUMAN_MODEL_2D
        """
        if asset_id not in self._trained:
            self._trained.add(asset_id)
            fields = {"asset_name": name, "asset_type": kind}
            self._assets[asset_id] = Asset(asset_id, fields, self._now(), "ACTIVED")

    def create(self, call: RestCall) -> dict[str, Any]:
        """Create an asset."""
        asset = Asset(new_id(), dict(call.parameters), self._now())
        asset.fields["app_user_id"] = call.app_user_id
        self._assets[asset.id] = asset
        return {"asset_id": asset.id}

    def show(self, call: RestCall) -> dict[str, Any]:
        """Return an asset with its files."""
        return self._describe(self.find(call.parameters["asset_id"]), call.base)

    def list_assets(self, call: RestCall) -> dict[str, Any]:
        """Return a page of the assets that match the filters."""
        filters = dict(call.parameters)
        source = filters.pop("asset_source", "ALL")
        if "name" in filters:
            filters["asset_name"] = filters.pop("name")
        found = [
            self._describe(each, call.base)
            for each in self._assets.values()
            if source in ("ALL", each.source)
        ]
        tag = filters.pop("tag", None)
        if tag is not None:
            found = [each for each in found if tag in each.get("tags", ())]
        count, page = page_of(found, filters)
        return {"count": count, "assets": page}

    def update(self, call: RestCall) -> dict[str, Any]:
        """Change an asset, or activate or deactivate it."""
        asset = self.find(call.parameters["asset_id"])
        fields = {name: value for name, value in call.parameters.items() if name != "asset_id"}
        if "asset_state" in fields:
            if asset.current_state == "CREATING":
                raise invalid("metastudio", "The asset has no main file yet.")
            asset.state = fields.pop("asset_state")
            asset.in_recycle_bin = asset.state == "WAITING_DELETE"
        asset.fields |= fields
        return self._describe(asset, call.base)

    def delete(self, call: RestCall) -> dict[str, Any]:
        """Move an asset to the recycle bin; delete it if it is there or if the call has a mode."""
        asset = self.find(call.parameters["asset_id"])
        self._delete(asset, permanently=bool(call.parameters.get("mode")))
        return {}

    def restore(self, call: RestCall) -> dict[str, Any]:
        """Restore an asset from the recycle bin."""
        self.find(call.parameters["asset_id"]).in_recycle_bin = False
        return {}

    def list_summaries(self, call: RestCall) -> dict[str, Any]:
        """Return name, type and state of some assets."""
        for asset_id in call.parameters["asset_ids"]:
            self.find(asset_id)
        return {"asset_list": self.summaries(call.parameters["asset_ids"])}

    def summaries(self, asset_ids: Iterable[str]) -> list[dict[str, Any]]:
        """Return id, name, type and state of those of the assets that exist."""
        return [
            {
                "asset_id": asset.id,
                "asset_name": asset.fields.get("asset_name"),
                "asset_type": asset.fields.get("asset_type"),
                "asset_state": asset.current_state,
            }
            for asset in map(self._assets.get, asset_ids)
            if asset is not None
        ]

    def execute_batch(self, call: RestCall) -> dict[str, Any]:
        """Apply an action to several assets."""
        states = {"ACTIVE": "ACTIVED", "UNACTIVE": "UNACTIVED"}
        command, asset_ids = call.parameters["action"], call.parameters["asset_ids"]
        for asset in map(self.find, asset_ids):
            if command.startswith("DELETE"):
                self._delete(asset, permanently=command == "DELETE_FORCE")
            elif command == "RESTORE":
                asset.in_recycle_bin = False
            elif asset.current_state != "CREATING":
                asset.state = states.get(command, asset.state)
        return {"results": [{"ret_status": "SUCCESS", "asset_ids": asset_ids}]}

    def check_voice(self, call: RestCall) -> dict[str, Any]:
        """Return a voice."""
        found = self._describe(self.find(call.parameters["voice_asset_id"]), call.base)
        if found["asset_type"] != "VOICE_MODEL":
            raise invalid("metastudio", "This asset is not a voice.")
        return {name: found[name] for name in call.action.response_fields if name in found}

    def find(self, asset_id: str) -> Asset:
        """Return the asset with that id.

        :raises ApiError: there is no such asset
        """
        asset = self._assets.get(asset_id)
        if asset is None:
            raise api_error("MSS.10001001", "Asset not found")
        return asset

    def find_file(self, file_id: str) -> tuple[Asset, AssetFile]:
        """Return a file and its asset.

        :raises ApiError: there is no such file
        """
        for asset in self._assets.values():
            if file_id in asset.files:
                return asset, asset.files[file_id]
        raise api_error("MSS.10001004", "The file not found")

    def _delete(self, asset: Asset, *, permanently: bool) -> None:
        if asset.source == "SYSTEM":
            raise ApiError(
                "MSS.10000003", "Parameter validation abnormal: a system asset cannot be deleted.", 400
            )
        if not permanently and not asset.in_recycle_bin:
            asset.in_recycle_bin = True
            return
        for file in asset.files.values():
            self._uploads.remove(file.slot)
        del self._assets[asset.id]

    def _describe(self, asset: Asset, base: str) -> dict[str, Any]:
        created = rfc3339(asset.created_at)
        return without_nulls(
            {
                **asset.fields,
                "asset_id": asset.id,
                "asset_state": asset.current_state,
                "create_time": created,
                "update_time": created,
                "files": [*self._describe_files(asset, base)],
            }
        )

    def _describe_files(self, asset: Asset, base: str) -> Iterator[dict[str, Any]]:
        for file in asset.files.values():
            is_uploaded = file.slot.received is not None
            yield without_nulls(
                {
                    "file_id": file.slot.id,
                    "file_name": file.slot.name,
                    "file_md5": file.slot.md5,
                    "file_size": file.slot.size,
                    "file_type": file.kind,
                    "asset_file_category": file.category,
                    "state": "UPLOADED" if is_uploaded and file.state == "CREATING" else file.state,
                    "download_url": self._uploads.link(file.slot, base) if is_uploaded else None,
                }
            )
        if asset.job is not None:
            links = self._jobs.links(asset.job, base, "preview_video_url", "cover_url")
            for name, category in (("preview_video_url", "MAIN"), ("cover_url", "COVER")):
                if name in links:
                    yield {
                        "file_id": f"{asset.id}-{category.lower()}",
                        "asset_file_category": category,
                        "state": "CREATED",
                        "download_url": links[name],
                    }
